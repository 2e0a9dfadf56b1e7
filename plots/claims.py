"""The document's claims c1 to c7, each judged in every regime where it can be, then by the regime that decides."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiments.definitions import REGIME_NAMES, REGIMES, Experiment
from experiments.documents import Documents
from plots.formats import NOTHING, interval, number, percent, percent_interval, whole
from plots.learning import Learning
from plots.records import RecordSet
from plots.statistics import Estimate, bootstrap, interquartile_mean, mean
from plots.timing import POLICY_PURPOSES, Timing, phases, rate, round_seconds, share
from plots.verdicts import OVERSUBSCRIBED, Verdict, all_of, decide, judge_above, judge_below, not_run


@dataclass(frozen=True)
class Evidence:
    """One measured quantity that bears on a claim. `where`: the regime, or what else it was measured in."""

    where: str
    what: str
    measured: str
    bounds: str
    n: int
    verdict: Verdict

    @property
    def figure(self) -> str:
        """With its interval where it has one."""
        return self.measured if self.bounds == NOTHING else f"{self.measured} {self.bounds}"


@dataclass(frozen=True)
class Judged:
    id: str
    text: str
    verdict: Verdict
    decided_by: str
    evidence: tuple[Evidence, ...]


def _missing(timing: Timing, cells: list[str]) -> Verdict | None:
    """Why these cells give no verdict, if they don't."""
    for cell in cells:
        if not timing.exists(cell):
            return not_run(f"{cell} is not run in this regime")
        if not timing.launches(cell):
            return not_run(timing.why_missing(cell))
    return OVERSUBSCRIBED if any(timing.oversubscribed(cell) for cell in cells) else None


def _evidence(timing: Timing, what: str, estimate: Estimate, verdict: Verdict) -> Evidence:
    return Evidence(REGIME_NAMES[timing.regime], what, number(estimate.value), interval(estimate), estimate.n, verdict)


def _nothing(where: str, what: str, verdict: Verdict) -> Evidence:
    return Evidence(where, what, "–", "–", 0, verdict)


def _overall(experiment: Experiment, documents: Documents, by_regime: dict[str, Verdict], evidence: list[Evidence]) -> Judged:
    regime, verdict = decide(by_regime, experiment.parameters["decides"])
    text = documents.claims[experiment.id]["text"]
    return Judged(experiment.id, text, verdict, REGIME_NAMES.get(regime, ""), tuple(evidence))


def judge_c1(experiment: Experiment, documents: Documents, records: RecordSet) -> Judged:
    by_regime: dict[str, Verdict] = {}
    evidence = []
    for timing in (Timing(records, regime) for regime in REGIMES):
        for pair in experiment.parameters["pairs"]:
            cells = [pair["parallel"], pair["distributed"]]
            if not all(timing.exists(cell) for cell in cells):
                continue
            what = f"processes / MPI, {pair['workers']} workers"
            missing = _missing(timing, cells)
            ratio = timing.rate_ratio(*cells)
            verdict = missing or judge_above(ratio, experiment.parameters["line"])  # type: ignore[arg-type]
            if ratio is None:
                evidence.append(_nothing(REGIME_NAMES[timing.regime], what, verdict))
            else:
                evidence.append(_evidence(timing, what, ratio, verdict))
            if pair["workers"] == experiment.parameters["workers"]:
                by_regime[timing.regime] = verdict
    return _overall(experiment, documents, by_regime, evidence)


def _efficiency_change(timing: Timing, at_8: str, at_16: str) -> Estimate | None:
    """Efficiency at 16 workers over that at 8; the serial rate cancels."""
    ratio = timing.rate_ratio(at_16, at_8)
    return ratio.scaled(timing.workers(at_8) / timing.workers(at_16)) if ratio else None


