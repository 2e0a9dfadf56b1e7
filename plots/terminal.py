"""Tables for a terminal: aligned, no wider than 100 columns."""

from __future__ import annotations

import textwrap

from plots.blocks import Table
from plots.verdicts import Verdict

WIDTH = 100
_GAP = "  "
_NARROWEST = 15


def _plain(content: str | Verdict) -> str:
    if isinstance(content, Verdict):
        return content.short()
    return content.replace("**", "").replace("`", "")


def _fit(widths: list[int], textual: list[int]) -> list[int]:
    """Narrows the widest textual columns until a line fits."""
    widths = list(widths)
    while sum(widths) + len(_GAP) * (len(widths) - 1) > WIDTH:
        widest = max(textual, key=lambda column: widths[column])
        if widths[widest] <= _NARROWEST:
            break
        widths[widest] -= 1
    return widths


def _lines(cells: list[str], widths: list[int], numeric: frozenset[int]) -> list[str]:
    wrapped = [textwrap.wrap(cell, width) or [""] for cell, width in zip(cells, widths, strict=True)]
    height = max(len(lines) for lines in wrapped)
    out = []
    for line in range(height):
        parts = [lines[line] if line < len(lines) else "" for lines in wrapped]
        aligned = [p.rjust(w) if i in numeric else p.ljust(w) for i, (p, w) in enumerate(zip(parts, widths, strict=True))]
        out.append(_GAP.join(aligned).rstrip())
    return out


def render_table(table: Table) -> str:
    rows = [[_plain(cell) for cell in row.cells] for row in table.rows]
    header = [_plain(column) for column in table.columns]
    natural = [max(len(line[i]) for line in [header, *rows]) for i in range(len(header))]
    textual = [i for i in range(len(header)) if i not in table.numeric] or [0]
    widths = _fit(natural, textual)
    lines = [*textwrap.wrap(f"{table.id}: {table.title}", WIDTH), *_lines(header, widths, table.numeric)]
    lines.append("-" * min(WIDTH, sum(widths) + len(_GAP) * (len(widths) - 1)))
    for row in rows:
        lines += _lines(row, widths, table.numeric)
    return "\n".join(lines)
