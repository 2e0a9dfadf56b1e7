"""A run that was interrupted and goes on from its checkpoint ends in the bits of one that was never interrupted."""

from __future__ import annotations

import os
import random
import resource
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import checkpoint_file
from program import LONG_WAIT, SMALL, Program, counted, read_json, run, small, train

# 5 warm-up and 15 counted rounds of 19 steps of 8 environments: episodes go on over many rounds and end in some.
ROUNDS = "--steps-per-round 152 --rounds 15 --warmup-rounds 5 --evaluate-every 4 --evaluation-episodes 3 --final-episodes 3"
ALL_ROUNDS = 20

RULES = [
    "--algorithm ppo --env CartPole-v1 --anneal-learning-rate true --solved-return 30",
    "--algorithm ppo --env Pendulum-v1 --preset sb3 --learner-threads 2 --shards 1",
    "--algorithm ppo --env CartPole-v1 --lag 2",
    "--algorithm a2c --env Acrobot-v1 --preset paper --shards 4",
    "--algorithm vtrace --env CartPole-v1 --preset paper",
    "--algorithm reinforce --env CartPole-v1 --rounds 15 --warmup-rounds 5 --evaluate-every 4 --evaluation-episodes 3",
]  # fmt: skip


def words(rule: str) -> list[str]:
    own = rule.split()
    return own if "reinforce" in rule else [*own, *ROUNDS.split()]


def what_is_learned(record: dict[str, Any]) -> dict[str, Any]:
    """All that a run promises bit by bit."""
    same = {name: record[name] for name in ("parameters_digest", "counts", "staleness")}
    same["curve"] = [{**point, "seconds": 0, "busiest_worker_steps": 0} for point in record["curve"]]
    same["evaluation"] = record.get("final_evaluation")
    same["replay"] = {name: record.get("replay", {}).get(name) for name in ("added", "sampled", "size")}
    first = record.get("first_episode_above")
    same["first_episode_above"] = first and first["steps"]
    return same


def kept_after(folder: Path, rounds: int, *options: str) -> tuple[Path, dict[str, Any]]:
    """The checkpoint of a whole run after that many rounds, the only one written, and what the run learned: the same as
    without (test_checkpoints_change_no_bits_and_no_counts)."""
    assert rounds > ALL_ROUNDS // 2, "else a later one follows"
    file = folder / "kept.checkpoint"
    whole = train(folder, *options, "--checkpoint", str(file), "--checkpoint-every", str(rounds))
    return file, what_is_learned(whole)


def refusal(folder: Path, *options: str) -> str:
    given = [word for option in options for word in option.split()]
    outcome = run(["train", *SMALL, *given], folder)
    assert outcome.status == 2
    assert outcome.errors.count("\n") == 1, outcome.errors
    return outcome.errors


