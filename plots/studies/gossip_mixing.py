"""Gossip without learning: the factor by which a meeting shrinks the disagreement, held against theory."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from experiments.definitions import Experiment
from plots.blocks import Row, Table
from plots.formats import NOTHING, interval, number
from plots.records import Record
from plots.rules import Rules
from plots.statistics import Estimate, bootstrap, mean
from plots.verdicts import Kind, Verdict, judge_within, not_judged

LABELS = {
    "ring": "ring",
    "hypercube": "hypercube",
    "exponential": "static exponential",
    "one-peer": "one-peer exponential",
    "random-pairs": "random pairs",
    "random-peer": "random peer, push-sum",
}
_SEEDS_AT_LEAST = 3


def second_eigenvalue(graph: str, members: int) -> float | None:
    """Second largest modulus of the mixing matrix of a graph that does not change; `members` is a power of two, 4 or more."""
    doublings = math.log2(members)
    if graph == "ring":
        return (1 + 2 * math.cos(2 * math.pi / members)) / 3
    if graph == "hypercube":
        return (doublings - 1) / (doublings + 1)
    return 1 - 2 / (1 + doublings) if graph == "exponential" else None


def expected_squared_factor(members: int) -> float:
    """Of pairs drawn among an even number: a meeting keeps half of what lies between two members that do not meet."""
    return (members - 2) / (2 * (members - 1))


def disagreements(record: Record, graph: str, members: int) -> list[float]:
    """At the start and after each meeting."""
    runs = (run for run in record["runs"] if run["graph"] == graph and run["members"] == members)
    return [float(value) for value in next(runs)["disagreement"]]


@dataclass(frozen=True)
class Factor:
    """What was measured of a graph, what theory says, and whether they agree."""

    estimate: Estimate
    expected: float | None
    verdict: Verdict


def _late_factor(values: list[float], experiment: Experiment) -> float:
    """Geometric mean, nan where no meeting is left."""
    parameters = experiment.parameters
    kept = [value for value in values if value > parameters["floor"] * values[0]]
    meetings = len(kept) - parameters["first_meeting"]
    return (kept[-1] / kept[parameters["first_meeting"] - 1]) ** (1 / meetings) if meetings > 0 else math.nan


def _mean_squared_factor(values: list[float], experiment: Experiment) -> float:
    floor = experiment.parameters["floor"] * values[0]
    return float(np.mean([(after / before) ** 2 for before, after in zip(values, values[1:], strict=False) if before > floor]))


def _enough(seeds: int) -> Verdict | None:
    return Verdict(Kind.INCONCLUSIVE, f"n = {seeds}") if seeds < _SEEDS_AT_LEAST else None


def _is_exact(left: list[float], below: float) -> Verdict:
    return Verdict(Kind.CONFIRMED if all(value < below for value in left) else Kind.REFUTED)


def _contains(estimate: Estimate, expected: float) -> Verdict:
    return Verdict(Kind.CONFIRMED if estimate.low <= expected <= estimate.high else Kind.REFUTED)


def factor(experiment: Experiment, records: list[Record], graph: str, members: int) -> Factor:
    parameters, seeds = experiment.parameters, [disagreements(record, graph, members) for record in records]
    if graph == "one-peer":
        left = [values[round(math.log2(members))] / values[0] for values in seeds]
        return Factor(bootstrap([left], mean), 0.0, _enough(len(left)) or _is_exact(left, parameters["exact"]))
    if graph == "random-pairs":
        squared = bootstrap([[_mean_squared_factor(values, experiment) for values in seeds]], mean)
        expected = expected_squared_factor(members)
        return Factor(squared, expected, _enough(len(seeds)) or _contains(squared, expected))
    estimate = bootstrap([[_late_factor(values, experiment) for values in seeds]], mean)
    modulus = second_eigenvalue(graph, members)
    if modulus is None:
        return Factor(estimate, None, not_judged("beside it"))
    return Factor(estimate, modulus, judge_within(estimate, modulus, parameters["tolerance"]))


_WHAT = {"one-peer": "left after log2(n) meetings", "random-pairs": "squared factor, mean"}


def mixing_table(experiment: Experiment, rules: Rules) -> Table:
    cell, rows = experiment.parameters["cell"], []
    why, records = rules.why_not([cell]), rules.seeds(cell)
    for graph, label in LABELS.items():
        for members in experiment.parameters["members"]:
            known = (label, str(members), _WHAT.get(graph, "factor a meeting"))
            if why:
                rows.append(Row((*known, *[NOTHING] * 4, why), measured=False))
                continue
            measured = factor(experiment, records, graph, members)
            theory = NOTHING if measured.expected is None else number(measured.expected)
            if graph == "one-peer":
                below = measured.estimate.value < experiment.parameters["exact"]
                figures = (f"{'below' if below else 'above'} {experiment.parameters['exact']:g}", NOTHING)
            else:
                figures = (number(measured.estimate.value), interval(measured.estimate))
            rows.append(Row((*known, *figures, theory, str(measured.estimate.n), measured.verdict)))
    return Table(
        experiment.id,
        "Gossip without learning: how fast members agree",
        ("graph", "n", "quantity", "measured", "95 % interval", "theory", "seeds", "verdict"),
        tuple(rows),
        frozenset({1, 3, 4, 5, 6}),
    )
