"""Seconds that a codec takes to encode and to decode, as a record: the benchmark program beside the runner measures them.

    python -m experiments.codec_costs --prl build/prl --codecs fp16,int8 --floats 10000,135000 --seed N --record FILE

The record, of kind 'codec_costs', has under 'codecs' by name and number of floats `encode_seconds`, `decode_seconds` and
`encoded_bytes` of one member's vector: medians over repetitions of Google Benchmark's real time.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from experiments.build import Build, describe_build
from experiments.freshness import SCHEMA_VERSION, write_json

RECORD_KIND = "codec_costs"
_REPETITIONS = 2
_TIMEOUT_SECONDS = 300


def program_of(prl: Path) -> Path:
    return prl.parent / "benchmarks" / "codecs"


def why_not(build: Build, options: dict[str, str]) -> str:
    """Why it can't be measured here; empty if it can."""
    program = program_of(build.program)
    return "" if program.is_file() else f"{program.name}, the benchmark of codecs, is not built"


def costs_of(document: dict[str, Any]) -> dict[str, dict[str, dict[str, float]]]:
    """By codec and number of floats, from Google Benchmark's document with medians only."""
    costs: dict[str, dict[str, dict[str, float]]] = {}
    for row in document["benchmarks"]:
        _, direction, codec, floats = row["run_name"].split("/")
        assert row["time_unit"] == "ns", row["time_unit"]
        entry = costs.setdefault(codec, {}).setdefault(floats, {})
        entry[f"{direction}_seconds"] = 1e-9 * row["real_time"]
        if direction == "encode":
            entry["encoded_bytes"] = row["encoded_bytes"]
    return costs


def measure(program: Path, codecs: str, floats: str) -> dict[str, Any]:
    choice = f"^codecs/(encode|decode)/({'|'.join(codecs.split(','))})/({'|'.join(floats.split(','))})$"
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "codecs.json"
        subprocess.run(
            [
                *(str(program), f"--benchmark_filter={choice}", "--benchmark_min_time=0.02"),
                *(f"--benchmark_repetitions={_REPETITIONS}", "--benchmark_report_aggregates_only=true"),
                *(f"--benchmark_out={out}", "--benchmark_out_format=json"),
            ],
            check=True,
            capture_output=True,
            timeout=_TIMEOUT_SECONDS,
        )
        document: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    rows = [row for row in document["benchmarks"] if row.get("aggregate_name") == "median"]
    return {"benchmarks": rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prl", type=Path, required=True)
    parser.add_argument("--codecs", required=True, help="names with commas between")
    parser.add_argument("--floats", required=True, help="lengths with commas between")
    parser.add_argument("--seed", type=int, required=True, help="number of the launch")
    parser.add_argument("--record", type=Path, required=True)
    options = parser.parse_args()
    build = describe_build(options.prl)
    record = {
        "kind": RECORD_KIND,
        "schema_version": SCHEMA_VERSION,
        "launch": options.seed,
        "provenance": build.build,
        "machine": build.machine,
        "codecs": costs_of(measure(program_of(build.program), options.codecs, options.floats)),
    }
    write_json(options.record, record)


if __name__ == "__main__":
    main()
