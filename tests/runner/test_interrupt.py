"""Ctrl-C ends a run soon, keeps the record of its whole rounds and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from program import LONG_WAIT, ROUND_STEPS, SMALL, SMALL_ROUND, Program, read_json, run, train
from record_schema import faults_of

MODES = [
    "serial",
    "threads --workers 2",
    "processes --workers 2",
    "processes --workers 2 --inference learner",
    "threads --workers 2 --schedule pipelined",
    "processes --workers 2 --schedule pipelined",
    "threads --workers 2 --agreement all-reduce",
    "processes --workers 2 --agreement all-reduce",
    "threads --workers 2 --agreement server",
    "mpi --workers 2",
    "mpi --workers 2 --inference learner",
    "mpi --workers 2 --agreement all-reduce",
    "mpi --workers 2 --schedule pipelined",
    "mpi --workers 2 --agreement server",
    "mpi --workers 2 --agreement gossip",
]
INTERRUPTED = 130
# Open MPI 4.1's own: see docs/run-record.md.
INTERRUPTED_MPIRUN = 1


def start(folder: Path, mode: str, *options: str) -> Program:
    words = [word for option in options for word in option.split()]
    arguments = ["train", *SMALL, "--collect", *mode.split(), *words, "--record", "record.json"]
    return Program(arguments, folder)


def processes_beside(mode: str) -> int:
    """Workers that are processes, apart from the one that was started."""
    if mode.startswith("mpi"):
        return 2
    return 1 if mode.startswith("processes") else 0


def interrupted_record(program: Program, mode: str, seconds: float) -> dict[str, Any]:
    program.interrupt()
    outcome = program.finish(seconds)
    assert outcome.status == (INTERRUPTED_MPIRUN if mode.startswith("mpi") else INTERRUPTED), outcome.errors
    assert outcome.own_errors == []
    record = read_json(program.folder / "record.json")
    assert record["interrupted"] is True
    assert faults_of(record, "prl train") == []
    return record


def digest_after(folder: Path, rounds: int, shards: int, lag: int = 0, mode: str = "serial") -> str:
    record = train(folder, f"--collect {mode} --steps {rounds * ROUND_STEPS} --shards {shards} --lag {lag}")
    return str(record["parameters_digest"])


@pytest.mark.parametrize("mode", MODES)
def test_during_a_long_round(tmp_path: Path, mode: str) -> None:
    """Two rounds of warm-up, then a round of 8 s or more, which is given up and leaves no trace."""
    program = start(tmp_path, mode, "--warmup-rounds 2 --steps 2560", " ".join(LONG_WAIT))
    program.await_workers(processes_beside(mode))
    record = interrupted_record(program, mode, 3.0)
    assert record["counts"]["rounds"] == record["counts"]["updates"] == len(record["curve"]) == 0
    assert record["steps_per_second"] == 0
    assert all(count["bytes"] == count["messages"] == 0 for count in record["communication"].values())
    shards = record["configuration"]["shards"]
    lag = 1 if "pipelined" in mode else 0
    # Workers that learn by themselves end elsewhere than a single learner.
    uninterrupted = mode if "server" in mode or "gossip" in mode else "serial"
    assert record["parameters_digest"] == digest_after(tmp_path, 2, shards, lag, uninterrupted)


@pytest.mark.parametrize("mode", ["processes --workers 2", "processes --workers 2 --agreement all-reduce"])
def test_whole_rounds_are_kept(tmp_path: Path, mode: str) -> None:
    program = start(tmp_path, mode, "--steps 2560000 --step-cost wait:500us")
    program.await_workers(1)
    record = interrupted_record(program, mode, 3.0)
    rounds = record["counts"]["rounds"]
    assert rounds == len(record["curve"]) == len(record["seconds"]["rounds"]) >= 1
    assert record["counts"]["environment_steps"] == rounds * ROUND_STEPS == record["curve"][-1]["steps"]
    bytes_of_weights = 0 if "all-reduce" in mode else rounds * 4 * record["counts"]["parameters"]
    assert record["communication"]["weights"]["bytes"] == bytes_of_weights
    assert record["parameters_digest"] == digest_after(tmp_path, rounds, record["configuration"]["shards"])


@pytest.mark.parametrize("collect", ["threads", "processes"])
def test_workers_on_shared_parameters_keep_whole_rounds(tmp_path: Path, collect: str) -> None:
    mode = f"{collect} --workers 2"
    cell = "--algorithm a2c --schedule free-running --agreement hogwild"
    arguments = ["train", *SMALL_ROUND, "--collect", *mode.split(), *cell.split(), "--record", "record.json"]
    program = Program([*arguments, "--steps", "2560000", "--step-cost", "wait:500us"], tmp_path)
    program.await_workers(processes_beside(mode))
    record = interrupted_record(program, mode, 3.0)
    rounds = record["counts"]["rounds"]
    assert rounds == len(record["curve"]) == len(record["seconds"]["rounds"])
    assert record["counts"]["environment_steps"] == rounds * ROUND_STEPS
    assert record["counts"]["updates"] == sum(lag["segments"] for lag in record["staleness"]) == 2 * rounds


def test_free_running_ranks_leave_a_long_segment(tmp_path: Path) -> None:
    mode = "mpi --workers 2 --schedule free-running"
    program = start(tmp_path, mode, "--steps 2560", " ".join(LONG_WAIT))
    program.await_workers(3)
    record = interrupted_record(program, mode, 3.0)
    assert record["counts"]["rounds"] == record["counts"]["environment_steps"] == 0


@pytest.mark.parametrize("mode", ["serial", "processes --workers 2", "mpi --workers 2 --agreement all-reduce"])
def test_during_an_evaluation(tmp_path: Path, mode: str) -> None:
    program = start(tmp_path, mode, "--steps 2560 --evaluate-every 1 --evaluation-episodes 500000")
    program.await_workers(processes_beside(mode))
    record = interrupted_record(program, mode, 3.0)
    rounds = record["counts"]["rounds"]
    assert 1 <= rounds < 10
    # The evaluation that was under way is not half there.
    evaluated = ["evaluation_return" in point for point in record["curve"]]
    assert evaluated == [True] * (rounds - 1) + [False]


@pytest.mark.parametrize("mode", ["serial", "mpi --workers 2"])
def test_during_the_final_evaluation(tmp_path: Path, mode: str) -> None:
    program = start(tmp_path, mode, "--steps 256 --final-episodes 1000000 --save-policy policy")
    program.await_workers(processes_beside(mode))
    record = interrupted_record(program, mode, 3.0)
    assert record["counts"]["rounds"] == 1
    assert "final_evaluation" not in record
    assert (tmp_path / "policy").exists()


def test_a_late_worker_does_not_turn_it_into_a_failure(tmp_path: Path) -> None:
    mode = "processes --workers 4 --agreement all-reduce"
    program = start(tmp_path, mode, "--steps 2560", " ".join(LONG_WAIT))
    late = program.await_workers(3)[-1]
    os.kill(late, signal.SIGSTOP)
    program.interrupt()
    time.sleep(0.5)
    assert program.process.poll() is None
    os.kill(late, signal.SIGCONT)
    assert program.finish(3.0).status == INTERRUPTED
    assert read_json(tmp_path / "record.json")["interrupted"] is True


def test_a_second_one_ends_it_at_once(tmp_path: Path) -> None:
    program = start(tmp_path, "processes --workers 2", "--steps 2560", " ".join(LONG_WAIT))
    worker = program.await_workers(1)[0]
    os.kill(worker, signal.SIGSTOP)  # The first one would wait for it.
    program.interrupt()
    time.sleep(0.3)
    assert program.process.poll() is None
    program.interrupt()
    assert program.finish(1.0).status == INTERRUPTED
    assert not (tmp_path / "record.json").exists()


def test_termination_keeps_the_record_too(tmp_path: Path) -> None:
    program = start(tmp_path, "threads --workers 2", "--steps 2560", " ".join(LONG_WAIT))
    program.await_workers(0)
    program.process.terminate()
    assert program.finish(3.0).status == INTERRUPTED
    assert read_json(tmp_path / "record.json")["interrupted"] is True


def test_prl_evaluate(tmp_path: Path) -> None:
    assert run(["train", *SMALL, "--steps", "256", "--save-policy", "policy"], tmp_path).status == 0
    arguments = ["evaluate", "--policy", "policy", "--episodes", "1000000", "--record", "evaluation.json"]
    program = Program(arguments, tmp_path)
    program.await_workers(0)
    program.interrupt()
    outcome = program.finish(3.0)
    assert outcome.status == INTERRUPTED and outcome.output == ""
    assert not (tmp_path / "evaluation.json").exists()
