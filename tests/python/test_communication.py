"""The study of communication: the crossover's closed form, and how ratios decide the claims."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import synthetic

from experiments.build import Build
from experiments.codec_costs import costs_of
from experiments.documents import load_documents
from experiments.study import load_studies
from plots.records import RecordSet
from plots.studies import section_of
from plots.studies.communication import Cost, crossover_bytes_per_second, update_seconds
from plots.verdicts import Kind

STUDY = next(study for study in load_studies() if study.name == "communication")


@pytest.mark.parametrize("workers", (2, 4))
def test_at_the_crossover_both_take_the_same_time(workers: int) -> None:
    cost = Cost(encode_seconds=30e-6, decode_seconds=20e-6, encoded_bytes=1e5)
    rate = crossover_bytes_per_second(1e6, cost, workers)
    plain, encoded = update_seconds(1e6, None, workers, rate), update_seconds(1e6, cost, workers, rate)
    assert encoded == pytest.approx(plain)
    assert update_seconds(1e6, cost, workers, rate / 2) < update_seconds(1e6, None, workers, rate / 2)
    by_hand = (2 * 1e6 * (workers - 1) / workers - 1e5 * (workers - 1)) / (30e-6 + workers * 20e-6)
    assert rate == pytest.approx(by_hand)


def test_factors_are_multiplied_once_whatever_the_number_of_workers() -> None:
    factors = Cost(encode_seconds=30e-6, decode_seconds=20e-6, encoded_bytes=1e5, decoded_once=True)
    assert update_seconds(1e6, factors, 4, 1e9) == pytest.approx(30e-6 + 3e5 / 1e9 + 20e-6)


def test_a_codec_whose_all_gather_moves_more_never_wins() -> None:
    half_of_16 = Cost(encode_seconds=1e-6, decode_seconds=1e-6, encoded_bytes=5e5)
    assert crossover_bytes_per_second(1e6, half_of_16, 2) > 0
    assert crossover_bytes_per_second(1e6, half_of_16, 4) == 0  # 2 S 3/4 = 1.5 MB against 3 x 0.5


def test_costs_are_read_by_codec_and_length() -> None:
    rows = [
        {"run_name": "codecs/encode/top-k:0.01/135000", "real_time": 5000.0, "time_unit": "ns", "encoded_bytes": 10800.0},
        {"run_name": "codecs/decode/top-k:0.01/135000", "real_time": 250.0, "time_unit": "ns"},
    ]
    costs = costs_of({"benchmarks": rows})["top-k:0.01"]["135000"]
    assert costs == pytest.approx({"encode_seconds": 5e-6, "decode_seconds": 2.5e-7, "encoded_bytes": 10800.0})


def record(moving: float, waiting: float, oversubscribed: bool = False) -> dict[str, Any]:
    nothing = {"bytes": 0, "messages": 0, "transfer_seconds": 0.0, "waiting_seconds": 0.0}
    gradients = {"bytes": 100, "messages": 1, "transfer_seconds": moving, "waiting_seconds": waiting}
    purposes = {purpose: nothing for purpose in ("weights", "trajectories", "control")}
    return {
        "seconds": {"rounds": [{"total": 1.0}]},
        "communication": {**purposes, "gradients": gradients},
        "steps_per_second": 100.0,
        "oversubscribed": oversubscribed,
    }


def kinds(moving: dict[str, float], oversubscribed: str = "") -> dict[str, Kind]:
    runs = {
        f"communication.timing-{cell}": {
            launch: record(seconds * noise, 0.0, cell == oversubscribed) for launch, noise in enumerate((1.0, 1.01, 0.99), 1)
        }
        for cell, seconds in moving.items()
    }
    plan = {**STUDY.plan(Build(Path("prl"), synthetic.BUILD, synthetic.MACHINE, ())), "machine": synthetic.MACHINE}
    records = RecordSet(plan=plan, calibration={}, runs=runs, missing={}, optimum=None)
    return {claim.id: claim.verdict.kind for claim in section_of(STUDY).judge(STUDY, load_documents(), records)}


def test_both_halves_of_a_claim_decide_it() -> None:
    less = {"plain": 0.4, "every-8": 0.01, "fp16": 0.2, "central": 0.01, "free": 0.001}
    assert kinds(less) == {"D4.c5": Kind.CONFIRMED, "D3.c7": Kind.CONFIRMED}
    assert kinds({**less, "fp16": 0.6}) == {"D4.c5": Kind.CONFIRMED, "D3.c7": Kind.REFUTED}
    assert kinds({**less, "free": 0.1}) == {"D4.c5": Kind.REFUTED, "D3.c7": Kind.REFUTED}
    assert kinds(less, oversubscribed="free") == {"D4.c5": Kind.NOT_JUDGED, "D3.c7": Kind.NOT_JUDGED}
