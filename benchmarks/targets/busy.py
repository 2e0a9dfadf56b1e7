"""Steps that burn CPU time: two workers on two cores against the serial code, collecting phase."""

from __future__ import annotations

from benchmarks.targets.rows import Row, Samples, phase_seconds, prl_row
from benchmarks.targets.setting import Setting
from benchmarks.targets.target import Target
from plots.statistics import paired_ratio

TITLE = "busy steps, two workers"
LINE = 1.9
WORKERS = 2
_MODES = ("threads", "processes", "mpi")


def rows(setting: Setting) -> list[Row]:
    # Far less than the documents' 4 ms a step: hand-over and inference then weigh more, not less.
    rounds = 1 if setting.quick else 3
    common = f"--preset d4 --step-cost busy:250us --steps {rounds * 2048} --warmup-rounds 1"
    made = [prl_row("serial", setting, f"{common} --collect serial")]
    return made + [prl_row(mode, setting, f"{common} --collect {mode} --workers {WORKERS}") for mode in _MODES]


def judge(samples: Samples, setting: Setting) -> list[Target]:
    serial = [phase_seconds(sample, "collect") for sample in samples["serial"]]
    targets = []
    for mode in _MODES:
        own = [phase_seconds(sample, "collect") for sample in samples[mode]]
        what = f"busy, {mode}, W={WORKERS}: collecting speedup"
        if setting.usable_cores < WORKERS:
            targets.append(Target(what, None, LINE, remark=f"needs {WORKERS} cores, {setting.usable_cores} usable"))
        else:
            targets.append(Target(what, paired_ratio(serial, own), LINE))
    return targets
