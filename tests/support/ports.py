"""Ports for what a test starts itself: nobody takes one between the choice and the start."""

import itertools
import socket
from collections.abc import Iterator
from functools import cache

# Below those that a system hands out by itself, so that no connection of anybody comes to lie on one.
_FIRST, _BLOCK, _BLOCKS = 15_000, 100, 170


def free_port() -> int:
    """Return a TCP port that nobody listens at, of those that this process has for itself."""
    for port in itertools.islice(_own(), _BLOCK):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise OSError("no port is free: close what listens from 15000 on")


@cache
def _own() -> Iterator[int]:
    """The ports of a block that is this process's as long as it lives, in turn."""
    for block in range(_BLOCKS):
        mark = socket.socket(socket.AF_UNIX)
        try:
            mark.bind(f"\0nspkit tests, ports {block}")
        except OSError:
            mark.close()
            continue
        mark.detach()  # held to the end of the process
        return itertools.cycle(range(_FIRST + block * _BLOCK, _FIRST + (block + 1) * _BLOCK))
    raise OSError("too many test runs at the same time")
