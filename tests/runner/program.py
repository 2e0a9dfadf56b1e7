"""prl as a child process: how tests start it, find its processes and see what it leaves behind.

Every program runs in a session of its own. Its processes are those of that session, and nothing else is ever signalled.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[2]
PRL = Path(os.environ.get("PRL_BUILD_DIR", ROOT / "build")).resolve() / "prl"

# A round of these takes microseconds; what a test waits for is the start of the program.
ROUND_STEPS = 256
ENVIRONMENTS = 8
SMALL_ROUND = f"--hidden 16,16 --steps-per-round {ROUND_STEPS} --envs {ENVIRONMENTS} --progress none".split()
SMALL = ["--epochs", "1", *SMALL_ROUND]  # of PPO
SMALL_DQN = [*SMALL_ROUND, *"--env CartPole-v1 --learning-starts 0 --batch 32 --train-every 4".split()]
SMALL_EPISODES = f"--hidden 16,16 --episodes {ENVIRONMENTS} --envs {ENVIRONMENTS} --progress none".split()
# Workers of two wait for 8 s in each counted round of SMALL.
LONG_WAIT = ["--step-cost", "wait:62.5ms"]

# What a test of an error may take on a machine that does other things, too.
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Outcome:
    status: int
    output: str
    errors: str

    @property
    def own_errors(self) -> list[str]:
        """Lines by prl; mpirun adds its own."""
        return [line for line in self.errors.splitlines() if line.startswith("prl: ")]


class Program:
    """A running prl (or mpirun with it) in `folder`, which also holds what it prints and its temporary files."""

    _running: list["Program"] = []

    def __init__(
        self,
        arguments: Sequence[str],
        folder: Path,
        *,
        launcher: Sequence[str] = (),
        environment: dict[str, str] | None = None,
        prepare: Callable[[], None] | None = None,
        output: IO[str] | None = None,
        errors: int | None = None,
    ) -> None:
        self.folder = folder
        # Short: Open MPI puts sockets there, whose paths may have 108 characters.
        self._scratch = Path(tempfile.mkdtemp(prefix="prl-", dir="/tmp"))
        self._scratch.chmod(0o777)
        self._output = tempfile.TemporaryFile("w+")
        self._errors = tempfile.TemporaryFile("w+")
        self._shared_files: set[Path] = set()
        own = {name: value for name, value in os.environ.items() if not name.startswith(("OMPI_", "PMIX_", "PMI_"))}
        self.process = subprocess.Popen(
            [*launcher, str(PRL), *arguments],
            cwd=folder,
            env={**own, "TMPDIR": str(self._scratch), **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output or self._output,
            stderr=self._errors if errors is None else errors,
            start_new_session=True,
            preexec_fn=prepare,
        )
        Program._running.append(self)
        self._ended = threading.Event()
        self._has_ranks = "mpi" in arguments or bool(launcher)
        if self._has_ranks:
            threading.Thread(target=self._watch_shared_files, daemon=True).start()

    @classmethod
    def end_all(cls) -> None:
        for program in cls._running:
            program.end()
        cls._running.clear()

    def end(self) -> None:
        self._ended.set()
        for pid in self.members():
            _signal(pid, signal.SIGKILL)
        self.process.wait()
        self._output.close()
        self._errors.close()
        shutil.rmtree(self._scratch, ignore_errors=True)

    # What it consists of

    def members(self) -> list[int]:
        """Its living processes, itself included; also those whose parent has died, and what MPI starts in other sessions."""
        pids = map(int, filter(str.isdigit, os.listdir("/proc")))
        return [pid for pid in pids if _is_alive_in(pid, self.process.pid) or (self._has_ranks and self._is_of_run(pid))]

    def _is_of_run(self, pid: int) -> bool:
        try:
            variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            return False
        return f"TMPDIR={self._scratch}".encode() in variables and _stat_of(pid)[:1] not in ([], ["Z"], ["X"])

    def workers(self) -> list[int]:
        """Processes that run prl, except for a forking parent or mpirun."""
        return [pid for pid in self.members() if pid != self.process.pid and command_of(pid) == "prl"]

    def await_workers(self, count: int) -> list[int]:
        """Waits until prl and `count` processes beside it (or below mpirun) are at work; the latter's ids."""
        self.await_condition(
            lambda: len(self.workers()) >= count and any(_handles_interrupts(pid) for pid in self.members()),
            f"start {count} workers",
        )
        if self._has_ranks:
            self.await_condition(lambda: all(map(_shared_memory_of, self.workers())), "start MPI")
        time.sleep(0.4)
        return sorted(self.workers())

    def await_condition(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert self.process.poll() is None, f"prl ended before it could {what}: {self.errors()}"
            assert time.monotonic() < deadline, f"prl did not {what} in time: {self.errors()}"
            time.sleep(0.02)

    def errors(self) -> str:
        self._errors.seek(0)
        return self._errors.read()

    # How it ends

    def interrupt(self) -> None:
        """Ctrl-C: SIGINT to the foreground process group."""
        os.killpg(self.process.pid, signal.SIGINT)

    def finish(self, seconds: float = PATIENCE_SECONDS) -> Outcome:
        """Its outcome; fails if it takes longer or leaves anything behind."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"prl had not ended after {seconds} s: {self.errors()}") from None
        self._ended.set()
        self._output.seek(0)
        outcome = Outcome(status, self._output.read(), self.errors())
        self.assert_nothing_left()
        return outcome

    def assert_nothing_left(self) -> None:
        self.await_end_of_members(2.0)
        assert self.left_files() == []

    def await_end_of_members(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while self.members():
            assert time.monotonic() < deadline, f"processes left: {[(p, command_of(p)) for p in self.members()]}"
            time.sleep(0.02)

    def left_files(self) -> list[Path]:
        """Half-written and temporary files, and shared memory."""
        shared = [file for file in self._shared_files if file.exists()]
        scratch = [file for file in self._scratch.rglob("*") if not file.is_dir()]
        return sorted([*self.folder.rglob("*.part"), *shared, *scratch])

    def _watch_shared_files(self) -> None:
        while not self._ended.wait(0.05):
            for pid in self.members():
                self._shared_files.update(_shared_memory_of(pid))


def run(arguments: Sequence[str], folder: Path, **how: Any) -> Outcome:
    """Runs prl to its end; fails if it leaves anything behind."""
    program = Program(arguments, folder, **how)
    outcome = program.finish()
    Program._running.remove(program)
    program.end()
    return outcome


def small(words: Sequence[str]) -> list[str]:
    """What makes a run with these options small: the options that its rule has."""
    rule = words[words.index("--algorithm") + 1] if "--algorithm" in words else "ppo"
    return {"ppo": SMALL, "dqn": SMALL_DQN, "reinforce": SMALL_EPISODES}.get(rule, SMALL_ROUND)


def train(folder: Path, *options: str, **how: Any) -> dict[str, Any]:
    """The record of a small training run; `options` may each hold several words."""
    record = folder / "record.json"
    words = [word for option in options for word in option.split()]
    outcome = run(["train", *small(words), *words, "--record", str(record)], folder, **how)
    assert outcome.status == 0, outcome.errors
    return read_json(record)


def counted(record: dict[str, Any], purpose: str) -> tuple[int, int]:
    """Bytes and messages that a run moved for a purpose."""
    communication = record["communication"][purpose]
    return communication["bytes"], communication["messages"]


def read_json(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text())
    return document


def mpirun(ranks: int) -> list[str]:
    root = ["--allow-run-as-root"] if os.geteuid() == 0 else []
    return ["mpirun", "-n", str(ranks), "--bind-to", "none", "--oversubscribe", *root]


def rank_of(pid: int) -> int | None:
    """The MPI rank that a process is; None if it is none."""
    try:
        variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return None
    prefix = b"OMPI_COMM_WORLD_RANK="
    return next((int(v[len(prefix) :]) for v in variables if v.startswith(prefix)), None)


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def _stat_of(pid: int) -> list[str]:
    """State, parent, group, session, ...; empty if there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _is_alive_in(pid: int, session: int) -> bool:
    stat = _stat_of(pid)
    return bool(stat) and stat[0] not in "ZX" and int(stat[3]) == session


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def _handles_interrupts(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    caught = next((line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:")), "0")
    return bool(int(caught, 16) & 1 << (signal.SIGINT - 1)) and command_of(pid) == "prl"


def _shared_memory_of(pid: int) -> set[Path]:
    try:
        lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
    except OSError:
        return set()
    names = {line.split(None, 5)[5] for line in lines if "/dev/shm/" in line}
    return {Path(name.removesuffix(" (deleted)")) for name in names}
