"""Estimates and their intervals against hand calculation and against the coverage that they promise."""

from __future__ import annotations

import math

import numpy as np
import pytest

from plots import statistics
from plots.statistics import bootstrap, interquartile_mean, mean, median, paired_ratio, tail_probability


def test_interquartile_mean_by_hand() -> None:
    # Eight values: the two lowest and the two highest go, 3, 4, 5, 6 remain.
    assert interquartile_mean(np.array([[100.0, 3, 4, 5, 6, -50, 0, 7]]))[0] == 4.5
    # Five values: a quarter of five is one whole value on each side.
    assert interquartile_mean(np.array([[1.0, 2, 3, 10, 1000]]))[0] == 5.0


def test_median_keeps_the_place_of_runs_that_never_got_there() -> None:
    assert median(np.array([[10.0, math.inf, 20.0]]))[0] == 20.0
    assert median(np.array([[10.0, math.inf, math.inf]]))[0] == math.inf


def test_tails_are_those_of_a_t_interval_on_normal_data() -> None:
    # On normal data the percentile interval is mean +- z(alpha') sqrt((n-1)/n) s/sqrt(n); it must equal t s/sqrt(n).
    for n, t in ((5, 2.776445), (10, 2.262157)):
        z = t * math.sqrt(n / (n - 1))
        assert tail_probability(n) == pytest.approx(0.5 * math.erfc(z / math.sqrt(2)), rel=1e-5)


@pytest.mark.parametrize(
    ("draw", "truth", "n", "at_least"),
    [
        ("normal", 0.0, 5, 0.90),
        ("normal", 0.0, 10, 0.91),
        ("exponential", 1.0, 10, 0.86),  # skewed: every symmetric-minded interval covers less
        ("uniform", 0.5, 5, 0.90),
    ],
)
def test_interval_of_the_mean_covers_the_truth(
    monkeypatch: pytest.MonkeyPatch, draw: str, truth: float, n: int, at_least: float
) -> None:
    monkeypatch.setattr(statistics, "_RESAMPLES", 2000)
    generator = np.random.default_rng(7)
    covered = 0
    for _ in range(500):
        estimate = bootstrap([getattr(generator, draw)(size=n)], mean)
        covered += estimate.low <= truth <= estimate.high
    assert at_least <= covered / 500 <= 0.99


def test_plain_percentiles_would_cover_too_little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "_RESAMPLES", 2000)
    monkeypatch.setattr(statistics, "tail_probability", lambda n: 0.025)
    generator = np.random.default_rng(7)
    estimates = [bootstrap([generator.normal(size=5)], mean) for _ in range(500)]
    assert sum(e.low <= 0 <= e.high for e in estimates) / 500 < 0.88


def test_estimate_repeats_and_carries_its_number_of_replicates() -> None:
    samples = [3.0, 1.0, 2.0, 5.0]
    assert bootstrap([samples], mean) == bootstrap([samples], mean)
    estimate = bootstrap([samples], mean)
    assert (estimate.value, estimate.n) == (2.75, 4)
    assert estimate.low < 2.75 < estimate.high


def test_one_replicate_has_no_interval() -> None:
    estimate = bootstrap([[4.0]], mean)
    assert (estimate.value, estimate.n) == (4.0, 1)
    assert math.isnan(estimate.low) and math.isnan(estimate.high)


def test_interval_may_end_at_infinity_but_is_never_nan() -> None:
    estimate = bootstrap([[10.0, 20.0, 30.0, math.inf, math.inf]], median)
    assert estimate.value == 30.0
    assert estimate.high == math.inf
    assert not math.isnan(estimate.low)


def test_pairs_cancel_what_both_share() -> None:
    # A machine that drifts by a factor of two between launches: each launch's ratio is 3 exactly.
    serial = [100.0, 150.0, 200.0, 120.0, 180.0]
    ratio = paired_ratio([3 * value for value in serial], serial)
    assert ratio.value == pytest.approx(3.0)
    assert ratio.low == pytest.approx(3.0) and ratio.high == pytest.approx(3.0)


def test_single_launch_is_held_against_all_of_the_base() -> None:
    ratio = paired_ratio([6.0], [1.0, 2.0, 3.0])
    assert (ratio.value, ratio.n) == (3.0, 1)
    assert math.isnan(ratio.low)
