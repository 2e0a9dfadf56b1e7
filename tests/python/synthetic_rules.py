"""Records of the learning rules as the runner would write them, of which the tests know the truth."""

from __future__ import annotations

import random
from typing import Any


def make_record(options: dict[str, str], steps: int = 50_000, crosses_at: int = 20_000) -> dict[str, Any]:
    """A run whose evaluations every 2,000 steps are above every threshold from `crosses_at` on, at 10,000 steps a second;
    with a lag that is not corrected for it learns half as well, and N waiting actors are N times as fast. Document D1's
    program as printed never has an episode that is long enough."""
    noise = random.Random(" ".join(f"{key} {value}" for key, value in options.items())).uniform(0.98, 1.02)
    lag = int(options.get("lag", "0"))
    high = 250.0 * noise if options.get("correct-off-policy") == "false" and lag > 0 else 500.0
    rate = 1e4 * noise * (int(options["workers"]) if "step-cost" in options else 1)
    free = options.get("agreement") != "all-reduce"
    curve = [
        {
            "steps": at,
            "seconds": at / rate,
            "training_return": 9.0,
            "evaluation_return": high if at >= crosses_at else -1500.0,
        }
        for at in range(2_000, steps + 1, 2_000)
    ]
    made: dict[str, Any] = {
        "configuration": {"environment": options["env"]},
        "counts": {"environment_steps": steps},
        "steps_per_second": rate,
        "curve": curve,
        "final_evaluation": {"episodes": 100, "mean": high if crosses_at < steps else 9.0},
        "staleness": [{"lag": 0, "segments": 90}, {"lag": 2, "segments": 10}] if free else [],
        "oversubscribed": False,
    }
    if options["algorithm"] == "dqn":
        made["replay"] = {"added_per_second": rate, "sampled_per_second": 32 * rate, "samples_per_insert": 32.0}
    if "solved-return" in options:
        printed = options["preset"] == "d1"
        first = {"return": 195.0, "steps": None if printed else 4_000, "seconds": None if printed else 0.4}
        made["first_episode_above"] = first
    return made
