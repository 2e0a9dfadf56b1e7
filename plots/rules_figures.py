"""Figures of the learning rules: first passage by rule, learning curves on CartPole-v1, V-trace at enforced lags."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from experiments.definitions import Experiment
from plots.blocks import Figure
from plots.drawing import BLUE, GREEN, GREY, PURPLE, SKY, VERMILION, style, svg_bytes
from plots.formats import number
from plots.learning import Curve, steps_to
from plots.records import RecordSet
from plots.rules import Rules, final_return, mean_over_run, seconds_taken, seconds_to, steps_taken
from plots.statistics import Estimate, bootstrap, interquartile_mean, mean, median

_POINTS = 40
_PANELS_ACROSS = 4
_FAINT = "#59636e"


def _seeds_dots(axes: Axes, values: list[float], budget: float, height: float, colour: str) -> None:
    """Seeds as dots beside their median; those that never got there are hollow triangles at the budget."""
    there = [value for value in values if math.isfinite(value)]
    axes.plot(there, [height - 0.22] * len(there), "o", color=colour, markersize=3.2, alpha=0.55, linewidth=0)
    never = len(values) - len(there)
    if never:
        axes.plot([budget], [height - 0.22], ">", color=colour, markerfacecolor="none", markersize=5)
        axes.annotate(f"{never} never", (budget, height - 0.22), xytext=(6, 0), textcoords="offset points", va="center",
                      fontsize=8, color=_FAINT)  # fmt: skip


def _median(axes: Axes, values: list[float], budget: float, height: float, colour: str) -> None:
    estimate = bootstrap([values], median)
    if not math.isnan(estimate.low):
        ends = [bound if math.isfinite(bound) else budget for bound in (estimate.low, estimate.high)]
        axes.plot(ends, [height, height], color=colour, linewidth=2)
    if math.isfinite(estimate.value):
        axes.plot([estimate.value], [height], "D", color=colour, markersize=5.5)


def passage_figure(experiment: Experiment, records: RecordSet) -> Figure | None:
    rules = Rules(records)
    rows = [row for row in experiment.parameters["rows"] if rules.seeds(row["cell"])]
    if not rows:
        return None
    name = "rules-passage"
    with style(name):
        drawing, panels = plt.subplots(1, 2, figsize=(9.2, 0.5 * len(rows) + 1.3), sharey=True, gridspec_kw={"wspace": 0.08})
        labels = []
        for at, row in enumerate(rows):
            height, colour = float(len(rows) - at), BLUE if row["task"] == "CartPole-v1" else GREY
            for axes, to, taken in zip(panels, (steps_to, seconds_to), (steps_taken, seconds_taken), strict=True):
                runs = rules.seeds(row["cell"])
                values, budget = [to(run, row["threshold_return"]) for run in runs], min(taken(run) for run in runs)
                _median(axes, values, budget, height, colour)
                _seeds_dots(axes, values, budget, height, colour)
            labels.append(f"{row['label']}\n{row['task']}, {number(row['threshold_return'])}")
        for axes, title in zip(panels, ("environment steps", "training seconds"), strict=True):
            axes.set_xscale("log")
            axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
            axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
            axes.xaxis.set_minor_formatter(NullFormatter())
            axes.tick_params(axis="x", labelsize=8.5)
            axes.set_title(title)
            axes.grid(axis="y", visible=False)
        panels[0].set_yticks([float(len(rows) - at) for at in range(len(rows))], labels, fontsize=8.2)
        panels[0].set_ylim(0.4, len(rows) + 0.5)
        seeds = max(len(rules.seeds(row["cell"])) for row in rows)
        return Figure(
            name,
            svg_bytes(drawing),
            f"Until an evaluation of 100 episodes first reaches the threshold: median over seeds (diamond) with its 95 % "
            f"interval, and each of at most {seeds} seeds (dots). Seconds are of collecting and learning.",
            "Steps and seconds to the threshold by learning rule, with intervals, on logarithmic axes.",
        )


def _band(axes: Axes, curve: Curve, colour: str) -> None:
    axes.plot(curve.steps, curve.value, color=colour)
    if not np.isnan(curve.low).any():
        axes.fill_between(curve.steps, curve.low, curve.high, color=colour, alpha=0.14, linewidth=0)


def curves_figure(experiment: Experiment, records: RecordSet, axis: str) -> Figure | None:
    """A panel a rule, the others' means faint behind it. `axis`: 'steps' or 'seconds'."""
    rules = Rules(records)
    rows = [row for row in experiment.parameters["rows"] if "curve" in row and rules.seeds(row["cell"])]
    if not rows:
        return None
    name, curves = f"rules-curves-over-{axis}", [rules.curve(row["cell"], axis, _POINTS) for row in rows]
    unit = "environment steps" if axis == "steps" else "training seconds"
    across = min(_PANELS_ACROSS, len(rows))
    down = -(-len(rows) // across)
    with style(name):
        drawing, grid = plt.subplots(
            down, across, figsize=(2.5 * across, 2.05 * down + 0.3), sharex=True, sharey=True, squeeze=False,
            gridspec_kw={"wspace": 0.08, "hspace": 0.28},
        )  # fmt: skip
        panels = list(grid.flat)
        for axes, row, own in zip(panels, rows, curves, strict=False):
            for curve in curves:
                if curve is not own:
                    axes.plot(curve.steps, curve.value, color="#d5dade", linewidth=1)
            _band(axes, own, BLUE)
            axes.axhline(row["threshold_return"], color=GREY, linewidth=1, linestyle=(0, (4, 3)))
            axes.set_xscale("log")
            axes.set_ylim(0, 520)
            axes.set_title(row["curve"])
        for at, axes in enumerate(panels):
            axes.set_visible(at < len(rows))
            axes.tick_params(labelbottom=at + across >= len(rows))
        drawing.supxlabel(f"{unit} (logarithmic)", fontsize=10, y=0.01 if down > 1 else -0.06)
        drawing.supylabel("mean return of an evaluation", fontsize=10, x=0.06)
        return Figure(
            name,
            svg_bytes(drawing),
            f"Learning curves on CartPole-v1 over {unit}: interquartile mean over seeds with its 95 % band, the other rules "
            "in grey, 475 dashed. A line ends where the shortest of its seeds ends.",
            f"Return of evaluations over {unit}, a panel for each learning rule.",
        )


def _over_lags(axes: Axes, lags: list[int], estimates: list[Estimate], colour: str) -> None:
    places = range(len(lags))
    axes.plot(places, [estimate.value for estimate in estimates], "o-", color=colour)
    low, high = [estimate.low for estimate in estimates], [estimate.high for estimate in estimates]
    if not np.isnan(low).any():
        axes.fill_between(places, low, high, color=colour, alpha=0.16, linewidth=0)


def _measured_lags(axes: Axes, cells: list[dict[str, Any]], rules: Rules) -> None:
    shown = [entry for entry in cells if rules.seeds(entry["cell"])]
    width = 0.8 / max(1, len(shown))
    for at, (entry, colour) in enumerate(zip(shown, (GREEN, PURPLE, SKY, GREY), strict=False)):
        measured = rules.staleness(entry["cell"])
        places = np.array(measured.lags) + (at - (len(shown) - 1) / 2) * width
        axes.bar(places, [100 * share for share in measured.shares], width, color=colour, label=entry["label"])
    longest = max((rules.staleness(entry["cell"]).quantile(0.99) for entry in shown), default=1)
    axes.set_xlim(-0.6, longest + 1.6)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("lag (versions)")
    axes.set_ylabel("share of segments (%)")
    axes.set_title("free-running, measured")
    axes.set_ylim(0, 120)  # room for the legend above the bars
    axes.set_yticks(range(0, 101, 20))
    axes.legend(fontsize=8.5, loc="upper left")


def lag_figure(experiment: Experiment, records: RecordSet) -> Figure | None:
    rules, parameters = Rules(records), experiment.parameters
    forms = (("corrected", "with ratios", BLUE), ("uncorrected", "all ratios 1", VERMILION))
    lags = [lag for lag in parameters["lags"] if all(rules.seeds(f"{parameters[form]}-{lag}") for form, _, _ in forms)]
    if not lags:
        return None
    name = "rules-lag"
    with style(name):
        drawing, panels = plt.subplots(1, 3, figsize=(10.6, 3.7), gridspec_kw={"wspace": 0.3, "width_ratios": [1, 1, 0.9]})
        titles = ("return over the run", "final return")
        for axes, quantity, statistic, title in zip(
            panels[:2], (mean_over_run, final_return), (mean, interquartile_mean), titles, strict=True
        ):
            for form, label, colour in forms:
                values = [rules.values(f"{parameters[form]}-{lag}", quantity) for lag in lags]
                _over_lags(axes, lags, [bootstrap([own], statistic) for own in values], colour)
                axes.plot([], [], "o-", color=colour, label=label)
            axes.set_xticks(range(len(lags)), [str(lag) for lag in lags])
            axes.set_xlabel("enforced lag (rounds)")
            axes.set_ylim(0, 520)
            axes.set_title(title)
        panels[0].set_ylabel("mean return")
        panels[0].legend(fontsize=8.5, loc="lower left")
        _measured_lags(panels[2], parameters["measured"], rules)
        seeds = len(rules.seeds(f"{parameters['corrected']}-{lags[0]}"))
        return Figure(
            name,
            svg_bytes(drawing),
            f"V-trace whose acting parameters are kept behind by a fixed number of rounds, in lock-step, with its importance "
            f"ratios and with all of them 1: over {seeds} seeds, the mean and (final return) the interquartile mean with "
            "95 % bands. On the right, the lags that free-running actors have by themselves.",
            "Return over the enforced lag with and without V-trace's correction, and a histogram of measured lags.",
        )
