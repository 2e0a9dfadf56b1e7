"""A record is fresh while arguments, sources, flags, libraries and machine are the same, and only a whole one counts."""

from __future__ import annotations

import copy
import json
import shlex
from pathlib import Path
from typing import Any

import pytest
import synthetic

from experiments.build import Build
from experiments.freshness import RecordError, is_fresh, read_run_record, record_name, remove_stale, write_json

ARGUMENTS = shlex.split(
    "train --algorithm ppo --env Pendulum-v1 --preset d4 --collect serial --workers 1 --inference workers --agreement none "
    "--learner-threads 1 --envs 16 --steps 2048 --steps-per-round 2048 --warmup-rounds 1 --seed 1 --step-cost none "
    "--evaluate-every 0 --final-episodes 0"
)


def build(**changes: Any) -> Build:
    built, machine = copy.deepcopy(synthetic.BUILD), copy.deepcopy(synthetic.MACHINE)
    for key, value in changes.items():
        (machine if key in machine else built)[key] = value
    return Build(Path("prl"), built, machine, ())


def name(arguments: list[str] = ARGUMENTS, **changes: Any) -> str:
    return record_name("wait.serial", 1, arguments, build(**changes).identity())


def test_name_is_readable_and_repeats() -> None:
    assert name() == name()
    assert name().startswith("wait.serial.1-") and name().endswith(".json")


@pytest.mark.parametrize(
    "change",
    [
        {"source_digest": "6" * 16},
        {"flags": "-O2"},
        {"compiler": "clang++ 19"},
        {"libraries": {"libtorch": "2.14.0"}},
        {"cpu": "Another CPU"},
        {"usable_cores": 4},
    ],
)
def test_another_build_or_machine_makes_it_stale(change: dict[str, Any]) -> None:
    assert name(**change) != name()


def test_every_argument_counts() -> None:
    for i in range(2, len(ARGUMENTS), 2):
        changed = [*ARGUMENTS[:i], ARGUMENTS[i] + "1", *ARGUMENTS[i + 1 :]]
        assert name(changed) != name(), f"{ARGUMENTS[i - 1]} does not count"


def test_the_commit_alone_does_not_make_it_stale() -> None:
    assert name(commit="decade") == name()


def written(folder: Path, **changes: Any) -> Path:
    path = folder / name()
    path.write_text(json.dumps({**synthetic.make_record(ARGUMENTS), **changes}), encoding="utf-8")
    return path


def test_whole_record_of_this_build_is_fresh(tmp_path: Path) -> None:
    assert is_fresh(written(tmp_path), build().identity())
    assert not is_fresh(tmp_path / "absent.json", build().identity())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"schema_version": 1, "kind": "train", "conf', "torn"),
        ("", "torn"),
        ("[1, 2]", "foreign"),
        ('{"kind": "benchmark", "schema_version": 1}', "foreign"),
        ('{"kind": "train", "schema_version": 99}', "schema 99"),
        ('{"kind": "train", "schema_version": 1}', "lacks"),
    ],
)
def test_torn_and_foreign_files_are_refused_by_name(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "wait.serial.1-0123456789.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RecordError) as error:
        read_run_record(path)
    assert says in str(error.value) and path.name in str(error.value)
    assert "\n" not in str(error.value)


def test_interrupted_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="interrupted"):
        read_run_record(written(tmp_path, interrupted=True))


def test_record_that_contradicts_its_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="another build"):
        is_fresh(written(tmp_path), build(source_digest="6" * 16).identity())
    with pytest.raises(RecordError, match="another machine"):
        is_fresh(written(tmp_path), build(cpu="Another CPU").identity())


def test_new_record_replaces_the_stale_one_of_its_run_alone(tmp_path: Path) -> None:
    kept = [
        tmp_path / n
        for n in ("wait.serial.1-aaaaaaaaaa.json", "wait.serial.11-bbbbbbbbbb.json", "wait.serial-n1.1-cccccccccc.json")
    ]
    stale = tmp_path / "wait.serial.1-dddddddddd.json"
    for path in [*kept, stale]:
        path.write_text("{}", encoding="utf-8")
    remove_stale(kept[0])
    assert sorted(tmp_path.iterdir()) == sorted(kept)


def test_writing_leaves_no_temporary_file(tmp_path: Path) -> None:
    write_json(tmp_path / "plan.json", {"a": 1})
    with pytest.raises(TypeError):
        write_json(tmp_path / "other.json", {"a": object()})
    assert [path.name for path in tmp_path.iterdir()] == ["plan.json"]
