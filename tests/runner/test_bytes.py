"""What a run counts as moved, against closed forms of its messages."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from program import ENVIRONMENTS, ROUND_STEPS, counted, train

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


@pytest.mark.parametrize(("collect", "workers"), [("threads", 2), ("processes", 4), ("mpi", 2), ("mpi --spawn-actors true", 2)])
def test_bytes_of_actors_that_run_freely(tmp_path: Path, collect: str, workers: int) -> None:
    """Each segment crosses, and a version once to an actor that begins with it."""
    rounds = 4
    record = train(
        tmp_path,
        f"--algorithm a2c --collect {collect} --workers {workers} --schedule free-running",
        f"--warmup-rounds 1 --rounds {rounds}",
    )
    segments = rounds * workers
    blocks = rounds * ENVIRONMENTS * block_bytes("Pendulum-v1", ROUND_STEPS // ENVIRONMENTS)
    assert counted(record, "trajectories") == (blocks, segments)
    # A permit and an answer; in shared memory actors see for themselves that there is room.
    headers = 2 * segments if collect.startswith("mpi") else 0
    assert counted(record, "control") == (headers * HEADER_BYTES, headers)
    weight_bytes, messages = counted(record, "weights")
    assert weight_bytes == messages * 4 * record["counts"]["parameters"]
    assert 1 <= messages <= segments
    assert sum(one["segments"] for one in record["staleness"]) == record["counts"]["updates"] == segments


@pytest.mark.parametrize(("collect", "workers"), [("threads", 1), ("threads", 3), ("processes", 3), ("mpi", 2)])
def test_bytes_of_pipelined_rounds(tmp_path: Path, collect: str, workers: int) -> None:
    """All workers are apart from the learner, and rounds that were begun in the warm-up are counted once taken."""
    rounds = 3
    record = train(
        tmp_path,
        f"--collect {collect} --workers {workers} --schedule pipelined",
        f"--warmup-rounds 1 --steps {rounds * ROUND_STEPS}",
    )
    sent = rounds * workers
    assert counted(record, "weights") == (sent * 4 * parameters_of("Pendulum-v1"), sent)
    trajectory_bytes = rounds * ENVIRONMENTS * block_bytes("Pendulum-v1", ROUND_STEPS // ENVIRONMENTS)
    assert counted(record, "trajectories") == (trajectory_bytes, sent)
    headers = 0 if collect == "threads" else 2 * rounds * (workers - 1)
    assert counted(record, "control") == (headers * HEADER_BYTES, headers)


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


@pytest.mark.parametrize(("collect", "workers"), [("threads", 2), ("processes", 4), ("mpi", 2)])
@pytest.mark.parametrize("agree_every", [1, 2, 3])
def test_bytes_of_a_parameter_server(tmp_path: Path, collect: str, workers: int, agree_every: int) -> None:
    """Worker 0 serves: of 2 S (P - 1) bytes a meeting it sends half, and there is one after the last round."""
    mode = f"--collect {collect} --workers {workers} --agreement server --agree-every {agree_every}"
    record = train(tmp_path, mode, "--algorithm a2c --env CartPole-v1 --rounds 8 --warmup-rounds 1")
    # Of 9 rounds, of which the first is not counted.
    meetings = {1: 8, 2: 5, 3: 3}[agree_every]
    sent = meetings * (workers - 1)
    assert counted(record, "weights") == (sent * 4 * record["counts"]["parameters"], sent)
    assert counted(record, "gradients") == counted(record, "trajectories") == (0, 0)
    report = 8 * (3 + 3 * workers)
    assert counted(record, "control") == (8 * report * (workers - 1), 8 * (workers - 1))
    assert record["counts"]["updates"] == 8 * workers


@pytest.mark.parametrize(
    ("collect", "workers", "graph", "sent", "beside"),
    [
        ("processes", 4, "ring", 2, 0),
        ("threads", 2, "ring", 1, 0),
        ("threads", 8, "hypercube", 3, 0),
        ("processes", 4, "random-pairs", 1, 0),
        ("mpi", 4, "exponential", 2, 8),
        ("mpi", 2, "one-peer", 1, 8),
    ],
)
def test_bytes_of_a_gossip(tmp_path: Path, collect: str, workers: int, graph: str, sent: int, beside: int) -> None:
    """`sent`: messages of each worker a meeting, `beside`: push-sum's weight in each. Measuring is not counted."""
    mode = f"--collect {collect} --workers {workers} --agreement gossip --graph {graph} --agree-every 2"
    record = train(tmp_path, mode, "--algorithm a2c --env CartPole-v1 --rounds 8 --warmup-rounds 1 --evaluate-every 4")
    message = 4 * record["counts"]["parameters"] + beside
    # Meetings after rounds 2, 4, 6, 8 and 9, of which the first is not counted.
    assert counted(record, "weights") == (5 * sent * message, 5 * sent)
    points = [point["weights_bytes_of_all_workers"] for point in record["curve"] if "disagreement" in point]
    assert points == [2 * workers * sent * message, 5 * workers * sent * message]
    report = 8 * (3 + 3 * workers)
    assert counted(record, "control") == (8 * report * (workers - 1), 8 * (workers - 1))
    assert counted(record, "gradients") == counted(record, "trajectories") == (0, 0)


