"""Figures of gossip: disagreement by meeting without learning, and return and disagreement over bytes."""

from __future__ import annotations

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from numpy.typing import NDArray

from experiments.definitions import Experiment
from plots.blocks import Figure
from plots.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION, style, svg_bytes
from plots.studies.gossip_mixing import LABELS, disagreements, expected_squared_factor, second_eigenvalue
from plots.studies.gossip_traffic import GOSSIPS, Traffic
from plots.records import Record
from plots.rules import Rules, evaluated
from plots.statistics import bootstrap, interquartile_mean

_COLOURS = {
    "ring": BLUE, "hypercube": SKY, "exponential": GREEN, "one-peer": VERMILION, "random-pairs": ORANGE, "random-peer": PURPLE,
}  # fmt: skip
_LOWEST = 1e-10
_MEETINGS_SHOWN = 30
# Rows of the claim that the figure has, by the end of their cells' names.
_LINES = {"server": BLACK, "all-reduce": GREY, **_COLOURS, "free-pairs": ORANGE}


def _expected_line(relative: NDArray[np.float64], graph: str, members: int) -> NDArray[np.float64] | None:
    """With the slope that theory gives: of drawn pairs from the start, of a fixed graph through the last point shown."""
    meetings = np.arange(len(relative), dtype=float)
    if graph == "random-pairs":
        return np.asarray(np.sqrt(expected_squared_factor(members)) ** meetings)
    modulus = second_eigenvalue(graph, members)
    last = int(np.flatnonzero(relative > _LOWEST)[-1])
    return None if modulus is None else np.asarray(relative[last] * modulus ** (meetings - last))


def _mixing_panel(axes: Axes, records: list[Record], members: int) -> None:
    for graph, colour in _COLOURS.items():
        seeds = np.array([disagreements(record, graph, members) for record in records])
        relative = np.sqrt(((seeds / seeds[:, :1]) ** 2).mean(axis=0))[: _MEETINGS_SHOWN + 1]
        axes.plot(np.arange(len(relative)), np.maximum(relative, _LOWEST / 10), color=colour, label=LABELS[graph])
        if (line := _expected_line(relative, graph, members)) is not None:
            axes.plot(np.arange(len(line)), line, color=colour, linewidth=1, linestyle=(0, (2, 2)))
    axes.set_yscale("log")
    axes.set_ylim(_LOWEST, 3)
    axes.set_xlim(0, _MEETINGS_SHOWN)
    axes.set_title(f"{members} members")
    axes.set_xlabel("meetings")


def mixing_figure(experiment: Experiment, rules: Rules) -> Figure | None:
    records = rules.seeds(experiment.parameters["cell"])
    if not records:
        return None
    name, sizes = "gossip-mixing", experiment.parameters["members"]
    with style(name):
        drawing, panels = plt.subplots(1, len(sizes), figsize=(10.4, 3.7), sharey=True, gridspec_kw={"wspace": 0.1})
        for axes, members in zip(panels, sizes, strict=True):
            _mixing_panel(axes, records, members)
        panels[0].set_ylabel("disagreement over the first")
        handles, labels = panels[0].get_legend_handles_labels()
        drawing.legend(handles, labels, loc="lower center", ncols=3, bbox_to_anchor=(0.5, -0.17), fontsize=9)
        return Figure(
            name,
            svg_bytes(drawing),
            f"Gossip without learning, root mean squares over {len(records)} seeds. Dotted: the slope of the second eigenvalue, "
            "through the last point; of random pairs the expectation, from the first. One-peer exponential graphs are exact after "
            "log2(n) meetings; 4 members after two different pairings, too. With 4 members ring, hypercube and static "
            "exponential graph have the same eigenvalue, 1/3, and lie on each other.",
            "Disagreement of members by number of meetings, a panel for 4, 8 and 16 members, a line for each graph.",
        )


