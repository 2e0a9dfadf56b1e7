"""Everything that a profile runs, in the order in which it runs, and how long that may take."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from experiments.build import Build
from experiments.cell import Cell, run_arguments
from experiments.definitions import REGIME_NAMES, REGIMES
from experiments.freshness import SCHEMA_VERSION, record_name
from experiments.profile import Profile

# First guesses, corrected by what the runs then take.
_START_UP_SECONDS = {"serial": 0.2, "threads": 0.2, "processes": 0.2, "mpi": 1.0}
_LEARNING_SECONDS_PER_STEP = 55e-6
_EVALUATION_SECONDS_PER_EPISODE = 0.8e-3


class PlannedCell(Protocol):
    """What planning and running need of a cell, of whichever kind of rule."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...


AnyCell = TypeVar("AnyCell", bound=PlannedCell)


@dataclass(frozen=True)
class Run:
    cell: PlannedCell
    replicate: int
    arguments: tuple[str, ...]
    record: str
    estimate_seconds: float
    program: tuple[str, ...] = ()  # none: the runner
    record_kind: str = "train"

    @property
    def title(self) -> str:
        what = "launch" if self.cell.kind == "timing" else "seed"
        return f"{self.cell.name}  {what} {self.replicate}"


@dataclass(frozen=True)
class Stage:
    """Runs that belong together; `slots` of them at a time. Runs that are timed have the machine for themselves."""

    title: str
    slots: int
    runs: tuple[Run, ...]


def planned_run(
    cell: PlannedCell,
    replicate: int,
    arguments: Iterable[str],
    estimate_seconds: float,
    build: Build,
    program: tuple[str, ...] = (),
    record_kind: str = "train",
    sources: str = "",
) -> Run:
    """`program` and `sources`, a digest of files, are of runs that are not the runner's alone."""
    words = tuple(arguments)
    identity = {**build.identity(), "sources": sources} if sources else build.identity()
    record = record_name(cell.name, replicate, [*program, *words], identity)
    return Run(cell, replicate, words, record, estimate_seconds, program, record_kind)


def interleave(cells: Iterable[AnyCell], launches: dict[str, int]) -> list[tuple[AnyCell, int]]:
    """Launch rounds over all cells, every second one backwards (A B C, C B A, ...), so that drift hits all alike."""
    forward = list(cells)
    order: list[tuple[AnyCell, int]] = []
    for launch in range(1, max(launches.values(), default=0) + 1):
        direction = forward if launch % 2 else reversed(forward)
        order += [(cell, launch) for cell in direction if launch <= launches[cell.name]]
    return order


def launches_of(cell: Cell, profile: Profile, usable_cores: int) -> int:
    """Rows without a verdict run once where they take long: busy steps, and learners that compete for cores."""
    if cell.oversubscribed(usable_cores) and (cell.regime == "busy" or cell.agreement != "none"):
        return 1
    launches = profile.launches_of(cell.regime)
    return min(launches, cell.launches_at_most or launches)


def estimate_seconds(cell: Cell, profile: Profile, cost_seconds: float, usable_cores: int) -> float:
    seconds = _START_UP_SECONDS[cell.collect]
    if cell.kind == "timing":
        steps = profile.steps_per_round(cell.regime) * profile.rounds(cell.regime)
        at_once = min(cell.workers, usable_cores) if cell.regime == "busy" else cell.workers
        charged = steps * cost_seconds / at_once if cell.regime != "as_is" else 0.0
        all_steps = steps + profile.warmup_rounds * profile.steps_per_round(cell.regime)
        return seconds + charged + all_steps * _LEARNING_SECONDS_PER_STEP
    if cell.kind == "bits":
        return seconds + profile.bits_rounds * profile.timing_steps_per_round * _LEARNING_SECONDS_PER_STEP
    if cell.kind == "direct":
        return seconds + profile.direct_steps * (cost_seconds / cell.workers + _LEARNING_SECONDS_PER_STEP)
    rounds = profile.learning_steps / 2048
    episodes = rounds / profile.evaluation_every_rounds * profile.evaluation_episodes + profile.final_episodes
    return seconds + profile.learning_steps * _LEARNING_SECONDS_PER_STEP + episodes * _EVALUATION_SECONDS_PER_EPISODE


class Planner:
    def __init__(self, profile: Profile, build: Build, cells: list[Cell], cost_seconds: float):
        self._profile, self._build, self._cost = profile, build, cost_seconds
        self._cells = [c for c in cells if not build.reason_unavailable(c.collect, c.inference, c.agreement)]

    def run(self, cell: Cell, replicate: int) -> Run:
        arguments = run_arguments(cell, self._profile, replicate, self._cost)
        estimate = estimate_seconds(cell, self._profile, self._cost, self._build.usable_cores)
        return planned_run(cell, replicate, arguments, estimate, self._build)

    def _of_kind(self, kind: str, regime: str = "") -> list[Cell]:
        return [c for c in self._cells if c.kind == kind and regime in ("", c.regime)]

    def _timing_stage(self, regime: str) -> Stage:
        cells = self._of_kind("timing", regime)
        launches = {c.name: launches_of(c, self._profile, self._build.usable_cores) for c in cells}
        runs = tuple(self.run(cell, launch) for cell, launch in interleave(cells, launches))
        return Stage(f"speed, {REGIME_NAMES[regime]}", 1, runs)

    def _seeds_stage(self, title: str, kind: str, seeds: int, slots: int) -> Stage:
        cells = self._of_kind(kind)
        runs = tuple(self.run(cell, seed) for seed in range(1, seeds + 1) for cell in cells)
        return Stage(title, slots, runs)

    def stages(self) -> list[Stage]:
        cores, profile = self._build.usable_cores, self._profile
        stages = [
            self._seeds_stage("same bits in every mode", "bits", 1, 1),
            *(self._timing_stage(regime) for regime in REGIMES),
            self._seeds_stage("seconds measured directly", "direct", profile.direct_seeds, 1),
            self._seeds_stage("learning curves", "learning", profile.learning_seeds, cores),
        ]
        return [stage for stage in stages if stage.runs]


def plan_document(
    profile: Profile, build: Build, cells: list[Cell], stages: list[Stage], failures: dict[str, str]
) -> dict[str, Any]:
    """What the report needs to know beside the records: what was to be run, and why a run is missing."""
    unavailable = {c.name: build.reason_unavailable(c.collect, c.inference, c.agreement) for c in cells}
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "plan",
        "profile": profile.as_dict(),
        "build": build.build,
        "machine": build.machine,
        "cells": {c.name: c.as_dict() for c in cells},
        "runs": [
            {"cell": run.cell.name, "replicate": run.replicate, "record": run.record, "kind": run.record_kind}
            for stage in stages
            for run in stage.runs
        ],
        "unavailable": {name: reason for name, reason in unavailable.items() if reason},
        "failures": failures,
    }
