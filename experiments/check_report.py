"""Checks that a profile's report holds the tables of documents D4 and D0, of the learning rules and of the studies with measured rows.

    python -m experiments.check_report --profile smoke

Continuous integration calls it. Exit status: 0, or 1 naming what is missing.
"""

from __future__ import annotations

import argparse
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

from experiments import rules
from experiments.documents import load_documents
from experiments.study import load_studies

ROOT = Path(__file__).resolve().parent.parent


class _MeasuredRows(HTMLParser):
    """Counts the measured rows of every table in report.html."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, int] = {}
        self._table = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "table":
            self._table = attributes.get("data-table") or ""
            self.rows.setdefault(self._table, 0)
        elif tag == "tr" and "measured" in (attributes.get("class") or "").split():
            self.rows[self._table] += 1


def measured_rows_html(text: str) -> dict[str, int]:
    parser = _MeasuredRows()
    parser.feed(text)
    return parser.rows


def measured_rows_markdown(text: str) -> dict[str, int]:
    """By table id: rows under a title that ends in it, less the header, less those that read 'not run'."""
    rows: dict[str, int] = {}
    for title in re.finditer(r"^\*\*.*\*\* \(([\w.]+)\)\n\n((?:\|.*\n?)+)", text, re.MULTILINE):
        body = title[2].splitlines()[2:]
        rows[title[1]] = rows.get(title[1], 0) + sum("not run" not in line for line in body)
    return rows


def missing(folder: Path) -> list[str]:
    """What the report in `folder` lacks, one line each."""
    of_documents = [name for name in load_documents().tables if name.startswith(("D4.", "D0."))]
    tables = [*of_documents, *rules.TABLES, *(table for study in load_studies() for table in study.tables)]
    found = []
    for name, count in (("report.md", measured_rows_markdown), ("report.html", measured_rows_html)):
        path = folder / name
        if not path.is_file():
            found.append(f"{path} is missing")
            continue
        rows = count(path.read_text(encoding="utf-8"))
        found += [f"{path} has no measured row of table {table}" for table in tables if not rows.get(table)]
    return found


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="check_report", description=__doc__.splitlines()[0])
    parser.add_argument("--profile", default="default")
    parser.add_argument("--report", type=Path, help="folder of the report (default: results/PROFILE)")
    options = parser.parse_args(arguments)
    lacks = missing(options.report or ROOT / "results" / options.profile)
    for line in lacks:
        print(f"check_report: {line}", file=sys.stderr)
    return 1 if lacks else 0


if __name__ == "__main__":
    sys.exit(main())
