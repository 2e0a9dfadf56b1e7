"""Speedup, communication share and time by phase."""

from __future__ import annotations

from functools import partial

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from experiments.definitions import REGIME_NAMES, REGIMES, Experiment
from experiments.documents import Documents
from plots.blocks import Figure
from plots.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION, style, svg_bytes
from plots.formats import number
from plots.records import RecordSet
from plots.timing import Timing, phases, round_seconds, share

_WORKERS = (1, 2, 4, 8, 16)
# Label, cells, colour, marker, and how far to the side it is drawn (in doublings), so that equal rows do not hide.
_FAMILIES = (
    ("MPI", "mpi-{}", VERMILION, "o", -0.12),
    ("MPI, split gradients", "mpi-{}-split", PURPLE, "s", -0.04),
    ("processes", "processes-{}", BLUE, "^", 0.04),
    ("threads", "threads-{}", GREEN, "v", 0.12),
)


def _doubling_axis(axes: Axes) -> None:
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_locator(FixedLocator(_WORKERS))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_xlabel("workers W")


def _speedup_line(axes: Axes, timing: Timing, family: tuple[str, str, str, str, float]) -> None:
    label, pattern, colour, marker, aside = family
    points = []
    for workers in _WORKERS:
        cell = pattern.format(workers)
        speedup = timing.rate_ratio(cell, "serial") if timing.launches(cell) else None
        if speedup is not None:
            points.append((workers * 2.0**aside, speedup, timing.oversubscribed(cell)))
    axes.plot([w for w, _, _ in points], [s.value for _, s, _ in points], color=colour, linewidth=1.2, zorder=2)
    for workers, speedup, over in points:
        bars = [[max(0.0, speedup.value - speedup.low)], [max(0.0, speedup.high - speedup.value)]]
        axes.errorbar(
            [workers], [speedup.value], yerr=None if np.isnan(speedup.low) else bars, fmt=marker, color=colour,
            markerfacecolor="white" if over else colour, capsize=3, zorder=3,
        )  # fmt: skip
    axes.plot([], [], color=colour, marker=marker, label=label)


def speedup_figure(documents: Documents, records: RecordSet) -> Figure | None:
    if records.any_record is None:
        return None
    name = "speedup"
    scaling = documents.rows("D4.scaling")
    with style(name):
        drawing, panels = plt.subplots(1, 3, figsize=(9.6, 4.0), sharey=True, gridspec_kw={"wspace": 0.08})
        for axes, regime in zip(panels, REGIMES, strict=True):
            axes.plot(_WORKERS, _WORKERS, color=GREY, linestyle=(0, (4, 3)), linewidth=1.2, label="ideal: W")
            axes.plot([r["workers"] for r in scaling], [r["speedup"] for r in scaling], color=BLACK, marker="x",
                      linestyle=(0, (1, 2)), linewidth=1, label="document")  # fmt: skip
            for family in _FAMILIES:
                _speedup_line(axes, Timing(records, regime), family)
            _doubling_axis(axes)
            axes.set_yscale("log", base=2)
            axes.set_title(REGIME_NAMES[regime])
        ticks = [2.0**power for power in range(-8, 6)]
        panels[0].yaxis.set_major_locator(FixedLocator(ticks))
        panels[0].yaxis.set_minor_locator(NullLocator())
        panels[0].yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        panels[0].set_ylabel("speedup over the serial code")
        handles, labels = panels[2].get_legend_handles_labels()
        drawing.legend(handles, labels, loc="lower center", ncols=3, bbox_to_anchor=(0.5, -0.16), fontsize=9)
        return Figure(
            name,
            svg_bytes(drawing),
            "Speedup over the serial code by number of workers and regime, both axes doubling. Bars: 95 % intervals. Hollow: "
            "more workers than usable cores, which gives no verdict.",
            "Speedup by workers against ideal and against the document, for steps without cost, busy and waiting steps.",
        )


