"""A cell: one combination of settings, and the command line that runs it once."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from experiments.definitions import REGIMES
from experiments.profile import Profile

FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Cell:
    name: str  # full: wait.mpi-4, learning.d4-n1
    kind: str  # timing, learning, bits, direct
    regime: str
    environment: str
    preset: str
    collect: str
    workers: int
    environments: int
    learner_threads: int
    inference: str = "workers"
    agreement: str = "none"
    launches_at_most: int = 0  # 0: as many as the profile says

    def oversubscribed(self, usable_cores: int) -> bool:
        """Whether more workers want a core than there are. Workers that wait do not want one, unless they learn."""
        return self.workers > usable_cores and (self.regime != "wait" or self.agreement != "none")

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def load_cells(path: Path = FOLDER / "cells.toml") -> list[Cell]:
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    cells = []
    for kind, group in data.items():
        shared = {key: value for key, value in group.items() if key != "cells"}
        for name, own in group["cells"].items():
            settings = {**shared, **own}
            regimes = settings.pop("regimes", REGIMES) if kind == "timing" else [settings.pop("regime", "as_is")]
            for regime in regimes:
                prefix = regime if kind == "timing" else kind
                cells.append(Cell(name=f"{prefix}.{name}", kind=kind, regime=regime, **settings))
    return cells


def step_cost(regime: str, seconds: float) -> str:
    return "none" if regime == "as_is" else f"{regime}:{round(seconds * 1e6)}us"


def cell_arguments(cell: Cell) -> list[str]:
    """The part of the command line that says which cell it is."""
    return [
        *("--algorithm", "ppo", "--env", cell.environment, "--preset", cell.preset),
        *("--collect", cell.collect, "--workers", str(cell.workers)),
        *("--inference", cell.inference, "--agreement", cell.agreement),
        *("--learner-threads", str(cell.learner_threads), "--envs", str(cell.environments)),
    ]


def length_arguments(steps: int, steps_per_round: int, warmup_rounds: int) -> list[str]:
    return [
        *("--steps", str(steps), "--steps-per-round", str(steps_per_round)),
        *("--warmup-rounds", str(warmup_rounds)),
    ]


def evaluation_arguments(profile: Profile, wanted: bool) -> list[str]:
    if not wanted:
        return ["--evaluate-every", "0", "--final-episodes", "0"]
    return [
        *("--evaluate-every", str(profile.evaluation_every_rounds)),
        *("--evaluation-episodes", str(profile.evaluation_episodes)),
        *("--final-episodes", str(profile.final_episodes), "--evaluation-action", "mean"),
    ]


def run_arguments(cell: Cell, profile: Profile, replicate: int, cost_seconds: float) -> list[str]:
    """The whole command line of one run, without the program and the record's path."""
    per_round = profile.steps_per_round(cell.regime)
    if cell.kind == "timing":
        length = length_arguments(profile.rounds(cell.regime) * per_round, per_round, profile.warmup_rounds)
    elif cell.kind == "bits":
        length = length_arguments(profile.bits_rounds * per_round, per_round, 0)
    else:
        steps = profile.direct_steps if cell.kind == "direct" else profile.learning_steps
        length = length_arguments(steps, 2048, 0)
    return [
        "train",
        *cell_arguments(cell),
        *length,
        *("--seed", str(replicate), "--step-cost", step_cost(cell.regime, cost_seconds)),
        *evaluation_arguments(profile, cell.kind == "learning"),
    ]
