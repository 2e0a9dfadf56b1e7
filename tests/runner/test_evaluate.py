"""prl evaluate: a saved policy holds the final parameters, evaluates the same way each time, and is refused if torn."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

import pytest
from program import read_json, run, train
from record_schema import faults_of
from test_bad_input import expect_usage_error

FINAL_EVALUATION_SALT = 0x9E3779B9


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A policy's file and the record of its training."""
    folder = tmp_path_factory.mktemp("trained")
    record = train(folder, "--env CartPole-v1 --steps 512 --seed 5 --final-episodes 6 --save-policy policy")
    return folder / "policy", record


def evaluate(folder: Path, policy: Path, *options: str) -> dict[str, Any]:
    outcome = run(["evaluate", "--policy", str(policy), *options, "--record", "evaluation.json"], folder)
    assert outcome.status == 0, outcome.errors
    record = read_json(folder / "evaluation.json")
    assert faults_of(record, "prl evaluate") == []
    assert f"mean return {record['mean']:.2f} over {record['episodes']} episodes" in outcome.output
    return record


def fnv_1a(data: bytes) -> str:
    digest = 0xCBF29CE484222325
    for byte in data:
        digest = (digest ^ byte) * 0x100000001B3 % 2**64
    return f"{digest:016x}"


def test_a_policy_file_holds_the_final_parameters(trained: tuple[Path, dict[str, Any]]) -> None:
    policy, record = trained
    header, _, parameters = policy.read_bytes().partition(b"\n")
    assert json.loads(header)["parameters"] * 4 == len(parameters) == record["counts"]["parameters"] * 4
    assert fnv_1a(parameters) == record["parameters_digest"]


def test_it_repeats_the_final_evaluation(tmp_path: Path, trained: tuple[Path, dict[str, Any]]) -> None:
    policy, record = trained
    again = evaluate(tmp_path, policy, "--episodes", "6", "--seed", str(5 ^ FINAL_EVALUATION_SALT))
    assert again["returns"] == record["final_evaluation"]["returns"]
    assert again["action"] == "mean" and again["environment"] == "CartPole-v1"
    assert again["mean"] == pytest.approx(statistics.mean(again["returns"]))
    assert again["standard_error"] == pytest.approx(statistics.stdev(again["returns"]) / 6**0.5)


def test_what_changes_the_returns(tmp_path: Path, trained: tuple[Path, dict[str, Any]]) -> None:
    policy, _ = trained
    returns = [
        evaluate(tmp_path, policy, "--episodes", "8", *options)["returns"]
        for options in ([], [], ["--env", "CartPole-v1"], ["--sampled"], ["--sampled"], ["--seed", "2"])
    ]
    assert returns[0] == returns[1] == returns[2]
    assert returns[3] == returns[4]
    assert returns[0] != returns[3] and returns[0] != returns[5]
    # Environments have random numbers of their own: fewer episodes are the first of more.
    assert evaluate(tmp_path, policy, "--episodes", "3")["returns"] == returns[0][:3]


def test_the_policy_is_the_same_from_every_mode(tmp_path: Path, trained: tuple[Path, dict[str, Any]]) -> None:
    policy, _ = trained
    options = "--env CartPole-v1 --steps 512 --seed 5 --collect mpi --workers 2 --save-policy policy"
    train(tmp_path, options)
    assert (tmp_path / "policy").read_bytes() == policy.read_bytes()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--env", "Pendulum-v1"], "was trained on CartPole-v1 and does not fit Pendulum-v1"),
        (["--env", "Hopper-v4"], "'Hopper-v4' is unknown: give one of CartPole-v1, Acrobot-v1"),
        (["--episodes", "0"], "--episodes must be at least 1"),
        (["--episodes", "many"], "--episodes cannot be 'many': give a whole number"),
        (["--seed", "-1"], "'-1' is no seed"),
    ],
)
def test_bad_options(
    tmp_path: Path, trained: tuple[Path, dict[str, Any]], options: list[str], named: str
) -> None:
    outcome = run(["evaluate", "--policy", str(trained[0]), *options, "--record", "evaluation.json"], tmp_path)
    expect_usage_error(outcome, named)
    assert list(tmp_path.iterdir()) == []


