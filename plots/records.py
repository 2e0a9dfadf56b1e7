"""A folder of records, as written by experiments.reproduce: plan.json, calibration.json, and one file a run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from experiments import calibration
from experiments.freshness import RecordError, read_json, read_measurement

Record = dict[str, Any]


@dataclass(frozen=True)
class RecordSet:
    plan: dict[str, Any]
    calibration: dict[str, Any]
    runs: dict[str, dict[int, Record]]  # by cell's full name, then by launch or seed
    missing: dict[str, str]  # by cell: why it has no record at all
    optimum: dict[str, Any] | None

    @property
    def profile(self) -> dict[str, Any]:
        return dict(self.plan["profile"])

    @property
    def usable_cores(self) -> int:
        return int(self.plan["machine"]["usable_cores"])

    def cell(self, name: str) -> dict[str, Any] | None:
        cells: dict[str, dict[str, Any]] = self.plan["cells"]
        return cells.get(name)

    @cached_property
    def any_record(self) -> Record | None:
        return next((record for runs in self.runs.values() for record in runs.values()), None)


def _missing_reasons(plan: dict[str, Any], present: set[str]) -> dict[str, str]:
    """Why each cell without records has none."""
    reasons = dict(plan["unavailable"])
    for run in plan["runs"]:
        cell = run["cell"]
        if cell not in present and cell not in reasons:
            reasons[cell] = plan["failures"].get(run["record"], "no record yet")
    for cell in plan["cells"]:
        if cell not in present:
            reasons.setdefault(cell, "not part of this profile")
    return reasons


def _read_optimum(folder: Path, plan: dict[str, Any]) -> dict[str, Any] | None:
    path = folder / plan.get("optimum", "")
    return read_json(path, "pendulum_optimum") if path.is_file() else None


def load_records(folder: Path) -> RecordSet:
    """Reads what the plan names and nothing else. Raises RecordError for a torn or foreign file, by name."""
    if not (folder / "plan.json").is_file():
        raise RecordError(f"{folder}/plan.json is missing: no records there; run `make reproduce` first")
    plan = read_json(folder / "plan.json", "plan")
    runs: dict[str, dict[int, Record]] = {}
    for run in plan["runs"]:
        path = folder / run["record"]
        if path.exists():
            runs.setdefault(run["cell"], {})[run["replicate"]] = read_measurement(path, run.get("kind", "train"))
    return RecordSet(
        plan=plan,
        calibration=read_json(folder / calibration.FILE_NAME, "calibration"),
        runs=runs,
        missing=_missing_reasons(plan, set(runs)),
        optimum=_read_optimum(folder, plan),
    )
