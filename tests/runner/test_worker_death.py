"""A worker that dies is reported by name within seconds, and nothing of the run stays behind."""

from __future__ import annotations

import os
import pwd
import resource
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from program import LONG_WAIT, PRL, SMALL, Program, rank_of, read_json, run

FORKED = [
    "--workers 3",
    "--workers 3 --inference learner",
    "--workers 3 --schedule pipelined",
    "--workers 4 --agreement all-reduce",
    "--workers 4 --agreement server",
    "--workers 4 --agreement gossip",
]
FREE = [
    "--workers 4 --schedule free-running",
    "--workers 4 --agreement hogwild --schedule free-running",
    "--workers 4 --agreement gossip --schedule free-running",
]
RANKED = ["--workers 3", "--workers 3 --inference learner", "--workers 2 --agreement all-reduce"]
# Where ranks serve parameters, the first server is the victim.
SERVED = "--workers 1 --agreement server --schedule free-running"


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


@pytest.mark.parametrize("mode", [*RANKED, "--workers 2 --schedule free-running", SERVED])
def test_a_killed_rank_is_named_by_mpirun(tmp_path: Path, mode: str) -> None:
    program = start(tmp_path, f"mpi {mode}")
    ranks = program.await_workers(workers_of(mode) + ("free-running" in mode))
    victim = next(pid for pid in ranks if rank_of(pid) == 1)
    os.kill(victim, signal.SIGKILL)
    outcome = program.finish(10.0)
    assert outcome.status == 128 + signal.SIGKILL
    assert "rank 1" in outcome.errors and "signal 9" in outcome.errors
    # mpirun ends the others by SIGTERM. A learner that waits for nobody has the time to keep its whole rounds.
    record = tmp_path / "record.json"
    assert not record.exists() or ("free-running" in mode and read_json(record)["interrupted"])


@pytest.mark.parametrize("mode", [*FORKED, *FREE])
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
    count = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if folder.stat().st_uid == user:
                count += len(os.listdir(folder / "task"))
        except OSError:
            pass
    return count


def limited_to(user: int, processes: int) -> Callable[[], None]:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NPROC, (processes, processes))
        if os.geteuid() == 0:  # Root has no such limit.
            os.setgroups([])
            os.setgid(user)
            os.setuid(user)

    return limit


@pytest.fixture
def limited_user(tmp_path_factory: pytest.TempPathFactory) -> int:
    """A user whose processes can be limited; not this one where it is root."""
    if os.geteuid() != 0:
        return os.geteuid()
    user = pwd.getpwnam("nobody").pw_uid
    try:
        run(["list"], tmp_path_factory.mktemp("home"), prepare=limited_to(user, tasks_of(user) + 100))
    except PermissionError:
        pytest.skip(f"nobody may not run {PRL}")
    return user


@pytest.mark.parametrize(
    ("mode", "named"),
    [
        ("processes --workers 8", "worker process"),
        ("processes --workers 8 --inference learner", "worker process"),
        ("processes --workers 8 --agreement all-reduce", "worker process"),
        ("processes --workers 8 --agreement hogwild --schedule free-running", "worker process"),
        ("threads --workers 8 --agreement hogwild --schedule free-running", "threads"),
        ("threads --workers 8", "threads"),
        ("serial --learner-threads 8", "threads"),
    ],
)
def test_more_workers_than_can_be_had(tmp_path: Path, limited_user: int, mode: str, named: str) -> None:
    arguments = ["train", *SMALL, "--steps", "256", "--collect", *mode.split()]
    outcome = run(arguments, tmp_path, prepare=limited_to(limited_user, tasks_of(limited_user) + 3))
    assert outcome.status == 1, outcome.errors
    assert len(outcome.own_errors) == 1 and named in outcome.own_errors[0], outcome.errors
    assert outcome.errors.count("\n") == 1
