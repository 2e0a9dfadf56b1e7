"""Parameter servers of tables: document D2's claims on synchronous and asynchronous Q-learning."""

from __future__ import annotations

import math
from collections.abc import Callable

from experiments.definitions import Experiment
from experiments.documents import Documents
from experiments.study import Study
from plots.blocks import Block, Heading, Paragraph
from plots.claims import Evidence, Judged
from plots.formats import interval, number, percent, percent_interval
from plots.records import Record, RecordSet
from plots.statistics import Estimate, bootstrap
from plots.studies import Stated
from plots.studies.parameter_servers_figures import forms_figure, sizes_figure
from plots.studies.parameter_servers_networks import networks_table
from plots.studies.parameter_servers_quantities import changes_to, oscillation, ratio_of_medians, slope, transitions_to
from plots.studies.parameter_servers_tables import coordination_table, servers_table, steps_table
from plots.tabular import Tabular, relative_error, updates_per_second
from plots.verdicts import Kind, Verdict, all_of, judge_above, judge_below, not_judged, not_run

_BESIDE = not_judged("beside it")
_SEEDS_AT_LEAST = 3
_TABLES = {"limits": "random table", "lake": "FrozenLake-v1"}


class _Judge:
    """Evidence for one claim as it is gathered; what is judged decides, what is beside it does not."""

    def __init__(self, experiment: Experiment, tabular: Tabular):
        self.parameters = experiment.parameters
        self._experiment = experiment
        self.tabular = tabular
        self.evidence: list[Evidence] = []
        self.verdicts: list[Verdict] = []

    def missing(self, where: str, what: str, cells: list[str]) -> bool:
        """Notes why there are no figures of these cells, if there are none."""
        absent = [cell for cell in cells if not self.tabular.runs(cell)]
        if absent:
            why = self.tabular.why_not(absent) or not_run("no record yet")
            self.evidence.append(Evidence(where, what, "–", "–", 0, why))
            self.verdicts.append(why)
        return bool(absent)

    def add(self, where: str, what: str, estimate: Estimate, verdict: Verdict, share: bool = False) -> None:
        texts = (percent(estimate.value), percent_interval(estimate)) if share else (number(estimate.value), interval(estimate))
        self.evidence.append(Evidence(where, what, *texts, estimate.n, verdict))
        if verdict is not _BESIDE:
            self.verdicts.append(verdict)

    def ratio(self, numerator: str, denominator: str, quantity: Callable[[Record], float]) -> Estimate:
        """Of medians over seeds: a seed that never got there counts as more than all others."""
        return bootstrap([self.tabular.values(cell, quantity) for cell in (numerator, denominator)], ratio_of_medians)

    def judged(self, documents: Documents) -> Judged:
        text = documents.claims[self._experiment.id]["text"]
        return Judged(self._experiment.id, text, all_of(self.verdicts), self._experiment.decides, tuple(self.evidence))


def _above(estimate: Estimate, line: float) -> Verdict:
    return not_judged("never reached") if math.isnan(estimate.value) else judge_above(estimate, line)


def judge_faster_per_update(experiment: Experiment, documents: Documents, tabular: Tabular) -> Judged:
    judge = _Judge(experiment, tabular)
    part, line = judge.parameters["part"], judge.parameters["line"]
    for where, (serial, average, merge) in judge.parameters["tables"].items():
        for other, name in ((serial, "a single learner"), (merge, "the asynchronous server")):
            what = f"changes of the table to 5 %, {name} / averaged"
            if judge.missing(where, what, [other, average]):
                continue
            ratio = judge.ratio(other, average, lambda r: changes_to(r, part))
            judge.add(where, what, ratio, _above(ratio, line))
            by_transition = judge.ratio(other, average, lambda r: transitions_to(r, part))
            judge.add(where, f"transitions to 5 %, {name} / averaged", by_transition, _BESIDE)
    more, serial = judge.parameters["more"], next(iter(judge.parameters["tables"].values()))[0]
    if tabular.runs(more) and tabular.runs(serial):
        ratio = judge.ratio(serial, more, lambda r: changes_to(r, part))
        if ratio.value > 0:  # else four workers never got there
            judge.add("4 workers", "changes of the table to 5 %, a single learner / averaged", ratio, _BESIDE)
    return judge.judged(documents)


def judge_asynchronous(experiment: Experiment, documents: Documents, tabular: Tabular) -> Judged:
    judge = _Judge(experiment, tabular)
    part, line = judge.parameters["part"], judge.parameters["line"]
    average, merge = judge.parameters["synchronous"], judge.parameters["asynchronous"]
    if judge.missing("2 workers", "asynchronous / synchronous", [average, merge]):
        return judge.judged(documents)
    rows = [(merge, average, "merged / averaged"), (*judge.parameters["lake"], "merged / averaged, FrozenLake-v1")]
    rows += [(other, average, f"{other.split('-')[1]} / averaged") for other in judge.parameters["others"]]
    for other, base, what in rows:
        if not (tabular.runs(other) and tabular.runs(base)):
            continue
        decides = (other, base) == (merge, average)
        rate = tabular.paired(other, base, updates_per_second)
        if rate is not None:
            verdict = (tabular.why_not([other, base]) or judge_above(rate, line)) if decides else _BESIDE
            judge.add("updates/s", what, rate, verdict)
        swing = tabular.unpaired(other, base, oscillation)
        judge.add("oscillation", what, swing, judge_above(swing, line) if decides else _BESIDE)
        slower = judge.ratio(other, base, lambda r: transitions_to(r, part))
        judge.add("transitions to 5 %", what, slower, _above(slower, line) if decides else _BESIDE)
        error = tabular.unpaired(other, base, relative_error)
        judge.add("error at the end", what, error, _BESIDE)
    return judge.judged(documents)


