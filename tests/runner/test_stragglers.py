"""Workers and steps that cost more than others: who pays, who waits, and that no bits depend on it."""

from __future__ import annotations

from pathlib import Path

import pytest
from program import ENVIRONMENTS, ROUND_STEPS, train

STEPS_EACH = ROUND_STEPS // ENVIRONMENTS
COST = "--step-cost wait:500us"
COST_SECONDS = 500e-6


@pytest.mark.parametrize(
    ("mode", "slow"),
    [
        ("threads --workers 4", 0),
        ("threads --workers 4 --schedule pipelined", 1),
        ("processes --workers 4", 0),
        ("processes --workers 4 --inference learner", 1),
        ("processes --workers 4 --agreement all-reduce", 1),
        ("threads --workers 4 --agreement server", 1),
        ("mpi --workers 2", 1),
        ("mpi --workers 2 --inference learner", 1),
        ("mpi --workers 2 --agreement all-reduce", 1),
    ],
)
def test_a_slow_worker_holds_back_lock_step_rounds(tmp_path: Path, mode: str, slow: int) -> None:
    options = (f"--collect {mode} --rounds 2", COST)
    record = train(tmp_path, *options, f"--slow-worker {slow}:8")
    assert (record["configuration"]["slow_worker"], record["configuration"]["slow_factor"]) == (slow, 8.0)
    workers = record["configuration"]["workers"]
    waited = 8 * COST_SECONDS * ROUND_STEPS // workers
    assert sum(one["total"] for one in record["seconds"]["rounds"]) >= 2 * waited


@pytest.mark.parametrize(
    ("collect", "agreement"), [("threads", "none"), ("mpi", "none"), ("processes", "hogwild"), ("processes", "gossip")]
)
def test_a_slow_worker_that_runs_freely_does_not_hold_the_others_back(tmp_path: Path, collect: str, agreement: str) -> None:
    record = train(
        tmp_path,
        f"--algorithm a2c --collect {collect} --workers 2 --schedule free-running --agreement {agreement} --rounds 12",
        f"{COST} --slow-worker 1:50",
    )
    # In lock-step worker 1 alone would take this long.
    assert sum(one["total"] for one in record["seconds"]["rounds"]) < 12 * 50 * COST_SECONDS * ROUND_STEPS // 2


@pytest.mark.parametrize(
    ("mode", "cost"),
    [
        ("threads --workers 3", "--step-cost wait:10us:pareto:1.5 --reset-cost wait:2ms --slow-worker 1:2"),
        ("processes --workers 3 --inference learner", "--step-cost busy:5us:lognormal:1 --slow-worker 0:2"),
    ],
)
def test_costs_that_differ_change_no_bits(tmp_path: Path, mode: str, cost: str) -> None:
    common = "--env CartPole-v1 --rounds 3"
    record = train(tmp_path, common, f"--collect {mode}", cost)
    assert record["parameters_digest"] == train(tmp_path, common)["parameters_digest"]
    assert record["configuration"]["step_cost"] == cost.split()[1]


def test_every_reset_is_paid(tmp_path: Path) -> None:
    record = train(tmp_path, "--env CartPole-v1 --rounds 3 --reset-cost wait:2ms")
    assert record["counts"]["episodes"] > 0
    assert record["seconds"]["collect"] >= record["counts"]["episodes"] * 2e-3


@pytest.mark.parametrize(
    ("options", "grain"),
    [
        ("--env Pendulum-v1", 3),
        ("--algorithm a2c --env CartPole-v1 --schedule pipelined", 1),
        ("--algorithm reinforce --env CartPole-v1 --episodes 16 --rounds 2", 1),
    ],
)
def test_environments_that_the_next_free_thread_takes_have_the_same_bits(tmp_path: Path, options: str, grain: int) -> None:
    lag = "--lag 1" if "pipelined" in options else ""
    serial = train(tmp_path, options.replace("--schedule pipelined", ""), lag)
    taken = train(tmp_path, options, f"--collect threads --workers 3 --grain {grain} --step-cost wait:10us")
    assert taken["parameters_digest"] == serial["parameters_digest"]
    assert taken["configuration"]["grain"] == grain


def test_others_take_the_environments_of_a_slow_worker(tmp_path: Path) -> None:
    """Worker 1 needs as long for one environment as the other needs for all: it has begun one, and gets no other."""
    options = f"--collect threads --workers 2 --rounds 3 {COST} --slow-worker 1:{2 * ENVIRONMENTS}"
    balanced = train(tmp_path, options, "--grain 1")
    assert [point["busiest_worker_steps"] for point in balanced["curve"]] == [(ENVIRONMENTS - 1) * STEPS_EACH] * 3
    fixed = train(tmp_path, options)
    assert [point["busiest_worker_steps"] for point in fixed["curve"]] == [ROUND_STEPS // 2] * 3
