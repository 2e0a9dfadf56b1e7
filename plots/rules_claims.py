"""The claims of documents D1 and D3 on learning rules, each judged by the line in its experiments/*.toml."""

from __future__ import annotations

import math

import numpy as np

from experiments.definitions import Experiment
from experiments.documents import Documents
from plots.claims import Evidence, Judged
from plots.formats import interval, number
from plots.records import RecordSet
from plots.rules import (
    Quantity,
    Rules,
    final_return,
    first_episode_steps,
    judge_reached,
    mean_over_run,
    paired_difference,
    seconds_taken,
    seconds_to,
    steps_per_second,
)
from plots.statistics import Estimate, bootstrap, mean
from plots.verdicts import Verdict, all_of, judge_above, not_judged, not_run

_BESIDE = not_judged("beside it")


def _figure(where: str, what: str, estimate: Estimate, verdict: Verdict) -> Evidence:
    return Evidence(where, what, number(estimate.value), interval(estimate), estimate.n, verdict)


def _nothing(where: str, what: str, verdict: Verdict) -> Evidence:
    return Evidence(where, what, "–", "–", 0, verdict)


def _judged(experiment: Experiment, documents: Documents, verdict: Verdict, evidence: list[Evidence]) -> Judged:
    text = documents.claims[experiment.id]["text"]
    return Judged(experiment.id, text, verdict, experiment.decides, tuple(evidence))


def _difference(rules: Rules, pairs: list[tuple[str, str]], quantity: Quantity) -> Estimate | None:
    """Mean over `pairs` of cells of first less second, by seed; None without a seed that all of them have."""
    seeds = sorted(set.intersection(*(set(rules.runs(cell)) for pair in pairs for cell in pair)))
    if not seeds:
        return None
    samples = [[np.mean([quantity(rules.runs(pair[side])[seed]) for pair in pairs]) for side in (0, 1)] for seed in seeds]
    return bootstrap([samples], paired_difference)


def judge_d3_c4(experiment: Experiment, documents: Documents, rules: Rules) -> Judged:
    parameters = experiment.parameters
    pairs = {lag: (f"{parameters['corrected']}-{lag}", f"{parameters['uncorrected']}-{lag}") for lag in parameters["lags"]}
    deciding = [pairs[lag] for lag in parameters["decides"]]
    where = experiment.decides
    what = "return over the run, with ratios less without"
    why = rules.why_not([cell for pair in deciding for cell in pair])
    difference = None if why else _difference(rules, deciding, mean_over_run)
    if difference is None:
        verdict = why or not_judged("no seed in common")
        evidence = [_nothing(where, what, verdict)]
    else:
        verdict = judge_above(difference, parameters["line"])
        evidence = [_figure(where, what, difference, verdict)]
    for lag, pair in pairs.items():
        at = f"lag {lag}"
        if why := rules.why_not(list(pair)):
            evidence.append(_nothing(at, what, why))
            continue
        for quantity, name in ((mean_over_run, what), (final_return, "final return, with ratios less without")):
            if (own := _difference(rules, [pair], quantity)) is not None:
                evidence.append(_figure(at, name, own, _BESIDE))
    return _judged(experiment, documents, verdict, evidence)


def _reached(where: str, what: str, reached: int, seeds: int, verdict: Verdict) -> Evidence:
    return Evidence(where, what, f"{reached}/{seeds}", "–", seeds, verdict)


def _ratio_of_seconds(rules: Rules, slower: str, faster: str, threshold: float) -> Estimate:
    """Mean training seconds to the threshold, the whole run where a seed never gets there."""
    groups = [[min(seconds_to(run, threshold), seconds_taken(run)) for run in rules.seeds(cell)] for cell in (slower, faster)]
    return bootstrap(groups, lambda ours, theirs: mean(ours) / mean(theirs))


