"""Records as the runner would write them, from a model of a machine: what the tests know the truth of.

A round of R steps takes R (collect + T) / W + transfer (W - 1) + R learn, with noise of a stated size.
"""

from __future__ import annotations

import hashlib
import random
from typing import Any

import synthetic_reinforce
import synthetic_rules

SOURCE_DIGEST = "5" * 16
MACHINE = {"cpu": "Example CPU", "usable_cores": 2, "memory_bytes": 8_000_000_000, "kernel": "6.1"}
BUILD = {
    "commit": "c0ffee",
    "source_digest": SOURCE_DIGEST,
    "compiler": "g++ 12.2.0",
    "flags": "-O3",
    "build_type": "Release",
    "instruction_set": "avx512",
    "libraries": {"libtorch": "2.13.0", "mpi": "4.1.4", "onetbb": "2021.8"},
}
HYPERPARAMETERS = {
    "learning_rate": 3e-4,
    "gamma": 0.99,
    "gae_lambda": 0.95,
    "clip": 0.2,
    "epochs": 10,
    "minibatch": 64,
    "entropy_coefficient": 0.0,
    "value_coefficient": 0.5,
    "max_gradient_norm": 0.5,
    "hidden": [256],
    "activation": "tanh",
    "trunk": "shared",
    "anneal_learning_rate": False,
}
COLLECT_SECONDS_PER_STEP = 3e-6
LEARN_SECONDS_PER_STEP = 50e-6
TRANSFER_SECONDS = {"serial": 0.0, "threads": 1e-6, "processes": 2e-6, "mpi": 3e-4}


def listing() -> dict[str, Any]:
    """What `prl list --json` answers."""
    return {"schema_version": 1, "build": BUILD, "machine": MACHINE, "environments": [], "presets": [], "cells": []}


def parse_options(arguments: list[str]) -> dict[str, str]:
    """--key value pairs of a command line after its first word."""
    words = arguments[1:]
    return {key.removeprefix("--"): value for key, value in zip(words[::2], words[1::2], strict=True)}


def _cost_seconds(step_cost: str) -> float:
    if step_cost == "none":
        return 0.0
    number = step_cost.partition(":")[2]
    return float(number.removesuffix("us")) * 1e-6


def _communication(collect: str, workers: int, rounds: int, agreement: str) -> dict[str, dict[str, float]]:
    transfer = TRANSFER_SECONDS[collect] * (workers - 1) * rounds
    counts = {
        "weights": {"bytes": 270_000 * (workers - 1) * rounds, "transfer_seconds": 0.4 * transfer},
        "trajectories": {"bytes": 60_000 * (workers - 1) * rounds, "transfer_seconds": 0.6 * transfer},
        "gradients": {"bytes": 0, "transfer_seconds": 0.5 * transfer if agreement == "all-reduce" else 0.0},
        "control": {"bytes": 16 * (workers - 1) * rounds, "transfer_seconds": 0.0},
    }
    waiting = 2e-4 * rounds if workers > 1 else 0.0
    return {
        purpose: {**count, "messages": (workers - 1) * rounds, "waiting_seconds": waiting if purpose == "trajectories" else 0.0}
        for purpose, count in counts.items()
    }


def _curve(options: dict[str, str], generator: random.Random) -> list[dict[str, Any]]:
    """A return that rises from -1400 towards a level that depends on the preset."""
    every, per_round = int(options["evaluate-every"]), int(options["steps-per-round"])
    if every == 0:
        return []
    level = -150.0 if options["preset"] == "tuned" else -190.0
    pace = (40e3 if options["preset"] == "tuned" else 90e3) * generator.uniform(0.8, 1.3)
    points = []
    for at in range(every * per_round, int(options["steps"]) + 1, every * per_round):
        value = level - 1250.0 * 2.0 ** (-4 * at / pace) + generator.gauss(0, 12)
        points.append({"steps": at, "seconds": at * 6e-5, "training_return": None, "training_episodes": 0,
                       "evaluation_return": value, "evaluation_standard_error": 9.0})  # fmt: skip
    return points


def _final(options: dict[str, str], generator: random.Random) -> dict[str, Any]:
    episodes = int(options["final-episodes"])
    level = -150.0 if options["preset"] == "tuned" else -190.0
    returns = [generator.gauss(level, 80) for _ in range(episodes)]
    mean = sum(returns) / episodes
    return {"episodes": episodes, "action": "mean", "mean": mean, "standard_error": 5.0, "returns": returns}


def _shared(arguments: list[str]) -> dict[str, Any]:
    """What every record has."""
    return {
        "schema_version": 1,
        "kind": "train",
        "command": "prl " + " ".join(arguments),
        "provenance": {key: BUILD[key] for key in ("commit", "source_digest", "compiler", "flags", "libraries")},
        "machine": MACHINE,
        "interrupted": False,
        "warnings": [],
    }


def make_rule_record(arguments: list[str]) -> dict[str, Any]:
    """The record of a cell of experiments/rules_cells.toml."""
    return {**_shared(arguments), "seconds": {"total": 1.0}, **synthetic_rules.make_record(parse_options(arguments))}


def make_record(arguments: list[str], noise: float = 0.01) -> dict[str, Any]:
    """The record of `prl train ...` on the model machine; `noise`: relative spread of a round's seconds."""
    options = parse_options(arguments)
    if options.get("preset") == "d0":
        return {**_shared(arguments), **synthetic_reinforce.make_record(options, noise)}
    if "learner-threads" not in options:
        return make_rule_record(arguments)
    generator = random.Random(" ".join(arguments))
    collect, workers, seed = options["collect"], int(options["workers"]), int(options["seed"])
    per_round, steps = int(options["steps-per-round"]), int(options["steps"])
    rounds = -(-steps // per_round)
    cost = _cost_seconds(options["step-cost"])
    at_once = workers if options["step-cost"].startswith("wait") else min(workers, MACHINE["usable_cores"])
    communication = _communication(collect, workers, rounds, options["agreement"])
    moved = sum(c["transfer_seconds"] + c["waiting_seconds"] for c in communication.values()) / rounds
    learned = per_round * LEARN_SECONDS_PER_STEP
    samples = []
    for _ in range(rounds):
        factor = generator.gauss(1.0, noise)
        collected = per_round * (COLLECT_SECONDS_PER_STEP + cost) / at_once * factor + moved
        samples.append({"total": collected + learned * factor, "collect": collected, "learn": learned * factor})
    total = sum(sample["total"] for sample in samples)
    bits = f"{options['preset']} {options['envs']} {options['agreement']} {steps} {per_round} {seed}"
    record: dict[str, Any] = {
        **_shared(arguments),
        "configuration": {
            "preset": options["preset"], "collect": collect, "workers": workers, "steps_per_round": per_round,
            "environments": int(options["envs"]), "seed": seed, "hyperparameters": HYPERPARAMETERS,
        },
        "counts": {"rounds": rounds, "environment_steps": rounds * per_round, "parameters": 67_000},
        "steps_per_second": rounds * per_round / total,
        "seconds": {"total": total, "rounds": samples, "workers": [{"collect": samples[0]["collect"] * rounds}] * workers},
        "communication": communication,
        "curve": _curve(options, generator),
        "parameters_digest": hashlib.sha256(bits.encode()).hexdigest()[:16],
        "oversubscribed": workers > MACHINE["usable_cores"] and not options["step-cost"].startswith("wait"),
    }  # fmt: skip
    if int(options["final-episodes"]):
        record["final_evaluation"] = _final(options, generator)
    return record