def with_header(content: bytes, **changes: object) -> bytes:
    header, _, parameters = content.partition(b"\n")
    return json.dumps({**json.loads(header), **changes}).encode() + b"\n" + parameters


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (lambda content: b"", "is no policy file"),
        (lambda content: b"{}\n", "is no policy file"),
        (lambda content: b"[1, 2]\n" + content, "is no policy file"),
        (lambda content: b"\x7fELF" + bytes(100000), "is no policy file"),
        (lambda content: content[:-1], "is cut short"),
        (lambda content: content[: content.index(b"\n") + 1], "is cut short"),
        (lambda content: content[:40], "is no policy file"),
        (lambda content: content + b"\0", "goes on after the parameters"),
        (lambda content: with_header(content, format="prl-policy-2"), "is no policy of this format"),
        (lambda content: with_header(content, hidden=[16, 17]), "contradicts itself about its size"),
        (lambda content: with_header(content, hidden=[]), "describes no network"),
        (lambda content: with_header(content, hidden=[-16, 16]), "describes no network"),
        (lambda content: with_header(content, hidden="16,16"), "is no policy file"),
        (lambda content: with_header(content, parameters=-1), "contradicts itself about its size"),
        (lambda content: with_header(content, environment="Hopper-v4"), "'Hopper-v4' is unknown"),
        (lambda content: with_header(content, activation="gelu"), "describes no network"),
        (lambda content: with_header(content, trunk="both"), "describes no network"),
        # 2^62 parameters of four bytes are 2^64 bytes.
        (lambda content: with_header(content, hidden=[2**31 - 1, 2**31 - 1], parameters=2**62), "contradicts itself"),
    ],
)
def test_torn_and_foreign_policies(tmp_path: Path, trained: tuple[Path, dict[str, Any]], spoil: Any, named: str) -> None:
    file = tmp_path / "policy"
    file.write_bytes(spoil(trained[0].read_bytes()))
    expect_usage_error(run(["evaluate", "--policy", str(file)], tmp_path), named)


def test_an_evaluation_that_cannot_be_written(tmp_path: Path, trained: tuple[Path, dict[str, Any]]) -> None:
    outcome = run(["evaluate", "--policy", str(trained[0]), "--record", "missing/evaluation.json"], tmp_path)
    assert outcome.status == 1 and outcome.output == ""
    assert len(outcome.own_errors) == 1 and "cannot create missing/evaluation.json" in outcome.errors


def test_untrained_and_trained_policies_differ(tmp_path: Path, trained: tuple[Path, dict[str, Any]]) -> None:
    """The bytes of the parameters matter: zeros choose the first action for ever."""
    header, _, parameters = trained[0].read_bytes().partition(b"\n")
    (tmp_path / "zeros").write_bytes(header + b"\n" + bytes(len(parameters)))
    zeros = evaluate(tmp_path, tmp_path / "zeros", "--episodes", "20")["returns"]
    # A pole whose cart is always pushed to one side falls within 8 to 11 steps.
    assert all(8 <= value <= 11 for value in zeros)


def test_action_values_are_not_sampled_from(tmp_path: Path) -> None:
    train(tmp_path, "--algorithm dqn --env CartPole-v1 --steps 256 --save-policy policy")
    arguments = ["evaluate", "--policy", "policy", "--episodes", "2"]
    assert run(arguments, tmp_path).status == 0
    refused = run([*arguments, "--sampled", "--record", "evaluation.json"], tmp_path)
    expect_usage_error(refused, "--sampled: the policy's action values are no distribution to sample from")
    assert not (tmp_path / "evaluation.json").exists()


def test_several_policies_have_the_returns_of_each_alone(tmp_path: Path) -> None:
    amount, policies = ["--episodes", "61", "--sampled"], ["one", "two", "three"]
    for seed, policy in enumerate(policies):
        train(tmp_path, f"--env CartPole-v1 --steps 1024 --learning-rate 0.05 --seed {seed} --save-policy {policy}")
    alone = [evaluate(tmp_path, tmp_path / policy, *amount)["returns"] for policy in policies]
    assert len({tuple(returns) for returns in alone}) == 3
    for workers in ("1", "2", "5"):
        outcome = run(["evaluate", *policies, *amount, "--workers", workers, "--record", "all.json"], tmp_path)
        assert outcome.status == 0, outcome.errors
        record = read_json(tmp_path / "all.json")
        assert faults_of(record, "prl evaluate of several policies") == []
        assert [policy["returns"] for policy in record["policies"]] == alone
        assert [line.split()[0] for line in outcome.output.splitlines()] == policies
    expect_usage_error(run(["evaluate", *policies, "--workers", "0"], tmp_path), "--workers is 0")
