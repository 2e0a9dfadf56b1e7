"""How every figure looks, and how it becomes the same bytes each time."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib

matplotlib.use("svg")

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

# Okabe & Ito (2008): distinguishable with every common colour blindness.
BLACK, ORANGE, SKY, GREEN, BLUE, VERMILION, PURPLE, GREY = (
    *("#000000", "#e69f00", "#56b4e9", "#009e73", "#0072b2", "#d55e00", "#cc79a7", "#8c959f"),
)

_STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.grid": True,
    "grid.color": "#e4e7eb",
    "grid.linewidth": 0.8,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "lines.markersize": 5,
    "svg.fonttype": "path",
}


@contextmanager
def style(name: str) -> Iterator[None]:
    """The look of figure `name`; its ids are hashed with the name, so that they repeat."""
    with plt.rc_context({**_STYLE, "svg.hashsalt": name}):  # type: ignore[dict-item]
        yield


def svg_bytes(drawing: Drawing) -> bytes:
    buffer = io.BytesIO()
    drawing.savefig(buffer, format="svg", metadata={"Date": None}, bbox_inches="tight", pad_inches=0.12)
    plt.close(drawing)
    return buffer.getvalue()


def _spread(wanted: list[float], gap: float) -> list[float]:
    """Places at least `gap` apart for ascending `wanted` ones: what is too close is centred on its mean, as one group."""
    groups: list[list[float]] = []  # mean of the wanted places, how many
    for place in wanted:
        groups.append([place, 1.0])
        while len(groups) > 1 and groups[-1][0] - groups[-2][0] < gap * (groups[-1][1] + groups[-2][1]) / 2:
            (low, few), (high, more) = groups[-2], groups.pop()
            groups[-1] = [(low * few + high * more) / (few + more), few + more]
    return [mean + gap * (i - (count - 1) / 2) for mean, count in groups for i in range(round(count))]


def label_ends(axes: Axes, ends: list[tuple[float, float, str, str]], gap: float) -> None:
    """Writes labels (x, y, text, colour) to the right of where their lines end, at least `gap` of the axis apart."""
    to_axes, to_screen = axes.transAxes.inverted(), axes.transData
    points = [(*to_axes.transform(to_screen.transform((x, y))), text, colour) for x, y, text, colour in ends]
    points.sort(key=lambda point: float(point[1]))
    heights = _spread([float(point[1]) for point in points], gap)
    for (across, _, text, colour), height in zip(points, heights, strict=True):
        axes.annotate(
            text,
            (across, height),
            xycoords="axes fraction",
            xytext=(5, 0),
            textcoords="offset points",
            color=colour,
            va="center",
            fontsize=9,
            annotation_clip=False,
        )
