"""PPO of Stable-Baselines3 on Pendulum-v1 with the settings of our preset sb3; writes the seconds of each round.

    python stable_baselines.py --environments N --rounds R --output FILE

One thread, on the processor. A round is 2048 steps and the learning that follows; the first one, which warms up, is left
out. What the preset calls sb3 are the library's defaults but for the networks: two of 256x256 with tanh.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import gymnasium
import numpy
import stable_baselines3
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.env_util import make_vec_env

STEPS_PER_ROUND = 2048


class RoundClock(BaseCallback):
    """Notes when each round begins."""

    def __init__(self) -> None:
        super().__init__()
        self.begins: list[float] = []

    def _on_rollout_start(self) -> None:
        self.begins.append(time.perf_counter())

    def _on_step(self) -> bool:
        return True


def round_seconds(environments: int, rounds: int) -> list[float]:
    torch.set_num_threads(1)
    model = PPO(
        "MlpPolicy",
        make_vec_env("Pendulum-v1", n_envs=environments, seed=1),
        n_steps=STEPS_PER_ROUND // environments,
        batch_size=64,
        n_epochs=10,
        learning_rate=3e-4,
        gamma=0.99,
        gae_lambda=0.95,
        clip_range=0.2,
        policy_kwargs={"net_arch": [256, 256]},
        device="cpu",
        seed=1,
    )
    clock = RoundClock()
    model.learn((rounds + 1) * STEPS_PER_ROUND, callback=clock)
    marks = [*clock.begins, time.perf_counter()]
    return [later - earlier for earlier, later in zip(marks[1:-1], marks[2:], strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--environments", type=int, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    document = {
        "kind": "peer",
        "peer": "Stable-Baselines3",
        "versions": {module.__name__: module.__version__ for module in (stable_baselines3, torch, gymnasium, numpy)},
        "steps_per_round": STEPS_PER_ROUND,
        "round_seconds": round_seconds(arguments.environments, arguments.rounds),
    }
    arguments.output.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