@pytest.mark.parametrize(("collect", "workers"), [("threads", 2), ("processes", 4), ("mpi", 2), ("mpi", 4)])
@pytest.mark.parametrize("refresh", ["true", "false"])
def test_bytes_and_lags_of_merges(tmp_path: Path, collect: str, workers: int, refresh: str) -> None:
    """A merge a segment: a worker's parameters to the server, and the server's back, also where a worker keeps its own."""
    mode = f"--collect {collect} --workers {workers} --agreement server --schedule free-running"
    record = train(tmp_path, mode, f"--algorithm a2c --env CartPole-v1 --rounds 12 --refresh-after-merge {refresh}")
    merges = 12 * workers
    messages = 2 * merges
    assert counted(record, "weights") == (messages * 4 * record["counts"]["parameters"], messages)
    assert counted(record, "gradients") == counted(record, "trajectories") == (0, 0)
    assert counted(record, "control")[1] == (5 * merges if collect == "mpi" else 0)  # of a segment 3, of a merge 2
    assert record["counts"]["updates"] == sum(lag["segments"] for lag in record["staleness"]) == merges
    # Every merge is a lag of at most each other worker's next one.
    assert sum(lag["lag"] * lag["segments"] for lag in record["staleness"]) <= merges * (workers - 1)


@pytest.mark.parametrize(("collect", "workers", "graph"), [("threads", 4, "ring"), ("processes", 4, "random-pairs")])
@pytest.mark.parametrize("every", [1, 3])
def test_bytes_and_lags_of_pairs(tmp_path: Path, collect: str, workers: int, graph: str, every: int) -> None:
    """Averages with a neighbour after a worker's every K-th segment: its copy there, the neighbour's back."""
    mode = f"--collect {collect} --workers {workers} --agreement gossip --graph {graph} --schedule free-running"
    record = train(tmp_path, mode, f"--algorithm a2c --env CartPole-v1 --rounds 12 --evaluate-every 5 --agree-every {every}")
    segments = 12 * workers
    assert record["counts"]["updates"] == segments
    met = sum(lag["segments"] for lag in record["staleness"])
    # Each worker may be at up to K - 1 segments since it met.
    assert segments - workers * (every - 1) <= met * every <= segments
    assert counted(record, "weights") == (2 * met * 4 * record["counts"]["parameters"], 2 * met)
    assert counted(record, "gradients") == counted(record, "trajectories") == counted(record, "control") == (0, 0)
    # An average is a lag of the neighbour's next one at most; each of the others may have made one that is not yet reported.
    assert sum(lag["lag"] * lag["segments"] for lag in record["staleness"]) <= met + workers - 1
    points = [point for point in record["curve"] if "disagreement" in point]
    assert [record["curve"].index(point) for point in points] == [4, 9, 11]
    assert all(point["disagreement"] > 0 for point in points)
    assert points[-1]["weights_bytes_of_all_workers"] == counted(record, "weights")[0]


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
