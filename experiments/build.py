"""What `prl list --json` says of the build and the machine: what a record's freshness depends on."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCHEMA_VERSION = 1
# What `prl train` takes where an option is not given: the coordinates of the matrix.
_DEFAULTS = {"collect": "serial", "inference": "workers", "agreement": "none", "schedule": "lock-step"}


class BuildError(RuntimeError):
    """One line: what is wrong with the program and what to do."""


@dataclass(frozen=True)
class Build:
    program: Path
    build: dict[str, Any]
    machine: dict[str, Any]
    cells: tuple[dict[str, Any], ...]

    @property
    def usable_cores(self) -> int:
        return int(self.machine["usable_cores"])

    def identity(self) -> dict[str, Any]:
        """What makes a record stale when it changes, beside its arguments."""
        build, machine = self.build, self.machine
        return {
            "source_digest": build["source_digest"],
            "flags": build.get("flags", ""),
            "compiler": build.get("compiler", ""),
            "libraries": build.get("libraries", {}),
            "cpu": machine["cpu"],
            "usable_cores": machine["usable_cores"],
        }

    def reason_unavailable(self, collect: str, inference: str, agreement: str) -> str:
        """Why the runner refuses this cell of its matrix; empty if it does not, or does not say."""
        wanted = {
            "algorithm": "ppo",
            "collect": collect,
            "inference": inference,
            "agreement": agreement,
            "schedule": "lock-step",
        }
        for cell in self.cells:
            if all(cell.get(key, value) == value for key, value in wanted.items()) and not cell["available"]:
                return str(cell.get("reason") or "the runner has no such cell")
        return ""

    def reason_refused(self, options: dict[str, str]) -> str:
        """Why the runner refuses these options of `prl train`, by its matrix; empty if it does not. Tables are not in it."""
        of_rule = [cell for cell in self.cells if cell.get("algorithm") == options["algorithm"]]
        wanted = {key: options.get(key, value) for key, value in _DEFAULTS.items()}
        cells = [cell for cell in of_rule if all(cell.get(key) == value for key, value in wanted.items())]
        if of_rule and not cells:
            return "the runner has no such cell"
        return next((str(cell["reason"]) for cell in cells if not cell["available"]), "")


def describe_build(program: Path) -> Build:
    """Asks the runner. Raises BuildError."""
    if not program.is_file():
        raise BuildError(f"{program} is missing: run `make build` first, or name the runner with --prl")
    try:
        answer = subprocess.run(
            [str(program.resolve()), "list", "--json"], capture_output=True, text=True, timeout=60, check=True
        )
        data = json.loads(answer.stdout)
        if data["schema_version"] != SCHEMA_VERSION:
            raise BuildError(f"{program} speaks schema {data['schema_version']}, expected {SCHEMA_VERSION}: rebuild it")
        build = Build(program.resolve(), data["build"], data["machine"], tuple(data.get("cells", ())))
        build.identity()
    except (OSError, subprocess.SubprocessError, ValueError, KeyError) as error:
        raise BuildError(f"`{program} list --json` gave no description of its build ({error!r}): rebuild it") from error
    return build
