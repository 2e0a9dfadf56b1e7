"""Steps to a threshold and final returns, censoring above all."""

from __future__ import annotations

import math
from typing import Any

import pytest

from plots.learning import Learning, evaluations, steps_to
from plots.records import RecordSet


def run(returns: list[float | None], final: float = -200.0, episodes: int = 100) -> dict[str, Any]:
    """A record with an evaluation every 2048 steps; None: a round without one."""
    curve = [{"steps": 2048 * (i + 1), "evaluation_return": value} for i, value in enumerate(returns)]
    for point in curve:
        if point["evaluation_return"] is None:
            del point["evaluation_return"]
    return {
        "curve": curve,
        "counts": {"environment_steps": 2048 * len(returns)},
        "final_evaluation": {"mean": final, "episodes": episodes},
    }


def learning(*records: dict[str, Any]) -> Learning:
    plan = {"cells": {}, "machine": {"usable_cores": 2}}
    return Learning(RecordSet(plan, {}, {"learning.x": dict(enumerate(records, 1))}, {}, None))


def test_first_evaluation_that_reaches_it_counts() -> None:
    assert steps_to(run([-900.0, -199.0, -300.0, -150.0]), -200.0) == 4096
    assert steps_to(run([-900.0, -200.0]), -200.0) == 4096  # reaching is enough
    assert steps_to(run([-900.0, -201.0]), -200.0) == math.inf


def test_rounds_without_evaluation_are_no_points() -> None:
    assert evaluations(run([None, -900.0, None, -100.0])) == [(4096, -900.0), (8192, -100.0)]


def test_seed_that_never_gets_there_is_counted_not_dropped() -> None:
    crossing = learning(run([-900.0, -100.0]), run([-900.0, -900.0]), run([-900.0, -900.0])).crossing("learning.x", -200.0)
    assert (crossing.reached, crossing.steps.n, crossing.budget) == (1, 3, 4096)
    assert crossing.steps.value == math.inf  # most seeds never do, so the median one does not
    crossing = learning(run([-100.0, -100.0]), run([-900.0, -100.0]), run([-900.0, -900.0])).crossing("learning.x", -200.0)
    assert (crossing.reached, crossing.steps.value) == (2, 4096.0)
    assert crossing.steps.high == math.inf


def test_restricted_steps_count_the_budget() -> None:
    seeds = learning(run([-100.0, -100.0]), run([-900.0, -900.0]))
    assert seeds.restricted_steps("learning.x", -200.0) == [2048.0, 4096.0]


def test_final_return_is_the_interquartile_mean_over_seeds() -> None:
    seeds = learning(*(run([-100.0], final) for final in (-1000.0, -200.0, -190.0, -180.0, 0.0)))
    assert seeds.final_return("learning.x").value == pytest.approx(-190.0)
    assert seeds.final_return("learning.x").n == 5  # seeds, not episodes
    assert seeds.final_episodes("learning.x") == 500


def test_curve_has_the_evaluations_that_all_seeds_have() -> None:
    curve = learning(run([-4.0, -2.0, -1.0]), run([-2.0, -2.0])).curve("learning.x")
    assert curve is not None
    assert list(curve.steps) == [2048, 4096]
    assert list(curve.value) == [-3.0, -2.0]
