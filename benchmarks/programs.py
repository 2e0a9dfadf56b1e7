"""The benchmark programs of a build: what they contain, and how to run some of it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.launcher import Child

_LIST_TIMEOUT_SECONDS = 60
_POLL_SECONDS = 0.05
# Of MPI ranks, as benchmarks/mpi_harness.hpp names them; these are listed here and run under mpirun.
_MPI_NAME = re.compile(r"/mpi[^/]*/.*\b(?:ranks|workers|members):(\d+)")


class BenchmarkError(RuntimeError):
    """One line: what went wrong and what to do."""


@dataclass(frozen=True)
class Benchmark:
    program: Path
    name: str

    @property
    def ranks(self) -> int:
        """MPI ranks it is measured with; 0 for one process."""
        match = _MPI_NAME.search(self.name)
        return int(match[1]) if match else 0


def find_benchmarks(folder: Path) -> list[Benchmark]:
    """All benchmarks of the programs in `folder`, a build's benchmarks/. Raises BenchmarkError."""
    programs = sorted(p for p in folder.glob("*") if p.is_file() and not p.suffix and os.access(p, os.X_OK))
    if not programs:
        raise BenchmarkError(f"no benchmark programs in {folder}: run `make build` first, or name a build with --build")
    return [Benchmark(program, name) for program in programs for name in _names(program)]


def _names(program: Path) -> list[str]:
    try:
        answer = subprocess.run(
            [str(program), "--benchmark_list_tests=true"],
            capture_output=True,
            text=True,
            timeout=_LIST_TIMEOUT_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise BenchmarkError(f"{program} does not list its benchmarks ({error}): rebuild it") from error
    return [line for line in answer.stdout.splitlines() if line]


def launches(benchmarks: Sequence[Benchmark]) -> list[list[Benchmark]]:
    """What runs in one launch: all of a program's that need no MPI together, each of MPI ranks alone, because MPI is
    started once in a process."""
    together = [b for b in benchmarks if b.ranks == 0]
    return ([together] if together else []) + [[b] for b in benchmarks if b.ranks > 0]


def mpirun(ranks: int) -> list[str]:
    words = ["mpirun", "-n", str(ranks), "--bind-to", "none"]
    if os.geteuid() == 0:
        words.append("--allow-run-as-root")
    if ranks > len(os.sched_getaffinity(0)):
        words.append("--oversubscribe")
    return words


def run_launch(benchmarks: Sequence[Benchmark], options: Sequence[str], timeout_seconds: float) -> dict[str, Any]:
    """Runs them, which are of one program, and returns Google Benchmark's document. Raises BenchmarkError."""
    first = benchmarks[0]
    # Under mpirun names get what Google Benchmark adds for iterations and clock.
    names = "|".join(re.escape(b.name).replace(r"\-", "-") for b in benchmarks)
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "out.json")
        command = [
            *(mpirun(first.ranks) if first.ranks else []),
            str(first.program.resolve()),
            f"--benchmark_filter=^({names})(/iterations:[0-9]+)?(/manual_time)?$",
            f"--benchmark_out={output}",
            "--benchmark_out_format=json",
            *options,
        ]
        try:
            with Child(command, timeout_seconds) as child:
                while child.poll() is None:
                    time.sleep(_POLL_SECONDS)
                if child.poll() != 0:
                    raise BenchmarkError(f"{first.program.name}: {child.reason()}")
            return dict(json.loads(output.read_text(encoding="utf-8")))
        except FileNotFoundError as error:
            missing = error.filename or command[0]
            raise BenchmarkError(f"{first.program.name}: {missing} is missing; mpirun is in Debian's openmpi-bin") from error
        except ValueError as error:
            raise BenchmarkError(f"{first.program.name} wrote no JSON ({error})") from error
