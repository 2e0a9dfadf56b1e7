"""The cells of the learning rules on networks (rules_cells.toml) and the runs that a profile makes of them."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from experiments.build import Build
from experiments.plan import Stage, interleave, planned_run
from experiments.profile import Profile

FOLDER = Path(__file__).resolve().parent
# What the report shows of them, each with a measured row in every profile.
TABLES = (
    *("rules.learning", "rules.final", "D3.vtrace_lag", "D3.staleness", "D3.a3c", "D3.apex_rates", "D3.apex", "D1.dqn"),
)


@dataclass(frozen=True)
class RuleCell:
    name: str  # full: rules.learning-a2c
    group: str
    title: str
    replicates: str
    timed: bool
    seconds: float
    options: tuple[tuple[str, str], ...]
    kind: str = "rules"

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "options": dict(self.options)}

    def arguments(self, profile: Profile, replicate: int) -> list[str]:
        share = profile.rules["percent"] / 100
        amounts = {key: str(max(1, round(int(value) * share))) for key, value in self.options if key in ("steps", "rounds")}
        words = [word for key, value in self.options for word in (f"--{key}", amounts.get(key, value))]
        return ["train", *words, "--seed", str(replicate)]

    def reason_unavailable(self, build: Build) -> str:
        """Why the runner refuses this cell of its matrix; empty if it does not."""
        return build.reason_refused(dict(self.options))


def load_rule_cells(path: Path = FOLDER / "rules_cells.toml") -> list[RuleCell]:
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    cells = []
    for group, content in data.items():
        for name, own in content["cells"].items():
            options = {**content["options"], **own}
            seconds = options.pop("seconds", content["seconds"])
            cells.append(
                RuleCell(
                    name=f"rules.{group}-{name}",
                    group=group,
                    title=content["title"],
                    replicates=content["replicates"],
                    timed=content.get("timed", False),
                    seconds=seconds,
                    options=tuple(options.items()),
                )
            )
    return cells


def rule_stages(profile: Profile, build: Build, cells: list[RuleCell]) -> list[Stage]:
    """One stage a group. What is timed has the machine for itself, with seeds interleaved; the rest runs side by side."""
    stages = []
    available = [cell for cell in cells if not cell.reason_unavailable(build)]
    for group in dict.fromkeys(cell.group for cell in available):
        own = [cell for cell in available if cell.group == group]
        replicates = {cell.name: profile.rules[cell.replicates] for cell in own}
        share = profile.rules["percent"] / 100
        runs = tuple(
            planned_run(cell, replicate, cell.arguments(profile, replicate), cell.seconds * share, build)
            for cell, replicate in interleave(own, replicates)
        )
        stages.append(Stage(own[0].title, 1 if own[0].timed else build.usable_cores, runs))
    return [stage for stage in stages if stage.runs]


def plan_of_rules(build: Build, cells: list[RuleCell]) -> dict[str, Any]:
    """What the plan's document says of them: all cells, and why some of them are not run."""
    reasons = {cell.name: cell.reason_unavailable(build) for cell in cells}
    return {
        "cells": {cell.name: cell.as_dict() for cell in cells},
        "unavailable": {name: reason for name, reason in reasons.items() if reason},
    }
