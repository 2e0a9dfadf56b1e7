"""Speeds, speedups and communication from the records of the timing cells. A replicate is a process launch."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from plots.records import Record, RecordSet
from plots.statistics import Estimate, bootstrap, mean, paired_ratio

POLICY_PURPOSES = ("weights", "trajectories")
ALL_PURPOSES = ("weights", "trajectories", "gradients", "control")


@dataclass(frozen=True)
class Phases:
    """Seconds of one round on rank 0, averaged over a launch's counted rounds."""

    collect: float  # acting and stepping, step cost included
    transfer: float
    wait: float
    learn: float

    @property
    def total(self) -> float:
        return self.collect + self.transfer + self.wait + self.learn


def rounds_of(record: Record) -> int:
    return len(record["seconds"]["rounds"])


def round_seconds(record: Record) -> float:
    """Mean seconds of a counted round."""
    return float(np.mean([sample["total"] for sample in record["seconds"]["rounds"]]))


def rate(record: Record) -> float:
    """Environment steps per second of the counted rounds."""
    return float(record["steps_per_second"])


def per_round(record: Record, purpose: str, key: str) -> float:
    """`key`: bytes, messages, transfer_seconds or waiting_seconds."""
    return float(record["communication"][purpose][key]) / rounds_of(record)


def share(record: Record, purposes: Iterable[str], key: str = "transfer_seconds") -> float:
    """Part of the round that rank 0 spends on communication of these purposes."""
    return sum(per_round(record, purpose, key) for purpose in purposes) / round_seconds(record)


def phases(record: Record) -> Phases:
    """Gradients cross while learning, everything else while collecting."""
    samples = record["seconds"]["rounds"]
    collect, learn = (float(np.mean([sample[key] for sample in samples])) for key in ("collect", "learn"))
    transfer = {purpose: per_round(record, purpose, "transfer_seconds") for purpose in ALL_PURPOSES}
    waiting = {purpose: per_round(record, purpose, "waiting_seconds") for purpose in ALL_PURPOSES}
    learning = transfer["gradients"] + waiting["gradients"]
    collecting = sum(transfer.values()) + sum(waiting.values()) - learning
    return Phases(
        collect=max(0.0, collect - collecting),
        transfer=sum(transfer.values()),
        wait=sum(waiting.values()),
        learn=max(0.0, learn - learning),
    )


class Timing:
    """The timing cells of one regime; cells are named without it."""

    def __init__(self, records: RecordSet, regime: str):
        self._records, self.regime = records, regime

    def launches(self, cell: str) -> dict[int, Record]:
        return self._records.runs.get(f"{self.regime}.{cell}", {})

    def exists(self, cell: str) -> bool:
        """Whether the cell is defined in this regime."""
        return self._records.cell(f"{self.regime}.{cell}") is not None

    def why_missing(self, cell: str) -> str:
        return self._records.missing.get(f"{self.regime}.{cell}", "no such cell in these records")

    def workers(self, cell: str) -> int:
        definition = self._records.cell(f"{self.regime}.{cell}")
        assert definition is not None
        return int(definition["workers"])

    def oversubscribed(self, cell: str) -> bool:
        """More workers than usable cores, all of which want one. Workers that wait do not, unless they learn."""
        definition = self._records.cell(f"{self.regime}.{cell}")
        assert definition is not None
        wanting = self.regime != "wait" or definition["agreement"] != "none"
        return wanting and int(definition["workers"]) > self._records.usable_cores

    def estimate(self, cell: str, quantity: Callable[[Record], float]) -> Estimate:
        """Mean over launches. The cell must have some."""
        return bootstrap([[quantity(record) for record in self.launches(cell).values()]], mean)

    def mean(self, cell: str, quantity: Callable[[Record], float]) -> float:
        return float(np.mean([quantity(record) for record in self.launches(cell).values()]))

    def pairs(self, cell: str, other: str) -> list[tuple[Record, Record]]:
        """Launches of both that ran in the same launch round."""
        ours, theirs = self.launches(cell), self.launches(other)
        return [(ours[launch], theirs[launch]) for launch in sorted(ours.keys() & theirs.keys())]

    def rate_ratio(self, cell: str, other: str) -> Estimate | None:
        """Steps per second of `cell` over those of `other`: against the serial cell, the speedup."""
        ours = [rate(record) for record in self.launches(cell).values()]
        if len(ours) == 1 and self.launches(other):
            return paired_ratio(ours, [rate(record) for record in self.launches(other).values()])
        pairs = self.pairs(cell, other)
        return paired_ratio([rate(a) for a, _ in pairs], [rate(b) for _, b in pairs]) if pairs else None
