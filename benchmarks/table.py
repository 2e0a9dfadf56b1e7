"""Google Benchmark's documents as one table: name, time, rate."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from plots.formats import number

_ADDED_BY_THE_LIBRARY = re.compile(r"(/iterations:\d+)?(/(manual|real|process)_time)*$")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}
_PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def short_name(name: str) -> str:
    """Without what Google Benchmark adds to say how it measured."""
    return _ADDED_BY_THE_LIBRARY.sub("", name)


def time_text(seconds: float) -> str:
    for unit in ("s", "ms", "us"):
        if seconds >= _SECONDS[unit]:
            return f"{number(seconds / _SECONDS[unit])} {unit}"
    return f"{number(seconds / _SECONDS['ns'])} ns"


def rate_text(value: float, unit: str) -> str:
    for scale, prefix in _PREFIXES:
        if value >= scale:
            return f"{number(value / scale)} {prefix} {unit}"
    return f"{number(value)} {unit}"


def row(result: dict[str, Any]) -> tuple[str, str, str, str]:
    """Name, time of an iteration, rates, remark."""
    name = short_name(str(result["name"]))
    if result.get("error_occurred"):
        return name, "failed", "", str(result.get("error_message", ""))
    seconds = float(result["real_time"]) * _SECONDS[result["time_unit"]]
    rates = [rate_text(float(value), key) for key, value in result.items() if key.endswith("/s")]
    return name, time_text(seconds), ", ".join(rates), str(result.get("label", ""))


def render(results: Iterable[dict[str, Any]]) -> str:
    rows: Sequence[tuple[str, ...]] = [("benchmark", "time", "rate", ""), *map(row, results)]
    widths = [max(len(line[column]) for line in rows) for column in range(4)]
    lines = [
        "  ".join((line[0].ljust(widths[0]), line[1].rjust(widths[1]), line[2].rjust(widths[2]), line[3])).rstrip()
        for line in rows
    ]
    lines.insert(1, "-" * max(map(len, lines)))
    return "\n".join(lines)
