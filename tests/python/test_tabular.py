"""Tabular Q-learning: planned runs, and verdicts on records whose truth is known."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

import pytest
import synthetic

from experiments.build import Build
from experiments.definitions import load_experiments
from experiments.documents import load_documents
from experiments.profile import load_profile
from experiments.tabular import TabularCell, load_tabular_cells, tabular_stages
from plots.claims import Judged
from plots.records import RecordSet
from plots.tabular_claims import judge_tabular_claims
from plots.tabular_tables import tabular_tables
from plots.verdicts import Kind

CELLS = load_tabular_cells()
SEEDS = 5


def record(cell: TabularCell, seed: int, **changes: Any) -> dict[str, Any]:
    """As the runner would write it, of a machine on which 2 workers are 1.5 times as fast, subsets are off by a quarter
    of the largest value and N waiting agents N times as fast."""
    noise = random.Random(f"{cell.name} {seed}").uniform(0.99, 1.01)
    options = dict(cell.options)
    printed = options.get("subsets", "1") == "4"
    exact = options.get("step-size") == "constant:1" and options["env"] != "FrozenLake-v1"
    made = {
        "configuration": {
            "environment": options["env"],
            "collect": cell.collect,
            "agreement": options.get("agreement", "none"),
            "experience": options["experience"],
            "agents": cell.workers,
            "workers": cell.workers,
            "step_cost": cell.step_cost,
            "evaluation": {"stop_at_error": 0.2},
            "hyperparameters": {
                "step_size": options.get("step-size", "power:0.8"),
                "subsets": int(options.get("subsets", "1")),
                "robbins_monro": "hold",
            },
        },
        "updates_per_second": noise * 2e7 * (1.5 if cell.workers > 1 else 1.0),
        "optimum": {"largest_value": 4.0, "own_bias": 1.0 if printed else 0.0},
        "error": noise if printed else 0.0 if exact else 0.02 * noise,
        "own_error": 0.02 * noise,
        "counts": {"environment_steps": round(20_000 * noise)},
        "seconds": {"learn": noise * 2.0 / cell.workers},
        "reached": True,
        "values_digest": f"{seed:016x}",
        "oversubscribed": cell.oversubscribed(2),
    }
    return {**made, **changes}


def record_set(runs: dict[str, dict[int, dict[str, Any]]]) -> RecordSet:
    plan = {"cells": {cell.name: cell.as_dict() for cell in CELLS}}
    missing = {cell.name: "no record yet" for cell in CELLS if cell.name not in runs}
    return RecordSet(plan=plan, calibration={}, runs=runs, missing=missing, optimum=None)


@pytest.fixture
def runs() -> dict[str, dict[int, dict[str, Any]]]:
    return {
        cell.name: {seed: record(cell, seed) for seed in range(1, (1 if cell.group == "bits" else SEEDS) + 1)} for cell in CELLS
    }


def judged(runs: dict[str, dict[int, dict[str, Any]]]) -> dict[str, Judged]:
    claims = judge_tabular_claims(load_experiments(), load_documents(), record_set(runs))
    return {claim.id: claim for claim in claims}


@pytest.mark.parametrize("name", ["smoke", "default", "full"])
def test_every_run_has_a_record_of_its_own_and_options_that_the_runner_has(name: str) -> None:
    build = Build(Path("prl"), synthetic.BUILD, synthetic.MACHINE, ())
    stages = tabular_stages(load_profile(name), build, CELLS)
    records = [run.record for stage in stages for run in stage.runs]
    assert len(set(records)) == len(records)
    assert {run.cell.name for stage in stages for run in stage.runs} == {cell.name for cell in CELLS}
    for stage in stages:
        timed = {run.cell.timed for run in stage.runs}  # type: ignore[attr-defined]
        assert stage.slots == (1 if timed == {True} else 2)


def test_smoke_is_short_and_default_below_a_minute() -> None:
    build = Build(Path("prl"), synthetic.BUILD, synthetic.MACHINE, ())
    for name, limit in (("smoke", 15.0), ("default", 90.0)):
        stages = tabular_stages(load_profile(name), build, CELLS)
        assert sum(run.estimate_seconds / stage.slots for stage in stages for run in stage.runs) < limit


def test_experiments_name_cells_that_exist() -> None:
    names = {cell.name.removeprefix("tabular.") for cell in CELLS}
    experiments = load_experiments()
    for key in ("D0.c3", "D1.c1", "D1.c2", "D1.c5"):
        for value in experiments[key].parameters.values():
            for cell in value if isinstance(value, list) else [value]:
                assert not isinstance(cell, str) or cell in names
    parameters = experiments["D1.c3"].parameters
    assert {f"agents-{cost}-{n}" for cost in parameters["costs"] for n in (1, *parameters["agents"])} <= names


def test_verdicts_on_a_known_machine(runs: dict[str, dict[int, dict[str, Any]]]) -> None:
    claims = judged(runs)
    kinds = {name: claim.verdict.kind for name, claim in claims.items()}
    assert kinds == {
        "D0.c3": Kind.CONFIRMED,
        "D1.c1": Kind.CONFIRMED,
        "D1.c2": Kind.REFUTED,
        "D1.c3": Kind.CONFIRMED,
        "D1.c5": Kind.CONFIRMED,
    }
    ratio = next(e for e in claims["D1.c1"].evidence if e.verdict.kind is Kind.CONFIRMED)
    assert abs(float(ratio.measured) - 1.5) < 0.03
    by_what = {(e.where, e.what.partition(" (")[0]): e for e in claims["D1.c3"].evidence}
    assert abs(float(by_what["waiting steps", "seconds of 1 agent / of 8"].measured) - 8.0) < 0.2
    assert by_what["no step cost", "seconds of 1 agent / of 8"].verdict.kind is Kind.NOT_JUDGED  # two cores
    assert by_what["no step cost", "seconds of 1 agent / of 2"].verdict.kind is Kind.CONFIRMED


def test_what_would_refute_does(runs: dict[str, dict[int, dict[str, Any]]]) -> None:
    other_bits = {**runs, "tabular.bits-threads-4": {1: {**runs["tabular.bits-threads-4"][1], "values_digest": "f" * 16}}}
    assert judged(other_bits)["D0.c3"].verdict.kind is Kind.REFUTED

    def changed(cell: str, **changes: Any) -> dict[str, dict[int, dict[str, Any]]]:
        return {**runs, f"tabular.{cell}": {seed: {**run, **changes} for seed, run in runs[f"tabular.{cell}"].items()}}

    slow = changed("speed-pool-shared-threads-2", updates_per_second=1e7)
    assert judged(slow)["D1.c1"].verdict.kind is Kind.REFUTED
    assert judged(changed("agents-wait-8", seconds={"learn": 3.0}))["D1.c3"].verdict.kind is Kind.REFUTED
    assert judged(changed("limit-taxi-step1", error=1e-6))["D1.c5"].verdict.kind is Kind.REFUTED
    assert judged(changed("limit-random-a8-power", error=1.0))["D1.c5"].verdict.kind is Kind.REFUTED
    diverged = judged(changed("limit-taxi-step1", error=math.nan))["D1.c5"].verdict.kind
    assert diverged is not Kind.CONFIRMED
    for cell in ("subsets-printed-a8", "subsets-printed-a16"):
        runs.update(changed(cell, error=0.02))
    assert judged(runs)["D1.c2"].verdict.kind is Kind.CONFIRMED


def test_too_few_seeds_and_missing_cells_decide_nothing(runs: dict[str, dict[int, dict[str, Any]]]) -> None:
    few = {name: {1: of_cell[1]} for name, of_cell in runs.items()}
    assert {claim.verdict.kind for claim in judged(few).values()} == {Kind.INCONCLUSIVE}
    assert {claim.verdict.kind for claim in judged({}).values()} == {Kind.NOT_RUN}
    assert tabular_tables(record_set({})) == []


def test_tables_hold_every_cell_once(runs: dict[str, dict[int, dict[str, Any]]]) -> None:
    speed, error, agents = tabular_tables(record_set(runs))
    assert len(speed.rows) == sum(cell.group == "speed" for cell in CELLS)
    assert len(error.rows) == sum(cell.group in ("limit", "subsets") for cell in CELLS)
    assert len(agents.rows) == 8
    for table in (speed, error, agents):
        assert all(len(row.cells) == len(table.columns) for row in table.rows)
    assert agents.rows[2].cells[2] == "4 (oversubscribed)"
    assert agents.rows[6].cells[2] == "4"