def judge_d3_c3(experiment: Experiment, documents: Documents, rules: Rules) -> Judged:
    parameters = experiment.parameters
    threshold, verdicts, evidence = parameters["threshold_return"], [], []
    for row in parameters["rows"]:
        cell, what = row["cell"], "seeds that reach 475"
        if why := rules.why_not([cell]):
            verdict = why
            evidence.append(_nothing(row["label"], what, why))
        else:
            passage = rules.passage(cell, threshold)
            verdict = judge_reached(passage.reached, passage.n, parameters["seeds_at_least"])
            shown = verdict if cell in parameters["decides"] else _BESIDE
            evidence.append(_reached(row["label"], what, passage.reached, passage.n, shown))
        if cell in parameters["decides"]:
            verdicts.append(verdict)
    for pair in parameters["ratios"]:
        cells, what = (pair["synchronous"], pair["asynchronous"]), "seconds to 475, synchronous over asynchronous"
        if why := rules.why_not(list(cells)):
            evidence.append(_nothing(pair["where"], what, why))
        else:
            evidence.append(_figure(pair["where"], what, _ratio_of_seconds(rules, *cells, threshold), _BESIDE))
    return _judged(experiment, documents, all_of(verdicts), evidence)


def judge_d3_c5(experiment: Experiment, documents: Documents, rules: Rules) -> Judged:
    parameters = experiment.parameters
    one, *more = (f"{parameters['rates']}-{actors}" for actors in parameters["actors"])
    ratios: list[Verdict] = []
    evidence = []
    for cell, actors in zip(more, parameters["actors"][1:], strict=True):
        where, what = f"{actors} actors", "steps/s over those of one actor, steps that block"
        ratio = rules.paired(cell, one, steps_per_second)
        if ratio is None:
            ratios.append(rules.why_not([cell, one]) or not_judged("no launches to compare"))
            evidence.append(_nothing(where, what, ratios[-1]))
        else:
            ratios.append(judge_above(ratio, parameters["line"]))
            evidence.append(_figure(where, what, ratio, ratios[-1] if cell == more[-1] else _BESIDE))
    learned: dict[str, Verdict] = {}
    for row in parameters["rows"]:
        cell, what = row["cell"], "seeds that reach 475"
        if why := rules.why_not([cell]):
            learned[cell] = why
            evidence.append(_nothing(row["label"], what, why))
        else:
            passage = rules.passage(cell, parameters["threshold_return"])
            learned[cell] = judge_reached(passage.reached, passage.n, parameters["seeds_at_least"])
            shown = learned[cell] if cell == parameters["learning"] else _BESIDE
            evidence.append(_reached(row["label"], what, passage.reached, passage.n, shown))
    return _judged(experiment, documents, all_of([ratios[-1], learned[parameters["learning"]]]), evidence)


def judge_d1_c4(experiment: Experiment, documents: Documents, rules: Rules) -> Judged:
    parameters = experiment.parameters
    decided, evidence = not_judged("no such row"), []
    for row in parameters["rows"]:
        cell, what = row["cell"], "seeds with an episode above 195"
        if why := rules.why_not([cell]):
            verdict = why
            evidence.append(_nothing(row["label"], what, why))
        else:
            steps = rules.values(cell, lambda record: first_episode_steps(record, parameters["episode_return"]))
            if any(math.isnan(value) for value in steps):
                verdict = not_run("the records do not hold single episodes")
                evidence.append(_nothing(row["label"], what, verdict))
            else:
                reached = sum(math.isfinite(value) for value in steps)
                verdict = judge_reached(reached, len(steps), parameters["seeds_at_least"])
                shown = verdict if cell == parameters["decides"] else _BESIDE
                evidence.append(_reached(row["label"], what, reached, len(steps), shown))
            passage = rules.passage(cell, parameters["threshold_return"])
            evidence.append(_reached(row["label"], "seeds that reach 475", passage.reached, passage.n, _BESIDE))
        decided = verdict if cell == parameters["decides"] else decided
    return _judged(experiment, documents, decided, evidence)


_JUDGES = {
    "D1.c4": judge_d1_c4,
    "D3.c3": judge_d3_c3,
    "D3.c4": judge_d3_c4,
    "D3.c5": judge_d3_c5,
}


def judge_rule_claims(experiments: dict[str, Experiment], documents: Documents, records: RecordSet) -> list[Judged]:
    return [judge(experiments[name], documents, Rules(records)) for name, judge in _JUDGES.items()]
