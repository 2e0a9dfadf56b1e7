"""What is being done and how long it will take: one changing line on a terminal, one line a run elsewhere."""

from __future__ import annotations

import shutil
import sys
import time
from typing import TextIO

_REDRAW_SECONDS = 0.5


def clock(seconds: float) -> str:
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class Progress:
    """`estimates`: guessed seconds of every run that is to be done, by kind of run, each as {key: seconds}."""

    def __init__(self, estimates: dict[str, tuple[str, float]], stream: TextIO | None = None):
        self._stream = stream or sys.stdout
        self._terminal = self._stream.isatty()
        self._left = dict(estimates)
        self._total = len(estimates)
        self._done = 0
        self._started = time.monotonic()
        self._taken: dict[str, list[float]] = {}  # by kind: seconds guessed, seconds taken
        self._drawn = 0.0

    def seconds_left(self) -> float:
        """Guesses of what is to be done, each kind corrected by what its finished runs took."""
        left = 0.0
        for kind, guess in self._left.values():
            guessed, taken = self._taken.get(kind, [0.0, 0.0])
            left += guess * (taken / guessed if guessed > 0 else 1.0)
        return left

    def say(self, text: str) -> None:
        """A line that stays."""
        self._clear()
        print(text, file=self._stream, flush=True)

    def running(self, titles: list[str]) -> None:
        """Redraws the changing line. Nothing happens where the output is no terminal."""
        now = time.monotonic()
        if not self._terminal or now - self._drawn < _REDRAW_SECONDS:
            return
        self._drawn = now
        line = f"{self._counts()}  {' | '.join(titles)}"
        self._stream.write("\r\x1b[K" + line[: shutil.get_terminal_size().columns - 1])
        self._stream.flush()

    def finished(self, key: str, title: str, seconds: float, share: float = 1.0, note: str = "") -> None:
        """`share`: the part of the machine the run had (1 / slots)."""
        kind, guess = self._left.pop(key)
        taken = self._taken.setdefault(kind, [0.0, 0.0])
        taken[0] += guess
        taken[1] += seconds * share
        self._done += 1
        if note:
            self.say(f"{self._counts()}  {title}: {note}")
        elif not self._terminal:
            self.say(f"{self._counts()}  {title}: {seconds:.1f} s")

    def dropped(self, key: str) -> None:
        """A run that will not be done."""
        self._left.pop(key)
        self._total -= 1

    def _counts(self) -> str:
        elapsed = clock(time.monotonic() - self._started)
        width = len(str(self._total))
        return f"[{self._done:{width}}/{self._total}] {elapsed} elapsed, {clock(self.seconds_left())} left"

    def _clear(self) -> None:
        if self._terminal:
            self._stream.write("\r\x1b[K")

    def close(self) -> None:
        self._clear()
        self._stream.flush()
