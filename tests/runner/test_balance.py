"""Environments that move to faster workers between rounds: nothing changes but who steps them, and that is recorded."""

from __future__ import annotations

from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import pytest
from program import ENVIRONMENTS, ROUND_STEPS, counted, train

STEPS_EACH = ROUND_STEPS // ENVIRONMENTS
ROUNDS = 6
SLOW = "--balance speed --step-cost wait:100us --slow-worker 1:20"
HEADER_BYTES = 16
RANGE_BYTES = 8
CARTPOLE_STATE_BYTES = 4 * 4 + 4


def ranges_of(counts: list[int]) -> list[range]:
    ends = [0, *accumulate(counts)]
    return [range(begin, end) for begin, end in pairwise(ends)]


def change_messages(divisions: list[dict[str, Any]]) -> tuple[int, int]:
    """Bytes and messages that tell workers after worker 0 of their other ranges, with the states that they lack."""
    count = size = 0
    for before, after in pairwise(ranges_of(division["environments"]) for division in divisions):
        for had, has in list(zip(before, after, strict=True))[1:]:
            if had != has:
                count += 1
                size += RANGE_BYTES + CARTPOLE_STATE_BYTES * len(set(has) - set(had))
    return size, count


@pytest.mark.parametrize(
    ("rule", "collect"),
    [("ppo", "threads"), ("vtrace", "processes"), ("a2c", "mpi"), ("dqn --learning-starts 0 --batch 32", "processes")],
)
def test_bits_are_the_serial_ones_and_moves_are_counted(tmp_path: Path, rule: str, collect: str) -> None:
    common = f"--algorithm {rule} --env CartPole-v1 --rounds {ROUNDS}"
    record = train(tmp_path, common, f"--collect {collect} --workers 3", SLOW)
    assert record["parameters_digest"] == train(tmp_path, common)["parameters_digest"]
    assert record["configuration"]["balance"] == "speed"
    divisions = record["divisions"]
    assert divisions[0] == {"round": 1, "environments": [2, 3, 3]}
    assert all(sum(division["environments"]) == ENVIRONMENTS for division in divisions)
    assert divisions[-1]["environments"][1] == 1
    rounds = [division["round"] for division in divisions]
    assert rounds == sorted(set(rounds)) and rounds[-1] <= ROUNDS
    size, count = change_messages(divisions)
    headers = 0 if collect == "threads" else 2 * 2 * ROUNDS
    assert counted(record, "control") == (headers * HEADER_BYTES + size, headers + count)
    busiest = [max(d["environments"]) * STEPS_EACH for d in divisions]
    assert record["curve"][-1]["busiest_worker_steps"] == busiest[-1]
    assert record["counts"]["environment_steps"] == ROUNDS * ROUND_STEPS


def test_a_balanced_run_is_kept_and_goes_on_with_the_same_bits(tmp_path: Path) -> None:
    whole = train(tmp_path, f"--env CartPole-v1 --rounds {ROUNDS}")
    kept = f"--checkpoint {tmp_path / 'kept'} --checkpoint-every 4"
    common = f"--env CartPole-v1 --rounds {ROUNDS} --collect processes --workers 3 {SLOW}"
    train(tmp_path, common, kept)
    resumed = train(tmp_path, common, f"--resume {tmp_path / 'kept'}")
    assert resumed["parameters_digest"] == whole["parameters_digest"]
    assert resumed["divisions"][0] == {"round": 1, "environments": [2, 3, 3]}
    # Who goes on has measured nothing yet.
    assert {"round": 5, "environments": [2, 3, 3]} in resumed["divisions"]
