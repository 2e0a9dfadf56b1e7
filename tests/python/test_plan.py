"""Plans: order, launches, arguments, and that every experiment names cells that exist."""

from __future__ import annotations

from pathlib import Path

import pytest
import synthetic

from experiments.build import Build
from experiments.calibration import calibrate, step_cost_seconds
from experiments.cell import Cell, load_cells, run_arguments
from experiments.definitions import REGIMES, load_experiments
from experiments.documents import load_documents
from experiments.plan import Planner, interleave, launches_of, plan_document
from experiments.profile import load_profile, profile_names

BUILD = Build(Path("prl"), synthetic.BUILD, synthetic.MACHINE, ())
CELLS = {cell.name: cell for cell in load_cells()}


def test_launch_rounds_run_forth_and_back() -> None:
    a, b, c = (CELLS[f"wait.{name}"] for name in ("serial", "mpi-2", "mpi-4"))
    order = interleave([a, b, c], {a.name: 3, b.name: 3, c.name: 1})
    assert order == [(a, 1), (b, 1), (c, 1), (b, 2), (a, 2), (a, 3), (b, 3)]


def test_rows_without_verdict_run_once_where_they_take_long() -> None:
    profile = load_profile("default")
    assert launches_of(CELLS["busy.mpi-4"], profile, 2) == 1
    assert launches_of(CELLS["busy.mpi-4"], profile, 4) == profile.cost_launches
    assert launches_of(CELLS["wait.mpi-16"], profile, 2) == profile.cost_launches
    assert launches_of(CELLS["as_is.mpi-16"], profile, 2) == profile.launches
    assert launches_of(CELLS["as_is.mpi-16-split"], profile, 2) == 1
    assert launches_of(CELLS["wait.mpi-2-split"], profile, 2) == profile.cost_launches


def test_workers_that_wait_are_not_oversubscribed_unless_they_learn() -> None:
    assert not CELLS["wait.mpi-16"].oversubscribed(2)
    assert CELLS["wait.mpi-16-split"].oversubscribed(2) and not CELLS["wait.mpi-16-split"].oversubscribed(16)
    assert CELLS["busy.mpi-4"].oversubscribed(2) and CELLS["as_is.mpi-4"].oversubscribed(2)
    assert not CELLS["busy.mpi-2"].oversubscribed(2)


@pytest.mark.parametrize("name", profile_names())
def test_every_run_of_a_profile_has_a_record_of_its_own(name: str) -> None:
    stages = Planner(load_profile(name), BUILD, load_cells(), 0.004).stages()
    records = [run.record for stage in stages for run in stage.runs]
    assert len(records) == len(set(records))
    assert {stage.slots for stage in stages if "speed" in stage.title} == {1}


def test_rows_share_the_setting_that_gives_them_equal_bits() -> None:
    profile = load_profile("default")
    lines = [run_arguments(c, profile, 1, 0.004) for c in CELLS.values() if c.kind == "timing" and c.environments == 16]
    for option in ("--envs", "--learner-threads", "--preset", "--seed", "--warmup-rounds"):
        assert len({line[line.index(option) + 1] for line in lines}) == 1, option


def test_step_cost_is_written_in_whole_microseconds() -> None:
    arguments = run_arguments(CELLS["wait.mpi-4"], load_profile("default"), 1, 0.004031)
    assert arguments[arguments.index("--step-cost") + 1] == "wait:4031us"
    arguments = run_arguments(CELLS["as_is.mpi-4"], load_profile("default"), 1, 0.004031)
    assert arguments[arguments.index("--step-cost") + 1] == "none"


def test_calibrated_cost_makes_the_round_last_what_the_document_says() -> None:
    cost = step_cost_seconds(0.1, 2048, 245.0)
    assert 2048 / (2048 * cost + 0.1) == pytest.approx(245.0, rel=2e-4)
    # Smoke: the round of 256 steps lasts 256/245 s.
    assert 256 * step_cost_seconds(0.02, 256, 245.0) + 0.02 == pytest.approx(256 / 245, rel=2e-4)
    with pytest.raises(ValueError, match="without any step cost"):
        step_cost_seconds(9.0, 2048, 245.0)


def test_calibration_takes_the_median_round() -> None:
    record = {
        "configuration": {"steps_per_round": 2048},
        "seconds": {"rounds": [{"total": t} for t in (0.1, 5.0, 0.1, 0.2, 0.1)]},
    }
    document = calibrate(record, Path("calibration.serial.1-0.json"), 245.0)
    assert document["round_seconds_without_cost"] == 0.1
    assert document["step_cost_seconds"] == step_cost_seconds(0.1, 2048, 245.0)


def test_experiments_name_cells_and_document_rows_that_exist() -> None:
    documents = load_documents()
    experiments = load_experiments()
    assert {f"D4.c{i}" for i in range(1, 8)} <= experiments.keys()
    assert {name for name in documents.tables if name.startswith("D4.")} <= experiments.keys()
    for experiment in experiments.values():
        for row in experiment.rows:
            names = [f"{regime}.{row.cell}" for regime in row.regimes]
            assert any(name in CELLS for name in names), f"{experiment.id}: {row.cell}"
            if row.document:
                documents.row(experiment.id, *row.document)
    for row in experiments["D4.convergence"].parameters["rows"]:
        assert row["cell"] in CELLS
        for regime, cell in row.get("rounds", {}).items():
            assert f"{regime}.{cell}" in CELLS


def test_experiments_state_quantity_line_and_setting() -> None:
    for experiment in load_experiments().values():
        assert experiment.quantity and experiment.line and experiment.setting


def test_cells_that_the_runner_refuses_are_left_out_with_its_reason() -> None:
    matrix = [
        {"collect": "mpi", "inference": "workers", "agreement": "none", "available": False, "reason": "built without MPI"}
    ]
    build = Build(Path("prl"), synthetic.BUILD, synthetic.MACHINE, tuple(matrix))
    profile, cells = load_profile("smoke"), load_cells()
    stages = Planner(profile, build, cells, 0.004).stages()
    planned = {run.cell.name for stage in stages for run in stage.runs}
    assert "wait.mpi-4" not in planned and "wait.mpi-4-central" in planned and "wait.processes-4" in planned
    assert plan_document(profile, build, cells, stages, {})["unavailable"]["wait.mpi-4"] == "built without MPI"


def test_unknown_profile_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match="smoke, default, full"):
        load_profile("quick")


def test_timing_cells_exist_in_their_regimes_alone() -> None:
    assert all(isinstance(cell, Cell) for cell in CELLS.values())
    assert "wait.threads-16" in CELLS and "busy.threads-16" not in CELLS
    assert {cell.regime for cell in CELLS.values() if cell.kind == "timing"} == set(REGIMES)
