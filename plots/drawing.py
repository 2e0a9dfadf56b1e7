"""How every figure looks, and how it becomes the same bytes each time."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
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


def label_ends(axes: Axes, ends: list[tuple[float, float, str, str]], gap: float) -> None:
    """Writes labels (x, y, text, colour) to the right of where their lines end, at least `gap` of the axis apart.

    Distances are in the axis' own scale, so that they hold on logarithmic axes too.
    """
    if not ends:
        return
    scale, bounds = axes.transAxes.inverted(), axes.transData
    placed = []
    for x, y, text, colour in ends:
        across, up = scale.transform(bounds.transform((x, y)))
        placed.append([up, across, text, colour])
    placed.sort(key=lambda item: item[0])
    wanted = sum(item[0] for item in placed)
    for below, above in pairwise(placed):
        above[0] = max(above[0], below[0] + gap)
    excess = (sum(item[0] for item in placed) - wanted) / len(placed)
    for item in placed:  # the column of labels stays centred on its lines
        item[0] -= excess
    for up, across, text, colour in placed:
        axes.annotate(
            text,
            (across, up),
            xycoords="axes fraction",
            xytext=(5, 0),
            textcoords="offset points",
            color=colour,
            va="center",
            fontsize=9,
            annotation_clip=False,
        )
