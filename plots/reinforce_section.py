"""The section of REINFORCE in the report: what the runs are, tables, figures, and what the tables say in words."""

from __future__ import annotations

from experiments.definitions import Experiment
from experiments.documents import Documents
from plots.blocks import Block, Bullets, Figure, Paragraph, Table
from plots.formats import number, seconds, whole
from plots.records import RecordSet
from plots.reinforce import Reinforce
from plots.reinforce_claims import bits_evidence
from plots.reinforce_figures import curve_figure, pool_figure
from plots.reinforce_tables import break_evens, python_break_even, reinforce_tables
from plots.verdicts import Kind


def _has_records(records: RecordSet) -> bool:
    return bool(records.plan.get("reinforce")) and any(name.startswith("reinforce.") for name in records.runs)


def _calibration_text(records: RecordSet) -> str:
    found = Reinforce(records).calibration
    minutes = found["target_seconds"] / 60
    return (
        f"As is, the whole serial training of {found['epochs']} epochs and {whole(found['steps'])} steps takes "
        f"{seconds(found['seconds_without_cost'])}, where the document's takes {number(minutes, 2)} minutes. So `busy` and "
        f"`wait` charge T = ({whole(found['target_seconds'])} s − that) / {whole(found['steps'])} = "
        f"{number(1e6 * found['step_cost_seconds'], 4)} µs a step. Totals with a step cost are **composed**: five epochs and "
        "a held-out one pay it, all others run as is; the column `held-out` says how far off the held-out epoch was "
        "predicted."
    )


def _bits_text(records: RecordSet) -> str:
    found = bits_evidence(records)
    same = found.verdict.kind is Kind.CONFIRMED
    end = "end with the same parameters, bit for bit" if same else "**end with different parameters**"
    return f"Same environments, same learning: {found.n} timed trainings, serial and in processes, {end}."


def _break_even_texts(experiment: Experiment, records: RecordSet) -> list[str]:
    texts = []
    for found in break_evens(experiment, records):
        cost = found.cost_seconds.scaled(1e6)
        cell = f"as_is-{found.row['cell']}"
        over = " (oversubscribed)" if Reinforce(records).oversubscribed(cell) else ""
        workers = Reinforce(records).definition(cell)["workers"]
        what = f"{workers} {found.row['label']}{over}: faster than the serial code"
        if cost.value > 0:
            texts.append(f"{what} once a step waits for {number(cost.value, 2)} µs or more")
        elif cost.high > 0:
            texts.append(f"{what} whatever a step costs, by the mean; the interval reaches to {number(cost.high, 2)} µs")
        else:
            texts.append(f"{what} whatever a step costs")
    figures = experiment.parameters["python"]
    texts.append(
        f"the document's program in Python (measured elsewhere, on 2 cores: {whole(figures['serial'])} steps/s serial, "
        f"{whole(figures['pool'])} with a pool of {figures['workers']}): by the same equation a pool pays once a step waits "
        f"for {number(1e6 * python_break_even(experiment), 2)} µs or more"
    )
    return texts


def reinforce_section(experiment: Experiment, documents: Documents, records: RecordSet) -> list[Block]:
    """Empty where no such run was made."""
    if not _has_records(records):
        return []
    returns, minutes, speedups, pays = reinforce_tables(experiment, documents, records)
    figures: list[Figure | None] = [curve_figure(documents, records), pool_figure(experiment, documents, records)]
    curves, pool = ([figure] if figure else [] for figure in figures)
    return [
        Paragraph(_calibration_text(records)),
        returns,
        *curves,
        Paragraph(_bits_text(records)),
        minutes,
        speedups,
        pays,
        Bullets(tuple(_break_even_texts(experiment, records))),
        *pool,
    ]


def reinforce_terminal_tables(experiment: Experiment, documents: Documents, records: RecordSet) -> list[Table]:
    return [] if not _has_records(records) else reinforce_tables(experiment, documents, records)[:3]
