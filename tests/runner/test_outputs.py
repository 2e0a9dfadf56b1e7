"""Files that cannot be written: one line, status 1, no half of a file, and what was there before stays as it was."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from program import SMALL, Outcome, Program, read_json, run

TRAIN = ["train", *SMALL, "--steps", "256"]
OLD = "an older record"


def expect_failure(outcome: Outcome, named: str) -> None:
    assert outcome.status == 1
    assert len(outcome.own_errors) == 1 and named in outcome.own_errors[0], outcome.errors


@pytest.mark.parametrize("option", ["--record", "--save-policy"])
@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("missing/file", "cannot create missing/file: No such file or directory"),
        (".", "cannot write .: it is a folder"),
        ("/dev/null", "cannot write /dev/null: it is no ordinary file"),
        ("/proc/file", "cannot create /proc/file"),
    ],
)
def test_impossible_places_are_refused_before_the_run(tmp_path: Path, option: str, path: str, named: str) -> None:
    # A run that began would wait for minutes.
    outcome = run([*TRAIN, "--step-cost", "wait:60s", option, path], tmp_path)
    expect_failure(outcome, named)
    assert outcome.errors.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
    assert not Path("/dev/null").is_file()


def test_mpi_refuses_an_impossible_place_before_it_starts_ranks(tmp_path: Path) -> None:
    outcome = run([*TRAIN, "--collect", "mpi", "--workers", "2", "--record", "missing/file"], tmp_path)
    expect_failure(outcome, "cannot create missing/file")
    assert outcome.errors.count("\n") == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission(tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o555)
    expect_failure(run([*TRAIN, "--record", str(folder / "record.json")], tmp_path), "Permission denied")


def limit_file_size() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (512, 512))


@pytest.mark.parametrize("option", ["--record", "--save-policy"])
def test_a_file_that_grows_too_large(tmp_path: Path, option: str) -> None:
    target = tmp_path / "file"
    target.write_text(OLD)
    outcome = run([*TRAIN, option, str(target)], tmp_path, prepare=limit_file_size)
    expect_failure(outcome, f"cannot write {target}: File too large")
    assert target.read_text() == OLD


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8k,mode=777", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("only root may mount a small file system")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk(tmp_path: Path, tiny_disk: Path) -> None:
    target = tiny_disk / "record.json"
    target.write_text(OLD)
    (tiny_disk / "other").write_bytes(bytes(4000))
    outcome = run([*TRAIN, "--record", str(target)], tmp_path)
    expect_failure(outcome, f"cannot write {target}: No space left on device")
    assert target.read_text() == OLD
    assert sorted(file.name for file in tiny_disk.iterdir()) == ["other", "record.json"]


@pytest.mark.parametrize("mode", ["mpi --workers 2", "mpi --workers 2 --agreement all-reduce"])
def test_ranks_report_a_folder_that_vanished(tmp_path: Path, mode: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    arguments = ["train", *SMALL, "--collect", *mode.split(), "--record", str(folder / "record.json")]
    program = Program([*arguments, "--step-cost", "wait:20ms", "--steps", "256"], tmp_path)
    program.await_workers(2)
    shutil.rmtree(folder)
    expect_failure(program.finish(), "cannot create")


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_standard_output_on_a_full_disk(tmp_path: Path, options: list[str]) -> None:
    with open("/dev/full", "w") as full:
        outcome = run(["list", *options], tmp_path, output=full)
    expect_failure(outcome, "No space left on device")


def test_a_record_replaces_the_file_behind_a_link(tmp_path: Path) -> None:
    target, link = tmp_path / "target.json", tmp_path / "link.json"
    target.write_text(OLD)
    link.symlink_to("target.json")
    assert run([*TRAIN, "--record", str(link)], tmp_path).status == 0
    assert link.is_symlink() and read_json(target)["kind"] == "train"


def test_a_record_is_never_half_there(tmp_path: Path) -> None:
    """Whoever looks at the name sees the old record or the new one."""
    target = tmp_path / "record.json"
    target.write_text('{"kind": "old"}')
    many_rounds = ["train", *SMALL, "--steps", "4096000", "--record", str(target)]
    program = Program(many_rounds, tmp_path)
    kinds = set()
    while program.process.poll() is None:
        kinds.add(read_json(target)["kind"])
        time.sleep(0.001)
    assert program.finish().status == 0
    assert read_json(target)["kind"] == "train" and kinds <= {"old", "train"}
