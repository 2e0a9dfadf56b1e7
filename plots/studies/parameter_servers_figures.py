"""Figures of parameter servers: the error over updates and over seconds, by form and by step size."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullFormatter
from numpy.typing import NDArray

from plots.blocks import Figure
from plots.drawing import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION, label_ends, style, svg_bytes
from plots.records import Record
from plots.tabular import Tabular

_FORMS = (
    ("servers-serial", "single learner", BLACK),
    ("servers-average-2", "averaged", BLUE),
    ("servers-merge-2", "merged, rate 1/2", VERMILION),
    ("servers-whole-2", "merged, rate 1", ORANGE),
    ("servers-gradients-2", "gradients", PURPLE),
    ("servers-shared-2", "shared table", GREEN),
)
_SIZES = (
    ("w06", "1/n^0.6", BLUE),
    ("w08", "1/n^0.8", SKY),
    ("w10", "1/n", GREEN),
    ("lingering", "1/n^0.4", PURPLE),
    ("constant", "0.1", ORANGE),
    ("vanishing", "1/n^2", VERMILION),
)


def _transitions(record: Record) -> NDArray[np.float64]:
    return np.array([point["steps"] for point in record["curve"]], dtype=np.float64)


def _changes(record: Record) -> NDArray[np.float64]:
    changes = record["counts"]["merges"] or record["counts"]["updates"]
    return _transitions(record) * float(changes) / float(record["counts"]["environment_steps"])


def _seconds(record: Record) -> NDArray[np.float64]:
    return np.array([point["seconds"] for point in record["curve"]], dtype=np.float64)


def _draw(axes: Axes, runs: list[Record], across: Callable[[Record], NDArray[np.float64]], colour: str) -> tuple[float, float]:
    """Seeds faint, the median of the looks that all have strong. Returns where the line ends."""
    count = min(len(run["curve"]) for run in runs)
    errors = np.array([[p["error"] / run["optimum"]["largest_value"] for p in run["curve"][:count]] for run in runs])
    places = np.median([across(run)[:count] for run in runs], axis=0)
    for run, error in zip(runs, errors, strict=True):
        axes.plot(across(run)[:count], error, color=colour, linewidth=0.6, alpha=0.3)
    middle = np.median(errors, axis=0)
    axes.plot(places, middle, color=colour)
    return float(places[-1]), float(middle[-1])


def _finish(axes: Axes, title: str, label: str) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g} %"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}" if value >= 1 else f"{value:g}"))
    axes.set_title(title)
    axes.set_xlabel(label)


def forms_figure(tabular: Tabular) -> Figure | None:
    forms = [(list(tabular.runs(cell).values()), text, colour) for cell, text, colour in _FORMS if tabular.runs(cell)]
    if not forms:
        return None
    name = "servers-forms"
    with style(name):
        drawing, panels = plt.subplots(1, 3, figsize=(12.2, 3.6), sharey=True, gridspec_kw={"wspace": 0.08})
        axes_of = (
            (_changes, "over changes of the table", "updates, merges or meetings"),
            (_transitions, "over transitions", "transitions of all workers"),
            (_seconds, "over seconds", "seconds"),
        )
        for axes, (across, title, label) in zip(panels, axes_of, strict=True):
            ends = [(*_draw(axes, runs, across, colour), text, colour) for runs, text, colour in forms]
            _finish(axes, title, label)
            if axes is panels[-1]:
                label_ends(axes, [(axes.get_xlim()[1], y, text, colour) for _, y, text, colour in ends], 0.075)
        panels[0].set_ylabel("||Q - Q*|| of the largest |Q*|")
        svg = svg_bytes(drawing)
    return Figure(
        name,
        svg,
        "The error of a random table of 64 pairs, by how 2 workers agree after every update. Strong: median over seeds.",
        "Three panels of the distance to Q* over changes of the table, transitions and seconds, a line for each form.",
    )


def sizes_figure(tabular: Tabular) -> Figure | None:
    forms = (("shared", "one shared table"), ("merge", "merged, rate 1/2"))
    if not any(tabular.runs(f"limits-{form}-{size}") for form, _ in forms for size, _, _ in _SIZES):
        return None
    name = "servers-step-sizes"
    with style(name):
        drawing, panels = plt.subplots(1, 2, figsize=(9.6, 3.6), sharey=True, gridspec_kw={"wspace": 0.24})
        for axes, (form, title) in zip(panels, forms, strict=True):
            ends = []
            for size, text, colour in _SIZES:
                runs = list(tabular.runs(f"limits-{form}-{size}").values())
                if runs:
                    ends.append((*_draw(axes, runs, _transitions, colour), text, colour))
            _finish(axes, title, "updates of all workers")
            label_ends(axes, [(axes.get_xlim()[1], y, text, colour) for _, y, text, colour in ends], 0.075)
        panels[0].set_ylabel("||Q - Q*|| of the largest |Q*|")
        svg = svg_bytes(drawing)
    return Figure(
        name,
        svg,
        "Step sizes that fulfil the conditions (1/n^0.6 to 1/n) and break them (1/n^0.4, 0.1, 1/n^2), 2 workers.",
        "Two panels of the distance to Q* over updates, a line for each step size: a shared table, and merged tables.",
    )
