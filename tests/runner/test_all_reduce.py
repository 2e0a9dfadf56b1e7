"""Ranks that add gradients up in another order end with parameters within rounding, and with the same ones every time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from program import train

ONE_UPDATE = "--env CartPole-v1 --envs 12 --steps-per-round 768 --steps 768 --epochs 1 --minibatch 768"


def parameters(folder: Path, *options: str) -> np.ndarray:
    policy = folder / "policy.bin"
    train(folder, ONE_UPDATE, f"--collect mpi --agreement all-reduce --save-policy {policy}", *options)
    header, _, data = policy.read_bytes().partition(b"\n")
    assert header.startswith(b"{")
    return np.frombuffer(data, dtype="<f4").astype(np.float64)


@pytest.mark.parametrize("workers", (3, 4))
@pytest.mark.parametrize("kind", ("ring", "halving-doubling", "library"))
def test_parameters_agree_within_rounding_and_repeat(tmp_path: Path, kind: str, workers: int) -> None:
    direct = parameters(tmp_path, f"--workers {workers}")
    other = parameters(tmp_path, f"--workers {workers} --all-reduce {kind}")
    assert np.linalg.norm(other - direct) < 1e-5 * np.linalg.norm(direct)
    if kind != "library":  # which chooses its order by itself
        assert (other != direct).any()
    again = parameters(tmp_path, f"--workers {workers} --all-reduce {kind}")
    assert (again == other).all()
