"""Whole trainings of REINFORCE: seconds as they were, and seconds composed where only some epochs paid the step cost.

With e an epoch, s_e its seconds, n_e its steps and w_e the steps of its busiest worker, for whom the others wait:

  a_e   = s_e where the epoch did not pay, n_e (sum of s / sum of n over those that did not) where it did
  k     = sum over timed epochs of (s_e - a_e)  /  (T sum over timed epochs of w_e)
  total = sum of a_e  +  k T sum of w_e                 over all epochs

k is 1 where a step costs exactly T, and more by what waking up adds. The held-out epoch paid as well and is no part of k:
a_e + k T w_e predicts its seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plots.records import Record, RecordSet
from plots.statistics import Estimate, bootstrap, mean, paired_ratio

_UNITS = {"ms": 1e-3, "us": 1e-6, "s": 1.0}


def step_cost_seconds(record: Record) -> float:
    """Of 'wait:291.5us'."""
    duration = record["configuration"]["step_cost"].partition(":")[2]
    unit = next((unit for unit in _UNITS if duration.endswith(unit)), "")
    return float(duration.removesuffix(unit)) * _UNITS[unit] if unit else 0.0


def epoch_seconds(record: Record) -> NDArray[np.float64]:
    return np.array([sample["total"] for sample in record["seconds"]["rounds"]], dtype=np.float64)


def training_seconds(record: Record) -> float:
    return float(epoch_seconds(record).sum())


def epoch_steps(record: Record) -> NDArray[np.float64]:
    return np.diff([0, *(point["steps"] for point in record["curve"])]).astype(np.float64)


def busiest_worker_steps(record: Record) -> NDArray[np.float64]:
    return np.array([point["busiest_worker_steps"] for point in record["curve"]], dtype=np.float64)


def training_returns(record: Record) -> list[float]:
    return [float(point["training_return"]) for point in record["curve"]]


@dataclass(frozen=True)
class Composition:
    """`factor`: k above; `predicted`: seconds of the held-out epoch over the measured ones."""

    seconds: float
    factor: float
    predicted: float


def compose(record: Record, held_out: int) -> Composition:
    """`held_out`: an epoch, from 1, that is among the record's cost rounds."""
    paid = np.array(record["configuration"]["cost_rounds"]) - 1
    seconds, steps, waited = epoch_seconds(record), epoch_steps(record), busiest_worker_steps(record)
    free = np.ones(len(seconds), dtype=bool)
    free[paid] = False
    without_cost = np.where(free, seconds, steps * (seconds[free].sum() / steps[free].sum()))
    cost = step_cost_seconds(record)
    timed = paid[paid != held_out - 1]
    factor = float((seconds - without_cost)[timed].sum() / (cost * waited[timed].sum()))
    composed = without_cost + factor * cost * waited
    return Composition(float(composed.sum()), factor, float(composed[held_out - 1] / seconds[held_out - 1]))


class Reinforce:
    """The cells of REINFORCE in a set of records; names without 'reinforce.'."""

    def __init__(self, records: RecordSet):
        self._records = records
        self.usable_cores = records.usable_cores

    @property
    def calibration(self) -> dict[str, Any]:
        return dict(self._records.plan.get("reinforce", {}))

    @property
    def planned_epochs(self) -> int:
        """0 in records of profiles that knew no such runs."""
        return int(self._records.profile.get("reinforce", {}).get("epochs", 0))

    @property
    def cost_seconds(self) -> float:
        return float(self.calibration["step_cost_seconds"])

    def exists(self, cell: str) -> bool:
        return self._records.cell(f"reinforce.{cell}") is not None

    def definition(self, cell: str) -> dict[str, Any]:
        found = self._records.cell(f"reinforce.{cell}")
        assert found is not None
        return found

    def runs(self, cell: str) -> dict[int, Record]:
        return self._records.runs.get(f"reinforce.{cell}", {})

    def why_missing(self, cell: str) -> str:
        return self._records.missing.get(f"reinforce.{cell}", "no such cell in these records")

    def oversubscribed(self, cell: str) -> bool:
        return any(record["oversubscribed"] for record in self.runs(cell).values())

    def epochs(self, cell: str) -> int:
        return min(len(record["curve"]) for record in self.runs(cell).values())

    def values(self, cell: str, quantity: Callable[[Record], float]) -> list[float]:
        return [quantity(record) for record in self.runs(cell).values()]

    def estimate(self, cell: str, quantity: Callable[[Record], float]) -> Estimate:
        """Mean over launches or seeds. The cell must have some."""
        return bootstrap([self.values(cell, quantity)], mean)

    def ratio(self, numerator: str, denominator: str, quantity: Callable[[Record], float]) -> Estimate | None:
        """Mean over mean, of launches that ran side by side; a single launch is held against all of the other row."""
        ours, theirs = self.runs(numerator), self.runs(denominator)
        if len(theirs) == 1 and len(ours) > 1:
            inverse = self.ratio(denominator, numerator, quantity)
            return Estimate(1 / inverse.value, inverse.low, inverse.high, 1) if inverse else None
        if len(ours) == 1 and theirs:
            return paired_ratio(self.values(numerator, quantity), self.values(denominator, quantity))
        both = sorted(ours.keys() & theirs.keys())
        if not both:
            return None
        return paired_ratio([quantity(ours[i]) for i in both], [quantity(theirs[i]) for i in both])


@dataclass(frozen=True)
class Trainings:
    """The timing rows of one regime: seconds of the whole training, composed where the steps cost."""

    reinforce: Reinforce
    regime: str
    held_out: int  # epoch, from 1

    def cell(self, row: str) -> str:
        return f"{self.regime}-{row}"

    def seconds(self, record: Record) -> float:
        return training_seconds(record) if self.regime == "as_is" else compose(record, self.held_out).seconds

    def held_out_error(self, row: str) -> float:
        """The largest over launches, as a part of the epoch's seconds; 0 where nothing is composed."""
        if self.regime == "as_is":
            return 0.0
        runs = self.reinforce.runs(self.cell(row)).values()
        return max((abs(compose(record, self.held_out).predicted - 1) for record in runs), default=0.0)

    def total(self, row: str) -> Estimate:
        return self.reinforce.estimate(self.cell(row), self.seconds)

    def speedup(self, row: str, over: str) -> Estimate | None:
        return self.reinforce.ratio(self.cell(over), self.cell(row), self.seconds)
