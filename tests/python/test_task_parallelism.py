"""What the section on task and hybrid parallelism makes of records whose figures are known."""

from __future__ import annotations

import math
from argparse import Namespace
from typing import Any

import synthetic
import tomllib

from experiments import model_search
from experiments.documents import load_documents
from experiments.study import load_studies
from plots.records import RecordSet
from plots.studies import task_parallelism as section

STUDY = next(study for study in load_studies() if study.name == "task_parallelism")


def record(seconds: float, steps: int, reached: tuple[float | None, ...] = (1.0, 2.0)) -> dict[str, Any]:
    return {
        "configuration": {"workers": 2, "trials": 8},
        "seconds": {"total": seconds},
        "counts": {"environment_steps": steps, "repeated_steps": 0, "saved_steps": steps // 3},
        "steps_per_second": steps / seconds,
        "reached": {"steps": steps // 2, "seconds": seconds / 2},
        "models": [{"trial": i, "stage": 0, "started": 0.0, "reached": value} for i, value in enumerate(reached)],
    }


def records(seconds: dict[str, float], launches: int = 5) -> RecordSet:
    """Every cell takes the seconds given, or 4; launches differ by a few percent, the same for all cells."""
    runs = {
        cell.name: {
            n: record(seconds.get(cell.name.removeprefix("task_parallelism."), 4.0) * (1 + 0.02 * n), 96_000)
            for n in range(1, launches + 1)
        }
        for cell in STUDY.cells
    }
    return RecordSet({"machine": synthetic.MACHINE, "cells": {}}, {}, runs, {}, None)


def verdicts(made: RecordSet) -> dict[str, str]:
    return {judged.id: judged.verdict.kind.value for judged in section.judge(STUDY, load_documents(), made)}


def test_two_trials_at_once_are_judged_by_their_ratio() -> None:
    assert verdicts(records({"search-one": 8.0, "search-two": 4.4}))["D0.c4"] == "confirmed"
    assert verdicts(records({"search-one": 4.0, "search-two": 4.4}))["D0.c4"] == "refuted"
    assert verdicts(records({"search-one": 8.0, "search-two": 4.4}, launches=2))["D0.c4"] == "inconclusive"


def test_a_hybrid_is_held_against_the_best_single_kind_in_both_regimes() -> None:
    better = {"wait-tasks-data": 2.0, "wait-tasks": 3.0, "busy-stages": 2.0, "busy-tasks": 3.0}
    assert verdicts(records(better))["D0.c6"] == "confirmed"
    assert verdicts(records({**better, "busy-data": 1.5}))["D0.c6"] == "refuted"
    assert verdicts(records({**better, "wait-data": 1.5}))["D0.c6"] == "refuted"


def test_a_set_is_there_when_its_last_model_is() -> None:
    assert section.seconds_to_all(record(8.0, 100, (3.0, 7.0, 5.0))) == 7.0
    assert math.isinf(section.seconds_to_all(record(8.0, 100, (3.0, None))))


def test_a_model_is_there_with_its_first_evaluation_above_the_target() -> None:
    curve = [{"seconds": 1.0}, {"seconds": 2.0, "evaluation_return": 400.0}, {"seconds": 3.0, "evaluation_return": 480.0}]
    run = {"curve": [{"steps": 80 * i, **point} for i, point in enumerate(curve, 1)], "seconds": {"start_up": 0.25}}
    assert model_search.reached_seconds(run, 475.0) == 3.25
    assert model_search.reached_seconds(run, 500.0) is None
    assert model_search.reached_seconds(run, 475.0, steps_before=160) == 1.25


def test_saved_steps_are_a_share_of_all_that_would_have_been_taken() -> None:
    assert section.saved_share(record(8.0, 96_000)) == 0.25


def test_a_study_file_has_the_options_of_its_cell() -> None:
    train = "env=CartPole-v1 hidden=64,64 learning_rate=1e-3 envs=16"
    text = model_search.study_text(Namespace(rounds=18, seed=3, target=475.0, train=train, space="models"))
    study = tomllib.loads(text)
    assert study["study"] == {"rounds": 18, "first_rounds": 2, "reduction": 3, "seed": 3, "target": 475.0}
    assert study["train"] == {"env": "CartPole-v1", "hidden": "64,64", "learning_rate": 1e-3, "envs": 16}
    assert study["space"]["seed"]["values"] == [1, 2, 3, 4]


def test_tables_and_figure_are_made_of_the_records() -> None:
    made = section.blocks(STUDY, load_documents(), records({"search-one": 8.0, "search-two": 4.0}), lambda experiment: experiment)  # type: ignore[arg-type, return-value]
    tables = {block.id: block for block in made if hasattr(block, "columns")}
    assert "2.00" in str(tables["D0.c4.search"].rows[1].cells[4])
    assert len(tables["D0.c6.ways"].rows) == 11
