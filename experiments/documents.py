"""The documents' own figures and claims, from documents.toml. Nothing of them is typed anywhere else."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Documents:
    tables: dict[str, dict[str, Any]]
    claims: dict[str, dict[str, Any]]

    def row(self, table: str, *key: Any) -> dict[str, Any]:
        """The row of `table` whose first columns equal `key`, as {column: figure}. KeyError if there is none."""
        columns = self.tables[table]["columns"]
        for row in self.tables[table]["rows"]:
            if tuple(row[: len(key)]) == key:
                return dict(zip(columns, row, strict=True))
        raise KeyError(f"documents.toml: {table} has no row {key}")

    def rows(self, table: str) -> list[dict[str, Any]]:
        columns = self.tables[table]["columns"]
        return [dict(zip(columns, row, strict=True)) for row in self.tables[table]["rows"]]


def load_documents(path: Path = FOLDER / "documents.toml") -> Documents:
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    return Documents(
        tables={table["id"]: table for table in data["table"]},
        claims={claim["id"]: claim for claim in data["claim"]},
    )
