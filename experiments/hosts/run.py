"""Trains on two hosts joined by a link, and keeps the record together with what the link was measured to be.

    python -m experiments.hosts.run --bandwidth 100mbit --delay 1ms --record FILE --collect mpi --workers 2 ...

Other options are those of `prl train`. prl is the unchanged program under mpirun, one rank a host, TCP between them.
The record is prl's own with `link` (as asked for), `measured_link` and `cores_of_hosts` beside it, of kind 'hosts'.
Exit status: prl's, 1 if it left no record, 2 on bad input, 3 if two hosts cannot be had here.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from experiments.build import Build
from experiments.freshness import write_json
from experiments.hosts import isolation
from experiments.hosts.link import NETWORK, HostB, Link, LinkError, measure, parse_bandwidth, parse_delay, two_hosts

ROOT = Path(__file__).resolve().parents[2]
MODULE = "experiments.hosts.run"
_AGENT = Path(__file__).with_name("agent.sh")


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=MODULE, description=__doc__.splitlines()[0])
    parser.add_argument("--bandwidth", type=parse_bandwidth, default=0.0, help="100mbit, 1gbit, unlimited (default)")
    parser.add_argument("--delay", type=parse_delay, default=0.0, help="one way: 100us, 1ms (default: 0)")
    parser.add_argument("--prl", type=Path, default=ROOT / "build" / "prl", help="the runner (default: build/prl)")
    parser.add_argument("--timeout", type=float, default=120.0, help="seconds after which a job is ended (default: 120)")
    parser.add_argument("--record", type=Path, required=True, help="the JSON document to write")
    options, options.of_training = parser.parse_known_args(arguments)
    return options


def why_not(_build: Build, options: dict[str, str]) -> str:
    """For experiments/study.py."""
    return isolation.reason_unavailable(delay=parse_delay(options.get("delay", "0")) > 0)


def cores_of_hosts() -> tuple[str, str]:
    """Processors for host a and for host b: halves of those that this process may use, where there are two."""
    usable = sorted(os.sched_getaffinity(0))
    half = max(len(usable) // 2, 1)
    return ",".join(map(str, usable[:half])), ",".join(map(str, usable[half:] or usable))


def mpirun_command(program: Path, arguments: list[str]) -> list[str]:
    """One rank a host. All that prl needs of a network is told to Open MPI here; prl itself knows nothing of it."""
    settings = {
        "plm_rsh_agent": str(_AGENT),
        "plm_rsh_no_tree_spawn": "1",
        "oob_tcp_if_include": NETWORK,
        "btl": "tcp,self",
        "btl_tcp_if_include": NETWORK,
        "pml": "ob1",
    }
    words = ["mpirun", "--allow-run-as-root", "--bind-to", "none", "--host", "hosta:1,hostb:1"]
    for name, value in settings.items():
        words += ["--mca", name, value]
    return [*words, str(program), *arguments]


def run_on(host_b: HostB, folder: str, program: Path, arguments: list[str], timeout_seconds: float) -> int:
    cores_a, cores_b = cores_of_hosts()
    names = {"HOST_B_PID": str(host_b.pid), "HOST_A_CORES": cores_a, "HOST_B_CORES": cores_b, "HOSTS_FOLDER": folder, "TMPDIR": folder}
    with subprocess.Popen(mpirun_command(program, arguments), env={**os.environ, **names}) as job:
        try:
            return job.wait(timeout_seconds)
        except subprocess.TimeoutExpired as error:
            raise LinkError(f"mpirun took longer than {timeout_seconds:g} s and was ended") from error
        finally:
            job.kill()


def run_inside(options: argparse.Namespace) -> int:
    link = Link(options.bandwidth, options.delay)
    with isolation.private_folder() as folder:
        own = folder / "record.json"
        with two_hosts(link, options.prl.with_name("delay_relay")) as host_b:
            measured = measure(link, host_b)
            arguments = ["train", *options.of_training, "--progress", "none", "--record", str(own)]
            status = run_on(host_b, str(folder), options.prl.resolve(), arguments, options.timeout)
        if status != 0:
            return status
        if not own.is_file():
            print(f"{MODULE}: prl left no record", file=sys.stderr)
            return 1
        record = json.loads(own.read_text(encoding="utf-8"))
    cores = [len(cores.split(",")) for cores in cores_of_hosts()]
    more = {"kind": "hosts", "link": asdict(link), "measured_link": asdict(measured), "cores_of_hosts": cores}
    write_json(options.record, {**record, **more})
    return 0


def work(options: argparse.Namespace) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return run_inside(options)
    except LinkError as error:
        print(f"{MODULE}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def main(arguments: list[str]) -> int:
    options = parse_arguments(arguments)
    if not options.record.resolve().parent.is_dir():
        print(f"{MODULE}: there is no folder {options.record.parent} for the record: make it first", file=sys.stderr)
        return 2
    if not isolation.isolated():
        if reason := isolation.reason_unavailable(delay=options.delay > 0):
            print(f"{MODULE}: {reason}", file=sys.stderr)
            return 3
        isolation.isolate(MODULE, arguments)
    return isolation.as_first_process(lambda: work(options))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