def judge_c2(experiment: Experiment, documents: Documents, records: RecordSet) -> Judged:
    parameters = experiment.parameters
    by_regime: dict[str, Verdict] = {}
    evidence = []
    for timing in (Timing(records, regime) for regime in REGIMES):
        at_8, at_16, serial = parameters["at_8"], parameters["at_16"], parameters["serial"]
        speedup, change = timing.rate_ratio(at_8, serial), _efficiency_change(timing, at_8, at_16)
        missing = _missing(timing, [at_8, at_16, serial])
        if speedup is None or change is None:
            by_regime[timing.regime] = missing or not_run("no launches to compare")
            evidence.append(_nothing(REGIME_NAMES[timing.regime], "speedup at 8 and 16 workers", by_regime[timing.regime]))
            continue
        line = parameters["line"] * timing.workers(at_8)
        parts = [missing or judge_above(speedup, line), missing or judge_below(change, 1.0)]
        evidence.append(_evidence(timing, f"speedup at 8 workers (line {number(line, 2)})", speedup, parts[0]))
        evidence.append(_evidence(timing, "efficiency at 16 / at 8 workers (line 1)", change, parts[1]))
        by_regime[timing.regime] = all_of(parts)
    return _overall(experiment, documents, by_regime, evidence)


def _difference(statistic: Callable[..., NDArray[np.float64]]) -> Callable[..., NDArray[np.float64]]:
    return lambda ours, theirs: statistic(ours) - statistic(theirs)


def _reached(learning: Learning, cell: str, threshold: float) -> str:
    crossing = learning.crossing(cell, threshold)
    return f"{crossing.reached}/{crossing.steps.n}"


def judge_c3(experiment: Experiment, documents: Documents, records: RecordSet) -> Judged:
    parameters, learning = experiment.parameters, Learning(records)
    single, threshold = parameters["single"], parameters["threshold_return"]
    verdicts: dict[str, Verdict] = {}
    evidence = []
    for cell in parameters["parallel"]:
        absent = [name for name in (cell, single) if not learning.seeds(name)]
        where = f"{records.plan['cells'][cell]['environments']} environments"
        if absent:
            verdicts[cell] = not_run(learning.why_missing(absent[0]))
            evidence.append(_nothing(where, "steps and return against 1 environment", verdicts[cell]))
            continue
        groups = [learning.restricted_steps(name, threshold) for name in (cell, single)]
        steps = bootstrap(groups, _difference(mean))
        final = bootstrap([learning.final_returns(name) for name in (cell, single)], _difference(interquartile_mean))
        parts = [judge_below(steps, 0.0), judge_above(final, 0.0)]
        bounds = f"[{whole(steps.low)}, {whole(steps.high)}]" if not math.isnan(steps.low) else "–"
        reached = " and ".join(_reached(learning, name, threshold) for name in (cell, single))
        evidence.append(
            Evidence(where, f"steps to -200, difference ({reached} reached it)", whole(steps.value), bounds, steps.n, parts[0])
        )
        evidence.append(Evidence(where, "final return, difference", number(final.value), interval(final), final.n, parts[1]))
        verdicts[cell] = all_of(parts)
    decides = parameters["decides"]
    where = f"{records.plan['cells'][decides]['environments']} environments"
    return Judged(experiment.id, documents.claims[experiment.id]["text"], verdicts[decides], where, tuple(evidence))


def _slope(workers: list[int]) -> Callable[..., NDArray[np.float64]]:
    """Least-squares slope over log2 W of the mean shares; one group for each W."""
    x = np.log2(np.array(workers, float))
    weights = (x - x.mean()) / ((x - x.mean()) ** 2).sum()
    return lambda *groups: np.asarray(sum(w * group.mean(axis=1) for w, group in zip(weights, groups, strict=True)))


def judge_c4(experiment: Experiment, documents: Documents, records: RecordSet) -> Judged:
    cells = experiment.parameters["cells"]
    by_regime: dict[str, Verdict] = {}
    evidence = []
    for timing in (Timing(records, regime) for regime in REGIMES):
        where, missing = REGIME_NAMES[timing.regime], _missing(timing, cells)
        if missing and not all(timing.launches(cell) for cell in cells):
            by_regime[timing.regime] = missing
            evidence.append(_nothing(where, "slope of the share", missing))
            continue
        shares = [[share(record, POLICY_PURPOSES) for record in timing.launches(cell).values()] for cell in cells]
        slope = bootstrap(shares, _slope([timing.workers(cell) for cell in cells]))
        verdict = by_regime[timing.regime] = missing or judge_above(slope, 0.0)
        listed = ", ".join(percent(float(np.mean(part))) for part in shares)
        what = f"share at W = {', '.join(str(timing.workers(cell)) for cell in cells)}: {listed}; slope a doubling"
        evidence.append(Evidence(where, what, percent(slope.value), percent_interval(slope), slope.n, verdict))
    return _overall(experiment, documents, by_regime, evidence)


