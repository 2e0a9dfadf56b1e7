"""Schedules: what a pipeline saves (D0.c5), who waits for a slow worker (D2.c4, D3.c6), nobody (D4.f1), and work taken from
one (D4.f3)."""

from __future__ import annotations

from typing import Any

import numpy as np

from experiments.definitions import Experiment
from experiments.documents import Documents
from experiments.study import Study
from plots.blocks import Block, Figure, Heading, Paragraph, Row, Table
from plots.claims import Evidence, Judged
from plots.formats import NOTHING, censored, censored_interval, interval, milliseconds, number
from plots.learning import steps_to
from plots.records import Record, RecordSet
from plots.rules import Rules, steps_per_second, steps_taken
from plots.statistics import Estimate, bootstrap, mean, paired_ratio
from plots.studies import Stated
from plots.studies.schedules_figures import phases_figure, stragglers_figure
from plots.verdicts import OVERSUBSCRIBED, Kind, Verdict, all_of, judge_above, judge_below, not_judged, not_run

_BESIDE = not_judged("beside it")


def phase_seconds(record: Record, phase: str) -> float:
    """Mean over the counted rounds."""
    return float(np.mean([one[phase] for one in record["seconds"]["rounds"]]))


def longer_phase(record: Record) -> float:
    return max(phase_seconds(record, "collect"), phase_seconds(record, "learn"))


class Pair:
    """The same cell in lock-step and pipelined, launches side by side."""

    def __init__(self, rules: Rules, cells: str):
        self.names = [f"{cells}-lock-step", f"{cells}-pipelined"]
        self.why = rules.why_not(self.names)
        self.oversubscribed = any(rules.oversubscribed(name) for name in self.names)
        lock_step, pipelined = (rules.runs(name) for name in self.names)
        both = sorted(lock_step.keys() & pipelined.keys())
        self.lock_step = [lock_step[i] for i in both]
        self.pipelined = [pipelined[i] for i in both]

    def over_longer_phase(self) -> Estimate:
        return paired_ratio([phase_seconds(r, "total") for r in self.pipelined], [longer_phase(r) for r in self.lock_step])

    def over_lock_step(self) -> Estimate:
        return paired_ratio(*([phase_seconds(r, "total") for r in side] for side in (self.lock_step, self.pipelined)))

    def bound(self) -> float:
        """What lock-step's round is over its longer phase: the speedup of a pipeline that costs nothing."""
        whole, longer = (
            np.mean([of(r) for r in self.lock_step]) for of in (lambda r: phase_seconds(r, "total"), longer_phase)
        )
        return float(whole / longer)

    def verdict(self, line: float) -> Verdict:
        if self.why or not self.lock_step:
            return self.why or not_run("no launches to compare")
        return OVERSUBSCRIBED if self.oversubscribed else judge_below(self.over_longer_phase(), line)


def _table(identity: str, title: str, columns: tuple[str, ...], rows: list[Row]) -> Table:
    return Table(identity, title, columns, tuple(rows), frozenset(range(1, len(columns) - 1)))


def pipeline_table(experiment: Experiment, rules: Rules) -> Table:
    rows = []
    for row in experiment.parameters["rows"]:
        pair = Pair(rules, row["cells"])
        verdict = pair.verdict(experiment.parameters["line"])
        if pair.why or not pair.lock_step:
            rows.append(Row((row["label"], *[NOTHING] * 8, verdict), measured=False))
            continue
        phases = [np.mean([phase_seconds(r, phase) for r in pair.lock_step]) for phase in ("collect", "learn")]
        own = [np.mean([phase_seconds(r, phase) for r in pair.pipelined]) for phase in ("total", "overlap")]
        ratio, saved = pair.over_longer_phase(), pair.over_lock_step()
        shown = (number(ratio.value), interval(ratio), number(saved.value), number(pair.bound()))
        rows.append(Row((row["label"], *map(milliseconds, (*phases, *own)), *shown, verdict)))
    times = ("collect", "learn", "pipelined round", "overlap")
    columns = ("workers", *times, "over longer phase", "95 % interval", "speedup", "bound", "verdict")
    title = "A round in lock-step and pipelined, milliseconds; the speedup and its bound"
    return _table("D0.pipeline", title, columns, rows)


