"""What a record says of how a server's table approaches Q*: passages, slopes, oscillation."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from plots.records import Record
from plots.statistics import median

_FIT_FROM = 1 / 20  # of the run's updates
_FIT_POINTS = 20


def transitions_to(record: Record, part: float) -> float:
    """Until ||Q - Q*|| is at most `part` of the largest |Q*|, at a look; infinity where it never was."""
    line = part * float(record["optimum"]["largest_value"])
    return next((float(point["steps"]) for point in record["curve"] if point["error"] <= line), math.inf)


def changes_to(record: Record, part: float) -> float:
    """The same in changes of the table that is learned: meetings, merges, or single updates."""
    changes = record["counts"]["merges"] or record["counts"]["updates"]
    return transitions_to(record, part) * float(changes) / float(record["counts"]["environment_steps"])


def _fitted(record: Record) -> tuple[float, NDArray[np.float64]]:
    """Slope of log10 error over log10 updates, and what is left of the error beside the line, at places evenly apart on
    the logarithmic axis."""
    steps = np.array([point["steps"] for point in record["curve"]], dtype=np.float64)
    error = np.array([point["error"] for point in record["curve"]], dtype=np.float64)
    wanted = np.geomspace(_FIT_FROM * steps[-1], steps[-1], _FIT_POINTS)
    places = np.unique([int(np.argmin(np.abs(steps - place))) for place in wanted])
    x, y = np.log10(steps[places]), np.log10(error[places])
    slope, start = np.polyfit(x, y, 1)
    return float(slope), y - (slope * x + start)


def slope(record: Record) -> float:
    return _fitted(record)[0]


def oscillation(record: Record) -> float:
    """Standard deviation of log10 error about its line."""
    return float(np.std(_fitted(record)[1], ddof=2))


def ratio_of_medians(numerators: NDArray[np.float64], denominators: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore"):
        return np.asarray(median(numerators) / median(denominators))
