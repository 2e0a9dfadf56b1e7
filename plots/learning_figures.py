"""Learning curves over steps and over seconds."""

from __future__ import annotations

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from experiments.definitions import REGIME_NAMES, Experiment
from plots.blocks import Figure
from plots.drawing import BLUE, GREEN, GREY, ORANGE, VERMILION, label_ends, style, svg_bytes
from plots.learning import Curve, Learning
from plots.records import RecordSet
from plots.timing import Timing, rate

_CURVES = (
    ("learning.d4-n1", "d4, 1 environment", BLUE),
    ("learning.d4-n4", "d4, 4 environments", ORANGE),
    ("learning.d4-n16", "d4, 16 environments", VERMILION),
    ("learning.tuned-n16", "tuned, 16 environments", GREEN),
)
_COLOURS = (BLUE, ORANGE, VERMILION)


def _draw(axes: Axes, x: np.ndarray, curve: Curve, colour: str) -> None:
    axes.plot(x, curve.value, color=colour)
    if not np.isnan(curve.low).any():
        axes.fill_between(x, curve.low, curve.high, color=colour, alpha=0.18, linewidth=0)


def _threshold(axes: Axes, value: float, text: str) -> None:
    axes.axhline(value, color=GREY, linewidth=1, linestyle=(0, (4, 3)))
    axes.annotate(text, (0, value), xycoords=("axes fraction", "data"), xytext=(4, 3), textcoords="offset points",
                  color="#59636e", fontsize=8.5)  # fmt: skip


def curves_over_steps(experiment: Experiment, records: RecordSet) -> Figure | None:
    learning = Learning(records)
    curves = [(learning.curve(cell), label, colour) for cell, label, colour in _CURVES]
    shown = [(curve, label, colour) for curve, label, colour in curves if curve is not None and len(curve.steps)]
    if not shown:
        return None
    name = "learning-over-steps"
    with style(name):
        drawing, axes = plt.subplots(figsize=(8.2, 4.4))
        ends = []
        for curve, label, colour in shown:
            _draw(axes, curve.steps / 1e3, curve, colour)
            ends.append((curve.steps[-1] / 1e3, curve.value[-1], label, colour))
        threshold = experiment.parameters["threshold_return"]
        _threshold(axes, threshold, "")
        axes.set_xlabel("environment steps (thousands)")
        axes.set_ylabel("mean return of an evaluation")
        last = max(end[0] for end in ends)
        axes.set_xlim(0, last)
        label_ends(axes, [*((last, *end[1:]) for end in ends), (last, threshold, "threshold −200", "#59636e")], 0.055)
        seeds = len(learning.seeds("learning.d4-n1"))
        return Figure(
            name,
            svg_bytes(drawing),
            f"Learning curves: interquartile mean over seeds (n = {seeds}) with its 95 % band, mean action. All collection "
            "modes with the same number of environments follow the same curve.",
            "Return of evaluations over environment steps for 1, 4 and 16 environments and for the tuned preset.",
        )


def curves_over_seconds(experiment: Experiment, records: RecordSet) -> Figure | None:
    learning = Learning(records)
    rows = [row for row in experiment.parameters["rows"] if "document" in row]
    regimes = ("as_is", "wait")
    if not any(learning.seeds(row["cell"]) for row in rows):
        return None
    name = "learning-over-seconds"
    with style(name):
        drawing, panels = plt.subplots(1, 2, figsize=(8.6, 3.7), sharey=True, gridspec_kw={"wspace": 0.1})
        for axes, regime in zip(panels, regimes, strict=True):
            timing = Timing(records, regime)
            longest = 0.0
            for row, colour in zip(rows, _COLOURS, strict=True):
                curve, cell = learning.curve(row["cell"]), row["rounds"][regime]
                if curve is None or not timing.launches(cell):
                    continue
                seconds = curve.steps / timing.mean(cell, rate)
                longest = max(longest, seconds[-1])
                _draw(axes, seconds, curve, colour)
                axes.plot([], [], color=colour, label=row["label"])
            _threshold(axes, experiment.parameters["threshold_return"], "threshold −200" if axes is panels[0] else "")
            axes.set_title(REGIME_NAMES[regime])
            axes.set_xlabel("seconds (composed)")
            axes.set_xlim(0, longest if longest > 0 else 1)
        panels[0].set_ylabel("mean return of an evaluation")
        panels[1].legend(loc="lower right", fontsize=8.5)
        return Figure(
            name,
            svg_bytes(drawing),
            "The same curves over seconds, composed of the steps and the measured steps per second of each mode: as is, the "
            "learner sets the pace; with a step cost, workers do.",
            "Return of evaluations over composed seconds, as is and with waiting steps, by collection mode.",
        )
