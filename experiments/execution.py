"""Runs a plan: skips what is fresh, starts the rest, puts finished records in place, notes what failed."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from experiments.build import Build
from experiments.freshness import RecordError, check_provenance, is_fresh, read_measurement, remove_stale
from experiments.launcher import Child
from experiments.plan import Run, Stage
from experiments.progress import Progress

_POLL_SECONDS = 0.02
_TIMEOUT_FACTOR = 20.0
_TIMEOUT_AT_LEAST_SECONDS = 180.0


@dataclass
class Execution:
    """`records`: the folder of finished records. Runs write to `running` and their records are moved when whole."""

    build: Build
    records: Path
    failures: dict[str, str] = field(default_factory=dict)  # by record name
    failed_cells: dict[str, str] = field(default_factory=dict)  # by cell name

    @property
    def running(self) -> Path:
        return self.records / ".running"

    def prepare(self) -> None:
        self.running.mkdir(parents=True, exist_ok=True)
        for left_over in self.running.iterdir():
            left_over.unlink()

    def due(self, run: Run) -> bool:
        """Whether the run has to be done. A file in its place that is no record of it is named and replaced."""
        path = self.records / run.record
        try:
            return not is_fresh(path, self.build.identity(), run.record_kind)
        except RecordError as error:
            print(f"reproduce: {error}: not used, the run is repeated", file=sys.stderr)
            path.unlink()
            return True

    def command(self, run: Run) -> list[str]:
        record = ("--record", os.path.relpath(self.running / run.record))
        if not run.program:
            return [str(self.build.program), *run.arguments, "--progress", "none", *record]
        first, *words = run.program
        if first == "python":
            return [sys.executable, *words, "--prl", str(self.build.program), *run.arguments, *record]
        program = self.build.program if first == "prl" else self.build.program.with_name(first)
        return [str(program), *words, *run.arguments, *record]

    def run_stage(self, stage: Stage, due: set[str], progress: Progress) -> None:
        """Does the runs of `stage` whose records are in `due`, stage.slots at a time."""
        waiting = [run for run in stage.runs if run.record in due]
        if not waiting:
            return
        progress.say(f"{stage.title}: {len(waiting)} of {len(stage.runs)} runs to do")
        active: list[tuple[Run, Child]] = []
        try:
            while waiting or active:
                while waiting and len(active) < stage.slots:
                    run = waiting.pop(0)
                    if run.cell.name in self.failed_cells:
                        self.failures[run.record] = self.failed_cells[run.cell.name]
                        progress.dropped(run.record)
                        continue
                    active.append((run, Child(self.command(run), self._timeout(run))))
                time.sleep(_POLL_SECONDS)
                progress.running([f"{run.title} ({child.seconds:.0f} s)" for run, child in active])
                for run, child in [pair for pair in active if pair[1].poll() is not None]:
                    active.remove((run, child))
                    self._finish(run, child, stage.slots, progress)
        finally:
            for _, child in active:
                child.__exit__()

    @staticmethod
    def _timeout(run: Run) -> float:
        return max(_TIMEOUT_AT_LEAST_SECONDS, _TIMEOUT_FACTOR * run.estimate_seconds)

    def _finish(self, run: Run, child: Child, slots: int, progress: Progress) -> None:
        seconds = child.seconds
        with child:
            reason = child.reason() if child.poll() != 0 else self._accept(run)
        if reason:
            self.failures[run.record] = self.failed_cells[run.cell.name] = reason
        progress.finished(run.record, run.title, seconds, 1.0 / slots, f"failed: {reason}" if reason else "")

    def _accept(self, run: Run) -> str:
        """Moves the record into place; why it cannot be, otherwise."""
        written = self.running / run.record
        try:
            check_provenance(written, read_measurement(written, run.record_kind), self.build.identity())
        except RecordError as error:
            return str(error)
        final = self.records / run.record
        written.replace(final)
        remove_stale(final)
        return ""
