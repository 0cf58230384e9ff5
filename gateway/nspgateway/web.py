"""The gateway's page: the overview as HTML, kept live over server-sent events.

The page works from this box alone: no request leaves it, no script or style
stands inline. Everything shown comes from ``view.Overview``.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from typing import Protocol

import uvicorn
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nspgateway import present
from nspgateway.i18n import Language, load_languages
from nspgateway.view import Overview

_HERE = Path(__file__).parent
_STATIC = _HERE / "static"
_TEMPLATES = _HERE / "templates"
_THEMES = frozenset({"light", "dark"})
_YEAR_S = 365 * 86400
# Ages move every second even when nothing happens; a burst of changes is
# drawn at most five times a second. Together they leave no second without one.
_QUIET_S = 0.75
_BURST_S = 0.2
_RETRY_MS = 1000
# A screen that reads no more must not keep the gateway from stopping.
_SHUTDOWN_S = 1
# What a browser on this machine may call us; any other name may be a foreign page's, pointed at us.
LOCAL_HOSTS = ("127.0.0.1", "localhost")

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class OverviewSource(Protocol):
    """Where the page gets what it shows."""

    def overview(self) -> Overview:
        """The state of this moment."""
        ...

    async def wait_changed(self, revision: int, timeout_s: float) -> int:
        """Return the present revision once it is not ``revision``, or after ``timeout_s`` wall seconds."""
        ...


@dataclass(frozen=True, slots=True)
class _Picture:
    """One rendered ``<main>`` and the revision and second it is of."""

    id: str
    html: str


class Screens:
    """Renders the page; one picture a revision, second and language serves every client."""

    def __init__(self, source: OverviewSource, banner: str | None) -> None:
        self.languages = load_languages()
        self.closed = False
        self._source = source
        self._banner = banner
        self._environments = {code: _environment(lang) for code, lang in self.languages.items()}
        self._assets = _digest(_STATIC, _TEMPLATES)
        self._pictures: dict[str, _Picture] = {}

    def close(self) -> None:
        """End every stream within a second, so that the server can stop."""
        self.closed = True

    def page(self, code: str, theme: str) -> str:
        """The whole page in language ``code``; an empty theme follows the browser's wish."""
        overview = self._source.overview()
        mark, note = present.banner(self._banner, overview.speed, self.languages[code])
        template = self._environments[code].get_template("page.html")
        return template.render(
            **self._values(overview, code), lang=code, theme=theme, banner=mark, banner_note=note
        )

    def picture(self, code: str, revision: int) -> _Picture:
        """The ``<main>`` of this revision and second, rendered at most once for each language."""
        id_ = f"{revision}-{int(asyncio.get_running_loop().time())}"
        picture = self._pictures.get(code)
        if picture is None or picture.id != id_:
            values = self._values(self._source.overview(), code)
            html = self._environments[code].get_template("main.html").render(**values)
            picture = self._pictures[code] = _Picture(id_, html)
        return picture

    async def stream(self, code: str) -> AsyncIterator[ServerSentEvent]:
        """Every change, and at least one picture a second.

        Each event is the whole state: a client that comes back with any
        ``Last-Event-ID`` is up to date with the first one it gets.
        """
        revision = -1
        while not self.closed:
            revision = await self._source.wait_changed(revision, _QUIET_S)
            picture = self.picture(code, revision)
            yield ServerSentEvent(picture.html, event="overview", id=picture.id, retry=_RETRY_MS)
            await asyncio.sleep(_BURST_S)

    def _values(self, overview: Overview, code: str) -> dict[str, object]:
        return {
            "overview": overview,
            "page": present.page(overview, self.languages[code]),
            "build": f"{self._assets}-{self._banner or ''}-{overview.speed:g}",
            "static": lambda name: f"/static/{name}?v={self._assets}",
        }


class SecurityHeaders:
    """Middleware: strict headers on every answer; nothing but static files may be kept by a cache."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and complete the headers of its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(_HEADERS)
                static = scope["path"].startswith("/static/")
                headers["Cache-Control"] = "no-cache" if static else "no-store"
            await send(message)

        await self._app(scope, receive, send_with_headers)


class PageServer(uvicorn.Server):
    """Uvicorn that ends the event streams when it stops, and leaves signals to the gateway.

    Bind the socket first (uvicorn would end the process when the port is
    taken) and run ``serve(sockets=[bound])``; set ``should_exit`` to stop.
    """

    def __init__(self, app: Starlette) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
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


def create_app(
    source: OverviewSource,
    *,
    banner: str | None,
    default_language: str = "nl",
    hosts: Sequence[str] = (),
) -> Starlette:
    """The page as an ASGI application. KeyError for a language without a catalogue.

    ``hosts``: what it may be called beside this machine's own names; all others get 400.
    """
    screens = Screens(source, banner)
    fallback = screens.languages[default_language].code

    def language(request: Request) -> str:
        return _chosen(request, "lang", frozenset(screens.languages)) or fallback

    async def page(request: Request) -> Response:
        code = language(request)
        theme = _chosen(request, "theme", _THEMES)
        response = HTMLResponse(screens.page(code, theme))
        response.headers["Content-Language"] = code
        for name in {"lang", "theme"} & request.query_params.keys():
            value = code if name == "lang" else theme
            response.set_cookie(name, value, max_age=_YEAR_S, httponly=True, samesite="strict")
        return response

    async def events(request: Request) -> Response:
        return EventSourceResponse(screens.stream(language(request)))

    async def health(_request: Request) -> Response:
        overview = source.overview()
        return JSONResponse({"status": "ok", "modem": overview.modem_ok, "broker": overview.broker_ok})

    async def icon(_request: Request) -> Response:
        return FileResponse(_STATIC / "favicon.svg", media_type="image/svg+xml")

    app = Starlette(
        routes=[
            Route("/", page),
            Route("/events", events),
            Route("/healthz", health),
            Route("/favicon.ico", icon),
            Mount("/static", StaticFiles(directory=_STATIC)),
        ],
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=[*LOCAL_HOSTS, *hosts], www_redirect=False),
            Middleware(SecurityHeaders),
        ],
    )
    app.state.screens = screens
    return app


def _chosen(request: Request, name: str, allowed: frozenset[str]) -> str:
    """What the visitor asks for now, else what the cookie remembers, else nothing."""
    for value in (request.query_params.get(name), request.cookies.get(name)):
        if value in allowed:
            return value
    return ""


def _environment(lang: Language) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"_": lang.gettext, "ngettext": lang.ngettext}
    return environment


def _digest(*folders: Path) -> str:
    """Name this version of the page's files, so that an open screen notices an update."""
    digest = hashlib.sha256()
    for path in sorted(file for folder in folders for file in folder.iterdir()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
