"""In lock-step every mode ends in the same parameters, bit for bit, for equal seeds, environments and shards.

19 environments are a number that 2, 3, 5 and 16 workers do not divide; 256 steps each are more than an episode of
Pendulum-v1 (200) and many of CartPole-v1, so resets and truncations are part of what has to agree.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from program import counted, train

ENVIRONMENTS = ("Pendulum-v1", "CartPole-v1")
ROUNDS_OF_19 = "--envs 19 --steps-per-round 1216 --steps 4864"
ROUNDS_OF_20 = "--envs 20 --steps-per-round 1280 --steps 5120"

_digests: dict[tuple[str, ...], str] = {}


def digest(folder: Path, *options: str) -> str:
    return str(train(folder, *options)["parameters_digest"])


def serial_digest(folder: Path, *options: str) -> str:
    if options not in _digests:
        _digests[options] = digest(folder, *options)
    return _digests[options]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize(
    "mode",
    [
        "threads --workers 1",
        "threads --workers 2",
        "threads --workers 5",
        "threads --workers 16",
        "processes --workers 1",
        "processes --workers 2",
        "processes --workers 3",
        "processes --workers 16",
        "processes --workers 1 --inference learner",
        "processes --workers 3 --inference learner",
        "processes --workers 2 --threads-per-worker 3",
    ],
)
def test_local_modes_equal_serial(tmp_path: Path, environment: str, mode: str) -> None:
    common = (f"--env {environment}", ROUNDS_OF_19)
    assert digest(tmp_path, *common, f"--collect {mode}") == serial_digest(tmp_path, *common)


@pytest.mark.parametrize(
    ("environment", "mode"),
    [
        ("Pendulum-v1", "--workers 1"),
        ("Pendulum-v1", "--workers 5"),
        ("CartPole-v1", "--workers 2"),
        ("CartPole-v1", "--workers 16"),
        ("CartPole-v1", "--workers 2 --threads-per-worker 3"),
        ("Pendulum-v1", "--workers 3 --inference learner"),
        ("CartPole-v1", "--workers 2 --inference learner"),
    ],
)
def test_mpi_equals_serial(tmp_path: Path, environment: str, mode: str) -> None:
    common = (f"--env {environment}", ROUNDS_OF_19)
    assert digest(tmp_path, *common, f"--collect mpi {mode}") == serial_digest(tmp_path, *common)


@pytest.mark.parametrize("rule", ("a2c", "vtrace"))
@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize(
    "mode",
    [
        "threads --workers 5",
        "processes --workers 3",
        "processes --workers 3 --inference learner",
        "mpi --workers 2",
        "mpi --workers 3 --inference learner",
    ],
)
def test_modes_of_other_rules_equal_serial(tmp_path: Path, rule: str, environment: str, mode: str) -> None:
    common = (f"--algorithm {rule} --env {environment}", ROUNDS_OF_19)
    assert digest(tmp_path, *common, f"--collect {mode}") == serial_digest(tmp_path, *common)


@pytest.mark.parametrize("rule", ("a2c", "vtrace"))
@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize(
    "mode",
    [
        "threads --workers 4 --agreement all-reduce",
        "processes --workers 4 --agreement all-reduce",
        "mpi --workers 4 --agreement all-reduce",
        "processes --workers 3 --shards 4 --learner-threads 4",
    ],
)
def test_modes_of_other_rules_equal_serial_with_as_many_shards(
    tmp_path: Path, rule: str, environment: str, mode: str
) -> None:
    common = (f"--algorithm {rule} --env {environment}", ROUNDS_OF_20)
    assert digest(tmp_path, *common, f"--collect {mode}") == serial_digest(tmp_path, *common, "--shards 4")


# Episodes of CartPole-v1 have other lengths in every environment; so workers end their rounds at different times.
@pytest.mark.parametrize("preset", ("d0", "baseline"))
@pytest.mark.parametrize(
    "mode", ["threads --workers 5", "processes --workers 3", "mpi --workers 2", "processes --workers 19"]
)
def test_whole_episodes_equal_serial(tmp_path: Path, preset: str, mode: str) -> None:
    common = (f"--algorithm reinforce --preset {preset} --env CartPole-v1 --envs 19 --episodes 38 --rounds 4",)
    assert digest(tmp_path, *common, f"--collect {mode}") == serial_digest(tmp_path, *common)


@pytest.mark.parametrize("preset", ("d0", "baseline"))
@pytest.mark.parametrize("collect", ("threads", "processes", "mpi"))
def test_whole_episodes_with_split_gradients_equal_serial(tmp_path: Path, preset: str, collect: str) -> None:
    common = (f"--algorithm reinforce --preset {preset} --env CartPole-v1 --envs 20 --episodes 40 --rounds 4",)
    mode = f"--collect {collect} --workers 4 --agreement all-reduce"
    assert digest(tmp_path, *common, mode) == serial_digest(tmp_path, *common, "--shards 4")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize(
    "mode",
    [
        "threads --workers 4 --agreement all-reduce",
        "processes --workers 4 --agreement all-reduce",
        "mpi --workers 4 --agreement all-reduce",
        "threads --workers 3 --shards 4",
        "serial --shards 4 --learner-threads 2",
        "processes --workers 3 --shards 4 --learner-threads 4",
    ],
)
def test_modes_equal_serial_with_as_many_shards(tmp_path: Path, environment: str, mode: str) -> None:
    common = (f"--env {environment}", ROUNDS_OF_20)
    assert digest(tmp_path, *common, f"--collect {mode}") == serial_digest(tmp_path, *common, "--shards 4")


# A replay smaller than a run, first priorities by the actors, several steps a transition: all that DQN keeps between rounds.
ACTION_VALUES = "--algorithm dqn --env CartPole-v1 --preset apex --replay-capacity 2000"


@pytest.mark.parametrize("exploration", ["scheduled", "per_environment"])
@pytest.mark.parametrize(
    "mode",
    [
        "threads --workers 5",
        "processes --workers 3",
        "processes --workers 3 --inference learner",
        "mpi --workers 2",
        "mpi --workers 3 --inference learner",
    ],
)
def test_action_values_equal_serial(tmp_path: Path, mode: str, exploration: str) -> None:
    common = (ACTION_VALUES, ROUNDS_OF_19, f"--exploration {exploration}")
    assert digest(tmp_path, *common, f"--collect {mode}") == serial_digest(tmp_path, *common)


@pytest.mark.parametrize("first_priority", ["largest", "error"])
@pytest.mark.parametrize("mode", ["threads --workers 5", "processes --workers 3 --inference learner", "mpi --workers 2"])
def test_other_first_priorities_equal_serial(tmp_path: Path, mode: str, first_priority: str) -> None:
    common = (ACTION_VALUES, ROUNDS_OF_19, f"--first-priority {first_priority}")
    assert digest(tmp_path, *common, f"--collect {mode}") == serial_digest(tmp_path, *common)
    # It matters where the first priorities are from.
    assert serial_digest(tmp_path, *common) != serial_digest(tmp_path, ACTION_VALUES, ROUNDS_OF_19)


@pytest.mark.parametrize(
    "mode",
    [
        "threads --workers 4 --agreement all-reduce",
        "processes --workers 4 --agreement all-reduce",
        "mpi --workers 4 --agreement all-reduce",
        "processes --workers 3 --shards 4 --learner-threads 2",
    ],
)
def test_action_values_equal_serial_with_as_many_shards(tmp_path: Path, mode: str) -> None:
    common = (ACTION_VALUES, ROUNDS_OF_20)
    assert digest(tmp_path, *common, f"--collect {mode}") == serial_digest(tmp_path, *common, "--shards 4")


# Another schedule, the same rounds: each is collected with the parameters from before the one that is learned from.
@pytest.mark.parametrize(
    ("mode", "rule"),
    [
        ("threads --workers 1", "--env Pendulum-v1"),
        ("threads --workers 5", "--algorithm vtrace --env CartPole-v1"),
        ("threads --workers 5", ACTION_VALUES),
        ("processes --workers 1", ACTION_VALUES),
        ("processes --workers 3", "--env Pendulum-v1"),
        ("processes --workers 3 --inference learner", "--algorithm vtrace --env CartPole-v1"),
        ("mpi --workers 1", "--env Pendulum-v1"),
        ("mpi --workers 3", "--algorithm vtrace --env CartPole-v1"),
        ("mpi --workers 2 --inference learner", ACTION_VALUES),
    ],
)
def test_pipelined_rounds_equal_a_lag_of_one(tmp_path: Path, mode: str, rule: str) -> None:
    evaluated = "--evaluate-every 2 --evaluation-episodes 3"
    pipelined = train(tmp_path, rule, ROUNDS_OF_19, evaluated, f"--collect {mode} --schedule pipelined --warmup-rounds 1")
    expected = train(tmp_path, rule, ROUNDS_OF_19, evaluated, "--lag 1 --warmup-rounds 1")
    assert pipelined["parameters_digest"] == expected["parameters_digest"]
    for part in ("counts", "staleness"):
        assert pipelined[part] == expected[part]
    curves = [[{**point, "seconds": 0, "busiest_worker_steps": 0} for point in one["curve"]] for one in (pipelined, expected)]
    assert curves[0] == curves[1]


@pytest.mark.parametrize("mode", ["threads --workers 5", "mpi --workers 2"])
def test_pipelined_whole_episodes_equal_a_lag_of_one(tmp_path: Path, mode: str) -> None:
    rule = "--algorithm reinforce --preset d0 --env CartPole-v1 --envs 19 --episodes 38 --rounds 4"
    assert digest(tmp_path, rule, f"--collect {mode} --schedule pipelined") == serial_digest(tmp_path, rule, "--lag 1")


def test_pipelined_rounds_with_shards_and_first_weights(tmp_path: Path) -> None:
    mode = "--collect threads --workers 2 --schedule pipelined"
    assert digest(tmp_path, ROUNDS_OF_20, mode, "--shards 4 --learner-threads 2") == serial_digest(
        tmp_path, ROUNDS_OF_20, "--shards 4 --lag 1"
    )
    kept = "--publish-weights false"
    assert digest(tmp_path, ROUNDS_OF_20, mode, kept) == serial_digest(tmp_path, ROUNDS_OF_20, kept)


def test_learner_threads_equal_serial_with_as_many_shards(tmp_path: Path) -> None:
    by_threads = digest(tmp_path, ROUNDS_OF_19, "--learner-threads 2")
    assert by_threads == serial_digest(tmp_path, ROUNDS_OF_19, "--shards 2")


# Preset sb3 has a network for the policy and one for the value, which two threads divide; another row of each needs shards.
@pytest.mark.parametrize("mode", [
    "--learner-threads 2 --shards 1",
    "--learner-threads 2 --shards 3",
    "--learner-threads 4 --shards 2",
    "--learner-threads 3 --shards 3",
    "--collect threads --workers 2 --learner-threads 2 --shards 1",
])
def test_threads_that_divide_networks_equal_serial(tmp_path: Path, mode: str) -> None:
    common = ("--preset sb3", ROUNDS_OF_19)
    shards = mode.split()[-1]
    assert digest(tmp_path, *common, mode) == serial_digest(tmp_path, *common, f"--shards {shards}")


@pytest.mark.parametrize("mode", ["threads --workers 5", "processes --workers 5 --agreement all-reduce"])
def test_runs_repeat(tmp_path: Path, mode: str) -> None:
    assert len({digest(tmp_path, ROUNDS_OF_20, f"--collect {mode}") for _ in range(3)}) == 1


def test_seeds_and_shards_change_the_bits(tmp_path: Path) -> None:
    options = ("", "--seed 2", "--seed 18446744073709551615", "--shards 2")
    assert len({serial_digest(tmp_path, ROUNDS_OF_19, option) for option in options}) == len(options)


@pytest.mark.parametrize("cost", ["busy:2us", "wait:2us"])
@pytest.mark.parametrize("mode", ["serial", "processes --workers 3"])
def test_step_cost_does_not_change_the_bits(tmp_path: Path, mode: str, cost: str) -> None:
    costly = digest(tmp_path, "--env Pendulum-v1", ROUNDS_OF_19, f"--collect {mode} --step-cost {cost}")
    assert costly == serial_digest(tmp_path, "--env Pendulum-v1", ROUNDS_OF_19)


@pytest.mark.parametrize(
    "mode", ["serial", "processes --workers 4 --agreement all-reduce", "processes --workers 3 --inference learner"]
)
@pytest.mark.parametrize("anneal", ["true", "false"])
def test_warm_up_rounds_train_like_counted_ones(tmp_path: Path, mode: str, anneal: str) -> None:
    common = ("--envs 20 --steps-per-round 1280", f"--anneal-learning-rate {anneal} --collect {mode}")
    all_counted = digest(tmp_path, *common, "--steps 5120")
    assert digest(tmp_path, *common, "--warmup-rounds 3 --steps 1280") == all_counted


def test_workers_that_get_no_weights_act_with_the_first_ones(tmp_path: Path) -> None:
    options = "--algorithm dqn --env CartPole-v1 --rounds 12 --publish-weights false --epsilon-end 0 --epsilon-steps 0"
    modes = ("serial", "processes --workers 3", "threads --workers 1 --schedule free-running",
             "processes --workers 1 --schedule free-running --queue-depth 4",
             "mpi --workers 1 --schedule free-running --queue-depth 4")
    records = [train(tmp_path, options, f"--collect {mode}") for mode in modes]
    assert len({record["parameters_digest"] for record in records}) == 1
    assert all(record["counts"]["updates"] > 0 for record in records)
    assert all([one["lag"] for one in record["staleness"]] == [0] for record in records)
    # With new weights the learner sees other steps.
    assert train(tmp_path, options, "--publish-weights true")["parameters_digest"] != records[0]["parameters_digest"]
    # The parameters cross once.
    for record in records[3:]:
        assert counted(record, "weights") == (4 * record["counts"]["parameters"], 1)
