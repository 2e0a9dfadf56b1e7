"""The tuned preset solves the environments that PPO can solve in a few seconds."""

from __future__ import annotations

from pathlib import Path

import pytest
from program import read_json, run


@pytest.mark.parametrize(("environment", "steps", "solved"), [("CartPole-v1", 81_920, 475.0), ("Acrobot-v1", 81_920, -100.0)])
def test_the_tuned_preset_solves(tmp_path: Path, environment: str, steps: int, solved: float) -> None:
    arguments = f"train --env {environment} --preset tuned --steps {steps} --seed 3 --final-episodes 100 --progress none"
    assert run([*arguments.split(), "--record", "run.json"], tmp_path).status == 0
    assert read_json(tmp_path / "run.json")["final_evaluation"]["mean"] >= solved
