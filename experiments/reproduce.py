"""Regenerates the documents' tables and claims: runs what has no fresh record, then writes the report.

    python -m experiments.reproduce --profile smoke|default|full

Exit status: 0, 1 if a planned run failed (its row reads 'not run'), 2 on bad input, 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import fcntl
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType
from typing import Any

from experiments import calibration, optimum, reinforce
from experiments.build import Build, BuildError, describe_build
from experiments.cell import Cell, load_cells
from experiments.documents import load_documents
from experiments.execution import Execution
from experiments.freshness import RecordError, read_run_record, write_json
from experiments.launcher import Child
from experiments.plan import Planner, Run, Stage, plan_document, planned_run
from experiments.profile import Profile, load_profile, profile_names
from experiments.progress import Progress, clock
from experiments.rules import RuleCell, load_rule_cells, plan_of_rules, rule_stages
from experiments.study import Study, load_studies
from experiments.tabular import TabularCell, load_tabular_cells, tabular_stages

ROOT = Path(__file__).resolve().parent.parent
_GUESSED_COST_SECONDS = 0.004


@dataclass(frozen=True)
class Costs:
    """Of a step, by the document whose seconds it stands for."""

    pendulum_seconds: float = _GUESSED_COST_SECONDS
    reinforce: dict[str, Any] = field(default_factory=dict)  # what it was calibrated from

    @property
    def reinforce_seconds(self) -> float:
        return float(self.reinforce.get("step_cost_seconds", reinforce.GUESSED_COST_SECONDS))


@dataclass(frozen=True)
class Task:
    profile: Profile
    build: Build
    cells: list[Cell]
    output: Path
    optimum_program: Path
    tabular: tuple[TabularCell, ...] = ()
    rules: tuple[RuleCell, ...] = ()
    reinforce: tuple[reinforce.ReinforceCell, ...] = ()
    studies: tuple[Study, ...] = ()

    def stages(self, costs: Costs) -> list[Stage]:
        planner = Planner(self.profile, self.build, self.cells, costs.pendulum_seconds)
        return [
            *planner.stages(),
            *tabular_stages(self.profile, self.build, list(self.tabular)),
            *reinforce.reinforce_stages(self.profile, self.build, list(self.reinforce), costs.reinforce_seconds),
            *rule_stages(self.profile, self.build, list(self.rules)),
            *(stage for study in self.studies for stage in study.stages(self.profile, self.build)),
        ]

    @property
    def records(self) -> Path:
        return self.output / "records"

    def calibration_run(self) -> Run:
        serial = next(cell for cell in self.cells if cell.name == "as_is.serial")
        arguments = calibration.calibration_arguments(serial, self.profile)
        cell = Cell(**{**serial.as_dict(), "name": calibration.CELL_NAME})
        return planned_run(cell, 1, arguments, 3.0, self.build)

    def reinforce_calibration_run(self) -> Run:
        return reinforce.calibration_run(list(self.reinforce), load_documents(), self.build)

    def reinforce_calibration(self, run: Run) -> dict[str, Any]:
        record = read_run_record(self.records / run.record)
        return reinforce.calibrate(record, run.record, reinforce.target_seconds(load_documents()))

    def optimum_record(self) -> Path:
        return self.records / optimum.optimum_name(self.optimum_arguments(), self.build)

    def optimum_arguments(self) -> list[str]:
        return optimum.optimum_arguments(self.profile, load_documents())


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="reproduce", description=__doc__.splitlines()[0])
    parser.add_argument("--profile", default="default", help=f"one of {', '.join(profile_names())} (default: default)")
    parser.add_argument("--prl", type=Path, default=ROOT / "build" / "prl", help="the runner (default: build/prl)")
    parser.add_argument("--output", type=Path, help="folder of records and report (default: results/PROFILE)")
    parser.add_argument("--dry-run", action="store_true", help="say what would be run and how long it takes; run nothing")
    return parser.parse_args(arguments)


def load_task(options: argparse.Namespace) -> Task:
    """Raises ValueError or BuildError."""
    profile = load_profile(options.profile)
    build = describe_build(options.prl)
    output = options.output or ROOT / "results" / profile.name
    program = build.program.with_name(optimum.PROGRAM)
    tabular, episodes = tuple(load_tabular_cells()), tuple(reinforce.load_reinforce_cells())
    rules, studies = tuple(load_rule_cells()), load_studies()
    return Task(profile, build, load_cells(), output, program, tabular, rules, episodes, studies)


@contextmanager
def sole_user(folder: Path) -> Iterator[None]:
    """Holds the folder for this process. Raises ValueError if another one has it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ValueError(f"another reproduce works on {folder}: wait for it, or stop it") from error
        yield


def run_calibration(run: Run, execution: Execution) -> None:
    """Raises ValueError if it fails."""
    if not execution.due(run):
        return
    print("calibration of the step cost", flush=True)
    progress = Progress({run.record: ("calibration", run.estimate_seconds)})
    execution.run_stage(Stage("calibration", 1, (run,)), {run.record}, progress)
    progress.close()
    if execution.failures:
        raise ValueError(f"the calibration run failed: {execution.failures[run.record]}")


def calibrate(task: Task, execution: Execution) -> Costs:
    """Measured unless there are fresh records of them. Raises ValueError if they can't be had."""
    run = task.calibration_run()
    run_calibration(run, execution)
    path = task.records / run.record
    target = calibration.target_steps_per_second(load_documents())
    document = calibration.calibrate(read_run_record(path), path, target)
    write_json(task.records / calibration.FILE_NAME, document)
    of_reinforce: dict[str, Any] = {}
    if task.reinforce:
        run = task.reinforce_calibration_run()
        run_calibration(run, execution)
        of_reinforce = task.reinforce_calibration(run)
    return Costs(float(document["step_cost_seconds"]), of_reinforce)


