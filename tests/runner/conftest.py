"""Tests of the program prl from outside: PRL_BUILD_DIR=build python -m pytest tests/runner."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from program import PRL, Program  # noqa: E402


def pytest_sessionstart(session: pytest.Session) -> None:
    if not PRL.exists():
        pytest.exit(f"{PRL} is not built: build it, or set PRL_BUILD_DIR to the folder that has it", returncode=2)


@pytest.fixture(autouse=True)
def nothing_outlives_a_test() -> Iterator[None]:
    yield
    Program.end_all()
