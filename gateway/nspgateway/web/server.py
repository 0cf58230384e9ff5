"""The web server that serves the pages."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator
from socket import socket

import uvicorn
from starlette.applications import Starlette

from nspgateway.web.screens import Screens

# A screen that reads no more must not keep the gateway from stopping.
_SHUTDOWN_S = 1


class PageServer(uvicorn.Server):
    """Uvicorn that ends the event streams when it stops, and leaves signals to the gateway.

    Bind the socket first (uvicorn would end the process when the port is
    taken) and run ``serve(sockets=[bound])``; set ``should_exit`` to stop.
    ``tls``: None = none, as in a demo.
    """

    def __init__(self, app: Starlette, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                # Nobody stands before us: who is told to have sent something did not.
                proxy_headers=False,
                ssl_context_factory=None if tls is None else lambda _config, _default: tls,
                timeout_graceful_shutdown=_SHUTDOWN_S,
            )
        )
        self._screens: Screens = app.state.screens

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """Close the streams first: uvicorn waits for every open answer."""
        self._screens.close()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Catch none: the gateway stops its tasks in its own order."""
        yield
