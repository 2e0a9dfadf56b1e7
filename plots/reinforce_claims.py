"""The claims of document D0 on REINFORCE, each judged by the line in its experiments/d0_c*.toml."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.definitions import REGIME_NAMES, REGIMES, Experiment
from experiments.documents import Documents
from plots.claims import Evidence, Judged
from plots.formats import interval, number
from plots.records import Record, RecordSet
from plots.reinforce import Reinforce, Trainings, training_returns
from plots.reinforce_tables import short_of, trainings, why_not_judged
from plots.statistics import Estimate, bootstrap, mean
from plots.verdicts import Kind, Verdict, all_of, decide, judge_above, judge_below, judge_between, not_judged, not_run

_BESIDE = not_judged("beside it")


def _judged(experiment: Experiment, documents: Documents, verdict: Verdict, where: str, evidence: list[Evidence]) -> Judged:
    return Judged(experiment.id, documents.claims[experiment.id]["text"], verdict, where, tuple(evidence))


def _evidence(where: str, what: str, estimate: Estimate | None, verdict: Verdict) -> Evidence:
    if estimate is None:
        return Evidence(where, what, "–", "–", 0, verdict)
    return Evidence(where, what, number(estimate.value), interval(estimate), estimate.n, verdict)


def bits_evidence(records: RecordSet) -> Evidence:
    """Whether all rows with equal environments and shards ended with the same parameters, whatever they cost."""
    digests: dict[int, set[str]] = {}
    compared = 0
    for name, runs in records.runs.items():
        cell = records.cell(name)
        if cell is not None and name.startswith("reinforce.") and cell["kind"] == "timing":
            compared += len(runs)
            digests.setdefault(cell["shards"], set()).update(record["parameters_digest"] for record in runs.values())
    what = "different final parameters in the timed rows of equal shards"
    if not compared:
        return Evidence("all modes", what, "–", "–", 0, not_run("no record yet"))
    most = max(len(found) for found in digests.values())
    return Evidence("all modes", what, str(most - 1), "–", compared, Verdict(Kind.CONFIRMED if most == 1 else Kind.REFUTED))


def judge_d0_c1(experiment: Experiment, table: Experiment, documents: Documents, records: RecordSet) -> Judged:
    parameters, by_regime, evidence = experiment.parameters, {}, []
    for regime in REGIMES:
        rows = trainings(table, records, regime)
        why = why_not_judged(table, documents, rows, [parameters["parallel"], parameters["serial"]])
        speedup = rows.speedup(parameters["parallel"], parameters["serial"])
        verdict = why or (
            judge_between(speedup, parameters["low"], parameters["high"]) if speedup else not_run("no launches to compare")
        )
        by_regime[regime] = verdict
        evidence.append(_evidence(REGIME_NAMES[regime], "serial / 4 processes that sample, training seconds", speedup, verdict))
    regime, verdict = decide(by_regime, parameters["decides"])
    evidence.append(bits_evidence(records))
    return _judged(experiment, documents, verdict, REGIME_NAMES[regime], evidence)


def _half(
    half: dict[str, Any], line: float, table: Experiment, documents: Documents, records: RecordSet
) -> tuple[Verdict, str, list[Evidence]]:
    """The deciding verdict, where, and the ratio in every setting."""
    settings = [("busy", "", 4), ("wait", "", 4), ("as_is", "", 4), ("as_is", "_2", 2)]
    verdicts, evidence = {}, []
    for regime, suffix, workers in settings:
        rows: Trainings = trainings(table, records, regime)
        faster, slower = half[f"faster{suffix}"], half[f"slower{suffix}"]
        why = why_not_judged(table, documents, rows, [faster, slower])
        ratio = rows.speedup(faster, slower)
        where = f"{REGIME_NAMES[regime]}, W = {workers}"
        verdicts[where] = why or (judge_above(ratio, line) if ratio else not_run("no launches to compare"))
        evidence.append(_evidence(where, f"{half['what']}: training seconds without / with it", ratio, verdicts[where]))
    where, verdict = decide(verdicts, verdicts)
    return verdict, where, evidence


def judge_d0_c2(experiment: Experiment, table: Experiment, documents: Documents, records: RecordSet) -> Judged:
    line = experiment.parameters["line"]
    halves = [_half(half, line, table, documents, records) for half in experiment.parameters["halves"]]
    names = [half["what"] for half in experiment.parameters["halves"]]
    decided = "; ".join(f"{name}: {where}" for name, (_, where, _) in zip(names, halves, strict=True))
    evidence = [one for _, _, found in halves for one in found]
    return _judged(experiment, documents, all_of(verdict for verdict, _, _ in halves), decided, evidence)


def final_return(record: Record) -> float:
    return float(record["final_evaluation"]["mean"])


def spread(record: Record, last_share: float) -> float:
    """Standard deviation of the epochs' mean returns over the last part of the training."""
    returns = training_returns(record)
    return float(np.std(returns[-max(2, round(last_share * len(returns))) :], ddof=1))


def _difference(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> NDArray[np.float64]:
    return mean(ours) - mean(theirs)


def _ratio(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> NDArray[np.float64]:
    return mean(ours) / mean(theirs)


def judge_d0_c7(experiment: Experiment, table: Experiment, documents: Documents, records: RecordSet) -> Judged:
    parameters, reinforce = experiment.parameters, Reinforce(records)
    few, last = parameters["few"], parameters["last_share"]
    verdicts, evidence = [], [bits_evidence(records)]
    for cell in (parameters["many"], *parameters["beside"]):
        missing = [name for name in (cell, few) if not reinforce.runs(name)]
        where = f"{cell.rpartition('-n')[2]} environments"
        if missing:
            verdict = not_run(reinforce.why_missing(missing[0]))
            evidence.append(_evidence(where, "final return and spread against 1 environment", None, verdict))
            verdicts += [verdict] if cell == parameters["many"] else []
            continue
        short = short_of(reinforce, cell, documents)
        finals = [reinforce.values(name, final_return) for name in (cell, few)]
        spreads = [reinforce.values(name, lambda record: spread(record, last)) for name in (cell, few)]
        gain, ratio = bootstrap(finals, _difference), bootstrap(spreads, _ratio)
        parts = [short or judge_above(gain, parameters["line"]), short or judge_below(ratio, parameters["ratio_line"])]
        decides = cell == parameters["many"]
        verdicts += parts if decides else []
        shown = parts if decides else [_BESIDE, _BESIDE]
        evidence.append(_evidence(where, "final return, less that of 1 environment", gain, shown[0]))
        evidence.append(_evidence(where, "spread over the last epochs / that of 1 environment", ratio, shown[1]))
    where = f"{parameters['many'].rpartition('-n')[2]} environments"
    return _judged(experiment, documents, all_of(verdicts), where, evidence)


_JUDGES = {"D0.c1": judge_d0_c1, "D0.c2": judge_d0_c2, "D0.c7": judge_d0_c7}


def judge_reinforce_claims(experiments: dict[str, Experiment], documents: Documents, records: RecordSet) -> list[Judged]:
    table = experiments["D0.reinforce"]
    return [judge(experiments[name], table, documents, records) for name, judge in _JUDGES.items()]
