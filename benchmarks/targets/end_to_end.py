"""PPO end to end, preset sb3, one core: steps/s against the better of Stable-Baselines3 with 1 and with 4 environments.

Both sides are bound to the same core; a round is 2048 steps collected and learned from, without warm-up and start-up.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from benchmarks.targets.rows import OUTPUT, Row, Sample, Samples, phase_seconds, prl_row
from benchmarks.targets.setting import Setting
from benchmarks.targets.target import Target
from plots.formats import whole
from plots.statistics import paired_ratio

TITLE = "end to end, one core"
LINE = 5.0
_PEER = Path(__file__).resolve().parent.parent / "peers" / "stable_baselines.py"
_ENVIRONMENTS = (1, 4)


def _of_peer(document: dict[str, Any]) -> Sample:
    return {key: document[key] for key in ("peer", "versions", "steps_per_round", "round_seconds")}


def rows(setting: Setting) -> list[Row]:
    one_core = ["taskset", "--cpu-list", str(min(os.sched_getaffinity(0)))]
    peer_rounds, rounds = (1, 3) if setting.quick else (3, 10)
    made = []
    for n in _ENVIRONMENTS:
        peer = [*one_core, str(setting.peer_python), str(_PEER)]
        peer += ["--environments", str(n), "--rounds", str(peer_rounds), "--output", OUTPUT]
        own = f"--preset sb3 --collect serial --envs {n} --steps {rounds * 2048} --warmup-rounds 1"
        made += [Row(f"sb3-{n}", peer, _of_peer), prl_row(f"prl-{n}", setting, own, one_core)]
    return made


def _rate(sample: Sample) -> float:
    if "round_seconds" in sample:
        seconds = sample["round_seconds"]
        return float(sample["steps_per_round"]) * len(seconds) / sum(seconds)
    return float(sample["steps_per_round"]) / phase_seconds(sample, "total")


def judge(samples: Samples, _: Setting) -> list[Target]:
    rates = {name: [_rate(sample) for sample in taken] for name, taken in samples.items()}
    means = {name: sum(values) / len(values) for name, values in rates.items()}
    better = max((f"sb3-{n}" for n in _ENVIRONMENTS), key=lambda name: means[name])
    version = samples[better][0]["versions"]["stable_baselines3"]
    said = f"Stable-Baselines3 {version}: " + ", ".join(f"{whole(means[f'sb3-{n}'])} steps/s (N={n})" for n in _ENVIRONMENTS)
    return [
        Target(
            f"end to end, N={n}: times the better peer",
            paired_ratio(rates[f"prl-{n}"], rates[better]),
            LINE,
            remark=f"{whole(means[f'prl-{n}'])} steps/s; {said}",
        )
        for n in _ENVIRONMENTS
    ]
