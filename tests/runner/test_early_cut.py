"""Rounds of slow workers that are cut once enough others have collected theirs: what is taken, learned from and counted."""

from __future__ import annotations

from pathlib import Path

import pytest
from program import ROUND_STEPS, counted, train

ROUNDS = 3
# A step takes the slow one of two workers longer than a whole round the other: it takes a quarter and is cut.
SLOW = "--cut-stragglers 0.5 --step-cost wait:50us"
TAKEN = ROUND_STEPS // 2 + ROUND_STEPS // 2 // 4


@pytest.mark.parametrize(
    ("options", "slow"),
    [
        ("--algorithm ppo --collect threads", 1),
        ("--algorithm a2c --collect processes", 0),
        ("--algorithm vtrace --collect mpi", 1),
        ("--algorithm ppo --collect threads --agreement all-reduce", 1),
        ("--algorithm ppo --collect processes --agreement all-reduce", 0),
        ("--algorithm a2c --collect mpi --agreement all-reduce", 1),
    ],
)
def test_a_slow_worker_takes_a_quarter_of_its_steps(tmp_path: Path, options: str, slow: int) -> None:
    common = f"{options} --env CartPole-v1 --workers 2 --rounds {ROUNDS}"
    record = train(tmp_path, common, SLOW, f"--slow-worker {slow}:50")
    assert record["configuration"]["cut_stragglers"] == 0.5
    assert record["counts"]["environment_steps"] == ROUNDS * TAKEN
    assert [point["steps"] for point in record["curve"]] == [TAKEN * (i + 1) for i in range(ROUNDS)]
    assert all(point["busiest_worker_steps"] == ROUND_STEPS // 2 for point in record["curve"])
    whole = train(tmp_path, common)
    assert record["counts"]["updates"] == whole["counts"]["updates"]
    for purpose in ("weights", "trajectories", "gradients", "control"):
        if purpose == "gradients" or "all-reduce" not in options:
            assert counted(record, purpose)[1] == counted(whole, purpose)[1]
    assert record["parameters_digest"] != whole["parameters_digest"]


@pytest.mark.parametrize(
    "options",
    [
        "--algorithm ppo --collect threads --workers 3",
        "--algorithm vtrace --collect processes --workers 2 --threads-per-worker 2",
        "--algorithm a2c --collect mpi --workers 2",
        "--algorithm ppo --collect processes --workers 2 --agreement all-reduce",
    ],
)
def test_bits_are_those_without_a_cut_where_all_are_waited_for(tmp_path: Path, options: str) -> None:
    common = f"{options} --env CartPole-v1 --rounds {ROUNDS}"
    waited = train(tmp_path, common, "--cut-stragglers 1 --step-cost wait:10us")
    assert waited["parameters_digest"] == train(tmp_path, common)["parameters_digest"]
    assert waited["counts"]["environment_steps"] == ROUNDS * ROUND_STEPS