def communication_figure(experiment: Experiment, documents: Documents, records: RecordSet) -> Figure | None:
    if records.any_record is None:
        return None
    name = "communication"
    purposes = (("weights", BLUE, "o", 0), ("trajectories", VERMILION, "s", 1))
    document = documents.rows("D4.communication")
    with style(name):
        drawing, panels = plt.subplots(1, 3, figsize=(9.6, 3.9), sharey=True, gridspec_kw={"wspace": 0.08})
        for axes, regime in zip(panels, REGIMES, strict=True):
            timing = Timing(records, regime)
            for purpose, colour, marker, row in purposes:
                cells = [(w, f"mpi-{w}") for w in _WORKERS[1:] if timing.launches(f"mpi-{w}")]
                shares = [100 * timing.mean(cell, partial(share, purposes=(purpose,))) for _, cell in cells]
                over = [timing.oversubscribed(cell) for _, cell in cells]
                axes.plot([w for w, _ in cells], shares, color=colour, marker=marker, label=f"{purpose}, measured")
                axes.plot([w for (w, _), o in zip(cells, over, strict=True) if o],
                          [s for s, o in zip(shares, over, strict=True) if o],
                          color=colour, marker=marker, markerfacecolor="white", linestyle="none")  # fmt: skip
                axes.axhline(100 * document[row]["share_of_total"], color=colour, linestyle=(0, (4, 3)), linewidth=1.1,
                             label=f"{purpose}, document (W not stated)")  # fmt: skip
            _doubling_axis(axes)
            axes.set_xlim(1.8, 17.8)
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} %"))
            axes.set_title(REGIME_NAMES[regime])
        panels[0].set_ylabel("share of the round")
        handles, labels = panels[0].get_legend_handles_labels()
        drawing.legend(handles, labels, loc="lower center", ncols=2, bbox_to_anchor=(0.5, -0.15), fontsize=9)
        return Figure(
            name,
            svg_bytes(drawing),
            "Share of a round that rank 0 spends transferring weights and trajectories (MPI, central learner), logarithmic. "
            "Waiting for a peer is not part of it. Hollow: more workers than usable cores.",
            "Communication shares by workers and regime, beside the document's two figures.",
        )


_PHASES = (("collect", SKY), ("wait", "#d0d7de"), ("transfer", VERMILION), ("learn", ORANGE))


def _phase_bars(axes: Axes, timing: Timing, rows: list[tuple[str, str]]) -> None:
    for position, (_, cell) in enumerate(rows):
        parts = [phases(record) for record in timing.launches(cell).values()]
        total = float(np.mean([part.total for part in parts]))
        left = 0.0
        for phase, colour in _PHASES:
            width = 100 * float(np.mean([getattr(part, phase) for part in parts])) / total
            axes.barh(position, width, left=left, color=colour, height=0.72)
            left += width
        seconds = timing.mean(cell, round_seconds)
        text = f"{number(1e3 * seconds)} ms" if seconds < 1 else f"{number(seconds)} s"
        axes.annotate(text, (100, position), xytext=(4, 0), textcoords="offset points", va="center", fontsize=8)
    axes.set_yticks(range(len(rows)), [f"{label}, W = {timing.workers(cell)}" for label, cell in rows], fontsize=8.5)
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    axes.grid(False)
    axes.spines["left"].set_visible(False)
    axes.tick_params(left=False)


def phase_figure(experiment: Experiment, records: RecordSet) -> Figure | None:
    timings = [Timing(records, regime) for regime in REGIMES]
    by_regime = []
    for timing in timings:
        rows = [(row.label.partition(":")[0], row.cell) for row in experiment.rows if timing.regime in row.regimes]
        by_regime.append([(label, cell) for label, cell in rows if timing.exists(cell) and timing.launches(cell)])
    if not any(by_regime):
        return None
    name = "phases"
    heights = [max(1, len(rows)) for rows in by_regime]
    with style(name):
        drawing, panels = plt.subplots(
            3, 1, figsize=(7.6, 0.26 * sum(heights) + 2.0), gridspec_kw={"height_ratios": heights, "hspace": 0.22}
        )
        for axes, timing, rows in zip(panels, timings, by_regime, strict=True):
            _phase_bars(axes, timing, rows)
            axes.set_title(REGIME_NAMES[timing.regime])
        for axes in panels[:-1]:
            axes.set_xticks([])
        panels[-1].set_xlabel("share of a round on rank 0 (%), its length to the right")
        handles = [Rectangle((0, 0), 1, 1, color=colour) for _, colour in _PHASES]
        names = ["collect", "wait for a peer", "transfer", "learn"]
        drawing.legend(handles, names, loc="upper center", ncols=4, bbox_to_anchor=(0.5, 0.925), fontsize=9)
        return Figure(
            name,
            svg_bytes(drawing),
            "Where a round's time goes on rank 0: acting and stepping (step cost included), waiting for a peer, transfer, "
            "learning.",
            "Stacked bars of collecting, waiting, transferring and learning for every row of the speed table, by regime.",
        )
