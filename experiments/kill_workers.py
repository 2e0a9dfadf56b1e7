"""Kills random workers of free-running runs at random moments, and checks that the runs go on and count what was lost.

    python -m experiments.kill_workers --kills 100 [--mode NAME ...] [--seed N]

Runs `prl train` with workers in processes, or with actors that an MPI learner has started (`--spawn-actors true`), in each
mode as often as it takes, and kills its workers with SIGKILL. Of every
run it checks that it ends with status 0 and in time, that every death was told in one line, that the segments begun are
those learned from, those lost, and at most those that may be under way at the end, and that nothing is left of it:
processes, shared memory, half-written files. Prints a table. Exit status: 0, 1 if anything was wrong, and says what.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from experiments.launcher import processes_of_session

ROOT = Path(__file__).resolve().parents[1]
WORKERS = 3
_DEPTH = 1  # of a queue, by default
_WARMUP_ROUNDS = 2
_STEPS_PER_ROUND = 288
_RUN = (
    f"--workers {WORKERS} --schedule free-running --env CartPole-v1 --envs 12 "
    f"--hidden 16,16 --steps-per-round {_STEPS_PER_ROUND} --warmup-rounds {_WARMUP_ROUNDS} --progress none"
).split()
_TIMEOUT_SECONDS = 120.0
_LEAVING_SECONDS = 2.0
# A worker that dies three times in a row before it has finished a segment ends its run, as it should.
_YOUNG_SECONDS = 0.5
_BETWEEN_YOUNG_SECONDS = 3.0
_SHORTEST_PAUSE_SECONDS = 0.02
_MEAN_PAUSE_SECONDS = 0.08
_TOLD = re.compile(r"prl: worker \d+ \(process \d+\) was killed by signal 9 \(Killed\); another takes its place")
_TOLD_BY_MPI = re.compile(
    r"prl: worker \d+ (\(process \d+\) has died|could not be started: .+)(; another takes its place|, like those in its "
    r"place before, and had finished nothing; the run goes on with \d of \d workers)"
)


@dataclass(frozen=True)
class Mode:
    options: str
    learner_apart: bool = False  # all workers act and may be killed; else worker 0 is the run's own process
    mpi: bool = False

    @property
    def words(self) -> list[str]:
        place = "mpi --spawn-actors true" if self.mpi else "processes"
        return f"--collect {place} {self.options}".split()

    @property
    def told(self) -> re.Pattern[str]:
        return _TOLD_BY_MPI if self.mpi else _TOLD

    @property
    def victims(self) -> int:
        return WORKERS if self.learner_apart else WORKERS - 1

    @property
    def most_under_way(self) -> int:
        """Segments at the end: queued or being collected, and as many that were dropped when the warm-up ended; none where
        workers stop at their last ticket."""
        return 2 * WORKERS * (_DEPTH + 1) if self.learner_apart else 0


MODES = {
    "actors": Mode("--algorithm a2c", True),
    "actors-ppo": Mode("--algorithm ppo --epochs 2", True),
    "actors-dqn": Mode("--algorithm dqn --learning-starts 0 --batch 32 --train-every 8", True),
    "mpi-actors": Mode("--algorithm a2c", True, True),
    "hogwild": Mode("--algorithm a2c --agreement hogwild"),
    "server": Mode("--algorithm a2c --agreement server --merge-rate 0.5"),
    "server-gradients": Mode("--algorithm a2c --agreement server --server-takes gradients"),
    "pairs": Mode("--algorithm a2c --agreement gossip"),
}


@dataclass
class Tally:
    """Of all runs of a mode."""

    runs: int = 0
    kills: int = 0
    replaced: int = 0
    begun: int = 0
    learned: int = 0
    segments_lost: int = 0
    merges_lost: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)


class Victims:
    """The workers of a run, and when they may be killed."""

    def __init__(self, session: int, folder: str, mode: Mode, chance: random.Random, most_kills: int):
        self._session = session
        self._folder = folder
        self._mode = mode
        self._chance = chance
        self._kills_left = most_kills
        self._young_from = 0.0
        self.kills = 0
        self.shared_files: set[Path] = set()

    def kill_one(self) -> None:
        members = _processes_of(self._session, self._folder)
        for pid in members:
            self.shared_files |= _shared_files_of(pid)
        ages = _parents_and_ages(members)
        # Actors on MPI have joined when they are called so: of those that are killed before, some leave Open MPI unable to
        # start any more (docs/architecture.md), and the run goes on with fewer.
        workers = {
            pid: age
            for pid, (parent, age) in ages.items()
            if (_is_named(pid, "prl-actor") if self._mode.mpi else _is_named(parent, "prl-nursery"))
        }
        if self._kills_left == 0 or len(workers) < self._mode.victims:
            return
        victim = self._chance.choice(sorted(workers))
        if workers[victim] < _YOUNG_SECONDS:
            if time.monotonic() < self._young_from:
                return
            self._young_from = time.monotonic() + _BETWEEN_YOUNG_SECONDS
        with suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
            self.kills += 1
            self._kills_left -= 1


def _parents_and_ages(pids: list[int]) -> dict[int, tuple[int, float]]:
    """Parent, and seconds since the start."""
    found = {}
    for pid in pids:
        with suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            started = int(fields[19]) / os.sysconf("SC_CLK_TCK")
            found[pid] = (int(fields[1]), time.clock_gettime(time.CLOCK_BOOTTIME) - started)
    return found


def _is_named(pid: int, name: str) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip() == name
    return False


def _shared_files_of(pid: int) -> set[Path]:
    with suppress(OSError):
        lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
        return {Path(line.split(None, 5)[5].removesuffix(" (deleted)")) for line in lines if "/dev/shm/" in line}
    return set()


def run_and_kill(prl: Path, mode: Mode, steps: int, most_kills: int, chance: random.Random, tally: Tally) -> None:
    """One run; adds to `tally` what came of it."""
    seed = chance.randrange(1 << 30)
    with tempfile.TemporaryDirectory(prefix="prl-kills-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        record = Path(folder, "record.json")
        command = [str(prl), "train", *_RUN, *mode.words, *f"--steps {steps} --step-cost wait:100us".split()]
        command += ["--seed", str(seed), "--record", str(record)]
        with Path(folder, "errors").open("w+") as errors:
            begin = time.monotonic()
            program = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env={**os.environ, "TMPDIR": folder},
                start_new_session=True,
            )
            victims = Victims(program.pid, folder, mode, chance, most_kills)
            in_time = _kill_until_end(program, folder, victims, chance)
            errors.seek(0)
            # Open MPI may say something of its own about a death.
            told = [line for line in errors.read().splitlines() if not mode.mpi or line.startswith("prl: ")]
        tally.runs += 1
        tally.kills += victims.kills
        tally.seconds += time.monotonic() - begin
        wrong = [] if in_time else [f"had not ended after {_TIMEOUT_SECONDS:.0f} s"]
        wrong += [f"{len(left)} processes are left" for left in [_left_of(program.pid, folder)] if left]
        wrong += [f"{file} is left" for file in victims.shared_files if file.exists()]
        wrong += [f"{file.name} is left" for file in Path(folder).glob("*.part")]
        wrong += [f"said: {line}" for line in told if not mode.told.fullmatch(line)]
        if in_time and program.returncode != 0:
            wrong.append(f"exit status {program.returncode}")
        if record.exists():
            wrong += _count(json.loads(record.read_text()), mode, victims.kills, len(told), tally)
        tally.wrong += [f"run {tally.runs} (--seed {seed}): {reason}" for reason in wrong]


def _processes_of(session: int, folder: str) -> list[int]:
    """Those of the session, and what MPI has started in others: they have the run's folder for temporary files."""
    members = processes_of_session(session)
    for entry in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):
            if f"TMPDIR={folder}".encode() in Path("/proc", entry, "environ").read_bytes().split(b"\0"):
                members.append(int(entry))
    return sorted(set(members))


