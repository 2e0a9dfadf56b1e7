"""Weights out and trajectories in, MPI with four workers, preset d4, steps as they are: share of the round.

As they are, rounds are shortest and the share is largest. Moving counts, waiting for a rank that still collects does not.
"""

from __future__ import annotations

from benchmarks.targets.rows import Row, Sample, Samples, phase_seconds, prl_row
from benchmarks.targets.setting import Setting
from benchmarks.targets.target import Target
from plots.formats import percent
from plots.statistics import paired_ratio

TITLE = "weights and trajectories, four ranks"
LINE = 0.02
WORKERS = 4
_PURPOSES = ("weights", "trajectories")


def rows(setting: Setting) -> list[Row]:
    rounds = 4 if setting.quick else 20
    arguments = f"--preset d4 --collect mpi --workers {WORKERS} --steps {rounds * 2048} --warmup-rounds 1"
    return [prl_row("mpi", setting, arguments)]


def _seconds_a_round(sample: Sample, purpose: str) -> float:
    return float(sample["communication"][purpose]["transfer_seconds"]) / len(sample["rounds"])


def judge(samples: Samples, _: Setting) -> list[Target]:
    taken = samples["mpi"]
    parts = {p: [_seconds_a_round(sample, p) for sample in taken] for p in _PURPOSES}
    totals = [phase_seconds(sample, "total") for sample in taken]
    remark = ", ".join(f"{p} {percent(sum(parts[p]) / sum(totals))}" for p in _PURPOSES)
    moved = [sum(seconds) for seconds in zip(*parts.values(), strict=True)]
    what = f"communication, mpi, W={WORKERS}: share of the round"
    return [Target(what, paired_ratio(moved, totals), LINE, at_most=True, remark=remark)]
