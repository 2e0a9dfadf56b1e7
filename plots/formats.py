"""Figures as text."""

from __future__ import annotations

import math

from plots.statistics import Estimate

NOTHING = "–"


def _decimals(value: float, digits: int) -> int:
    if value == 0 or not math.isfinite(value):
        return 0
    return max(0, digits - 1 - math.floor(math.log10(abs(value))))


def _fixed(value: float, decimals: int) -> str:
    if math.isnan(value):
        return NOTHING
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    return f"{value:,.{decimals}f}"


def number(value: float, digits: int = 3) -> str:
    """`digits` significant ones, thousands separated, never an exponent."""
    return _fixed(value, _decimals(value, digits))


def whole(value: float) -> str:
    return NOTHING if math.isnan(value) else f"{value:,.0f}"


def interval(estimate: Estimate, digits: int = 3) -> str:
    """With as many decimals as the value has."""
    if math.isnan(estimate.low):
        return NOTHING
    decimals = _decimals(estimate.value, digits)
    return f"[{_fixed(estimate.low, decimals)}, {_fixed(estimate.high, decimals)}]"


def percent(value: float, digits: int = 2) -> str:
    return f"{number(100 * value, digits)} %"


def percent_interval(estimate: Estimate, digits: int = 2) -> str:
    bounds = interval(estimate.scaled(100), digits)
    return bounds if bounds == NOTHING else f"{bounds} %"


def milliseconds(seconds: float, digits: int = 3) -> str:
    return number(1e3 * seconds, digits)


def seconds(value: float) -> str:
    return number(value, 3) + " s"


def size(value: float) -> str:
    """Bytes in decimal units."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if value >= scale:
            return f"{number(value / scale)} {unit}"
    return f"{value:.0f} B"


def censored(value: float, limit: float) -> str:
    """Steps or seconds that a run may not have reached within its limit."""
    return f"> {number(limit)}" if math.isinf(value) else number(value)


def censored_interval(estimate: Estimate, limit: float) -> str:
    if math.isnan(estimate.low) or math.isinf(estimate.low):
        return NOTHING
    return f"[{censored(estimate.low, limit)}, {censored(estimate.high, limit)}]"
