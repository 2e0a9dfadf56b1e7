"""Runs the benchmarks of a build, one program at a time, and prints one table. `make bench` calls it.

    python -m benchmarks.run_all [--filter REGEX] [--build DIR] [--output DIR]

Writes one JSON document a program, Google Benchmark's own, of what the last call ran of it. Exit status: 0, 1 if a
benchmark failed, 2 on bad input, 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import re
import sys
from itertools import groupby
from pathlib import Path
from typing import Any

from benchmarks.programs import Benchmark, BenchmarkError, find_benchmarks, launches, run_launch
from benchmarks.table import render, short_name
from experiments.freshness import write_json

ROOT = Path(__file__).resolve().parent.parent
_TIMEOUT_SECONDS = 1800.0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.run_all", description=__doc__.splitlines()[0])
    parser.add_argument("--filter", default=".", metavar="REGEX", help="run only names that this matches somewhere")
    parser.add_argument("--build", type=Path, default=ROOT / "build", metavar="DIR", help="default: build")
    parser.add_argument("--output", type=Path, default=ROOT / "results" / "bench", metavar="DIR",
                        help="default: results/bench")  # fmt: skip
    parser.add_argument("--min-time", metavar="SECONDS", type=float, help="least time a benchmark, Google Benchmark's 0.5")
    parser.add_argument("--list", action="store_true", help="only print the names")
    return parser.parse_args()


def select(everything: list[Benchmark], pattern: str) -> list[Benchmark]:
    """Raises BenchmarkError, which lists what there is, where nothing matches."""
    try:
        regex = re.compile(pattern)
    except re.error as error:
        raise BenchmarkError(f"--filter '{pattern}' is no regular expression: {error}") from error
    chosen = [b for b in everything if regex.search(short_name(b.name))]
    if not chosen:
        names = "\n  ".join(short_name(b.name) for b in everything)
        raise BenchmarkError(f"--filter '{pattern}' matches none of the benchmarks:\n  {names}")
    return chosen


def run_program(benchmarks: list[Benchmark], options: list[str]) -> tuple[dict[str, Any], list[str]]:
    """The program's document and what failed in it."""
    document: dict[str, Any] = {"context": {}, "benchmarks": []}
    failures = []
    for launch in launches(benchmarks):
        try:
            part = run_launch(launch, options, _TIMEOUT_SECONDS)
        except BenchmarkError as error:
            failures.append(str(error))
            continue
        document["context"] = document["context"] or part["context"]
        document["benchmarks"] += part["benchmarks"]
        failures += [
            f"{short_name(result['name'])}: {result.get('error_message')}"
            for result in part["benchmarks"]
            if result.get("error_occurred")
        ]
    return document, failures


def main() -> int:
    arguments = parse_arguments()
    chosen = select(find_benchmarks(arguments.build / "benchmarks"), arguments.filter)
    if arguments.list:
        print("\n".join(short_name(b.name) for b in chosen))
        return 0
    arguments.output.mkdir(parents=True, exist_ok=True)
    options = [] if arguments.min_time is None else [f"--benchmark_min_time={arguments.min_time}"]
    results: list[dict[str, Any]] = []
    failures: list[str] = []
    groups = [(program, list(group)) for program, group in groupby(chosen, key=lambda b: b.program)]
    for index, (program, group) in enumerate(groups, 1):
        print(f"bench: [{index}/{len(groups)}] {program.name}: {len(group)} benchmarks", flush=True)
        document, failed = run_program(group, options)
        failures += failed
        if document["benchmarks"]:
            write_json(arguments.output / f"{program.name}.json", document)
        results += document["benchmarks"]
    if results:
        print(f"\n{render(results)}\n\nbench: JSON in {arguments.output}")
    for failure in failures:
        print(f"bench: failed: {failure}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BenchmarkError as error:
        print(f"bench: {error}", file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        print(f"bench: {error.filename or 'writing'}: {error.strerror or error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("\nbench: stopped; what was finished is written", file=sys.stderr)
        sys.exit(130)