def _explained(workers: int) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """Transfer over loss, from (round at W, serial round, transfer) along the last axis."""

    def statistic(samples: NDArray[np.float64]) -> NDArray[np.float64]:
        means = samples.mean(axis=1)
        return np.asarray(means[:, 2] / (means[:, 0] - means[:, 1] / workers))

    return statistic


def judge_c6(experiment: Experiment, documents: Documents, records: RecordSet) -> Judged:
    parameters = experiment.parameters
    cell, serial = parameters["cell"], parameters["serial"]
    by_regime: dict[str, Verdict] = {}
    evidence = []
    for timing in (Timing(records, regime) for regime in REGIMES):
        where, missing, pairs = REGIME_NAMES[timing.regime], _missing(timing, [cell, serial]), timing.pairs(cell, serial)
        if not pairs:
            by_regime[timing.regime] = missing or not_run("no launches to compare")
            evidence.append(_nothing(where, "loss explained by communication", by_regime[timing.regime]))
            continue
        workers = timing.workers(cell)
        samples = [(round_seconds(a), round_seconds(b), share(a, POLICY_PURPOSES) * round_seconds(a)) for a, b in pairs]
        explained = bootstrap([samples], _explained(workers))
        verdict = by_regime[timing.regime] = missing or judge_above(explained, parameters["line"])
        loss = float(np.mean([ours - serial_round / workers for ours, serial_round, _ in samples]))
        learned = float(np.mean([phases(a).learn - phases(b).learn / workers for a, b in pairs]))
        what = (
            f"{workers} workers: loss {number(1e3 * loss)} ms a round, of it {number(1e3 * learned)} ms learning that "
            "is not divided; part that communication explains"
        )
        evidence.append(Evidence(where, what, percent(explained.value), percent_interval(explained), explained.n, verdict))
    return _overall(experiment, documents, by_regime, evidence)


def _fastest(timing: Timing, cells: list[str]) -> str:
    return max(cells, key=lambda cell: timing.mean(cell, rate) if timing.launches(cell) else 0.0)


def judge_c7(experiment: Experiment, documents: Documents, records: RecordSet) -> Judged:
    parameters = experiment.parameters
    timing = Timing(records, parameters["decides"][0])
    parts = []
    evidence = []
    for key, judge in (("many", judge_above), ("few", judge_below)):
        setting = parameters[key]
        other = _fastest(timing, setting["parallel"])
        missing = _missing(timing, [setting["distributed"], *setting["parallel"]])
        ratio = timing.rate_ratio(setting["distributed"], other)
        line = parameters["line"] if key == "many" else 1 / parameters["line"]
        what = f"MPI / {other.partition('-')[0]} at {setting['workers']} workers (line {number(line, 3)})"
        if ratio is None:
            parts.append(missing or not_run("no launches to compare"))
            evidence.append(_nothing(REGIME_NAMES[timing.regime], what, parts[-1]))
            continue
        parts.append(missing or judge(ratio, line))
        evidence.append(_evidence(timing, what, ratio, parts[-1]))
    text = documents.claims[experiment.id]["text"]
    return Judged(experiment.id, text, all_of(parts), REGIME_NAMES[timing.regime], tuple(evidence))


_JUDGES = {
    "D4.c1": judge_c1,
    "D4.c2": judge_c2,
    "D4.c3": judge_c3,
    "D4.c4": judge_c4,
    "D4.c6": judge_c6,
    "D4.c7": judge_c7,
}


def judge_claims(experiments: dict[str, Experiment], documents: Documents, records: RecordSet) -> list[Judged]:
    return [judge(experiments[name], documents, records) for name, judge in _JUDGES.items()]
