"""Simulates the suite's communication at many workers: the skeleton of its messages under SimGrid's SMPI.

    python -m experiments.simulation.simulate --form ring --workers 2,16,256 --bandwidth-gbps 10 --record FILE

Writes one JSON document of kind 'simulation': for each number of workers the seconds of one exchange (an update; of a
central learner a round), and its bytes and messages over all workers, which must be those of `traffic.py`. The same
options give the same figures. Exit status: 0, 1 if a simulation fails or its bytes are not the formula's, 3 without SimGrid.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from experiments.build import Build, describe_build
from experiments.freshness import SCHEMA_VERSION, write_json
from experiments.simulation.traffic import FORMS, Traffic, traffic_of

MODULE = "experiments.simulation.simulate"
ROOT = Path(__file__).resolve().parents[2]
_SOURCE = Path(__file__).with_name("skeleton.cpp")
_TIMEOUT_SECONDS = 600
# Of a processor, to hand over a message and to take one in. Open MPI's TCP takes 3.5 us for an empty message between two
# ranks of the reference machine, both of them and the kernel included.
MESSAGE_SECONDS = 1.5e-6


@dataclass(frozen=True)
class Network:
    """Every host has a link of its own to one switch, which is never the bottleneck."""

    bits_per_second: float
    one_way_seconds: float  # host to host


@dataclass(frozen=True)
class Exchange:
    form: str
    parameters: int
    trajectory_bytes: int = 0  # of all workers, a round
    collect_seconds: float = 0.0  # of a round in one worker
    learn_seconds: float = 0.0
    shards: int = 1


class SimulationError(RuntimeError):
    """One line."""


def why_not(_build: Build | None = None, _options: dict[str, str] | None = None) -> str:
    """For experiments/study.py."""
    missing = [program for program in ("smpicxx", "smpirun") if shutil.which(program) is None]
    return f"SimGrid is not installed ({' and '.join(missing)} missing): apt-get install libsimgrid-dev" if missing else ""


def compiled_skeleton(folder: Path) -> Path:
    """The program in `folder`, compiled unless it is there. Its name has the digest of what it is made of."""
    definition = f"-DPRL_MESSAGE_SECONDS={MESSAGE_SECONDS!r}"
    digest = hashlib.sha256(_SOURCE.read_bytes() + definition.encode()).hexdigest()[:10]
    program = folder.resolve() / f"skeleton-{digest}"
    if program.is_file():
        return program
    temporary = program.with_name(f"{program.name}.{os.getpid()}")
    command = ["smpicxx", "-std=c++20", "-O2", definition, "-o", str(temporary), str(_SOURCE)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise SimulationError(f"smpicxx failed: {(result.stderr.strip().splitlines() or ['it said nothing'])[0]}")
    temporary.replace(program)
    return program


def platform(network: Network, hosts: int) -> str:
    """A message crosses the sender's link and the receiver's."""
    link = f'bw="{network.bits_per_second:.0f}bps" lat="{network.one_way_seconds / 2 * 1e9:.0f}ns"'
    return (
        "<?xml version='1.0'?>\n"
        '<!DOCTYPE platform SYSTEM "https://simgrid.org/simgrid.dtd">\n'
        '<platform version="4.1"><zone id="world" routing="Full">\n'
        f'<cluster id="cluster" prefix="host" suffix="" radical="0-{hosts - 1}" speed="1Gf" {link}/>\n'
        "</zone></platform>\n"
    )


def settings() -> list[str]:
    """The network does what the platform says: factors that SMPI fitted to another cluster's TCP are switched off."""
    cost = f"0:{MESSAGE_SECONDS!r}:0"
    values = {
        "smpi/simulate-computation": "no",
        "smpi/host-speed": "1Gf",
        "smpi/bw-factor": "0:1.0",
        "smpi/lat-factor": "0:1.0",
        "network/crosstraffic": "no",
        "network/TCP-gamma": "0",
        **{f"smpi/{call}": cost for call in ("os", "ois", "or")},
    }
    return [f"--cfg={name}:{value}" for name, value in values.items()]


