"""The three ways to parallelise of document D3 (D3.c1), and what distributed sampling and a parameter server spread (D3.c8)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from experiments.definitions import Experiment
from experiments.documents import Documents
from experiments.study import Study
from plots.blocks import Block, Heading, Paragraph, Row, Table
from plots.claims import Evidence, Judged
from plots.formats import NOTHING, censored, censored_interval, interval, number, percent
from plots.learning import steps_to
from plots.records import Record, RecordSet
from plots.rules import Rules, steps_per_second
from plots.statistics import Estimate
from plots.studies import Stated
from plots.verdicts import OVERSUBSCRIBED, Kind, Verdict, all_of, judge_above, not_judged, not_run

_BESIDE = not_judged("beside it")
_SEEDS_AT_LEAST = 3


def learning_share(record: Record) -> float:
    """Of the seconds of all counted rounds, those in which the learner learns."""
    rounds = record["seconds"]["rounds"]
    return float(np.sum([one["learn"] for one in rounds]) / np.sum([one["total"] for one in rounds]))


def judge_passages(values: list[float]) -> Verdict:
    """Confirmed when every seed gets there, refuted when none does."""
    there = sum(math.isfinite(value) for value in values)
    if len(values) < _SEEDS_AT_LEAST or 0 < there < len(values):
        return Verdict(Kind.INCONCLUSIVE, f"{there}/{len(values)} seeds")
    return Verdict(Kind.CONFIRMED if there else Kind.REFUTED)


def _speed(rules: Rules, numerator: str, denominator: str, line: float) -> tuple[Estimate | None, Verdict]:
    if why := rules.why_not([numerator, denominator]):
        return None, why
    ratio = rules.paired(numerator, denominator, steps_per_second)
    return ratio, judge_above(ratio, line) if ratio is not None else not_run("no launches to compare")


def _evidence(where: str, what: str, estimate: Estimate | None, verdict: Verdict) -> Evidence:
    if estimate is None:
        return Evidence(where, what, NOTHING, NOTHING, 0, verdict)
    return Evidence(where, what, number(estimate.value), interval(estimate), estimate.n, verdict)


def judge_ways(experiment: Experiment, documents: Documents, rules: Rules) -> Judged:
    p, evidence = experiment.parameters, []
    for way in p["ways"]:
        ratio, verdict = _speed(rules, way["cell"], p["serial"], p["line"])
        if ratio is not None and rules.oversubscribed(way["cell"]):
            verdict = OVERSUBSCRIBED
        evidence.append(_evidence(way["label"], "steps/s over the serial code's", ratio, verdict))
        values = rules.values(way["cell"], lambda record: steps_to(record, p["threshold_return"]))
        reached = f"{sum(map(math.isfinite, values))}/{len(values)}"
        passed = judge_passages(values) if values else verdict
        evidence.append(Evidence(way["label"], "seeds that get to 475", reached, NOTHING, len(values), passed))
    text = documents.claims[experiment.id]["text"]
    return Judged(experiment.id, text, all_of(e.verdict for e in evidence), experiment.decides, tuple(evidence))


def _fastest(rules: Rules, cells: list[str]) -> str:
    return max(cells, key=lambda cell: rules.estimate(cell, steps_per_second).value)


def judge_spread(experiment: Experiment, documents: Documents, rules: Rules) -> Judged:
    p, evidence, verdicts = experiment.parameters, [], []
    for setting in p["settings"]:
        winner, others = setting["winner"], setting["others"]
        if why := rules.why_not([winner, *others]):
            verdicts.append(why)
            evidence.append(_evidence(setting["label"], p["labels"][winner], None, why))
            continue
        fastest = _fastest(rules, others)
        for other in others:
            ratio, verdict = _speed(rules, winner, other, p["line"])
            decides = other == fastest
            what = f"steps/s: {p['labels'][winner]} / {p['labels'][other]}"
            evidence.append(_evidence(setting["label"], what, ratio, verdict if decides else _BESIDE))
            if decides:
                verdicts.append(verdict)
    text = documents.claims[experiment.id]["text"]
    return Judged(experiment.id, text, all_of(verdicts), experiment.decides, tuple(evidence))


def _table(identity: str, title: str, columns: tuple[str, ...], rows: list[Row]) -> Table:
    return Table(identity, title, columns, tuple(rows), frozenset(range(1, len(columns))))


def ways_table(experiment: Experiment, rules: Rules) -> Table:
    p, rows = experiment.parameters, []
    columns = ("way", "steps/s", "over serial", "95 % interval", "reached 475", "steps to it", "95 % interval", "seconds to it", "n")
    serial: dict[str, Any] = {"cell": p["serial"], "label": "serial code"}
    for way in (serial, *p["ways"]):
        cell = way["cell"]
        if why := rules.why_not([cell, p["serial"]]):
            rows.append(Row((way["label"], *[NOTHING] * (len(columns) - 2), str(why)), measured=False))
            continue
        speed = rules.estimate(cell, steps_per_second)
        if cell == p["serial"]:
            rows.append(Row((way["label"], number(speed.value), *[NOTHING] * 6, str(speed.n))))
            continue
        ratio, passage = rules.paired(cell, p["serial"], steps_per_second), rules.passage(cell, p["threshold_return"])
        over = (NOTHING, NOTHING) if ratio is None else (number(ratio.value), interval(ratio))
        passed = (
            f"{passage.reached}/{passage.n}",
            censored(passage.steps.value, passage.steps_budget),
            censored_interval(passage.steps, passage.steps_budget),
            censored(passage.seconds.value, passage.seconds_budget),
        )
        rows.append(Row((way["label"], number(speed.value), *over, *passed, str(passage.n))))
    return _table("D3.ways", "V-trace on CartPole-v1 in three ways, 2 workers whose steps block for 25 us", columns, rows)


def spread_table(experiment: Experiment, rules: Rules) -> Table:
    p, rows = experiment.parameters, []
    columns = ("setting", "way", "steps/s", "95 % interval", "learning", "oversubscribed", "n")
    for setting in p["settings"]:
        for cell in sorted([setting["winner"], *setting["others"]]):
            known = (setting["label"], p["labels"][cell])
            if why := rules.why_not([cell]):
                rows.append(Row((*known, *[NOTHING] * (len(columns) - 3), str(why)), measured=False))
                continue
            speed, share = rules.estimate(cell, steps_per_second), rules.estimate(cell, learning_share)
            over = "yes" if rules.oversubscribed(cell) else "no"
            rows.append(Row((*known, number(speed.value), interval(speed), percent(share.value), over, str(speed.n))))
    title = "Distributed sampling and a parameter server on the same two cores; 'learning': share of a round"
    return Table("D3.spread", title, columns, tuple(rows), frozenset(range(2, len(columns))))


def blocks(study: Study, documents: Documents, records: RecordSet, stated: Stated) -> list[Block]:
    rules = Rules(records, study.name)
    ways, spread = study.experiment("D3.c1"), study.experiment("D3.c8")
    return [
        Heading(3, "D3.c1: three ways"),
        stated(ways),
        ways_table(ways, rules),
        Heading(3, "D3.c8: what distributed sampling and a parameter server spread"),
        stated(spread),
        spread_table(spread, rules),
        Paragraph(
            "Workers of distributed sampling want no core while their steps block, those of a parameter server want one each to "
            "learn. Learners of a server have as many steps to learn from as a worker makes, and update as often as those fill "
            "their minibatches."
        ),
    ]


def judge(study: Study, documents: Documents, records: RecordSet) -> list[Judged]:
    rules = Rules(records, study.name)
    return [
        judge_ways(study.experiment("D3.c1"), documents, rules),
        judge_spread(study.experiment("D3.c8"), documents, rules),
    ]
