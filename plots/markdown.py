"""Blocks as Markdown; figures are files beside it."""

from __future__ import annotations

from collections.abc import Iterable

from plots.blocks import Block, Bullets, Details, Figure, Heading, Paragraph, Table
from plots.verdicts import Verdict

FIGURE_FOLDER = "figures"


def _cell(content: str | Verdict) -> str:
    text = content.short() if isinstance(content, Verdict) else content
    return text.replace("|", "\\|")


def _table(table: Table) -> str:
    rule = ["---:" if i in table.numeric else "---" for i in range(len(table.columns))]
    lines = [f"**{table.title}** ({table.id})", "", f"| {' | '.join(map(_cell, table.columns))} |", f"| {' | '.join(rule)} |"]
    for row in table.rows:
        cells = [_cell(cell) for cell in row.cells]
        if row.strong:
            cells[0] = f"**{cells[0]}**"
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _block(block: Block) -> str:
    match block:
        case Heading(level, text):
            return f"{'#' * level} {text}"
        case Paragraph(text):
            return text
        case Bullets(items):
            return "\n".join(f"- {item}" for item in items)
        case Table():
            return _table(block)
        case Figure():
            return f"![{block.description}]({FIGURE_FOLDER}/{block.name}.svg)\n\n*{block.caption}*"
        case Details(summary, blocks):
            return f"<details><summary>{summary}</summary>\n\n{_join(blocks)}\n\n</details>"


def _join(blocks: Iterable[Block]) -> str:
    return "\n\n".join(_block(block) for block in blocks)


def render_markdown(blocks: Iterable[Block]) -> str:
    return _join(blocks) + "\n"
