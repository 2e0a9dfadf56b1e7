"""How fast members that gossip agree, without learning: gossip_mixing, its answer made a record of this build."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from experiments.build import Build, BuildError, describe_build
from experiments.freshness import write_json

PROGRAM = "gossip_mixing"


def why_not(build: Build, _options: dict[str, str]) -> str:
    """Why it can't be run; empty if it can."""
    return "" if build.program.with_name(PROGRAM).is_file() else f"{PROGRAM} is not built"


def measure(build: Build, arguments: list[str]) -> dict[str, object]:
    """The program's document. Raises BuildError."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "mixing.json"
        command = [str(build.program.with_name(PROGRAM)), *arguments, "--output", str(output)]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True)
            document: dict[str, object] = json.loads(output.read_text(encoding="utf-8"))
        except (OSError, subprocess.CalledProcessError, ValueError) as error:
            raise BuildError(f"{PROGRAM} gave no answer ({getattr(error, 'stderr', '') or error}): rebuild it") from error
    return {**document, "provenance": build.build, "machine": build.machine}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prl", type=Path, required=True)
    parser.add_argument("--record", type=Path, required=True)
    parser.add_argument("--seed", required=True)
    parser.add_argument("--meetings", default="40")
    options = parser.parse_args()
    try:
        document = measure(describe_build(options.prl), ["--seed", options.seed, "--meetings", options.meetings])
    except BuildError as error:
        print(f"gossip_mixing: {error}", file=sys.stderr)
        return 1
    write_json(options.record, document)
    return 0


if __name__ == "__main__":
    sys.exit(main())
