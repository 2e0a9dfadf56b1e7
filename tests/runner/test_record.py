"""What a run records: its schema, closed forms of what it moved, and figures that fit each other."""

from __future__ import annotations

import math
import statistics
from pathlib import Path
from typing import Any

import pytest
from program import ENVIRONMENTS, ROUND_STEPS, train
from record_schema import faults_of

HEADER_BYTES = 16
CACHE_LINE_BYTES = 64
# Observation floats, action floats, outputs of the policy's head, floats of its log standard deviation.
SIZES = {"Pendulum-v1": (3, 1, 1, 1), "CartPole-v1": (4, 1, 2, 0)}
PENDULUM_STEPS = 200


def parameters_of(environment: str) -> int:
    """Of a shared trunk of two layers of 16, a policy head and a value head."""
    observation, _, head, log_std = SIZES[environment]
    return (observation * 16 + 16) + (16 * 16 + 16) + (16 * head + head) + (16 + 1) + log_std


def environments_of_others(workers: int, environments: int) -> int:
    """Environments of all workers but worker 0, which has [0, N / W)."""
    return environments - environments // workers


def block_bytes(environment: str, steps: int, cut_rows: int = 0, action_values: int = 0) -> int:
    observation, action, _, _ = SIZES[environment]
    needed = steps * (4 * (observation + action + 4 + action_values) + 1) + 4 * observation * cut_rows
    return math.ceil(needed / CACHE_LINE_BYTES) * CACHE_LINE_BYTES


@pytest.mark.parametrize(
    "options",
    [
        "--collect serial --evaluate-every 1 --evaluation-episodes 2 --final-episodes 3 --steps 768",
        "--collect processes --workers 2 --agreement all-reduce --warmup-rounds 1 --env CartPole-v1",
        "--collect mpi --workers 2 --inference learner --step-cost busy:1us",
        "--algorithm a2c --collect threads --workers 2",
        "--algorithm vtrace --env CartPole-v1",
        "--algorithm reinforce --preset baseline --env CartPole-v1",
    ],
)
def test_record_has_the_documented_fields(tmp_path: Path, options: str) -> None:
    assert faults_of(train(tmp_path, options), "prl train") == []


