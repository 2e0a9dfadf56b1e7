"""Models beside measurements: a link's bytes over bandwidth, rounds composed of work and simulated communication."""

from __future__ import annotations

from typing import Any

import pytest

from plots import hosts
from plots.simulation import Work, document_speedups, exchange_seconds, fit_rounds, own_speedups, round_seconds


def count(size: int, messages: int, transfer: float = 0.0, waiting: float = 0.0) -> dict[str, Any]:
    return {"bytes": size, "messages": messages, "transfer_seconds": transfer, "waiting_seconds": waiting}


def record(agreement: str) -> dict[str, Any]:
    """Two rounds of three updates over 100 Mb/s and 1 ms, as measured 1.5 ms."""
    central = agreement == "none"
    return {
        "configuration": {"agreement": agreement},
        "counts": {"rounds": 2, "updates": 6},
        "seconds": {
            "collect": 1.0,
            "workers": [{"collect": 0.7}, {"collect": 0.8}],
            "rounds": [{"total": 0.75}, {"total": 1.25}],
        },
        "communication": {
            "weights": count(2_000_000, 2) if central else count(0, 0),
            "trajectories": count(500_000, 2) if central else count(0, 0),
            "gradients": count(0, 0) if central else count(1_500_000, 12, 0.3, 0.1),
            "control": count(64, 4) if central else count(48, 6, 0.0, 0.2),
        },
        "link": {"bits_per_second": 100e6, "delay_seconds": 0.001},
        "measured_link": {"bits_per_second": 90e6, "one_way_seconds": 0.0015},
    }


def test_a_central_learner_communicates_while_it_collects() -> None:
    own = record("none")
    assert hosts.communication_seconds(own) == pytest.approx(0.1)  # (1.0 - 0.8) / 2 rounds
    assert hosts.model_seconds(own) == pytest.approx(1_250_000 * 8 / 100e6 + 2 * 0.0015)
    assert hosts.share_of_round(own) == pytest.approx(0.2 / 2.0)


def test_split_gradients_communicate_in_every_update() -> None:
    own = record("all-reduce")
    assert hosts.communication_seconds(own) == pytest.approx(0.1)  # (0.4 + 0.2) / 6 updates
    assert hosts.model_seconds(own) == pytest.approx(250_008 * 8 / 100e6 + 3 * 0.0015)
    assert hosts.measured_over_model(own) == pytest.approx(0.1 / hosts.model_seconds(own))


def test_a_link_without_limit_is_as_fast_as_it_was_measured() -> None:
    own = record("none")
    own["link"]["bits_per_second"] = 0
    assert hosts.model_seconds(own) == pytest.approx(1_250_000 * 8 / 90e6 + 0.003)


def test_simulated_work_is_taken_off() -> None:
    simulation = {
        "exchange": {"collect_seconds": 8.0, "learn_seconds": 0.5},
        "points": [{"workers": 4, "seconds": 2.6}, {"workers": 16, "seconds": 1.25}],
    }
    assert exchange_seconds(simulation) == pytest.approx({4: 0.1, 16: 0.25})


def test_rounds_are_composed_of_work_and_communication() -> None:
    work = Work(collect=8.0, learn=1.0)
    assert round_seconds("central", work, 4, 0.5, updates=10) == pytest.approx(8 / 4 + 1 + 0.5)
    assert round_seconds("ring", work, 4, 0.5, updates=10) == pytest.approx(9 / 4 + 5)
    assert own_speedups(work, {4: 0.1}, 10) == pytest.approx({4: 4 * 9 / 10})
    assert own_speedups(work, {4: 0.1}, 10, scale=2) == pytest.approx({4: 4 * 10 / 11})


def test_a_minibatch_is_divided_among_no_more_workers_than_it_has_rows() -> None:
    exchange = {64: 0.0, 128: 0.0}
    assert set(document_speedups("ring", Work(8.0, 1.0), exchange, 10)) == {64}
    assert set(document_speedups("central", Work(8.0, 1.0), exchange, 10)) == {64, 128}


def test_the_fit_finds_what_rounds_are_made_of() -> None:
    rounds = {workers: 8.0 / workers + 0.4 + 0.02 * (workers - 1) for workers in (1, 2, 4, 8, 16)}
    fit = fit_rounds(rounds)
    assert (fit.work, fit.serial, fit.link) == pytest.approx((8.0, 0.4, 0.02))
    assert fit_rounds(rounds, serial=False).serial == 0.0
    assert fit_rounds(rounds, link=False).link == 0.0
