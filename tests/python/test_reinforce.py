"""REINFORCE: planned runs, composed seconds, and verdicts on records whose truth is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import synthetic
import synthetic_reinforce as model

from experiments.build import Build
from experiments.definitions import load_experiments
from experiments.documents import load_documents
from experiments.profile import Profile, load_profile
from experiments.reinforce import (
    calibrate,
    epoch_at,
    left_out,
    load_reinforce_cells,
    reinforce_stages,
    target_seconds,
    timed_epochs,
)
from plots.claims import Judged
from plots.records import RecordSet
from plots.reinforce import compose, epoch_steps
from plots.reinforce_claims import bits_evidence, judge_reinforce_claims
from plots.reinforce_section import reinforce_section
from plots.reinforce_tables import break_evens, reinforce_summary_rows, reinforce_tables, time_rows
from plots.verdicts import OVERSUBSCRIBED, Kind

CELLS = load_reinforce_cells()
TABLE = load_experiments()["D0.reinforce"]
DOCUMENTS = load_documents()
COST_SECONDS = 280e-6
Runs = dict[str, dict[int, dict[str, Any]]]


def build(cores: int = 2) -> Build:
    return Build(Path("prl"), synthetic.BUILD, {**synthetic.MACHINE, "usable_cores": cores}, ())


def make_runs(profile: Profile, noise: float = 0.002) -> Runs:
    runs: Runs = {}
    for stage in reinforce_stages(profile, build(), CELLS, COST_SECONDS):
        for run in stage.runs:
            runs.setdefault(run.cell.name, {})[run.replicate] = synthetic.make_record(
                list(run.arguments), noise * (1 + 0.1 * run.replicate)
            )
    return runs


def record_set(runs: Runs, profile: Profile) -> RecordSet:
    reasons = left_out(CELLS, 2)
    plan = {
        "profile": profile.as_dict(),
        "cells": {cell.name: cell.as_dict() for cell in CELLS},
        "machine": {"usable_cores": 2},
        "reinforce": {"epochs": 200, "steps": 6_000_000, "seconds_without_cost": 2.6, "target_seconds": 1800.0,
                      "step_cost_seconds": COST_SECONDS},
    }  # fmt: skip
    missing = {cell.name: reasons.get(cell.name, "no record yet") for cell in CELLS if cell.name not in runs}
    return RecordSet(plan=plan, calibration={}, runs=runs, missing=missing, optimum=None)


@pytest.fixture(scope="module")
def default_runs() -> Runs:
    return make_runs(load_profile("default"))


@pytest.fixture
def runs(default_runs: Runs) -> Runs:
    return {name: dict(of_cell) for name, of_cell in default_runs.items()}


def judged(runs: Runs, name: str = "default") -> dict[str, Judged]:
    claims = judge_reinforce_claims(load_experiments(), DOCUMENTS, record_set(runs, load_profile(name)))
    return {claim.id: claim for claim in claims}


def slowed(record: dict[str, Any], factor: float, epochs: list[int] | None = None) -> dict[str, Any]:
    """The record with the seconds of some epochs, from 1, or of all, multiplied."""
    rounds = record["seconds"]["rounds"]
    changed = [
        {key: value * (factor if epochs is None or epoch in epochs else 1.0) for key, value in sample.items()}
        for epoch, sample in enumerate(rounds, 1)
    ]
    return {**record, "seconds": {"rounds": changed}}


@pytest.mark.parametrize("name", ["smoke", "default", "full"])
def test_every_run_has_a_record_of_its_own_and_timed_ones_run_alone(name: str) -> None:
    stages = reinforce_stages(load_profile(name), build(4), CELLS, COST_SECONDS)
    records = [run.record for stage in stages for run in stage.runs]
    assert len(set(records)) == len(records)
    assert {run.cell.name for stage in stages for run in stage.runs} == {cell.name for cell in CELLS}
    for stage in stages:
        assert stage.slots == (1 if {run.cell.kind for run in stage.runs} == {"timing"} else 4)


def test_rows_of_equal_shards_differ_in_their_mode_alone() -> None:
    stages = reinforce_stages(load_profile("default"), build(4), CELLS, COST_SECONDS)
    lines = [run.arguments for stage in stages for run in stage.runs if run.cell.kind == "timing"]
    for option in ("--envs", "--rounds", "--seed", "--preset"):
        assert len({line[line.index(option) + 1] for line in lines}) == 1, option
    paying = [line for line in lines if "--cost-rounds" in line]
    assert len({line[line.index("--cost-rounds") + 1] for line in paying}) == 1
    assert len(paying) == 2 * 3 * 3 and all(line[line.index("--step-cost") + 1].endswith(":280.00us") for line in paying)


def test_busy_processes_without_cores_are_left_out_with_the_reason() -> None:
    stages = reinforce_stages(load_profile("default"), build(2), CELLS, COST_SECONDS)
    planned = {run.cell.name for stage in stages for run in stage.runs}
    assert "reinforce.busy-serial" in planned and "reinforce.wait-processes-4" in planned
    assert left_out(CELLS, 2).keys() == {"reinforce.busy-processes-4", "reinforce.busy-processes-4-split"}
    assert not planned & left_out(CELLS, 2).keys() and left_out(CELLS, 4) == {}
    launches = [run for stage in stages for run in stage.runs if run.cell.name == "reinforce.wait-processes-4-split"]
    assert len(launches) == 1  # its learners compete for cores, so it gives no verdict


def test_smoke_is_short_and_default_keeps_its_share() -> None:
    for name, limit in (("smoke", 25.0), ("default", 290.0)):
        stages = reinforce_stages(load_profile(name), build(), CELLS, COST_SECONDS)
        assert sum(run.estimate_seconds / stage.slots for stage in stages for run in stage.runs) < limit


def test_timed_epochs_are_spread_and_the_held_out_one_is_none_of_them() -> None:
    for epochs in (20, 200):
        timed, held_out = timed_epochs(TABLE, epochs)
        assert len(timed) == 5 and timed[0] == 1 and held_out not in timed
        assert timed[0] < held_out < timed[-1] <= epochs
    with pytest.raises(ValueError, match="5 epochs are too few"):
        timed_epochs(TABLE, 5)


def test_experiments_name_cells_that_exist() -> None:
    names = {cell.name.removeprefix("reinforce.") for cell in CELLS}
    for row in TABLE.parameters["rows"]:
        for cell in (row["cell"], row.get("serial", "serial")):
            assert f"as_is-{cell}" in names
        if "document" in row:
            DOCUMENTS.row("D0.reinforce", *row["document"])
    experiments = load_experiments()
    c1, c2, c7 = (experiments[f"D0.c{number}"].parameters for number in (1, 2, 7))
    assert {f"as_is-{c1['serial']}", f"as_is-{c1['parallel']}"} <= names
    assert {f"as_is-{half[key]}" for half in c2["halves"] for key in half if key != "what"} <= names
    assert {c7["few"], c7["many"], *c7["beside"], TABLE.parameters["curve"]} <= names


def test_calibrated_cost_makes_the_serial_training_last_the_documents_minutes() -> None:
    record = {"counts": {"environment_steps": 6_000_000}, "seconds": {"rounds": [{"total": 0.02}] * 200}}
    found = calibrate(record, "x.json", target_seconds(DOCUMENTS))
    assert 200 * 0.02 + 6_000_000 * found["step_cost_seconds"] == pytest.approx(30 * 60, rel=1e-4)
    with pytest.raises(ValueError, match="without any step cost"):
        calibrate(record, "x.json", 3.0)


def test_composed_seconds_are_those_of_the_whole_training_at_full_cost() -> None:
    _, held_out = timed_epochs(TABLE, 200)
    stages = reinforce_stages(load_profile("default"), build(4), CELLS, COST_SECONDS)
    for cell in ("wait-serial", "wait-processes-4", "busy-processes-4-split"):
        run = next(run for stage in stages for run in stage.runs if run.cell.name == f"reinforce.{cell}")
        words = list(run.arguments)
        composed = compose(synthetic.make_record(words, 0.0), held_out)
        everywhere = words.index("--cost-rounds") + 1
        words[everywhere] = ",".join(map(str, range(1, 201)))
        whole = sum(sample["total"] for sample in synthetic.make_record(words, 0.0)["seconds"]["rounds"])
        assert composed.seconds == pytest.approx(whole, rel=2e-3)
        assert composed.factor == pytest.approx(model.FACTOR, rel=3e-3)
        assert composed.predicted == pytest.approx(1.0, abs=3e-3)


def test_held_out_epoch_is_no_part_of_what_predicts_it(default_runs: Runs) -> None:
    held_out = epoch_at(TABLE.parameters["held_out_epoch"], 200)
    record = default_runs["reinforce.wait-serial"][1]
    plain, longer = compose(record, held_out), compose(slowed(record, 2.0, [held_out]), held_out)
    assert longer.seconds == plain.seconds
    assert longer.predicted == pytest.approx(plain.predicted / 2)


def test_verdicts_on_a_known_machine(runs: Runs) -> None:
    claims = judged(runs)
    speedup = next(e for e in claims["D0.c1"].evidence if e.where == "wait")
    assert float(speedup.measured) == pytest.approx(4 / (1 + model.IMBALANCE), rel=0.01)
    assert (claims["D0.c1"].verdict.kind, claims["D0.c1"].decided_by) == (Kind.CONFIRMED, "wait")
    assert claims["D0.c2"].verdict.kind is Kind.CONFIRMED
    assert claims["D0.c2"].decided_by == "sampling: wait, W = 4; gradients: as is, W = 2"
    assert claims["D0.c7"].verdict.kind is not Kind.CONFIRMED  # the model's returns do not depend on the environments
    rows = time_rows(TABLE, DOCUMENTS, record_set(runs, load_profile("default")))
    by_place = {(row.regime, row.definition["cell"]): row for row in rows}
    assert by_place["wait", "processes-4"].speedup_verdict.kind is Kind.CONFIRMED  # 3.85 of 3.75
    assert by_place["as_is", "processes-4"].speedup_verdict == OVERSUBSCRIBED
    assert by_place["wait", "processes-4-split"].speedup_verdict == OVERSUBSCRIBED
    assert by_place["busy", "processes-4"].speedup_verdict.kind is Kind.NOT_RUN
    assert "2 cores" in by_place["busy", "processes-4"].speedup_verdict.reason
    assert by_place["wait", "serial"].minutes_verdict.reason == "calibrated"


def test_what_would_refute_does(runs: Runs) -> None:
    slow = {seed: slowed(run, 2.0) for seed, run in runs["reinforce.wait-processes-4"].items()}
    assert judged({**runs, "reinforce.wait-processes-4": slow})["D0.c1"].verdict.kind is Kind.REFUTED
    split = {seed: slowed(run, 3.0) for seed, run in runs["reinforce.as_is-processes-2-split"].items()}
    assert judged({**runs, "reinforce.as_is-processes-2-split": split})["D0.c2"].verdict.kind is Kind.REFUTED


@pytest.mark.parametrize(
    ("gain", "spread", "kind"), [(20.0, 0.3, Kind.CONFIRMED), (0.0, 0.3, Kind.REFUTED), (20.0, 3.0, Kind.REFUTED)]
)
def test_number_of_environments_decides_by_return_and_spread(runs: Runs, gain: float, spread: float, kind: Kind) -> None:
    for cell, more, factor in (("learning-n1", 0.0, 1.0), ("learning-n64", gain, spread)):
        for seed, run in runs[f"reinforce.{cell}"].items():
            curve = [{**point, "training_return": 450 + factor * ((i * 7 + seed) % 11)} for i, point in enumerate(run["curve"])]
            final = {**run["final_evaluation"], "mean": 450.0 + more + 0.5 * seed}
            runs[f"reinforce.{cell}"][seed] = {**run, "curve": curve, "final_evaluation": final}
    assert judged(runs)["D0.c7"].verdict.kind is kind


def test_badly_predicted_epoch_makes_composed_figures_inconclusive(runs: Runs) -> None:
    held_out = epoch_at(TABLE.parameters["held_out_epoch"], 200)
    for cell in ("reinforce.wait-serial", "reinforce.wait-processes-4"):
        off = {**runs, cell: {**runs[cell], 2: slowed(runs[cell][2], 1.05, [held_out])}}
        verdict = judged(off)["D0.c1"].verdict
        assert verdict.kind is Kind.INCONCLUSIVE and "held-out" in verdict.reason


def test_too_few_launches_short_trainings_and_missing_cells_decide_nothing(runs: Runs) -> None:
    few = {name: {1: of_cell[1]} for name, of_cell in runs.items()}
    assert {claim.verdict.kind for claim in judged(few).values()} == {Kind.INCONCLUSIVE}
    assert {claim.verdict.kind for claim in judged({}).values()} == {Kind.NOT_RUN}
    amounts = {"as_is_launches": 3, "launches": 3, "seeds": 5, "epochs": 20}
    profile = Profile(**{**load_profile("default").as_dict(), "name": "short", "reinforce": amounts})
    records = record_set(make_runs(profile), profile)
    claims = judge_reinforce_claims(load_experiments(), DOCUMENTS, records)
    assert {(claim.verdict.kind, claim.verdict.reason) for claim in claims} == {(Kind.INCONCLUSIVE, "20 of 200 epochs")}
    for row in reinforce_summary_rows(TABLE, DOCUMENTS, records):
        assert "20 of 200 epochs" in str(row.cells[-2])


def test_different_bits_are_evidence_against(runs: Runs) -> None:
    profile = load_profile("default")
    assert bits_evidence(record_set(runs, profile)).verdict.kind is Kind.CONFIRMED
    cell = runs["reinforce.wait-processes-4-split"]
    cell[1] = {**cell[1], "parameters_digest": "0" * 16}
    assert bits_evidence(record_set(runs, profile)).verdict.kind is Kind.REFUTED


def test_break_even_cost_is_where_both_take_the_same_time() -> None:
    profile = load_profile("default")
    records = record_set(make_runs(profile, 0.0), profile)
    by_cell = {found.row["cell"]: found for found in break_evens(TABLE, records)}
    found = by_cell["processes-4"]
    steps = float(epoch_steps(records.runs["reinforce.as_is-serial"][1]).sum())
    serial = found.serial.value + found.cost_seconds.value * steps
    pool = found.pool.value + found.cost_seconds.value * steps * (1 + model.IMBALANCE) / 4
    assert serial == pytest.approx(pool, rel=1e-4)
    assert found.steps_saved == pytest.approx(1 - (1 + model.IMBALANCE) / 4, rel=1e-3)


def test_tables_hold_every_row_in_its_columns(runs: Runs) -> None:
    records = record_set(runs, load_profile("default"))
    returns, minutes, speedups, pays = reinforce_tables(TABLE, DOCUMENTS, records)
    assert (len(returns.rows), len(minutes.rows), len(speedups.rows), len(pays.rows)) == (2, 12, 12, 4)
    for table in (returns, minutes, speedups, pays):
        assert all(len(row.cells) == len(table.columns) for row in table.rows)
    assert reinforce_section(TABLE, DOCUMENTS, records)
    assert not reinforce_section(TABLE, DOCUMENTS, record_set({}, load_profile("default")))
