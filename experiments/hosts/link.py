"""Two network namespaces and the link between them.

    host a, 10.77.0.1  ── veth, or two TUN devices with delay_relay between them ──  host b, 10.77.0.2

Each end sends at the link's bandwidth (tbf). Runs where this process may make namespaces, inside the private namespaces
that `isolation.py` starts it in: what it makes is gone with that process, however it ends.
"""

from __future__ import annotations

import os
import re
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

NETWORK = "10.77.0.0/30"
ADDRESSES = ("10.77.0.1", "10.77.0.2")
DEVICES = ("hosta", "hostb")
# Jumbo frames, as clusters have them: the relay handles packets one by one.
MTU_BYTES = 9000
_BURST_SECONDS = 1e-4
_PROBE_PORT = 5501
_UNITS = {"bit": 1.0, "kbit": 1e3, "mbit": 1e6, "gbit": 1e9}
_TIMES = {"us": 1e-6, "ms": 1e-3, "s": 1.0}


class LinkError(RuntimeError):
    """One line that says what could not be made."""


@dataclass(frozen=True)
class Link:
    bits_per_second: float  # 0: as fast as the kernel copies
    delay_seconds: float  # one way, on top of what the kernel takes

    @property
    def label(self) -> str:
        rate = "unlimited" if not self.bits_per_second else f"{self.bits_per_second / 1e6:g} Mb/s"
        return f"{rate}, {self.delay_seconds * 1e3:g} ms"


def parse_bandwidth(text: str) -> float:
    """Bits a second of '100mbit', 0 of 'unlimited'. Raises ValueError."""
    if text == "unlimited":
        return 0.0
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(bit|kbit|mbit|gbit)", text)
    if not match:
        raise ValueError(f"'{text}' is no bandwidth: expected a number with kbit, mbit or gbit, or 'unlimited'")
    return float(match[1]) * _UNITS[match[2]]


def parse_delay(text: str) -> float:
    """Seconds of '100us', '1ms' or '0'. Raises ValueError."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(us|ms|s)|0", text)
    if not match:
        raise ValueError(f"'{text}' is no delay: expected a number with us, ms or s, or 0")
    return 0.0 if text == "0" else float(match[1]) * _TIMES[match[2]]


def _run(*command: str) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise LinkError(f"{command[0]} is missing: install iproute2 and util-linux") from error
    except subprocess.CalledProcessError as error:
        raise LinkError(f"'{' '.join(command)}' failed: {error.stderr.strip().splitlines()[-1:]}") from error


class HostB:
    """The other namespace, held open by a process that waits."""

    def __init__(self) -> None:
        self._holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        own = os.readlink("/proc/self/ns/net")
        deadline = time.monotonic() + 5.0
        while os.readlink(f"/proc/{self.pid}/ns/net") == own:
            if self._holder.poll() is not None or time.monotonic() > deadline:
                raise LinkError("a second network namespace cannot be made")
            time.sleep(0.002)

    @property
    def pid(self) -> int:
        return self._holder.pid

    @property
    def namespace(self) -> str:
        return f"/proc/{self.pid}/ns/net"

    def command(self, *words: str) -> list[str]:
        return ["nsenter", f"--net={self.namespace}", *words]

    def close(self) -> None:
        self._holder.kill()
        self._holder.wait()


def _start_relay(program: Path, link: Link, host_b: HostB) -> subprocess.Popen[str]:
    delay_us = str(round(link.delay_seconds * 1e6))
    command = [str(program), "--peer-namespace", host_b.namespace, "--delay-us", delay_us]
    command += ["--near", DEVICES[0], "--far", DEVICES[1]]
    try:
        relay = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    except FileNotFoundError as error:
        raise LinkError(f"{program} is missing: build the target delay_relay") from error
    assert relay.stdout is not None and relay.stderr is not None
    if relay.stdout.readline().strip() != "ready":
        raise LinkError(relay.stderr.read().strip() or "the relay did not start")
    return relay


def _limit(command: list[str], device: str, link: Link) -> None:
    if not link.bits_per_second:
        return
    # A small bucket: what fits into it crosses at once after a pause, which a real link would not allow.
    burst_bytes = max(MTU_BYTES + 1000, round(link.bits_per_second / 8 * _BURST_SECONDS))
    rate = f"{round(link.bits_per_second)}bit"
    _run(*command, "tc", "qdisc", "add", "dev", device, "root", "tbf", "rate", rate, "burst", str(burst_bytes),
         "limit", str(16 << 20))  # fmt: skip


@contextmanager
def two_hosts(link: Link, relay_program: Path) -> Iterator[HostB]:
    """Host a is the caller's namespace. Raises LinkError."""
    with ExitStack() as stack:
        host_b = HostB()
        stack.callback(host_b.close)
        if link.delay_seconds > 0:
            relay = _start_relay(relay_program, link, host_b)
            stack.callback(relay.wait)
            stack.callback(relay.kill)
        else:
            _run("ip", "link", "add", DEVICES[0], "type", "veth", "peer", "name", DEVICES[1])
            _run("ip", "link", "set", DEVICES[1], "netns", str(host_b.pid))
        for prefix, device, address in (([], DEVICES[0], ADDRESSES[0]), (host_b.command(), DEVICES[1], ADDRESSES[1])):
            _run(*prefix, "ip", "link", "set", "lo", "up")
            _run(*prefix, "ip", "addr", "add", f"{address}/30", "dev", device)
            _run(*prefix, "ip", "link", "set", device, "mtu", str(MTU_BYTES), "up")
            _limit(prefix, device, link)
        yield host_b


# ---------------------------------------------------------------- the link as it is


@dataclass(frozen=True)
class MeasuredLink:
    one_way_seconds: float  # half the median round trip of a small datagram
    bits_per_second: float  # of a long stream


_PROBE_SERVER = """
import socket, sys
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); udp.bind((sys.argv[1], int(sys.argv[2])))
tcp = socket.create_server((sys.argv[1], int(sys.argv[2])))
print("ready", flush=True)
while (packet := udp.recvfrom(64))[0] != b"end":
    udp.sendto(*packet)
stream, _ = tcp.accept()
while stream.recv(1 << 20):
    pass
stream.sendall(b"x")
"""


def measure(link: Link, host_b: HostB, round_trips: int = 100, seconds: float = 0.15) -> MeasuredLink:
    """Raises LinkError if nothing comes back."""
    server = subprocess.Popen(
        host_b.command(sys.executable, "-c", _PROBE_SERVER, ADDRESSES[1], str(_PROBE_PORT)), stdout=subprocess.PIPE
    )
    try:
        assert server.stdout is not None
        server.stdout.readline()
        target = (ADDRESSES[1], _PROBE_PORT)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.settimeout(5.0)
            samples = []
            for _ in range(round_trips):
                start = time.perf_counter()
                udp.sendto(b"probe", target)
                udp.recv(64)
                samples.append(time.perf_counter() - start)
            udp.sendto(b"end", target)
        size = round(seconds * (link.bits_per_second or 8e9) / 8)
        with socket.create_connection(target, timeout=30.0) as stream:
            start = time.perf_counter()
            stream.sendall(bytes(size))
            stream.shutdown(socket.SHUT_WR)
            stream.recv(1)
            taken = time.perf_counter() - start
    except OSError as error:
        raise LinkError(f"the link does not answer: {error}") from error
    finally:
        server.kill()
        server.wait()
    one_way = statistics.median(samples) / 2
    return MeasuredLink(one_way, size * 8 / max(taken - 2 * one_way, 1e-9))
