"""Small tasks for the stand-in runner: few cells, everything else as in a real one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from experiments import optimum
from experiments.build import describe_build
from experiments.cell import load_cells
from experiments.definitions import REGIMES
from experiments.profile import Profile, load_profile
from experiments.reinforce import load_reinforce_cells
from experiments.reproduce import Task
from experiments.rules import RuleCell

FAKE_RUNNER = Path(__file__).resolve().parent / "fake_prl.py"
# What the claims and one row of each table need.
REPORT_CELLS = tuple(
    f"{regime}.{name}"
    for regime in REGIMES
    for name in ("serial", "threads-4", "processes-4", "mpi-2", "mpi-4", "mpi-8", "mpi-16", "processes-16", "threads-16")
) + ("bits.", "learning.", "reinforce.")
# Enough to see what is run and what is not.
FEW_CELLS = ("as_is.serial", "busy.serial", "wait.serial", "wait.mpi-2", "wait.mpi-4", "bits.serial", "learning.d4-n4")


def small_profile(**changes: object) -> Profile:
    """`launches` are those of rows with a step cost too, unless these are given."""
    if "launches" in changes:
        changes.setdefault("cost_launches", changes["launches"])
    return Profile(**{**load_profile("smoke").as_dict(), **changes})


def small_task(output: Path, cells: Sequence[str], rules: Sequence[RuleCell] = (), **profile: object) -> Task:
    """`cells`: full names, or the beginnings of them that end in a dot."""
    build = describe_build(FAKE_RUNNER)

    def wanted(name: str) -> bool:
        return name in cells or any(name.startswith(beginning) for beginning in cells if beginning.endswith("."))

    chosen = [cell for cell in load_cells() if wanted(cell.name)]
    episodes = tuple(cell for cell in load_reinforce_cells() if wanted(cell.name))
    program = build.program.with_name(optimum.PROGRAM)
    return Task(small_profile(**profile), build, chosen, output, program, rules=tuple(rules), reinforce=episodes)