def _over_bytes(records: list[Record], messages: str, quantity: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Megabytes, and the quantity's interquartile mean over seeds, at each evaluation that all seeds have."""
    runs = []
    for record in records:
        traffic = Traffic(record, messages)
        runs.append([(traffic.at(float(p["steps"])) / 1e6, float(p[quantity])) for p in evaluated(record) if quantity in p])
    shortest = min(len(run) for run in runs)
    points = np.array([run[:shortest] for run in runs])
    values = [bootstrap([column], interquartile_mean).value for column in points[:, :, 1].T]
    return points[:, :, 0].mean(axis=0), np.array(values)


def bytes_figure(claim: Experiment, rules: Rules) -> Figure | None:
    rows = [row for row in claim.parameters["rows"] if rules.seeds(row["cell"])]
    shown = [(row, _LINES[end]) for row in rows if (end := row["cell"].partition("-")[2]) in _LINES]
    if not shown:
        return None
    name = "gossip-bytes"
    with style(name):
        drawing, panels = plt.subplots(1, 2, figsize=(10.4, 3.9), gridspec_kw={"wspace": 0.24})
        for axes, quantity, title in zip(
            panels, ("evaluation_return", "disagreement"), ("return", "disagreement of the copies"), strict=True
        ):
            for row, colour in shown:
                if quantity == "disagreement" and row["messages"] not in GOSSIPS:
                    continue
                megabytes, values = _over_bytes(rules.seeds(row["cell"]), row["messages"], quantity)
                dashes = "--" if row["messages"] == "pairs" else "-"
                axes.plot(megabytes, values, color=colour, linestyle=dashes, label=row["label"])
            axes.set_title(title)
            axes.set_xscale("log")
            axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
            axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
            axes.xaxis.set_minor_formatter(NullFormatter())
            axes.set_xlabel("megabytes sent by all workers (logarithmic)")
        panels[0].set_ylim(0, 520)
        panels[0].set_ylabel("mean return of an evaluation")
        panels[1].set_yscale("log")
        panels[1].set_ylabel("root mean square distance")
        handles, labels = panels[0].get_legend_handles_labels()
        drawing.legend(handles, labels, loc="lower center", ncols=4, bbox_to_anchor=(0.5, -0.17), fontsize=9)
        seeds = max(len(rules.seeds(row["cell"])) for row in rows)
        return Figure(
            name,
            svg_bytes(drawing),
            f"A2C on CartPole-v1 with 4 workers that agree after every update of 80 steps, over what they send, all together: "
            f"interquartile means over {seeds} seeds. A gossip is evaluated at the average of its copies. All runs have "
            "the same number of steps: a shorter line sends less.",
            "Return and disagreement over megabytes, a line for each way to agree.",
        )


def seconds_figure(experiment: Experiment, rules: Rules) -> Figure | None:
    rows = [row for row in experiment.parameters["rows"] if rules.seeds(row["cell"])]
    if not rows:
        return None
    name = "gossip-seconds"
    with style(name):
        drawing, panels = plt.subplots(1, 2, figsize=(10.4, 3.7), gridspec_kw={"wspace": 0.24})
        for row, colour in zip(rows, (ORANGE, BLUE), strict=False):
            for record in rules.seeds(row["cell"]):
                seconds = [point["seconds"] for point in evaluated(record)]
                for axes, quantity in zip(panels, ("evaluation_return", "disagreement"), strict=True):
                    values = [point[quantity] for point in evaluated(record)]
                    axes.plot(seconds, values, color=colour, linewidth=1.2, label=row["label"])
        panels[0].set_ylim(0, 520)
        panels[0].set_ylabel("mean return of an evaluation")
        panels[1].set_yscale("log")
        panels[1].set_ylabel("disagreement of the copies")
        for axes in panels:
            axes.set_xlabel("seconds")
        by_label = dict(zip(*reversed(panels[0].get_legend_handles_labels()), strict=True))
        drawing.legend(by_label.values(), by_label.keys(), loc="lower center", ncols=2, bbox_to_anchor=(0.5, -0.12), fontsize=9)
        return Figure(
            name,
            svg_bytes(drawing),
            "Four workers, one of them four times slower, the same number of steps: a line for each launch. In rounds all wait "
            "for the slow one. Pairs that wait for nobody are done sooner, and carry a copy along whose worker seldom learns. Every "
            "worker lowers its learning rate over its own segments, as many as an even share: at the end of the run the slow "
            "one's is not yet 0, the others' has been for a fifth of theirs.",
            "Return and disagreement over seconds for random pairs in rounds and for pairs that wait for nobody.",
        )
