"""Pairs that wait for nobody beside random pairs in rounds, where one worker is slower than the others."""

from __future__ import annotations

import math

import numpy as np

from experiments.definitions import Experiment
from plots.blocks import Row, Table
from plots.formats import NOTHING, interval, number
from plots.records import Record
from plots.rules import Rules, mean_over_run, steps_per_second
from plots.studies.gossip_traffic import Traffic, disagreement_over_run
from plots.statistics import Estimate
from plots.verdicts import OVERSUBSCRIBED, Verdict, judge_above, not_judged


def bytes_a_step(record: Record) -> float:
    """Of weights that all workers send."""
    return Traffic(record, "gossip").total / float(record["counts"]["environment_steps"])


def late_lag(record: Record) -> float:
    """95th percentile of the averages' lags; their mean is 1 by counting. Nan where nobody had to be late."""
    lags = [entry["lag"] for entry in record["staleness"] for _ in range(entry["segments"])]
    return float(np.quantile(lags, 0.95, method="inverted_cdf")) if lags and max(lags) > 0 else math.nan


_QUANTITIES = (
    ("steps/s", steps_per_second),
    ("evaluation, mean over the run", mean_over_run),
    ("disagreement, mean over the run", disagreement_over_run),
    ("bytes a step", bytes_a_step),
    ("lag of an average, 95th percentile", late_lag),
)


def judge_pairs(experiment: Experiment, rules: Rules) -> tuple[Estimate | None, Verdict]:
    """Ratio of speeds and what is made of it."""
    parameters = experiment.parameters
    cells = [parameters["pairs"], parameters["mixing"]]
    if why := rules.why_not(cells):
        return None, why
    ratio = rules.paired(*cells, steps_per_second)
    if ratio is None:
        return None, not_judged("no launches to compare")
    if any(rules.oversubscribed(cell) for cell in cells):
        return ratio, OVERSUBSCRIBED
    return ratio, judge_above(ratio, parameters["line"] * parameters["ideal"])


def pairs_table(experiment: Experiment, rules: Rules) -> Table:
    ratio, verdict = judge_pairs(experiment, rules)
    parameters, rows = experiment.parameters, []
    what = f"ratio of steps/s; {parameters['ideal']:g} at most"
    if ratio is None:
        rows.append(Row((what, *[NOTHING] * 4, verdict), measured=False))
    else:
        rows.append(Row((what, NOTHING, number(ratio.value), interval(ratio), str(ratio.n), verdict)))
        for name, quantity in _QUANTITIES:
            estimates = [rules.estimate(parameters[cell], quantity) for cell in ("mixing", "pairs")]
            mixing, pairs = (NOTHING if math.isnan(one.value) else number(one.value) for one in estimates)
            rows.append(Row((name, mixing, pairs, interval(estimates[1]), str(estimates[1].n), "")))
    columns = ("quantity", "in rounds", "waiting for nobody", "95 % interval", "launches", "verdict")
    return Table(experiment.id, "Gossip with one of 4 workers 4 times slower", columns, tuple(rows), frozenset({1, 2, 3, 4}))
