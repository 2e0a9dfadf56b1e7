"""D0.reinforce: returns after the last epoch, minutes and speedups by regime, and the step cost from which processes pay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from experiments.definitions import REGIME_NAMES, REGIMES, Experiment
from experiments.documents import Documents
from experiments.reinforce import epoch_at
from plots.blocks import Row, Table
from plots.formats import NOTHING, interval, number, percent, seconds, whole
from plots.records import Record, RecordSet
from plots.reinforce import Reinforce, Trainings, busiest_worker_steps, training_returns, training_seconds
from plots.statistics import Estimate, bootstrap, mean
from plots.verdicts import NO_FIGURE, OVERSUBSCRIBED, Kind, Verdict, decide, judge_within, not_judged, not_run


@dataclass(frozen=True)
class TimeRow:
    """One row in one regime. Estimates are None where it was not run."""

    regime: str
    definition: dict[str, Any]
    workers: int
    minutes: Estimate | None
    speedup: Estimate | None
    held_out_error: float
    minutes_verdict: Verdict
    speedup_verdict: Verdict


def _is_baseline(row: dict[str, Any]) -> bool:
    return bool(row.get("baseline", False))


def _serial_of(row: dict[str, Any]) -> str:
    """The row that it is held against: of equal shards, so that both compute the same bits."""
    return str(row["cell"] if _is_baseline(row) else row.get("serial", "serial"))


def _document_epochs(documents: Documents) -> int:
    return int(documents.tables["D0.reinforce"]["setting"]["epochs"])


def _figure(documents: Documents, row: dict[str, Any], column: str) -> float:
    return float(documents.row("D0.reinforce", *row["document"])[column]) if "document" in row else float("nan")


def short_of(reinforce: Reinforce, cell: str, documents: Documents) -> Verdict | None:
    """Why runs of fewer epochs than the document's decide nothing."""
    epochs, wanted = reinforce.epochs(cell), _document_epochs(documents)
    return Verdict(Kind.INCONCLUSIVE, f"{epochs} of {wanted} epochs") if epochs < wanted else None


def trainings(experiment: Experiment, records: RecordSet, regime: str) -> Trainings:
    """The rows of one regime; the held-out epoch is that of the records' own length."""
    reinforce = Reinforce(records)
    return Trainings(reinforce, regime, epoch_at(experiment.parameters["held_out_epoch"], reinforce.planned_epochs))


def why_not_judged(experiment: Experiment, documents: Documents, rows: Trainings, cells: list[str]) -> Verdict | None:
    """Why these rows of a regime give no verdict, if they don't."""
    for row in cells:
        if not rows.reinforce.runs(rows.cell(row)):
            return not_run(rows.reinforce.why_missing(rows.cell(row)))
    if any(rows.reinforce.oversubscribed(rows.cell(row)) for row in cells):
        return OVERSUBSCRIBED
    for row in cells:
        if short := short_of(rows.reinforce, rows.cell(row), documents):
            return short
    error = max(rows.held_out_error(row) for row in cells)
    if error > experiment.parameters["held_out_tolerance"]:
        return Verdict(Kind.INCONCLUSIVE, f"held-out epoch off by {percent(error)}")
    return None


def _time_row(experiment: Experiment, documents: Documents, rows: Trainings, row: dict[str, Any]) -> TimeRow:
    cell, serial, tolerance = row["cell"], _serial_of(row), experiment.parameters["tolerance"]
    workers = int(rows.reinforce.definition(rows.cell(cell))["workers"])
    if not rows.reinforce.runs(rows.cell(cell)):
        verdict = not_run(rows.reinforce.why_missing(rows.cell(cell)))
        return TimeRow(rows.regime, row, workers, None, None, 0.0, verdict, verdict)
    minutes, speedup = rows.total(cell).scaled(1 / 60), rows.speedup(cell, serial)
    why = why_not_judged(experiment, documents, rows, [cell, serial])
    if _is_baseline(row):
        verdicts = (not_judged("base" if rows.regime == "as_is" else "calibrated"),) * 2
    elif why is not None or speedup is None:
        verdicts = (why or not_run("no serial launch to hold it against"),) * 2
    elif "document" not in row:
        verdicts = (NO_FIGURE, NO_FIGURE)
    else:
        of_minutes = judge_within(minutes, _figure(documents, row, "minutes"), tolerance)
        verdicts = (
            not_judged("no step cost") if rows.regime == "as_is" else of_minutes,
            judge_within(speedup, _figure(documents, row, "speedup"), tolerance),
        )
    return TimeRow(rows.regime, row, workers, minutes, speedup, rows.held_out_error(cell), *verdicts)


