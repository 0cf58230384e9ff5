"""What anybody on this computer can see of the processes that a test starts: arguments and environments."""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

_EVERY_S = 0.03  # no program that is started lives shorter


@asynccontextmanager
async def watched() -> AsyncIterator[set[bytes]]:
    """Collect what is seen of every process that this one starts, and those start, meanwhile."""
    seen: set[bytes] = set()

    async def watch() -> None:
        while True:
            seen.update(_seen())
            await asyncio.sleep(_EVERY_S)

    watching = asyncio.create_task(watch())
    try:
        yield seen
    finally:
        watching.cancel()


def _seen() -> set[bytes]:
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                status = (entry / "stat").read_bytes()
            except OSError:
                continue
            parents[int(entry.name)] = int(status.rpartition(b")")[2].split()[1])
    ours = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in ours} - ours:
        ours |= more
    seen = set()
    for pid in ours - {os.getpid()}:
        for name in ("cmdline", "environ"):
            try:
                seen.add(Path(f"/proc/{pid}/{name}").read_bytes())
            except OSError:
                continue
    return seen


def forms(secret: bytes) -> list[bytes]:
    """Return how a key could be written down."""
    return [
        secret,
        secret.hex().encode(),
        secret.hex().upper().encode(),
        base64.b64encode(secret).rstrip(b"="),
        repr(secret)[2:-1].encode(),
        repr(list(secret))[1:-1].encode(),
    ]
