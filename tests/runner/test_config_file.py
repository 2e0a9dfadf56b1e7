"""--config: a TOML file stands for options, the command line has the last word."""

from __future__ import annotations

from pathlib import Path

import pytest
from program import SMALL, read_json, run, train

OPTIONS = (
    "--env CartPole-v1 --preset tuned --collect processes --workers 2 --shards 2 --learner-threads 1 --envs 4 "
    "--steps 512 --steps-per-round 128 --warmup-rounds 1 --seed 12345678901234567890 --step-cost busy:1us "
    "--evaluate-every 2 --evaluation-episodes 3 --final-episodes 2 --evaluation-action sampled "
    "--learning-rate 0.00025 --anneal-learning-rate false --gamma 0.97 --gae-lambda 0.9 --clip 0.1 --clip-value true "
    "--epochs 2 --minibatch 32 --entropy-coefficient 0.01 --value-coefficient 0.25 --max-gradient-norm 1 "
    "--adam-epsilon 1e-7 --normalise-advantages false --hidden 24,12 --initial-log-std -0.5 --activation relu "
    "--trunk separate --backpropagation flat"
)
TOML = """
env = "CartPole-v1"
preset = "tuned"
collect = "processes"
workers = 2
shards = 2
learner_threads = 1
envs = 4
steps = 512
steps_per_round = 128
warmup_rounds = 1
seed = "12345678901234567890"  # above TOML's integers
step_cost = "busy:1us"
evaluate_every = 2
evaluation_episodes = 3
final_episodes = 2
evaluation_action = "sampled"
learning_rate = 2.5e-4
anneal_learning_rate = false
gamma = 0.97
gae_lambda = 0.9
clip = 0.1
clip_value = true
epochs = 2
minibatch = 32
entropy_coefficient = 0.01
value_coefficient = 0.25
max_gradient_norm = 1
adam_epsilon = 1e-7
normalise_advantages = false
hidden = [24, 12]
initial_log_std = -0.5
activation = "relu"
trunk = "separate"
backpropagation = "flat"
"""


def test_a_file_equals_its_options(tmp_path: Path) -> None:
    file = tmp_path / "run.toml"
    file.write_text(TOML)
    by_file, by_options = train(tmp_path, f"--config {file}", OPTIONS), train(tmp_path, OPTIONS)
    assert by_file["configuration"] == by_options["configuration"]
    assert by_file["parameters_digest"] == by_options["parameters_digest"]


def test_every_setting_of_the_file_reaches_the_run(tmp_path: Path) -> None:
    """Against a run with nothing given: each setting above differs from the default."""
    file = tmp_path / "run.toml"
    file.write_text(TOML)
    # Nothing of SMALL, whose options would have the last word.
    outcome = run(["train", "--config", str(file), "--record", "record.json", "--progress", "none"], tmp_path)
    assert outcome.status == 0, outcome.errors
    configuration = read_json(tmp_path / "record.json")["configuration"]
    assert configuration["hyperparameters"] == {
        "learning_rate": 0.00025,
        "anneal_learning_rate": False,
        "gamma": 0.97,
        "gae_lambda": 0.9,
        "clip": 0.1,
        "clip_value": True,
        "epochs": 2,
        "minibatch": 32,
        "entropy_coefficient": 0.01,
        "value_coefficient": 0.25,
        "max_gradient_norm": 1.0,
        "normalise_advantages": False,
        "adam_epsilon": 1e-7,
        "hidden": [24, 12],
        "activation": "relu",
        "trunk": "separate",
        "initial_log_std": -0.5,
        "backpropagation": "flat",
    }
    assert configuration["evaluation"] == {"every_rounds": 2, "episodes": 3, "final_episodes": 2, "action": "sampled"}
    assert configuration["seed"] == 12345678901234567890
    assert configuration["step_cost"] == "busy:1us"
    assert (configuration["environment"], configuration["preset"]) == ("CartPole-v1", "tuned")
    assert (configuration["environments"], configuration["steps_per_round"]) == (4, 128)


def test_the_command_line_has_the_last_word(tmp_path: Path) -> None:
    file = tmp_path / "run.toml"
    file.write_text('gamma = 0.5\nhidden = [32, 32, 32]\nseed = 7\nenv = "CartPole-v1"\nanneal_learning_rate = true\n')
    before = train(tmp_path, "--gamma 0.25 --seed 9", f"--config {file}")["configuration"]
    after = train(tmp_path, f"--config {file}", "--gamma 0.25 --seed 9")["configuration"]
    assert before == after
    assert before["hyperparameters"]["gamma"] == 0.25
    # SMALL's.
    assert before["hyperparameters"]["hidden"] == [16, 16]
    assert before["seed"] == 9
    assert before["environment"] == "CartPole-v1"
    assert before["hyperparameters"]["anneal_learning_rate"] is True


def test_of_two_files_the_later_has_the_last_word(tmp_path: Path) -> None:
    for name, text in (("first", "gamma = 0.5\nclip = 0.3\n"), ("second", "gamma = 0.75\n")):
        (tmp_path / f"{name}.toml").write_text(text)
    record = train(tmp_path, "--config first.toml --config=second.toml")
    assert record["configuration"]["hyperparameters"]["gamma"] == 0.75
    assert record["configuration"]["hyperparameters"]["clip"] == 0.3


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (b"gamma = 0.9\nlearnin_rate = 0.1\n", ["line 2", "'learnin_rate'", "learning_rate"]),
        (b"[ppo]\ngamma = 0.9\n", ["'ppo'"]),
        (b'config = "other.toml"\n', ["'config'"]),
        (b"help = true\n", ["'help'"]),
        (b"gamma = 2020-01-01\n", ["'gamma'"]),
        (b'gamma = "much"\n', ["--gamma", "'much'"]),
        (b"gamma = nan\n", ["--gamma", "nan"]),
        (b'collect = "gpu"\n', ["--collect", "'gpu'", "serial, threads, processes, mpi"]),
        (b"gamma = [0.9\n", ["run.toml", "line"]),
        (b"gamma = 0.9\ngamma = 0.8\n", ["run.toml", "line 2"]),
        (b"\x7fELF\x02\x01\x01\x00\xff\xfe", ["run.toml", "line 1"]),
    ],
)
def test_bad_files_are_refused_with_the_place(tmp_path: Path, text: bytes, named: list[str]) -> None:
    (tmp_path / "run.toml").write_bytes(text)
    outcome = run(["train", *SMALL, "--config", "run.toml", "--record", "record.json"], tmp_path)
    assert outcome.status == 2
    assert outcome.errors.count("\n") == 1 and outcome.own_errors
    assert [name for name in named if name not in outcome.errors] == []
    assert not (tmp_path / "record.json").exists()