def time_rows(experiment: Experiment, documents: Documents, records: RecordSet) -> list[TimeRow]:
    """Of every regime in which the row's cell is defined."""
    found = []
    for regime in REGIMES:
        rows = trainings(experiment, records, regime)
        for row in experiment.parameters["rows"]:
            if rows.reinforce.exists(rows.cell(row["cell"])):
                found.append(_time_row(experiment, documents, rows, row))
    return found


def _regime(row: TimeRow) -> str:
    return REGIME_NAMES[row.regime] + ("" if row.regime == "as_is" else " (composed)")


def _minutes_cells(documents: Documents, row: TimeRow) -> Row:
    known = (_regime(row), row.definition["label"], str(row.workers), number(_figure(documents, row.definition, "minutes"), 2))
    if row.minutes is None:
        return Row((*known, NOTHING, NOTHING, "0", NOTHING, row.minutes_verdict), measured=False)
    error = NOTHING if row.regime == "as_is" else percent(row.held_out_error)
    measured = (number(row.minutes.value), interval(row.minutes), str(row.minutes.n), error)
    return Row((*known, *measured, row.minutes_verdict), strong="document" in row.definition)


def _speedup_cells(documents: Documents, row: TimeRow) -> Row:
    known = (_regime(row), row.definition["label"], str(row.workers), number(_figure(documents, row.definition, "speedup"), 3))
    if row.speedup is None:
        return Row((*known, NOTHING, NOTHING, "0", row.speedup_verdict), measured=False)
    bounds = NOTHING if _is_baseline(row.definition) else interval(row.speedup)
    measured = (number(row.speedup.value), bounds, str(row.speedup.n))
    return Row((*known, *measured, row.speedup_verdict), strong="document" in row.definition)


@dataclass(frozen=True)
class ReturnRow:
    label: str
    figure: float
    value: Estimate | None
    episodes: int
    verdict: Verdict


def last_return(record: Record) -> float:
    return training_returns(record)[-1]


def return_rows(experiment: Experiment, documents: Documents, records: RecordSet) -> list[ReturnRow]:
    reinforce, cell = Reinforce(records), experiment.parameters["curve"]
    rows = []
    for row in experiment.parameters["rows"]:
        if "document" not in row:
            continue
        figure = _figure(documents, row, "mean_return_after_200_epochs")
        if not reinforce.runs(cell):
            rows.append(ReturnRow(row["label"], figure, None, 0, not_run(reinforce.why_missing(cell))))
            continue
        value = reinforce.estimate(cell, last_return)
        episodes = sum(record["curve"][-1]["training_episodes"] for record in reinforce.runs(cell).values())
        verdict = short_of(reinforce, cell, documents) or judge_within(value, figure, experiment.parameters["tolerance"])
        rows.append(ReturnRow(row["label"], figure, value, episodes, verdict))
    return rows


def _return_cells(row: ReturnRow) -> Row:
    if row.value is None:
        return Row((row.label, whole(row.figure), NOTHING, NOTHING, "0", NOTHING, row.verdict), measured=False)
    measured = (number(row.value.value, 4), interval(row.value, 4), str(row.value.n), whole(row.episodes))
    return Row((row.label, whole(row.figure), *measured, row.verdict), strong=True)


@dataclass(frozen=True)
class BreakEven:
    """Seconds of the whole training as is, and the step cost in seconds from which the processes are faster; a step waits."""

    row: dict[str, Any]
    serial: Estimate
    pool: Estimate
    steps_saved: float  # of the training's environment steps, those that the busiest workers do not take
    cost_seconds: Estimate


def _break_even(serial: Record, pool: Record) -> float:
    """T where seconds + T times the busiest workers' steps are equal; negative where processes are faster at once."""
    saved = busiest_worker_steps(serial).sum() - busiest_worker_steps(pool).sum()
    return float((training_seconds(pool) - training_seconds(serial)) / saved)


def break_evens(experiment: Experiment, records: RecordSet) -> list[BreakEven]:
    rows = trainings(experiment, records, "as_is")
    found = []
    for row in experiment.parameters["rows"]:
        pool, serial = (rows.reinforce.runs(rows.cell(cell)) for cell in (row["cell"], _serial_of(row)))
        both = sorted(pool.keys() & serial.keys())
        if _is_baseline(row) or not both:
            continue
        cost = bootstrap([[_break_even(serial[i], pool[i]) for i in both]], mean)
        first = both[0]
        saved = 1 - busiest_worker_steps(pool[first]).sum() / busiest_worker_steps(serial[first]).sum()
        totals = (rows.total(_serial_of(row)), rows.total(row["cell"]))
        found.append(BreakEven(row, *totals, float(saved), cost))
    return found


