"""The cost of a step, T, calibrated once a profile.

The document's single process makes 245 steps/s. Our environments cost nanoseconds, so a step is given the cost T that
makes a serial round of R steps, learner included, last R / 245 seconds:

  T = (R / 245 - seconds of such a round without cost) / R
"""

from __future__ import annotations

from pathlib import Path
from statistics import median
from typing import Any

from experiments.cell import Cell, cell_arguments, evaluation_arguments, length_arguments
from experiments.documents import Documents
from experiments.freshness import SCHEMA_VERSION
from experiments.profile import Profile

CELL_NAME = "calibration.serial"
FILE_NAME = "calibration.json"
_SEED = 1


def target_steps_per_second(documents: Documents) -> float:
    return float(documents.row("D4.speed", "single-process PPO", 1)["fps"])


def calibration_arguments(serial: Cell, profile: Profile) -> list[str]:
    """`serial`: the serial timing cell, which the calibration is of."""
    per_round = profile.cost_steps_per_round
    return [
        "train",
        *cell_arguments(serial),
        *length_arguments(profile.calibration_rounds * per_round, per_round, profile.warmup_rounds),
        *("--seed", str(_SEED), "--step-cost", "none"),
        *evaluation_arguments(profile, False),
    ]


def step_cost_seconds(round_seconds: float, steps_per_round: int, target: float) -> float:
    """T by the equation above, in whole microseconds. Raises ValueError if the round alone is slower than the target."""
    cost = (steps_per_round / target - round_seconds) / steps_per_round
    if cost <= 0:
        raise ValueError(
            f"a round of {steps_per_round} steps takes {round_seconds:.3f} s without any step cost, more than the "
            f"{steps_per_round / target:.3f} s that {target:g} steps/s leave: no cost can be calibrated on this machine"
        )
    return round(cost * 1e6) / 1e6


def calibrate(record: dict[str, Any], record_path: Path, target: float) -> dict[str, Any]:
    """The calibration document from the record of the run without cost."""
    steps_per_round = int(record["configuration"]["steps_per_round"])
    rounds = [float(sample["total"]) for sample in record["seconds"]["rounds"]]
    round_seconds = median(rounds)
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "calibration",
        "record": record_path.name,
        "rounds": len(rounds),
        "steps_per_round": steps_per_round,
        "target_steps_per_second": target,
        "round_seconds_without_cost": round_seconds,
        "step_cost_seconds": step_cost_seconds(round_seconds, steps_per_round, target),
    }
