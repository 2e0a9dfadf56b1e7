"""Verdicts on a document's figures and claims, by rules that are stated before anything is run."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from plots.statistics import Estimate

_REPLICATES_AT_LEAST = 3


class Kind(Enum):
    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    INCONCLUSIVE = "inconclusive"
    NOT_RUN = "not run"
    NOT_JUDGED = "not judged"


@dataclass(frozen=True)
class Verdict:
    kind: Kind
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.kind.value}: {self.reason}" if self.reason else self.kind.value

    def short(self) -> str:
        """For narrow tables: what was not judged says only why."""
        if self.kind is Kind.NOT_JUDGED:
            return self.reason
        return f"{self.kind.value}, {self.reason}" if self.reason else self.kind.value


def not_run(reason: str) -> Verdict:
    return Verdict(Kind.NOT_RUN, reason)


def not_judged(reason: str) -> Verdict:
    return Verdict(Kind.NOT_JUDGED, reason)


OVERSUBSCRIBED = not_judged("oversubscribed")
NO_FIGURE = not_judged("–")  # the document has none


def _too_few(estimate: Estimate) -> Verdict | None:
    if estimate.n < _REPLICATES_AT_LEAST:
        return Verdict(Kind.INCONCLUSIVE, f"n = {estimate.n}")
    if math.isnan(estimate.low) or math.isnan(estimate.high):
        return Verdict(Kind.INCONCLUSIVE, "no interval")
    return None


def judge_within(estimate: Estimate, figure: float, tolerance: float) -> Verdict:
    """Confirmed when the interval lies within `tolerance` (relative) of the figure, refuted when wholly outside."""
    return judge_between(estimate, *sorted((figure * (1 - tolerance), figure * (1 + tolerance))))


def judge_between(estimate: Estimate, low: float, high: float) -> Verdict:
    """Confirmed when the interval lies within low to high, refuted when wholly outside."""
    if few := _too_few(estimate):
        return few
    if low <= estimate.low and estimate.high <= high:
        return Verdict(Kind.CONFIRMED)
    if estimate.high < low or estimate.low > high:
        return Verdict(Kind.REFUTED)
    return Verdict(Kind.INCONCLUSIVE)


def judge_above(estimate: Estimate, line: float) -> Verdict:
    """Confirmed when the interval lies above the line, refuted when it lies below."""
    if few := _too_few(estimate):
        return few
    if estimate.low > line:
        return Verdict(Kind.CONFIRMED)
    return Verdict(Kind.REFUTED if estimate.high < line else Kind.INCONCLUSIVE)


def judge_below(estimate: Estimate, line: float) -> Verdict:
    return judge_above(estimate.scaled(-1.0), -line)


def all_of(verdicts: Iterable[Verdict]) -> Verdict:
    """A claim of several parts: refuted with any part, confirmed with all. What was not judged keeps its reason."""
    parts = list(verdicts)
    for kind in (Kind.REFUTED, Kind.NOT_RUN, Kind.NOT_JUDGED, Kind.INCONCLUSIVE):
        for part in parts:
            if part.kind is kind:
                return part
    return Verdict(Kind.CONFIRMED)


def decide(by_regime: dict[str, Verdict], order: Iterable[str]) -> tuple[str, Verdict]:
    """The first regime of `order` whose verdict is one; the last of them if none is."""
    regime, verdict = "", not_run("no regime")
    for name in order:
        if name not in by_regime:
            continue
        regime, verdict = name, by_regime[name]
        if verdict.kind not in (Kind.NOT_RUN, Kind.NOT_JUDGED):
            break
    return regime, verdict
