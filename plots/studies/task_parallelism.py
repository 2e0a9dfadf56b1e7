"""Task and hybrid parallelism (claims D0.c4 and D0.c6): searches side by side, and the ways to share the same cores out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib import pyplot as plt

from experiments.definitions import REGIME_NAMES, Experiment
from experiments.documents import Documents
from experiments.study import Study
from plots.blocks import Block, Figure, Heading, Paragraph, Row, Table
from plots.claims import Evidence, Judged
from plots.drawing import BLUE, GREY, VERMILION, style, svg_bytes
from plots.formats import NOTHING, interval, number, whole
from plots.records import Record, RecordSet
from plots.rules import Rules
from plots.statistics import Estimate, bootstrap, median
from plots.studies import Stated
from plots.verdicts import Verdict, all_of, judge_above, not_judged, not_run

_REGIMES = ("wait", "busy")


def seconds_total(record: Record) -> float:
    return float(record["seconds"]["total"])


def steps_per_second(record: Record) -> float:
    return float(record["steps_per_second"])


def steps_taken(record: Record) -> float:
    return float(record["counts"]["environment_steps"])


def saved_share(record: Record) -> float:
    """Of the steps that the runs would have taken, each from its start, those that a checkpoint has saved."""
    saved = float(record["counts"].get("saved_steps", 0))
    return saved / (steps_taken(record) + saved)


def steps_to_target(record: Record) -> float:
    """Steps of all runs that had ended when one had reached the target; infinity if none did."""
    steps = record["reached"]["steps"]
    return math.inf if steps is None else float(steps)


def seconds_to_target(record: Record) -> float:
    seconds = record["reached"]["seconds"]
    return math.inf if seconds is None else float(seconds)


def seconds_to_all(record: Record) -> float:
    """Until the last of the models had first reached the target; infinity if one did not."""
    return max((math.inf if m["reached"] is None else float(m["reached"]) for m in record["models"]), default=math.inf)


def _reached(values: list[float]) -> str:
    return f"{sum(map(math.isfinite, values))}/{len(values)}"


def _ratio(rules: Rules, numerator: str, denominator: str, of: Any) -> Estimate | None:
    return rules.paired(numerator, denominator, of)


def _with_interval(estimate: Estimate | None) -> str:
    if estimate is None:
        return NOTHING
    bounds = interval(estimate)
    return number(estimate.value) if bounds == NOTHING else f"{number(estimate.value)} {bounds}"


def search_table(experiment: Experiment, rules: Rules) -> Table:
    p = experiment.parameters
    columns = ("search", "trials", "at once", "seconds", "speedup", "steps", "saved", "reached 475", "steps to it", "seconds to it", "n")
    rows = []
    for cell, label in ((p["one"], "random"), (p["two"], "random"), (p["halving"], "successive halving")):
        if why := rules.why_not([cell]):
            rows.append(Row((label, *[NOTHING] * (len(columns) - 2), str(why)), measured=False))
            continue
        speedup = None if cell == p["halving"] else _ratio(rules, p["one"], cell, seconds_total)
        to_steps, to_seconds = rules.values(cell, steps_to_target), rules.values(cell, seconds_to_target)
        rows.append(
            Row(
                (
                    label,
                    str(rules.seeds(cell)[0]["configuration"]["trials"]),
                    str(rules.seeds(cell)[0]["configuration"]["workers"]),
                    _with_interval(rules.estimate(cell, seconds_total)),
                    _with_interval(speedup),
                    whole(rules.estimate(cell, steps_taken).value),
                    f"{100 * rules.estimate(cell, saved_share).value:.0f} %",
                    _reached(to_steps),
                    number(bootstrap([to_steps], median).value),
                    number(bootstrap([to_seconds], median).value),
                    str(len(to_steps)),
                )
            )
        )
    title = "Searching for settings of A2C that reach 475 on CartPole-v1 (seconds of the whole search; medians to the target)"
    return Table("D0.c4.search", title, columns, tuple(rows), frozenset(range(1, len(columns))))


def _cells(experiment: Experiment, regime: str) -> list[str]:
    group = experiment.parameters[regime]
    return [f"{regime}-{experiment.parameters['baseline']}", *group["single"], *group["hybrid"]]


def _label(experiment: Experiment, cell: str) -> str:
    return str(experiment.parameters["labels"][cell.split("-", 1)[1]])


def ways_table(experiment: Experiment, rules: Rules) -> Table:
    columns = ("regime", "way", "seconds", "steps/s", "to serial", "models at 475", "seconds to all four", "n")
    rows = []
    for regime in _REGIMES:
        baseline = _cells(experiment, regime)[0]
        for cell in _cells(experiment, regime):
            known = (REGIME_NAMES[regime], _label(experiment, cell))
            if why := rules.why_not([cell]):
                rows.append(Row((*known, *[NOTHING] * (len(columns) - 3), str(why)), measured=False))
                continue
            to_all = rules.values(cell, seconds_to_all)
            models = [model["reached"] for record in rules.seeds(cell) for model in record["models"]]
            rows.append(
                Row(
                    (
                        *known,
                        number(rules.estimate(cell, seconds_total).value),
                        _with_interval(rules.estimate(cell, steps_per_second)),
                        _with_interval(_ratio(rules, cell, baseline, steps_per_second)),
                        f"{sum(reached is not None for reached in models)}/{len(models)}",
                        number(bootstrap([to_all], median).value),
                        str(len(to_all)),
                    )
                )
            )
    title = "Four models on the same cores: steps of all of them together, by the seconds of the whole set"
    return Table("D0.c6.ways", title, columns, tuple(rows), frozenset(range(2, len(columns))))


def ways_figure(experiment: Experiment, rules: Rules) -> Figure | None:
    shown = {regime: [c for c in _cells(experiment, regime) if rules.seeds(c)] for regime in _REGIMES}
    if not all(shown.values()):
        return None
    name = "task-parallelism-ways"
    with style(name):
        heights = [len(cells) for cells in shown.values()]
        drawing, panels = plt.subplots(
            len(shown), 1, figsize=(8.2, 0.42 * sum(heights) + 1.4), gridspec_kw={"height_ratios": heights, "hspace": 0.42}
        )
        for axes, (regime, cells) in zip(panels, shown.items(), strict=True):
            for at, cell in enumerate(cells):
                estimate, height = rules.estimate(cell, steps_per_second), float(len(cells) - at)
                hybrid = cell in experiment.parameters[regime]["hybrid"]
                colour = GREY if at == 0 else VERMILION if hybrid else BLUE
                if not math.isnan(estimate.low):
                    axes.plot([estimate.low / 1e3, estimate.high / 1e3], [height, height], color=colour, linewidth=2)
                axes.plot(estimate.value / 1e3, height, "D", color=colour, markersize=5.5)
                dots = np.array(rules.values(cell, steps_per_second)) / 1e3
                axes.plot(dots, [height - 0.24] * len(dots), "o", color=colour, markersize=3, alpha=0.5)
            axes.set_yticks([float(len(cells) - at) for at in range(len(cells))], [_label(experiment, c) for c in cells], fontsize=8.5)
            axes.set_ylim(0.4, len(cells) + 0.5)
            axes.set_xlim(left=0)
            axes.set_title("steps that wait" if regime == "wait" else "steps that burn processor time")
            axes.grid(axis="y", visible=False)
        panels[-1].set_xlabel("thousand steps/s of the four models together")
        return Figure(
            name,
            svg_bytes(drawing),
            "Steps a second of a set of four models, process starts included, by the way in which the same two cores are shared out: "
            "mean over launches (diamond) with its 95 % interval, and each launch (dots). Grey is serial, blue one kind of "
            "parallelism, red a hybrid.",
            "Throughput of training four models, by way of sharing out the cores, where steps wait and where they burn time.",
        )


def blocks(study: Study, documents: Documents, records: RecordSet, stated: Stated) -> list[Block]:
    rules = Rules(records, family=study.name)
    tasks, hybrid = study.experiment("D0.c4"), study.experiment("D0.c6")
    made: list[Block] = [
        Paragraph(
            "`prl tune` runs whole trainings side by side, each a process of its own. Seconds are of the whole study, the start of "
            "its processes included."
        ),
        Heading(3, "D0.c4: many trainings at once"),
        stated(tasks),
        search_table(tasks, rules),
        Heading(3, "D0.c6: ways to share the same cores out"),
        stated(hybrid),
        ways_table(hybrid, rules),
    ]
    figure = ways_figure(hybrid, rules)
    return made if figure is None else [*made, figure]


def _evidence(where: str, what: str, estimate: Estimate | None, verdict: Verdict) -> Evidence:
    if estimate is None:
        return Evidence(where, what, NOTHING, NOTHING, 0, verdict)
    return Evidence(where, what, number(estimate.value), interval(estimate), estimate.n, verdict)


def _above(rules: Rules, cells: list[str], estimate: Estimate | None, line: float) -> Verdict:
    if why := rules.why_not(cells):
        return why
    return judge_above(estimate, line) if estimate is not None else not_run("no launches to compare")


def judge_tasks(experiment: Experiment, documents: Documents, rules: Rules) -> Judged:
    p = experiment.parameters
    speedup = _ratio(rules, p["one"], p["two"], seconds_total)
    verdict = _above(rules, [p["one"], p["two"]], speedup, p["line"])
    beside = not_judged("beside it")
    evidence = [_evidence("as is", "seconds of 8 trials, one after another / two at once", speedup, verdict)]
    for what, quantity in (("steps", steps_taken), ("seconds", seconds_total)):
        ratio = _ratio(rules, p["halving"], p["two"], quantity)
        evidence.append(_evidence("as is", f"{what} of successive halving of 18 trials / random search of 8", ratio, beside))
    return Judged(experiment.id, documents.claims[experiment.id]["text"], verdict, "as is", tuple(evidence))


def _best(rules: Rules, cells: list[str]) -> str:
    return max(cells, key=lambda cell: rules.estimate(cell, steps_per_second).value)


def judge_hybrid(experiment: Experiment, documents: Documents, rules: Rules) -> Judged:
    p, verdicts, evidence = experiment.parameters, [], []
    for regime in _REGIMES:
        single, hybrid = p[regime]["single"], p[regime]["hybrid"]
        what, ratio = "steps/s of the best hybrid / the best single kind", None
        if rules.why_not([*single, *hybrid]) is None:
            best, alone = _best(rules, hybrid), _best(rules, single)
            ratio = _ratio(rules, best, alone, steps_per_second)
            what = f"steps/s: {_label(experiment, best)} / {_label(experiment, alone)}"
        verdicts.append(_above(rules, [*single, *hybrid], ratio, p["line"]))
        evidence.append(_evidence(REGIME_NAMES[regime], what, ratio, verdicts[-1]))
    text = documents.claims[experiment.id]["text"]
    return Judged(experiment.id, text, all_of(verdicts), "wait and busy", tuple(evidence))


def judge(study: Study, documents: Documents, records: RecordSet) -> list[Judged]:
    rules = Rules(records, family=study.name)
    return [
        judge_tasks(study.experiment("D0.c4"), documents, rules),
        judge_hybrid(study.experiment("D0.c6"), documents, rules),
    ]
