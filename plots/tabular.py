"""Runs of tabular Q-learning: what records say of a cell, by launch or seed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from plots.records import Record, RecordSet
from plots.statistics import Estimate, bootstrap, mean, paired_ratio
from plots.verdicts import OVERSUBSCRIBED, Verdict, not_run


def updates_per_second(record: Record) -> float:
    return float(record["updates_per_second"])


def relative_error(record: Record) -> float:
    return float(record["error"]) / float(record["optimum"]["largest_value"])


def learning_seconds(record: Record) -> float:
    """Until the error that was asked for was reached, or the whole run where it was not."""
    return float(record["seconds"]["learn"])


def steps_taken(record: Record) -> float:
    return float(record["counts"]["environment_steps"])


def _ratio_of_means(numerators: NDArray[np.float64], denominators: NDArray[np.float64]) -> NDArray[np.float64]:
    return mean(numerators) / mean(denominators)


class Tabular:
    """The tabular cells of a set of records, or those of a study; names without 'tabular.', or the study's."""

    def __init__(self, records: RecordSet, family: str = "tabular"):
        self._records = records
        self._family = family

    def runs(self, cell: str) -> dict[int, Record]:
        return self._records.runs.get(f"{self._family}.{cell}", {})

    def why_not(self, cells: list[str]) -> Verdict | None:
        """Why these cells give no verdict, if they don't."""
        for cell in cells:
            if not self.runs(cell):
                return not_run(self._records.missing.get(f"{self._family}.{cell}", "no such cell in these records"))
        busy = any(record["oversubscribed"] for cell in cells for record in self.runs(cell).values())
        return OVERSUBSCRIBED if busy else None

    def values(self, cell: str, quantity: Callable[[Record], float]) -> list[float]:
        return [quantity(record) for record in self.runs(cell).values()]

    def estimate(self, cell: str, quantity: Callable[[Record], float]) -> Estimate:
        return bootstrap([self.values(cell, quantity)], mean)

    def paired(self, numerator: str, denominator: str, quantity: Callable[[Record], float]) -> Estimate | None:
        """Ratio of cells whose launches ran side by side."""
        ours, theirs = self.runs(numerator), self.runs(denominator)
        both = sorted(ours.keys() & theirs.keys())
        if not both:
            return None
        return paired_ratio([quantity(ours[i]) for i in both], [quantity(theirs[i]) for i in both])

    def unpaired(self, numerator: str, denominator: str, quantity: Callable[[Record], float]) -> Estimate:
        """Ratio of means over seeds, whose numbers of steps have nothing to do with each other."""
        return bootstrap([self.values(numerator, quantity), self.values(denominator, quantity)], _ratio_of_means)

    def reached(self, cell: str) -> str:
        runs = self.runs(cell)
        return f"{sum(bool(record['reached']) for record in runs.values())}/{len(runs)}"