@pytest.mark.parametrize("rule", RULES)
def test_a_run_that_goes_on_equals_one_that_was_not_interrupted(tmp_path: Path, rule: str) -> None:
    options = " ".join(words(rule))
    rounds = random.Random(rule).randrange(ALL_ROUNDS // 2 + 1, ALL_ROUNDS)
    file, whole = kept_after(tmp_path, rounds, options)
    again = train(tmp_path, options, "--resume", str(file))
    assert what_is_learned(again) == whole, f"after round {rounds}"
    assert len(again["seconds"]["rounds"]) == 15


# With the same bits as the serial runs of two shards, without and with a lag of one round.
SAME_BITS = [
    ("", "processes --workers 3 --shards 2"),
    ("", "threads --workers 2 --shards 2"),
    ("", "mpi --workers 3 --shards 2"),
    ("", "threads --workers 2 --agreement all-reduce"),
    ("", "processes --workers 2 --agreement all-reduce"),
    ("", "mpi --workers 2 --agreement all-reduce"),
    ("", "processes --workers 3 --inference learner --shards 2"),
    ("", "mpi --workers 3 --inference learner --shards 2"),
    ("--lag 1", "threads --workers 2 --schedule pipelined --shards 2"),
    ("--lag 1", "processes --workers 3 --inference learner --schedule pipelined --shards 2"),
    ("--lag 1", "mpi --workers 2 --schedule pipelined --shards 2"),
]  # fmt: skip
Kept = dict[tuple[str, int], tuple[Path, dict[str, Any]]]


@pytest.fixture(scope="module")
def serial(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """Serial runs by their lag: the checkpoint after a round, and what they learned."""
    kept = {}
    for lag in ("", "--lag 1"):
        for rounds in (11, 15):
            folder = tmp_path_factory.mktemp("serial")
            kept[lag, rounds] = kept_after(folder, rounds, f"--env CartPole-v1 --shards 2 {ROUNDS} {lag}")
    return kept


@pytest.mark.parametrize(("lag", "mode"), SAME_BITS)
def test_another_mode_goes_on_and_keeps_the_same(tmp_path: Path, serial: Kept, lag: str, mode: str) -> None:
    begun, whole = serial[lag, 11]
    file = tmp_path / "kept.checkpoint"
    keeping = f"--resume {begun} --checkpoint {file} --checkpoint-every 15"
    again = what_is_learned(train(tmp_path, f"--env CartPole-v1 {ROUNDS} --collect {mode} {keeping}"))
    if "all-reduce" in mode:  # then no segment has a lag
        whole = {**whole, "staleness": []}
        again["staleness"] = []
    assert again == whole
    assert checkpoint_file.read(file).items == checkpoint_file.read(serial[lag, 15][0]).items


OWN = [
    "--collect threads --workers 4 --agreement server --agree-every 3",
    "--collect mpi --workers 2 --agreement server --server-shards 2",
    "--collect processes --workers 4 --agreement gossip --graph random-peer --agree-every 2",
    "--collect threads --workers 4 --agreement gossip --graph random-pairs",
    "--collect processes --workers 2 --agreement all-reduce --codec top-k:0.1",
    "--collect processes --workers 2 --agreement all-reduce --codec int8",
    "--collect mpi --workers 2 --agreement all-reduce --codec power-sgd:1",
    "--collect mpi --workers 2 --agreement all-reduce --all-reduce ring",
]  # fmt: skip


@pytest.mark.parametrize("mode", OWN)
def test_workers_go_on_with_what_each_had(tmp_path: Path, mode: str) -> None:
    options = f"--env CartPole-v1 --solved-return 30 {ROUNDS}"
    file, whole = kept_after(tmp_path, 13, options, mode)
    again = what_is_learned(train(tmp_path, options, mode, "--resume", str(file)))
    assert again == whole
    if mode == OWN[0]:
        errors = refusal(tmp_path, options, mode.replace("--workers 4", "--workers 2"), f"--resume {file}")
        assert 'its agreement is "server --workers 4' in errors and 'not "server --workers 2' in errors


DQN_RULE = "--algorithm dqn --learning-starts 400 --target-interval 7 --epsilon-steps 2000 --n-step 3"
DQN = f"{DQN_RULE} {ROUNDS}"


ADDED = "processes --workers 2 --agreement all-reduce"


@pytest.mark.parametrize(("replay", "written", "resumed"), [
    ("--replay uniform --replay-capacity 700", "serial", "processes --workers 3"),
    ("--replay prioritised --anneal-importance true --shards 2", "threads --workers 2", ADDED),
    ("--replay prioritised --first-priority actor --shards 2", ADDED, "serial"),
    ("--replay prioritised --first-priority error", "threads --workers 2 --agreement server --agree-every 2", ""),
    ("--replay newest", "mpi --workers 2 --inference learner", "threads --workers 2 --schedule lock-step"),
])  # fmt: skip
def test_a_replay_goes_on(tmp_path: Path, replay: str, written: str, resumed: str) -> None:
    options = [DQN, replay]
    file, whole = kept_after(tmp_path, 12, *options, f"--collect {written}")
    again = what_is_learned(train(tmp_path, *options, f"--collect {resumed or written}", "--resume", str(file)))
    if "all-reduce" in written + resumed:
        del whole["staleness"], again["staleness"]
    assert again == whole


def without_episodes(file: Path) -> None:
    """Makes a lock-step run's checkpoint one from which new episodes begin."""
    kept = checkpoint_file.read(file)
    del kept.items["environments"]
    for name in ("returns under way", "held back"):
        if name in kept.items:
            kept.items[name] = bytes(len(kept.items[name]))
    checkpoint_file.write(file, kept)


FREE = "--workers 1 --schedule free-running"


@pytest.mark.parametrize(("rule", "free"), [
    ("--algorithm a2c", "threads --agreement hogwild --averages per-worker"),
    ("--algorithm ppo --epochs 2 --anneal-learning-rate true", "processes --agreement server --server-takes gradients"),
    ("--algorithm vtrace --publish-weights false", "processes"),
    (f"{DQN_RULE} --publish-weights false --replay prioritised", "threads"),
])  # fmt: skip
def test_a_free_running_learner_goes_on_with_what_it_had(tmp_path: Path, rule: str, free: str) -> None:
    """One free-running worker alone, seen by nobody, does what a lock-step run does; both begin new episodes here."""
    # Free actors let go of what they have collected of warm-up rounds when these end.
    options = f"--env CartPole-v1 {rule} {ROUNDS}".replace("--warmup-rounds 5", "--warmup-rounds 0")
    (tmp_path / "lock-step").mkdir()
    lock_step, _ = kept_after(tmp_path / "lock-step", 12, options)
    file, _ = kept_after(tmp_path, 12, options, f"--collect {free} {FREE}")
    free_record = train(tmp_path, options, f"--collect {free} {FREE} --resume {file}")
    without_episodes(lock_step)
    record = train(tmp_path, options, f"--resume {lock_step}")
    assert free_record["parameters_digest"] == record["parameters_digest"]
    assert free_record["counts"] == record["counts"]


@pytest.mark.parametrize("free", ["--algorithm vtrace", "--algorithm a2c --agreement hogwild", DQN_RULE])
def test_free_running_workers_count_on(tmp_path: Path, free: str) -> None:
    options = f"--env CartPole-v1 {free} {ROUNDS} --collect processes --workers 2 --schedule free-running"
    file, _ = kept_after(tmp_path, 12, options)
    last = tmp_path / "last.checkpoint"
    again = train(tmp_path, options, f"--resume {file} --checkpoint {last} --checkpoint-every 20")
    assert again["counts"]["rounds"] == len(again["curve"]) == 15
    assert again["counts"]["environment_steps"] == 15 * 152
    first, then = checkpoint_file.read(file), checkpoint_file.read(last)
    assert first.items.keys() == then.items.keys() and "environments" not in first.items
    name = "shared rounds" if "hogwild" in free else "rounds finished"
    # A round is a segment of each worker; what free workers have done ahead of worker 0's count counts with it.
    ahead = 2 * 8 if "hogwild" in free else 0
    assert 0 <= first.count(name) - 12 * 2 <= ahead
    assert 0 <= then.count(name) - 20 * 2 <= ahead


def test_a_replay_takes_the_room_of_what_is_in_it(tmp_path: Path) -> None:
    file, _ = kept_after(tmp_path, 12, DQN, "--replay-capacity 400000 --replay uniform")
    kept = checkpoint_file.read(file)
    assert len(kept.items["replay 0"]) == 400_000 * 11 * 4
    # 12 rounds of 8 environments, which hold up to three steps back each, in transitions of two observations of 4, an
    # action, a reward and a discount.
    stored = {name: stored for name, _, stored in kept.header["items"]}
    assert (12 * 152 - 8 * 4) * 11 * 4 < stored["replay 0"] <= 12 * 152 * 11 * 4


def test_a_full_disk_leaves_the_last_checkpoint(tmp_path: Path) -> None:
    """Files of this program may have 60 kB: the replay grows beyond."""
    file = tmp_path / "kept.checkpoint"

    def few_bytes() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))

    arguments = ["train", *small(DQN.split()), *DQN.split(), "--checkpoint", str(file), "--checkpoint-every", "2"]
    outcome = run(arguments, tmp_path, prepare=few_bytes)
    assert outcome.status == 1
    assert outcome.errors.startswith(f"prl: cannot write {file}: File too large; give a path")
    assert outcome.errors.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
    train(tmp_path, DQN, "--resume", str(file))


