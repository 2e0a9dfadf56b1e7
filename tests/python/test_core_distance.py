"""Timed runs are repeated where a virtual machine's cores lay apart, whatever their figure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from small_task import FAKE_RUNNER, small_task

from experiments import core_distance
from experiments.build import describe_build
from experiments.core_distance import CoreDistance, Look
from experiments.execution import Execution
from experiments.progress import Progress
from experiments.reproduce import Costs
from plots.records import RecordSet
from plots.settings import core_distance_text

NEAR, APART = (100e-9,), (500e-9,)


def looks(*seen: Look) -> Callable[[], Look]:
    left: Iterator[Look] = iter(seen)
    return lambda: next(left)


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core_distance, "_PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(core_distance, "PATIENCE_SHARE", 100.0)


def test_a_pair_is_apart_by_its_own_shortest_trip() -> None:
    cores = CoreDistance(looks((100e-9, 300e-9), (120e-9, 320e-9), (100e-9, 900e-9), (340e-9, 300e-9), (360e-9, 300e-9)))
    assert [cores.apart(cores.look()) for _ in range(5)] == [False, False, False, False, True]


def test_nothing_is_apart_where_it_cannot_be_measured(tmp_path: Path) -> None:
    cores = CoreDistance(lambda: core_distance.measure(tmp_path / "missing"))
    assert cores.settle(1.0) == () and not cores.apart(())


def test_it_waits_for_the_cores_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core_distance, "_PATIENCE_SECONDS", 60.0)
    monkeypatch.setattr(core_distance, "_LOOK_EVERY_SECONDS", 0.0)
    cores = CoreDistance(looks(NEAR, APART, APART, NEAR, APART))
    cores.look()
    assert cores.settle(60.0) == NEAR


def test_it_does_not_wait_where_patience_has_run_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core_distance, "_PATIENCE_SECONDS", 60.0)
    cores = CoreDistance(looks(NEAR, APART, NEAR))
    cores.look()
    assert cores.settle(0.0) == APART


def run_once(tmp_path: Path, *seen: Look) -> tuple[Execution, dict[str, object]]:
    task = small_task(tmp_path / "results", ("as_is.serial",), launches=1)
    execution = Execution(describe_build(FAKE_RUNNER), task.records)
    execution.prepare()
    execution.__dict__["_cores"] = CoreDistance(looks(NEAR, *seen))
    execution._cores.look()
    stage = next(stage for stage in task.stages(Costs()) if stage.title == "speed, as is")
    run = stage.runs[0]
    execution.run_stage(stage, {run.record}, Progress({run.record: ("x", 1.0)}))
    assert execution.failures == {}
    return execution, json.loads((execution.records / run.record).read_text(encoding="utf-8"))["cores"]


@pytest.mark.parametrize(
    ("seen", "repeats", "apart"),
    [
        ((NEAR, NEAR), 0, False),
        ((NEAR, APART, NEAR, NEAR), 1, False),
        ((APART, NEAR, NEAR, NEAR), 1, False),
        ((NEAR, APART, NEAR, APART, NEAR, APART), 2, True),
    ],
)
def test_a_run_with_cores_apart_is_repeated_and_says_so(
    tmp_path: Path, seen: tuple[Look, ...], repeats: int, apart: bool
) -> None:
    execution, cores = run_once(tmp_path, *seen)
    assert (cores["repeats"], cores["apart"]) == (repeats, apart)
    assert cores["round_trip_seconds"] == {"before": list(seen[-2]), "after": list(seen[-1])}
    assert len(list(execution.aside.glob("*.json"))) == (1 if repeats else 0)


def test_repeats_take_a_share_of_the_stage_at_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core_distance, "PATIENCE_SHARE", 1e-9)
    _, cores = run_once(tmp_path, NEAR, APART, NEAR, APART)
    assert cores["repeats"] == 0 and cores["apart"] is True


def test_a_long_run_is_noted_and_not_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("experiments.execution._SHORT_RUN_SECONDS", 0.0)
    _, cores = run_once(tmp_path, APART, NEAR)
    assert cores["repeats"] == 0 and cores["apart"] is True


def test_the_report_says_how_often() -> None:
    def record(before: Look, apart: bool, repeats: int) -> dict[str, object]:
        return {"cores": {"round_trip_seconds": {"before": before, "after": NEAR}, "apart": apart, "repeats": repeats}}

    runs = {"a": {1: record(NEAR, False, 0), 2: record(APART, True, 2)}, "b": {1: record(NEAR, False, 1)}, "c": {1: {}}}
    text = core_distance_text(RecordSet({}, {}, runs, {}, None))
    assert "takes 100 ns" in text and "over 3 timed runs, 500 ns at most" in text
    assert "2 short runs were repeated" in text and "1 runs are of cores" in text
    assert core_distance_text(RecordSet({}, {}, {"c": {1: {}}}, {}, None)) == ""
