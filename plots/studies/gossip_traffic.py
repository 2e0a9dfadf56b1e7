"""What crosses between workers that agree after every update: bytes so far along a run's curve."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from plots.records import Record
from plots.rules import evaluated

BYTES_OF_A_PARAMETER = 4
# Of messages: where every worker has a copy of its own.
GOSSIPS = ("gossip", "pairs")


@dataclass(frozen=True)
class Traffic:
    """`messages`: 'server' (worker 0 serves all parameters), 'all-reduce', 'gossip', or 'pairs' that wait for nobody."""

    record: Record
    messages: str

    @property
    def total(self) -> float:
        """Bytes of all workers over the run."""
        counts, workers = self.record["counts"], self.record["configuration"]["workers"]
        if self.messages in GOSSIPS:
            return float(self._counted()[-1][1])
        if self.messages == "server":
            return 2.0 * self.record["communication"]["weights"]["bytes"]  # in as many as out
        return 2.0 * BYTES_OF_A_PARAMETER * counts["parameters"] * (workers - 1) * counts["updates"]

    @property
    def busiest(self) -> float:
        """Bytes that the worker sends that sends most: worker 0, or all alike; of pairs, the mean of all."""
        if self.messages == "pairs":
            return self.total / float(self.record["configuration"]["workers"])
        purpose = "gradients" if self.messages == "all-reduce" else "weights"
        return float(self.record["communication"][purpose]["bytes"])

    def _counted(self) -> list[tuple[float, float]]:
        """(steps, bytes of all workers) where a gossip counts them."""
        name = "weights_bytes_of_all_workers"
        return [(float(point["steps"]), float(point[name])) for point in self.record["curve"] if name in point]

    def at(self, steps: float) -> float:
        """Bytes so far after as many environment steps; every meeting of a run but a gossip's moves as much."""
        if self.messages in GOSSIPS:
            return dict(self._counted())[steps]
        return self.total * steps / float(self.record["curve"][-1]["steps"])

    def bytes_to(self, threshold: float) -> float:
        """Until an evaluation first reaches it; infinity if none does."""
        points = (point for point in evaluated(self.record) if point["evaluation_return"] >= threshold)
        return next((self.at(float(point["steps"])) for point in points), math.inf)


def disagreement_over_run(record: Record) -> float:
    """Mean over the evaluations before the last round; nan where no copies differ."""
    values = [point["disagreement"] for point in record["curve"][:-1] if "disagreement" in point]
    return float(np.mean(values)) if values else math.nan
