"""prl list shows the matrix: what it calls available runs, what it does not is refused for the reason it gives."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from program import PRL, run, small, train
from record_schema import faults_of
from test_bad_input import expect_usage_error

PARTS = ("algorithm", "collect", "inference", "agreement", "schedule")
LIST: dict[str, Any] = json.loads(subprocess.run([PRL, "list", "--json"], capture_output=True, check=True).stdout)


def name_of(cell: dict[str, Any]) -> str:
    return "-".join(str(cell[part]) for part in PARTS)


def options_of(cell: dict[str, Any]) -> str:
    workers = 1 if cell["collect"] == "serial" else 2
    parts = " ".join(f"--{part} {cell[part]}" for part in PARTS)
    return f"{parts} --workers {workers} --steps 256"


@pytest.mark.parametrize("cell", [cell for cell in LIST["cells"] if cell["available"]], ids=name_of)
def test_available_cells_run(tmp_path: Path, cell: dict[str, Any]) -> None:
    record = train(tmp_path, options_of(cell))
    assert {part: record["configuration"][part] for part in PARTS} == {
        part: cell[part] for part in PARTS
    }
    assert cell["reason"] == ""
    assert record["counts"]["updates"] > 0
    assert faults_of(record, "prl train") == []


# One of each rule and reason: several hundred cells are refused, by the code that fills the list.
REFUSED = {(cell["algorithm"], cell["reason"]): cell for cell in LIST["cells"] if not cell["available"]}


@pytest.mark.parametrize("cell", REFUSED.values(), ids=name_of)
def test_other_cells_are_refused_for_the_reason_given(tmp_path: Path, cell: dict[str, Any]) -> None:
    assert cell["reason"]
    words = options_of(cell).split()
    outcome = run(["train", *small(words), *words, "--record", "record.json"], tmp_path)
    expect_usage_error(outcome, cell["reason"])


def test_the_list_has_every_combination_once() -> None:
    assert faults_of(LIST, "prl list") == []
    names = [name_of(cell) for cell in LIST["cells"]]
    assert len(set(names)) == len(names)
    for part, values in (("collect", 4), ("inference", 2), ("agreement", 5), ("schedule", 3)):
        assert len({cell[part] for cell in LIST["cells"]}) == values
    assert len(names) == 120 * len({cell["algorithm"] for cell in LIST["cells"]})


@pytest.mark.parametrize("known", LIST["known_names"], ids=lambda known: known["name"])
def test_a_name_of_the_literature_is_a_cell(tmp_path: Path, known: dict[str, Any]) -> None:
    configuration = train(tmp_path, known["options"], "--steps 256")["configuration"]
    assert any(all(cell[part] == configuration[part] for part in PARTS) for cell in LIST["cells"] if cell["available"])


@pytest.mark.parametrize(
    "preset", LIST["presets"], ids=lambda preset: f"{preset['algorithm']}-{preset['name']}-{preset['environment']}"
)
def test_a_preset_is_what_the_list_says(tmp_path: Path, preset: dict[str, Any]) -> None:
    named = ["--algorithm", preset["algorithm"], "--env", preset["environment"], "--preset", preset["name"]]
    arguments = ["train", *named, "--steps", "1", "--progress", "none"]
    assert run([*arguments, "--record", "record.json"], tmp_path).status == 0
    configuration = json.loads((tmp_path / "record.json").read_text())["configuration"]
    settings = {**configuration["hyperparameters"], "steps_per_round": configuration["steps_per_round"]}
    assert settings == preset["settings"]


def test_a_gpu_is_named_or_its_absence_explained(tmp_path: Path) -> None:
    text, gpu = run(["list"], tmp_path).output, LIST["gpu"]
    toolkit = LIST["build"]["libraries"]["cuda"]
    assert f"GPU kernels: {f'of CUDA {toolkit}' if toolkit else 'none in this build'}\n" in text
    assert (gpu["device"] is None) == gpu["reason"].startswith("no CUDA device: ")
    assert (gpu["reason"] or gpu["device"]["name"]) in text
    assert toolkit or gpu["device"] is None


def test_people_see_the_same(tmp_path: Path) -> None:
    text = run(["list"], tmp_path).output
    for cell in LIST["cells"]:
        words = ["+" if cell["available"] else "-", *(cell[part] for part in PARTS)]
        assert any(line.split()[:6] == words and cell["reason"] in line for line in text.splitlines())
    for named in (*LIST["environments"], *LIST["presets"], *LIST["known_names"]):
        assert named["name"] in text