def test_a_run_killed_at_any_moment_goes_on(tmp_path: Path) -> None:
    options = f"--env CartPole-v1 --steps-per-round 152 --rounds 400 --collect processes --workers 2"
    whole = what_is_learned(train(tmp_path, options))
    file = tmp_path / "kept.checkpoint"
    keeping = ["--checkpoint", str(file), "--checkpoint-every", "1"]
    moments = random.Random(6)
    for _ in range(4):
        resuming = ["--resume", str(file)] if file.exists() else []
        program = Program(["train", *small([]), *options.split(), *keeping, *resuming], tmp_path)
        before = file.stat().st_mtime_ns if file.exists() else 0
        program.await_condition(lambda: file.exists() and file.stat().st_mtime_ns > before, "keep a round")
        time.sleep(moments.uniform(0.0, 0.1))
        os.kill(program.process.pid, signal.SIGKILL)
        program.process.wait()
        program.await_end_of_members(2.0)
        # A file that was being written has another name.
        for part in tmp_path.glob("*.part"):
            part.unlink()
    assert what_is_learned(train(tmp_path, options, "--resume", str(file))) == whole


@pytest.mark.parametrize("mode", ["--agreement none", "--agreement gossip"])
def test_the_death_of_a_worker_names_the_checkpoint(tmp_path: Path, mode: str) -> None:
    file = tmp_path / "kept.checkpoint"
    arguments = ["train", *SMALL, *LONG_WAIT, "--cost-rounds", "3", "--steps", "2560", "--collect", "processes"]
    keeping = ["--checkpoint", str(file), "--checkpoint-every", "1"]
    program = Program([*arguments, *mode.split(), "--workers", "4", *keeping], tmp_path)
    workers = program.await_workers(3)
    program.await_condition(file.exists, "keep a round")
    time.sleep(0.3)
    os.kill(workers[-1], signal.SIGKILL)
    outcome = program.finish(10.0)
    assert outcome.status == 1
    assert outcome.errors.startswith(f"prl: worker 3 (process {workers[-1]}) was killed by signal 9 (Killed)")
    assert outcome.errors.endswith(f"; --resume {file} goes on after round 2\n")


