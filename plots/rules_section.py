"""The report's section on the learning rules of documents D1 and D3."""

from __future__ import annotations

from collections.abc import Callable

from experiments.definitions import Experiment
from plots.blocks import Block, Figure, Heading, Paragraph
from plots.records import RecordSet
from plots.rules_figures import curves_figure, lag_figure, passage_figure
from plots.rules_tables import actors_tables, agents_table, forms_table, lag_table, learning_tables, staleness_table

Stated = Callable[[Experiment], Block]


def _shown(figures: list[Figure | None]) -> list[Block]:
    return [figure for figure in figures if figure is not None]


def rule_blocks(experiments: dict[str, Experiment], records: RecordSet, stated: Stated) -> list[Block]:
    """`stated` renders what an experiment said before its runs."""
    learning, lag = experiments["rules.learning"], experiments["D3.c4"]
    forms, actors, agents = experiments["D3.c3"], experiments["D3.c5"], experiments["D1.c4"]
    return [
        Heading(2, "Learning rules (documents D0, D1 and D3)"),
        Paragraph(
            "Every rule that the documents name, with settings under which it learns. 'reached' counts the seeds that got to "
            "the threshold in an evaluation, 'at the end' those whose final policy is above it in 100 other episodes: some "
            "policies fall again, and a first passage says nothing of that."
        ),
        stated(learning),
        *learning_tables(learning, records),
        *_shown(
            [
                passage_figure(learning, records),
                curves_figure(learning, records, "steps"),
                curves_figure(learning, records, "seconds"),
            ]
        ),
        Heading(3, "D3.c4: V-trace and stale policies"),
        stated(lag),
        lag_table(lag, records),
        staleness_table(lag.parameters["measured"], records),
        *_shown([lag_figure(lag, records)]),
        Heading(3, "D3.c3: A3C beside A2C"),
        stated(forms),
        forms_table(forms, records),
        Heading(3, "D3.c5: Ape-X"),
        stated(actors),
        *actors_tables(actors, records),
        Heading(3, "D1.c4: DQN with 8 agents"),
        stated(agents),
        agents_table(agents, records),
    ]
