"""Figures of the schedules: phases of a round in lock-step and pipelined, and speed under what slows workers."""

from __future__ import annotations

import math

import numpy as np
from matplotlib import pyplot as plt

from experiments.definitions import Experiment
from plots.blocks import Figure
from plots.drawing import BLUE, GREEN, GREY, ORANGE, SKY, VERMILION, style, svg_bytes
from plots.rules import Rules, steps_per_second

_COLOURS = (VERMILION, GREEN, SKY, ORANGE, BLUE)


def _mean_milliseconds(rules: Rules, cell: str, phase: str) -> float:
    return 1e3 * float(np.mean([one[phase] for record in rules.seeds(cell) for one in record["seconds"]["rounds"]]))


def phases_figure(experiment: Experiment, rules: Rules) -> Figure | None:
    """Two bars a row: lock-step's phases one after another, and the pipelined round with what overlaps in it."""
    rows = [row for row in experiment.parameters["rows"]
            if all(rules.seeds(f"{row['cells']}-{form}") for form in ("lock-step", "pipelined"))]  # fmt: skip
    if not rows:
        return None
    name = "schedules-phases"
    with style(name):
        drawing, axes = plt.subplots(figsize=(8.6, 0.85 * len(rows) + 1.1))
        for at, row in enumerate(rows):
            top = len(rows) - at
            lock_step, pipelined = (f"{row['cells']}-{form}" for form in ("lock-step", "pipelined"))
            collect, learn = (_mean_milliseconds(rules, lock_step, phase) for phase in ("collect", "learn"))
            axes.barh(top + 0.19, collect, 0.3, color=SKY)
            axes.barh(top + 0.19, learn, 0.3, left=collect, color=ORANGE)
            wait, own, overlap = (_mean_milliseconds(rules, pipelined, phase) for phase in ("collect", "learn", "overlap"))
            axes.barh(top - 0.19, wait, 0.3, color=SKY)
            axes.barh(top - 0.11, own, 0.14, left=wait, color=ORANGE)
            axes.barh(top - 0.27, overlap, 0.14, left=wait, color=SKY)
            axes.plot([max(collect, learn)] * 2, [top - 0.4, top + 0.4], color="black", linewidth=1.2)
        axes.set_yticks([len(rows) - at for at in range(len(rows))], [row["label"] for row in rows])
        axes.grid(axis="y", visible=False)
        axes.set_xlabel("milliseconds of a round")
        axes.barh([0], [0], color=SKY, label="collecting")
        axes.barh([0], [0], color=ORANGE, label="learning")
        axes.plot([], [], color="black", linewidth=1.2, label="the longer phase in lock-step")
        axes.set_ylim(0.4, len(rows) + 0.6)
        axes.legend(fontsize=8.5, loc="lower center", bbox_to_anchor=(0.45, 1.0), ncol=3)
        return Figure(
            name,
            svg_bytes(drawing),
            "A round of PPO, above in lock-step and below pipelined, where the thinner bars run at the same time (mean over "
            "launches). The pipeline's bound is the longer of lock-step's phases.",
            "Bars of collecting and learning in lock-step and in a pipeline, with a line at the longer phase.",
        )


def stragglers_figure(experiment: Experiment, rules: Rules) -> Figure | None:
    parameters = experiment.parameters
    base, burdens = parameters["base"], parameters["burdens"]
    schedules = [s for s in parameters["schedules"] if rules.seeds(f"stragglers-{s['name']}-slow-8")]
    if not schedules or not rules.seeds(base):
        return None
    name = "schedules-stragglers"
    with style(name):
        drawing, axes = plt.subplots(figsize=(8.6, 3.6))
        width = 0.8 / len(schedules)
        for place, (schedule, colour) in enumerate(zip(schedules, _COLOURS, strict=False)):
            for at, burden in enumerate(burdens):
                ratio = rules.paired(f"stragglers-{schedule['name']}-{burden['name']}", base, steps_per_second)
                if ratio is None:
                    continue
                x = at + (place - (len(schedules) - 1) / 2) * width
                axes.bar(x, ratio.value, 0.92 * width, color=colour)
                if not math.isnan(ratio.low):
                    axes.plot([x, x], [ratio.low, ratio.high], color="black", linewidth=1.2)
            axes.bar([0], [0], color=colour, label=schedule["label"])
        for at, burden in enumerate(burdens):
            if burden["name"].startswith("slow-"):
                slowness = int(burden["name"].removeprefix("slow-"))
                share = (parameters["workers"] - 1 + 1 / slowness) / parameters["workers"]
                axes.plot([at - 0.45, at + 0.45], [share, share], color=GREY, linewidth=1.2, linestyle=(0, (3, 2)))
        axes.plot([], [], color=GREY, linewidth=1.2, linestyle=(0, (3, 2)), label="what all workers can take together")
        axes.set_xticks(range(len(burdens)), [burden["short"] for burden in burdens])
        axes.tick_params(axis="x", labelsize=9)
        axes.grid(axis="x", visible=False)
        axes.set_ylabel("steps/s over lock-step, all alike")
        axes.set_ylim(0, None)
        axes.legend(fontsize=8.5, ncol=2, loc="lower center", bbox_to_anchor=(0.5, 1.0))
        return Figure(
            name,
            svg_bytes(drawing),
            "Speed of four workers whose steps block, over that of lock-step when all steps cost the same, with 95 % "
            "intervals.",
            "Relative speed of lock-step, its forms with stealing, balancing and an early cut, and free-running workers.",
        )
