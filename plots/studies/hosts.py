"""The report's section on two hosts: communication by bandwidth and delay, measured and modelled."""

from __future__ import annotations

import math
from typing import Any

from matplotlib import pyplot as plt
from matplotlib.ticker import FuncFormatter

from experiments.definitions import Experiment
from experiments.documents import Documents
from experiments.study import Study
from plots.blocks import Block, Figure, Paragraph, Row, Table
from plots.claims import Judged
from plots.drawing import BLUE, GREEN, GREY, SKY, VERMILION, style, svg_bytes
from plots.formats import NOTHING, interval, milliseconds, number, percent, whole
from plots.hosts import (
    Crossing,
    communication_seconds,
    crossing,
    crossing_of,
    measured_over_model,
    model_seconds,
    share_of_round,
)
from plots.records import Record, RecordSet
from plots.studies import Stated
from plots.verdicts import judge_within

_FIGURES = 9


def _crossings(experiment: Experiment, records: RecordSet) -> list[tuple[dict[str, Any], dict[str, Any], Crossing]]:
    found = []
    for form in experiment.parameters["forms"]:
        for link in experiment.parameters["rows"]:
            if (own := crossing_of(records, form["name"], link["link"])) is not None:
                found.append((form, link, own))
    return found


def _row(experiment: Experiment, form: dict[str, Any], link: dict[str, Any], own: Crossing) -> Row:
    if own.why is not None:
        return Row((form["label"], link["label"], *[NOTHING] * _FIGURES, own.why), measured=False)
    seconds, ratio = own.of(communication_seconds), own.of(measured_over_model)
    figures = (
        whole(own.of(lambda record: crossing(record, "bytes")).value),
        number(own.of(lambda record: crossing(record, "messages")).value, 2),
        milliseconds(seconds.value),
        interval(seconds.scaled(1e3)),
        milliseconds(own.of(model_seconds).value),
        f"{number(ratio.value)} {interval(ratio)}",
        percent(own.of(share_of_round).value),
        number(own.speed.value),
        str(ratio.n),
    )
    return Row((form["label"], link["label"], *figures, judge_within(ratio, 1.0, experiment.parameters["tolerance"])))


def _table(experiment: Experiment, records: RecordSet) -> Table:
    columns = ("bytes", "messages", "measured ms", "95 % interval", "model ms", "measured / model", "of the round")
    return Table(
        experiment.id,
        "Communication between two hosts: a round of a central learner, an update of split gradients",
        ("form", "link", *columns, "steps/s", "n", "model"),
        tuple(_row(experiment, *found) for found in _crossings(experiment, records)),
        frozenset(range(2, 2 + _FIGURES)),
    )


def _of_link(part: str, key: str) -> Any:
    return lambda record: float(record[part][key])


def _links_table(experiment: Experiment, records: RecordSet) -> Table:
    rows = []
    for link in experiment.parameters["rows"]:
        runs: list[Record] = []
        for form in experiment.parameters["forms"]:
            own = crossing_of(records, form["name"], link["link"])
            if own is not None and own.why is None:
                runs += own.rules.seeds(own.cell)
        if not runs:
            continue
        rates = sorted(run["measured_link"]["bits_per_second"] / 1e6 for run in runs)
        delays = sorted(run["measured_link"]["one_way_seconds"] * 1e6 for run in runs)
        middle = len(runs) // 2
        spread = [f"{number(values[middle])} [{number(values[0])}, {number(values[-1])}]" for values in (rates, delays)]
        rows.append(Row((link["label"], *spread, str(len(runs)))))
    columns = ("link", "Mb/s of a long stream", "one way, us", "n")
    title = "The links as measured before each launch: median and range over launches"
    return Table("D4.links", title, columns, tuple(rows), frozenset((1, 2, 3)))


def _figure(experiment: Experiment, records: RecordSet) -> Figure | None:
    found = [entry for entry in _crossings(experiment, records) if entry[2].why is None]
    if not found:
        return None
    name, colours = "hosts-communication", dict(zip((form["name"] for form in experiment.parameters["forms"]),
                                                    (BLUE, VERMILION, SKY, GREEN), strict=False))  # fmt: skip
    with style(name):
        drawing, axes = plt.subplots(figsize=(6.4, 4.6))
        places = []
        for form, link, own in found:
            across, up = 1e3 * own.of(model_seconds).value, own.of(communication_seconds).scaled(1e3)
            places += [across, up.value]
            if not math.isnan(up.low):
                axes.plot([across, across], [max(up.low, 1e-3), up.high], color=colours[form["name"]], linewidth=1.2)
            axes.plot([across], [up.value], "o" if "split" not in form["name"] else "s", color=colours[form["name"]])
            if form["name"] in ("central", "split"):
                offset = (6, -9) if form["name"] == "central" else (-6, 5)
                axes.annotate(link["label"], (across, up.value), xytext=offset, textcoords="offset points", fontsize=7.5,
                              ha="left" if form["name"] == "central" else "right", color=colours[form["name"]])  # fmt: skip
        ends = [min(places) / 2, max(places) * 2]
        axes.plot(ends, ends, color=GREY, linewidth=1, linestyle=(0, (4, 3)), zorder=0)
        for form in experiment.parameters["forms"]:
            marker = "o" if "split" not in form["name"] else "s"
            axes.plot([], [], marker, color=colours[form["name"]], label=form["label"])
        for set_scale in (axes.set_xscale, axes.set_yscale):
            set_scale("log")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.set_xlabel("bytes / bandwidth + messages x delay (ms)")
        axes.set_ylabel("measured (ms)")
        axes.legend(fontsize=8.5, loc="upper left")
        return Figure(
            name,
            svg_bytes(drawing),
            "Communication between two hosts, a round of a central learner or an update of split gradients: measured over "
            "modelled, with 95 % intervals. On the dashed line the model is right.",
            "Measured over modelled milliseconds of communication by form and link, on logarithmic axes.",
        )


def blocks(study: Study, documents: Documents, records: RecordSet, stated: Stated) -> list[Block]:
    experiment = study.experiment("D4.hosts")
    figure = _figure(experiment, records)
    return [
        Paragraph(
            "D4.communication and D4.scaling with a real network stack and a link of known bandwidth and delay between two "
            "hosts: the unchanged program under `mpirun`, a rank a host. 'of the round' is communication's share of a round; "
            "as is, a round's steps cost nothing, so it is an upper bound, and split gradients pay for each of 320 updates of "
            "2,048 steps. Where `wait` rows have fewer steps a round than the document's 2,048, their share is larger than "
            "the document's round would have. The model knows neither TCP's slow start after a pause, nor the two further "
            "delays by which Open MPI asks for room before a message of more than 64 KiB, nor the processors' time."
        ),
        stated(experiment),
        _table(experiment, records),
        _links_table(experiment, records),
        *([figure] if figure is not None else []),
    ]


def judge(_study: Study, _documents: Documents, _records: RecordSet) -> list[Judged]:
    return []
