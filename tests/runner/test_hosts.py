"""Two hosts in network namespaces: the same program, the same bits, and nothing left behind however it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from program import LONG_WAIT, PRL, ROOT, SMALL, read_json, train

sys.path.insert(0, str(ROOT))

from experiments.hosts import isolation  # noqa: E402
from experiments.hosts.link import Link, parse_bandwidth, parse_delay  # noqa: E402

TRAINING = [*SMALL, "--collect", "mpi", "--workers", "2", "--steps", "512"]


def command(folder: Path, *options: str) -> list[str]:
    words = ["--prl", str(PRL), "--record", str(folder / "record.json"), "--timeout", "60", *options]
    return [sys.executable, "-m", "experiments.hosts.run", *words]


def two_hosts(folder: Path, *options: str) -> dict[str, Any]:
    if reason := isolation.reason_unavailable(delay="--delay" in options):
        pytest.skip(reason)
    ended = subprocess.run(command(folder, *options), cwd=ROOT, capture_output=True, text=True, timeout=90, check=False)
    assert ended.returncode == 0, ended.stderr
    return read_json(folder / "record.json")


@pytest.mark.parametrize("agreement", ["none", "all-reduce"])
def test_two_hosts_end_with_the_bits_of_one(tmp_path: Path, agreement: str) -> None:
    settings = [*TRAINING, "--agreement", agreement]
    there = two_hosts(tmp_path, "--bandwidth", "100mbit", *settings)
    here = train(tmp_path, *settings)
    assert there["parameters_digest"] == here["parameters_digest"]
    for purpose in ("weights", "trajectories", "gradients", "control"):
        for count in ("bytes", "messages"):
            assert there["communication"][purpose][count] == here["communication"][purpose][count]
    assert there["kind"] == "hosts"
    assert there["link"] == {"bits_per_second": 100e6, "delay_seconds": 0.0}


def test_weights_take_as_long_as_the_link_needs_for_them(tmp_path: Path) -> None:
    """Not as long as TCP needs to take them over, which is nothing. A tenth is for what a bucket lets through at once."""
    training = "--collect mpi --workers 2 --preset d4 --envs 2 --steps-per-round 64 --steps 128 --evaluate-every 0".split()
    record = two_hosts(tmp_path, "--bandwidth", "10mbit", *training, "--final-episodes", "0")
    weights = record["communication"]["weights"]
    assert weights["transfer_seconds"] >= 0.9 * weights["bytes"] * 8 / 10e6


def test_a_record_without_a_folder_is_refused_before_anything_runs(tmp_path: Path) -> None:
    ended = subprocess.run(command(tmp_path / "nowhere", *TRAINING), cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "there is no folder" in ended.stderr


def test_the_relay_delays(tmp_path: Path) -> None:
    """Never less than asked for, on any machine."""
    record = two_hosts(tmp_path, "--delay", "2ms", *TRAINING, "--agreement", "none")
    assert record["measured_link"]["one_way_seconds"] >= 0.002


def namespaces() -> set[str]:
    """Network namespaces that some process is in."""
    found = set()
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                found.add(os.readlink(f"/proc/{entry}/ns/net"))
            except OSError:
                continue  # it ended meanwhile
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_however_it_ends(tmp_path: Path, number: signal.Signals) -> None:
    if reason := isolation.reason_unavailable(delay=True):
        pytest.skip(reason)
    before = namespaces()
    arguments = command(tmp_path, "--delay", "1ms", *TRAINING, *LONG_WAIT, "--agreement", "none")
    program = subprocess.Popen(
        arguments, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    deadline = time.monotonic() + 30
    while len(namespaces() - before) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(namespaces() - before) >= 2
    time.sleep(0.5)  # until mpirun and its daemons are there
    if number == signal.SIGINT:
        os.killpg(program.pid, number)  # as a terminal does
    else:
        os.kill(program.pid, number)
    program.wait(10)
    while namespaces() - before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not namespaces() - before
    folder = Path(tempfile.gettempdir(), f"prl-hosts-{os.getuid()}")
    assert not folder.exists() or not list(folder.iterdir())


@pytest.mark.parametrize(("text", "value"), [("unlimited", 0.0), ("10gbit", 1e10), ("2.5mbit", 2.5e6)])
def test_bandwidths(text: str, value: float) -> None:
    assert parse_bandwidth(text) == value


@pytest.mark.parametrize("text", ["10", "10MB", "fast", "-1gbit"])
def test_other_bandwidths_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a number"):
        parse_bandwidth(text)


def test_delays_and_labels() -> None:
    assert (parse_delay("0"), parse_delay("100us")) == (0.0, pytest.approx(1e-4))
    assert Link(1e9, 1e-3).label == "1000 Mb/s, 1 ms"
    assert json.dumps(Link(0.0, 0.0).label) == '"unlimited, 0 ms"'
