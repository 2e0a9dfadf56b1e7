"""D4.convergence: steps to the threshold and final returns by seeds; seconds composed of steps and measured rounds."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from experiments.definitions import REGIME_NAMES, REGIMES, Experiment
from experiments.documents import Documents
from plots.blocks import Row, Table
from plots.formats import NOTHING, censored, censored_interval, interval, number, seconds, whole
from plots.learning import Crossing, Learning
from plots.records import RecordSet
from plots.timing import Timing, rate, round_seconds
from plots.verdicts import NO_FIGURE, Verdict, judge_within, not_run


def _figures(documents: Documents, row: dict[str, Any]) -> tuple[float, float]:
    if "document" not in row:
        return math.nan, math.nan
    figures = documents.row("D4.convergence", *row["document"])
    return float(figures["steps_to_minus_200"]), float(figures["final_mean_reward"])


def judge_row(experiment: Experiment, documents: Documents, learning: Learning, row: dict[str, Any]) -> tuple[Verdict, Verdict]:
    """Verdicts on the steps and on the final return."""
    if not learning.seeds(row["cell"]):
        reason = not_run(learning.why_missing(row["cell"]))
        return reason, reason
    if "document" not in row:
        return NO_FIGURE, NO_FIGURE
    steps, final = _figures(documents, row)
    tolerance = experiment.parameters["tolerance"]
    crossing = learning.crossing(row["cell"], experiment.parameters["threshold_return"])
    return judge_within(crossing.steps, steps, tolerance), judge_within(learning.final_return(row["cell"]), final, tolerance)


def _steps_row(experiment: Experiment, documents: Documents, learning: Learning, row: dict[str, Any]) -> Row:
    figure, _ = _figures(documents, row)
    verdict, _ = judge_row(experiment, documents, learning, row)
    cell = row["cell"]
    if not learning.seeds(cell):
        return Row((row["label"], whole(figure), NOTHING, NOTHING, NOTHING, verdict), measured=False)
    crossing = learning.crossing(cell, experiment.parameters["threshold_return"])
    cells = (
        whole(figure),
        censored(crossing.steps.value, crossing.budget),
        censored_interval(crossing.steps, crossing.budget),
        f"{crossing.reached}/{crossing.steps.n}",
        verdict,
    )
    return Row((row["label"], *cells), strong="document" in row)


def _final_row(experiment: Experiment, documents: Documents, learning: Learning, row: dict[str, Any]) -> Row:
    _, figure = _figures(documents, row)
    _, verdict = judge_row(experiment, documents, learning, row)
    cell = row["cell"]
    if not learning.seeds(cell):
        return Row((row["label"], number(figure, 4), NOTHING, NOTHING, "0", NOTHING, verdict), measured=False)
    final = learning.final_return(cell)
    cells = (
        number(figure, 4),
        number(final.value, 4),
        interval(final, 4),
        str(final.n),
        whole(learning.final_episodes(cell)),
        verdict,
    )
    return Row((row["label"], *cells), strong="document" in row)


def composed_seconds(crossing: Crossing, steps_per_second: float) -> str:
    """Median seconds to the threshold: steps of the curve by the measured rate of the mode."""
    limit = crossing.budget / steps_per_second
    if math.isinf(crossing.steps.value):
        return f"> {seconds(limit)}"
    return seconds(crossing.steps.value / steps_per_second)


def _composed_row(experiment: Experiment, records: RecordSet, row: dict[str, Any]) -> Row:
    learning = Learning(records)
    if not learning.seeds(row["cell"]):
        return Row((row["label"], NOTHING, *["not run"] * len(REGIMES)), measured=False)
    crossing = learning.crossing(row["cell"], experiment.parameters["threshold_return"])
    cells = []
    for regime in REGIMES:
        timing, cell = Timing(records, regime), row["rounds"][regime]
        if not timing.launches(cell):
            cells.append("not run")  # why stands in the speed table
            continue
        mark = " (oversubscribed)" if timing.oversubscribed(cell) else ""
        cells.append(composed_seconds(crossing, timing.mean(cell, rate)) + mark)
    return Row((row["label"], f"{crossing.reached}/{crossing.steps.n}", *cells))


def direct_table(records: RecordSet) -> Table | None:
    """Seconds of whole trainings that paid the step cost, against the composed ones. None where none were run."""
    rows = []
    for name, launches in records.runs.items():
        if not name.startswith("direct."):
            continue
        timing, cell = Timing(records, "wait"), name.removeprefix("direct.")
        if not timing.launches(cell):
            continue
        direct = float(np.mean([round_seconds(record) * len(record["seconds"]["rounds"]) for record in launches.values()]))
        steps = float(np.mean([record["counts"]["environment_steps"] for record in launches.values()]))
        composed = steps / timing.mean(cell, rate)
        rows.append(
            Row((cell, whole(steps), seconds(composed), seconds(direct), number(direct / composed), str(len(launches))))
        )
    columns = ("configuration", "steps", "composed", "measured directly", "ratio", "n")
    title = "Composed seconds checked directly, wait"
    return Table("D4.convergence", title, columns, tuple(rows), frozenset(range(1, 6))) if rows else None


def convergence_tables(experiment: Experiment, documents: Documents, records: RecordSet) -> list[Table]:
    learning = Learning(records)
    definitions = experiment.parameters["rows"]
    threshold = number(experiment.parameters["threshold_return"])
    title = documents.tables[experiment.id]["title"]
    steps = tuple(_steps_row(experiment, documents, learning, row) for row in definitions)
    final = tuple(_final_row(experiment, documents, learning, row) for row in definitions)
    composed = tuple(_composed_row(experiment, records, row) for row in definitions if "rounds" in row)
    tables = [
        Table(
            experiment.id,
            f"{title}: steps until an evaluation reaches {threshold}, median over seeds",
            ("configuration", "doc. steps", "steps", "95 % interval", "reached", "verdict"),
            steps,
            frozenset(range(1, 5)),
        ),
        Table(
            experiment.id,
            f"{title}: mean return of the final policy, interquartile mean over seeds",
            ("configuration", "doc. return", "return", "95 % interval", "n", "episodes", "verdict"),
            final,
            frozenset(range(1, 6)),
        ),
        Table(
            experiment.id,
            f"Seconds to {threshold}, composed of the median steps and the measured steps/s",
            ("configuration", "reached", *(f"{REGIME_NAMES[regime]} (composed)" for regime in REGIMES)),
            composed,
            frozenset(range(1, 2 + len(REGIMES))),
        ),
    ]
    direct = direct_table(records)
    return [*tables, direct] if direct else tables
