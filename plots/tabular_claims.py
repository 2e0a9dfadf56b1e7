"""The claims of documents D0 and D1 on tabular Q-learning, each judged by the line in its experiments/*.toml."""

from __future__ import annotations

from experiments.definitions import Experiment
from experiments.documents import Documents
from plots.claims import Evidence, Judged
from plots.formats import interval, number, percent, percent_interval
from plots.records import RecordSet
from plots.statistics import Estimate
from plots.tabular import Tabular, learning_seconds, relative_error, steps_taken, updates_per_second
from plots.verdicts import Kind, Verdict, all_of, judge_above, judge_below, not_judged

_BESIDE = not_judged("beside it")


def _judged(experiment: Experiment, documents: Documents, verdict: Verdict, where: str, evidence: list[Evidence]) -> Judged:
    return Judged(experiment.id, documents.claims[experiment.id]["text"], verdict, where, tuple(evidence))


def _figure(where: str, what: str, estimate: Estimate, verdict: Verdict) -> Evidence:
    return Evidence(where, what, number(estimate.value), interval(estimate), estimate.n, verdict)


def _share(where: str, what: str, estimate: Estimate, verdict: Verdict) -> Evidence:
    return Evidence(where, what, percent(estimate.value), percent_interval(estimate), estimate.n, verdict)


def _nothing(where: str, what: str, verdict: Verdict) -> Evidence:
    return Evidence(where, what, "–", "–", 0, verdict)


def _place(cell: str) -> str:
    """'threads' of speed-pool-shared-threads-2."""
    return cell.split("-")[-2]


def _speedups(experiment: Experiment, tabular: Tabular) -> tuple[Verdict, list[Evidence]]:
    """The deciding verdict, and a row for every ratio to the serial code."""
    parameters = experiment.parameters
    serial, decided, evidence = parameters["serial"], not_judged("no ratio"), []
    for cell in parameters["ratios"]:
        form = "lock-step sweeps" if "partition" in cell else "one table without agreement"
        what = f"updates/s over the serial code, 2 workers, {form}"
        why = tabular.why_not([cell, serial])
        ratio = tabular.paired(cell, serial, updates_per_second)
        decides = cell == parameters["decides"]
        if ratio is None:
            verdict = why or not_judged("no launches to compare")
            evidence.append(_nothing(_place(cell), what, verdict))
        else:
            verdict = why or judge_above(ratio, parameters["line"])
            evidence.append(_figure(_place(cell), what, ratio, verdict if decides else _BESIDE))
        decided = verdict if decides else decided
    return decided, evidence


def judge_d0_c3(experiment: Experiment, documents: Documents, tabular: Tabular) -> Judged:
    cells = experiment.parameters["bits"]
    missing = [cell for cell in cells if not tabular.runs(cell)]
    what = "different digests of the final values, serial, 2 and 4 threads, 2 and 3 processes"
    if missing:
        same = tabular.why_not(missing) or not_judged("no records")
        bits = _nothing("all modes", what, same)
    else:
        digests = {record["values_digest"] for cell in cells for record in tabular.runs(cell).values()}
        same = Verdict(Kind.CONFIRMED if len(digests) == 1 else Kind.REFUTED)
        bits = Evidence("all modes", what, str(len(digests)), "–", len(cells), same)
    speed, evidence = _speedups(experiment, tabular)
    where = _place(experiment.parameters["decides"])
    return _judged(experiment, documents, all_of([same, speed]), where, [bits, *evidence])


def judge_d1_c1(experiment: Experiment, documents: Documents, tabular: Tabular) -> Judged:
    verdict, evidence = _speedups(experiment, tabular)
    return _judged(experiment, documents, verdict, _place(experiment.parameters["decides"]), evidence)


