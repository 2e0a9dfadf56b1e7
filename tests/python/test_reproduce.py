"""reproduce with a stand-in for the runner: resume, replacement, failures, Ctrl-C."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT
from small_task import FAKE_RUNNER, FEW_CELLS, REPORT_CELLS, small_task

from experiments.launcher import processes_of_session
from experiments.reproduce import execute, failed_cells, main, report
from plots.records import load_records

OPTIMUM_MISSING = "pendulum_optimum is not built"


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The command lines that the runner was called with."""
    path = tmp_path / "calls.log"
    path.touch()
    monkeypatch.setenv("FAKE_PRL_LOG", str(path))
    return path


def calls(log: Path) -> list[str]:
    lines = log.read_text(encoding="utf-8").splitlines()
    log.write_text("", encoding="utf-8")
    return lines


def run(output: Path, **profile: object) -> dict[str, str]:
    """Failures of a small task, that of the program which the stand-in lacks left out."""
    failures = execute(small_task(output, FEW_CELLS, **profile))
    return {record: reason for record, reason in failures.items() if reason != OPTIMUM_MISSING}


def test_second_call_repeats_nothing_and_a_lost_record_is_made_again(tmp_path: Path, log: Path) -> None:
    output = tmp_path / "results"
    assert run(output) == {}
    first = calls(log)
    records = sorted((output / "records").glob("*.*.[0-9]*-*.json"))
    assert len(first) == len(records)
    assert run(output) == {}
    assert calls(log) == []
    lost = next(path for path in records if path.name.startswith("wait.mpi-4.2-"))
    lost.unlink()
    assert run(output) == {}
    again = calls(log)
    assert len(again) == 1 and "--collect mpi --workers 4" in again[0] and "--seed 2" in again[0]
    assert lost.is_file()


def test_changed_profile_repeats_only_what_it_changes(tmp_path: Path, log: Path) -> None:
    output = tmp_path / "results"
    run(output)
    before = {path.name for path in (output / "records").glob("learning.*.json")}
    calls(log)
    run(output, learning_steps=20_480)
    repeated = calls(log)
    assert repeated and all("--steps 20480" in line for line in repeated)
    after = {path.name for path in (output / "records").glob("learning.*.json")}
    assert len(after) == len(before) and not after & before  # stale ones are replaced


def test_torn_record_is_named_and_made_again(tmp_path: Path, log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "results"
    run(output)
    torn = next((output / "records").glob("busy.serial.1-*.json"))
    torn.write_text(torn.read_text(encoding="utf-8")[:200], encoding="utf-8")
    calls(log)
    run(output)
    assert len(calls(log)) == 1
    assert torn.name in capsys.readouterr().err
    assert json.loads(torn.read_text(encoding="utf-8"))["kind"] == "train"


def test_failed_run_is_reported_once_and_its_rows_say_why(tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output = tmp_path / "results"
    monkeypatch.setenv("FAKE_PRL_FAIL", "mpi")
    task = small_task(output, REPORT_CELLS, launches=2)
    failures = execute(task)
    report(task)
    tried = [line for line in calls(log) if "--collect mpi" in line]
    cells = {re.sub(r"--seed \d+|--record \S+", "", line) for line in tried}
    assert len(tried) == len(cells)  # one launch a cell, not all
    assert failed_cells(failures)["wait.mpi-4"] == "mpirun is not on PATH: install openmpi-bin (exit status 1)"
    assert any("mpirun is not on PATH: install openmpi-bin (exit status 1)" in reason for reason in failures.values())
    text = (output / "report.md").read_text(encoding="utf-8")
    assert "not run, mpirun is not on PATH: install openmpi-bin" in text
    assert "wait.mpi-4" in load_records(output / "records").missing


def test_what_failed_is_tried_again(tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output = tmp_path / "results"
    monkeypatch.setenv("FAKE_PRL_FAIL", "mpi")
    assert run(output)
    calls(log)
    monkeypatch.delenv("FAKE_PRL_FAIL")
    assert run(output) == {}
    assert {line.partition(" --workers")[0].rpartition(" ")[2] for line in calls(log)} == {"mpi"}
    plan = load_records(output / "records").plan
    assert plan["failures"].keys() <= {plan["optimum"]}


def test_interleaving_is_what_runs(tmp_path: Path, log: Path) -> None:
    run(tmp_path / "results")
    wait = [line for line in calls(log) if "--step-cost wait:" in line]
    first = [line.partition("--seed")[0] for line in wait if "--seed 1 " in line]
    second = [line.partition("--seed")[0] for line in wait if "--seed 2 " in line]
    assert second == first[::-1]


def command(output: Path) -> list[str]:
    return [
        sys.executable,
        "-m",
        "experiments.reproduce",
        "--profile",
        "smoke",
        "--prl",
        str(FAKE_RUNNER),
        "--output",
        str(output),
    ]


@pytest.fixture
def hanging(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A reproduce whose runs take a minute each, in a session that the test can look into."""
    environment = {**os.environ, "FAKE_PRL_SECONDS": "60"}
    process = subprocess.Popen(
        command(tmp_path / "results"), cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    yield process
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)


def children(parent: int) -> list[int]:
    return [int(p) for p in Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="utf-8").split()]


def session_of_runner(parent: int) -> int:
    """The session of the run that reproduce has under way, once that has started the child that it waits for."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for process in children(parent):
            if len(processes_of_session(process)) >= 2:
                return process
        time.sleep(0.02)
    raise AssertionError("no run was started")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_it_and_all_that_it_started(hanging: subprocess.Popen[str], number: signal.Signals, tmp_path: Path) -> None:
    session = session_of_runner(hanging.pid)
    asked = time.monotonic()
    hanging.send_signal(number)
    _, errors = hanging.communicate(timeout=10)
    assert time.monotonic() - asked < 3
    assert hanging.returncode == 130
    assert "stopped" in errors
    assert processes_of_session(session) == []
    assert list((tmp_path / "results" / "records").glob("*.json")) == []


def test_two_at_once_are_refused(hanging: subprocess.Popen[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    session_of_runner(hanging.pid)
    assert main(["--profile", "smoke", "--prl", str(FAKE_RUNNER), "--output", str(tmp_path / "results")]) == 2
    assert "another reproduce works on" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--profile", "quick"], "smoke, default, full"),
        (["--prl", "/nowhere/prl"], "make build"),
        (["--prl", "/bin/true"], "no description of its build"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    errors = capsys.readouterr().err
    assert says in errors and errors.count("\n") == 1


def test_dry_run_starts_nothing(tmp_path: Path, log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "results"
    assert main(["--profile", "default", "--prl", str(FAKE_RUNNER), "--output", str(output), "--dry-run"]) == 0
    assert calls(log) == [] and not output.exists()
    assert "up to date" in capsys.readouterr().out
