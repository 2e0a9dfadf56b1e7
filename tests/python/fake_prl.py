#!/usr/bin/env python3
"""A stand-in for the runner that writes synthetic records. What it should do wrong stands in the environment:

FAKE_PRL_FAIL=MODE      a run with --collect MODE fails with a one-line error
FAKE_PRL_SECONDS=S      every run takes S seconds, deaf to SIGINT, in a child with a process group of its own
FAKE_PRL_LOG=FILE       every run adds its command line
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import synthetic


def main() -> int:
    arguments = sys.argv[1:]
    if arguments[0] == "list":
        print(json.dumps(synthetic.listing()))
        return 0
    options = synthetic.parse_options(arguments)
    if log := os.environ.get("FAKE_PRL_LOG"):
        with open(log, "a", encoding="utf-8") as file:
            file.write(" ".join(arguments) + "\n")
    if options.get("collect", "serial") == os.environ.get("FAKE_PRL_FAIL"):
        print("noise\nprl: mpirun is not on PATH: install openmpi-bin", file=sys.stderr)
        return 1
    if seconds := os.environ.get("FAKE_PRL_SECONDS"):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        subprocess.run(["sleep", seconds], check=True, process_group=0)
    path, progress = options.pop("record"), options.pop("progress")
    assert progress == "none"
    words = [arguments[0], *(word for key, value in options.items() for word in (f"--{key}", value))]
    Path(path).write_text(json.dumps(synthetic.make_record(words)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
