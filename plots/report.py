"""The report of a profile, rebuilt from its records alone: report.md, report.html and figures/. `make plots` calls it.

    python -m plots.report --profile smoke|default|full
    python -m plots.report --records DIR --output DIR

The same records give the same bytes. Exit status: 0; 2 for missing, torn or foreign records.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from experiments.definitions import Experiment, load_experiments
from experiments.documents import Documents, load_documents
from experiments.freshness import RecordError
from experiments.study import Study, load_studies
from plots import bits, formats, learning_figures, settings, timing_figures
from plots.audit import audit_blocks
from plots.blocks import Block, Bullets, Details, Figure, Heading, Paragraph, Row, Table
from plots.claims import Judged, judge_claims
from plots.communication_tables import communication_tables, judged_table
from plots.convergence_tables import convergence_tables
from plots.html import render_html
from plots.markdown import FIGURE_FOLDER, render_markdown
from plots.records import RecordSet, load_records
from plots.reinforce_claims import judge_reinforce_claims
from plots.reinforce_section import reinforce_section, reinforce_terminal_tables
from plots.rules_claims import judge_rule_claims
from plots.rules_section import rule_blocks
from plots.rules_tables import narrow_learning_table
from plots.speed_tables import speed_tables
from plots.studies import section_of
from plots.summary import summary_table
from plots.tabular_claims import judge_tabular_claims
from plots.tabular_tables import tabular_tables
from plots.terminal import render_table
from plots.verdicts import Kind, Verdict

ROOT = Path(__file__).resolve().parent.parent
TITLE = "Parallel reinforcement learning: what five documents claim, measured again"


@dataclass(frozen=True)
class Material:
    records: RecordSet
    documents: Documents
    experiments: dict[str, Experiment]
    claims: list[Judged]
    studies: tuple[Study, ...]


def _claim_sentence(claim: Judged) -> str:
    if claim.verdict.kind in (Kind.NOT_RUN, Kind.NOT_JUDGED):
        return f"{claim.id}: **{claim.verdict}**. {claim.text}"
    judged = [e for e in claim.evidence if e.n > 0 and e.verdict.kind is not Kind.NOT_JUDGED]
    deciding = [f"{e.what}: {e.figure}" for e in judged if e.where == claim.decided_by]
    # Where several things decide together, each says what it is of.
    measured = "; ".join(deciding or [f"{e.where}, {e.what}: {e.figure}" for e in judged])
    return f"{claim.id}: **{claim.verdict}** ({claim.decided_by}). {claim.text} Measured: {measured}."


def summary_blocks(material: Material) -> list[Block]:
    records, documents, experiments = material.records, material.documents, material.experiments
    figures = summary_table(experiments, documents, records)
    verdicts = [claim.verdict for claim in material.claims] + [row.cells[-2] for row in figures.rows]
    counts = Counter(verdict.kind.value for verdict in verdicts if isinstance(verdict, Verdict))
    total = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
    target = formats.number(records.calibration["target_steps_per_second"])
    cost = formats.milliseconds(records.calibration["step_cost_seconds"])
    return [
        Heading(1, TITLE),
        Paragraph(
            "The figures and claims of the documents D0 to D4 (`experiments/documents.toml`), measured again here. A figure is "
            "**confirmed** when the 95 % interval lies within 10 % of it, **refuted** when the interval lies wholly outside, "
            "**inconclusive** in between. A claim is judged by a line of its own, which stands with its evidence. Rows with "
            "more workers than usable cores are not judged. Every line was written down before anything was run."
        ),
        Paragraph(
            f"Document D4's environments are slow ({target} steps/s), ours cost nanoseconds. So each of its rows is measured "
            f"three times: **as is**; **busy**, where a step burns {cost} ms of processor time; and **wait**, where it blocks "
            f"as long, as a remote simulator does. With that cost the serial round, learner included, makes {target} steps/s "
            "too."
        ),
        Paragraph(f"Claims and figures together: {total}. {settings.profile_text(records)}"),
        Heading(2, "The documents' claims in a sentence each"),
        Bullets(tuple(_claim_sentence(claim) for claim in material.claims)),
        Heading(2, "The documents' figures"),
        figures,
    ]


def _stated(experiment: Experiment) -> Details:
    items = [f"quantity: {experiment.quantity}", f"line: {experiment.line}", f"setting: {experiment.setting}"]
    if experiment.decides:
        items.append(f"what decides: {experiment.decides}")
    return Details("What was stated before the runs", (Bullets(tuple(items)),))


def _section(experiment: Experiment, title: str, tables: list[Table], figures: list[Figure | None]) -> list[Block]:
    shown = [figure for figure in figures if figure is not None]
    return [Heading(2, f"{experiment.id}: {title}"), _stated(experiment), *tables, *shown]


def table_blocks(material: Material) -> list[Block]:
    records, documents, experiments = material.records, material.documents, material.experiments
    speed, scaling = experiments["D4.speed"], experiments["D4.scaling"]
    convergence, communication = experiments["D4.convergence"], experiments["D4.communication"]
    agreed = Bullets(tuple(bits.sentence(agreement) for agreement in bits.agreements(records)))
    return [
        *_section(speed, "training speed", speed_tables(speed, documents, records), []),
        Paragraph(
            "`W` workers collect; rank 0 collects and learns, except with central inference, where workers only step "
            "environments and rank 0 computes every action. Split gradients: every worker learns from its own environments."
        ),
        *[f for f in [timing_figures.phase_figure(speed, records)] if f],
        *_section(
            convergence,
            "convergence",
            convergence_tables(convergence, documents, records),
            [
                learning_figures.curves_over_steps(convergence, records),
                learning_figures.curves_over_seconds(convergence, records),
            ],
        ),
        Heading(3, "Do all modes learn the same?"),
        agreed,
        *_section(
            scaling,
            "scaling",
            speed_tables(scaling, documents, records),
            [timing_figures.speedup_figure(documents, records)],
        ),
        *_section(
            communication,
            "communication",
            communication_tables(communication, documents, records),
            [timing_figures.communication_figure(communication, documents, records)],
        ),
    ]


def tabular_blocks(material: Material) -> list[Block]:
    tables = tabular_tables(material.records)
    if not tables:
        return []
    text = (
        "Tables whose Q* is known exactly, so that learning is an error. The lines of the claims D0.c3, D1.c1, D1.c2, D1.c3 "
        "and D1.c5 stand with their evidence below."
    )
    return [Heading(2, "Tabular Q-learning (documents D0 and D1)"), Paragraph(text), *tables]


def reinforce_blocks(material: Material) -> list[Block]:
    experiment = material.experiments["D0.reinforce"]
    section = reinforce_section(experiment, material.documents, material.records)
    if not section:
        return []
    return [Heading(2, "D0.reinforce: REINFORCE on CartPole-v1"), _stated(experiment), *section]


def study_blocks(material: Material) -> list[Block]:
    blocks: list[Block] = []
    for study in material.studies:
        section = section_of(study).blocks(study, material.documents, material.records, _stated)
        blocks += [Heading(2, study.title), *section]
    return blocks


def claim_blocks(material: Material) -> list[Block]:
    blocks: list[Block] = [Heading(2, "Claims and their evidence")]
    columns = ("where", "quantity", "measured", "95 % interval", "n", "verdict")
    for claim in material.claims:
        decided = f", decided by: {claim.decided_by}" if claim.decided_by else ""
        blocks += [Heading(3, claim.id), Paragraph(claim.text), Paragraph(f"**{claim.verdict}**{decided}")]
        blocks.append(_stated(material.experiments[claim.id]))
        rows = tuple(
            Row((e.where, e.what, e.measured, e.bounds, str(e.n), e.verdict), measured=e.n > 0) for e in claim.evidence
        )
        if rows:
            blocks.append(Table(claim.id, "Evidence", columns, rows, frozenset({2, 3, 4})))
    return blocks


def closing_blocks(material: Material) -> list[Block]:
    records = material.records
    name = records.profile["name"]
    by_cell = {record.rpartition("-")[0]: why for record, why in records.plan["failures"].items()}
    failures = [f"{run}: {why}" for run, why in sorted(by_cell.items())]
    failed: list[Block] = [Heading(2, "Runs that failed"), Bullets(tuple(failures))] if failures else []
    return [
        Heading(2, "Audit: what document D4's own figures imply"),
        *audit_blocks(material.experiments["D4.audit"], material.documents, records),
        Heading(2, "Settings that document D4 leaves open"),
        *settings.settings_blocks(records),
        Heading(2, "Calibration of the step cost"),
        *settings.calibration_blocks(records),
        *failed,
        Heading(2, "Machine and versions"),
        *settings.machine_blocks(records),
        Heading(2, "How to regenerate"),
        Paragraph(
            f"`make reproduce PROFILE={name}` runs what has no fresh record and writes this report; `make plots "
            f"PROFILE={name}` rebuilds it from the records in `results/{name}/records` alone, byte for byte."
        ),
    ]


def gather(folder: Path) -> Material:
    """Raises RecordError for missing, torn or foreign records."""
    records, documents, experiments = load_records(folder), load_documents(), load_experiments()
    studies = load_studies()
    others = [
        *judge_tabular_claims(experiments, documents, records),
        *judge_reinforce_claims(experiments, documents, records),
        *judge_rule_claims(experiments, documents, records),
        *(claim for study in studies for claim in section_of(study).judge(study, documents, records)),
    ]
    claims = [*judge_claims(experiments, documents, records), *sorted(others, key=lambda claim: claim.id)]
    return Material(records, documents, experiments, claims, studies)


def report_blocks(material: Material) -> list[Block]:
    return [
        *summary_blocks(material),
        *table_blocks(material),
        *reinforce_blocks(material),
        *tabular_blocks(material),
        *rule_blocks(material.experiments, material.records, _stated),
        *study_blocks(material),
        *claim_blocks(material),
        *closing_blocks(material),
    ]


def _write(path: Path, data: bytes) -> None:
    """Writes to a temporary name and renames."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def terminal_text(material: Material) -> str:
    """The tables that are judged and the claims, for a terminal."""
    records, documents, experiments = material.records, material.documents, material.experiments
    tables = [
        *speed_tables(experiments["D4.speed"], documents, records),
        *convergence_tables(experiments["D4.convergence"], documents, records),
        *speed_tables(experiments["D4.scaling"], documents, records),
        judged_table(experiments["D4.communication"], documents, records),
        *reinforce_terminal_tables(experiments["D0.reinforce"], documents, records),
        narrow_learning_table(experiments["rules.learning"], records),
    ]
    claims = Table(
        "claims",
        "Claims of the documents",
        ("claim", "verdict", "decided by", "text"),
        tuple(Row((claim.id, claim.verdict, claim.decided_by, claim.text)) for claim in material.claims),
    )
    return "\n\n".join(render_table(table) for table in [*tables, claims])


def write_report(records: Path, output: Path) -> str:
    """Writes the report of the records in `records` into `output`; returns its tables for a terminal."""
    material = gather(records)
    blocks = report_blocks(material)
    for block in blocks:
        if isinstance(block, Figure):
            _write(output / FIGURE_FOLDER / f"{block.name}.svg", block.svg)
    _write(output / "report.md", render_markdown(blocks).encode())
    _write(output / "report.html", render_html(TITLE, blocks).encode())
    return f"{terminal_text(material)}\n\nreport: {output}/report.html, {output}/report.md"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="plots.report", description=__doc__.splitlines()[0])
    parser.add_argument("--profile", default="default", help="the profile whose records are read (default: default)")
    parser.add_argument("--records", type=Path, help="folder of records (default: results/PROFILE/records)")
    parser.add_argument("--output", type=Path, help="folder of the report (default: results/PROFILE)")
    options = parser.parse_args(arguments)
    folder = ROOT / "results" / options.profile
    try:
        print(write_report(options.records or folder / "records", options.output or folder))
    except RecordError as error:
        print(f"plots.report: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"plots.report: {error.filename or 'writing'}: {error.strerror or error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