def run_optimum(task: Task, execution: Execution, progress: Progress) -> None:
    final = task.optimum_record()
    written = execution.running / final.name
    progress.say(f"{optimum.TITLE}: dynamic programming")
    reason = f"{task.optimum_program.name} is not built"
    started = time.monotonic()
    if task.optimum_program.is_file():
        command = [str(task.optimum_program), *task.optimum_arguments(), "--output", str(written)]
        with Child(command, optimum.TIMEOUT_SECONDS) as child:
            while child.poll() is None:
                time.sleep(0.05)
                progress.running([f"{optimum.TITLE} ({child.seconds:.0f} s)"])
            reason = child.reason() if child.poll() else ""
    if reason:
        execution.failures[final.name] = reason
    else:
        written.replace(final)
        for other in final.parent.glob(f"{optimum.PROGRAM}-*.json"):
            if other != final:
                other.unlink()
    progress.finished(final.name, optimum.TITLE, time.monotonic() - started, 1.0, f"failed: {reason}" if reason else "")


def describe_plan(task: Task, stages: list[Stage], due: set[str], progress: Progress) -> None:
    runs = [run for stage in stages for run in stage.runs]
    machine = task.build.machine
    print(
        f"profile {task.profile.name} on {machine['cpu']}, {machine['usable_cores']} usable cores: {len(runs)} runs, "
        f"{sum(run.record not in due for run in runs)} up to date, about {clock(progress.seconds_left())} to go"
    )
    for stage in stages:
        to_do = [run for run in stage.runs if run.record in due]
        seconds = sum(run.estimate_seconds for run in to_do) / stage.slots
        print(f"  {stage.title:26} {len(stage.runs):4} runs, {len(to_do):4} to do, about {clock(seconds)}")
    sys.stdout.flush()


def estimates(task: Task, stages: list[Stage], due: set[str]) -> dict[str, tuple[str, float]]:
    left = {
        run.record: (stage.title, run.estimate_seconds / stage.slots)
        for stage in stages
        for run in stage.runs
        if run.record in due
    }
    if not task.optimum_record().is_file():
        left[task.optimum_record().name] = (optimum.TITLE, optimum.ESTIMATE_SECONDS)
    return left


def execute(task: Task) -> dict[str, str]:
    """Runs all that is due and writes plan.json. Returns the failures."""
    execution = Execution(task.build, task.records)
    execution.prepare()
    costs = calibrate(task, execution)
    stages = task.stages(costs)
    due = {run.record for stage in stages for run in stage.runs if execution.due(run)}
    progress = Progress(estimates(task, stages, due))
    describe_plan(task, stages, due, progress)

    def write_plan() -> None:
        document = plan_document(task.profile, task.build, task.cells, stages, execution.failures)
        document["optimum"] = task.optimum_record().name
        document["cells"].update({cell.name: cell.as_dict() for cell in (*task.tabular, *task.reinforce)})
        document["unavailable"].update(reinforce.left_out(task.reinforce, task.build.usable_cores))
        document["reinforce"] = costs.reinforce
        for plan in (plan_of_rules(task.build, list(task.rules)), *(study.plan(task.build) for study in task.studies)):
            for part, entries in plan.items():
                document[part].update(entries)
        write_json(task.records / "plan.json", document)

    write_plan()
    try:
        if not task.optimum_record().is_file():
            run_optimum(task, execution, progress)
        for stage in stages:
            execution.run_stage(stage, due, progress)
    finally:
        progress.close()
        write_plan()
    return execution.failures


def dry_run(task: Task) -> None:
    execution = Execution(task.build, task.records)
    path = task.records / calibration.FILE_NAME
    costs = Costs()
    run = task.calibration_run()
    if path.is_file() and (task.records / run.record).is_file():
        target = calibration.target_steps_per_second(load_documents())
        record = read_run_record(task.records / run.record)
        costs = Costs(calibration.calibrate(record, path, target)["step_cost_seconds"])
    if task.reinforce and (task.records / (run := task.reinforce_calibration_run()).record).is_file():
        costs = replace(costs, reinforce=task.reinforce_calibration(run))
    stages = task.stages(costs)
    due = {run.record for stage in stages for run in stage.runs if not (task.records / run.record).is_file()}
    describe_plan(task, stages, due, Progress(estimates(task, stages, due)))
    for stage in stages:
        for run in stage.runs:
            if run.record in due:
                print(f"  {run.title}: {execution.build.program.name} {' '.join(run.arguments)}")


def failed_cells(failures: dict[str, str]) -> dict[str, str]:
    """One reason a cell, from reasons by record (CELL.REPLICATE-HASH.json)."""
    return {record.rpartition("-")[0].rpartition(".")[0] or optimum.PROGRAM: why for record, why in failures.items()}


def report(task: Task) -> None:
    """Writes report.md and report.html from the records and prints the tables."""
    from plots.report import write_report  # matplotlib takes a second to load, which Ctrl-C need not wait for

    print(write_report(task.records, task.output), flush=True)


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main(arguments: list[str] | None = None) -> int:
    options = parse_arguments(arguments)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    try:
        task = load_task(options)
        if options.dry_run:
            dry_run(task)
            return 0
        with sole_user(task.records):
            failures = execute(task)
            report(task)
    except (ValueError, BuildError, RecordError) as error:
        print(f"reproduce: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        return 1  # whoever read the output has left
    except OSError as error:
        print(f"reproduce: {error.filename or 'writing'}: {error.strerror or error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nreproduce: stopped; finished runs are kept, the next call goes on from here", file=sys.stderr)
        return 130
    for cell, reason in failed_cells(failures).items():
        print(f"reproduce: {cell} failed: {reason}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