def judge_convergence(experiment: Experiment, documents: Documents, tabular: Tabular) -> Judged:
    judge = _Judge(experiment, tabular)
    for cell in [*judge.parameters["falling"], *judge.parameters["broken"]]:
        group, _, form = cell.partition("-")
        where = f"{_TABLES[group]}, {form}"
        broken = cell in judge.parameters["broken"]
        if broken and not tabular.runs(cell):
            continue
        if judge.missing(where, "slope", [cell]):
            continue
        fit, error = tabular.estimate(cell, slope), tabular.estimate(cell, relative_error)
        judge.add(where, "slope", fit, _BESIDE if broken else judge_below(fit, judge.parameters["slope"]))
        arrives = cell in judge.parameters["arriving"]
        verdict = judge_below(error, judge.parameters["part"]) if arrives else _BESIDE
        judge.add(where, "error at the end, of the largest value", error, verdict, share=True)
    return judge.judged(documents)


def judge_forms(experiment: Experiment, documents: Documents, tabular: Tabular) -> Judged:
    judge = _Judge(experiment, tabular)
    for where, cell in judge.parameters["forms"].items():
        if judge.missing(where, "seeds that get to 5 %", [cell]):
            continue
        passages = tabular.values(cell, lambda r: transitions_to(r, judge.parameters["part"]))
        there = sum(math.isfinite(passage) for passage in passages)
        reached = f"{there}/{len(passages)}"
        enough = len(passages) >= _SEEDS_AT_LEAST
        verdict = Verdict(Kind.INCONCLUSIVE, f"{reached} seeds")
        if enough and there in (0, len(passages)):
            verdict = Verdict(Kind.CONFIRMED if there else Kind.REFUTED)
        judge.evidence.append(Evidence(where, "seeds that get to 5 %", reached, "–", len(passages), verdict))
        judge.verdicts.append(verdict)
        judge.add(where, "M updates/s", tabular.estimate(cell, lambda r: updates_per_second(r) / 1e6), _BESIDE)
    return judge.judged(documents)


_JUDGES = {
    "D2.c1": judge_faster_per_update,
    "D2.c2": judge_asynchronous,
    "D2.c3": judge_convergence,
    "D2.c5": judge_forms,
}


def judge(study: Study, documents: Documents, records: RecordSet) -> list[Judged]:
    tabular = Tabular(records, study.name)
    return [own(study.experiment(name), documents, tabular) for name, own in _JUDGES.items()]


def blocks(study: Study, documents: Documents, records: RecordSet, stated: Stated) -> list[Block]:
    tabular = Tabular(records, study.name)
    figures = (forms_figure(tabular), sizes_figure(tabular))
    coordination = study.experiment("parameter_servers.coordination")
    return [
        Paragraph(
            "Workers of one table that learn on tables of their own and agree through a server. 'Changes' are of the server's "
            "table: meetings, merges, or single updates. A meeting uses a transition of every worker, a merge one worker's. "
            "In the mean a meeting moves a cell as far as one learner's update does, so averaging takes noise away, not bias. "
            "'Oscillation' is the standard deviation of log10 error about its line, 'lag' the merges by others since a worker "
            "last received the table. Four workers on two cores are oversubscribed: their updates count, their seconds do not."
        ),
        *(stated(study.experiment(name)) for name in ("D2.c1", "D2.c2")),
        servers_table(records, tabular, "servers", "D2.servers", "Servers of tables, a meeting or merge after every update"),
        *([figures[0]] if figures[0] else []),
        Heading(3, "D2.c5: the synchronous forms"),
        stated(study.experiment("D2.c5")),
        servers_table(records, tabular, "forms", "D2.forms", "Forms of a server, 16 updates of a worker between meetings"),
        Heading(3, "D2.c3: step sizes"),
        stated(study.experiment("D2.c3")),
        Paragraph(
            "In theory the noise of 1/n^w falls as updates^(-w/2), and for w = 1 the bias as updates^-(1 - gamma), here "
            "updates^-0.1. A merge that lags by l others pulls back what they have merged, which slows all by 1 + eta l "
            "(`parallel/agree/merging_server.hpp`)."
        ),
        steps_table(records, tabular),
        *([figures[1]] if figures[1] else []),
        Heading(3, "D2.c4, tables: what coordination costs"),
        stated(coordination),
        coordination_table(coordination, tabular),
        Heading(3, "Servers of networks"),
        Paragraph(
            "The same asynchronous server for a network: in memory that processes share, and as ranks of an MPI job that "
            "serve a range of the parameters each. 'at the server' is worker 0's part of the time of the run. Ranks that "
            "serve have no core of their own here: a worker waits while it is served."
        ),
        networks_table(tabular),
    ]
