"""The local page's server on a socket: connections that ask nothing, or too much, keep nobody out."""

import asyncio
import socket
from types import SimpleNamespace

import pytest

from nspkit.local import server
from nspkit.local.server import Bounded, Server, Site
from patience import PATIENCE_S
from port_rig import until
from ports import free_port

HOST = "127.0.0.1"


@pytest.fixture
async def port(tmp_path):
    """A port where the pages are served."""
    kit = SimpleNamespace(
        board=SimpleNamespace(folder=f"{tmp_path}/", free_heap=lambda: None),
        conf={"address": 65},
        clock=None,
        access=None,
    )
    site = Server(Site(kit, lambda _now: 30), (HOST,))
    found = free_port()
    running = asyncio.create_task(site.start_server(HOST, found))
    await until(lambda: listens(found))
    yield found
    running.cancel()
    site.end()
    await asyncio.sleep(0)


def listens(port):
    """Whether somebody answers there."""
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


async def said(port, request):
    """What comes back until the connection ends."""
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(request)
    data = await asyncio.wait_for(reader.read(), PATIENCE_S)
    writer.close()
    return data


ASKED = b"GET /weg HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


async def test_connections_that_ask_nothing_keep_nobody_out(port, monkeypatch):
    """Phones open connections in case; the page answers whoever does ask, and waits for none of them to end."""
    monkeypatch.setattr(server, "_LIMIT_S", 10 * PATIENCE_S)
    idle = [await asyncio.open_connection(HOST, port) for _ in range(9)]
    await asyncio.sleep(0.05)
    for _ in range(3):
        assert b"404" in await said(port, ASKED)
    for _, writer in idle:
        writer.close()


@pytest.mark.parametrize(
    "request_",
    [
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\nno header\r\n\r\n",
        b"\xff\xfe / HTTP/1.1\r\n\r\n",
        b"POST /hulp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999\r\n\r\n" + b"x" * 5000,
        b"POST /hulp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n",
        b"GET /%ff%zz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"a" * 100_000,
        b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    ],
)
async def test_what_is_no_request_ends_there(port, request_, capsys):
    """Whatever is sent, the next one is answered."""
    await said(port, request_)
    assert b"404" in await said(port, ASKED)
    capsys.readouterr()


async def test_a_connection_that_never_ends_its_request_is_ended(port, monkeypatch):
    """Half a request does not hold a place for ever."""
    monkeypatch.setattr(server, "_LIMIT_S", 0.2)
    assert await said(port, b"GET / HTTP/1.1\r\nHost:") == b""


async def test_whoever_sends_for_ever_fills_no_heap():
    """A line without an end, a length below nought, an end in the middle: each is an error, after a few kilobytes."""

    class Endless:
        taken = 0

        async def read(self, count):
            self.taken += count
            return b"x" * count

    for ask in (lambda reader: reader.readline(), lambda reader: reader.readexactly(1 << 20)):
        endless = Endless()
        with pytest.raises(OSError, match="5"):
            await ask(Bounded(endless))
        assert endless.taken <= 8192
    with pytest.raises(OSError, match="22"):
        await Bounded(Endless()).readexactly(-1)
