"""Workers of free-running runs that are killed at random moments; `python -m experiments.kill_workers` kills more of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from program import LONG_WAIT, PRL, ROOT, SMALL, Program, read_json
from record_schema import faults_of

MODES = ["actors", "server", "pairs"]


@pytest.mark.parametrize("mode", MODES)
def test_runs_go_on_without_workers_that_are_killed(mode: str) -> None:
    command = [sys.executable, "-m", "experiments.kill_workers", "--mode", mode, "--prl", str(PRL)]
    outcome = subprocess.run(
        [*command, "--kills", "2", "--steps", "30000"], cwd=ROOT, capture_output=True, text=True, timeout=100
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
