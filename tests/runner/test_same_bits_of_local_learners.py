"""Workers that learn by themselves: one alone has the bits of the serial run, and in lock-step several that meet at a
server or gossip end in the same bits as threads, processes and ranks."""

from __future__ import annotations

from pathlib import Path

import pytest
from program import train
from test_same_bits import ROUNDS_OF_19, digest, serial_digest


# One worker that shares its parameters with nobody: the rule's own rounds. Several promise no bits.
@pytest.mark.parametrize("collect", ["threads", "processes"])
@pytest.mark.parametrize("options", [
    "--algorithm a2c --preset paper",
    "--algorithm a2c --preset paper --anneal-learning-rate true --averages per-worker",
    "--algorithm a2c --preset tuned",
    "--algorithm vtrace --preset paper --env CartPole-v1",
    "--algorithm ppo --preset tuned",
])
def test_a_worker_alone_on_shared_parameters_equals_serial(tmp_path: Path, options: str, collect: str) -> None:
    mode = f"--collect {collect} --schedule free-running --agreement hogwild --warmup-rounds 1"
    evaluated = "--evaluate-every 2 --evaluation-episodes 3 --final-episodes 3"
    serial = options.replace(" --averages per-worker", "")
    alone = train(tmp_path, options, ROUNDS_OF_19, evaluated, mode)
    expected = train(tmp_path, serial, ROUNDS_OF_19, evaluated, "--warmup-rounds 1")
    assert alone["parameters_digest"] == expected["parameters_digest"]
    for part in ("counts", "final_evaluation", "staleness"):
        assert alone[part] == expected[part]
    curves = [[{**point, "seconds": 0} for point in record["curve"]] for record in (alone, expected)]
    assert curves[0] == curves[1]


LOCAL_LEARNERS = ("", "--algorithm dqn --env CartPole-v1", "--algorithm reinforce --env CartPole-v1 --episodes 32")


@pytest.mark.parametrize("options", (*LOCAL_LEARNERS, "--algorithm dqn --env CartPole-v1 --target-interval 0"))
def test_workers_that_meet_at_a_server_end_in_the_same_bits(tmp_path: Path, options: str) -> None:
    common = (options, "--envs 16 --rounds 5 --workers 4 --agreement server --agree-every 2")
    modes = ("threads", "processes", "mpi", "threads --server-shards 3")
    assert len({digest(tmp_path, *common, f"--collect {mode}") for mode in modes}) == 1


@pytest.mark.parametrize(("options", "mode"), list(zip(LOCAL_LEARNERS, ("threads", "processes", "mpi"), strict=True)))
def test_a_worker_alone_with_a_server_equals_serial(tmp_path: Path, options: str, mode: str) -> None:
    common = (options, "--envs 16 --rounds 5 --warmup-rounds 1")
    assert digest(tmp_path, *common, f"--collect {mode} --agreement server") == serial_digest(tmp_path, *common)


GRAPHS = ("ring", "hypercube", "exponential", "one-peer", "random-pairs", "random-peer")


@pytest.mark.parametrize(("options", "graph"), list(zip(LOCAL_LEARNERS * 2, GRAPHS, strict=True)))
def test_workers_that_gossip_end_in_the_same_bits(tmp_path: Path, options: str, graph: str) -> None:
    common = (options, f"--envs 16 --rounds 5 --workers 4 --agreement gossip --graph {graph} --agree-every 2")
    records = [train(tmp_path, *common, f"--collect {mode} --evaluate-every 3") for mode in ("threads", "processes", "mpi")]
    assert len({record["parameters_digest"] for record in records}) == 1
    apart = [[point.get("disagreement") for point in record["curve"]] for record in records]
    assert apart[0] == apart[1] == apart[2]


ALONE = list(zip(LOCAL_LEARNERS, ("ring", "one-peer", "random-pairs"), strict=True))


@pytest.mark.parametrize(("options", "graph"), ALONE)
def test_a_worker_alone_in_a_gossip_equals_serial(tmp_path: Path, options: str, graph: str) -> None:
    common = (options, "--envs 16 --rounds 5 --warmup-rounds 1")
    mode = f"--collect threads --agreement gossip --graph {graph}"
    assert digest(tmp_path, *common, mode) == serial_digest(tmp_path, *common)


@pytest.mark.parametrize(("options", "mode"), [
    ("--algorithm a2c --preset paper", "threads --graph random-pairs"),
    ("--algorithm ppo --preset tuned --anneal-learning-rate true", "processes --agree-every 2"),
    ("--algorithm dqn --env CartPole-v1", "threads --graph hypercube"),
])
def test_a_worker_alone_without_neighbours_equals_serial(tmp_path: Path, options: str, mode: str) -> None:
    evaluated = "--evaluate-every 2 --evaluation-episodes 3 --final-episodes 3 --warmup-rounds 1"
    alone = train(tmp_path, options, ROUNDS_OF_19, evaluated, f"--collect {mode} --schedule free-running --agreement gossip")
    expected = train(tmp_path, options, ROUNDS_OF_19, evaluated)
    for part in ("parameters_digest", "counts", "final_evaluation"):
        assert alone[part] == expected[part]
    measured = ("disagreement", "weights_bytes_of_all_workers")
    assert all(point.get(name, 0) == 0 for point in alone["curve"] for name in measured)
    curves = [
        [{key: value for key, value in point.items() if key not in (*measured, "seconds")} for point in record["curve"]]
        for record in (alone, expected)
    ]
    assert curves[0] == curves[1]


@pytest.mark.parametrize(("options", "mode"), [
    ("--algorithm a2c --preset paper", "threads --server-takes gradients"),
    ("--algorithm ppo --preset tuned --anneal-learning-rate true", "processes --merge-rate 1"),
    ("--algorithm dqn --env CartPole-v1", "threads --merge-rate 1"),
    ("--algorithm a2c --preset paper --anneal-learning-rate true", "mpi --server-takes gradients --server-shards 2"),
    ("--algorithm ppo --preset tuned --anneal-learning-rate true", "mpi --merge-rate 1"),
])
def test_a_worker_alone_at_a_free_running_server_equals_serial(tmp_path: Path, options: str, mode: str) -> None:
    evaluated = "--evaluate-every 2 --evaluation-episodes 3 --final-episodes 3 --warmup-rounds 1"
    alone = train(tmp_path, options, ROUNDS_OF_19, evaluated, f"--collect {mode} --schedule free-running --agreement server")
    expected = train(tmp_path, options, ROUNDS_OF_19, evaluated)
    assert alone["parameters_digest"] == expected["parameters_digest"]
    for part in ("counts", "final_evaluation", "staleness"):
        assert alone[part] == expected[part]
    curves = [[{**point, "seconds": 0} for point in record["curve"]] for record in (alone, expected)]
    assert curves[0] == curves[1]
