"""Rounds that pay a step cost while the others cost nothing, and the steps that such a round makes the slowest worker wait."""

from __future__ import annotations

from pathlib import Path

import pytest
from program import ENVIRONMENTS, ROUND_STEPS, SMALL_ROUND, run, train

# A counted round of eight environments then waits for a second on one worker.
COST_SECONDS = 4e-3
COST = "--step-cost wait:4ms"


@pytest.mark.parametrize(
    ("mode", "most_environments"),
    [
        ("serial", 8),
        ("threads --workers 3", 3),
        ("threads --workers 4 --agreement all-reduce", 2),
        ("processes --workers 3", 3),
        ("processes --workers 3 --inference learner", 3),
        ("processes --workers 4 --agreement all-reduce", 2),
        ("mpi --workers 4", 2),
        ("mpi --workers 3 --inference learner", 3),
        ("mpi --workers 4 --agreement all-reduce", 2),
    ],
)
def test_only_the_named_rounds_wait(tmp_path: Path, mode: str, most_environments: int) -> None:
    options = f"--collect {mode} --steps {4 * ROUND_STEPS} --warmup-rounds 1"
    record = train(tmp_path, options, COST, "--cost-rounds 2,4")
    assert record["configuration"]["cost_rounds"] == [2, 4]
    steps = most_environments * ROUND_STEPS // ENVIRONMENTS
    assert [point["busiest_worker_steps"] for point in record["curve"]] == [steps] * 4
    seconds = [one["collect"] for one in record["seconds"]["rounds"]]
    waited = steps * COST_SECONDS
    assert min(seconds[1], seconds[3]) >= waited > max(seconds[0], seconds[2])
    assert record["parameters_digest"] == train(tmp_path, options)["parameters_digest"]


def test_steps_of_the_busiest_worker_are_the_longest_share_of_whole_episodes(tmp_path: Path) -> None:
    options = "--algorithm reinforce --env CartPole-v1 --episodes 8 --envs 4 --rounds 3 --shards 2"
    shares = {}
    for workers, mode in ((1, "serial"), (2, "processes"), (2, "mpi"), (4, "processes")):
        record = train(tmp_path, options, f"--collect {mode} --workers {workers}")
        shares[mode, workers] = [point["busiest_worker_steps"] for point in record["curve"]]
    # CartPole-v1 gives 1 a step.
    assert shares["serial", 1] == [round(point["training_return"] * 8) for point in record["curve"]]
    assert shares["mpi", 2] == shares["processes", 2]
    for all_steps, half, quarter in zip(shares["serial", 1], shares["processes", 2], shares["processes", 4], strict=True):
        assert all_steps / 2 <= half < all_steps
        assert half / 2 <= quarter < half
    split = train(tmp_path, options.removesuffix(" --shards 2"), "--collect processes --workers 2 --agreement all-reduce")
    assert [point["busiest_worker_steps"] for point in split["curve"]] == shares["processes", 2]


def test_workers_that_run_freely_have_no_common_rounds(tmp_path: Path) -> None:
    free = "--algorithm vtrace --collect threads --workers 2 --schedule free-running"
    outcome = run(["train", *SMALL_ROUND, *free.split(), *COST.split(), "--cost-rounds", "1"], tmp_path)
    assert outcome.status == 2
    assert "--cost-rounds is for --schedule lock-step" in outcome.own_errors[0]
