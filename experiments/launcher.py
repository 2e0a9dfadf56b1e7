"""Starts programs, each in a session of its own, waits for them, and ends them with all that they started."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

_INTERRUPT_GRACE_SECONDS = 1.5


def processes_of_session(session: int) -> list[int]:
    """Process ids of a session. mpirun gives its ranks process groups of their own, but not sessions."""
    members = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            fields = Path("/proc", entry, "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        if int(fields[3]) == session and fields[0] != "Z":
            members.append(int(entry))
    return members


class Child:
    """One running program. Its standard error is kept; its standard output is dropped."""

    def __init__(self, command: Sequence[str], timeout_seconds: float):
        self._errors: IO[bytes] = tempfile.TemporaryFile()
        self._started = time.monotonic()
        self._timeout_seconds = timeout_seconds
        self._process = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
            start_new_session=True,  # Ctrl-C reaches this script alone, which then ends its children in order
        )
        self.timed_out = False

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        self._errors.close()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    def poll(self) -> int | None:
        """The exit status once it has ended. A program that runs over its time is ended."""
        if self._process.poll() is None and self.seconds > self._timeout_seconds:
            self.timed_out = True
            self.end()
        return self._process.poll()

    def end(self) -> None:
        """Interrupts the program, then kills what is left of its session."""
        session = self._process.pid
        if self._process.poll() is None:
            self._signal([session], signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_INTERRUPT_GRACE_SECONDS)
        self._signal(processes_of_session(session), signal.SIGKILL)
        self._process.wait()

    @staticmethod
    def _signal(processes: list[int], number: signal.Signals) -> None:
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, number)

    def reason(self) -> str:
        """Why it failed, in one line: its own words where it left some."""
        if self.timed_out:
            return f"took longer than {self._timeout_seconds:.0f} s and was ended"
        self._errors.seek(0)
        lines = [line.strip() for line in self._errors.read().decode(errors="replace").splitlines() if line.strip()]
        own = [line for line in lines if line.startswith("prl:")]
        said = (own or lines[-1:] or ["it said nothing"])[0]
        status = self._process.returncode
        ended = f"signal {-status}" if status < 0 else f"exit status {status}"
        return f"{said.removeprefix('prl:').strip()} ({ended})"