@pytest.mark.parametrize("warmup_rounds", [0, 2])
@pytest.mark.parametrize(
    ("environment", "collect", "workers"),
    [
        ("Pendulum-v1", "serial", 1),
        ("CartPole-v1", "threads", 3),
        ("Pendulum-v1", "processes", 3),
        ("CartPole-v1", "processes", 8),
        ("Pendulum-v1", "mpi", 3),
    ],
)
def test_bytes_with_policies_in_the_workers(
    tmp_path: Path, environment: str, collect: str, workers: int, warmup_rounds: int
) -> None:
    rounds = 3
    record = train(
        tmp_path,
        f"--env {environment} --collect {collect} --workers {workers}",
        f"--warmup-rounds {warmup_rounds} --steps {rounds * ROUND_STEPS}",
    )
    parameters = parameters_of(environment)
    others = environments_of_others(workers, ENVIRONMENTS)
    assert record["counts"]["parameters"] == parameters
    assert counted(record, "weights") == (rounds * (workers - 1) * 4 * parameters, rounds * (workers - 1))
    trajectory_bytes = rounds * others * block_bytes(environment, ROUND_STEPS // ENVIRONMENTS)
    assert counted(record, "trajectories") == (trajectory_bytes, rounds * (workers - 1))
    # Threads are called, not told.
    headers = 0 if collect == "threads" else 2 * rounds * (workers - 1)
    assert counted(record, "control") == (headers * HEADER_BYTES, headers)
    assert counted(record, "gradients") == (0, 0)


# The last number of steps an environment is more than a time limit.
@pytest.mark.parametrize("steps", [1, 32, 201])
def test_bytes_of_trajectories_with_observations_at_cuts(tmp_path: Path, steps: int) -> None:
    record = train(
        tmp_path,
        f"--algorithm vtrace --collect processes --workers 2 --steps-per-round {steps * ENVIRONMENTS}",
        f"--steps {2 * steps * ENVIRONMENTS}",
    )
    cut_rows = (steps - 1) // PENDULUM_STEPS + 2
    trajectory_bytes = 2 * ENVIRONMENTS // 2 * block_bytes("Pendulum-v1", steps, cut_rows)
    assert counted(record, "trajectories") == (trajectory_bytes, 2)


@pytest.mark.parametrize(
    ("options", "action_values"),
    [
        ("--replay prioritised --first-priority actor", 1),
        ("--replay prioritised --first-priority error", 0),
        ("--replay uniform --first-priority actor", 0),
    ],
)
@pytest.mark.parametrize("schedule", ["lock-step", "free-running"])
def test_bytes_of_trajectories_with_action_values(
    tmp_path: Path, schedule: str, options: str, action_values: int
) -> None:
    record = train(
        tmp_path,
        f"--algorithm dqn --env CartPole-v1 --collect processes --workers 2 --schedule {schedule}",
        f"--rounds 3 {options}",
    )
    block = block_bytes("CartPole-v1", ROUND_STEPS // ENVIRONMENTS, 2, action_values)
    # Free-running workers are all apart from the learner.
    sent = 3 * ENVIRONMENTS * block // (1 if schedule == "free-running" else 2)
    assert counted(record, "trajectories") == (sent, 6 if schedule == "free-running" else 3)


@pytest.mark.parametrize("collect", ["threads", "processes", "mpi"])
def test_bytes_of_whole_episodes_are_of_the_steps_that_were_taken(tmp_path: Path, collect: str) -> None:
    """Of the first round, whose episodes do not depend on the number of environments: worker 0 has the first of them."""
    options = "--algorithm reinforce --env CartPole-v1 --rounds 1 --episodes {0} --envs {0}"
    both = train(tmp_path, options.format(2), f"--collect {collect} --workers 2")
    first = train(tmp_path, options.format(1))
    taken = both["counts"]["environment_steps"] - first["counts"]["environment_steps"]
    assert counted(both, "trajectories") == (4 + taken * (4 * (4 + 1 + 4) + 1), 1)


@pytest.mark.parametrize("warmup_rounds", [0, 2])
@pytest.mark.parametrize(("collect", "workers"), [("processes", 3), ("mpi", 2)])
def test_bytes_with_the_policy_at_the_learner(
    tmp_path: Path, collect: str, workers: int, warmup_rounds: int
) -> None:
    rounds = 8
    record = train(
        tmp_path,
        f"--collect {collect} --workers {workers} --inference learner",
        f"--warmup-rounds {warmup_rounds} --steps {rounds * ROUND_STEPS}",
    )
    observation, action, _, _ = SIZES["Pendulum-v1"]
    others = environments_of_others(workers, ENVIRONMENTS)
    steps = rounds * ROUND_STEPS // ENVIRONMENTS
    ended = (warmup_rounds * ROUND_STEPS // ENVIRONMENTS + steps) // PENDULUM_STEPS
    each_step = 4 * action + 4 + 4 * observation + 1
    first = 0 if warmup_rounds else 1
    trajectory_bytes = others * (steps * each_step + (ended + first) * 4 * observation)
    assert counted(record, "trajectories") == (trajectory_bytes, (workers - 1) * (2 * steps + first))
    assert counted(record, "control") == (2 * rounds * (workers - 1) * HEADER_BYTES, 2 * rounds * (workers - 1))
    assert counted(record, "weights") == counted(record, "gradients") == (0, 0)


@pytest.mark.parametrize(("collect", "workers"), [("processes", 2), ("processes", 4), ("mpi", 4)])
def test_bytes_of_split_gradients(tmp_path: Path, collect: str, workers: int) -> None:
    record = train(tmp_path, f"--collect {collect} --workers {workers} --agreement all-reduce --steps 512")
    parameters = record["counts"]["parameters"]
    own = math.ceil(parameters / 16) // workers * 16
    updates = record["counts"]["updates"]
    assert updates == 2 * ROUND_STEPS // 64
    gradient_bytes = updates * 4 * ((parameters - own) + (workers - 1) * own)
    assert counted(record, "gradients") == (gradient_bytes, updates * 2 * (workers - 1))
    assert counted(record, "weights") == counted(record, "trajectories") == (0, 0)


@pytest.mark.parametrize(("collect", "workers"), [("threads", 2), ("processes", 4)])
@pytest.mark.parametrize("rule", ["a2c", "ppo"])
def test_workers_on_shared_parameters_count_rounds_copies_and_steps(
    tmp_path: Path, rule: str, collect: str, workers: int
) -> None:
    rounds = 12
    record = train(
        tmp_path,
        f"--algorithm {rule} --collect {collect} --workers {workers} --schedule free-running --agreement hogwild",
        f"--env CartPole-v1 --steps {rounds * ROUND_STEPS} --warmup-rounds 3 --step-cost wait:20us",
    )
    counts, bytes_of_parameters = record["counts"], 4 * record["counts"]["parameters"]
    assert (counts["rounds"], counts["environment_steps"]) == (rounds, rounds * ROUND_STEPS)
    assert [point["steps"] for point in record["curve"]] == [(3 + i) * ROUND_STEPS for i in range(1, rounds + 1)]
    # PPO's minibatches of 64 divide a worker's part of the round.
    each = 1 if rule == "a2c" else ROUND_STEPS // workers // 64
    assert counts["updates"] == rounds * workers * each
    assert sum(lag["segments"] for lag in record["staleness"]) == rounds * workers
    for purpose in ("weights", "gradients"):
        assert counted(record, purpose) == (counts["updates"] * bytes_of_parameters, counts["updates"])
    assert counted(record, "trajectories") == counted(record, "control") == (0, 0)
    # Every counted step was waited for, in a segment that was begun after the warm-up.
    waited = counts["environment_steps"] * 20e-6
    assert waited <= sum(worker["collect"] for worker in record["seconds"]["workers"])


def counted(record: dict[str, Any], purpose: str) -> tuple[int, int]:
    communication = record["communication"][purpose]
    return communication["bytes"], communication["messages"]


@pytest.mark.parametrize("collect", ["serial", "threads --workers 2", "processes --workers 2"])
def test_seconds_fit_each_other(tmp_path: Path, collect: str) -> None:
    record = train(tmp_path, f"--collect {collect} --warmup-rounds 2 --steps 1280 --step-cost wait:50us")
    seconds, counts = record["seconds"], record["counts"]
    assert counts["rounds"] == len(seconds["rounds"]) == 5
    assert counts["environment_steps"] == 5 * ROUND_STEPS
    assert counts["updates"] == 5 * ROUND_STEPS // 64
    for part in ("collect", "learn"):
        assert seconds[part] == pytest.approx(sum(one[part] for one in seconds["rounds"]))
    assert all(one["total"] == pytest.approx(one["collect"] + one["learn"]) for one in seconds["rounds"])
    total = sum(one["total"] for one in seconds["rounds"])
    assert record["steps_per_second"] == pytest.approx(counts["environment_steps"] / total)
    assert seconds["total"] >= total
    # 32 vector steps of at most 8 environments: a wait is never cut short.
    workers = record["configuration"]["workers"]
    waited = 5 * 32 * ENVIRONMENTS // workers * 50e-6
    assert len(seconds["workers"]) == workers
    assert all(waited <= worker["collect"] <= seconds["collect"] for worker in seconds["workers"])


def test_curve_has_a_point_a_counted_round(tmp_path: Path) -> None:
    record = train(
        tmp_path,
        "--warmup-rounds 3 --steps 2560 --evaluate-every 4 --evaluation-episodes 5 --final-episodes 6",
    )
    curve, rounds = record["curve"], record["seconds"]["rounds"]
    assert [point["steps"] for point in curve] == [(3 + i) * ROUND_STEPS for i in range(1, 11)]
    spent = [sum(one["total"] for one in rounds[: i + 1]) for i in range(10)]
    assert [point["seconds"] for point in curve] == pytest.approx(spent)
    # Pendulum-v1 ends after 200 steps: in the seventh round of 32 steps, and in the thirteenth.
    assert [point["training_episodes"] for point in curve] == [0, 0, 0, 8, 0, 0, 0, 0, 0, 8]
    assert [point["training_return"] is None for point in curve] == [e["training_episodes"] == 0 for e in curve]
    assert record["counts"]["episodes"] == 16
    # Every fourth round, and the last.
    assert [i for i, point in enumerate(curve, 1) if "evaluation_return" in point] == [4, 8, 10]
    final = record["final_evaluation"]
    assert final["episodes"] == len(final["returns"]) == 6
    assert final["mean"] == pytest.approx(statistics.mean(final["returns"]))
    assert final["standard_error"] == pytest.approx(statistics.stdev(final["returns"]) / math.sqrt(6))


@pytest.mark.parametrize("mode", ["serial", "threads --workers 2 --agreement all-reduce", "processes --workers 2"])
def test_rounds_of_whole_episodes_count_the_steps_that_were_taken(tmp_path: Path, mode: str) -> None:
    record = train(
        tmp_path,
        f"--algorithm reinforce --env CartPole-v1 --rounds 3 --warmup-rounds 1 --collect {mode} --step-cost wait:100us",
    )
    counts, curve = record["counts"], record["curve"]
    assert record["configuration"]["steps_per_round"] == ENVIRONMENTS * 500
    assert (counts["rounds"], counts["episodes"]) == (3, 3 * ENVIRONMENTS)
    # CartPole-v1 gives 1 a step.
    returns = sum(point["training_return"] * point["training_episodes"] for point in curve)
    assert counts["environment_steps"] == round(returns)
    assert counts["environment_steps"] < 3 * ENVIRONMENTS * 500
    total = sum(one["total"] for one in record["seconds"]["rounds"])
    assert record["steps_per_second"] == pytest.approx(counts["environment_steps"] / total)
    first_steps = round(curve[0]["training_return"] * ENVIRONMENTS)
    assert curve[-1]["steps"] - curve[0]["steps"] == counts["environment_steps"] - first_steps
    assert curve[0]["steps"] > first_steps  # The warm-up round's.
    # Every step was waited for, and nothing else: idle environments would have been waited for ten times as long.
    waited = counts["environment_steps"] * 100e-6
    collected = sum(worker["collect"] for worker in record["seconds"]["workers"])
    assert waited <= collected < 3 * ENVIRONMENTS * 500 * 100e-6


def test_training_returns_do_not_depend_on_the_mode(tmp_path: Path) -> None:
    options = "--env CartPole-v1 --steps 1024 --shards 4"
    curves = []
    for mode in ("serial", "processes --workers 3", "processes --workers 4 --agreement all-reduce"):
        curve = train(tmp_path, options, f"--collect {mode}")["curve"]
        curves.append([(point["training_return"], point["training_episodes"]) for point in curve])
    assert curves[0] == curves[1] == curves[2]
    assert all(episodes > 0 for _, episodes in curves[0])


def test_sampled_evaluation_differs_from_the_mean_action(tmp_path: Path) -> None:
    records = [
        train(tmp_path, f"--steps 256 --final-episodes 4 --evaluation-action {action}") for action in ("mean", "sampled")
    ]
    assert records[0]["parameters_digest"] == records[1]["parameters_digest"]
    assert records[0]["final_evaluation"]["returns"] != records[1]["final_evaluation"]["returns"]


def test_evaluating_does_not_move_training(tmp_path: Path) -> None:
    watched = train(tmp_path, "--steps 768 --evaluate-every 1 --evaluation-episodes 3 --evaluation-action sampled")
    assert watched["parameters_digest"] == train(tmp_path, "--steps 768")["parameters_digest"]


def test_steps_are_rounded_up_to_whole_rounds(tmp_path: Path) -> None:
    for asked, rounds in ((1, 1), (256, 1), (257, 2)):
        record = train(tmp_path, f"--steps {asked}")
        assert record["counts"]["rounds"] == rounds
        assert record["configuration"]["steps"] == rounds * ROUND_STEPS


def test_oversubscription_is_recorded(tmp_path: Path) -> None:
    cores = train(tmp_path, "--steps 256")["machine"]["usable_cores"]
    many = cores + 1
    crowd = f"--steps-per-round {32 * many} --envs {many} --steps 1 --collect threads --workers {many}"
    busy, waiting = train(tmp_path, crowd), train(tmp_path, crowd, "--step-cost wait:1us")
    assert busy["oversubscribed"] and busy["warnings"]
    assert not waiting["oversubscribed"] and not waiting["warnings"]


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


def test_first_episode_above_is_where_the_training_return_says(tmp_path: Path) -> None:
    # One environment: an episode of CartPole-v1 is as many steps as its return.
    options = "--algorithm a2c --env CartPole-v1 --envs 1 --steps-per-round 500 --rounds 8"
    plain = train(tmp_path, options)
    assert plain["configuration"]["solved_return"] is None and "first_episode_above" not in plain
    solved = train(tmp_path, options, "--solved-return 0")["first_episode_above"]
    assert solved["return"] == 0 and 8 < solved["steps"] < 100
    # The first episode ended with those steps, so its return is no greater than them, and a step less is exceeded.
    again = train(tmp_path, options, f"--solved-return {solved['steps'] - 0.5}")["first_episode_above"]
    assert again["steps"] == solved["steps"]
    later = train(tmp_path, options, f"--solved-return {solved['steps']}")
    assert later["first_episode_above"]["steps"] > solved["steps"]
    curve = later["curve"]
    at = next(point for point in curve if point["steps"] >= later["first_episode_above"]["steps"])
    assert later["first_episode_above"]["seconds"] == pytest.approx(at["seconds"])
    never = train(tmp_path, options, "--solved-return 500")["first_episode_above"]
    assert never == {"return": 500, "steps": None, "seconds": None}


def test_first_episode_above_does_not_depend_on_the_mode(tmp_path: Path) -> None:
    options = "--algorithm dqn --env CartPole-v1 --rounds 6 --solved-return 30 --warmup-rounds 1 --shards 4"
    steps = [
        train(tmp_path, options, f"--collect {mode}")["first_episode_above"]["steps"]
        for mode in ("serial", "processes --workers 3", "processes --workers 4 --agreement all-reduce")
    ]
    assert steps[0] == steps[1] == steps[2] and steps[0] % ENVIRONMENTS == 0
    whole = "--algorithm reinforce --env CartPole-v1 --rounds 2 --solved-return 20"
    episodes = [train(tmp_path, whole, f"--collect {mode}") for mode in ("serial", "threads --workers 2")]
    firsts = [record["first_episode_above"]["steps"] for record in episodes]
    assert firsts[0] == firsts[1] > 20


def test_workers_that_get_no_weights_act_with_the_first_ones(tmp_path: Path) -> None:
    options = "--algorithm dqn --env CartPole-v1 --rounds 12 --publish-weights false --epsilon-end 0 --epsilon-steps 0"
    modes = ("serial", "processes --workers 3", "threads --workers 1 --schedule free-running",
             "processes --workers 1 --schedule free-running --queue-depth 4")
    records = [train(tmp_path, options, f"--collect {mode}") for mode in modes]
    assert len({record["parameters_digest"] for record in records}) == 1
    assert all(record["counts"]["updates"] > 0 for record in records)
    assert all([one["lag"] for one in record["staleness"]] == [0] for record in records)
    # With new weights the learner sees other steps.
    assert train(tmp_path, options, "--publish-weights true")["parameters_digest"] != records[0]["parameters_digest"]
    # The parameters cross once.
    assert counted(records[3], "weights") == (4 * records[3]["counts"]["parameters"], 1)
