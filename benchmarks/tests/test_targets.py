"""Verdicts, pairing and the targets' equations, on samples whose ratios are known."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from benchmarks.targets import communication, end_to_end, free_running, pipelined, split_gradients, wait
from benchmarks.targets.interleave import launch_with_cores_near, order_of_pass
from benchmarks.targets.rows import Row, Sample
from benchmarks.targets.setting import Setting
from benchmarks.targets.target import Target
from experiments import core_distance
from experiments.core_distance import CoreDistance
from plots.statistics import Estimate

SETTING = Setting(Path("prl"), Path("benchmarks"), Path("python"), quick=False)


@pytest.mark.parametrize(
    ("low", "high", "at_most", "verdict"),
    [
        (1.9, 2.1, False, "reached"),
        (1.8, 1.89, False, "missed"),
        (1.85, 1.95, False, "inconclusive"),
        (1.8, 1.9, True, "reached"),
        (1.91, 2.0, True, "missed"),
        (1.85, 1.95, True, "inconclusive"),
        (math.nan, math.nan, False, "inconclusive"),
    ],
)
def test_the_whole_interval_decides(low: float, high: float, at_most: bool, verdict: str) -> None:
    assert Target("x", Estimate((low + high) / 2, low, high, 5), 1.9, at_most).verdict() == verdict


def test_a_target_that_was_not_run_says_so() -> None:
    target = Target("x", None, 1.9, remark="needs 2 cores")
    assert target.verdict() == "not run"
    assert target.document()["value"] is None


def test_every_other_pass_goes_backwards() -> None:
    rows = [Row(name, [], dict) for name in "abc"]
    assert [row.name for k in range(3) for row in order_of_pass(rows, k)] == list("abccbaabc")


class CountedRow(Row):
    def launch(self) -> Sample:
        self.keep({})
        return {"launch": True}


@pytest.mark.parametrize(
    ("looks", "launches", "apart"), [("nnn", 1, False), ("nnann", 2, False), ("nannn", 2, False), ("nnanana", 3, True)]
)
def test_a_launch_with_cores_apart_is_repeated(
    looks: str, launches: int, apart: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core_distance, "_PATIENCE_SECONDS", 0.0)
    left = iter({"n": (100e-9,), "a": (500e-9,)}[look] for look in looks)
    cores = CoreDistance(lambda: next(left))
    cores.look()
    begun: list[dict[str, object]] = []
    sample = launch_with_cores_near(CountedRow("a", [], lambda document: begun.append(document) or {}), cores)
    assert len(begun) == launches
    assert (sample["cores"]["apart"], sample["cores"]["repeats"]) == (apart, launches - 1)


def run(collect: float, learn: float, **more: object) -> Sample:
    return {"rounds": [{"collect": collect, "learn": learn, "total": collect + learn}], **more}


def value_of(target: Target) -> float:
    assert target.estimate is not None
    return target.estimate.value


def test_a_round_at_its_bound_has_efficiency_one() -> None:
    collect, learn = 8.0, 0.25
    samples = {"serial": [run(collect, learn)] * 3}
    for mode in ("threads", "processes", "mpi"):
        for w in (1, 2, 4, 8, 16):
            samples[f"{mode}-{w}"] = [run(collect / w / 0.5, learn)] * 3
    targets = {target.what: target for target in wait.judge(samples, SETTING)}
    assert value_of(targets["wait, mpi, W=8: collecting efficiency"]) == pytest.approx(0.5)
    expected = (collect / 8 + learn) / (2 * collect / 8 + learn)
    assert value_of(targets["wait, mpi, W=8: round against its bound"]) == pytest.approx(expected)
    assert targets["wait, mpi, W=8: round against its bound"].verdict() == "missed"


def test_a_pipelined_round_is_held_against_the_longer_phase() -> None:
    samples = {}
    for row in pipelined.rows(SETTING):
        samples[row.name] = [run(0.1, 0.2)] * 3 if row.name.endswith("lock-step") else [run(0.02, 0.2)] * 3
    targets = pipelined.judge(samples, SETTING)
    assert len(targets) == len(samples) / 2
    for target in targets:
        if SETTING.usable_cores < 2:
            assert target.verdict() == "not run"
        else:
            assert value_of(target) == pytest.approx(1.1)
            assert target.verdict() == "missed"


def test_free_actors_are_held_against_their_own_speed() -> None:
    samples = {row.name: [run(0.08, 0.02)] * 3 for row in free_running.rows(SETTING)}
    # A round of any number of actors in the time in which one alone collects its part of it, whatever it learns meanwhile.
    samples["a2c, threads, W=8"] = [run(0.05, 0.03)] * 3
    targets = {target.what: target for target in free_running.judge(samples, SETTING)}
    assert value_of(targets["free-running, a2c, threads, W=8: of the actors' own speed"]) == pytest.approx(1.0)
    assert value_of(targets["free-running, vtrace, processes, W=1: of the actors' own speed"]) == pytest.approx(0.8)


def test_split_ranks_are_held_against_what_the_all_reduce_leaves() -> None:
    # L = 0.2, U a = 100 * 0.5 ms = 0.05: at best 0.15.
    samples = {
        "serial": [run(0.0, 0.2, updates_per_round=100.0)] * 3,
        "threads": [run(0.0, 0.1)] * 3,
        "shards": [run(0.0, 0.125)] * 3,
        "mpi": [run(0.0, 0.3)] * 3,
        "all-reduce": [{"seconds": 5e-4}] * 3,
    }
    threads, shards, ranks = split_gradients.judge(samples, Setting(Path(), Path(), Path(), quick=True))
    if SETTING.usable_cores < 2:
        assert threads.verdict() == shards.verdict() == ranks.verdict() == "not run"
    else:
        assert value_of(threads) == pytest.approx(2.0)
        assert value_of(shards) == pytest.approx(1.6)
        assert value_of(ranks) == pytest.approx(0.5)


def test_only_moving_weights_and_trajectories_counts() -> None:
    parts = {
        "weights": {"transfer_seconds": 0.004, "waiting_seconds": 9.0},
        "trajectories": {"transfer_seconds": 0.002, "waiting_seconds": 9.0},
        "control": {"transfer_seconds": 9.0, "waiting_seconds": 9.0},
    }
    sample = run(0.1, 0.1, communication=parts)
    sample["rounds"] *= 2
    (target,) = communication.judge({"mpi": [sample] * 3}, SETTING)
    assert value_of(target) == pytest.approx(0.006 / 0.4)
    assert target.verdict() == "reached"


def test_the_better_peer_is_the_line() -> None:
    peer = {"versions": {"stable_baselines3": "2.9.0"}, "steps_per_round": 2048}
    samples = {
        "sb3-1": [{**peer, "round_seconds": [2.0, 2.0]}] * 3,
        "sb3-4": [{**peer, "round_seconds": [1.0, 1.0]}] * 3,
        "prl-1": [run(0.1, 0.1, steps_per_round=2048)] * 3,
        "prl-4": [run(0.05, 0.05, steps_per_round=2048)] * 3,
    }
    one, four = end_to_end.judge(samples, SETTING)
    assert value_of(one) == pytest.approx(5.0)
    assert value_of(four) == pytest.approx(10.0)
