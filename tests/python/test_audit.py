"""The audit's arithmetic, on exact data and on the document's."""

from __future__ import annotations

import pytest

from experiments.documents import load_documents
from plots.amdahl import fit_serial_share, serial_share, speedup
from plots.audit import implied_rounds, loss_against_ideal


def test_amdahl_fit_finds_the_share_of_exact_data() -> None:
    workers = [2, 4, 8, 16]
    for share in (0.0, 0.06, 0.5):
        speedups = [speedup(w, share) for w in workers]
        assert fit_serial_share(workers, speedups) == pytest.approx(share, abs=1e-12)
        assert all(serial_share(w, s) == pytest.approx(share, abs=1e-12) for w, s in zip(workers, speedups, strict=True))


def test_amdahl_fit_is_least_squares() -> None:
    # W / S - 1 = 0.1 at 2 and at 3 workers: s minimises (0.1 - s)^2 + (0.1 - 2 s)^2, so s = 0.3 / 5.
    assert fit_serial_share([2, 3], [2 / 1.1, 3 / 1.1]) == pytest.approx(0.06)


def test_amdahl_limits() -> None:
    assert speedup(16, 0.0) == 16
    assert speedup(16, 1.0) == 1
    assert serial_share(4, 5.0) < 0  # superlinear


def test_documents_speedups_fit_six_percent_save_the_one_at_four() -> None:
    rows = {row["workers"]: row["speedup"] for row in load_documents().rows("D4.scaling")}
    share = fit_serial_share([2, 8, 16], [rows[2], rows[8], rows[16]])
    assert share == pytest.approx(0.06, abs=0.005)
    for workers in (2, 8, 16):
        assert rows[workers] == pytest.approx(speedup(workers, share), rel=0.05)
    assert rows[4] < 0.9 * speedup(4, share)


def test_communication_table_implies_a_round_that_is_in_no_row() -> None:
    documents = load_documents()
    for implied in implied_rounds(documents):
        assert implied.round_seconds == pytest.approx(1.385, abs=0.01)
        assert implied.steps_per_second == pytest.approx(1480, rel=0.01)
    speeds = [row["fps"] for row in documents.rows("D4.speed") + documents.rows("D4.scaling")]
    assert all(abs(fps / 1480 - 1) > 0.08 for fps in speeds)


def test_loss_at_four_workers_exceeds_the_stated_communication() -> None:
    taken, ideal, stated = loss_against_ideal(load_documents(), 4)
    assert taken == pytest.approx(2048 / 710)
    assert taken - ideal == pytest.approx(0.795, abs=0.005)
    assert stated == pytest.approx(0.191)