def _kill_until_end(program: subprocess.Popen[bytes], folder: str, victims: Victims, chance: random.Random) -> bool:
    """Whether it ended by itself."""
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    while program.poll() is None:
        if time.monotonic() > deadline:
            for pid in _processes_of(program.pid, folder):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            program.wait()
            return False
        time.sleep(_SHORTEST_PAUSE_SECONDS + chance.expovariate(1.0 / _MEAN_PAUSE_SECONDS))
        victims.kill_one()
    return True


def _left_of(session: int, folder: str) -> list[int]:
    """Processes that have not left some time after the run's end; they are killed."""
    deadline = time.monotonic() + _LEAVING_SECONDS
    while (left := _processes_of(session, folder)) and time.monotonic() < deadline:
        time.sleep(0.01)
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return left


def _count(record: dict[str, Any], mode: Mode, kills: int, told: int, tally: Tally) -> list[str]:
    """What of the counts cannot be."""
    faults: dict[str, int] = record["faults"]
    learned = (record["counts"]["rounds"] + _WARMUP_ROUNDS) * WORKERS
    under_way = faults["segments_begun"] - learned - faults["segments_lost"]
    tally.replaced += faults["replaced"]
    tally.begun += faults["segments_begun"]
    tally.learned += learned
    tally.segments_lost += faults["segments_lost"]
    tally.merges_lost += faults["merges_lost"]
    wrong = []
    # Those that are killed while the run leaves are neither counted nor replaced.
    if not kills - mode.victims <= faults["ended"] <= kills:
        wrong.append(f"{kills} were killed, {faults['ended']} counted")
    if not faults["ended"] - mode.victims <= faults["replaced"] <= min(faults["ended"], told):
        wrong.append(f"{faults['ended']} ended, {faults['replaced']} were replaced, {told} lines told of it")
    if not 0 <= under_way <= mode.most_under_way:
        wrong.append(f"{under_way} segments were neither learned from nor lost, of at most {mode.most_under_way}")
    if max(faults["segments_lost"], faults["merges_lost"]) > faults["ended"]:
        wrong.append(f"{faults['segments_lost']} segments and {faults['merges_lost']} merges lost by {faults['ended']}")
    return wrong


