"""The pages as an ASGI application.

They work from this box alone: no request leaves it, no script or style stands inline. A page is
never shown, a stream never opened and an act never done without a visitor whom the gate knows.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence

from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from nspgateway import scope
from nspgateway.desk_base import Refused
from nspgateway.errors import StoreError
from nspgateway.replies import reply_text
from nspgateway.web import forms, pages
from nspgateway.web.bare import Bare
from nspgateway.web.forms import BadForm, Said
from nspgateway.web.gate import Gate, OpenGate
from nspgateway.web.headers import SecurityHeaders
from nspgateway.web.office import NotHere, Office, OverviewSource, Works
from nspgateway.web.screens import STATIC, Screens, events_path
from nspgateway.web.spec import HEAD, Act, Done, Download, NotFound, Page
from nspgateway.web.visitor import Ask, Visitor

# What a browser on this machine may call us; any other name may be a foreign page's, pointed at us.
LOCAL_HOSTS = ("127.0.0.1", "localhost")
# Visits that something still has to be told to: those that never come back are forgotten.
_SAID = 200

_Answer = Callable[[Request], Awaitable[Response]]


def create_app(
    source: OverviewSource,
    *,
    banner: str | None,
    default_language: str = "nl",
    hosts: Sequence[str] = (),
    gate: Gate | None = None,
    works: Works | None = None,
) -> Starlette:
    """The pages as an ASGI application. KeyError for a language without a catalogue.

    ``hosts``: what it may be called beside this machine's own names; all others get 400. ``gate``: None = the
    demo's, open. ``works``: None = the overview alone.
    """
    office = Office(source, works)
    in_menu = tuple(page for page in pages.PAGES if page.nav and (works is not None or page.path == "/"))
    screens = Screens(office, banner, in_menu)
    bare = Bare(screens, screens.languages[default_language])
    front = _Front(office, screens, gate or OpenGate(), bare)
    routes = [
        *(Route(page.path, front.page(page)) for page in pages.PAGES),
        *(
            Route(events_path(page.path), front.events(page))
            for page in (*pages.PAGES, HEAD)
            if page.is_followed
        ),
        *(Route(one.path, front.download(one)) for one in pages.DOWNLOADS),
        *(Route(f"/act/{act.name}", front.act(act), methods=["POST"]) for act in pages.ACTS),
        *front.gate.routes,
        Route("/healthz", front.health),
        Route("/favicon.ico", _icon),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    app = Starlette(
        routes=routes,
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=[*LOCAL_HOSTS, *hosts], www_redirect=False),
            Middleware(SecurityHeaders),
            # A page of forty points is 9 % of its size so; streams are left as they are. The cookie of a visit does
            # not go along with another site's request, so nobody can guess a token by what a page weighs.
            Middleware(GZipMiddleware, minimum_size=1024),
        ],
        exception_handlers={404: front.not_found},
    )
    app.state.screens = screens
    app.state.bare = bare
    return app


class _Front:
    """Takes every request: who asks, in which language, and may they."""

    def __init__(self, office: Office, screens: Screens, gate: Gate, bare: Bare) -> None:
        self.gate = gate
        self._office = office
        self._screens = screens
        self._bare = bare
        self._said: OrderedDict[str, Said] = OrderedDict()

    def page(self, page: Page) -> _Answer:
        """Answer with a page."""

        async def answer(request: Request) -> Response:
            visitor = await self.gate.visitor(request)
            if isinstance(visitor, Response):
                return visitor
            if not visitor.can(page.right):
                return self._problem(request, 403, is_page=True)
            said = self._said.pop(visitor.session, None)
            ask = self._ask(request, visitor, said)
            try:
                html = await self._screens.page(page, ask, request.url.path, self._bare.theme(request), said)
            except (NotFound, NotHere):
                return self._problem(request, 404)
            except StoreError:
                return self._problem(request, 503)
            response = HTMLResponse(html)
            self._bare.remember(request, response)
            return response

        return answer

    def events(self, page: Page) -> _Answer:
        """Answer with a stream of a page's pictures."""

        async def answer(request: Request) -> Response:
            visitor = await self.gate.visitor(request)
            if isinstance(visitor, Response):
                # An event source follows no redirect to a login; the page's script does.
                return Response(status_code=401)
            if not visitor.can(page.right):
                return Response(status_code=403)
            ask = self._ask(request, visitor)
            try:
                if not page.pace_s:
                    page.make(self._office, ask)
            except (NotFound, NotHere):
                return Response(status_code=404)
            key = (request.url.path, str(request.query_params), ask.lang.code, visitor.sees)
            stream = self._screens.stream(
                page, lambda: self._ask(request, visitor), key, lambda: self.gate.still(visitor)
            )
            return EventSourceResponse(stream)

        return answer

    def download(self, download: Download) -> _Answer:
        """Answer with a file."""

        async def answer(request: Request) -> Response:
            visitor = await self.gate.visitor(request)
            if isinstance(visitor, Response):
                return visitor
            if not visitor.can(download.right):
                return self._problem(request, 403, is_page=True)
            try:
                text = download.make(self._office, self._ask(request, visitor))
            except (NotFound, NotHere):
                return self._problem(request, 404)
            response = Response(text, media_type=download.media_type)
            response.headers["Content-Disposition"] = f'attachment; filename="{download.filename}"'
            return response

        return answer

    def act(self, act: Act) -> _Answer:
        """Do what a form asks, and lead back to a page that says what became of it."""

        async def answer(request: Request) -> Response:
            visitor = await self.gate.visitor(request)
            if isinstance(visitor, Response):
                return visitor
            try:
                fields = await forms.read(request)
            except BadForm as error:
                return self._problem(request, error.status)
            if not visitor.can(act.right) or not forms.is_ours(request, fields, visitor.csrf):
                return self._problem(request, 403)
            ask = self._ask(request, visitor)
            back = forms.path_back(fields)
            try:
                did = act.do(self._office, ask, fields)
                done = Done(did) if isinstance(did, str) else did if isinstance(did, Done) else await did
                back = done.path or back
                said = Said(ask.lang.gettext(act.done), is_done=True, shown=done.shown)
            except Refused as refused:
                said = Said(reply_text(refused.word, ask.lang.code), is_done=False, typed=fields)
            except StoreError:
                said = Said(reply_text("not_stored", ask.lang.code), is_done=False, typed=fields)
            except (NotFound, NotHere):
                return self._problem(request, 404)
            self._tell(visitor, said)
            return RedirectResponse(back, status_code=303)

        return answer

    async def health(self, _request: Request) -> Response:
        """Tell a supervisor whether page, modem and broker are up."""
        overview = self._office.source.overview()
        return JSONResponse({"status": "ok", "modem": overview.modem_ok, "broker": overview.broker_ok})

    async def not_found(self, request: Request, _error: Exception) -> Response:
        """Answer for a path that leads nowhere."""
        return self._problem(request, 404)

    def _ask(self, request: Request, visitor: Visitor, said: Said | None = None) -> Ask:
        overview = scope.of_municipality(self._office.source.overview(), visitor.municipality)
        typed = said.typed if said is not None else {}
        query = dict(request.query_params)
        return Ask(visitor, self._bare.language(request), overview, dict(request.path_params), query, typed)

    def _problem(self, request: Request, status: int, *, is_page: bool = False) -> Response:
        return self._bare.answer(request, "problem.html", {"status": status, "is_page": is_page}, status)

    def _tell(self, visitor: Visitor, said: Said) -> None:
        self._said[visitor.session] = said
        if len(self._said) > _SAID:
            self._said.popitem(last=False)


async def _icon(_request: Request) -> Response:
    return FileResponse(STATIC / "favicon.svg", media_type="image/svg+xml")
