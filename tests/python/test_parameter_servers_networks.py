"""The table of a network's servers: quantities of a record by hand."""

from __future__ import annotations

from typing import Any

import pytest

from plots.studies.parameter_servers_networks import bytes_per_segment, mean_lag, place, share_at_server


def record(collect: str, shards: int) -> dict[str, Any]:
    purposes = {"weights": {"bytes": 6000, "transfer_seconds": 0.25}, "gradients": {"bytes": 2000, "transfer_seconds": 0.15}}
    return {
        "configuration": {"collect": collect, "server_shards": shards},
        "communication": purposes,
        "seconds": {"collect": 1.5, "learn": 0.5},
        "staleness": [{"lag": 0, "segments": 3}, {"lag": 2, "segments": 1}],
    }


def test_quantities_of_a_run() -> None:
    run = record("mpi", 1)
    assert bytes_per_segment(run) == 2000.0
    assert mean_lag(run) == 0.5
    assert share_at_server(run) == pytest.approx(0.2)


def test_where_parameters_are_served() -> None:
    places = [place(record(*how)) for how in (("processes", 1), ("mpi", 1), ("mpi", 2))]
    assert places == ["shared memory", "1 MPI rank", "2 MPI ranks"]
