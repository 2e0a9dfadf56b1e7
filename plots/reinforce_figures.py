"""REINFORCE: learning curves by the number of environments, and the step cost from which processes pay."""

from __future__ import annotations

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from experiments.definitions import Experiment
from experiments.documents import Documents
from plots.blocks import Figure
from plots.drawing import BLACK, BLUE, GREEN, GREY, PURPLE, SKY, VERMILION, label_ends, style, svg_bytes
from plots.formats import number
from plots.records import RecordSet
from plots.reinforce import Reinforce, busiest_worker_steps, training_returns, training_seconds
from plots.reinforce_tables import time_rows
from plots.statistics import bootstrap, mean

_CURVES = (
    ("learning-n1", "1 environment", BLUE),
    ("learning-n4", "4 environments", GREEN),
    ("learning-n16", "16 environments", VERMILION),
    ("learning-n64", "64 environments", PURPLE),
)


def _document_returns(axes: Axes, documents: Documents) -> None:
    for row in documents.rows("D0.reinforce"):
        axes.axhline(row["mean_return_after_200_epochs"], color=GREY, linewidth=1, linestyle=(0, (4, 3)))
    values = " and ".join(number(row["mean_return_after_200_epochs"]) for row in documents.rows("D0.reinforce"))
    highest = max(row["mean_return_after_200_epochs"] for row in documents.rows("D0.reinforce"))
    axes.annotate(f"the document after 200 epochs: {values}", (0, highest), xycoords=("axes fraction", "data"),
                  xytext=(4, 4), textcoords="offset points", color="#59636e", fontsize=8.5)  # fmt: skip


def curve_figure(documents: Documents, records: RecordSet) -> Figure | None:
    reinforce = Reinforce(records)
    shown = [(cell, label, colour) for cell, label, colour in _CURVES if reinforce.runs(cell)]
    if not shown:
        return None
    name = "reinforce-curves"
    with style(name):
        drawing, axes = plt.subplots(figsize=(8.2, 4.4))
        ends, seeds = [], 0
        for cell, label, colour in shown:
            runs = [training_returns(record) for record in reinforce.runs(cell).values()]
            seeds, length = len(runs), min(map(len, runs))
            epochs = np.arange(1, length + 1)
            points = [bootstrap([[run[i] for run in runs]], mean) for i in range(length)]
            values = np.array([point.value for point in points])
            axes.plot(epochs, values, color=colour, linewidth=1.3)
            low, high = (np.array([getattr(point, bound) for point in points]) for bound in ("low", "high"))
            if not np.isnan(low).any():
                axes.fill_between(epochs, low, high, color=colour, alpha=0.13, linewidth=0)
            ends.append((float(epochs[-1]), float(values[-1]), label, colour))
        _document_returns(axes, documents)
        last = max(end[0] for end in ends)
        axes.set_xlim(1, last)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("epochs of 128 episodes")
        axes.set_ylabel("mean return of the epoch's episodes")
        label_ends(axes, [(last, *end[1:]) for end in ends], 0.055)
        return Figure(
            name,
            svg_bytes(drawing),
            f"REINFORCE with the document's settings: mean over seeds (n = {seeds}) and its 95 % band, by the number of "
            "environments that share an epoch's 128 episodes. With equal environments every mode follows the same curve.",
            "Mean return by epoch for 1, 4, 16 and 64 environments, with the document's two returns as lines.",
        )


def _speedups(reinforce: Reinforce, serial: str, pool: str, costs: NDArray[np.float64]) -> NDArray[np.float64]:
    """(A_1 + T N) / (A_W + T sum of the busiest workers' steps): totals as is, and a step that costs T."""

    def seconds(cell: str) -> NDArray[np.float64]:
        runs = list(reinforce.runs(cell).values())
        as_is = float(np.mean([training_seconds(record) for record in runs]))
        return as_is + costs * float(np.mean([busiest_worker_steps(record).sum() for record in runs]))

    return np.asarray(seconds(serial) / seconds(pool))


