"""Gossip's study: theory by the matrices themselves, bytes by hand, verdicts on records of which the truth is known."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import synthetic

from experiments.build import Build
from experiments.documents import load_documents
from experiments.study import load_studies
from plots.blocks import Paragraph
from plots.studies.gossip_mixing import LABELS, expected_squared_factor, factor, second_eigenvalue
from plots.studies.gossip_pairs import judge_pairs, pairs_table
from plots.studies.gossip_traffic import Traffic, disagreement_over_run
from plots.records import RecordSet
from plots.rules import Rules
from plots.studies import section_of
from plots.verdicts import Kind

STUDY = next(study for study in load_studies() if study.name == "gossip")
MIXING = STUDY.experiment("gossip.mixing")


def matrix(graph: str, members: int) -> np.ndarray:
    """Uniform weights over oneself and those that give."""
    neighbours = {
        "ring": lambda i: {i, (i + 1) % members, (i - 1) % members},
        "hypercube": lambda i: {i} | {i ^ 1 << k for k in range(round(math.log2(members)))},
        "exponential": lambda i: {i} | {(i - (1 << k)) % members for k in range(round(math.log2(members)))},
    }[graph]
    rows = [[1 / len(neighbours(i)) if j in neighbours(i) else 0.0 for j in range(members)] for i in range(members)]
    return np.array(rows)


@pytest.mark.parametrize("graph", ["ring", "hypercube", "exponential"])
@pytest.mark.parametrize("members", [4, 8, 16])
def test_second_eigenvalues_are_those_of_the_matrices(graph: str, members: int) -> None:
    moduli = sorted(np.abs(np.linalg.eigvals(matrix(graph, members))))
    assert second_eigenvalue(graph, members) == pytest.approx(moduli[-2])


def mixing_record(factors: dict[str, float]) -> dict[str, Any]:
    """Every graph shrinks by its factor in each of 40 meetings; one-peer graphs are exact after log2(n)."""
    runs = []
    for graph in LABELS:
        for members in MIXING.parameters["members"]:
            values = [3.0 * factors.get(f"{graph}-{members}", 0.7) ** t for t in range(41)]
            if graph == "one-peer":
                values = [3.0 if t < math.log2(members) else factors.get("left", 0.0) for t in range(41)]
            runs.append({"graph": graph, "members": members, "disagreement": values})
    return {"runs": runs}


def test_measured_factors_are_judged_by_theory() -> None:
    ring = second_eigenvalue("ring", 8) or 0.0
    right = {"ring-8": ring * 1.01, "ring-16": 0.9, "random-pairs-8": math.sqrt(expected_squared_factor(8))}
    records = [mixing_record(right)] * 3
    measured = factor(MIXING, records, "ring", 8)
    assert (measured.estimate.value, measured.expected) == (pytest.approx(1.01 * ring), ring)
    assert measured.verdict.kind is Kind.CONFIRMED
    assert factor(MIXING, records, "ring", 16).verdict.kind is Kind.REFUTED
    assert factor(MIXING, records, "random-pairs", 16).verdict.kind is Kind.REFUTED
    assert factor(MIXING, records, "random-pairs", 8).estimate.value == pytest.approx(3 / 7)
    assert factor(MIXING, records, "one-peer", 4).verdict.kind is Kind.CONFIRMED
    assert factor(MIXING, [mixing_record({"left": 1e-6})] * 3, "one-peer", 4).verdict.kind is Kind.REFUTED
    assert factor(MIXING, records, "random-peer", 8).verdict.kind is Kind.NOT_JUDGED
    assert factor(MIXING, records[:1], "ring", 8).verdict.kind is Kind.INCONCLUSIVE


def learning_record(agreement: str, apart: float, reaches: bool = True) -> dict[str, Any]:
    """Ten evaluations 10 rounds apart, of 4 workers with 1,000 parameters; a gossip's on a ring."""
    curve = []
    for at in range(1, 11):
        point = {"steps": 800.0 * at, "seconds": 0.1 * at, "evaluation_return": 480.0 if reaches and at >= 5 else 100.0}
        if agreement == "gossip":
            point |= {"disagreement": apart / at, "weights_bytes_of_all_workers": 10 * at * 2 * 4 * 4000}
        curve.append(point)
    sent = {"server": 3, "gossip": 2, "all-reduce": 0}[agreement] * 100 * 4000
    gradients = 100 * 2 * 3000 if agreement == "all-reduce" else 0
    return {
        "configuration": {"workers": 4},
        "counts": {"environment_steps": 8000, "parameters": 1000, "updates": 100},
        "communication": {"weights": {"bytes": sent}, "gradients": {"bytes": gradients}},
        "curve": curve,
        "final_evaluation": {"mean": 480.0},
        "steps_per_second": 1e5,
        "staleness": [{"lag": 0, "segments": 300}, {"lag": 2, "segments": 100}],
        "oversubscribed": True,
    }


