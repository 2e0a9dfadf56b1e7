"""Choosing and grouping benchmarks, and the table, with programs that only list names."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.programs import Benchmark, BenchmarkError, find_benchmarks, launches
from benchmarks.run_all import select
from benchmarks.table import rate_text, render, short_name, time_text

NAMES = ("ppo/round/serial/workers:1/manual_time", "ppo/round/threads/workers:4/manual_time", "ppo/round/mpi_split/workers:4")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    program = tmp_path / "training_round"
    program.write_text("#!/bin/sh\n" + "".join(f"echo {name}\n" for name in NAMES))
    program.chmod(0o755)
    (tmp_path / "libprl_benchmark.a").write_text("")
    return tmp_path


def test_programs_list_their_benchmarks(folder: Path) -> None:
    found = find_benchmarks(folder)
    assert [b.name for b in found] == list(NAMES)
    assert [b.ranks for b in found] == [0, 0, 4]


def test_a_build_without_benchmarks_is_named(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match=f"no benchmark programs in {tmp_path}"):
        find_benchmarks(tmp_path)


def test_an_unknown_filter_lists_what_there_is(folder: Path) -> None:
    found = find_benchmarks(folder)
    assert [b.name for b in select(found, r"threads/workers:4$")] == [NAMES[1]]
    with pytest.raises(BenchmarkError, match=r"(?s)matches none.*serial/workers:1\n.*mpi_split/workers:4"):
        select(found, "gossip")
    with pytest.raises(BenchmarkError, match="no regular expression"):
        select(found, "(")


def test_ranks_are_launched_one_benchmark_at_a_time() -> None:
    local = [Benchmark(Path("p"), f"a/threads/{i}") for i in range(2)]
    ranks = [Benchmark(Path("p"), f"a/mpi/ranks:{i}") for i in (2, 4)]
    assert launches([ranks[0], *local, ranks[1]]) == [local, [ranks[0]], [ranks[1]]]


def test_names_and_figures_are_readable() -> None:
    assert short_name("ppo/round/mpi/workers:4/wait:100us/iterations:4/manual_time") == "ppo/round/mpi/workers:4/wait:100us"
    assert short_name("agreement/update/threads/members:2/real_time") == "agreement/update/threads/members:2"
    assert time_text(2.5e-7) == "250 ns"
    assert time_text(0.0123) == "12.3 ms"
    assert rate_text(1.09e9, "steps/s") == "1.09 G steps/s"


def test_a_failed_benchmark_is_a_row_with_its_reason() -> None:
    good = {"name": "a/real_time", "real_time": 2.0, "time_unit": "ms", "steps/s": 5e6, "label": "oversubscribed"}
    bad = {"name": "b", "error_occurred": True, "error_message": "worker 1 died"}
    lines = render([good, bad]).splitlines()
    assert lines[2].split() == ["a", "2.00", "ms", "5.00", "M", "steps/s", "oversubscribed"]
    assert lines[3].split() == ["b", "failed", "worker", "1", "died"]
