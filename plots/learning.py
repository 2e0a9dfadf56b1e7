"""Learning curves, steps to a threshold and final returns. A replicate is a seed."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plots.records import Record, RecordSet
from plots.statistics import Estimate, bootstrap, interquartile_mean, median


@dataclass(frozen=True)
class Crossing:
    """Steps until an evaluation first reaches a return: median over seeds, infinity where a seed never does."""

    steps: Estimate
    reached: int
    budget: int


@dataclass(frozen=True)
class Curve:
    """Interquartile mean over seeds and its 95 % band at each evaluation."""

    steps: NDArray[np.float64]
    value: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def evaluations(record: Record) -> list[tuple[int, float]]:
    """(steps, mean return) of every evaluation of the run."""
    points = record["curve"]
    return [(p["steps"], p["evaluation_return"]) for p in points if p.get("evaluation_return") is not None]


def steps_to(record: Record, threshold: float) -> float:
    return next((float(steps) for steps, value in evaluations(record) if value >= threshold), math.inf)


def budget(record: Record) -> int:
    return int(record["counts"]["environment_steps"])


class Learning:
    """The learning cells; named in full."""

    def __init__(self, records: RecordSet):
        self._records = records

    def seeds(self, cell: str) -> list[Record]:
        return list(self._records.runs.get(cell, {}).values())

    def why_missing(self, cell: str) -> str:
        return self._records.missing.get(cell, "no such cell in these records")

    def crossing(self, cell: str, threshold: float) -> Crossing:
        runs = self.seeds(cell)
        steps = [steps_to(record, threshold) for record in runs]
        return Crossing(
            steps=bootstrap([steps], median),
            reached=sum(math.isfinite(value) for value in steps),
            budget=min(budget(record) for record in runs),
        )

    def restricted_steps(self, cell: str, threshold: float) -> list[float]:
        """Steps to the threshold, the whole budget for a seed that never gets there."""
        return [min(steps_to(record, threshold), float(budget(record))) for record in self.seeds(cell)]

    def final_returns(self, cell: str) -> list[float]:
        """Mean return of each seed's final evaluation."""
        return [float(record["final_evaluation"]["mean"]) for record in self.seeds(cell)]

    def final_return(self, cell: str) -> Estimate:
        return bootstrap([self.final_returns(cell)], interquartile_mean)

    def final_episodes(self, cell: str) -> int:
        return sum(int(record["final_evaluation"]["episodes"]) for record in self.seeds(cell))

    def curve(self, cell: str) -> Curve | None:
        """At the evaluations that all seeds have."""
        runs = [dict(evaluations(record)) for record in self.seeds(cell)]
        if not runs:
            return None
        steps = sorted(set.intersection(*(set(run) for run in runs)))
        points = [bootstrap([[run[at] for run in runs]], interquartile_mean) for at in steps]
        return Curve(
            steps=np.array(steps, float),
            value=np.array([point.value for point in points]),
            low=np.array([point.low for point in points]),
            high=np.array([point.high for point in points]),
        )