def simulate(program: Path, folder: Path, exchange: Exchange, network: Network, workers: int, repeats: int) -> dict[str, float]:
    """Seconds, bytes and messages of one exchange. Raises SimulationError."""
    (folder / "platform.xml").write_text(platform(network, workers), encoding="utf-8")
    (folder / "hosts").write_text("".join(f"host{i}\n" for i in range(workers)), encoding="utf-8")
    words = (exchange.form, exchange.parameters, exchange.trajectory_bytes, exchange.collect_seconds / workers,
             exchange.learn_seconds, repeats, exchange.shards)  # fmt: skip
    command = ["smpirun", "-np", str(workers), "-platform", "platform.xml", "-hostfile", "hosts", *settings()]
    command += ["--log=root.thres:critical", str(program), *map(str, words)]
    try:
        result = subprocess.run(
            command, capture_output=True, text=True, cwd=folder, timeout=_TIMEOUT_SECONDS, check=False
        )
        answer: dict[str, float] = json.loads(result.stdout.strip().splitlines()[-1])
    except (subprocess.TimeoutExpired, ValueError, IndexError) as error:
        raise SimulationError(f"smpirun gave nothing for {exchange.form} with {workers} workers ({error!r})") from error
    return answer


def check_traffic(exchange: Exchange, workers: int, answer: dict[str, float]) -> None:
    """Raises SimulationError unless bytes and messages are those of the formula."""
    expected = traffic_of(exchange.form, workers, exchange.parameters, exchange.trajectory_bytes, exchange.shards)
    got = Traffic(round(answer["bytes"]), round(answer["messages"]))
    if got != expected:
        raise SimulationError(f"{exchange.form} with {workers} workers moved {got}, the formula says {expected}")


def simulated_points(
    program: Path, exchange: Exchange, network: Network, workers: list[int], repeats: int = 1
) -> list[dict[str, Any]]:
    points = []
    with tempfile.TemporaryDirectory(prefix="prl-simulation-") as folder:
        for count in workers:
            answer = simulate(program, Path(folder), exchange, network, count, repeats)
            check_traffic(exchange, count, answer)
            points.append({"workers": count, **answer})
    return points


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=MODULE, description=__doc__.splitlines()[0])
    parser.add_argument("--prl", type=Path, default=ROOT / "build" / "prl", help="the runner, for the record's origin")
    parser.add_argument("--form", choices=FORMS, required=True)
    parser.add_argument("--workers", required=True, help="numbers, separated by commas")
    parser.add_argument("--parameters", type=int, default=67331, help="floats (default: of preset d4)")
    parser.add_argument("--trajectory-bytes", type=int, default=0, help="a round, of all workers")
    parser.add_argument("--collect-seconds", type=float, default=0.0, help="of a round in one worker")
    parser.add_argument("--learn-seconds", type=float, default=0.0, help="of what follows the exchange")
    parser.add_argument("--shards", type=int, default=1, help="of a parameter server")
    parser.add_argument("--bandwidth-gbps", type=float, default=10.0)
    parser.add_argument("--one-way-us", type=float, default=20.0)
    parser.add_argument("--repeats", type=int, default=1, help="exchanges that are simulated and averaged")
    parser.add_argument("--seed", type=int, default=1, help="ignored: nothing is drawn")
    parser.add_argument("--record", type=Path, required=True)
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    options = parse_arguments(arguments)
    if reason := why_not():
        print(f"{MODULE}: {reason}", file=sys.stderr)
        return 3
    build = describe_build(options.prl)
    exchange = Exchange(
        options.form,
        options.parameters,
        options.trajectory_bytes,
        options.collect_seconds,
        options.learn_seconds,
        options.shards,
    )
    network = Network(options.bandwidth_gbps * 1e9, options.one_way_us * 1e-6)
    try:
        program, workers = compiled_skeleton(options.prl.parent), [int(count) for count in options.workers.split(",")]
        points = simulated_points(program, exchange, network, workers, options.repeats)
    except SimulationError as error:
        print(f"{MODULE}: {error}", file=sys.stderr)
        return 1
    document = {"schema_version": SCHEMA_VERSION, "kind": "simulation", "provenance": build.build, "machine": build.machine}
    simulated = {"exchange": asdict(exchange), "network": asdict(network), "points": points}
    write_json(options.record, {**document, **simulated, "message_seconds": MESSAGE_SECONDS})
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
