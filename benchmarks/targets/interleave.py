"""Launches rows interleaved, A B C, C B A, A B C, ..., so that a drift of the machine hits all alike: pass k of one row
is a pair with pass k of any other."""

from __future__ import annotations

import time
from collections.abc import Sequence

from benchmarks.targets.rows import Row, Sample
from experiments.core_distance import MOST_REPEATS, CoreDistance
from experiments.progress import clock


def order_of_pass(rows: Sequence[Row], index: int) -> list[Row]:
    return list(rows) if index % 2 == 0 else list(reversed(rows))


def launch_with_cores_near(row: Row, cores: CoreDistance) -> Sample:
    """Again, at most twice, where the cores lay apart before or after (experiments/core_distance.py), whatever the figure.
    Raises BenchmarkError."""
    for repeats in range(MOST_REPEATS + 1):
        before = cores.settle()
        sample = row.launch()
        after = cores.look()
        apart = cores.apart(before) or cores.apart(after)
        if not apart or repeats == MOST_REPEATS:
            break
    return {**sample, "cores": {"round_trip_seconds": {"before": before, "after": after}, "apart": apart, "repeats": repeats}}


def launch_interleaved(title: str, rows: Sequence[Row], passes: int, cores: CoreDistance) -> dict[str, list[Sample]]:
    """One sample a row and pass. Raises BenchmarkError."""
    samples: dict[str, list[Sample]] = {row.name: [] for row in rows}
    started = time.monotonic()
    for index in range(passes):
        for row in order_of_pass(rows, index):
            samples[row.name].append(launch_with_cores_near(row, cores))
        taken = time.monotonic() - started
        left = taken / (index + 1) * (passes - index - 1)
        print(f"targets: {title}: pass {index + 1} of {passes}, {len(rows)} launches each; "
              f"{clock(taken)} gone, about {clock(left)} left", flush=True)  # fmt: skip
    return samples
