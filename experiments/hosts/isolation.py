"""Namespaces of one's own: a network without a way out, and processes that end with the first of them.

The calling process becomes `unshare`, whose child is the program again, as process 1 of a PID namespace. Whatever ends
either of them (Ctrl-C, SIGKILL) ends all processes inside, and with the last one go the namespaces and their devices.
As another user than root, a user namespace comes first, where the system allows it.
"""

from __future__ import annotations

import functools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_MARK = "PRL_HOSTS_ISOLATED"
_NEEDED = (("unshare", "util-linux"), ("nsenter", "util-linux"), ("taskset", "util-linux"), ("hostname", "hostname"))
_ROUTING = (("ip", "iproute2"), ("tc", "iproute2"), ("mpirun", "openmpi-bin"))


def _prefix() -> list[str]:
    own = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    return ["unshare", *own, "--net", "--pid", "--mount-proc", "--fork", "--kill-child"]


@functools.cache
def reason_unavailable(delay: bool = False) -> str:
    """Why two hosts cannot be had here, with what is needed; empty if they can."""
    for program, package in (*_NEEDED, *_ROUTING):
        if shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin") is None:
            return f"{program} is missing: install {package}"
    trial = (
        "ip link add hosta type veth peer name hostb && ip link set hosta up"
        " && tc qdisc add dev hosta root tbf rate 1mbit burst 36000 limit 99999"
    )
    if delay:
        trial += " && ip tuntap add dev relay mode tun"
    result = subprocess.run([*_prefix(), "sh", "-c", trial], capture_output=True, text=True, env=_environment())
    if result.returncode == 0:
        return ""
    said = (result.stderr.strip().splitlines() or [f"exit status {result.returncode}"])[-1]
    needed = "run as root, or allow user namespaces (sysctl kernel.unprivileged_userns_clone=1), with veth, tbf and tun"
    return f"network namespaces with a limited link cannot be made here ({said}): {needed}"


def _environment() -> dict[str, str]:
    return {**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"}


def isolated() -> bool:
    return os.environ.get(_MARK) == "1"


@contextmanager
def private_folder() -> Iterator[Path]:
    """For temporary files that only these processes see and that go with the last of them. What stays after a SIGKILL is
    an empty folder, the same one each time."""
    folder = Path(tempfile.gettempdir(), f"prl-hosts-{os.getuid()}")
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "prl-hosts", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=False)
        with suppress(OSError):  # another launch uses it
            folder.rmdir()


def as_first_process(work: Callable[[], int]) -> int:
    """Runs `work` in a child and waits for whatever else ends: orphans (mpirun's daemons) become process 1's children."""
    worker = os.fork()
    if worker == 0:
        os._exit(_flushed(work))
    signal.signal(signal.SIGINT, lambda number, _: os.kill(worker, number))
    signal.signal(signal.SIGTERM, lambda number, _: os.kill(worker, number))
    while True:
        process, status = os.wait()
        if process == worker:
            return os.waitstatus_to_exitcode(status) & 0xFF


def _flushed(work: Callable[[], int]) -> int:
    try:
        return work()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def isolate(module: str, arguments: list[str]) -> None:
    """Starts `python -m module arguments` in namespaces of its own, in this process's place."""
    os.environ.update(_environment())
    os.environ[_MARK] = "1"
    command = [*_prefix(), sys.executable, "-m", module, *arguments]
    os.execvp(command[0], command)
