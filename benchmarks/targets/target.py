"""A target: a figure with its 95 % interval, the line that it has to reach, and the verdict."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from plots.formats import interval, number
from plots.statistics import Estimate


@dataclass(frozen=True)
class Target:
    """`estimate` is to be at least `line`, or at most where `at_most`. None where it was not run, with the reason in
    `remark`."""

    what: str
    estimate: Estimate | None
    line: float
    at_most: bool = False
    remark: str = ""

    def verdict(self) -> str:
        """By the whole interval: what straddles the line, or has no interval, decides nothing."""
        if self.estimate is None:
            return "not run"
        low, high = self.estimate.low, self.estimate.high
        if math.isnan(low):
            return "inconclusive"
        if self.at_most:
            low, high, line = -high, -low, -self.line
        else:
            line = self.line
        if low >= line:
            return "reached"
        return "missed" if high < line else "inconclusive"

    def cells(self) -> tuple[str, ...]:
        sign = "≤" if self.at_most else "≥"
        wanted = f"{sign} {number(self.line)}"
        if self.estimate is None:
            return self.what, "–", "–", "0", wanted, self.verdict(), self.remark
        e = self.estimate
        return self.what, number(e.value), interval(e), str(e.n), wanted, self.verdict(), self.remark

    def document(self) -> dict[str, Any]:
        e = self.estimate
        return {
            "what": self.what,
            "value": None if e is None else e.value,
            "interval": None if e is None or math.isnan(e.low) else [e.low, e.high],
            "n": 0 if e is None else e.n,
            "line": self.line,
            "direction": "at most" if self.at_most else "at least",
            "verdict": self.verdict(),
            "remark": self.remark,
        }


def render_targets(targets: list[Target]) -> str:
    lines = [("target", "measured", "95 % interval", "n", "to reach", "verdict", ""), *(t.cells() for t in targets)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    numeric = {1, 2, 3, 4}
    out = [
        "  ".join(cell.rjust(w) if i in numeric else cell.ljust(w) for i, (cell, w) in enumerate(zip(line, widths, strict=True))).rstrip()
        for line in lines
    ]
    out.insert(1, "-" * max(map(len, out)))
    return "\n".join(out)
