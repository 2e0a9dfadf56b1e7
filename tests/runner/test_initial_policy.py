"""--initial-policy: a run starts with the parameters of a saved policy, in every mode, or is refused for what differs."""

from __future__ import annotations

from pathlib import Path

import pytest
from program import run, train
from test_bad_input import expect_usage_error

BASE = "--env CartPole-v1 --steps 512 --seed 5"
MODES = [
    "serial",
    "threads --workers 2",
    "processes --workers 2",
    "mpi --workers 2",
]


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("policy")
    train(folder, BASE, "--save-policy policy")
    return folder / "policy"


@pytest.mark.parametrize("collect", MODES)
def test_a_run_without_a_step_keeps_them(tmp_path: Path, policy: Path, collect: str) -> None:
    """With a learning rate of nothing the parameters stay what they were at the start."""
    start = f"--initial-policy {policy} --collect {collect}"
    record = train(tmp_path, BASE, "--learning-rate 1e-30 --save-policy policy", start)
    assert record["configuration"]["initial_policy"] == str(policy)
    assert (tmp_path / "policy").read_bytes() == policy.read_bytes()


def test_split_gradients_start_with_them_too(tmp_path: Path, policy: Path) -> None:
    for collect in ("processes --workers 2", "mpi --workers 2"):
        options = f"--agreement all-reduce --initial-policy {policy} --collect {collect}"
        train(tmp_path, BASE, "--learning-rate 1e-30 --save-policy policy", options)
        assert (tmp_path / "policy").read_bytes() == policy.read_bytes()


@pytest.mark.parametrize("other", ["--hidden 17,16", "--activation relu", "--trunk separate", "--env Pendulum-v1"])
def test_others_are_refused(tmp_path: Path, policy: Path, other: str) -> None:
    words = f"train {BASE} --hidden 16,16 --steps-per-round 256 --envs 8 {other} --initial-policy {policy}".split()
    expect_usage_error(run(words, tmp_path), "is of another environment, kind of policy or network")


def test_one_that_is_not_there_is_named(tmp_path: Path) -> None:
    expect_usage_error(run(["train", "--initial-policy", "missing"], tmp_path), "missing cannot be read")
