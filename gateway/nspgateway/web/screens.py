"""Renders pages; of what is live one picture a revision, second and kind of visitor serves every screen."""

from __future__ import annotations

import asyncio
import hashlib
import math
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sse_starlette import ServerSentEvent

from nspgateway import present
from nspgateway.access.accounts import EMERGENCY_NAME
from nspgateway.alarm_text import role_name
from nspgateway.i18n import Language, load_languages
from nspgateway.web.forms import Said
from nspgateway.web.menu import menu
from nspgateway.web.office import Office
from nspgateway.web.rights import Right
from nspgateway.web.spec import HEAD, Page
from nspgateway.web.visitor import Ask

_HERE = Path(__file__).parents[1]
STATIC = _HERE / "static"
TEMPLATES = _HERE / "templates"
# Ages move every second even when nothing happens; a burst of changes is
# drawn at most five times a second. Together they leave no second without one.
_QUIET_S = 0.75
_BURST_S = 0.2
_RETRY_MS = 1000
# Pictures kept: pages that are open now, in their languages and for their kinds of visitor.
_PICTURES = 64
_MAIN_ONLY: Mapping[str, object] = {"layout": "main_only.html"}


@dataclass(frozen=True, slots=True)
class Picture:
    """One rendered ``<main>`` and the revision and second it is of."""

    id: str
    html: str


@dataclass(frozen=True, slots=True)
class Visit:
    """Who is logged in, as the frame says it."""

    who: str
    role: str
    has_account: bool


class Screens:
    """``banner``: what every page says it is, such as a demo, or None. ``in_menu``: the pages that may be in a menu."""

    def __init__(self, office: Office, banner: str | None, in_menu: tuple[Page, ...] = ()) -> None:
        self.languages = load_languages()
        self.closed = False
        self._office = office
        self._banner = banner
        self._in_menu = in_menu
        self._environments = {code: _environment(lang) for code, lang in self.languages.items()}
        self._assets = _digest(STATIC, TEMPLATES)
        self._pictures: OrderedDict[object, Picture] = OrderedDict()

    def close(self) -> None:
        """End every stream within a second, so that the server can stop."""
        self.closed = True

    async def page(self, page: Page, ask: Ask, path: str, theme: str = "", said: Said | None = None) -> str:
        """The whole page; an empty theme follows the browser's wish. ``path``: its own, with its parameters."""
        lang, overview = ask.lang, ask.overview
        mark, note = present.banner(self._banner, overview.speed, lang)
        shell: Mapping[str, object] = {
            "layout": "shell.html",
            "lang": lang.code,
            "theme": theme,
            "banner": mark,
            "banner_note": note,
            "path": path,
            "stream": events_path(path if page.is_followed else HEAD.path),
            "is_live": page.live,
            "is_followed": page.is_followed,
            "menu": menu(self._in_menu, ask, path),
            "said": said,
            "printed": present.printed(lang, ask.visitor.by, overview.now),
            "session_csrf": ask.visitor.csrf,
            "visit": _visit(ask),
            "styles": page.styles,
            "scripts": page.scripts,
        }
        own = {} if page.live else {"csrf": ask.visitor.csrf, "typed": ask.typed}
        if page.pace_s:
            return await asyncio.to_thread(self._render, page, ask, {**shell, **own})
        return self._render(page, ask, {**shell, **own})

    def picture(self, page: Page, ask: Callable[[], Ask], key: object, revision: int) -> Picture:
        """The ``<main>`` of this revision and second; ``key`` names it: rendered once for each."""
        id_ = f"{revision}-{int(asyncio.get_running_loop().time())}"
        return self._kept(key, id_) or self._keep(key, id_, self._render(page, ask(), _MAIN_ONLY, page.facts))

    async def slow_picture(self, page: Page, ask: Callable[[], Ask], key: object) -> Picture:
        """The same of a page with a pace: one for all screens in that time, made where no alarm has to wait for it."""
        id_ = f"paced-{int(asyncio.get_running_loop().time() // page.pace_s)}"
        found = self._kept(key, id_)
        if found is not None:
            return found
        return self._keep(key, id_, await asyncio.to_thread(self._render, page, ask(), _MAIN_ONLY))

    def _kept(self, key: object, id_: str) -> Picture | None:
        picture = self._pictures.get(key)
        if picture is None or picture.id != id_:
            return None
        self._pictures.move_to_end(key)
        return picture

    def _keep(self, key: object, id_: str, html: str) -> Picture:
        picture = self._pictures[key] = Picture(id_, html)
        self._pictures.move_to_end(key)
        if len(self._pictures) > _PICTURES:
            self._pictures.popitem(last=False)
        return picture

    async def stream(
        self, page: Page, ask: Callable[[], Ask], key: tuple[object, ...], may_go_on: Callable[[], bool]
    ) -> AsyncIterator[ServerSentEvent]:
        """Every change, and at least one picture a second, for as long as the visit may go on. ``key``: path first.

        Each event is the whole state: a client that comes back with any
        ``Last-Event-ID`` is up to date with the first one it gets.
        """
        revision, drawn_s = -1, -math.inf
        clock = asyncio.get_running_loop().time
        while not self.closed and may_go_on():
            revision = await self._office.source.wait_changed(revision, _QUIET_S)
            if not may_go_on():
                return
            is_head = page is HEAD or clock() - drawn_s < page.pace_s
            if is_head:
                picture = self.picture(HEAD, ask, (HEAD.path, *key[1:]), revision)
            elif page.pace_s:
                drawn_s = clock()
                picture = await self.slow_picture(page, ask, key)
            else:
                picture = self.picture(page, ask, key, revision)
            event = "overview" if page.live and not is_head else "head"
            yield ServerSentEvent(picture.html, event=event, id=picture.id, retry=_RETRY_MS)
            await asyncio.sleep(_BURST_S)

    def plain(self, lang: Language, template: str, values: Mapping[str, object]) -> str:
        """A page that stands alone, without a visitor: a login, an error. It extends ``bare.html``."""
        shell = {"lang": lang.code, "static": self._static, "banner": self._banner}
        return self._environments[lang.code].get_template(template).render({**shell, **values})

    def _render(self, page: Page, ask: Ask, values: Mapping[str, object], part: str = "") -> str:
        """The page, or a ``part`` of it, a template too."""
        overview, lang = ask.overview, ask.lang

        def can(right: Right) -> bool:
            return ask.visitor.can(right)

        common: Mapping[str, object] = {
            "overview": overview,
            "title": lang.gettext(page.title) if page.title else "",
            "head": present.head(overview, lang),
            "build": f"{self._assets}-{self._banner or ''}-{overview.speed:g}",
            "static": self._static,
            "can": can,
        }
        template = self._environments[lang.code].get_template(part or page.template)
        return template.render({**common, **page.make(self._office, ask), **values})

    def _static(self, name: str) -> str:
        return f"/static/{name}?v={self._assets}"


def _visit(ask: Ask) -> Visit | None:
    """Return what the frame says of who is logged in; None = nobody can log out here."""
    if not ask.visitor.logs_out:
        return None
    who, role = ask.visitor.by.who, ask.visitor.by.role
    if who == EMERGENCY_NAME:
        return Visit(who, ask.lang.gettext("Emergency code"), has_account=False)
    return Visit(who, role_name(ask.lang.code, role), has_account=True)


def events_path(path: str) -> str:
    """Return where the stream of a page is."""
    return f"/events{path.rstrip('/')}"


def _environment(lang: Language) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
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
    for path in sorted(file for folder in folders for file in folder.rglob("*") if file.is_file()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