def test_other_files_are_refused(tmp_path: Path) -> None:
    options = "--env CartPole-v1 --steps 1024"
    file = tmp_path / "kept.checkpoint"
    train(tmp_path, options, f"--checkpoint {file} --checkpoint-every 3")
    whole = file.read_bytes()
    assert "its seed is 1, not 2" in refusal(tmp_path, options, f"--seed 2 --resume {file}")
    assert "its gamma is 0.9" in refusal(tmp_path, options, f"--gamma 0.5 --resume {file}")
    assert "its steps is 1024, not 512" in refusal(tmp_path, f"--env CartPole-v1 --steps 512 --resume {file}")
    other = tmp_path / "other"
    for content, why in [
        (whole[:-1], "is damaged or cut short"),
        (whole + b"x", "is damaged or cut short"),
        (whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:], "is damaged or cut short"),
        (b"", "is no checkpoint"),
        (b"{}\n", "is no checkpoint"),
        (b"prl-checkpoint-1\n", "is of another version of prl"),
        (b"prl-checkpoint-2\n", "is damaged"),
        (b"prl-checkpoint-2 x y\n", "is damaged"),
    ]:
        other.write_bytes(content)
        errors = refusal(tmp_path, options, f"--resume {other}")
        assert errors.startswith(f"prl: --resume {other} {why}") and "prl train --checkpoint" in errors
    assert "cannot be read" in refusal(tmp_path, options, f"--resume {tmp_path / 'none'}")
    assert "cannot be read" in refusal(tmp_path, options, f"--resume {tmp_path}")


@pytest.mark.parametrize(("options", "named"), [
    ("--checkpoint-every 2", "give both or none"),
    ("--checkpoint kept", "give both or none"),
    ("--checkpoint kept --checkpoint-every -1", "--checkpoint-every is negative"),
    ("--checkpoint kept --checkpoint-every 1 --record kept", "--checkpoint and another output are both kept"),
    ("--collect threads --workers 2 --schedule free-running --agreement server", "give --server-takes gradients"),
])  # fmt: skip
def test_what_cannot_be_kept_is_refused(tmp_path: Path, options: str, named: str) -> None:
    keeping = "" if "--checkpoint" in options else "--checkpoint kept --checkpoint-every 1"
    assert named in refusal(tmp_path, options, keeping)
    if "--checkpoint" not in options:
        assert named in refusal(tmp_path, options, "--resume kept")


@pytest.mark.parametrize("mode", [
    "--env CartPole-v1 --agreement all-reduce",
    "--env CartPole-v1 --agreement gossip --graph one-peer",
    "--env CartPole-v1 --schedule pipelined",
    "--algorithm dqn --learning-starts 400",
])  # fmt: skip
def test_checkpoints_change_no_bits_and_no_counts(tmp_path: Path, mode: str) -> None:
    options = f"{mode} {ROUNDS} --collect processes --workers 2"
    kept = train(tmp_path, options, f"--checkpoint {tmp_path / 'kept'} --checkpoint-every 1")
    plain = train(tmp_path, options)
    assert what_is_learned(kept) == what_is_learned(plain)
    assert read_json(tmp_path / "record.json")["counts"]["rounds"] == 15
    for purpose in ("weights", "gradients", "control"):
        assert counted(kept, purpose) == counted(plain, purpose)
