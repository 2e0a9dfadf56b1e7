"""What an exchange has to move, over all workers, in closed form: the heads of parallel/agree and parallel/collect.

P workers, S = 4 x parameters bytes:

    central             (P - 1) (S + 2 x 16) and P - 1 parts of the trajectories, 4 (P - 1) messages
    direct, ring        2 S (P - 1), and 8 P (P - 1) for the norm
    halving-doubling    the same bytes, also where P is no power of two
    server              2 S (P - 1), whatever the shards
    gossip-ring         2 S P (S P with two workers)
    gossip-exponential  S P
"""

from __future__ import annotations

from dataclasses import dataclass

FORMS = ("central", "direct", "ring", "halving-doubling", "server", "gossip-ring", "gossip-exponential")
_FLOATS_PER_LINE = 16


@dataclass(frozen=True)
class Traffic:
    bytes: int
    messages: int


def _pieces(parameters: int, parts: int) -> int:
    """How many of the parts are not empty: ranges are whole cache lines."""
    return min(parts, -(-parameters // _FLOATS_PER_LINE))


def traffic_of(form: str, workers: int, parameters: int, trajectory_bytes: int = 0, shards: int = 1) -> Traffic:
    """Of one exchange."""
    others, size = workers - 1, 4 * parameters
    norm = Traffic(8 * workers * others, workers * others)
    pieces = _pieces(parameters, workers)
    if form == "central":
        share = trajectory_bytes // workers
        return Traffic(others * (size + 2 * 16 + share), others * (4 if share else 3))
    if form in ("direct", "ring"):
        return Traffic(2 * size * others + norm.bytes, 2 * others * pieces + norm.messages)
    if form == "halving-doubling":
        core = 1 << (workers.bit_length() - 1)
        exchanges = 2 * core * (core.bit_length() - 1) + 2 * (workers - core)
        return Traffic(2 * size * others + norm.bytes, exchanges + norm.messages)
    if form == "server":
        return Traffic(2 * size * others, 2 * others * _pieces(parameters, min(shards, workers)))
    if form == "gossip-ring":
        neighbours = 1 if workers == 2 else 2
        return Traffic(neighbours * size * workers, neighbours * workers)
    if form == "gossip-exponential":
        return Traffic(size * workers, workers)
    raise ValueError(f"'{form}' is no form; it is one of: {', '.join(FORMS)}")
