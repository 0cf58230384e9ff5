"""A connected socket to a broker, plain or TLS, where every wait can be cancelled.

paho connects in a thread that nothing can interrupt: a broker that is off, or a
wire that swallows everything, would keep the gateway from stopping in time.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

# (family, type, protocol, address) as socket.getaddrinfo gives them.
_Target = tuple[int, int, int, Any]


async def connected(host: str, port: int, tls: ssl.SSLContext | None) -> socket.socket:
    """Return a non-blocking socket to the first address that answers. Raises OSError with its reason."""
    problem = OSError(f"{host}: no address")
    for family, kind, protocol, address in await _looked_up(host, port):
        try:
            sock = await _reached(socket.socket(family, kind, protocol), address)
            return sock if tls is None else await _secured(sock, tls, host)
        except OSError as error:
            problem = error
    raise problem


async def _reached(sock: socket.socket, address: Any) -> socket.socket:
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        await asyncio.get_running_loop().sock_connect(sock, address)
    except OSError as error:
        sock.close()
        # asyncio's own words name the address, which stands beside it in the log already.
        raise OSError(error.errno, os.strerror(error.errno or 0)) from None
    except BaseException:
        sock.close()
        raise
    return sock


async def _secured(sock: socket.socket, tls: ssl.SSLContext, host: str) -> ssl.SSLSocket:
    loop = asyncio.get_running_loop()
    secure = tls.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)
    try:
        while True:
            try:
                secure.do_handshake()
            except ssl.SSLWantReadError:
                await _ready(secure, loop.add_reader, loop.remove_reader)
            except ssl.SSLWantWriteError:
                await _ready(secure, loop.add_writer, loop.remove_writer)
            else:
                return secure
    except BaseException:
        secure.close()
        raise


async def _ready(
    sock: socket.socket, add: Callable[[int, Callable[[], None]], None], remove: Callable[[int], bool]
) -> None:
    ready = asyncio.Event()
    number = sock.fileno()
    add(number, ready.set)
    try:
        await ready.wait()
    finally:
        remove(number)


async def _looked_up(host: str, port: int) -> list[_Target]:
    """Return the addresses of a host.

    In a thread of its own that the end of the program does not wait for: a
    resolver without an answer takes its time, and cannot be told to stop.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[_Target]] = loop.create_future()

    def settle(found: list[_Target] | None, error: OSError | None) -> None:
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(found or [])

    def look_up() -> None:
        found: list[_Target] | None = None
        error: OSError | None = None
        try:
            rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found = [(family, kind, protocol, address) for family, kind, protocol, _, address in rows]
        except OSError as reason:
            error = reason
        except UnicodeError:
            error = OSError(f"{host!r} is no host name")
        with suppress(RuntimeError):  # the loop has ended: nobody waits for it any more
            loop.call_soon_threadsafe(settle, found, error)

    threading.Thread(target=look_up, name=f"look up {host}", daemon=True).start()
    return await answer
