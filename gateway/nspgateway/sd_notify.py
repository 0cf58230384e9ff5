"""Tells the service manager how we are: ready, alive, stopping. Nothing where there is none.

The protocol of sd_notify(3): one datagram of ``NAME=value`` lines to the socket that the
environment variable NOTIFY_SOCKET names. A leading ``@`` is a name without a file.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress

READY = "READY=1"
ALIVE = "WATCHDOG=1"
STOPPING = "STOPPING=1"


class ServiceManager:
    """The way to the service manager. ``path``: its socket; "" = there is none."""

    def __init__(self, path: str | None = None) -> None:
        found = os.environ.get("NOTIFY_SOCKET", "") if path is None else path
        # Anything else is of a kind that only virtual machines know (vsock).
        self._address = "\0" + found[1:] if found.startswith("@") else found if found.startswith("/") else ""

    def tell(self, *lines: str) -> None:
        """Say so much; a service manager that does not listen changes nothing for us."""
        if not self._address:
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            sock.sendto("\n".join(lines).encode(), self._address)
