"""Runs on two hosts: what crossing the link took, and what bytes over bandwidth and messages times delay say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from plots.records import Record, RecordSet
from plots.rules import Rules, steps_per_second
from plots.statistics import Estimate, bootstrap, mean
from plots.verdicts import Verdict, not_run

_CENTRAL, _SPLIT = ("weights", "trajectories"), ("gradients", "control")


def splits_gradients(record: Record) -> bool:
    return bool(record["configuration"]["agreement"] == "all-reduce")


def exchanges(record: Record) -> float:
    """What communication is counted by: rounds of a central learner, updates of split gradients."""
    return float(record["counts"]["updates"] if splits_gradients(record) else record["counts"]["rounds"])


def communication_seconds(record: Record) -> float:
    """For an exchange. A central learner's is what collecting takes beyond the slowest rank's own; split gradients' is
    rank 0's transfer and waiting."""
    if splits_gradients(record):
        counts = [record["communication"][purpose] for purpose in _SPLIT]
        seconds = sum(count["transfer_seconds"] + count["waiting_seconds"] for count in counts)
    else:
        slowest = max(worker["collect"] for worker in record["seconds"]["workers"])
        seconds = record["seconds"]["collect"] - slowest
    return float(seconds) / exchanges(record)


def crossing(record: Record, what: str) -> float:
    """Bytes or messages of an exchange that rank 0 waits for, one after another."""
    purposes = _SPLIT if splits_gradients(record) else _CENTRAL
    return float(sum(record["communication"][purpose][what] for purpose in purposes)) / exchanges(record)


def model_seconds(record: Record) -> float:
    """bytes / bandwidth + messages x delay, of an exchange."""
    bits_per_second = record["link"]["bits_per_second"] or record["measured_link"]["bits_per_second"]
    delay_seconds = record["measured_link"]["one_way_seconds"]
    return 8 * crossing(record, "bytes") / float(bits_per_second) + crossing(record, "messages") * float(delay_seconds)


def measured_over_model(record: Record) -> float:
    return communication_seconds(record) / model_seconds(record)


def share_of_round(record: Record) -> float:
    rounds = record["seconds"]["rounds"]
    seconds = sum(entry["total"] for entry in rounds)
    return communication_seconds(record) * exchanges(record) / float(seconds)


@dataclass(frozen=True)
class Crossing:
    """A form of communication over a link, by launches."""

    rules: Rules
    cell: str
    why: Verdict | None

    def of(self, quantity: Callable[[Record], float]) -> Estimate:
        return bootstrap([self.rules.values(self.cell, quantity)], mean)

    @property
    def speed(self) -> Estimate:
        return self.of(steps_per_second)


def crossing_of(records: RecordSet, form: str, link: str) -> Crossing | None:
    """None if the study has no such cell."""
    cells: dict[str, object] = {**records.plan["cells"], **records.runs}
    name = next((name for name in cells if name in (f"hosts.one-{form}-{link}", f"hosts.links-{form}-{link}")), None)
    if name is None:
        return None
    rules, cell = Rules(records, family="hosts"), name.removeprefix("hosts.")
    why = rules.why_not([cell])
    return Crossing(rules, cell, why if why is None else not_run(why.reason))
