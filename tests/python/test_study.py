"""Studies: what is planned of a file, how other programs are run, and what a report needs of it."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
import synthetic

from experiments import study
from experiments.build import Build
from experiments.definitions import Experiment
from experiments.documents import load_documents
from experiments.execution import Execution
from experiments.profile import load_profile
from experiments.study import Study, StudyCell, load_studies, load_study
from plots.blocks import Block, Paragraph
from plots.records import RecordSet
from plots.studies import section_of

EXAMPLE = """
title = "An example"
order = 10
tables = ["D9.table"]

[profiles.smoke]
seeds = 1
launches = 2
percent = 10

[profiles.default]
seeds = 5
launches = 3

[groups.learning]
title = "example, learning"
replicates = "seeds"
seconds = 2.0
options = { algorithm = "ppo", steps = "1000", envs = "16" }
[groups.learning.cells]
plain = {}
free = { collect = "threads", schedule = "free-running", seconds = 4.0 }

[groups.others]
title = "example, others"
replicates = "launches"
timed = true
seconds = 1.0
program = ["python", "-m", "experiments.example"]
record_kind = "example"
sources = ["experiments/s*.py"]
[groups.others.cells]
link = { bandwidth = "100" }

[[experiment]]
id = "D9.c1"
quantity = "something"
line = "above 1"
setting = "as it is"
parameters = { line = 1.0 }
"""
MATRIX = [
    {"algorithm": "ppo", "collect": collect, "inference": "workers", "agreement": "none", "schedule": schedule}
    for collect in ("serial", "threads")
    for schedule in ("lock-step", "free-running")
]


@pytest.fixture
def example(tmp_path: Path) -> Study:
    path = tmp_path / "example.toml"
    path.write_text(EXAMPLE, encoding="utf-8")
    return load_study(path)


def build(refused: str = "") -> Build:
    cells = tuple({**cell, "available": not (refused == cell["schedule"]), "reason": "of its own"} for cell in MATRIX)
    return Build(Path("build/prl"), synthetic.BUILD, synthetic.MACHINE, cells)


def cell_named(example: Study, name: str) -> StudyCell:
    return next(cell for cell in example.cells if cell.name == name)


def test_profiles_say_how_much_is_run(example: Study) -> None:
    learning, others = example.stages(load_profile("default"), build())
    assert [(run.cell.name, run.replicate) for run in others.runs] == [("example.others-link", n) for n in (1, 2, 3)]
    assert len(learning.runs) == 2 * 5
    assert (learning.slots, others.slots) == (2, 1)
    assert learning.runs[0].arguments == ("train", "--algorithm", "ppo", "--steps", "1000", "--envs", "16", "--seed", "1")
    assert {run.estimate_seconds for run in learning.runs} == {2.0, 4.0}
    short = example.stages(load_profile("smoke"), build())[0]
    assert short.runs[0].arguments[4] == "100"
    assert {run.estimate_seconds for run in short.runs} == {0.2, 0.4}
    assert example.stages(load_profile("full"), build()) == []


def test_refused_cells_are_left_out_with_the_reason_of_the_runner(example: Study) -> None:
    refusing = build("free-running")
    assert example.plan(refusing)["unavailable"] == {"example.learning-free": "of its own"}
    assert all(run.cell.name != "example.learning-free" for s in example.stages(load_profile("smoke"), refusing) for run in s.runs)
    assert example.plan(build())["unavailable"] == {}


def test_other_programs_say_themselves_why_they_cannot_be_run(example: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "why", lambda _build, options: f"no link of {options['bandwidth']}", raising=False)
    cell = replace(cell_named(example, "example.others-link"), unavailable="experiments.study:why")
    assert cell.reason_unavailable(build()) == "no link of 100"


def test_programs_are_told_where_the_runner_and_the_record_are(example: Study, tmp_path: Path) -> None:
    execution = Execution(build(), tmp_path)
    run = example.stages(load_profile("smoke"), build())[1].runs[0]
    words = execution.command(run)
    assert words[:5] == [sys.executable, "-m", "experiments.example", "--prl", "build/prl"]
    assert words[5:9] == ["--bandwidth", "100", "--seed", "1"]
    assert words[9] == "--record" and words[10].endswith(run.record)
    beside = replace(run, program=("skeleton", "ring"))
    assert execution.command(beside)[:2] == ["build/skeleton", "ring"]
    command_of_runner = replace(run, program=("prl", "tune"))
    assert execution.command(command_of_runner)[:2] == ["build/prl", "tune"]


def test_a_changed_source_makes_the_records_stale(example: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "experiments").mkdir()
    source = tmp_path / "experiments" / "script.py"
    source.write_text("1", encoding="utf-8")
    monkeypatch.setattr(study, "ROOT", tmp_path)
    before = example.stages(load_profile("smoke"), build())
    source.write_text("2", encoding="utf-8")
    after = example.stages(load_profile("smoke"), build())
    assert before[1].runs[0].record != after[1].runs[0].record
    assert before[0].runs[0].record == after[0].runs[0].record


def test_lines_are_stated_with_the_cells(example: Study) -> None:
    stated = example.experiment("D9.c1")
    assert (stated.line, stated.parameters) == ("above 1", {"line": 1.0})


STUDIES = load_studies()


@pytest.mark.parametrize("own", STUDIES, ids=lambda own: own.name)
def test_every_study_has_a_section_and_runs_in_every_profile(own: Study) -> None:
    section = section_of(own)
    assert callable(section.blocks) and callable(section.judge)
    assert set(own.amounts) == {"smoke", "default", "full"}
    for profile in own.amounts:
        for cell in own.cells:
            assert cell.replicates in own.amounts[profile], cell.name
    names = [cell.name for cell in own.cells]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("own", STUDIES, ids=lambda own: own.name)
def test_a_study_without_records_says_so(own: Study) -> None:
    from experiments.definitions import Experiment
    def stated(experiment: Experiment) -> Block:
        return Paragraph(experiment.id)

    plan = {**own.plan(Build(Path("prl"), synthetic.BUILD, synthetic.MACHINE, ())), "machine": synthetic.MACHINE}
    missing = {cell.name: "no record yet" for cell in own.cells}
    nothing = RecordSet(plan=plan, calibration={}, runs={}, missing=missing, optimum=None)
    section_of(own).blocks(own, load_documents(), nothing, stated)
    for claim in section_of(own).judge(own, load_documents(), nothing):
        assert claim.verdict.kind.value == "not run", claim.id
