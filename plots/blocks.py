"""What a report is made of, apart from how it looks: Markdown, HTML and the terminal each render these.

Text may hold `code` and **bold**, nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from plots.verdicts import Verdict


@dataclass(frozen=True)
class Heading:
    level: int
    text: str


@dataclass(frozen=True)
class Paragraph:
    text: str


@dataclass(frozen=True)
class Bullets:
    items: tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """`measured`: whether it holds figures that were measured here. `strong`: the row that the table is about."""

    cells: tuple[str | Verdict, ...]
    measured: bool = True
    strong: bool = False


@dataclass(frozen=True)
class Table:
    """`numeric`: columns that are set flush right."""

    id: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    numeric: frozenset[int] = field(default_factory=frozenset)


@dataclass(frozen=True)
class Figure:
    """`name`: of the SVG file; `description`: what it shows, for who cannot see it."""

    name: str
    svg: bytes
    caption: str
    description: str


@dataclass(frozen=True)
class Details:
    """Blocks that a reader opens when wanted."""

    summary: str
    blocks: tuple[Block, ...]


Block = Heading | Paragraph | Bullets | Table | Figure | Details
