"""Runs a plan: skips what is fresh, starts the rest, puts finished records in place, notes what failed."""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from experiments import core_distance
from experiments.build import Build
from experiments.core_distance import CoreDistance
from experiments.freshness import RecordError, check_provenance, is_fresh, read_measurement, remove_stale
from experiments.launcher import Child
from experiments.plan import Run, Stage
from experiments.progress import Progress

_POLL_SECONDS = 0.02
_TIMEOUT_FACTOR = 20.0
_TIMEOUT_AT_LEAST_SECONDS = 180.0
_SHORT_RUN_SECONDS = 3.0


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

    @property
    def aside(self) -> Path:
        """Records of runs that were repeated, for whoever wants to compare; no table is made from them."""
        return self.records / "cores_apart"

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

    @cached_property
    def _cores(self) -> CoreDistance:
        program = self.build.program.with_name(core_distance.PROGRAM)
        return CoreDistance(lambda: core_distance.measure(program))

    def run_stage(self, stage: Stage, due: set[str], progress: Progress) -> None:
        """Does the runs of `stage` whose records are in `due`, stage.slots at a time."""
        waiting = [run for run in stage.runs if run.record in due]
        if not waiting:
            return
        progress.say(f"{stage.title}: {len(waiting)} of {len(stage.runs)} runs to do")
        if stage.slots > 1:
            self._run_side_by_side(waiting, stage.slots, progress)
            return
        self._patience_seconds = core_distance.PATIENCE_SHARE * sum(run.estimate_seconds for run in waiting)
        for run in waiting:
            if not self._dropped(run, progress):
                self._run_alone(run, progress)

    def _dropped(self, run: Run, progress: Progress) -> bool:
        """Whether the run is left out because another one of its cell has failed."""
        if run.cell.name not in self.failed_cells:
            return False
        self.failures[run.record] = self.failed_cells[run.cell.name]
        progress.dropped(run.record)
        return True

    def _run_side_by_side(self, waiting: list[Run], slots: int, progress: Progress) -> None:
        active: list[tuple[Run, Child]] = []
        try:
            while waiting or active:
                while waiting and len(active) < slots:
                    run = waiting.pop(0)
                    if not self._dropped(run, progress):
                        active.append((run, Child(self.command(run), self._timeout(run))))
                time.sleep(_POLL_SECONDS)
                progress.running([f"{run.title} ({child.seconds:.0f} s)" for run, child in active])
                for run, child in [pair for pair in active if pair[1].poll() is not None]:
                    active.remove((run, child))
                    self._finish(run, child, 1.0 / slots, progress)
        finally:
            for _, child in active:
                child.__exit__()

    def _run_alone(self, run: Run, progress: Progress) -> None:
        """With the machine for itself: again where its cores were apart (experiments/core_distance.py)."""
        short = run.estimate_seconds <= _SHORT_RUN_SECONDS
        for repeats in range(core_distance.MOST_REPEATS + 1):
            begin = time.monotonic()
            before = self._cores.settle(self._patience_seconds) if short else self._cores.look()
            self._patience_seconds -= time.monotonic() - begin
            with Child(self.command(run), self._timeout(run)) as child:
                while child.poll() is None:
                    time.sleep(_POLL_SECONDS)
                    progress.running([f"{run.title} ({child.seconds:.0f} s)"])
                after = self._cores.look()
                apart = self._cores.apart(before) or self._cores.apart(after)
                again = apart and short and repeats < core_distance.MOST_REPEATS and self._patience_seconds > 0.0
                if child.poll() == 0 and again:
                    self._patience_seconds -= child.seconds
                    self._put_aside(run)
                    continue
                seen = {"round_trip_seconds": {"before": before, "after": after}, "apart": apart, "repeats": repeats}
                self._finish(run, child, 1.0, progress, seen if before else None)
                return

    def _put_aside(self, run: Run) -> None:
        """Keeps the record of a run that is going to be repeated; the last one, if there are several."""
        self.aside.mkdir(exist_ok=True)
        (self.running / run.record).replace(self.aside / run.record)
        remove_stale(self.aside / run.record)

    @staticmethod
    def _timeout(run: Run) -> float:
        return max(_TIMEOUT_AT_LEAST_SECONDS, _TIMEOUT_FACTOR * run.estimate_seconds)

    def _finish(
        self, run: Run, child: Child, share: float, progress: Progress, cores: dict[str, Any] | None = None
    ) -> None:
        """`share`: the part of the machine that the run had. `cores`: how far apart they were, where that was looked at."""
        seconds = child.seconds
        with child:
            reason = child.reason() if child.poll() != 0 else self._accept(run, cores)
        if reason:
            self.failures[run.record] = self.failed_cells[run.cell.name] = reason
        progress.finished(run.record, run.title, seconds, share, f"failed: {reason}" if reason else "")

    def _accept(self, run: Run, cores: dict[str, Any] | None) -> str:
        """Moves the record into place; why it cannot be, otherwise."""
        written = self.running / run.record
        try:
            record = read_measurement(written, run.record_kind)
            check_provenance(written, record, self.build.identity())
        except RecordError as error:
            return str(error)
        if cores is not None:
            written.write_text(json.dumps({**record, "cores": cores}, indent=1) + "\n", encoding="utf-8")
        final = self.records / run.record
        written.replace(final)
        remove_stale(final)
        return ""