_POOLS = (
    ("processes-4", "serial", "4 processes, sampling", VERMILION, "o"),
    ("processes-4-split", "serial", "4 processes, sampling and gradients", PURPLE, "s"),
    ("processes-2", "serial-s2", "2 processes, sampling", BLUE, "^"),
    ("processes-2-split", "serial-s2", "2 processes, sampling and gradients", SKY, "v"),
)


def _python_line(axes: Axes, experiment: Experiment, costs: NDArray[np.float64]) -> None:
    """The same of the document's own program, from its steps/s."""
    figures = experiment.parameters["python"]
    values = (1 / figures["serial"] + costs) / (1 / figures["pool"] + costs / figures["workers"])
    label = f"Python program, pool of {figures['workers']} (measured elsewhere)"
    axes.plot(1e6 * costs, values, color=GREY, linewidth=1.2, linestyle=(0, (1, 1.5)), label=label)


def _microseconds(value: float, _: int) -> str:
    return "0" if value == 0 else number(value, 1) if value < 1000 else f"{number(value / 1000, 1)} ms"


def pool_figure(experiment: Experiment, documents: Documents, records: RecordSet) -> Figure | None:
    reinforce = Reinforce(records)
    shown = [pool for pool in _POOLS if reinforce.runs(f"as_is-{pool[0]}") and reinforce.runs(f"as_is-{pool[1]}")]
    if not shown:
        return None
    name = "reinforce-pool"
    costs = np.concatenate([[0.0], np.geomspace(1e-8, 2e-3, 200)])
    at = {"as_is": 0.0, "busy": 1e6 * reinforce.cost_seconds, "wait": 1e6 * reinforce.cost_seconds}
    measured = [row for row in time_rows(experiment, documents, records) if row.speedup is not None]
    with style(name):
        drawing, axes = plt.subplots(figsize=(8.2, 4.4))
        for cell, serial, label, colour, marker in shown:
            values = _speedups(reinforce, f"as_is-{serial}", f"as_is-{cell}", costs)
            axes.plot(1e6 * costs, values, color=colour, linewidth=1.4)
            for row in [row for row in measured if row.definition["cell"] == cell and row.speedup]:
                over = reinforce.oversubscribed(f"{row.regime}-{cell}")
                bars = [[max(0.0, row.speedup.value - row.speedup.low)], [max(0.0, row.speedup.high - row.speedup.value)]]
                axes.errorbar([at[row.regime]], [row.speedup.value], yerr=None if np.isnan(row.speedup.low) else bars,
                              fmt=marker, color=colour, markerfacecolor="white" if over else colour, capsize=3,
                              zorder=3, clip_on=False)  # fmt: skip
            axes.plot([], [], color=colour, marker=marker, label=label)
        axes.axhline(1.0, color=BLACK, linewidth=0.9)
        axes.axvline(at["wait"], color=GREY, linewidth=1, linestyle=(0, (4, 3)))
        axes.annotate("T of the document's 30 minutes", (at["wait"], 0.02), xycoords=("data", "axes fraction"),
                      xytext=(-4, 0), textcoords="offset points", ha="right", color="#59636e", fontsize=8.5)  # fmt: skip
        _python_line(axes, experiment, costs)
        axes.set_xscale("symlog", linthresh=0.01, linscale=0.5)
        axes.xaxis.set_major_formatter(FuncFormatter(_microseconds))
        axes.set_xlim(0, 2e3)
        axes.set_ylim(0, 4.2)
        axes.set_xlabel("cost of a step, T (µs, logarithmic; 0 on the left)")
        axes.set_ylabel("speedup over the serial code")
        drawing.legend(loc="lower center", ncols=2, bbox_to_anchor=(0.5, -0.16), fontsize=9)
        return Figure(
            name,
            svg_bytes(drawing),
            "Where processes begin to pay: speedup of the whole training if a step waits for T, composed of the seconds as is "
            "and the steps of the busiest worker; dotted, the same of the document's program in Python. Points are measured "
            "regimes with 95 % intervals, hollow ones with more workers than usable cores.",
            "Speedup of 2 and 4 processes over the cost of a step, with the measured regimes as points.",
        )
