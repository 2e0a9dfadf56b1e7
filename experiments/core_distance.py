"""Whether the usable cores are as near to each other as they can be, while something is timed.

A host moves virtual cores about. On cores without a cache in common a line takes up to five times as long from one to the
other (core_distance.cpp measures it), and whatever shares lines between two workers is a different measurement then. So
the distance is looked at before and after every run that has the machine for itself:

  before   a short run waits a moment for the cores to come back together
  after    one that began or ended with cores apart is repeated, at most twice; its record keeps what was seen

A longer run sees the cores come and go; what was seen before and after it is kept in its record. Some hosts keep cores
apart for good, so waiting and repeating take a share of a stage's time at most: later runs are only noted.

Cores are apart when a pair's round trip takes 3.5 times its shortest one so far. Whether a run is repeated depends on that
alone, never on the run's figure.
"""

from __future__ import annotations

import json
import math
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

PROGRAM = "core_distance"
MOST_REPEATS = 2
PATIENCE_SHARE = 0.3  # of the time that a stage is expected to take
_APART_FACTOR = 3.5
_PATIENCE_SECONDS = 2.0
_LOOK_EVERY_SECONDS = 0.1
_TIMEOUT_SECONDS = 10.0

Look = tuple[float, ...]  # seconds of a round trip, by pair of neighbouring cores; empty where it can't be measured


def measure(program: Path) -> Look:
    if not program.is_file():
        return ()
    try:
        answer = subprocess.run([str(program)], capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=True)
        return tuple(float(seconds) for seconds in json.loads(answer.stdout))
    except (OSError, subprocess.SubprocessError, ValueError):
        return ()


class CoreDistance:
    def __init__(self, look: Callable[[], Look]):
        self._look = look
        self._shortest: Look = ()

    def look(self) -> Look:
        seen = self._look()
        known = self._shortest if len(self._shortest) == len(seen) else seen
        self._shortest = tuple(min(pair) for pair in zip(known, seen, strict=True))
        return seen

    def apart(self, seen: Look) -> bool:
        if len(seen) != len(self._shortest):
            return False
        return any(now > _APART_FACTOR * shortest for now, shortest in zip(seen, self._shortest, strict=True))

    def settle(self, most_seconds: float = math.inf) -> Look:
        """Looks until the cores are together, for a moment at most."""
        deadline = time.monotonic() + min(most_seconds, _PATIENCE_SECONDS)
        seen = self.look()
        while self.apart(seen) and time.monotonic() < deadline:
            time.sleep(_LOOK_EVERY_SECONDS)
            seen = self.look()
        return seen
