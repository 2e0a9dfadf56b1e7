"""Less communication: what codecs, rarer meetings and free-running actors move, what that takes, and what they learn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.ticker import FuncFormatter

from experiments.definitions import Experiment
from experiments.documents import Documents
from experiments.study import Study
from plots.blocks import Block, Figure, Heading, Paragraph, Row, Table
from plots.claims import Evidence, Judged
from plots.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION, label_ends, style, svg_bytes
from plots.formats import NOTHING, interval, number, percent, percent_interval, size
from plots.records import Record, RecordSet
from plots.rules import Quantity, Rules, steps_per_second
from plots.statistics import Estimate, bootstrap, mean
from plots.studies import Stated
from plots.timing import ALL_PURPOSES, per_round, round_seconds, share
from plots.verdicts import OVERSUBSCRIBED, Verdict, all_of, judge_below, not_judged, not_run

_FAMILY = "communication"
_BESIDE = not_judged("beside it")
_BITS = 8e-9  # gigabits a byte


def moving_seconds(record: Record) -> float:
    """Of a round, on worker 0: transfer, encoding and decoding, waiting for others not."""
    return sum(per_round(record, purpose, "transfer_seconds") for purpose in ALL_PURPOSES)


def moving_share(record: Record) -> float:
    return share(record, ALL_PURPOSES)


def waiting_seconds(record: Record) -> float:
    return sum(per_round(record, purpose, "waiting_seconds") for purpose in ALL_PURPOSES)


def overhead_seconds(record: Record) -> float:
    """Of a round, in which worker 0 does nothing but communicate: moving and waiting."""
    return moving_seconds(record) + waiting_seconds(record)


def moved_bytes(record: Record) -> float:
    """A round, by worker 0."""
    return sum(per_round(record, purpose, "bytes") for purpose in ALL_PURPOSES)


@dataclass(frozen=True)
class Cost:
    """Of a codec at one length, in seconds and bytes of one member's vector."""

    encode_seconds: float
    decode_seconds: float
    encoded_bytes: float
    decoded_once: bool = False  # the sum, by PowerSGD; others decode every member's vector

    def computing_seconds(self, workers: int) -> float:
        return self.encode_seconds + (1 if self.decoded_once else workers) * self.decode_seconds


def update_seconds(plain_bytes: float, cost: Cost | None, workers: int, bytes_per_second: float) -> float:
    """What an update's exchange takes on a link of that bandwidth: 2 S (P - 1) / P / B, or encode + S_c (P - 1) / B +
    P decode."""
    if cost is None:
        return 2 * plain_bytes * (workers - 1) / workers / bytes_per_second
    return cost.computing_seconds(workers) + cost.encoded_bytes * (workers - 1) / bytes_per_second


def crossover_bytes_per_second(plain_bytes: float, cost: Cost, workers: int) -> float:
    """The bandwidth below which the codec is the faster one; 0 if it never is."""
    saved = 2 * plain_bytes * (workers - 1) / workers - cost.encoded_bytes * (workers - 1)
    return max(0.0, saved / cost.computing_seconds(workers))


class Costs:
    """What the codecs were measured to cost, by launch."""

    def __init__(self, records: RecordSet):
        self._rules = Rules(records, _FAMILY)

    def why_not(self) -> Verdict | None:
        return self._rules.why_not(["costs-measured"])

    def of(self, codec: str, floats: int) -> list[Cost]:
        once = codec.startswith("power-sgd")
        records = self._rules.seeds("costs-measured")
        return [Cost(**record["codecs"][codec][str(floats)], decoded_once=once) for record in records]

    def typical(self, codec: str, floats: int) -> Cost:
        """Means over launches."""
        costs = self.of(codec, floats)
        encode, decode = (float(np.mean([getattr(c, key) for c in costs])) for key in ("encode_seconds", "decode_seconds"))
        return Cost(encode, decode, costs[0].encoded_bytes, costs[0].decoded_once)


def _measured(estimate: Estimate) -> tuple[str, str]:
    return number(estimate.value), interval(estimate)


def _row_without(label: str, columns: int, why: Verdict) -> Row:
    return Row((label, *[NOTHING] * (columns - 2), why), measured=False)


def _table(identity: str, title: str, columns: tuple[str, ...], rows: list[Row]) -> Table:
    """Rows without records end in why; the others in nothing."""
    width = len(columns) + 1
    if all(row.measured for row in rows):
        return Table(identity, title, columns, tuple(rows), frozenset(range(1, width - 1)))
    widened = tuple(row if len(row.cells) == width else Row((*row.cells, ""), row.measured, row.strong) for row in rows)
    return Table(identity, title, (*columns, "verdict"), widened, frozenset(range(1, width - 1)))


