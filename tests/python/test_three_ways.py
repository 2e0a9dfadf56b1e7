"""What the section on the three ways to parallelise makes of records whose figures are known."""

from __future__ import annotations

import math
from typing import Any

import synthetic

from experiments.documents import load_documents
from experiments.study import load_studies
from plots.records import RecordSet
from plots.studies import three_ways as section
from plots.verdicts import Kind

STUDY = next(study for study in load_studies() if study.name == "three_ways")


def record(speed: float, reached_at: float, oversubscribed: bool) -> dict[str, Any]:
    curve = [{"steps": s, "seconds": s / speed, "evaluation_return": 500.0 if s >= reached_at else 9.0} for s in (2000, 4000)]
    return {
        "steps_per_second": speed,
        "curve": curve,
        "counts": {"environment_steps": 4000},
        "seconds": {"rounds": [{"collect": 3.0, "learn": 1.0, "total": 4.0}]},
        "oversubscribed": oversubscribed,
        "final_evaluation": {"mean": 480.0},
    }


def verdicts(
    speeds: dict[str, float], missed: dict[str, int] | None = None, replicates: int = 5, oversubscribed: str = ""
) -> dict[str, str]:
    """Cells have the speeds given, or 1,000, a few percent apart by launch; `missed`: seeds that never get to 475."""
    runs = {}
    for cell in STUDY.cells:
        name = cell.name.removeprefix("three_ways.")
        never = (missed or {}).get(name, 0)
        runs[cell.name] = {
            n: record(speeds.get(name, 1000.0) * (1 + 0.02 * n), math.inf if n <= never else 4000, name == oversubscribed)
            for n in range(1, replicates + 1)
        }
    records = RecordSet({"machine": synthetic.MACHINE, "cells": {}}, {}, runs, {}, None)
    tables = {block.id: block for block in section.blocks(STUDY, load_documents(), records, lambda e: e) if hasattr(block, "columns")}  # type: ignore[arg-type, return-value]
    assert all(len(row.cells) == len(table.columns) for table in tables.values() for row in table.rows)
    return {judged.id: judged.verdict.kind.value for judged in section.judge(STUDY, load_documents(), records)}


FASTER = {"ways-synchronous": 1900.0, "ways-asynchronous": 2100.0, "ways-sampling": 2000.0}


def test_every_way_has_to_be_faster_than_the_serial_code_and_to_learn() -> None:
    assert verdicts(FASTER)["D3.c1"] == "confirmed"
    assert verdicts({**FASTER, "ways-sampling": 900.0})["D3.c1"] == "refuted"
    assert verdicts(FASTER, {"ways-asynchronous": 5})["D3.c1"] == "refuted"
    assert verdicts(FASTER, {"ways-asynchronous": 1})["D3.c1"] == "inconclusive"
    assert verdicts(FASTER, replicates=2)["D3.c1"] == "inconclusive"
    assert verdicts(FASTER, oversubscribed="ways-asynchronous")["D3.c1"] == "not judged"


def test_each_of_two_has_to_win_a_setting_against_the_faster_of_the_others_rows() -> None:
    each = {"samples-sampling": 1300.0, "gradients-server": 1300.0}
    assert verdicts(each)["D3.c8"] == "confirmed"
    assert verdicts({**each, "samples-server-2": 1500.0})["D3.c8"] == "refuted"
    assert verdicts({**each, "gradients-sampling": 1500.0})["D3.c8"] == "refuted"
    assert verdicts(each, oversubscribed="samples-server")["D3.c8"] == "confirmed"


def test_seeds_that_get_there_are_judged_from_three_on() -> None:
    assert section.judge_passages([1.0, 2.0, 3.0]).kind is Kind.CONFIRMED
    assert section.judge_passages([math.inf] * 3).kind is Kind.REFUTED
    assert section.judge_passages([1.0, math.inf, 3.0]).kind is Kind.INCONCLUSIVE
    assert section.judge_passages([1.0, 2.0]).kind is Kind.INCONCLUSIVE
