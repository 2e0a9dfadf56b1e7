"""Free-running actors whose steps block: steps a second that the learner learns from, over the sum of the actors' own
speeds, at least 0.95 while the learner keeps up.

An actor's own speed is that of the serial code's collecting phase with an actor's environments. The learner keeps up where
it waits for segments: the remark is the share of its time in which it learns.
"""

from __future__ import annotations

from benchmarks.targets.rows import Row, Samples, phase_seconds, prl_row
from benchmarks.targets.setting import Setting
from benchmarks.targets.target import Target
from plots.statistics import paired_ratio

TITLE = "free-running actors, waiting steps"
LINE = 0.95
_ENVIRONMENTS_EACH, _STEPS_EACH = 4, 20
_RULES, _PLACES, _WORKERS = ("a2c", "vtrace"), ("threads", "processes", "mpi"), (1, 2, 4, 8)


def _options(rule: str, workers: int, rounds: int) -> str:
    segment = _ENVIRONMENTS_EACH * _STEPS_EACH
    return (
        f"--algorithm {rule} --env CartPole-v1 --preset tuned --step-cost wait:1ms --workers {workers} "
        f"--envs {_ENVIRONMENTS_EACH * workers} --steps-per-round {segment * workers} --rounds {rounds} --warmup-rounds 2"
    )


def rows(setting: Setting) -> list[Row]:
    rounds = 5 if setting.quick else 20
    made = [prl_row(f"{rule}, own", setting, f"{_options(rule, 1, rounds)} --collect serial") for rule in _RULES]
    return made + [
        prl_row(f"{rule}, {place}, W={w}", setting, f"{_options(rule, w, rounds)} --collect {place} --schedule free-running")
        for rule in _RULES
        for place in _PLACES
        for w in _WORKERS
    ]


def judge(samples: Samples, _: Setting) -> list[Target]:
    targets = []
    for rule in _RULES:
        # A round of the serial code is a segment of one actor; a round of W actors is W segments.
        own = [phase_seconds(sample, "collect") for sample in samples[f"{rule}, own"]]
        for place in _PLACES:
            for w in _WORKERS:
                launches = samples[f"{rule}, {place}, W={w}"]
                total = [phase_seconds(sample, "total") for sample in launches]
                learning = sum(phase_seconds(sample, "learn") for sample in launches) / sum(total)
                remark = f"learning {100 * learning:.0f} % of the time"
                what = f"free-running, {rule}, {place}, W={w}: of the actors' own speed"
                targets.append(Target(what, paired_ratio(own, total), LINE, remark=remark))
    return targets
