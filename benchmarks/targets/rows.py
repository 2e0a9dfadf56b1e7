"""Rows: programs that are launched again and again, and what is kept of each launch."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.programs import BenchmarkError
from benchmarks.targets.setting import Setting
from experiments.launcher import Child

_POLL_SECONDS = 0.02
_TIMEOUT_SECONDS = 900.0
OUTPUT = "{output}"

Sample = dict[str, Any]
Samples = Mapping[str, list[Sample]]  # by row, in the order of the passes


@dataclass(frozen=True)
class Row:
    """`command` writes a JSON document to OUTPUT; `keep` is what of it becomes the launch's sample."""

    name: str
    command: Sequence[str]
    keep: Callable[[dict[str, Any]], Sample]

    def launch(self) -> Sample:
        """Raises BenchmarkError."""
        with tempfile.TemporaryDirectory() as folder:
            output = Path(folder, "out.json")
            words = [word.replace(OUTPUT, str(output)) for word in self.command]
            try:
                with Child(words, _TIMEOUT_SECONDS) as child:
                    while child.poll() is None:
                        time.sleep(_POLL_SECONDS)
                    if child.poll() != 0:
                        raise BenchmarkError(f"{self.name}: {child.reason()}")
                return self.keep(json.loads(output.read_text(encoding="utf-8")))
            except FileNotFoundError as error:
                raise BenchmarkError(f"{self.name}: {error.filename or words[0]} is missing") from error
            except (KeyError, ValueError) as error:
                raise BenchmarkError(f"{self.name}: the program wrote another document than expected ({error!r})") from error


def prl_row(name: str, setting: Setting, arguments: str, prefix: Sequence[str] = ()) -> Row:
    """A training run; its sample has the counted rounds, and the communication as worker 0 sees it."""
    command = [*prefix, str(setting.prl), "train", *arguments.split(), "--progress", "none", "--record", OUTPUT]
    return Row(name, command, _of_record)


def _of_record(record: dict[str, Any]) -> Sample:
    return {
        "rounds": record["seconds"]["rounds"],
        "communication": record["communication"],
        "steps_per_round": record["configuration"]["steps_per_round"],
        "updates_per_round": record["counts"]["updates"]
        / (record["counts"]["rounds"] + record["configuration"]["warmup_rounds"]),
        "provenance": record["provenance"],
        "machine": record["machine"],
    }


def phase_seconds(sample: Sample, phase: str) -> float:
    """Mean over the counted rounds of `total`, `collect` or `learn`."""
    rounds = [float(counted[phase]) for counted in sample["rounds"]]
    return sum(rounds) / len(rounds)
