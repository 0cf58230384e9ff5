import asyncio
import http.client
import json
import re
import socket
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from nspgateway.people import By
from nspgateway.web import PageServer, create_app, pages, screens
from nspgateway.web.visitor import Ask, Visitor
from page_sample import ARK, LINDE, Source, overview, reading
from patience import PATIENCE_S


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: str


class Site:
    """The page on a real uvicorn and a free port."""

    def __init__(self, source: Source, banner: str | None) -> None:
        self.source = source
        self.app = create_app(source, banner=banner, hosts=["box.example"])
        self.server = PageServer(self.app)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]

    async def serve(self) -> None:
        await self.server.serve(sockets=[self._socket])

    async def get(self, path: str, **headers: str) -> Answer:
        def fetch() -> Answer:
            with closing(
                http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
            ) as connection:
                connection.request("GET", path, headers=headers)
                response = connection.getresponse()
                return Answer(response.status, response.headers, response.read().decode())

        return await asyncio.to_thread(fetch)

    async def events(self, path: str = "/events", **headers: str) -> AsyncGenerator[dict[str, str], None]:
        """Events of the stream as field -> text; ends when the server closes it."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        # HTTP/1.0: the answer comes without chunk sizes between the events.
        writer.write(f"GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n{lines}\r\n".encode())
        try:
            await reader.readuntil(b"\r\n\r\n")
            event: dict[str, str] = {}
            async for raw in reader:
                line = raw.decode().rstrip("\r\n")
                name, _, value = line.partition(": ")
                if not line:
                    yield event
                    event = {}
                else:
                    event[name] = event[name] + "\n" + value if name in event else value
        finally:
            writer.close()


@asynccontextmanager
async def running(banner: str | None = None, **changes: Any) -> AsyncIterator[Site]:
    site = Site(Source(overview(**changes)), banner)
    task = asyncio.create_task(site.serve())
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield site
    finally:
        site.server.should_exit = True
        await asyncio.wait_for(task, PATIENCE_S)


async def test_page_stands_without_script() -> None:
    """Without JavaScript the page is a complete snapshot, and says that it is one."""
    async with running() as site:
        answer = await site.get("/")
    assert answer.status == 200
    assert answer.headers["Content-Language"] == "nl"
    for text in ("Buurthuis De Linde", "Brandstof wordt laag", "20 l diesel", "oude meting (01:56)"):
        assert text in answer.body
    assert "<noscript><p" in answer.body


async def test_strict_headers_on_every_answer() -> None:
    """No answer may run foreign code, be framed, leak its address or stay in a cache."""
    async with running() as site:
        for path in ("/", "/healthz", "/static/page.js", "/favicon.ico", "/nothing-here"):
            headers = (await site.get(path)).headers
            policy = headers["Content-Security-Policy"]
            assert policy.startswith("default-src 'self';")
            assert "unsafe" not in policy
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Referrer-Policy"] == "same-origin"
            assert headers["Cache-Control"] == ("no-cache" if "static" in path else "no-store")


async def test_nothing_inline_and_nothing_from_elsewhere() -> None:
    """The page asks for its own files only, so it works on a box without internet."""
    async with running() as site:
        body = (await site.get("/")).body
        for address in re.findall(r'<(?:link|script|img)\b[^>]*(?:src|href)="([^"#]+)"', body):
            assert address.startswith("/static/")
            assert (await site.get(address)).status == 200
    assert not re.search(r'(?:src|href|action)="(?!/)[^"#]', body)
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", body)


async def test_language_is_remembered() -> None:
    """English is one tap away and stays until Dutch is asked for again."""
    async with running() as site:
        english = await site.get("/?lang=en")
        cookie = english.headers["Set-Cookie"].split(";")[0]
        again = await site.get("/", Cookie=cookie)
        dutch = await site.get("/?lang=nl", Cookie=cookie)
        odd = await site.get("/?lang=../../etc", Cookie="lang=xx; theme=<b>")
    assert "<h1>Support points</h1>" in english.body
    assert "<h1>Support points</h1>" in again.body
    assert "<h1>Noodsteunpunten</h1>" in dutch.body
    assert "<h1>Noodsteunpunten</h1>" in odd.body
    assert "<b>" not in odd.body


async def test_theme_is_remembered() -> None:
    """A dark screen at night stays dark after a reload, without a script."""
    async with running() as site:
        dark = await site.get("/?theme=dark")
        again = await site.get("/", Cookie=dark.headers["Set-Cookie"].split(";")[0])
        neither = await site.get("/")
    assert 'data-theme="dark"' in again.body
    assert "data-theme" not in neither.body


async def test_html_in_a_name_is_text() -> None:
    """A name from the settings, or from the air, can put no element on the page."""
    evil = "<script>alert(1)</script>"
    point = replace(LINDE, name=evil, fuel_kind='"><img src=x>')
    async with running(banner=evil, points=(point,), region=evil, modem_ok=False, modem_reason=evil) as site:
        body = (await site.get("/")).body
    assert evil not in body
    assert "<img" not in body
    assert body.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 4


async def test_hooks_carry_raw_values() -> None:
    """Machines find every value by point and field, and an empty value when it is unknown."""
    async with running() as site:
        body = (await site.get("/")).body
    assert re.search(r'data-field="fuel" data-quality="good" data-value="495" data-age="6\d"', body)
    assert re.search(r'data-field="fuel" data-quality="unknown" data-value="" data-age="336\d"', body)
    assert 'data-alarm="fuel_low" data-alarm-point="de-linde"' in body
    assert 'data-counter="bad_tag" data-value="2"' in body


async def test_change_is_sent_at_once_with_an_id(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new value reaches the screen with the event that brought it, not with the next second, which never comes here."""
    monkeypatch.setattr(screens, "_QUIET_S", 10 * PATIENCE_S)
    async with running() as site:
        stream = site.events()
        first = await anext(stream)
        assert (first["event"], first["data"].startswith("<main ")) == ("overview", True)
        readings = LINDE.readings | {"fuel_permille": reading(470)}
        site.source.set(overview(points=(replace(LINDE, readings=readings),)))
        news = await anext(stream)
        await stream.aclose()
    assert 'data-value="470"' in news["data"]
    assert news["id"] != first["id"]


