"""What went through a replay, as a run records it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from program import ENVIRONMENTS, ROUND_STEPS, train

# Greedy actions of a first network never solve MountainCar-v0, so all episodes are truncated after 200 steps.
FREE_REPLAY = "--algorithm dqn --env MountainCar-v0 --n-step 3 --publish-weights false --epsilon-end 0 --epsilon-steps 0"


def environments_that_came(record: dict[str, Any]) -> int:
    """Free-running, a slow start can leave a worker without a segment: then its environments hold nothing back."""
    workers = record["seconds"]["workers"]
    return ENVIRONMENTS // len(workers) * sum(worker["collect"] > 0 for worker in workers)


@pytest.mark.parametrize(
    ("mode", "shards"),
    [
        ("serial", 1),
        ("processes --workers 2 --agreement none", 2),
        ("threads --workers 2 --schedule free-running", 1),
        ("processes --workers 4 --schedule free-running --queue-depth 3", 1),
        ("threads --workers 2 --schedule free-running", 2),
    ],
)
def test_replay_counts_follow_the_steps(tmp_path: Path, mode: str, shards: int) -> None:
    rounds = 10
    record = train(tmp_path, FREE_REPLAY, f"--collect {mode} --shards {shards} --rounds {rounds} --batch 30")
    counts, replay, seconds = record["counts"], record["replay"], record["seconds"]
    # The last three steps of every environment wait for the next one's observation.
    assert counts["environment_steps"] == rounds * ROUND_STEPS
    assert replay["added"] == replay["size"] == rounds * ROUND_STEPS - 3 * environments_that_came(record)
    # A shard whose worker has not come yet has nothing, and no update is made.
    if shards == 1:
        assert counts["updates"] == rounds * ROUND_STEPS // 4
    assert replay["sampled"] == 30 * counts["updates"]
    assert replay["samples_per_insert"] == pytest.approx(replay["sampled"] / replay["added"])
    total = sum(one["total"] for one in seconds["rounds"])
    assert replay["added_per_second"] == pytest.approx(replay["added"] / total)
    assert replay["sampled_per_second"] == pytest.approx(replay["sampled"] / total)


def test_replay_counts_of_split_gradients_are_those_of_all_shards(tmp_path: Path) -> None:
    options = "--algorithm dqn --env CartPole-v1 --n-step 3 --rounds 6 --replay-capacity 500 --warmup-rounds 2"
    replays = []
    for mode in ("serial --shards 2", "threads --workers 2 --agreement all-reduce", "mpi --workers 2 --agreement all-reduce"):
        replay = train(tmp_path, options, f"--collect {mode}")["replay"]
        replays.append({name: replay[name] for name in ("added", "sampled", "size", "samples_per_insert")})
    assert replays[0] == replays[1] == replays[2]
    assert replays[0]["size"] == 500
    assert replays[0]["sampled"] == 6 * ROUND_STEPS // 4 * 32


def test_a_replay_smaller_than_a_batch_waits(tmp_path: Path) -> None:
    options = "--algorithm dqn --env MountainCar-v0 --rounds 2 --batch 600 --collect threads --workers 2"
    for schedule in ("lock-step", "free-running"):
        record = train(tmp_path, options, f"--schedule {schedule}")
        assert (record["counts"]["updates"], record["replay"]["sampled"]) == (0, 0)
        assert record["replay"]["samples_per_insert"] == 0
        assert record["replay"]["added"] == 2 * ROUND_STEPS - environments_that_came(record)
