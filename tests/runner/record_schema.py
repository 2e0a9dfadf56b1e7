"""The schema of JSON documents, read from the tables of docs/run-record.md and held against real ones."""

from __future__ import annotations

import re
from typing import Any

from program import ROOT

DOCUMENT = ROOT / "docs" / "run-record.md"
_RULES = re.compile(r" \(([a-z0-9, ]+)\)$")
_ROW = re.compile(r"^\| `(?P<field>[^`]+)` \| (?P<type>[^|]+) \|")


def documented_fields(section: str, rule: str = "") -> dict[str, str]:
    """Field -> type, of the tables below the heading '## `section`'. A type like 'number (ppo)' is of that rule's alone."""
    text = DOCUMENT.read_text()
    body = text.split(f"\n## {section}\n", 1)[1].split("\n## ", 1)[0]
    rows = (_ROW.match(line) for line in body.splitlines())
    fields = {row["field"]: row["type"].strip() for row in rows if row}
    of_rules = {field: _RULES.search(kind) for field, kind in fields.items()}
    return {
        field: _RULES.sub("", fields[field])
        for field, rules in of_rules.items()
        if rules is None or rule in rules[1].split(", ")
    }


def faults_of(document: dict[str, Any], section: str) -> list[str]:
    """What of the document contradicts the section, and what it lacks."""
    fields = documented_fields(section, document.get("configuration", {}).get("algorithm", ""))
    values = _flatten(document, fields)
    faults = [f"{field} is not documented" for field in sorted(values.keys() - fields.keys())]
    for field, kind in fields.items():
        if field not in values and not kind.endswith(", optional") and not _is_in_empty_list(field, document):
            faults.append(f"{field} is missing")
        for value in values.get(field, []):
            if not _fits(value, kind.removesuffix(", optional")):
                faults.append(f"{field} is {value!r}, not {kind}")
    return faults


def _flatten(value: Any, fields: dict[str, str], path: str = "") -> dict[str, list[Any]]:
    """Field -> its values; `a[].b` has one for every element of a."""
    if path in fields:
        return {path: [value]}
    flat: dict[str, list[Any]] = {}
    if isinstance(value, dict):
        parts = [(f"{path}.{name}" if path else name, part) for name, part in value.items()]
    elif isinstance(value, list):
        parts = [(f"{path}[]", part) for part in value]
    else:
        return {path: [value]}
    for name, part in parts:
        for field, values in _flatten(part, fields, name).items():
            flat.setdefault(field, []).extend(values)
    return flat


def _is_in_empty_list(field: str, document: dict[str, Any]) -> bool:
    if "[]" not in field:
        return False
    value: Any = document
    for name in field.split("[]", 1)[0].split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value == []


def _fits(value: Any, kind: str) -> bool:
    if kind.startswith("list of "):
        return isinstance(value, list) and all(_fits(element, kind.removeprefix("list of ")) for element in value)
    if kind.endswith(" or null"):
        return value is None or _fits(value, kind.removesuffix(" or null"))
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, {"string": str, "boolean": bool, "object": dict}[kind])
