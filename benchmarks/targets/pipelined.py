"""Pipelined rounds: seconds of a round over the longer of the two phases of the same round in lock-step, at most 1.05.

Both phases are about as long as each other, where a part that does not overlap shows most. Where steps block, the learner
has a core of its own; where they burn CPU time, one worker and the learner share two cores.
"""

from __future__ import annotations

from benchmarks.targets.rows import Row, Samples, phase_seconds, prl_row
from benchmarks.targets.setting import Setting
from benchmarks.targets.target import Target
from plots.formats import number
from plots.statistics import paired_ratio

TITLE = "pipelined rounds"
LINE = 1.05
_CORES = 2
_WAIT, _BUSY = "--step-cost wait:180us --workers 4", "--step-cost busy:45us --workers 1"
_ROWS = {
    "wait, threads": f"{_WAIT} --collect threads",
    "wait, processes": f"{_WAIT} --collect processes",
    "wait, processes, central inference": f"{_WAIT} --collect processes --inference learner",
    "wait, mpi": f"{_WAIT} --collect mpi",
    "busy, threads": f"{_BUSY} --collect threads",
    "busy, processes": f"{_BUSY} --collect processes",
}


def rows(setting: Setting) -> list[Row]:
    common = f"--preset d4 --env Pendulum-v1 --rounds {3 if setting.quick else 10} --warmup-rounds 1"
    return [
        prl_row(f"{name}, {schedule}", setting, f"{common} {options} --schedule {schedule}")
        for name, options in _ROWS.items()
        for schedule in ("lock-step", "pipelined")
    ]


def judge(samples: Samples, setting: Setting) -> list[Target]:
    targets = []
    for name in _ROWS:
        what = f"pipelined, {name}: round over the longer phase"
        if setting.usable_cores < _CORES:
            remark = f"needs {_CORES} cores, {setting.usable_cores} usable"
            targets.append(Target(what, None, LINE, at_most=True, remark=remark))
            continue
        lock_step, pipelined = samples[f"{name}, lock-step"], samples[f"{name}, pipelined"]
        phases = [[phase_seconds(sample, phase) for sample in lock_step] for phase in ("collect", "learn")]
        longer = [max(both) for both in zip(*phases, strict=True)]
        means = " and ".join(f"{1e3 * sum(phase) / len(phase):.0f}" for phase in phases)
        own = [phase_seconds(sample, "total") for sample in pipelined]
        saved = sum(phase_seconds(sample, "total") for sample in lock_step) / sum(own)
        remark = f"phases {means} ms, speedup {number(saved)}"
        targets.append(Target(what, paired_ratio(own, longer), LINE, at_most=True, remark=remark))
    return targets
