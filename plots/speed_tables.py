"""D4.speed and D4.scaling: speeds and speedups by regime, each held against the document's."""

from __future__ import annotations

import math
from dataclasses import dataclass

from experiments.definitions import REGIME_NAMES, REGIMES, Experiment
from experiments.definitions import Row as Definition
from experiments.documents import Documents
from plots.blocks import Row, Table
from plots.formats import NOTHING, interval, number, whole
from plots.records import RecordSet
from plots.statistics import Estimate
from plots.timing import Timing, rate
from plots.verdicts import NO_FIGURE, OVERSUBSCRIBED, Verdict, decide, judge_within, not_judged, not_run


@dataclass(frozen=True)
class SpeedRow:
    """One cell in one regime. `speed` and `speedup` are None where it was not run."""

    definition: Definition
    workers: int
    document_rate: float
    document_speedup: float
    speed: Estimate | None
    speedup: Estimate | None
    verdict: Verdict


def regime_title(records: RecordSet, regime: str) -> str:
    if regime == "as_is":
        return "as is, steps cost nothing"
    cost = f"{1e3 * records.calibration['step_cost_seconds']:.2f} ms"
    return f"busy, a step burns {cost}" if regime == "busy" else f"wait, a step blocks for {cost}"


def _document_figures(experiment: Experiment, documents: Documents, row: Definition) -> tuple[float, float]:
    if not row.document:
        return math.nan, math.nan
    figures = documents.row(experiment.id, *row.document)
    return float(figures["fps"]), float(figures["speedup"])


def _verdict(timing: Timing, row: Definition, workers: int, speedup: Estimate, figure: float, tolerance: float) -> Verdict:
    if row.baseline:
        return not_judged("base" if timing.regime == "as_is" else "calibrated")
    if timing.oversubscribed(row.cell):
        return OVERSUBSCRIBED
    if math.isnan(figure):
        return NO_FIGURE
    return not_judged("base") if workers == 1 else judge_within(speedup, figure, tolerance)


def speed_rows(experiment: Experiment, documents: Documents, records: RecordSet, regime: str) -> list[SpeedRow]:
    timing = Timing(records, regime)
    baseline = next(row.cell for row in experiment.rows if row.baseline)
    rows = []
    for row in experiment.rows:
        if regime not in row.regimes or not timing.exists(row.cell):
            continue
        workers = timing.workers(row.cell)
        figures = _document_figures(experiment, documents, row)
        speedup = timing.rate_ratio(row.cell, baseline)
        if not timing.launches(row.cell):
            verdict = not_run(timing.why_missing(row.cell))
            rows.append(SpeedRow(row, workers, *figures, None, None, verdict))
            continue
        speed = timing.estimate(row.cell, rate)
        if speedup is None:
            verdict = not_run(f"no serial launch to hold it against: {timing.why_missing(baseline)}")
        else:
            verdict = _verdict(timing, row, workers, speedup, figures[1], experiment.parameters["tolerance"])
        rows.append(SpeedRow(row, workers, *figures, speed, speedup, verdict))
    return rows


def _cells(row: SpeedRow) -> Row:
    figures = (whole(row.document_rate), number(row.document_speedup, 2))
    label = row.definition.label
    strong = bool(row.definition.document) and not row.definition.baseline
    if row.speed is None:
        return Row((label, str(row.workers), *figures, NOTHING, NOTHING, NOTHING, "0", row.verdict), measured=False)
    speedup = number(row.speedup.value) if row.speedup else NOTHING
    bounds = interval(row.speedup) if row.speedup and not row.definition.baseline else NOTHING
    measured = (whole(row.speed.value), speedup, bounds, str(row.speed.n))
    return Row((label, str(row.workers), *figures, *measured, row.verdict), strong=strong)


def speed_table(experiment: Experiment, title: str, rows: list[SpeedRow]) -> Table:
    columns = ("configuration", "W", "doc. steps/s", "doc. speedup", "steps/s", "speedup", "95 % interval", "n", "verdict")
    return Table(experiment.id, title, columns, tuple(map(_cells, rows)), frozenset(range(1, 8)))


def speed_tables(experiment: Experiment, documents: Documents, records: RecordSet) -> list[Table]:
    name = documents.tables[experiment.id]["title"]
    return [
        speed_table(experiment, f"{name}: {regime_title(records, regime)}", speed_rows(experiment, documents, records, regime))
        for regime in REGIMES
    ]


@dataclass(frozen=True)
class Decision:
    """A document's row, with the verdict of the regime that decides."""

    label: str
    workers: int
    document_speedup: float
    regime: str
    speedup: Estimate | None
    verdict: Verdict


def decisions(experiment: Experiment, documents: Documents, records: RecordSet) -> list[Decision]:
    by_regime = {regime: speed_rows(experiment, documents, records, regime) for regime in REGIMES}
    order = experiment.parameters["decides"]
    out = []
    for definition in experiment.rows:
        if not definition.document or definition.baseline:
            continue
        rows = {name: next((r for r in rows if r.definition == definition), None) for name, rows in by_regime.items()}
        present = {name: row for name, row in rows.items() if row is not None}
        regime, verdict = decide({name: row.verdict for name, row in present.items()}, order)
        row = present.get(regime)
        if row is None or row.workers == 1:
            continue
        out.append(Decision(definition.label, row.workers, row.document_speedup, REGIME_NAMES[regime], row.speedup, verdict))
    return out