def _row(cells: list[str]) -> str:
    return "  ".join([cells[0].ljust(18), *(cell.rjust(9) for cell in cells[1:])])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m experiments.kill_workers", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=100, help="in each mode")
    parser.add_argument("--mode", action="append", choices=sorted(MODES), help="one of several; all by default")
    parser.add_argument("--seed", type=int, default=1, help="of who is killed when, and of the runs")
    parser.add_argument("--steps", type=int, default=150_000, help="environment steps of a run")
    parser.add_argument("--prl", type=Path, default=ROOT / "build" / "prl")
    options = parser.parse_args()
    print(_row(["mode", "runs", "kills", "replaced", "begun", "learned", "lost", "merges", "seconds"]))
    wrong = []
    for name in options.mode or MODES:
        tally = Tally()
        chance = random.Random(f"{name} {options.seed}")
        while tally.kills < options.kills and not tally.wrong:
            left = options.kills - tally.kills
            run_and_kill(options.prl, MODES[name], options.steps, left, chance, tally)
            if tally.kills == options.kills - left:
                tally.wrong.append("the run ended before anybody could be killed: give more --steps")
        numbers = [tally.runs, tally.kills, tally.replaced, tally.begun, tally.learned]
        numbers += [tally.segments_lost, tally.merges_lost]
        print(_row([name, *map(str, numbers), f"{tally.seconds:.1f}"]), flush=True)
        wrong += [f"{name}: {reason}" for reason in tally.wrong]
    for reason in wrong:
        print(f"kill_workers: {reason}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
