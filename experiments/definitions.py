"""The experiments as data: one TOML file for each table and each claim, read before anything is run."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent

# A step costs nothing, burns processor time, or blocks.
REGIMES = ("as_is", "busy", "wait")
REGIME_NAMES = {"as_is": "as is", "busy": "busy", "wait": "wait"}


@dataclass(frozen=True)
class Row:
    """A row of a table: the cell that is measured for it and the document's row that it is held against."""

    label: str
    cell: str
    document: tuple[Any, ...] = ()
    baseline: bool = False
    regimes: tuple[str, ...] = REGIMES


@dataclass(frozen=True)
class Experiment:
    """A table or a claim. `quantity`, `line` and `setting` are in words; what the code needs stands in `parameters`."""

    id: str
    quantity: str
    line: str
    setting: str
    decides: str = ""
    not_run: str = ""
    rows: tuple[Row, ...] = ()
    parameters: dict[str, Any] = field(default_factory=dict)


def _row(data: dict[str, Any]) -> Row:
    return Row(
        label=data["label"],
        cell=data["cell"],
        document=tuple(data.get("document", ())),
        baseline=data.get("baseline", False),
        regimes=tuple(data.get("regimes", REGIMES)),
    )


def experiment_of(data: dict[str, Any]) -> Experiment:
    return Experiment(
        id=data["id"],
        quantity=data["quantity"],
        line=data["line"],
        setting=data["setting"],
        decides=data.get("decides", ""),
        not_run=data.get("not_run", ""),
        rows=tuple(_row(row) for row in data.get("row", ())),
        parameters=data.get("parameters", {}),
    )


def load_experiments(folder: Path = FOLDER) -> dict[str, Experiment]:
    """Every experiment, by id: those of the documents, whether each rule learns, and those of studies."""
    paths = [*sorted(folder.glob("d[0-9]_*.toml")), folder / "rules_learning.toml"]
    entries = [tomllib.loads(path.read_text(encoding="utf-8")) for path in paths]
    for path in sorted(folder.glob("studies/*.toml")):
        entries += tomllib.loads(path.read_text(encoding="utf-8")).get("experiment", [])
    experiments = [experiment_of(entry) for entry in entries]
    return {experiment.id: experiment for experiment in experiments}
