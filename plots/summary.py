"""Every figure of documents D4 and D0 in one table: measured here, and the verdict that counts."""

from __future__ import annotations

from functools import partial

from experiments.definitions import REGIME_NAMES, REGIMES, Experiment
from experiments.documents import Documents
from plots.blocks import Row, Table
from plots.communication_tables import document_rows, judge_share
from plots.convergence_tables import judge_row
from plots.formats import NOTHING, censored, censored_interval, interval, number, percent, percent_interval, whole
from plots.learning import Learning
from plots.records import RecordSet
from plots.reinforce_tables import reinforce_summary_rows
from plots.speed_tables import decisions
from plots.timing import Timing, share
from plots.verdicts import decide


def _speed_rows(experiment: Experiment, documents: Documents, records: RecordSet) -> list[Row]:
    rows = []
    for decision in decisions(experiment, documents, records):
        name = f"speedup, {decision.label}, W = {decision.workers}"
        figure = number(decision.document_speedup, 2)
        if decision.speedup is None:
            measured = (NOTHING, NOTHING, "0")
        else:
            measured = (number(decision.speedup.value), interval(decision.speedup), str(decision.speedup.n))
        known = (experiment.id, name, figure, *measured)
        rows.append(Row((*known, decision.verdict, decision.regime), measured=decision.speedup is not None))
    return rows


def _convergence_rows(experiment: Experiment, documents: Documents, records: RecordSet) -> list[Row]:
    learning, rows = Learning(records), []
    for definition in experiment.parameters["rows"]:
        if "document" not in definition:
            continue
        cell, figures = definition["cell"], documents.row(experiment.id, *definition["document"])
        steps_verdict, final_verdict = judge_row(experiment, documents, learning, definition)
        names = (f"steps to -200, {definition['label']}", f"final return, {definition['label']}")
        figure = (whole(figures["steps_to_minus_200"]), number(figures["final_mean_reward"], 4))
        if learning.seeds(cell):
            crossing = learning.crossing(cell, experiment.parameters["threshold_return"])
            final = learning.final_return(cell)
            steps = (censored(crossing.steps.value, crossing.budget), censored_interval(crossing.steps, crossing.budget))
            measured = ((*steps, str(crossing.steps.n)), (number(final.value, 4), interval(final, 4), str(final.n)))
        else:
            measured = ((NOTHING, NOTHING, "0"),) * 2
        for name, of_document, here, verdict in zip(names, figure, measured, (steps_verdict, final_verdict), strict=True):
            rows.append(Row((experiment.id, name, of_document, *here, verdict, "seeds"), measured=here[2] != "0"))
    return rows


def _communication_rows(experiment: Experiment, documents: Documents, records: RecordSet) -> list[Row]:
    cell, rows = experiment.parameters["judged_cell"], []
    for name, purposes, _, figure in document_rows(documents):
        timings = {regime: Timing(records, regime) for regime in REGIMES}
        verdicts = {regime: judge_share(experiment, timing, purposes, figure) for regime, timing in timings.items()}
        regime, verdict = decide(verdicts, experiment.parameters["decides"])
        timing = timings[regime]
        measured = (NOTHING, NOTHING, "0")
        if timing.launches(cell):
            part = timing.estimate(cell, partial(share, purposes=purposes))
            measured = (percent(part.value), percent_interval(part), str(part.n))
        known = (experiment.id, f"share of the round, {name}, W = 4", percent(figure, 3), *measured)
        rows.append(Row((*known, verdict, REGIME_NAMES[regime]), measured=measured[2] != "0"))
    return rows


def summary_table(experiments: dict[str, Experiment], documents: Documents, records: RecordSet) -> Table:
    rows = [
        *_speed_rows(experiments["D4.speed"], documents, records),
        *_convergence_rows(experiments["D4.convergence"], documents, records),
        *_speed_rows(experiments["D4.scaling"], documents, records),
        *_communication_rows(experiments["D4.communication"], documents, records),
        *reinforce_summary_rows(experiments["D0.reinforce"], documents, records),
    ]
    columns = ("table", "figure", "document", "measured", "95 % interval", "n", "verdict", "decided by")
    return Table("summary", "Document and measurement", columns, tuple(rows), frozenset({2, 3, 4, 5}))
