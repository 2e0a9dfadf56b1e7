"""Studies: sections of the report that bring along all that is their own, cells, amounts, experiments and tables.

A study is a file studies/NAME.toml (docs/reproducing.md has its form) and a module plots/studies/NAME.py. Its cells are
options of `prl train`, or of another program that leaves a record: a command of the runner, a program beside it, or a
Python module of this repository.
"""

from __future__ import annotations

import hashlib
import importlib
import tomllib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from experiments.build import Build
from experiments.definitions import Experiment, experiment_of
from experiments.plan import Run, Stage, interleave, planned_run
from experiments.profile import Profile

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "experiments" / "studies"


@dataclass(frozen=True)
class StudyCell:
    name: str  # full: STUDY.GROUP-CELL
    group: str
    title: str
    replicates: str
    timed: bool
    seconds: float
    options: tuple[tuple[str, str], ...]
    program: tuple[str, ...] = ()  # none: prl train
    record_kind: str = "train"
    unavailable: str = ""  # of another program: module:function that says why it can't be run, '' if it can
    sources: tuple[str, ...] = ()  # files that its records depend on beside the build; may hold *
    kind: str = "study"

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "options": dict(self.options)}

    def arguments(self, amounts: dict[str, int], replicate: int) -> list[str]:
        """Steps, rounds and trials are those of a whole profile; others run `percent` of them."""
        share = amounts.get("percent", 100) / 100
        scaled = {
            key: str(max(1, round(int(value) * share))) for key, value in self.options if key in ("steps", "rounds", "trials")
        }
        words = [word for key, value in self.options for word in (f"--{key}", scaled.get(key, value))]
        return [*(() if self.program else ("train",)), *words, "--seed", str(replicate)]

    def reason_unavailable(self, build: Build) -> str:
        """Why it can't be run here; empty if it can."""
        if not self.program:
            return build.reason_refused(dict(self.options))
        if not self.unavailable:
            return ""
        module, _, function = self.unavailable.partition(":")
        reason: Callable[[Build, dict[str, str]], str] = getattr(importlib.import_module(module), function)
        return reason(build, dict(self.options))

    def sources_digest(self) -> str:
        """Of the files that `sources` names; empty if it names none."""
        digest = hashlib.sha256()
        for pattern in self.sources:
            for path in sorted(ROOT.glob(pattern)):
                digest.update(path.read_bytes())
        return digest.hexdigest() if self.sources else ""


@dataclass(frozen=True)
class Study:
    name: str
    title: str
    order: int  # of its section in the report
    amounts: dict[str, dict[str, int]]  # by profile
    cells: tuple[StudyCell, ...]
    experiments: tuple[Experiment, ...]
    tables: tuple[str, ...]  # ids of those that have a measured row in every profile

    def experiment(self, name: str) -> Experiment:
        return next(experiment for experiment in self.experiments if experiment.id == name)

    def reasons(self, build: Build) -> dict[str, str]:
        """Why cells can't be run here, by cell."""
        reasons = {cell.name: cell.reason_unavailable(build) for cell in self.cells}
        return {name: reason for name, reason in reasons.items() if reason}

    def stages(self, profile: Profile, build: Build) -> list[Stage]:
        """One stage a group. What is timed has the machine for itself, launches interleaved; the rest runs side by side."""
        amounts, missing = self.amounts.get(profile.name, {}), self.reasons(build)
        available = [cell for cell in self.cells if cell.name not in missing]
        stages = []
        for group in dict.fromkeys(cell.group for cell in available):
            own = [cell for cell in available if cell.group == group]
            replicates = {cell.name: amounts.get(cell.replicates, 0) for cell in own}
            runs = tuple(_run(cell, amounts, replicate, build) for cell, replicate in interleave(own, replicates))
            stages.append(Stage(own[0].title, 1 if own[0].timed else build.usable_cores, runs))
        return [stage for stage in stages if stage.runs]

    def plan(self, build: Build) -> dict[str, Any]:
        """What the plan's document says of it: all cells, and why some of them are not run."""
        return {"cells": {cell.name: cell.as_dict() for cell in self.cells}, "unavailable": self.reasons(build)}


def _run(cell: StudyCell, amounts: dict[str, int], replicate: int, build: Build) -> Run:
    seconds = cell.seconds * amounts.get("percent", 100) / 100
    arguments = cell.arguments(amounts, replicate)
    return planned_run(
        cell, replicate, arguments, seconds, build, cell.program, cell.record_kind, sources=cell.sources_digest()
    )


def _cells(study: str, group: str, content: dict[str, Any]) -> list[StudyCell]:
    cells = []
    for name, own in content["cells"].items():
        options = {**content.get("options", {}), **own}
        seconds = options.pop("seconds", content["seconds"])
        cells.append(
            StudyCell(
                name=f"{study}.{group}-{name}",
                group=group,
                title=content["title"],
                replicates=content["replicates"],
                timed=content.get("timed", False),
                seconds=float(seconds),
                options=tuple(options.items()),
                program=tuple(content.get("program", ())),
                record_kind=content.get("record_kind", "train"),
                unavailable=content.get("unavailable", ""),
                sources=tuple(content.get("sources", ())),
            )
        )
    return cells


def load_study(path: Path) -> Study:
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    name = path.stem
    cells = [cell for group, content in data.get("groups", {}).items() for cell in _cells(name, group, content)]
    experiments = tuple(experiment_of(entry) for entry in data.get("experiment", ()))
    return Study(
        name, data["title"], data["order"], data["profiles"], tuple(cells), experiments, tuple(data.get("tables", ()))
    )


def load_studies(folder: Path = FOLDER) -> tuple[Study, ...]:
    """In the report's order."""
    studies = [load_study(path) for path in folder.glob("*.toml")]
    return tuple(sorted(studies, key=lambda study: (study.order, study.name)))
