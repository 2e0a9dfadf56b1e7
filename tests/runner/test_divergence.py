"""A run whose parameters leave the finite numbers ends with one line and no record, in every mode."""

from __future__ import annotations

from pathlib import Path

import pytest
from program import SMALL, run

# The entropy bonus raises the standard deviation by e^10 an update, until it overflows.
DIVERGING = "--env Pendulum-v1 --learning-rate 10 --entropy-coefficient 1000 --steps 1000000".split()
MODES = [
    "--collect serial",
    "--collect processes --workers 2",
    "--collect processes --workers 2 --agreement all-reduce",
    "--collect mpi --workers 2",
    "--collect mpi --workers 2 --agreement all-reduce",
]


@pytest.mark.parametrize("mode", MODES)
def test_parameters_that_are_no_numbers(tmp_path: Path, mode: str) -> None:
    files = ["--record", "record.json", "--save-policy", "policy"]
    outcome = run(["train", *SMALL, *DIVERGING, *mode.split(), *files], tmp_path)
    assert outcome.status != 0
    assert len(outcome.own_errors) == 1 and "no longer finite after round" in outcome.own_errors[0], outcome.errors
    assert list(tmp_path.iterdir()) == []
