"""Records of REINFORCE as the runner would write them, from a model of a machine: what the tests know the truth of.

Epoch e has n_e steps, of which the busiest of W workers takes (1 + imbalance) n_e / W. Without cost it takes
n_e (c + l) seconds in serial, and a hand-over more with processes; a step that costs T adds k T for each of the busiest
worker's.
"""

from __future__ import annotations

import hashlib
import math
import random
from typing import Any

COLLECT_SECONDS_PER_STEP = 0.2e-6
LEARN_SECONDS_PER_STEP = 0.2e-6
HAND_OVER_SECONDS = 2e-3
IMBALANCE = 0.04
FACTOR = 1.02  # k
CORES = 2


def _cost(options: dict[str, str]) -> float:
    text = options.get("step-cost", "none").partition(":")[2]
    return float(text.removesuffix("us")) * 1e-6 if text else 0.0


def _returns(epochs: int, seed: int) -> list[float]:
    generator = random.Random(seed)
    return [20.0 + 470.0 / (1 + math.exp(-(epoch - 110) / 14)) + generator.gauss(0, 3) for epoch in range(1, epochs + 1)]


def make_record(options: dict[str, str], noise: float) -> dict[str, Any]:
    """The parts of the record that are of this rule; `noise`: relative spread of an epoch's seconds."""
    epochs, workers = int(options["rounds"]), int(options["workers"])
    seed, generator = int(options["seed"]), random.Random(str(sorted(options.items())))
    paid = [int(epoch) for epoch in options.get("cost-rounds", "").split(",") if epoch]
    returns = _returns(epochs, 1000 * int(options["envs"]) + seed)
    curve, rounds, so_far = [], [], 0
    learners = min(workers, CORES) if options["agreement"] == "all-reduce" else 1
    for epoch, value in enumerate(returns, 1):
        steps = round(128 * value)
        busiest = steps if workers == 1 else round((1 + IMBALANCE) * steps / workers)
        so_far += steps
        curve.append({"steps": so_far, "seconds": 0.0, "training_return": value, "training_episodes": 128,
                      "busiest_worker_steps": busiest})  # fmt: skip
        collect = steps * COLLECT_SECONDS_PER_STEP / min(workers, CORES) + (HAND_OVER_SECONDS if workers > 1 else 0.0)
        collect += FACTOR * _cost(options) * busiest if epoch in paid else 0.0
        learn = steps * LEARN_SECONDS_PER_STEP / learners
        factor = generator.gauss(1.0, noise)
        rounds.append({"total": (collect + learn) * factor, "collect": collect * factor, "learn": learn * factor})
    learning = options["agreement"] == "all-reduce" or not options.get("step-cost", "none").startswith("wait")
    bits = f"{options['envs']} {options['shards']} {epochs} {seed}"
    final = {"episodes": 200, "action": "sampled", "mean": returns[-1], "standard_error": 1.0, "returns": []}
    return {
        "configuration": {"algorithm": "reinforce", "step_cost": options.get("step-cost", "none"), "cost_rounds": paid},
        "counts": {"rounds": epochs, "environment_steps": so_far, "episodes": 128 * epochs},
        "steps_per_second": so_far / sum(sample["total"] for sample in rounds),
        "seconds": {"rounds": rounds},
        "curve": curve,
        "parameters_digest": hashlib.sha256(bits.encode()).hexdigest()[:16],
        "oversubscribed": workers > CORES and learning,
        **({"final_evaluation": final} if int(options["final-episodes"]) else {}),
    }
