"""Predicted rounds: seconds of work as measured in serial rows, seconds of communication as simulated.

For W workers, C seconds of collecting and L of learning in a serial round of U updates, c(W) simulated seconds of an exchange:

    document's round, central learner     C / W + L + c(W)
    document's round, split gradients     C / W + L / W + U c(W), W at most a minibatch's rows
    own minibatches                       C + L + U c(W), in which W times as many steps are taken
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize

from plots.records import Record, RecordSet

ROWS_OF_MINIBATCH = 64
SPLIT = ("direct", "ring", "halving-doubling")
_STEPS = 2048  # of the document's round


@dataclass(frozen=True)
class Work:
    """Seconds of a serial round."""

    collect: float
    learn: float

    @property
    def total(self) -> float:
        return self.collect + self.learn


def _seconds_of(run: Record, phase: str) -> float:
    rounds = run["seconds"]["rounds"]
    return float(_STEPS * sum(entry[phase] for entry in rounds) / run["counts"]["environment_steps"])


def work_of(records: RecordSet, regime: str) -> Work | None:
    """Means over launches of the serial row; None without one."""
    runs = list(records.runs.get(f"{regime}.serial", {}).values())
    if not runs:
        return None
    of_round = [[_seconds_of(run, phase) for phase in ("collect", "learn")] for run in runs]
    collect, learn = np.mean(of_round, axis=0)
    return Work(float(collect), float(learn))


def exchange_seconds(record: Record) -> dict[int, float]:
    """Of communication, by workers: what work the simulation had is taken off."""
    exchange = record["exchange"]
    return {
        point["workers"]: point["seconds"] - exchange["collect_seconds"] / point["workers"] - exchange["learn_seconds"]
        for point in record["points"]
    }


def simulated(records: RecordSet, name: str) -> dict[int, float]:
    """Seconds of an exchange by workers, of all groups that have the cell `name`; empty without records."""
    found: dict[int, float] = {}
    for group in ("few", "cluster", "larger", "thousand", "whole"):
        for record in records.runs.get(f"simulated_scaling.{group}-{name}", {}).values():
            found |= exchange_seconds(record)
    return dict(sorted(found.items()))


def round_seconds(form: str, work: Work, workers: int, seconds: float, updates: int) -> float:
    """Of the document's round."""
    if form == "central":
        return work.collect / workers + work.learn + seconds
    return work.total / workers + updates * seconds


def document_speedups(form: str, work: Work, exchange: dict[int, float], updates: int) -> dict[int, float]:
    most = ROWS_OF_MINIBATCH if form in SPLIT else max(exchange, default=1)
    return {
        workers: work.total / round_seconds(form, work, workers, seconds, updates)
        for workers, seconds in exchange.items()
        if workers <= most
    }


def own_speedups(work: Work, exchange: dict[int, float], updates: int, scale: float = 1.0) -> dict[int, float]:
    """Steps a second over the serial code's, with a minibatch of its own in every worker. A network of `scale` times as
    many parameters is taken to learn as many times as long."""
    total = work.collect + scale * work.learn
    return {workers: workers * total / (total + updates * seconds) for workers, seconds in exchange.items()}


@dataclass(frozen=True)
class Fit:
    """seconds of a round = work / W + serial + link (W - 1)."""

    work: float
    serial: float
    link: float

    def at(self, workers: float) -> float:
        return self.work / workers + self.serial + self.link * (workers - 1)


def fit_rounds(rounds: dict[int, float], serial: bool = True, link: bool = True) -> Fit:
    """Least squares of the relative error, nothing below zero; `serial`, `link`: whether there is such a part."""
    terms = [lambda w: 1 / w, *([lambda _: 1.0] if serial else []), *([lambda w: w - 1.0] if link else [])]
    matrix = np.array([[term(workers) / seconds for term in terms] for workers, seconds in rounds.items()])
    found = list(optimize.nnls(matrix, np.ones(len(rounds)))[0])
    return Fit(float(found[0]), float(found[1]) if serial else 0.0, float(found[-1]) if link else 0.0)