@pytest.mark.parametrize(("agreement", "total", "busiest"), [
    ("server", 100 * 2 * 3 * 4000, 100 * 3 * 4000),
    ("all-reduce", 100 * 2 * 3 * 4000, 100 * 2 * 3000),
    ("gossip", 100 * 2 * 4 * 4000, 100 * 2 * 4000),
    ("pairs", 100 * 2 * 4 * 4000, 100 * 2 * 4000),
])
def test_bytes_are_the_closed_forms(agreement: str, total: int, busiest: int) -> None:
    kind = "gossip" if agreement == "pairs" else agreement
    traffic = Traffic(learning_record(kind, 1.0), agreement)
    assert (traffic.total, traffic.busiest) == (total, busiest)
    assert traffic.bytes_to(475.0) == pytest.approx(total / 2)
    assert math.isinf(Traffic(learning_record(kind, 1.0, reaches=False), agreement).bytes_to(475.0))


def test_disagreement_is_of_the_evaluations_before_the_last() -> None:
    assert disagreement_over_run(learning_record("gossip", 9.0)) == pytest.approx(sum(1 / at for at in range(1, 10)))


def records_of(ring_apart: float, server_reaches: int = 5) -> RecordSet:
    agreements = {cell.name: dict(cell.options).get("agreement", "") for cell in STUDY.cells}
    runs: dict[str, dict[int, Any]] = {}
    for name, agreement in agreements.items():
        if not agreement:
            runs[name] = {seed: mixing_record({}) for seed in range(1, 6)}
            continue
        apart = 10.0 if name.endswith("apart") else ring_apart
        runs[name] = {
            seed: learning_record(agreement, apart, reaches=agreement != "server" or seed <= server_reaches)
            for seed in range(1, 6)
        }
    plan = {**STUDY.plan(Build(Path("prl"), synthetic.BUILD, synthetic.MACHINE, ())), "machine": synthetic.MACHINE}
    return RecordSet(plan=plan, calibration={}, runs=runs, missing={}, optimum=None)


@pytest.mark.parametrize(("ring_apart", "server_reaches", "kind"), [
    (0.5, 5, Kind.CONFIRMED),
    (5.0, 5, Kind.REFUTED),
    (0.5, 4, Kind.INCONCLUSIVE),
    (0.5, 0, Kind.REFUTED),
])
def test_both_architectures_have_to_learn_and_copies_to_stay_together(
    ring_apart: float, server_reaches: int, kind: Kind
) -> None:
    (claim,) = section_of(STUDY).judge(STUDY, load_documents(), records_of(ring_apart, server_reaches))
    assert (claim.id, claim.verdict.kind) == ("D3.c2", kind)


@pytest.mark.parametrize(("ratio", "oversubscribed", "kind"), [
    (3.0, False, Kind.CONFIRMED),
    (2.0, False, Kind.REFUTED),
    (3.0, True, Kind.NOT_JUDGED),
])
def test_pairs_are_judged_by_what_slow_and_fast_workers_can_take(ratio: float, oversubscribed: bool, kind: Kind) -> None:
    experiment, records = STUDY.experiment("gossip.pairs"), records_of(0.5)
    for cell, speed in (("slow-mixing", 1e4), ("slow-pairs", 1e4 * ratio)):
        for seed, record in records.runs[f"gossip.{cell}"].items():
            record |= {"steps_per_second": speed * (1 + 0.01 * seed), "oversubscribed": oversubscribed}
    estimate, verdict = judge_pairs(experiment, Rules(records, family="gossip"))
    assert estimate is not None and estimate.value == pytest.approx(ratio)
    assert verdict.kind is kind
    rows = {row.cells[0]: row.cells for row in pairs_table(experiment, Rules(records, family="gossip")).rows}
    assert rows["lag of an average, 95th percentile"][2] == "2.00"
    assert rows["bytes a step"][2] == "400"


def test_the_section_has_its_tables_and_figures() -> None:
    blocks = section_of(STUDY).blocks(STUDY, load_documents(), records_of(0.5), lambda stated: Paragraph(stated.id))
    names = {getattr(block, "id", getattr(block, "name", "")) for block in blocks}
    assert {"D3.gossip", "gossip.mixing", "gossip.pairs", "gossip-mixing", "gossip-bytes", "gossip-seconds"} <= names