def _passage_row(rules: Rules, label: str, cell: str, threshold: float) -> Row:
    if why := rules.why_not([cell]):
        return Row((label, *[NOTHING] * 7, why), measured=False)
    passage, speed = rules.passage(cell, threshold), rules.estimate(cell, steps_per_second)
    figures = (
        f"{passage.reached}/{passage.n}",
        censored(passage.steps.value, passage.steps_budget),
        censored_interval(passage.steps, passage.steps_budget),
        censored(passage.seconds.value, passage.seconds_budget),
        censored_interval(passage.seconds, passage.seconds_budget),
        f"{passage.held}/{passage.n}",
        number(speed.value),
    )
    return Row((label, *figures, _BESIDE))


def passage_table(identity: str, title: str, rules: Rules, entries: list[dict[str, str]], threshold: float) -> Table:
    passage = ("reached", "steps", "95 % interval", "seconds", "95 % interval", "at the end")
    columns = ("schedule", *passage, "steps/s", "verdict")
    return _table(identity, title, columns, [_passage_row(rules, e["label"], e["cell"], threshold) for e in entries])


def burdens_of(schedule: dict[str, Any], burdens: list[dict[str, str]]) -> list[dict[str, str]]:
    """Those that the schedule is measured with: all, or the ones that it names."""
    return [burden for burden in burdens if burden["name"] in schedule.get("burdens", [burden["name"]])]


def stragglers_table(experiment: Experiment, rules: Rules) -> Table:
    rows, parameters = [], experiment.parameters
    base = parameters["base"]
    for schedule in parameters["schedules"]:
        for burden in burdens_of(schedule, parameters["burdens"]):
            cell, label = f"stragglers-{schedule['name']}-{burden['name']}", f"{schedule['label']}: {burden['label']}"
            if why := rules.why_not([cell, base]):
                rows.append(Row((label, *[NOTHING] * 6, why), measured=False))
                continue
            speed, lags = rules.estimate(cell, steps_per_second), rules.staleness(cell)
            ratio = rules.paired(cell, base, steps_per_second) if cell != base else None
            over = (number(ratio.value), interval(ratio)) if ratio is not None else (NOTHING, NOTHING)
            figures = (number(speed.value), interval(speed), *over, number(lags.mean), str(lags.largest))
            rows.append(Row((label, *figures, _BESIDE)))
    speeds = ("steps/s", "95 % interval", "over the first", "95 % interval")
    columns = ("schedule", *speeds, "mean lag", "largest lag", "verdict")
    return _table("D3.stragglers", "Four workers and what slows them, steps that block for 250 us", columns, rows)


def blocks(study: Study, documents: Documents, records: RecordSet, stated: Stated) -> list[Block]:
    rules = Rules(records, study.name)
    pipeline, held_back, slowest = (study.experiment(name) for name in ("D0.c5", "D2.c4", "D3.c6"))
    figures: list[Figure | None] = [phases_figure(pipeline, rules), stragglers_figure(slowest, rules)]
    return [
        Heading(3, "D0.c5: a pipeline of sampling and learning"),
        stated(pipeline),
        pipeline_table(pipeline, rules),
        *[figure for figure in figures[:1] if figure is not None],
        Paragraph(
            "In a pipeline the workers act with parameters that are one round old; its bits are those of lock-step with that "
            "lag. Until an evaluation on Pendulum-v1 first reaches the threshold, steps that block for 100 us:"
        ),
        passage_table("D0.pipeline_learning", "PPO with and without one round's lag, medians over seeds", rules,
                      pipeline.parameters["learning"], pipeline.parameters["threshold_return"]),
        Heading(3, "D2.c4, D3.c6, D4.f3: stragglers"),
        stated(held_back),
        stated(slowest),
        Paragraph(
            "The adaptive load balancing that D4 leaves to future work, in two forms that keep lock-step's bits. With stealing, "
            "threads take one environment at a time from those that nobody has begun, so a slow worker takes fewer of them. "
            "Balanced, environments move between rounds to workers that were measured to be faster, in processes and ranks as "
            "well. A worker has one at least, which bounds both: 8 times slower, it needs for it as long as others for eight. "
            "DD-PPO's early cut stops the slowest once 60 % of the workers are done, after a quarter of its steps at least (2 "
            "of 5 here); what it did not take is not counted. A mean with Pareto's tail is not that of a short run: most launches draw less than the mean, and "
            "a few far more; what counts is how far the schedules are apart at the same draws."
        ),
        stragglers_table(slowest, rules),
        *[figure for figure in figures[1:] if figure is not None],
        passage_table("D3.stragglers_learning", "Until 475 on CartPole-v1, medians over seeds", rules,
                      slowest.parameters["learning"], slowest.parameters["threshold_return"]),
    ]  # fmt: skip


