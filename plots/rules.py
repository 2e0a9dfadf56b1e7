"""Runs of the learning rules on networks: what records say of a cell, by seed."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plots.learning import Curve, steps_to
from plots.records import Record, RecordSet
from plots.statistics import Estimate, bootstrap, interquartile_mean, mean, median, paired_ratio
from plots.verdicts import Kind, Verdict, not_run

Quantity = Callable[[Record], float]


def evaluated(record: Record) -> list[Record]:
    """The points of the curve that have an evaluation."""
    return [point for point in record["curve"] if point.get("evaluation_return") is not None]


def seconds_to(record: Record, threshold: float) -> float:
    """Seconds of collecting and learning until an evaluation first reaches it; infinity if none does."""
    reached = (point["seconds"] for point in evaluated(record) if point["evaluation_return"] >= threshold)
    return next((float(seconds) for seconds in reached), math.inf)


def steps_taken(record: Record) -> float:
    return float(record["counts"]["environment_steps"])


def seconds_taken(record: Record) -> float:
    return float(record["curve"][-1]["seconds"])


def final_return(record: Record) -> float:
    return float(record["final_evaluation"]["mean"])


def mean_over_run(record: Record) -> float:
    """Mean of all evaluations' returns: the area under the learning curve."""
    return float(np.mean([point["evaluation_return"] for point in evaluated(record)]))


def first_episode_steps(record: Record, above: float) -> float:
    """Steps until the end of the first training episode that returned more; infinity if none did, nan where the record
    does not say."""
    first = record.get("first_episode_above")
    if first is None or first["return"] != above:
        return math.nan
    return math.inf if first["steps"] is None else float(first["steps"])


def best_training_return(record: Record) -> float:
    """Best mean return of a round's training episodes."""
    return max((p["training_return"] for p in record["curve"] if p["training_return"] is not None), default=math.nan)


def steps_per_second(record: Record) -> float:
    return float(record["steps_per_second"])


@dataclass(frozen=True)
class Passage:
    """First passage of a threshold: medians over seeds, infinity where a seed never gets there. `held`: seeds whose final
    policy is still above it."""

    steps: Estimate
    seconds: Estimate
    steps_budget: float
    seconds_budget: float
    reached: int
    held: int

    @property
    def n(self) -> int:
        return self.steps.n


@dataclass(frozen=True)
class Staleness:
    """Versions between the parameters that acted and those that learned, over the segments of all seeds. Workers that
    learn from their own segments have none."""

    lags: tuple[int, ...]
    shares: tuple[float, ...]

    @property
    def mean(self) -> float:
        return float(np.dot(self.lags, self.shares))

    @property
    def largest(self) -> int:
        return max(self.lags)

    def quantile(self, probability: float) -> int:
        below = np.cumsum(self.shares)
        return self.lags[int(np.searchsorted(below, probability - 1e-12))]


class Rules:
    """The cells of the rules, or of a study, in a set of records; names without 'rules.'."""

    def __init__(self, records: RecordSet, family: str = "rules"):
        self._records = records
        self._family = family

    def runs(self, cell: str) -> dict[int, Record]:
        return self._records.runs.get(f"{self._family}.{cell}", {})

    def seeds(self, cell: str) -> list[Record]:
        return list(self.runs(cell).values())

    def why_not(self, cells: list[str]) -> Verdict | None:
        """Why these cells give no verdict, if they don't."""
        for cell in cells:
            if not self.runs(cell):
                return not_run(self._records.missing.get(f"{self._family}.{cell}", "no such cell in these records"))
        return None

    def oversubscribed(self, cell: str) -> bool:
        return any(record["oversubscribed"] for record in self.seeds(cell))

    def values(self, cell: str, quantity: Quantity) -> list[float]:
        return [quantity(record) for record in self.seeds(cell)]

    def estimate(self, cell: str, quantity: Quantity) -> Estimate:
        return bootstrap([self.values(cell, quantity)], mean)

    def paired(self, numerator: str, denominator: str, quantity: Quantity) -> Estimate | None:
        """Ratio of cells whose launches ran side by side."""
        ours, theirs = self.runs(numerator), self.runs(denominator)
        both = sorted(ours.keys() & theirs.keys())
        return paired_ratio([quantity(ours[i]) for i in both], [quantity(theirs[i]) for i in both]) if both else None

    def final(self, cell: str) -> Estimate:
        return bootstrap([self.values(cell, final_return)], interquartile_mean)

    def passage(self, cell: str, threshold: float) -> Passage:
        runs = self.seeds(cell)
        steps, seconds = ([to(run, threshold) for run in runs] for to in (steps_to, seconds_to))
        return Passage(
            steps=bootstrap([steps], median),
            seconds=bootstrap([seconds], median),
            steps_budget=min(steps_taken(run) for run in runs),
            seconds_budget=min(seconds_taken(run) for run in runs),
            reached=sum(math.isfinite(value) for value in steps),
            held=sum(final_return(run) >= threshold for run in runs),
        )

    def staleness(self, cell: str) -> Staleness:
        segments: dict[int, int] = {}
        for record in self.seeds(cell):
            for entry in record["staleness"]:
                segments[entry["lag"]] = segments.get(entry["lag"], 0) + entry["segments"]
        total = sum(segments.values())
        lags = sorted(segments)
        return Staleness(tuple(lags), tuple(segments[lag] / total for lag in lags))

    def curve(self, cell: str, axis: str, points: int) -> Curve:
        """The learning curve on `points` equal parts of the shortest run; seeds evaluated elsewhere are interpolated.
        `axis`: 'steps' or 'seconds'."""
        runs = []
        for record in self.seeds(cell):
            kept = evaluated(record)
            runs.append(([float(p[axis]) for p in kept], [float(p["evaluation_return"]) for p in kept]))
        first, last = max(at[0] for at, _ in runs), min(at[-1] for at, _ in runs)
        grid = np.geomspace(first, last, points) if first < last else np.array([last])
        returns = np.array([np.interp(grid, at, values) for at, values in runs])
        estimates = [bootstrap([column], interquartile_mean) for column in returns.T]
        return Curve(
            steps=grid,
            value=np.array([estimate.value for estimate in estimates]),
            low=np.array([estimate.low for estimate in estimates]),
            high=np.array([estimate.high for estimate in estimates]),
        )


def judge_reached(reached: int, seeds: int, seeds_at_least: int) -> Verdict:
    """Confirmed when every seed gets there, refuted when none does."""
    if seeds < seeds_at_least:
        return Verdict(Kind.INCONCLUSIVE, f"n = {seeds}")
    if reached == seeds:
        return Verdict(Kind.CONFIRMED)
    if reached == 0:
        return Verdict(Kind.REFUTED)
    return Verdict(Kind.INCONCLUSIVE, f"{reached}/{seeds} seeds")


def paired_difference(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of first less second along the last axis."""
    means = samples.mean(axis=1)
    return np.asarray(means[:, 0] - means[:, 1])
