"""Parameter servers' quantities on curves whose slopes and passages are known."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from plots.studies.parameter_servers_quantities import changes_to, oscillation, ratio_of_medians, slope, transitions_to


def record(errors: list[float], merges: int = 0) -> dict[str, Any]:
    """Looks every 1,000 steps; the largest |Q*| is 4."""
    steps = 1000 * len(errors)
    return {
        "curve": [{"steps": 1000 * (i + 1), "error": error} for i, error in enumerate(errors)],
        "optimum": {"largest_value": 4.0},
        "counts": {"environment_steps": steps, "updates": steps, "merges": merges},
    }


@pytest.mark.parametrize("power", [-0.1, -0.3, 0.0])
def test_a_power_law_has_its_slope_and_no_oscillation(power: float) -> None:
    run = record([3.0 * (i + 1) ** power for i in range(200)])
    assert slope(run) == pytest.approx(power, abs=1e-9)
    assert oscillation(run) == pytest.approx(0.0, abs=1e-9)


def test_the_slope_is_of_the_last_twentieth_on() -> None:
    late = [3.0 * (i + 1) ** -0.3 if i >= 9 else 100.0 for i in range(200)]
    assert slope(record(late)) == pytest.approx(-0.3, abs=1e-9)


def test_oscillation_is_the_spread_about_the_line() -> None:
    generator = np.random.default_rng(1)
    swings = [oscillation(record(list(10 ** generator.normal(0.0, 0.2, 200)))) for _ in range(200)]
    assert np.mean(swings) == pytest.approx(0.2, rel=0.05)


def test_passages_count_transitions_and_changes_of_the_table() -> None:
    run = record([1.0, 0.5, 0.2, 0.4], merges=40)
    assert transitions_to(run, 0.05) == 3000.0
    assert changes_to(run, 0.05) == 30.0
    assert changes_to(record([1.0, 0.1]), 0.05) == 2000.0  # a single learner: its updates
    assert math.isinf(changes_to(run, 0.01))


def test_a_seed_that_never_gets_there_counts_as_more_than_all_others() -> None:
    assert ratio_of_medians(np.array([[1.0, math.inf, 3.0]]), np.array([[1.0, 2.0, math.inf]]))[0] == 1.5
    assert math.isnan(ratio_of_medians(np.array([[math.inf]]), np.array([[math.inf]]))[0])
