"""The report's section on scaling past this machine: simulated communication, predicted speedups, the document's shape."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from experiments.definitions import Experiment
from experiments.documents import Documents
from experiments.study import Study
from plots.blocks import Block, Bullets, Figure, Heading, Paragraph, Row, Table
from plots.claims import Judged
from plots.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION, style, svg_bytes
from plots.formats import NOTHING, interval, milliseconds, number, percent
from plots.hosts import communication_seconds, crossing_of
from plots.records import Record, RecordSet
from plots.simulation import (
    SPLIT,
    document_speedups,
    exchange_seconds,
    fit_rounds,
    own_speedups,
    round_seconds,
    simulated,
    work_of,
)
from plots.statistics import Estimate, bootstrap, mean
from plots.studies import Stated
from plots.verdicts import judge_within, not_run

_SHOWN = (2, 4, 16, 64, 256, 1024)
_STEPS = 2048
_NETWORKS = (("1x-10g", "67,331 parameters, 10 Gb/s"), ("1x-100g", "67,331 parameters, 100 Gb/s"),
             ("10x-10g", "673,310 parameters, 10 Gb/s"), ("100x-10g", "6.7 million parameters, 10 Gb/s"))  # fmt: skip
_SCALES = {"1x-10g": 1.0, "1x-100g": 1.0, "10x-10g": 10.0, "100x-10g": 100.0}  # of the network
_COLOURS = {
    **{"central": BLACK, "direct": GREY, "ring": ORANGE, "halving-doubling": BLUE},
    **{"server": VERMILION, "server16": PURPLE, "gossip-ring": SKY, "gossip-exponential": GREEN},
}


def _updates(experiment: Experiment) -> int:
    return int(experiment.parameters["updates"])


def _exchange_table(experiment: Experiment, records: RecordSet) -> Table:
    rows = []
    for row in experiment.parameters["rows"]:
        for network, title in _NETWORKS:
            found = simulated(records, f"{row['name']}-{network}")
            if found:
                cells = [milliseconds(found[workers]) if workers in found else NOTHING for workers in _SHOWN]
                rows.append(Row((row["label"], title, *cells)))
    if not rows:
        why = records.missing.get("simulated_scaling.cluster-central-1x-10g", "no such cell in these records")
        rows = [Row((row["label"], _NETWORKS[0][1], *[NOTHING] * len(_SHOWN), not_run(why)), False) for row in
                experiment.parameters["rows"]]  # fmt: skip
        return Table(experiment.id, _EXCHANGE_TITLE, (*_EXCHANGE_COLUMNS, "verdict"), tuple(rows), frozenset(range(2, 8)))
    return Table(experiment.id, _EXCHANGE_TITLE, _EXCHANGE_COLUMNS, tuple(rows), frozenset(range(2, 8)))


_EXCHANGE_TITLE = "Milliseconds of one exchange, simulated: an update; of a central learner a round"
_EXCHANGE_COLUMNS = ("form", "network", *(f"W = {workers:,}" for workers in _SHOWN))


# ---------------------------------------------------------------- held against what was measured


def _round_estimate(records: RecordSet, cell: str, predicted: float) -> Estimate:
    runs = records.runs[cell].values()
    return bootstrap([[_STEPS / run["steps_per_second"] / predicted for run in runs]], mean)


def _machine_checks(experiment: Experiment, records: RecordSet) -> Iterator[tuple[str, float, Estimate]]:
    """Setting, predicted seconds, measured over predicted."""
    cells = (("central", "wait", ""), ("direct", "as_is", "-split"), ("direct", "wait", "-split"))
    names = {"as_is": "as is", "wait": "wait"}
    for form, regime, suffix in cells:
        runs: list[Record] = list(records.runs.get(f"simulated_scaling.known-machine-{form}", {}).values())
        work = work_of(records, regime)
        if not runs or work is None:
            continue
        for workers, seconds in exchange_seconds(runs[0]).items():
            cell = f"{regime}.mpi-{workers}{suffix}"
            fits = form == "central" or workers <= records.usable_cores
            if cell in records.runs and fits:
                predicted = round_seconds(form, work, workers, seconds, _updates(experiment))
                what = "split gradients" if suffix else "central learner"
                setting = f"one machine, {what}, {names[regime]}, W = {workers}"
                yield setting, predicted, _round_estimate(records, cell, predicted)


def _link_checks(experiment: Experiment, records: RecordSet) -> Iterator[tuple[str, float, Estimate]]:
    for link in experiment.parameters["links"]:
        for form, what in (("central", "a round's crossing"), ("split", "an update's crossing")):
            runs = list(records.runs.get(f"simulated_scaling.known-hosts-{form}-{link['name']}", {}).values())
            own = crossing_of(records, form, link["name"])
            if runs and own is not None and own.why is None:
                predicted = exchange_seconds(runs[0])[2]
                measured = own.of(communication_seconds).scaled(1 / predicted)
                yield f"{link['label']}, {what}", predicted, measured


def _checks_table(experiment: Experiment, records: RecordSet) -> Table:
    rows = []
    for checks in (_machine_checks, _link_checks):
        for setting, predicted, ratio in checks(experiment, records):
            error = f"{100 * (1 / ratio.value - 1):+.1f} %"
            figures = (milliseconds(ratio.value * predicted), milliseconds(predicted), error, interval(ratio), str(ratio.n))
            rows.append(Row((setting, *figures, judge_within(ratio, 1.0, experiment.parameters["tolerance"]))))
    columns = ("setting", "measured ms", "simulated ms", "relative error", "measured / simulated", "n", "simulation")
    return Table("D4.simulated_check", "The simulation beside what was measured", columns, tuple(rows), frozenset(range(1, 6)))


# ---------------------------------------------------------------- speedups


def _speedup_row(label: str, speedups: dict[int, float]) -> Row:
    peak = max(speedups, key=lambda workers: speedups[workers])
    cells = [number(speedups[workers]) if workers in speedups else NOTHING for workers in _SHOWN]
    return Row((label, *cells, f"{number(speedups[peak])} at {peak:,}"))


def _document_table(experiment: Experiment, documents: Documents, records: RecordSet) -> Table:
    rows = []
    figures = {row["workers"]: row["speedup"] for row in documents.rows("D4.scaling")}
    rows.append(_speedup_row("the document's figures", {int(workers): float(value) for workers, value in figures.items()}))
    for regime, name in (("wait", "steps that wait"), ("as_is", "as is")):
        work = work_of(records, regime)
        for row in experiment.parameters["rows"]:
            found = simulated(records, f"{row['name']}-1x-10g")
            if work is not None and found and row["name"] in ("central", *SPLIT):
                speedups = document_speedups(row["name"], work, found, _updates(experiment))
                rows.append(_speedup_row(f"{row['label']}, {name}", speedups))
    columns = ("form", *(f"W = {workers:,}" for workers in _SHOWN), "largest")
    title = "Predicted speedup of the document's round of 2,048 steps, 10 Gb/s"
    return Table("D4.simulated_speedup", title, columns, tuple(rows), frozenset(range(1, 8)))


def _own_table(experiment: Experiment, records: RecordSet) -> Table:
    rows = []
    work = work_of(records, "as_is")
    for row in experiment.parameters["rows"]:
        for network, title in _NETWORKS:
            found = simulated(records, f"{row['name']}-{network}")
            if work is not None and found and row["name"] != "central":
                speedups = own_speedups(work, found, _updates(experiment), _SCALES[network])
                cells = [percent(speedups[w] / w, 3) if w in speedups else NOTHING for w in _SHOWN]
                rows.append(Row((row["label"], title, *cells)))
    title = "Predicted speedup over workers, every worker with minibatches of its own, steps without cost"
    return Table("D4.simulated_own", title, _EXCHANGE_COLUMNS, tuple(rows), frozenset(range(2, 8)))


def _curve(axes: Axes, speedups: dict[int, float], name: str, label: str, **look: Any) -> None:
    axes.plot(list(speedups), list(speedups.values()), "o-", color=_COLOURS[name], label=label, markersize=3.5, **look)


def _decorate(axes: Axes, title: str, most: float) -> None:
    axes.plot([1, most], [1, most], color=GREY, linewidth=1, linestyle=(0, (4, 3)), zorder=0)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log", base=2)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_title(title)
    axes.set_xlabel("workers")


def _figure(experiment: Experiment, documents: Documents, records: RecordSet) -> Figure | None:
    wait, as_is = work_of(records, "wait"), work_of(records, "as_is")
    found = {row["name"]: simulated(records, f"{row['name']}-1x-10g") for row in experiment.parameters["rows"]}
    if wait is None or as_is is None or not any(found.values()):
        return None
    labels, updates = {row["name"]: row["label"] for row in experiment.parameters["rows"]}, _updates(experiment)
    name = "simulated-speedup"
    with style(name):
        drawing, panels = plt.subplots(1, 3, figsize=(12.4, 4.4), gridspec_kw={"wspace": 0.2})
        for form in ("central", *SPLIT):
            _curve(panels[0], document_speedups(form, wait, found[form], updates), form, labels[form])
        rows = documents.rows("D4.scaling")
        panels[0].plot([row["workers"] for row in rows], [row["speedup"] for row in rows], "x", color=BLACK, markersize=7,
                       label="the document")  # fmt: skip
        for form, own in found.items():
            if form != "central" and own:
                _curve(panels[1], own_speedups(as_is, own, updates), form, labels[form])
        for form in ("halving-doubling", "server16", "gossip-exponential"):
            for network, look in (("1x-100g", ":"), ("1x-10g", "-"), ("10x-10g", "--"), ("100x-10g", "-.")):
                own = simulated(records, f"{form}-{network}")
                if own:
                    speedups = own_speedups(as_is, own, updates, _SCALES[network])
                    panels[2].plot(list(speedups), list(speedups.values()), look, color=_COLOURS[form])
        for (network, title), look in zip(_NETWORKS, ("-", ":", "--", "-."), strict=True):
            panels[2].plot([], [], look, color=GREY, label=title)
        titles = ("document's round, steps that wait", "own minibatches, as is", "own minibatches: network and link")
        for axes, title in zip(panels, titles, strict=True):
            _decorate(axes, title, 1024 if any(1024 in own for own in found.values()) else 256)
            axes.legend(fontsize=7.5, loc="upper left")
        panels[0].set_ylabel("predicted speedup over the serial code")
        return Figure(
            name,
            svg_bytes(drawing),
            "Predicted speedup by workers on hosts with a link of 10 Gb/s each to one switch (dashed grey: as many times as "
            "workers). On the right, colours as in the middle: larger networks and a faster link.",
            "Predicted speedup by workers, agreement, network size and bandwidth, on logarithmic axes.",
        )


# ---------------------------------------------------------------- the document's own shape


def _shape_blocks(experiment: Experiment, documents: Documents, records: RecordSet) -> list[Block]:
    rounds = {int(row["workers"]): _STEPS / float(row["fps"]) for row in documents.rows("D4.scaling")}
    work = work_of(records, "wait")
    both, with_link = fit_rounds(rounds), fit_rounds(rounds, serial=False)
    moved = 4 * 67_331 + 32  # and the worker's part of 270,336 bytes of trajectories
    rows = []
    for workers, seconds in rounds.items():
        needed = NOTHING, NOTHING
        if work is not None and workers > 1:
            left = seconds - work.collect / workers - work.learn
            crossing = (workers - 1) * (moved + 270_336 / workers)
            needed = milliseconds(left), f"{number(8 * crossing / left / 1e6)}" if left > 0 else "none"
        errors = [f"{100 * (fit.at(workers) / seconds - 1):+.1f} %" for fit in (both, with_link)]
        rows.append(Row((str(workers), milliseconds(seconds), *needed, *errors)))
    columns = ("workers", "document's round, ms", "left beyond collecting and learning here, ms", "Mb/s that would take it")
    columns += ("fit with a serial part", "fit with a link alone")
    text = (
        f"Fitted to the document's five rows, a round is {number(both.work)} s of work divided over the workers, "
        f"{number(1e3 * both.serial)} ms that are not divided and {number(1e3 * both.link)} ms for each further worker; "
        f"without the undivided part, {number(1e3 * with_link.link)} ms for each further worker, that is a link of "
        f"{number(8 * (moved + 270_336 / 16) / with_link.link / 1e6)} Mb/s at 16."
        if with_link.link > 0
        else "The document's rows need no link to be explained."
    )
    ours = simulated(records, "central-1x-10g").get(16)
    bullets = [
        text,
        "No one bandwidth fits: the links that the rows would need differ tenfold, and all are slower than 1 Gb/s Ethernet, "
        "on a document's machine whose workers need no network at all. A part of the round that is not divided fits every "
        "row but that of 4 workers.",
    ]
    if ours is not None:
        bullets.append(f"A simulated link of 10 Gb/s takes {milliseconds(ours)} ms of the round of 16 workers.")
    title = "The document's rounds and the link that they would need"
    return [
        Heading(3, "D4.scaling: what would give 8.6 at 16 workers"),
        Table("D4.shape", title, columns, tuple(rows), frozenset(range(6))),
        Bullets(tuple(bullets)),
    ]


def blocks(study: Study, documents: Documents, records: RecordSet, stated: Stated) -> list[Block]:
    experiment = study.experiment("D4.simulated")
    figure = _figure(experiment, documents, records)
    return [
        Paragraph(
            "What this machine has no cores for, simulated: the messages of each form with up to 1,024 workers, on a platform "
            "that has bandwidth, latency and nothing else (no packet loss, no contention inside the switch, no stragglers), so "
            "speedups are upper bounds. Seconds of work are measured."
        ),
        stated(experiment),
        _exchange_table(experiment, records),
        _checks_table(experiment, records),
        _document_table(experiment, documents, records),
        _own_table(experiment, records),
        *([figure] if figure is not None else []),
        *_shape_blocks(experiment, documents, records),
    ]


def judge(_study: Study, _documents: Documents, _records: RecordSet) -> list[Judged]:
    return []

