"""The best possible mean return of Pendulum-v1: pendulum_optimum, run once, its answer kept beside the records."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from experiments.build import Build
from experiments.profile import Profile

PROGRAM = "pendulum_optimum"
TITLE = "best possible return"
ESTIMATE_SECONDS = 45.0
_TIMEOUT_SECONDS = 1800.0


def optimum_command(program: Path, profile: Profile, output: Path) -> list[str]:
    settings = [item for key, value in profile.optimum.items() for item in (f"--{key}", str(value))]
    return [str(program), *settings, "--output", str(output)]


def optimum_name(profile: Profile, build: Build) -> str:
    """The answer is arithmetic: it depends on the settings and the sources, not on the machine."""
    key = json.dumps([profile.optimum, build.build["source_digest"]], sort_keys=True)
    return f"{PROGRAM}-{hashlib.sha256(key.encode()).hexdigest()[:10]}.json"


def timeout_seconds(profile: Profile) -> float:
    return _TIMEOUT_SECONDS
