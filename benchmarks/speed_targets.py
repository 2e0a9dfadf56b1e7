"""Measures the speeds that the suite has to reach and says which are: reached, missed, or inconclusive.

    python -m benchmarks.speed_targets [--only NAME,...] [--passes N] [--build DIR] [--peer-python FILE]

Every group launches its rows interleaved and judges ratios by their 95 % interval over launches. A launch
that began or ended with the cores apart is repeated. Raw samples go to OUTPUT/targets_NAME.json. Exit status: 0 whatever the verdicts, 1 if a launch failed, 2 on bad input, 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from types import ModuleType

from benchmarks.programs import BenchmarkError
from benchmarks.targets import busy, communication, end_to_end, free_running, pipelined, split_gradients, wait
from benchmarks.targets.interleave import launch_interleaved
from benchmarks.targets.setting import Setting
from benchmarks.targets.target import Target, render_targets
from experiments import core_distance
from experiments.core_distance import CoreDistance
from experiments.freshness import write_json

ROOT = Path(__file__).resolve().parent.parent
SCHEMA_VERSION = 1
GROUPS: dict[str, ModuleType] = {
    "end_to_end": end_to_end,
    "busy": busy,
    "wait": wait,
    "pipelined": pipelined,
    "free_running": free_running,
    "split_gradients": split_gradients,
    "communication": communication,
}


class UsageError(ValueError):
    """One line: what was wrong and what to do."""


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.speed_targets", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", default=",".join(GROUPS), metavar="NAME,...", help=f"of {', '.join(GROUPS)}")
    parser.add_argument("--passes", type=int, default=5, metavar="N", help="launches a row (default: 5)")
    parser.add_argument("--quick", action="store_true", help="shorter rounds, to see that everything runs")
    parser.add_argument("--build", type=Path, default=ROOT / "build", metavar="DIR", help="default: build")
    parser.add_argument("--peer-python", type=Path, default=ROOT / ".venv-peers/bin/python", metavar="FILE",
                        help="default: .venv-peers/bin/python, made by `make peers`")  # fmt: skip
    parser.add_argument("--output", type=Path, default=ROOT / "results" / "bench", metavar="DIR",
                        help="default: results/bench")  # fmt: skip
    return parser.parse_args()


def chosen_groups(names: str, passes: int) -> list[str]:
    if passes < 1:
        raise UsageError(f"--passes is {passes}: give at least 1 (an interval needs 2)")
    chosen = [name.strip() for name in names.split(",") if name.strip()]
    for name in chosen or [names]:
        if name not in GROUPS:
            raise UsageError(f"--only '{name}' is unknown: give some of {', '.join(GROUPS)}")
    return chosen


def check_programs(setting: Setting, groups: list[str]) -> None:
    needed = [(setting.prl, "`make build`")]
    if "split_gradients" in groups:
        needed.append((setting.benchmark_programs / "agreement", "`make build`"))
    if "end_to_end" in groups:
        needed.append((setting.peer_python, "`make peers`, or name another with --peer-python"))
    for program, remedy in needed:
        if not program.is_file():
            raise UsageError(f"{program} is missing: run {remedy}")


def measure(name: str, setting: Setting, passes: int, output: Path) -> list[Target]:
    """Runs one group and writes its samples. Raises BenchmarkError."""
    group = GROUPS[name]
    rows = group.rows(setting)
    program = setting.prl.with_name(core_distance.PROGRAM)
    cores = CoreDistance(lambda: core_distance.measure(program))
    samples = launch_interleaved(group.TITLE, rows, passes, cores)
    targets: list[Target] = group.judge(samples, setting)
    document = {
        "schema_version": SCHEMA_VERSION,
        "kind": "speed targets",
        "group": name,
        "quick": setting.quick,
        "commands": {row.name: list(row.command) for row in rows},
        "samples": samples,
        "targets": [target.document() for target in targets],
        "setting": {key: str(value) for key, value in asdict(setting).items()},
    }
    write_json(output / f"targets_{name}.json", document)
    return targets


def main() -> int:
    arguments = parse_arguments()
    groups = chosen_groups(arguments.only, arguments.passes)
    build = arguments.build.resolve()
    # Not resolved: a virtual environment's python is a link, and is found by its place.
    peer = arguments.peer_python.absolute()
    setting = Setting(build / "prl", build / "benchmarks", peer, arguments.quick)
    check_programs(setting, groups)
    arguments.output.mkdir(parents=True, exist_ok=True)
    targets: list[Target] = []
    failures = []
    for name in groups:
        try:
            targets += measure(name, setting, arguments.passes, arguments.output)
        except BenchmarkError as error:
            failures.append(f"{name}: {error}")
    if targets:
        print(f"\n{render_targets(targets)}\n\ntargets: samples in {arguments.output}")
    if setting.quick:
        print("targets: --quick: rounds too short to judge by")
    for failure in failures:
        print(f"targets: failed: {failure}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except UsageError as error:
        print(f"targets: {error}", file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        print(f"targets: {error.filename or 'writing'}: {error.strerror or error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("\ntargets: stopped; groups that were finished are written", file=sys.stderr)
        sys.exit(130)
