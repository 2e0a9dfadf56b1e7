"""Workers of free-running runs that are killed at random moments; `python -m experiments.kill_workers` kills more of them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from program import LONG_WAIT, PRL, ROOT, SMALL, SMALL_ROUND, Program, command_of, read_json
from record_schema import faults_of

MODES = ["actors", "mpi-actors", "server", "pairs"]


@pytest.mark.parametrize("mode", MODES)
def test_runs_go_on_without_workers_that_are_killed(mode: str) -> None:
    command = [sys.executable, "-m", "experiments.kill_workers", "--mode", mode, "--prl", str(PRL)]
    outcome = subprocess.run(
        [*command, "--kills", "2", "--steps", "60000" if mode == "mpi-actors" else "30000"], cwd=ROOT, capture_output=True, text=True, timeout=100
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert outcome.stdout.splitlines()[1].split()[0] == mode


# With a central learner all workers are forked, else all but worker 0.
@pytest.mark.parametrize(("mode", "forked"), [("--workers 4 --agreement hogwild", 3), ("--workers 2", 2)])
def test_a_killed_worker_is_told_counted_and_replaced(tmp_path: Path, mode: str, forked: int) -> None:
    options = [*f"--steps 2560 --collect processes --schedule free-running {mode}".split(), "--record", "record.json"]
    program = Program(["train", *SMALL, *LONG_WAIT, "--algorithm", "ppo", *options], tmp_path)
    workers = program.await_workers(forked)
    os.kill(workers[-1], signal.SIGKILL)
    program.await_condition(lambda: len(set(program.workers()) - set(workers)) == 1, "replace the worker")
    program.interrupt()
    outcome = program.finish(5.0)
    assert outcome.status == 130
    told = f"prl: worker {forked} (process {workers[-1]}) was killed by signal 9 (Killed); another takes its place\n"
    assert outcome.errors == told
    record = read_json(tmp_path / "record.json")
    assert faults_of(record, "prl train") == []
    faults = record["faults"]
    assert (faults["ended"], faults["replaced"], faults["segments_lost"]) == (1, 1, 1)


# --- actors that an MPI learner has started

SPAWNED = "--algorithm a2c --collect mpi --workers 2 --schedule free-running --spawn-actors true --steps 2560".split()


def actors(program: Program) -> list[int]:
    """Those that have joined."""
    return sorted(pid for pid in program.members() if command_of(pid) == "prl-actor")


def start_spawned(folder: Path) -> tuple[Program, list[int]]:
    program = Program(["train", *SMALL_ROUND, *SPAWNED, *LONG_WAIT, "--record", "record.json"], folder)
    program.await_condition(lambda: len(actors(program)) == 2, "start its actors")
    return program, actors(program)


def test_a_killed_rank_that_the_learner_started_is_told_counted_and_replaced(tmp_path: Path) -> None:
    program, first = start_spawned(tmp_path)
    os.kill(first[0], signal.SIGKILL)
    program.await_condition(lambda: len(set(actors(program)) - set(first)) == 1, "replace the actor")
    program.interrupt()
    outcome = program.finish(5.0)
    assert outcome.status == 130
    assert re.fullmatch(rf"prl: worker \d \(process {first[0]}\) has died; another takes its place\n", outcome.errors)
    record = read_json(tmp_path / "record.json")
    assert faults_of(record, "prl train") == []
    faults = record["faults"]
    assert (faults["ended"], faults["replaced"], faults["segments_lost"]) == (1, 1, 1)


def test_ranks_that_a_learner_started_end_with_it(tmp_path: Path) -> None:
    program, _ = start_spawned(tmp_path)
    os.kill(program.process.pid, signal.SIGKILL)
    program.process.wait()
    program.await_end_of_members(3.0)


def test_a_place_whose_actors_die_at_once_is_given_up(tmp_path: Path) -> None:
    program, first = start_spawned(tmp_path)
    for _ in range(3):
        victim = next(pid for pid in actors(program) if pid != first[1])
        os.kill(victim, signal.SIGKILL)
        program.await_condition(lambda victim=victim: victim not in actors(program), "lose the actor")
        if "goes on with" not in program.errors():
            program.await_condition(
                lambda: len(actors(program)) == 2 or "goes on with" in program.errors(), "replace the actor"
            )
    program.await_condition(lambda: "the run goes on with 1 of 2 workers" in program.errors(), "give the place up")
    os.kill(first[1], signal.SIGKILL)
    program.await_condition(lambda: len(actors(program)) == 1 and actors(program) != [first[1]], "replace the other")
    program.interrupt()
    assert program.finish(5.0).status == 130