def _break_even_cells(records: RecordSet, found: BreakEven) -> Row:
    cost = found.cost_seconds.scaled(1e6)
    workers = Reinforce(records).definition(f"as_is-{found.row['cell']}")["workers"]
    over = " (oversubscribed)" if Reinforce(records).oversubscribed(f"as_is-{found.row['cell']}") else ""
    return Row(
        (
            f"{found.row['label']}{over}",
            str(workers),
            seconds(found.serial.value),
            seconds(found.pool.value),
            percent(found.steps_saved),
            "any" if cost.value <= 0 else f"{number(cost.value, 2)} µs",
            interval(cost, 2),
            str(cost.n),
        )
    )


def python_break_even(experiment: Experiment) -> float:
    """The same for the document's own program in Python, from its steps/s serial and with a pool: seconds."""
    figures = experiment.parameters["python"]
    return float((1 / figures["pool"] - 1 / figures["serial"]) / (1 - 1 / figures["workers"]))


def reinforce_tables(experiment: Experiment, documents: Documents, records: RecordSet) -> list[Table]:
    title = documents.tables[experiment.id]["title"]
    rows = time_rows(experiment, documents, records)
    epochs = Reinforce(records).planned_epochs
    return [
        Table(
            experiment.id,
            f"{title}: mean return of epoch {epochs}, mean over seeds",
            ("configuration", "doc. return", "return", "95 % interval", "n", "episodes", "verdict"),
            tuple(map(_return_cells, return_rows(experiment, documents, records))),
            frozenset(range(1, 6)),
        ),
        Table(
            experiment.id,
            f"Minutes of {epochs} epochs",
            ("regime", "configuration", "W", "doc.", "minutes", "95 % interval", "n", "held-out", "verdict"),
            tuple(_minutes_cells(documents, row) for row in rows),
            frozenset(range(2, 8)),
        ),
        Table(
            experiment.id,
            f"Speedup over the serial code, {epochs} epochs",
            ("regime", "configuration", "W", "doc.", "speedup", "95 % interval", "n", "verdict"),
            tuple(_speedup_cells(documents, row) for row in rows),
            frozenset(range(2, 7)),
        ),
        Table(
            experiment.id,
            "Where processes begin to pay: the cost of a step that waits, from the seconds as is",
            ("configuration", "W", "serial", "processes", "steps saved", "pays from", "95 % interval, µs", "n"),
            tuple(_break_even_cells(records, found) for found in break_evens(experiment, records)),
            frozenset(range(1, 8)),
        ),
    ]


def reinforce_summary_rows(experiment: Experiment, documents: Documents, records: RecordSet) -> list[Row]:
    """Every figure of the document, with the verdict of the regime that decides."""
    found = []
    for row in return_rows(experiment, documents, records):
        name = f"mean return after {_document_epochs(documents)} epochs, {row.label}"
        measured = (NOTHING, NOTHING, "0")
        if row.value:
            measured = (number(row.value.value, 4), interval(row.value, 4), str(row.value.n))
        found.append(Row((experiment.id, name, whole(row.figure), *measured, row.verdict, "seeds"), measured=bool(row.value)))
    rows = time_rows(experiment, documents, records)
    judged = [row for row in rows if "document" in row.definition and not _is_baseline(row.definition)]
    for what in ("minutes", "speedup"):
        for cell in dict.fromkeys(row.definition["cell"] for row in judged):
            by_regime = {row.regime: row for row in judged if row.definition["cell"] == cell}
            verdicts = {regime: getattr(row, f"{what}_verdict") for regime, row in by_regime.items()}
            regime, verdict = decide(verdicts, experiment.parameters["decides"])
            if regime not in by_regime:
                continue
            decided = by_regime[regime]
            value: Estimate | None = getattr(decided, what)
            measured = (number(value.value), interval(value), str(value.n)) if value else (NOTHING, NOTHING, "0")
            name = f"{what}, {decided.definition['label']}, W = {decided.workers}"
            figure = number(_figure(documents, decided.definition, what), 3)
            cells = (experiment.id, name, figure, *measured, verdict, REGIME_NAMES[regime])
            found.append(Row(cells, measured=value is not None))
    return found
