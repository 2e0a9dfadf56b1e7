"""A study of `prl tune` in a folder of its own that leaves one record: the study's, and when each model reached its target.

    python -m experiments.model_search --prl build/prl --space rates --search random --workers 2 --trials 8 --rounds 1200
        --target 475 --train "env=CartPole-v1 algorithm=a2c evaluate_every=200" --seed 1 --record study.json
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

# What is drawn: settings of which few are good, or four models that are all trained.
SPACES = {
    "rates": """
[space.learning_rate]
kind = "log-uniform"
low = 1e-6
high = 1.0
[space.gamma]
kind = "uniform"
low = 0.8
high = 0.999
""",
    "models": """
[space.seed]
kind = "choice"
values = [1, 2, 3, 4]
""",
}
_REDUCTION = 3
_RUNGS_BELOW = 2


def _toml(value: str) -> str:
    try:
        return json.dumps(json.loads(value))
    except json.JSONDecodeError:
        return json.dumps(value)


def study_text(arguments: argparse.Namespace) -> str:
    first = max(1, arguments.rounds // _REDUCTION**_RUNGS_BELOW)
    lines = ["[study]", f"rounds = {arguments.rounds}", f"first_rounds = {first}", f"reduction = {_REDUCTION}"]
    lines += [f"seed = {arguments.seed}", f"target = {arguments.target}", "[train]"]
    lines += [f"{key} = {_toml(value)}" for key, value in (word.split("=", 1) for word in arguments.train.split())]
    return "\n".join(lines) + SPACES[arguments.space]


def reached_seconds(record: dict[str, Any], target: float, steps_before: int = 0) -> float | None:
    """Seconds of a training run, its start-up included, until an evaluation first reached the target; None if none did.
    The curve of a run that went on from a checkpoint begins with what was done before, and is counted from there."""
    before = [point for point in record["curve"] if point["steps"] <= steps_before]
    reached = (p["seconds"] for p in record["curve"][len(before) :] if p.get("evaluation_return", float("-inf")) >= target)
    seconds = next(reached, None)
    begun = float(before[-1]["seconds"]) if before else 0.0
    return None if seconds is None else float(record["seconds"]["start_up"]) + float(seconds) - begun


def models_of(folder: Path, target: float) -> list[dict[str, Any]]:
    """Of every run that ended well: when it began and when it reached the target, since the study began."""
    models = []
    for path in sorted((folder / "trials").glob("*.record.json")):
        trial = json.loads(path.with_name(path.name.replace(".record", "")).read_text(encoding="utf-8"))
        seconds = reached_seconds(json.loads(path.read_text(encoding="utf-8")), target, trial["steps_before"])
        started = trial["seconds"]["started"]
        reached = None if seconds is None else started + seconds
        models.append({"trial": trial["trial"], "stage": trial["stage"], "started": started, "reached": reached})
    return models


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prl", type=Path, required=True)
    parser.add_argument("--space", choices=sorted(SPACES), required=True)
    parser.add_argument("--search", required=True)
    parser.add_argument("--workers", required=True)
    parser.add_argument("--trials", required=True)
    parser.add_argument("--place", default="processes")
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--target", type=float, required=True)
    parser.add_argument("--train", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--record", type=Path, required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "study.toml").write_text(study_text(arguments), encoding="utf-8")
        # Names without the folder, which is another each time: they are in the record.
        words = ["--study", "study.toml", "--output", "found", "--search", arguments.search, "--progress", "none"]
        words += ["--workers", arguments.workers, "--trials", arguments.trials, "--place", arguments.place]
        status = subprocess.run([str(arguments.prl.resolve()), "tune", *words], check=False, cwd=folder).returncode
        if status != 0:
            return status
        record = json.loads((folder / "found" / "study.json").read_text(encoding="utf-8"))
        record["models"] = models_of(folder / "found", arguments.target)
    arguments.record.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
