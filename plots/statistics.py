"""Estimates with 95 % bootstrap intervals. A replicate is a process launch or a seed, never an episode or a round.

Percentile bootstrap (Efron & Tibshirani 1993, chapter 13) with the expanded percentiles of Hesterberg, "What teachers
should know about the bootstrap" (2015), section 5.3: with n replicates the plain percentile interval is too short by
sqrt((n - 1) / n) and by normal instead of t quantiles, which matters at n = 5. Its tails are therefore taken at

  alpha' = Phi(-t_{0.975, n-1} * sqrt(n / (n - 1))).

The generator is our own and starts from the same seed for every estimate: the same records give the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

_RESAMPLES = 10_000
_SEED = 20_240_229
_TAIL = 0.025

# Takes one array for each group, resamples first, replicates second; returns one value for each resample.
Statistic = Callable[..., NDArray[np.float64]]


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval from n replicates; the interval is nan where n = 1."""

    value: float
    low: float
    high: float
    n: int

    def scaled(self, factor: float) -> Estimate:
        bounds = sorted((self.low * factor, self.high * factor))
        return Estimate(self.value * factor, bounds[0], bounds[1], self.n)


def mean(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(samples.mean(axis=1))


def median(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Infinity counts as larger than every number, so runs that never got there keep their place."""
    return np.median(samples, axis=1)


def interquartile_mean(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean of the middle half (Agarwal et al. 2021, 'rliable')."""
    return np.asarray(stats.trim_mean(samples, 0.25, axis=1), dtype=np.float64)


def ratio_of_means(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """For pairs (numerator, denominator) along the last axis."""
    means = samples.mean(axis=1)
    return np.asarray(means[:, 0] / means[:, 1])


def tail_probability(n: int) -> float:
    """alpha' of the equation above."""
    return float(stats.norm.cdf(-stats.t.ppf(1 - _TAIL, n - 1) * math.sqrt(n / (n - 1))))


def bootstrap(groups: Sequence[ArrayLike], statistic: Statistic) -> Estimate:
    """Groups are resampled independently; what belongs together (pairs) stands along further axes of one group."""
    samples = [np.asarray(group, dtype=np.float64) for group in groups]
    n = min(len(group) for group in samples)
    value = float(statistic(*(group[None] for group in samples))[0])
    if n < 2:
        return Estimate(value, math.nan, math.nan, n)
    generator = np.random.default_rng(_SEED)
    resampled = [group[generator.integers(len(group), size=(_RESAMPLES, len(group)))] for group in samples]
    values = statistic(*resampled)
    tail = tail_probability(n)
    # No interpolation: between a number and infinity there is nothing.
    low, high = np.quantile(values, [tail, 1 - tail], method="inverted_cdf")
    return Estimate(value, float(low), float(high), n)


def paired_ratio(numerators: Sequence[float], denominators: Sequence[float]) -> Estimate:
    """Mean over mean of two rows whose launches ran side by side. A single numerator is held against all denominators
    and gets no interval."""
    if len(numerators) == 1 and len(denominators) > 1:
        return Estimate(numerators[0] / float(np.mean(denominators)), math.nan, math.nan, 1)
    pairs = np.stack([np.asarray(numerators, float), np.asarray(denominators, float)], axis=1)
    return bootstrap([pairs], ratio_of_means)
