"""Amdahl's law: with a serial share s of the work, W workers give S(W) = W / (1 + s (W - 1))."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def speedup(workers: float, serial_share: float) -> float:
    return workers / (1 + serial_share * (workers - 1))


def serial_share(workers: float, measured_speedup: float) -> float:
    """The s that gives exactly this speedup; below 0 for a superlinear one. workers > 1."""
    return (workers / measured_speedup - 1) / (workers - 1)


def fit_serial_share(workers: Sequence[float], speedups: Sequence[float]) -> float:
    """Least squares on W / S = 1 + s (W - 1), which is linear in s."""
    x = np.asarray(workers, float) - 1
    y = np.asarray(workers, float) / np.asarray(speedups, float) - 1
    return float((x @ y) / (x @ x))