def moved_table(experiment: Experiment, records: RecordSet) -> Table:
    rules = Rules(records, _FAMILY)
    columns = (
        *("gradients or parameters", "sent a round", "moving, ms", "95 % interval", "share of the round", "95 % interval"),
        *("waiting, ms", "steps/s", "95 % interval"),
    )
    rows = []
    for row in experiment.parameters["rows"]:
        cell = f"timing-{row['cell']}"
        if why := rules.why_not([cell]):
            rows.append(_row_without(row["label"], len(columns) + 1, why))
            continue
        moving = rules.estimate(cell, moving_seconds).scaled(1e3)
        part = rules.estimate(cell, moving_share)
        waiting, speed = rules.estimate(cell, waiting_seconds).scaled(1e3), rules.estimate(cell, steps_per_second)
        label = row["label"] + (" (oversubscribed)" if rules.oversubscribed(cell) else "")
        sent = size(rules.estimate(cell, moved_bytes).value)
        shares = (percent(part.value), percent_interval(part))
        rows.append(Row((label, sent, *_measured(moving), *shares, number(waiting.value), *_measured(speed))))
    title = "What worker 0 sends and spends in a round of 2048 steps, document D4's network"
    return _table("communication.moved", title, columns, rows)


def _learned_row(rules: Rules, row: dict[str, Any]) -> Row:
    cell, plain = f"learning-{row['cell']}", "learning-plain"
    if why := rules.why_not([cell]):
        return _row_without(row["label"], 6, why)
    final = rules.final(cell)
    both = sorted(rules.runs(cell).keys() & rules.runs(plain).keys())
    if row["cell"] == "plain" or not both:
        return Row((row["label"], *_measured(final), str(final.n), NOTHING))
    returns = [[rules.runs(name)[seed]["final_evaluation"]["mean"] for name in (cell, plain)] for seed in both]
    difference = bootstrap([[ours - theirs for ours, theirs in returns]], mean)
    return Row((row["label"], *_measured(final), str(final.n), f"{number(difference.value)} {interval(difference)}"))


def learned_table(experiment: Experiment, records: RecordSet) -> Table:
    rules = Rules(records, _FAMILY)
    columns = ("gradients or parameters", "return at the end", "95 % interval", "seeds", "less that of uncompressed")
    rows = [_learned_row(rules, row) for row in experiment.parameters["rows"]]
    return _table("communication.learned", "Return after a fixed number of steps", columns, rows)


def _crossovers(costs: Costs, codec: str, floats: int, workers: int) -> Estimate:
    """Gigabits a second, over launches."""
    found = [crossover_bytes_per_second(4 * floats, cost, workers) for cost in costs.of(codec, floats)]
    return bootstrap([[_BITS * value for value in found]], mean)


def crossover_table(experiment: Experiment, records: RecordSet) -> Table:
    costs, parameters = Costs(records), experiment.parameters
    columns = ("codec", "floats", "bytes", "smaller by", "encode, us", "decode, us", "wins below, Gb/s", "95 % interval")
    rows = []
    for row in parameters["codecs"]:
        if why := costs.why_not():
            rows.append(_row_without(row["label"], len(columns) + 1, why))
            continue
        for floats in parameters["floats"]:
            cost = costs.typical(row["codec"], floats)
            found = _crossovers(costs, row["codec"], floats, parameters["workers"])
            ratio = number(4 * floats / cost.encoded_bytes)
            seconds = (number(1e6 * cost.encode_seconds), number(1e6 * cost.decode_seconds))
            rows.append(Row((row["label"], f"{floats:,}", size(cost.encoded_bytes), ratio, *seconds, *_measured(found))))
    title = "From which bandwidth down a codec is faster than the uncompressed all-reduce, 2 workers"
    return _table("communication.crossover", title, columns, rows)


def crossover_words(experiment: Experiment, records: RecordSet) -> list[Block]:
    """What the table says of the network of the figure."""
    costs, parameters = Costs(records), experiment.parameters
    if costs.why_not():
        return []
    floats, workers = parameters["figure_floats"], parameters["workers"]
    below = {row["label"]: _crossovers(costs, row["codec"], floats, workers).value for row in parameters["codecs"]}
    listed = "; ".join(f"{label} below {number(gigabits, 2)} Gb/s" for label, gigabits in below.items())
    fastest = max(below, key=lambda label: below[label])

    def best_at(gigabits: float) -> str:
        rate = gigabits / _BITS
        plain = update_seconds(4 * floats, None, workers, rate)
        times = {r["label"]: update_seconds(4 * floats, costs.typical(r["codec"], floats), workers, rate)
                 for r in parameters["codecs"]}  # fmt: skip
        label = min(times, key=lambda name: times[name])
        if times[label] >= plain:
            return f"at {number(gigabits)} Gb/s none is faster than {number(1e3 * plain)} ms uncompressed"
        return (
            f"at {number(gigabits)} Gb/s the fastest is {label}, {number(1e3 * times[label])} ms an update in place of "
            f"{number(1e3 * plain)} ms"
        )

    return [
        Paragraph(
            f"For {floats:,} floats and {workers} workers a codec saves time on links slower than this: {listed}. Above "
            f"{number(below[fastest], 2)} Gb/s none of them does. "
            f"By the same equation {best_at(0.1)}; {best_at(1.0)}; {best_at(10.0)}; {best_at(100.0)}. "
            "Latency is left out: it is one exchange with a codec (two with PowerSGD) and two without."
        )
    ]


