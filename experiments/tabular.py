"""The cells of tabular Q-learning (tabular_cells.toml) and the runs that a profile makes of them."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from experiments.build import Build
from experiments.plan import Stage, interleave, planned_run
from experiments.profile import Profile

FOLDER = Path(__file__).resolve().parent
_TITLES = {
    "speed": "Q-learning, updates/s",
    "bits": "Q-learning, same bits",
    "subsets": "Q-learning, subsets",
    "limit": "Q-learning, towards Q*",
    "agents": "Q-learning, agents",
}
_START_UP_SECONDS = 0.3
_SECONDS_PER_UPDATE = 60e-9
# Of the budget of agents' steps, of which a run without cost needs a sixth and one that waits a two-hundredth.
_SECONDS_PER_AGENT_STEP = {"none": 0.1e-6, "wait:200us": 1.4e-6}


@dataclass(frozen=True)
class TabularCell:
    name: str  # full: tabular.speed-pool-serial
    group: str
    collect: str
    workers: int
    amount: str
    replicates: str
    timed: bool
    options: tuple[tuple[str, str], ...]
    kind: str = "tabular"

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "options": dict(self.options)}

    @property
    def step_cost(self) -> str:
        return dict(self.options).get("step-cost", "none")

    def oversubscribed(self, usable_cores: int) -> bool:
        return self.workers > usable_cores and not self.step_cost.startswith("wait")

    def arguments(self, profile: Profile, replicate: int) -> list[str]:
        words = [word for key, value in self.options for word in (f"--{key}", value)]
        return [
            *("train", "--algorithm", "q-learning", *words),
            *("--steps", str(profile.tabular[self.amount]), "--seed", str(replicate)),
        ]


def load_tabular_cells(path: Path = FOLDER / "tabular_cells.toml") -> list[TabularCell]:
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    cells = []
    for group, content in data.items():
        for name, own in content["cells"].items():
            options = {**content["options"], **own}
            cells.append(
                TabularCell(
                    name=f"tabular.{group}-{name}",
                    group=group,
                    collect=options["collect"],
                    workers=int(options.get("workers", "1")),
                    amount=content["amount"],
                    replicates=content["replicates"],
                    timed=content.get("timed", False),
                    options=tuple(options.items()),
                )
            )
    return cells


def estimate_seconds(cell: TabularCell, profile: Profile) -> float:
    steps = profile.tabular[cell.amount]
    if cell.group == "agents":
        return _START_UP_SECONDS + steps * _SECONDS_PER_AGENT_STEP[cell.step_cost] / cell.workers
    return _START_UP_SECONDS + steps * _SECONDS_PER_UPDATE


def tabular_stages(profile: Profile, build: Build, cells: list[TabularCell]) -> list[Stage]:
    """One stage a group. What is timed has the machine for itself, with launches interleaved; the rest runs side by side."""
    stages = []
    for group in dict.fromkeys(cell.group for cell in cells):
        own = [cell for cell in cells if cell.group == group]
        replicates = {cell.name: profile.tabular[cell.replicates] for cell in own}
        runs = tuple(
            planned_run(cell, replicate, cell.arguments(profile, replicate), estimate_seconds(cell, profile), build)
            for cell, replicate in interleave(own, replicates)
        )
        stages.append(Stage(_TITLES[group], 1 if own[0].timed else build.usable_cores, runs))
    return [stage for stage in stages if stage.runs]
