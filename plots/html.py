"""Blocks as one HTML page that needs no other file: figures inside, readable on a telephone and in the dark."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from html import escape

from plots.blocks import Block, Bullets, Details, Figure, Heading, Paragraph, Row, Table
from plots.verdicts import Kind, Verdict

_SHORT_REASON = 20  # letters that stay on the verdict's line

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --faint: #59636e; --page: #ffffff; --panel: #f6f8fa; --line: #d1d9e0;
  --confirmed: #116329; --confirmed-bg: #dafbe1; --refuted: #a40e26; --refuted-bg: #ffebe9;
  --open: #7d4e00; --open-bg: #fff8c5; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --faint: #9aa4af; --page: #0d1117; --panel: #161b22;
  --line: #30363d; --confirmed: #7ee787; --confirmed-bg: #12261e; --refuted: #ff9a92; --refuted-bg: #2d1214;
  --open: #e3b341; --open-bg: #272115; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 68rem; padding: 1rem 1rem 4rem; background: var(--page); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; overflow-wrap: break-word; }
p, li { max-width: 46rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 1rem 0; }
h2 { font-size: 1.3rem; margin: 2.5rem 0 .5rem; padding-top: .6rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 1.8rem 0 .4rem; }
code { font: .88em ui-monospace, "DejaVu Sans Mono", Menlo, monospace; background: var(--panel); padding: .1em .3em;
  border-radius: 4px; }
.table { overflow-x: auto; margin: .8rem 0 1.4rem; }
table { border-collapse: collapse; font-size: .86rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: .3rem 0; }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { color: var(--faint); font-weight: 600; border-bottom-width: 2px; }
.number { text-align: right; white-space: nowrap; }
tr.strong td:first-child { font-weight: 600; }
tr.unmeasured { color: var(--faint); }
.not-run { background: var(--panel); }
.verdict { border-radius: 1em; padding: .05em .6em; white-space: nowrap; font-size: .95em; }
.confirmed { color: var(--confirmed); background: var(--confirmed-bg); }
.refuted { color: var(--refuted); background: var(--refuted-bg); }
.inconclusive { color: var(--open); background: var(--open-bg); }
.reason { color: var(--faint); }
.short { white-space: nowrap; }
td:not(.number) { min-width: 6rem; }
td:first-child { min-width: 8rem; }
figure { margin: 1rem 0 2rem; }
.drawing { overflow-x: auto; background: #fff; border: 1px solid var(--line); border-radius: 6px; }
.drawing img { display: block; width: 100%; min-width: 38rem; height: auto; }
figcaption { color: var(--faint); font-size: .9rem; margin-top: .4rem; max-width: 46rem; }
details { margin: 1rem 0; } summary { cursor: pointer; color: var(--faint); }
""".strip()


def _inline(text: str) -> str:
    marked = escape(text, quote=False)
    marked = re.sub(r"`([^`]+)`", r"<code>\1</code>", marked)
    return re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", marked)


def _cell(content: str | Verdict) -> str:
    if isinstance(content, str):
        return _inline(content)
    if content.kind is Kind.NOT_JUDGED:
        return f'<span class="reason">{_inline(content.short())}</span>'
    name = content.kind.value
    badge = f'<span class="verdict {name.replace(" ", "-")}">{name}</span>'
    if not content.reason:
        return badge
    text = f'{badge} <span class="reason">{_inline(content.reason)}</span>'
    return f'<span class="short">{text}</span>' if len(content.reason) < _SHORT_REASON else text


def _row(row: Row, table: Table) -> str:
    classes = ("measured" if row.measured else "unmeasured") + (" strong" if row.strong else "")
    cells = "".join(
        f'<td class="number">{_cell(cell)}</td>' if i in table.numeric else f"<td>{_cell(cell)}</td>"
        for i, cell in enumerate(row.cells)
    )
    return f'<tr class="{classes}">{cells}</tr>'


def _table(table: Table) -> str:
    header = "".join(
        f'<th class="number">{_inline(column)}</th>' if i in table.numeric else f"<th>{_inline(column)}</th>"
        for i, column in enumerate(table.columns)
    )
    rows = "\n".join(_row(row, table) for row in table.rows)
    return (
        f'<div class="table"><table data-table="{escape(table.id)}"><caption>{_inline(table.title)} ({escape(table.id)})'
        f"</caption>\n<thead><tr>{header}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></div>"
    )


def _figure(figure: Figure) -> str:
    data = base64.b64encode(figure.svg).decode()
    return (
        f'<figure><div class="drawing"><img alt="{escape(figure.description)}" src="data:image/svg+xml;base64,{data}"></div>'
        f"<figcaption>{_inline(figure.caption)}</figcaption></figure>"
    )


def _block(block: Block) -> str:
    match block:
        case Heading(level, text):
            return f"<h{level}>{_inline(text)}</h{level}>"
        case Paragraph(text):
            return f"<p>{_inline(text)}</p>"
        case Bullets(items):
            return "<ul>\n" + "\n".join(f"<li>{_inline(item)}</li>" for item in items) + "\n</ul>"
        case Table():
            return _table(block)
        case Figure():
            return _figure(block)
        case Details(summary, blocks):
            return f"<details><summary>{_inline(summary)}</summary>\n{_join(blocks)}\n</details>"


def _join(blocks: Iterable[Block]) -> str:
    return "\n".join(_block(block) for block in blocks)


def render_html(title: str, blocks: Iterable[Block]) -> str:
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{_STYLE}\n</style>\n</head>\n<body>\n{_join(blocks)}\n</body>\n</html>\n"
    )