async def test_ages_move_without_news() -> None:
    """With nothing heard the page still sends a picture every second, so that ages grow."""
    async with running() as site:
        stream = site.events()
        clocks: list[str] = []
        # On a busy machine several pictures may be drawn within one second of the clock.
        while len(clocks) < 20 and len(set(clocks)) < 2:
            clocks += re.findall(r'data-clock="([\d:]+)"', (await anext(stream))["data"])[:1]
        await stream.aclose()
    assert clocks == sorted(clocks)
    assert clocks[-1] > clocks[0]


async def test_stream_resumes_with_the_whole_state() -> None:
    """A client that comes back with an old id is up to date with its first event."""
    async with running() as site:
        stream = site.events(**{"Last-Event-ID": "1-12345"})
        event = await anext(stream)
        await stream.aclose()
    assert event["data"].count("data-point=") == 4
    assert event["retry"] == "1000"


async def test_stream_speaks_the_language_asked_for() -> None:
    """The live picture never switches an English page back to Dutch."""
    async with running() as site:
        stream = site.events("/events?lang=en")
        event = await anext(stream)
        await stream.aclose()
    assert "2 open alarms" in event["data"]


async def test_clients_share_one_picture() -> None:
    """Ten screens cost as much drawing as one: a picture is made once a revision, second and language."""
    async with running() as site:
        screens = site.app.state.screens
        before = site.source.reads
        visitor = Visitor.of(By("screen", "scherm", "page"), "screen", "token")

        def ask() -> Ask:
            return Ask(visitor, screens.languages["nl"], site.source.overview())

        first = pages.PAGES[0]
        drawn = [screens.picture(first, ask, "nl", revision).id for revision in (1, 1, 1, 2, 2, 2)]
    assert site.source.reads - before == len(set(drawn))
    assert len(set(drawn)) < len(drawn)


async def test_twenty_screens_see_a_change() -> None:
    """As many screens as a coordinating point ever has: news reaches the last of them too."""
    async with running() as site:
        streams = [site.events() for _ in range(20)]
        for stream in streams:
            await anext(stream)
        linde = replace(LINDE, readings=LINDE.readings | {"load_w": reading(4321)})
        site.source.set(overview(points=(linde,)))
        for stream in streams:
            # Pictures of before it may stand in the line of a screen that has not looked yet.
            while 'data-value="4321"' not in (await anext(stream))["data"]:
                pass
        for stream in streams:
            await stream.aclose()


async def test_server_stops_with_screens_open() -> None:
    """An open screen does not keep the gateway from stopping, and its stream ends cleanly."""
    async with running() as site:
        stream = site.events()
        await anext(stream)
        site.server.should_exit = True
        rest = [event async for event in stream]
    assert all(event["data"].startswith("<main ") for event in rest)


async def test_only_its_own_names_are_answered() -> None:
    """A foreign page that gives its own name our address gets nothing to read; the answer names no server."""
    async with running() as site:
        for host, status in (
            ("127.0.0.1:8080", 200),
            ("localhost", 200),
            ("box.example", 200),
            ("evil.example", 400),
        ):
            answer = await site.get("/healthz", Host=host)
            assert answer.status == status, host
            assert answer.headers["Server"] is None


async def test_health() -> None:
    """A supervisor can see whether page, modem and broker are up without reading the page."""
    async with running(modem_ok=False) as site:
        answer = await site.get("/healthz")
    assert (answer.status, json.loads(answer.body)) == (
        200,
        {"status": "ok", "modem": False, "broker": True},
    )


async def test_no_points_yet() -> None:
    """A gateway without points shows an empty page with a sentence, not an error."""
    async with running(points=(), alarms=()) as site:
        body = (await site.get("/")).body
    assert "Er zijn nog geen noodsteunpunten ingesteld." in body
    assert "Geen open alarmen" in body


async def test_unknown_language_is_refused_at_start() -> None:
    """A wrong language in the settings fails at start, not on the first visit."""
    with pytest.raises(KeyError):
        create_app(Source(overview()), banner=None, default_language="fy")


async def test_many_alarms_are_folded_with_a_count() -> None:
    """A flood of alarms does not push the points off the screen, and none is lost."""
    alarms = tuple(replace(overview().alarms[0], point=f"p{n}", priority="high") for n in range(9))
    async with running(alarms=alarms, points=(ARK,)) as site:
        body = (await site.get("/")).body
    assert body.count("data-alarm=") == 9
    assert "nog 5 alarmen" in body
