"""The cells of REINFORCE (reinforce_cells.toml), the step cost they pay, and the runs that a profile makes of them.

The document's serial training takes M minutes. Ours takes seconds, so a step is given the cost T that makes the serial
training, learner included, last as long:

  T = (60 M - seconds of the whole serial training without cost) / its environment steps
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from experiments.build import Build
from experiments.definitions import REGIME_NAMES, REGIMES, Experiment, load_experiments
from experiments.documents import Documents
from experiments.plan import Run, Stage, interleave, planned_run
from experiments.profile import Profile

FOLDER = Path(__file__).resolve().parent
TABLE = "D0.reinforce"
CALIBRATION_CELL = "reinforce.calibration"
# Of the calibration's run, until it has been made.
GUESSED_COST_SECONDS = 0.3e-3

_START_UP_SECONDS = 0.3
_SECONDS_PER_EPOCH = 0.014
_SECONDS_PER_EPOCH_SIDE_BY_SIDE = 0.02
# Steps of an epoch of `share` of 200: they rise from 2,600 to 62,000 around the hundredth.
_FEWEST_STEPS, _MOST_STEPS = 2_600, 62_000


@dataclass(frozen=True)
class ReinforceCell:
    name: str  # full: reinforce.wait-processes-4, reinforce.learning-n16
    kind: str  # timing, learning
    group: str  # of timing the regime
    collect: str
    workers: int
    environments: int
    shards: int
    agreement: str
    seed: int = 0  # 0: the replicate's
    final_episodes: int = 0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def oversubscribed(self, usable_cores: int) -> bool:
        """Whether more workers want a core than there are. Workers that wait do not want one, unless they learn."""
        return self.workers > usable_cores and (self.group != "wait" or self.agreement != "none")


def load_reinforce_cells(path: Path = FOLDER / "reinforce_cells.toml") -> list[ReinforceCell]:
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    cells = []
    for kind, content in data.items():
        shared = {key: value for key, value in content.items() if key != "cells"}
        for name, own in content["cells"].items():
            settings = {"workers": 1, "shards": 1, "agreement": "none", **shared, **own}
            groups = settings.pop("regimes", REGIMES) if kind == "timing" else [kind]
            for group in groups:
                cells.append(ReinforceCell(name=f"reinforce.{group}-{name}", kind=kind, group=group, **settings))
    return cells


def reason_left_out(cell: ReinforceCell, usable_cores: int) -> str:
    """Why a cell is not run on this machine; empty if it is."""
    if cell.group == "busy" and cell.oversubscribed(usable_cores):
        return f"{cell.workers} processes that burn CPU time on {usable_cores} cores"
    return ""


def left_out(cells: Iterable[ReinforceCell], usable_cores: int) -> dict[str, str]:
    reasons = {cell.name: reason_left_out(cell, usable_cores) for cell in cells}
    return {name: reason for name, reason in reasons.items() if reason}


def epoch_at(share: float, epochs: int) -> int:
    """From 1."""
    return max(1, round(share * epochs))


def timed_epochs(experiment: Experiment, epochs: int) -> tuple[list[int], int]:
    """The epochs that pay the step cost, and the held-out one, which does, too. Raises ValueError for too few epochs."""
    timed = [epoch_at(share, epochs) for share in experiment.parameters["timed_epochs"]]
    held_out = epoch_at(experiment.parameters["held_out_epoch"], epochs)
    if len({*timed, held_out}) <= len(timed):
        raise ValueError(f"{epochs} epochs are too few to time {len(timed)} and hold one out")
    return timed, held_out


def _arguments(cell: ReinforceCell, epochs: int, replicate: int) -> list[str]:
    return [
        *("train", "--algorithm", "reinforce", "--preset", "d0", "--env", "CartPole-v1"),
        *("--collect", cell.collect, "--workers", str(cell.workers), "--envs", str(cell.environments)),
        *("--agreement", cell.agreement, "--shards", str(cell.shards)),
        *("--rounds", str(epochs), "--seed", str(cell.seed or replicate)),
        *("--final-episodes", str(cell.final_episodes), "--evaluation-action", "sampled"),
    ]


def _cost_arguments(cell: ReinforceCell, epochs: int, cost_seconds: float) -> list[str]:
    if cell.group not in ("busy", "wait"):
        return ["--step-cost", "none"]
    timed, held_out = timed_epochs(load_experiments()[TABLE], epochs)
    rounds = ",".join(map(str, sorted({*timed, held_out})))
    return ["--step-cost", f"{cell.group}:{cost_seconds * 1e6:.2f}us", "--cost-rounds", rounds]


def _guessed_steps(share: float) -> float:
    return _FEWEST_STEPS + (_MOST_STEPS - _FEWEST_STEPS) / (1 + math.exp(-20 * (share - 0.55)))


def estimate_seconds(cell: ReinforceCell, epochs: int, cost_seconds: float) -> float:
    if cell.kind == "learning":
        return _START_UP_SECONDS + epochs * _SECONDS_PER_EPOCH_SIDE_BY_SIDE
    seconds = _START_UP_SECONDS + epochs * _SECONDS_PER_EPOCH
    if cell.group == "as_is":
        return seconds
    timed, held_out = timed_epochs(load_experiments()[TABLE], epochs)
    return seconds + cost_seconds / cell.workers * sum(_guessed_steps(epoch / 200) for epoch in [*timed, held_out])


def target_seconds(documents: Documents) -> float:
    return 60.0 * float(documents.row(TABLE, "serial")["minutes"])


def calibration_run(cells: list[ReinforceCell], documents: Documents, build: Build) -> Run:
    """The whole serial training without cost, whatever the profile: T is of the document's epochs."""
    serial = next(cell for cell in cells if cell.name == "reinforce.as_is-serial")
    epochs = int(documents.tables[TABLE]["setting"]["epochs"])
    cell = ReinforceCell(**{**serial.as_dict(), "name": CALIBRATION_CELL})
    arguments = [*_arguments(cell, epochs, 1), *_cost_arguments(cell, epochs, 0.0)]
    return planned_run(cell, 1, arguments, estimate_seconds(cell, epochs, 0.0), build)