def _figure(where: str, what: str, estimate: Estimate, verdict: Verdict) -> Evidence:
    return Evidence(where, what, number(estimate.value), interval(estimate), estimate.n, verdict)


def _nothing(where: str, what: str, verdict: Verdict) -> Evidence:
    return Evidence(where, what, NOTHING, NOTHING, 0, verdict)


def _judged(experiment: Experiment, documents: Documents, verdict: Verdict, evidence: list[Evidence]) -> Judged:
    return Judged(experiment.id, documents.claims[experiment.id]["text"], verdict, experiment.decides, tuple(evidence))


def judge_pipeline(experiment: Experiment, documents: Documents, rules: Rules) -> Judged:
    evidence, verdicts, what = [], [], "pipelined round over the longer phase"
    for row in experiment.parameters["rows"]:
        pair = Pair(rules, row["cells"])
        verdict = pair.verdict(experiment.parameters["line"])
        verdicts.append(verdict)
        if pair.why or not pair.lock_step:
            evidence.append(_nothing(row["label"], what, verdict))
        else:
            evidence.append(_figure(row["label"], what, pair.over_longer_phase(), verdict))
    return _judged(experiment, documents, all_of(verdicts), evidence)


def _slowed(rules: Rules, cells: dict[str, Any]) -> tuple[Estimate | None, Verdict]:
    """Speed with a burden over the speed without, and why there is none."""
    ratio = rules.paired(cells["slow"], cells["even"], steps_per_second)
    return ratio, rules.why_not([cells["slow"], cells["even"]]) or not_run("no launches to compare")


def judge_held_back(experiment: Experiment, documents: Documents, rules: Rules) -> Judged:
    parameters, evidence = experiment.parameters, []
    where, what = experiment.decides, "steps/s over those without a slow worker"
    ratio, why = _slowed(rules, parameters)
    if ratio is None:
        return _judged(experiment, documents, why, [_nothing(where, what, why)])
    held_back = judge_below(ratio, parameters["line"])
    evidence.append(_figure(where, what, ratio, held_back))
    lags = rules.staleness(parameters["slow"])
    newest = Verdict(Kind.CONFIRMED if lags.largest == 0 else Kind.REFUTED)
    evidence.append(Evidence(where, "largest lag of what was learned from", str(lags.largest), NOTHING, ratio.n, newest))
    for entry in parameters["beside"]:
        own, reason = _slowed(rules, entry)
        if own is None:
            evidence.append(_nothing(entry["label"], what, reason))
        else:
            evidence.append(_figure(entry["label"], what, own, _BESIDE))
    return _judged(experiment, documents, all_of([held_back, newest]), evidence)


def _convergence(rules: Rules, cells: dict[str, str], threshold: float) -> Estimate:
    """Mean steps to the threshold, asynchronous over synchronous; the whole run where a seed does not get there."""
    groups = [
        [min(steps_to(run, threshold), steps_taken(run)) for run in rules.seeds(cells[form])]
        for form in ("asynchronous", "synchronous")
    ]
    return bootstrap(groups, lambda ours, theirs: mean(ours) / mean(theirs))


