"""The best possible mean return of Pendulum-v1: pendulum_optimum, run once, its answer kept beside the records."""

from __future__ import annotations

import hashlib
import json

from experiments.build import Build
from experiments.documents import Documents
from experiments.profile import Profile

PROGRAM = "pendulum_optimum"
TITLE = "best possible return"
ESTIMATE_SECONDS = 20.0
TIMEOUT_SECONDS = 3600.0


def threshold(documents: Documents) -> float:
    """The document's best mean return."""
    return float(max(row["final_mean_reward"] for row in documents.rows("D4.convergence")))


def optimum_arguments(profile: Profile, documents: Documents) -> list[str]:
    settings = [item for key, value in profile.optimum.items() for item in (f"--{key}", str(value))]
    return [*settings, "--threshold", str(threshold(documents))]


def optimum_name(arguments: list[str], build: Build) -> str:
    """The answer is arithmetic: it depends on the settings and the sources, not on the machine."""
    key = json.dumps([arguments, build.build["source_digest"]])
    return f"{PROGRAM}-{hashlib.sha256(key.encode()).hexdigest()[:10]}.json"