_COLOURS = (BLUE, SKY, GREEN, ORANGE, VERMILION, PURPLE, GREY)


def bandwidth_figure(experiment: Experiment, records: RecordSet) -> Figure | None:
    costs, parameters = Costs(records), experiment.parameters
    if costs.why_not():
        return None
    name, floats, workers = "communication-bandwidth", parameters["figure_floats"], parameters["workers"]
    gigabits = np.geomspace(1e-3, 100, 101)
    with style(name):
        drawing, axes = plt.subplots(figsize=(8.2, 4.6))
        lines: list[tuple[str, str, Sequence[float]]] = []
        plain = [1e3 * update_seconds(4 * floats, None, workers, rate / _BITS) for rate in gigabits]
        lines.append(("uncompressed", BLACK, plain))
        for row, colour in zip(parameters["codecs"], _COLOURS, strict=True):
            cost = costs.typical(row["codec"], floats)
            times = [1e3 * update_seconds(4 * floats, cost, workers, rate / _BITS) for rate in gigabits]
            lines.append((row["label"], colour, times))
        for label, colour, times in lines:
            axes.plot(gigabits, times, color=colour, linewidth=2.4 if label == "uncompressed" else 1.6)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlim(gigabits[0], gigabits[-1])
        # Room for the labels of lines that end close to each other.
        axes.set_ylim(bottom=0.25 * min(times[-1] for _, _, times in lines))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g} Gb/s" if v >= 1 else f"{1e3 * v:g} Mb/s"))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
        axes.set_xlabel("bandwidth of the link, each way")
        axes.set_ylabel("exchange of one update, ms")
        label_ends(axes, [(gigabits[-1], times[-1], label, colour) for label, colour, times in lines], 0.05)
        return Figure(
            name,
            svg_bytes(drawing),
            f"Predicted time in which {workers} workers exchange the gradient of one update of {floats:,} floats, from the "
            "measured seconds of encoding and decoding. A codec wins where its line lies below the black one.",
            "Lines of milliseconds over bandwidth on logarithmic axes, uncompressed against each codec: they fall with the "
            "bandwidth and level off at the time of encoding and decoding.",
        )


def blocks(study: Study, documents: Documents, records: RecordSet, stated: Stated) -> list[Block]:
    less = study.experiment("communication.less")
    figure = bandwidth_figure(less, records)
    return [
        Paragraph(
            "Three ways to communicate less: gradients that cross in fewer bytes, workers that learn by themselves and meet "
            "every few rounds, actors that do not wait. What they move and take is measured on one machine; what encoding "
            "costs says from which bandwidth on it pays elsewhere."
        ),
        stated(less),
        moved_table(less, records),
        learned_table(less, records),
        Heading(3, "From which bandwidth on a codec wins"),
        crossover_table(less, records),
        *crossover_words(less, records),
        *([figure] if figure else []),
        Heading(3, "D4.c5: asynchronous or rarer updates"),
        stated(study.experiment("D4.c5")),
        Heading(3, "D3.c7: compressed or asynchronous communication"),
        stated(study.experiment("D3.c7")),
    ]


def _evidence(experiment: Experiment, pair: Record, rules: Rules, quantity: Quantity) -> tuple[Evidence, Verdict]:
    cells = [f"timing-{pair[key]}" for key in ("cell", "against")]
    why = rules.why_not(cells)
    ratio = None if why else rules.paired(*cells, quantity)
    if ratio is None or math.isinf(ratio.value):
        verdict = why or not_run("no launches to compare")
        return Evidence(experiment.decides, pair["what"], NOTHING, NOTHING, 0, verdict), verdict
    crowded = any(rules.oversubscribed(cell) for cell in cells)
    verdict = OVERSUBSCRIBED if crowded else judge_below(ratio, experiment.parameters["line"])
    shown = verdict if pair["decides"] else _BESIDE
    return Evidence(experiment.decides, pair["what"], *_measured(ratio), ratio.n, shown), verdict


def _judge(experiment: Experiment, documents: Documents, records: RecordSet, quantity: Quantity) -> Judged:
    rules, evidence, verdicts = Rules(records, _FAMILY), [], []
    for pair in experiment.parameters["ratios"]:
        found, verdict = _evidence(experiment, pair, rules, quantity)
        evidence.append(found)
        if pair["decides"]:
            verdicts.append(verdict)
    for pair in experiment.parameters["ratios"]:
        if pair["decides"]:
            with_waiting = {**pair, "what": f"{pair['what']}, moving and waiting", "decides": False}
            evidence.append(_evidence(experiment, with_waiting, rules, overhead_seconds)[0])
    text = documents.claims[experiment.id]["text"]
    return Judged(experiment.id, text, all_of(verdicts), experiment.decides, tuple(evidence))


def judge(study: Study, documents: Documents, records: RecordSet) -> list[Judged]:
    return [
        _judge(study.experiment("D4.c5"), documents, records, moving_share),
        _judge(study.experiment("D3.c7"), documents, records, moving_seconds),
    ]
