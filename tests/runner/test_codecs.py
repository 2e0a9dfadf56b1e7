"""Gradients that cross encoded: the same bits in processes and ranks, the bytes of the closed forms, and learning."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from program import counted, run, small, train
from test_bad_input import expect_usage_error

CODECS = ("fp16", "bf16", "int8", "top-k:0.05", "random-k:0.05", "power-sgd:2")
SPLIT = "--env CartPole-v1 --agreement all-reduce --workers 3 --envs 12 --steps-per-round 768 --steps 1536 --minibatch 192"


def encoded_bytes(codec: str, parameters: int) -> int:
    """Of a gradient of CartPole-v1's network with a shared trunk of two layers of 16."""
    name, _, number = codec.partition(":")
    if name == "power-sgd":
        # 4 x 16 and 16 x 16 are factored; 16 x 2 and 16 x 1 would not become smaller.
        rank = int(number)
        return 4 * (parameters - 4 * 16 - 16 * 16 + rank * (4 + 16) + rank * (16 + 16))
    kept = math.ceil(float(number or 1) * parameters)
    return {
        "fp16": 2 * parameters,
        "bf16": 2 * parameters,
        "int8": parameters + 4 * math.ceil(parameters / 256),
        "top-k": 8 * kept,
        "random-k": 4 * kept,
    }[name]


def trained(folder: Path, collect: str, codec: str) -> dict[str, Any]:
    return train(folder, SPLIT, f"--collect {collect} --codec {codec}")


@pytest.mark.parametrize("codec", CODECS)
def test_worker_0_sends_its_encoded_gradient_to_the_others(tmp_path: Path, codec: str) -> None:
    record = trained(tmp_path, "processes", codec)
    assert record["configuration"]["codec"] == codec
    updates, parameters = record["counts"]["updates"], record["counts"]["parameters"]
    assert updates == 2 * 768 // 192
    messages = 2 * (2 if codec.startswith("power-sgd") else 1)
    assert counted(record, "gradients") == (updates * 2 * encoded_bytes(codec, parameters), updates * messages)


@pytest.mark.parametrize("codec", ("int8", "top-k:0.05", "power-sgd:2"))
def test_processes_and_ranks_end_with_the_same_bits(tmp_path: Path, codec: str) -> None:
    processes, ranks = (trained(tmp_path, collect, codec) for collect in ("processes", "mpi"))
    assert processes["parameters_digest"] == ranks["parameters_digest"]
    assert counted(processes, "gradients") == counted(ranks, "gradients")
    assert processes["parameters_digest"] != trained(tmp_path, "processes", "none")["parameters_digest"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--codec fp16", "give --collect processes or mpi and --agreement all-reduce"),
        ("--codec fp16 --collect threads --workers 2 --agreement all-reduce", "cross as messages"),
        ("--codec fp16 --collect mpi --workers 2 --agreement all-reduce --all-reduce ring", "have to be decoded first"),
        ("--codec top-k:2 --collect mpi --workers 2 --agreement all-reduce", "--codec 'top-k:2' is unknown: give none"),
        ("--codec zip", "--codec 'zip' is unknown: give none"),
    ],
)
def test_what_cannot_be_encoded_is_refused(tmp_path: Path, options: str, message: str) -> None:
    words = options.split()
    expect_usage_error(run(["train", *small(words), *words], tmp_path), message)


@pytest.mark.parametrize("codec", ("fp16", "bf16", "int8", "top-k:0.25", "random-k:0.25", "power-sgd:2"))
def test_cartpole_is_learned_with_it(tmp_path: Path, codec: str) -> None:
    """From about 20 steps an episode, which a random policy stands."""
    record = train(
        tmp_path,
        "--env CartPole-v1 --collect processes --workers 2 --agreement all-reduce --envs 8 --steps-per-round 512",
        f"--steps 51200 --hidden 32,32 --epochs 6 --minibatch 64 --learning-rate 0.0007 --codec {codec}",
    )
    last = [point["training_return"] for point in record["curve"][-8:] if point["training_return"] is not None]
    assert sum(last) / len(last) > 50