def judge_slowest(experiment: Experiment, documents: Documents, rules: Rules) -> Judged:
    parameters = experiment.parameters
    verdicts, evidence = [], []
    share = (parameters["workers"] - 1 + 1 / parameters["slowness"]) / parameters["workers"]
    what = f"steps/s with a worker {parameters['slowness']} times slower"
    forms = (("synchronous", 1.0, f"{what}, over those without"), ("asynchronous", share, f"{what}, over what all can take"))
    for form, scale, name in forms:
        ratio, why = _slowed(rules, parameters[form])
        if ratio is None:
            verdicts.append(why)
            evidence.append(_nothing(form, name, why))
            continue
        ratio = ratio.scaled(1 / scale)
        if form == "synchronous":
            judged = judge_below(ratio, parameters["slowed_line"])
        else:
            judged = judge_above(ratio, parameters["kept_line"])
        verdicts.append(judged)
        evidence.append(_figure(form, name, ratio, judged))
    cells, what = parameters["convergence"], "steps to 475, asynchronous over synchronous"
    if why := rules.why_not(list(cells.values())):
        verdicts.append(why)
        evidence.append(_nothing("convergence", what, why))
    else:
        cost = _convergence(rules, cells, parameters["threshold_return"])
        verdicts.append(judge_above(cost, parameters["cost_line"]))
        evidence.append(_figure("convergence", what, cost, verdicts[-1]))
    for entry in parameters["learning"]:
        if not rules.why_not([entry["cell"]]):
            passage = rules.passage(entry["cell"], parameters["threshold_return"])
            reached = f"{passage.reached}/{passage.n}"
            evidence.append(Evidence(entry["label"], "seeds that reach 475", reached, NOTHING, passage.n, _BESIDE))
    return _judged(experiment, documents, all_of(verdicts), evidence)


def judge_asynchronous(experiment: Experiment, documents: Documents, rules: Rules) -> Judged:
    parameters, evidence = experiment.parameters, []
    cells = {form: parameters[form] for form in ("synchronous", "asynchronous")}
    measured = not_judged("future work, nothing was claimed")
    verdict = rules.why_not(list(cells.values())) or measured
    what = "PPO, free-running over lock-step"
    ratio = rules.paired(cells["asynchronous"], cells["synchronous"], steps_per_second)
    if verdict is not measured or ratio is None:
        return _judged(experiment, documents, verdict, [_nothing(what, "steps/s", verdict)])
    evidence.append(_figure(what, "steps/s", ratio, measured))
    for form, cell in cells.items():
        passage, lags = rules.passage(cell, parameters["threshold_return"]), rules.staleness(cell)
        reached = f"{passage.reached}/{passage.n}"
        evidence.append(Evidence(form, "seeds that reach -200", reached, NOTHING, passage.n, measured))
        steps = censored(passage.steps.value, passage.steps_budget)
        spread = censored_interval(passage.steps, passage.steps_budget)
        evidence.append(Evidence(form, "steps to -200", steps, spread, passage.n, measured))
        evidence.append(Evidence(form, "mean lag, versions", number(lags.mean), NOTHING, passage.n, measured))
    return _judged(experiment, documents, verdict, evidence)


def judge_balancing(experiment: Experiment, documents: Documents, rules: Rules) -> Judged:
    evidence, what = [], "steps/s over fixed ranges, one of 4 workers 8 times slower"
    fixed = experiment.parameters["fixed"]
    measured = not_judged("future work, nothing was claimed")
    verdict = rules.why_not([fixed]) or measured
    for entry in experiment.parameters["adaptive"]:
        ratio = rules.paired(entry["cell"], fixed, steps_per_second)
        if ratio is None:
            why = rules.why_not([entry["cell"], fixed]) or not_run("no launches to compare")
            evidence.append(_nothing(entry["label"], what, why))
        else:
            evidence.append(_figure(entry["label"], what, ratio, measured))
    return _judged(experiment, documents, verdict, evidence)


_JUDGES = {
    "D0.c5": judge_pipeline,
    "D2.c4": judge_held_back,
    "D3.c6": judge_slowest,
    "D4.f1": judge_asynchronous,
    "D4.f3": judge_balancing,
}


def judge(study: Study, documents: Documents, records: RecordSet) -> list[Judged]:
    rules = Rules(records, study.name)
    return [own(study.experiment(name), documents, rules) for name, own in _JUDGES.items()]