def judge_d1_c2(experiment: Experiment, documents: Documents, tabular: Tabular) -> Judged:
    parameters = experiment.parameters
    verdicts, evidence = [], []
    for printed, corrected in zip(parameters["printed"], parameters["corrected"], strict=True):
        where = f"{printed.rpartition('-a')[2]} actions"
        # Only values are judged, so threads without a core of their own do no harm.
        absent = [cell for cell in (printed, corrected) if not tabular.runs(cell)]
        if absent:
            verdicts.append(tabular.why_not(absent) or not_judged("no records"))
            evidence.append(_nothing(where, "error of 4 subsets", verdicts[-1]))
            continue
        error = tabular.estimate(printed, relative_error)
        verdicts.append(judge_below(error, parameters["line"]))
        evidence.append(_share(where, "error of 4 subsets, each with its own maximum", error, verdicts[-1]))
        predicted = tabular.estimate(printed, lambda r: r["optimum"]["own_bias"] / r["optimum"]["largest_value"])
        evidence.append(_share(where, "the same by value iteration of the subsets' own equation", predicted, _BESIDE))
        own = tabular.estimate(printed, lambda r: r["own_error"] / r["optimum"]["largest_value"])
        evidence.append(_share(where, "distance of the run from that solution", own, _BESIDE))
        repaired = tabular.estimate(corrected, relative_error)
        evidence.append(_share(where, "error with the maximum over all actions", repaired, _BESIDE))
    return _judged(experiment, documents, all_of(verdicts), "both tables", evidence)


def judge_d1_c3(experiment: Experiment, documents: Documents, tabular: Tabular) -> Judged:
    parameters = experiment.parameters
    decided, evidence = not_judged("no runs"), []
    for cost, where in parameters["costs"].items():
        single = f"agents-{cost}-1"
        for agents in parameters["agents"]:
            cell = f"agents-{cost}-{agents}"
            why = tabular.why_not([cell, single])
            what = f"seconds of 1 agent / of {agents}"
            if why is not None and not (tabular.runs(cell) and tabular.runs(single)):
                verdict = why
                evidence.append(_nothing(where, what, why))
            else:
                ratio = tabular.unpaired(single, cell, learning_seconds)
                verdict = why or judge_above(ratio, parameters["line"])
                what += f" ({tabular.reached(single)} and {tabular.reached(cell)} reached it)"
                evidence.append(_figure(where, what, ratio, verdict))
                steps = tabular.unpaired(cell, single, steps_taken)
                evidence.append(_figure(where, f"steps of {agents} agents together / of 1", steps, _BESIDE))
            if cost == "wait" and agents == parameters["decides"]:
                decided = verdict
    return _judged(experiment, documents, decided, parameters["costs"]["wait"], evidence)


def judge_d1_c5(experiment: Experiment, documents: Documents, tabular: Tabular) -> Judged:
    parameters = experiment.parameters
    verdicts, evidence = [], []
    for cell in [*parameters["exact"], *parameters["relative"], parameters["astray"]]:
        runs = tabular.runs(cell)
        why = tabular.why_not([cell])
        if not runs:
            verdicts.append(why or not_judged("no records"))
            evidence.append(_nothing(cell.removeprefix("limit-"), "||Q - Q*||", verdicts[-1]))
            continue
        where = next(iter(runs.values()))["configuration"]["environment"]
        if cell in parameters["exact"]:
            error = tabular.estimate(cell, lambda record: record["error"])
            verdicts.append(judge_below(error, parameters["exact_line"]))
            evidence.append(_figure(where, "||Q - Q*||, step size 1, no chance", error, verdicts[-1]))
            continue
        error = tabular.estimate(cell, relative_error)
        if cell == parameters["astray"]:
            evidence.append(_share(where, "||Q - Q*|| of the largest value, step size 1 with chance", error, _BESIDE))
            continue
        verdicts.append(judge_below(error, parameters["relative_line"]))
        evidence.append(_share(where, "||Q - Q*|| of the largest value, step size 1/n^0.8", error, verdicts[-1]))
    return _judged(experiment, documents, all_of(verdicts), "all tables", evidence)


_JUDGES = {
    "D0.c3": judge_d0_c3,
    "D1.c1": judge_d1_c1,
    "D1.c2": judge_d1_c2,
    "D1.c3": judge_d1_c3,
    "D1.c5": judge_d1_c5,
}


def judge_tabular_claims(experiments: dict[str, Experiment], documents: Documents, records: RecordSet) -> list[Judged]:
    return [judge(experiments[name], documents, Tabular(records)) for name, judge in _JUDGES.items()]
