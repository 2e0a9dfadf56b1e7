"""Verdict rules by cases: inside, outside, straddling, missing, oversubscribed."""

from __future__ import annotations

import math

import pytest

from plots.statistics import Estimate
from plots.verdicts import (
    OVERSUBSCRIBED,
    Kind,
    Verdict,
    all_of,
    decide,
    judge_above,
    judge_below,
    judge_within,
    not_run,
)

CONFIRMED, REFUTED, INCONCLUSIVE = (Verdict(k) for k in (Kind.CONFIRMED, Kind.REFUTED, Kind.INCONCLUSIVE))


def estimate(low: float, high: float, n: int = 5) -> Estimate:
    return Estimate((low + high) / 2, low, high, n)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (3.0, 3.4, CONFIRMED),  # within 3.2 +- 10 %: 2.88 to 3.52
        (2.881, 3.519, CONFIRMED),
        (2.80, 3.0, INCONCLUSIVE),  # straddles the lower line
        (3.4, 3.6, INCONCLUSIVE),
        (2.0, 5.0, INCONCLUSIVE),  # wider than the tolerance
        (3.60, 3.90, REFUTED),
        (1.0, 2.87, REFUTED),
    ],
)
def test_within_ten_percent(low: float, high: float, expected: Verdict) -> None:
    assert judge_within(estimate(low, high), 3.2, 0.10) == expected


def test_within_works_for_negative_figures() -> None:
    assert judge_within(estimate(-125.0, -118.0), -119.8, 0.10) == CONFIRMED
    assert judge_within(estimate(-201.0, -183.0), -119.8, 0.10) == REFUTED
    assert judge_within(estimate(-140.0, -130.0), -119.8, 0.10) == INCONCLUSIVE


def test_censored_interval_is_outside() -> None:
    assert judge_within(Estimate(math.inf, 307_200.0, math.inf, 5), 31_500, 0.10) == REFUTED
    assert judge_within(Estimate(math.inf, 30_000.0, math.inf, 5), 31_500, 0.10) == INCONCLUSIVE


def test_above_and_below_a_line() -> None:
    assert judge_above(estimate(1.03, 1.10), 1.02) == CONFIRMED
    assert judge_above(estimate(1.00, 1.01), 1.02) == REFUTED
    assert judge_above(estimate(1.00, 1.10), 1.02) == INCONCLUSIVE
    assert judge_below(estimate(-3.0, -1.0), 0.0) == CONFIRMED
    assert judge_below(estimate(1.0, 3.0), 0.0) == REFUTED
    assert judge_below(estimate(-1.0, 1.0), 0.0) == INCONCLUSIVE


@pytest.mark.parametrize("n", [1, 2])
def test_fewer_than_three_replicates_confirm_nothing(n: int) -> None:
    verdict = judge_within(estimate(3.19, 3.21, n), 3.2, 0.10)
    assert verdict.kind is Kind.INCONCLUSIVE
    assert str(n) in verdict.reason


def test_parts_of_a_claim() -> None:
    missing = not_run("no mpirun")
    assert all_of([CONFIRMED, CONFIRMED]) == CONFIRMED
    assert all_of([CONFIRMED, INCONCLUSIVE]) == INCONCLUSIVE
    assert all_of([INCONCLUSIVE, REFUTED]) == REFUTED
    assert all_of([CONFIRMED, missing]) == missing
    assert all_of([CONFIRMED, OVERSUBSCRIBED]) == OVERSUBSCRIBED


def test_the_first_regime_that_can_be_judged_decides() -> None:
    assert decide({"busy": OVERSUBSCRIBED, "wait": REFUTED}, ["busy", "wait"]) == ("wait", REFUTED)
    assert decide({"busy": CONFIRMED, "wait": REFUTED}, ["busy", "wait"]) == ("busy", CONFIRMED)
    assert decide({"as_is": CONFIRMED, "wait": OVERSUBSCRIBED}, ["busy", "wait"]) == ("wait", OVERSUBSCRIBED)
    assert decide({}, ["busy"])[1].kind is Kind.NOT_RUN


def test_reasons_are_said() -> None:
    assert str(not_run("no mpirun")) == "not run: no mpirun"
    assert OVERSUBSCRIBED.short() == "oversubscribed"
