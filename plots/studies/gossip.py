"""Document D3's two architectures, a central parameter server and gossip: disagreement and return over bytes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from experiments.definitions import Experiment
from experiments.documents import Documents
from experiments.study import Study
from plots.blocks import Block, Figure, Paragraph, Row, Table
from plots.claims import Evidence, Judged
from plots.formats import NOTHING, censored, interval, number, size
from plots.studies.gossip_figures import bytes_figure, mixing_figure, seconds_figure
from plots.studies.gossip_mixing import mixing_table
from plots.studies.gossip_pairs import pairs_table
from plots.studies.gossip_traffic import GOSSIPS, Traffic, disagreement_over_run
from plots.records import RecordSet
from plots.rules import Rules, judge_reached, steps_per_second
from plots.statistics import Estimate, bootstrap, mean, median
from plots.studies import Stated
from plots.verdicts import Verdict, all_of, judge_below, not_judged

_BESIDE = not_judged("beside it")
_TABLE_COLUMNS = (
    "agreement", "reached 475", "steps", "bytes until then", "bytes in all", "most by one worker", "disagreement", "final return",
    "95 % interval",
)  # fmt: skip


def _traffic_row(experiment: Experiment, rules: Rules, row: dict[str, Any]) -> Row:
    cell, label, threshold = row["cell"], row["label"], experiment.parameters["threshold_return"]
    if why := rules.why_not([cell]):
        return Row((label, *[NOTHING] * (len(_TABLE_COLUMNS) - 1), why), measured=False)
    passage, traffic = rules.passage(cell, threshold), [Traffic(record, row["messages"]) for record in rules.seeds(cell)]
    until = bootstrap([[one.bytes_to(threshold) for one in traffic]], median).value
    in_all, apart = mean_of([one.total for one in traffic]), [disagreement_over_run(one.record) for one in traffic]
    final = rules.final(cell)
    figures = (
        f"{passage.reached}/{passage.n}",
        censored(passage.steps.value, passage.steps_budget),
        size(until) if math.isfinite(until) else f"> {size(in_all)}",
        size(in_all),
        size(mean_of([one.busiest for one in traffic])),
        NOTHING if row["messages"] not in GOSSIPS else number(mean_of(apart)),
        number(final.value),
        interval(final),
    )
    return Row((label, *figures))


def mean_of(values: list[float]) -> float:
    return float(np.mean(values))


def traffic_table(claim: Experiment, rules: Rules) -> Table:
    rows = [_traffic_row(claim, rules, row) for row in claim.parameters["rows"]]
    columns = _TABLE_COLUMNS
    if not all(row.measured for row in rows):
        rows = [Row((*row.cells, ""), row.measured) if row.measured else row for row in rows]
        columns = (*columns, "verdict")
    title = "A2C on CartPole-v1, 4 workers that agree after every update: medians and means over seeds"
    return Table("D3.gossip", title, columns, tuple(rows), frozenset(range(1, 9)))


def blocks(study: Study, documents: Documents, records: RecordSet, stated: Stated) -> list[Block]:
    rules = Rules(records, family=study.name)
    table, mixing, claim = (study.experiment(name) for name in ("D3.gossip", "gossip.mixing", "D3.c2"))
    pairs = study.experiment("gossip.pairs")
    figures: list[Figure | None] = [mixing_figure(mixing, rules), bytes_figure(claim, rules), seconds_figure(pairs, rules)]
    return [
        Paragraph(
            "Two ways to make one learner of several that hold all parameters each: a **server** that averages them, through "
            "which all bytes go, and **gossip**, where every worker averages with its neighbours in a graph and no worker ever "
            "holds the result. What is evaluated of a gossip is the average of all copies; measuring it is not counted. "
            "Optimisers' moments stay with the workers in both. **disagreement** is the root mean square distance of the "
            "copies from their average, a mean over the run's evaluations. Four processes are more than the cores, so this "
            "table has no seconds."
        ),
        stated(table),
        traffic_table(claim, rules),
        Paragraph(
            "Per meeting of P workers with S bytes of parameters, the server moves 2 S (P - 1) bytes, S (P - 1) of them its "
            "own; all-reduce as many, evenly; the ring 2 P S, the exponential graph P log2(P) (S + 8), one-peer and random peer "
            "P (S + 8), random pairs P S; pairs that wait for nobody (AD-PSGD), every worker averaging with one other, 2 P S. "
            "These are asserted in the tests and counted in the records."
        ),
        stated(mixing),
        mixing_table(mixing, rules),
        Paragraph(
            "Pairs that **wait for nobody** lie in memory that all share: a worker adds what it has learned to its copy, takes the "
            "mean with another's, and goes on; the other finds out when it adds its own next steps. What that is for is a worker "
            "that is slower than the others, which in rounds all wait for."
        ),
        stated(pairs),
        pairs_table(pairs, rules),
        *[figure for figure in figures if figure is not None],
    ]


def _evidence(where: str, what: str, estimate: Estimate, verdict: Verdict) -> Evidence:
    return Evidence(where, what, number(estimate.value), interval(estimate), estimate.n, verdict)


def _reached(rules: Rules, claim: Experiment, cell: str, label: str) -> tuple[Verdict, Evidence]:
    what = "seeds that reach 475"
    if why := rules.why_not([cell]):
        return why, Evidence(label, what, NOTHING, NOTHING, 0, why)
    passage = rules.passage(cell, claim.parameters["threshold_return"])
    verdict = judge_reached(passage.reached, passage.n, claim.parameters["seeds_at_least"])
    return verdict, Evidence(label, what, f"{passage.reached}/{passage.n}", NOTHING, passage.n, verdict)


def _ratio_of_means(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    return np.asarray(mean(ours) / mean(theirs))


def _together(rules: Rules, claim: Experiment) -> tuple[Verdict, Evidence]:
    parameters, what = claim.parameters, "disagreement over that of workers that do not meet"
    cells = [parameters["gossip"], parameters["apart"]]
    if why := rules.why_not(cells):
        return why, Evidence("gossip, ring", what, NOTHING, NOTHING, 0, why)
    ratio = bootstrap([rules.values(cell, disagreement_over_run) for cell in cells], _ratio_of_means)
    verdict = judge_below(ratio, parameters["ratio_line"])
    return verdict, _evidence("gossip, ring", what, ratio, verdict)


def _speeds(rules: Rules, claim: Experiment) -> list[Evidence]:
    evidence = []
    for row in claim.parameters["speeds"]:
        what, cells = "steps/s, ratio", [row["cell"], row["other"]]
        ratio = rules.paired(*cells, steps_per_second)
        if ratio is None:
            why = rules.why_not(cells) or not_judged("no launches to compare")
            evidence.append(Evidence(row["label"], what, NOTHING, NOTHING, 0, why))
        else:
            evidence.append(_evidence(row["label"], what, ratio, _BESIDE))
    return evidence


def judge(study: Study, documents: Documents, records: RecordSet) -> list[Judged]:
    rules, claim = Rules(records, family=study.name), study.experiment("D3.c2")
    parameters, verdicts, evidence = claim.parameters, [], []
    for row in parameters["rows"]:
        verdict, one = _reached(rules, claim, row["cell"], row["label"])
        if row["cell"] in (parameters["server"], parameters["gossip"]):
            verdicts.append(verdict)
        elif one.n > 0:
            one = Evidence(one.where, one.what, one.measured, one.bounds, one.n, _BESIDE)
        evidence.append(one)
    verdict, one = _together(rules, claim)
    text = documents.claims[claim.id]["text"]
    return [Judged(claim.id, text, all_of([*verdicts, verdict]), claim.decides, (*evidence, one, *_speeds(rules, claim)))]
