"""Steps that block, 1 to 16 workers, whatever the cores: efficiency of the collecting phase and of the round.

  collecting   (C / W) / C_W                  at least 0.95, C the serial code's collecting time
  round        (C / W + L) / (C_W + L_W)      at least 0.95, L the serial code's learning time

The second is the round's speedup divided by its bound, (C + L) / (C / W + L).
"""

from __future__ import annotations

from benchmarks.targets.rows import Row, Samples, phase_seconds, prl_row
from benchmarks.targets.setting import Setting
from benchmarks.targets.target import Target
from plots.formats import number
from plots.statistics import paired_ratio

TITLE = "waiting steps, 1 to 16 workers"
LINE = 0.95
_WORKERS = (1, 2, 4, 8, 16)
_MODES = ("threads", "processes", "mpi")


def rows(setting: Setting) -> list[Row]:
    # 4 ms make the serial round of 2048 steps last 8.3 s, as the documents' 245 steps/s do.
    per_round = 512 if setting.quick else 2048
    common = f"--preset d4 --step-cost wait:4ms --steps-per-round {per_round} --steps {per_round} --warmup-rounds 1"
    made = [prl_row("serial", setting, f"{common} --collect serial")]
    for mode in _MODES:
        made += [prl_row(f"{mode}-{w}", setting, f"{common} --collect {mode} --workers {w}") for w in _WORKERS]
    return made


def judge(samples: Samples, _: Setting) -> list[Target]:
    collect = [phase_seconds(sample, "collect") for sample in samples["serial"]]
    learn = [phase_seconds(sample, "learn") for sample in samples["serial"]]
    targets = []
    for mode in _MODES:
        for w in _WORKERS:
            own = samples[f"{mode}-{w}"]
            own_collect = [phase_seconds(sample, "collect") for sample in own]
            own_total = [phase_seconds(sample, "total") for sample in own]
            phase = paired_ratio([c / w for c in collect], own_collect)
            whole = paired_ratio([c / w + l for c, l in zip(collect, learn, strict=True)], own_total)
            bound = (sum(collect) + sum(learn)) / (sum(collect) / w + sum(learn))
            targets.append(
                Target(f"wait, {mode}, W={w}: collecting efficiency", phase, LINE, remark=f"speedup {number(phase.value * w)}")
            )
            targets.append(
                Target(f"wait, {mode}, W={w}: round against its bound", whole, LINE,
                       remark=f"speedup {number(whole.value * bound)} of {number(bound)}")
            )  # fmt: skip
    return targets
