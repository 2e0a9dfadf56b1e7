"""Which record belongs to which run, and whether it may be kept.

A record's file name is readable and ends in a hash of everything that decides its content: arguments, compiled
sources, flags, compiler, libraries, processor. A changed one gives another name, so the old record is not found and the
run is repeated.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any

SCHEMA_VERSION = 1
_HASH_LENGTH = 10


class RecordError(ValueError):
    """One line that names the file and says what is wrong with it."""


def record_name(cell: str, replicate: int, arguments: list[str], identity: dict[str, Any]) -> str:
    canonical = json.dumps({"arguments": arguments, **identity}, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(canonical.encode()).hexdigest()[:_HASH_LENGTH]
    return f"{cell}.{replicate}-{digest}.json"


def read_json(path: Path, kind: str) -> dict[str, Any]:
    """The document in `path`. Raises RecordError unless it is a whole one of this kind and schema."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RecordError(f"{path} is missing") from error
    except (OSError, ValueError) as error:
        raise RecordError(f"{path} is torn or no record ({error})") from error
    if not isinstance(data, dict) or data.get("kind") != kind:
        raise RecordError(f"{path} is a foreign file: expected a JSON record of kind '{kind}'")
    if data.get("schema_version") != SCHEMA_VERSION:
        raise RecordError(f"{path} has schema {data.get('schema_version')!r}, expected {SCHEMA_VERSION}")
    return data


def read_run_record(path: Path) -> dict[str, Any]:
    """A run's record. Raises RecordError if it is torn, foreign or was interrupted."""
    record = read_json(path, "train")
    missing = [key for key in ("configuration", "provenance", "machine", "steps_per_second", "seconds") if key not in record]
    if missing:
        raise RecordError(f"{path} lacks {', '.join(missing)}: no record of the runner")
    if record.get("interrupted"):
        raise RecordError(f"{path} is of an interrupted run")
    return record


def read_measurement(path: Path, kind: str) -> dict[str, Any]:
    """The record of a run, by whichever program. Raises RecordError."""
    if kind == "train":
        return read_run_record(path)
    record = read_json(path, kind)
    missing = [key for key in ("provenance", "machine") if key not in record]
    if missing:
        raise RecordError(f"{path} lacks {', '.join(missing)}: it does not say where it comes from")
    return record


def check_provenance(path: Path, record: dict[str, Any], identity: dict[str, Any]) -> None:
    """Raises RecordError if the record says that it comes from other sources or another machine than its name."""
    for place, key in (("provenance", "source_digest"), ("machine", "cpu")):
        if record[place].get(key) != identity[key]:
            raise RecordError(f"{path} comes from another {'build' if place == 'provenance' else 'machine'}")


def is_fresh(path: Path, identity: dict[str, Any], kind: str = "train") -> bool:
    """Whether the run need not be repeated. Raises RecordError for a file that stands there and is no such record."""
    if not path.exists():
        return False
    check_provenance(path, read_measurement(path, kind), identity)
    return True


def remove_stale(path: Path) -> None:
    """Removes the records that `path`, just written, replaces: same cell and replicate, another hash."""
    stem = path.name[: -len("-.json") - _HASH_LENGTH]
    pattern = re.compile(rf"{re.escape(stem)}-[0-9a-f]{{{_HASH_LENGTH}}}\.json")
    for other in path.parent.iterdir():
        if other.name != path.name and pattern.fullmatch(other.name):
            other.unlink()


def write_json(path: Path, data: dict[str, Any]) -> None:
    """Writes to a temporary name and renames, so that no reader ever sees half a file."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(json.dumps(data, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
