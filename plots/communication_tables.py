"""D4.communication: what weights and trajectories cost a round, by regime and number of workers."""

from __future__ import annotations

from experiments.definitions import REGIME_NAMES, REGIMES, Experiment
from experiments.documents import Documents
from plots.blocks import Row, Table
from plots.formats import NOTHING, milliseconds, number, percent, percent_interval, size, whole
from plots.records import Record, RecordSet
from plots.timing import ALL_PURPOSES, POLICY_PURPOSES, Timing, per_round, share
from plots.verdicts import OVERSUBSCRIBED, Verdict, judge_within, not_run

# The document's rows and the purposes that they are measured as.
_ROWS = {
    "policy weight synchronisation": ("weights",),
    "trajectory transfer": ("trajectories",),
}
TOTAL = "together"


def _transfer(record: Record, purposes: tuple[str, ...]) -> float:
    return sum(per_round(record, purpose, "transfer_seconds") for purpose in purposes)


def document_rows(documents: Documents) -> list[tuple[str, tuple[str, ...], float, float]]:
    """(name, purposes, milliseconds, share) of both rows and of their sum."""
    rows = documents.rows("D4.communication")
    listed = [(r["communication"], _ROWS[r["communication"]], r["mean_ms"], r["share_of_total"]) for r in rows]
    total_share = documents.tables["D4.communication"]["total_share"]
    return [*listed, (TOTAL, POLICY_PURPOSES, sum(row["mean_ms"] for row in rows), total_share)]


def judge_share(experiment: Experiment, timing: Timing, purposes: tuple[str, ...], figure: float) -> Verdict:
    cell = experiment.parameters["judged_cell"]
    if not timing.launches(cell):
        return not_run(timing.why_missing(cell))
    if timing.oversubscribed(cell):
        return OVERSUBSCRIBED
    estimate = timing.estimate(cell, lambda record: share(record, purposes))
    return judge_within(estimate, figure, experiment.parameters["tolerance"])


def _judged_row(experiment: Experiment, timing: Timing, row: tuple[str, tuple[str, ...], float, float]) -> Row:
    name, purposes, document_ms, document_share = row
    cell = experiment.parameters["judged_cell"]
    verdict = judge_share(experiment, timing, purposes, document_share)
    known = (REGIME_NAMES[timing.regime], name, number(document_ms, 4), percent(document_share, 3))
    if not timing.launches(cell):
        return Row((*known, NOTHING, NOTHING, NOTHING, "0", verdict), measured=False)
    part = timing.estimate(cell, lambda record: share(record, purposes))
    spent = timing.mean(cell, lambda record: _transfer(record, purposes))
    measured = (milliseconds(spent), percent(part.value), percent_interval(part), str(part.n))
    return Row((*known, *measured, verdict), strong=name == TOTAL)


def judged_table(experiment: Experiment, documents: Documents, records: RecordSet) -> Table:
    timings = [Timing(records, regime) for regime in REGIMES]
    rows = [_judged_row(experiment, timing, row) for timing in timings for row in document_rows(documents)]
    columns = ("regime", "communication", "doc. ms", "doc. share", "ms a round", "share", "95 % interval", "n", "verdict")
    title = f"{documents.tables[experiment.id]['title']}: MPI with 4 workers against the document"
    return Table(experiment.id, title, columns, tuple(rows), frozenset(range(2, 8)))


def _detail_row(timing: Timing, label: str, cell: str) -> Row:
    workers = str(timing.workers(cell))
    if not timing.launches(cell):
        nothing = (NOTHING,) * 7
        return Row((label, workers, *nothing, "0", not_run(timing.why_missing(cell))), measured=False)

    def mean_of(purposes: tuple[str, ...], key: str) -> float:
        return timing.mean(cell, lambda record: sum(per_round(record, purpose, key) for purpose in purposes))

    both = timing.estimate(cell, lambda record: share(record, POLICY_PURPOSES))
    cells = (
        milliseconds(mean_of(("weights",), "transfer_seconds")),
        milliseconds(mean_of(("trajectories",), "transfer_seconds")),
        percent(both.value),
        percent_interval(both),
        milliseconds(mean_of(ALL_PURPOSES, "waiting_seconds")),
        size(mean_of(ALL_PURPOSES, "bytes")),
        whole(mean_of(ALL_PURPOSES, "messages")),
        str(both.n),
        "oversubscribed" if timing.oversubscribed(cell) else "",
    )
    return Row((label, workers, *cells))


def detail_table(experiment: Experiment, records: RecordSet, regime: str) -> Table:
    timing = Timing(records, regime)
    rows = [_detail_row(timing, row.label, row.cell) for row in experiment.rows if timing.exists(row.cell)]
    columns = (
        *("configuration", "W", "weights ms", "traj. ms", "both", "95 % interval", "waiting ms", "bytes", "messages"),
        *("n", "note"),
    )
    title = f"A round by number of workers, {REGIME_NAMES[regime]}"
    return Table(experiment.id, title, columns, tuple(rows), frozenset(range(1, 10)))


def communication_tables(experiment: Experiment, documents: Documents, records: RecordSet) -> list[Table]:
    details = [detail_table(experiment, records, regime) for regime in REGIMES]
    return [judged_table(experiment, documents, records), *details]
