"""A worker that dies is reported by name within seconds, and nothing of the run stays behind."""

from __future__ import annotations

import os
import pwd
import resource
import signal
import time
from pathlib import Path

import pytest
from program import LONG_WAIT, PRL, SMALL, Program, rank_of, run

FORKED = [
    "--workers 3",
    "--workers 3 --inference learner",
    "--workers 4 --agreement all-reduce",
]
RANKED = ["--workers 3", "--workers 3 --inference learner", "--workers 2 --agreement all-reduce"]


def start(folder: Path, mode: str) -> Program:
    arguments = ["train", *SMALL, *LONG_WAIT, "--steps", "2560", "--collect", *mode.split()]
    return Program([*arguments, "--record", "record.json"], folder)


def workers_of(mode: str) -> int:
    words = mode.split()
    return int(words[words.index("--workers") + 1])


@pytest.mark.parametrize("mode", FORKED)
def test_a_killed_process_is_named(tmp_path: Path, mode: str) -> None:
    program = start(tmp_path, f"processes {mode}")
    workers = program.await_workers(workers_of(mode) - 1)
    # Forked in order, so the last is the worker with the highest number.
    victim, name = workers[-1], workers_of(mode) - 1
    os.kill(victim, signal.SIGKILL)
    outcome = program.finish(5.0)
    assert outcome.status == 1
    assert outcome.errors.startswith(f"prl: worker {name} (process {victim}) was killed by signal 9 (Killed)")
    assert outcome.errors.count("\n") == 1
    assert not (tmp_path / "record.json").exists()


@pytest.mark.parametrize("mode", RANKED)
def test_a_killed_rank_is_named_by_mpirun(tmp_path: Path, mode: str) -> None:
    program = start(tmp_path, f"mpi {mode}")
    ranks = program.await_workers(workers_of(mode))
    victim = next(pid for pid in ranks if rank_of(pid) == 1)
    os.kill(victim, signal.SIGKILL)
    outcome = program.finish(10.0)
    assert outcome.status == 128 + signal.SIGKILL
    assert "rank 1" in outcome.errors and "signal 9" in outcome.errors
    assert not (tmp_path / "record.json").exists()


@pytest.mark.parametrize("mode", FORKED)
def test_workers_die_with_their_parent(tmp_path: Path, mode: str) -> None:
    program = start(tmp_path, f"processes {mode}")
    program.await_workers(workers_of(mode) - 1)
    os.kill(program.process.pid, signal.SIGKILL)
    program.process.wait()
    program.await_end_of_members(1.0)
    assert program.left_files() == []


def test_ranks_die_with_their_launcher(tmp_path: Path) -> None:
    """Open MPI's own files stay: nobody is left who could remove them. See docs/run-record.md."""
    program = start(tmp_path, "mpi --workers 2")
    program.await_workers(2)
    os.kill(program.process.pid, signal.SIGKILL)
    program.process.wait()
    program.await_end_of_members(10.0)
    assert list(tmp_path.rglob("*.part")) == []
    for file in program.left_files():
        file.unlink()


def tasks_of(user: int) -> int:
    """Threads that count for a user's limit on processes."""
    folders = [entry for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    count = 0
    for folder in folders:
        try:
            if folder.stat().st_uid == user:
                count += len(os.listdir(folder / "task"))
        except OSError:
            pass
    return count


@pytest.mark.parametrize(
    ("mode", "named"),
    [
        ("processes --workers 8", "could not be started"),
        ("processes --workers 8 --inference learner", "could not be started"),
        ("processes --workers 8 --agreement all-reduce", "could not be started"),
        ("threads --workers 8", "threads"),
        ("serial --learner-threads 8", "threads"),
    ],
)
def test_more_workers_than_can_be_had(tmp_path: Path, mode: str, named: str) -> None:
    user = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else os.geteuid()
    tmp_path.chmod(0o777)

    def limit_processes() -> None:
        resource.setrlimit(resource.RLIMIT_NPROC, (limit, limit))
        if os.geteuid() == 0:  # Root has no such limit.
            os.setgroups([])
            os.setgid(user)
            os.setuid(user)

    if os.geteuid() == 0:
        limit = tasks_of(user) + 100
        try:
            run(["list"], Path("/"), prepare=limit_processes)
        except PermissionError:
            pytest.skip(f"nobody may not run {PRL}")
    limit = tasks_of(user) + 3
    arguments = ["train", *SMALL, "--steps", "256", "--collect", *mode.split()]
    began = time.monotonic()
    outcome = run(arguments, Path("/"), prepare=limit_processes)
    assert time.monotonic() - began < 20.0
    assert outcome.status == 1, outcome.errors
    assert len(outcome.own_errors) == 1 and named in outcome.own_errors[0]
    assert outcome.errors.count("\n") == 1
