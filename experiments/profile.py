"""A profile: how much of everything is run."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Profile:
    name: str
    launches: int
    timing_steps_per_round: int
    timing_rounds: int
    cost_launches: int
    cost_steps_per_round: int
    cost_rounds: int
    warmup_rounds: int
    calibration_rounds: int
    learning_seeds: int
    learning_steps: int
    evaluation_every_rounds: int
    evaluation_episodes: int
    final_episodes: int
    bits_rounds: int
    direct_seeds: int
    direct_steps: int
    optimum: dict[str, int]
    tabular: dict[str, int]
    rules: dict[str, int]
    reinforce: dict[str, int]

    def launches_of(self, regime: str) -> int:
        return self.launches if regime == "as_is" else self.cost_launches

    def steps_per_round(self, regime: str) -> int:
        return self.timing_steps_per_round if regime == "as_is" else self.cost_steps_per_round

    def rounds(self, regime: str) -> int:
        return self.timing_rounds if regime == "as_is" else self.cost_rounds

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def profile_names(path: Path = FOLDER / "profiles.toml") -> list[str]:
    return list(tomllib.loads(path.read_text(encoding="utf-8")))


def load_profile(name: str, path: Path = FOLDER / "profiles.toml") -> Profile:
    """Raises ValueError with the known names for an unknown one."""
    profiles = tomllib.loads(path.read_text(encoding="utf-8"))
    if name not in profiles:
        raise ValueError(f"profile {name!r} is not known; it is one of: {', '.join(profiles)}")
    return Profile(name=name, **profiles[name])
