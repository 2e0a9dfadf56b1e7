"""Checkpoints as tests see them: the header and the items by name, to be read and, changed, written again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FORMAT = "prl-checkpoint-2"


@dataclass
class Checkpoint:
    header: dict[str, Any]
    items: dict[str, bytes]

    def count(self, name: str) -> int:
        return int.from_bytes(self.items[name], "little")


def read(file: Path) -> Checkpoint:
    line, _, body = file.read_bytes().partition(b"\n")
    word, size, digest = line.decode().split()
    assert word == FORMAT and digest == digest_of(body)
    header = json.loads(body[: int(size)])
    items = {}
    begin = int(size)
    for name, whole, stored in header["items"]:
        items[name] = body[begin : begin + stored].ljust(whole, b"\0")
        begin += stored
    assert begin == len(body)
    return Checkpoint(header, items)


def write(file: Path, checkpoint: Checkpoint) -> None:
    stored = {name: content.rstrip(b"\0") for name, content in checkpoint.items.items()}
    checkpoint.header["items"] = [[name, len(checkpoint.items[name]), len(part)] for name, part in stored.items()]
    header = json.dumps(checkpoint.header).encode()
    body = header + b"".join(stored.values())
    file.write_bytes(f"{FORMAT} {len(header)} {digest_of(body)}\n".encode() + body)


def digest_of(content: bytes) -> str:
    """FNV-1a, 64 bits."""
    value = 0xCBF29CE484222325
    for byte in content:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"