def calibrate(record: dict[str, Any], record_name: str, target: float) -> dict[str, Any]:
    """T by the equation above, and what it is of, for the plan. Raises ValueError if the training alone takes longer."""
    steps = int(record["counts"]["environment_steps"])
    seconds = sum(float(sample["total"]) for sample in record["seconds"]["rounds"])
    cost = (target - seconds) / steps
    if cost <= 0:
        raise ValueError(
            f"the serial training takes {seconds:.0f} s without any step cost, more than the document's {target:.0f} s: "
            "no cost can be calibrated on this machine"
        )
    return {
        "record": record_name,
        "epochs": len(record["seconds"]["rounds"]),
        "steps": steps,
        "seconds_without_cost": seconds,
        "target_seconds": target,
        "step_cost_seconds": round(cost * 1e8) / 1e8,
    }


def _replicates(cell: ReinforceCell, profile: Profile, usable_cores: int) -> int:
    """Rows that give no verdict run once: workers that compete for cores, and serial busy steps with nothing beside."""
    if cell.kind == "learning":
        return profile.reinforce["seeds"]
    if cell.oversubscribed(usable_cores):
        return 1
    return profile.reinforce["as_is_launches" if cell.group == "as_is" else "launches"]


def _launches(cells: list[ReinforceCell], profile: Profile, usable_cores: int) -> dict[str, int]:
    launches = {cell.name: _replicates(cell, profile, usable_cores) for cell in cells}
    alone = len(cells) == 1 and cells[0].kind == "timing"
    return {name: 1 for name in launches} if alone else launches


def reinforce_stages(profile: Profile, build: Build, cells: list[ReinforceCell], cost_seconds: float) -> list[Stage]:
    """Timing by regime, one run at a time and interleaved; learning curves side by side."""
    epochs, stages = profile.reinforce["epochs"], []
    for group in (*REGIMES, "learning"):
        own = [c for c in cells if c.group == group and not reason_left_out(c, build.usable_cores)]
        runs = []
        for cell, replicate in interleave(own, _launches(own, profile, build.usable_cores)):
            arguments = [*_arguments(cell, epochs, replicate), *_cost_arguments(cell, epochs, cost_seconds)]
            runs.append(planned_run(cell, replicate, arguments, estimate_seconds(cell, epochs, cost_seconds), build))
        title = "curves" if group == "learning" else REGIME_NAMES[group]
        slots = build.usable_cores if group == "learning" else 1
        stages.append(Stage(f"REINFORCE, {title}", slots, tuple(runs)))
    return [stage for stage in stages if stage.runs]
