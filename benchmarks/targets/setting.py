"""What the targets are measured with."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Setting:
    prl: Path
    benchmark_programs: Path  # the build's benchmarks/
    peer_python: Path
    quick: bool  # shorter rounds, to see that everything runs

    @property
    def usable_cores(self) -> int:
        """By affinity, which a container's quota may undercut."""
        return len(os.sched_getaffinity(0))
