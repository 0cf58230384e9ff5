"""The local page over HTTP: who may ask what, and what becomes of a form. On the air it is the kit's Wi-Fi alone that leads here."""

import asyncio
import binascii
import errno
import hashlib
import json
import os

from microdot import Microdot, Request, Response

from nspkit.files import Files
from nspkit.local import forms, pages
from nspkit.local.html import STYLE, para, safe
from nspkit.local.words import word
from nspkit.overlay import SETTINGS
from nspkit.signs import RESERVE

_MOST = 4  # connections at once; phones open some that they do not use
_LIMIT_S = 20  # a connection ends by then
_FORM_BYTES = 3072
_REQUEST_BYTES, _CHUNK_BYTES = 8192, 512  # a request with its headers; what is taken of it at once
_SPARE = 24_000  # bytes of heap: with less a page is not even begun
_SAID = ("sent", "saved", "new_message", "not_offered", "old_page", "no_room")  # what an address may have a page say
_NOT_KEPT = ("token", "form", "about", "note")  # of a point report, when it is filled in again
_USED = 8  # forms that were sent, remembered: a second press of the button does nothing again
# The one style that pages have is in them, known by its hash: a phone needs one connection for a page.
_STYLE = str(binascii.b2a_base64(hashlib.sha256(STYLE.encode()).digest()).strip(), "ascii")
_HEADERS = {
    "Content-Type": "text/html; charset=UTF-8",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; style-src 'sha256-%s'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'" % _STYLE,
}


class Site:
    """What the pages of one kit look at. ``kit``: app.Kit; ``minutes_left(now)``: until the page closes."""

    def __init__(self, kit, minutes_left) -> None:
        self.kit = kit
        self.minutes_left = minutes_left
        self.token = str(binascii.hexlify(os.urandom(8)), "ascii")  # new each time the page is opened
        self._serial = 0
        try:
            local = json.loads(Files(kit.board.folder).read(SETTINGS) or b"{}").get("local") or {}
        except ValueError:
            local = {}
        self.point = local.get("point") or "%d" % (kit.conf["address"] & 63)
        self.stock = local.get("stock") or []
        self.topics = local.get("topics") or []
        self.reserve = kit.conf.get("reserve") or RESERVE

    def now(self) -> int:
        """The kit's clock, ms."""
        return int(self.kit.clock.ms())

    def call(self, number: str):  # noqa: ANN201 - calls.Call or None
        """The call for help with this number of its own."""
        for one in self.kit.calls.all():
            if number == str(one.number):
                return one
        return None

    def form(self, path: str, about: str = "") -> str:
        """The beginning of a form, with the secret of this opening and a number of its own. ``about``: what it is about."""
        self._serial += 1
        fields = (("token", self.token), ("form", str(self._serial)), ("about", about))
        hidden = "".join(['<input type="hidden" name="%s" value="%s">' % row for row in fields])
        return '<form method="post" action="%s">%s' % (path, hidden)


class Bounded:
    """A stream's reader that takes in no more than a request may have: whoever sends for ever fills no heap."""

    def __init__(self, reader) -> None:
        self._reader = reader
        self._rest = b""
        self._left = _REQUEST_BYTES

    async def readline(self) -> bytes:
        """As a stream's. Raises OSError where a request is too long, or ends."""
        while b"\n" not in self._rest:
            await self._more()
        return self._taken(self._rest.find(b"\n") + 1)

    async def readexactly(self, count: int) -> bytes:
        """As a stream's. Raises OSError as above."""
        if count < 0:
            raise OSError(errno.EINVAL)
        while len(self._rest) < count:
            await self._more()
        return self._taken(count)

    def _taken(self, count: int) -> bytes:
        data, self._rest = self._rest[:count], self._rest[count:]
        return data

    async def _more(self) -> None:
        data = await self._reader.read(min(_CHUNK_BYTES, self._left))
        if not data:
            raise OSError(errno.EIO)
        self._left -= len(data)
        self._rest += data


class Server(Microdot):
    """Answers phones. ``hosts``: the names that one may ask for the page by."""

    def __init__(self, site: Site, hosts: tuple) -> None:
        super().__init__()
        self._site = site
        self._hosts = hosts
        self._sent: list = []  # (number of a form, where it led)
        self._tasks: list = []
        Request.max_content_length = Request.max_body_length = _FORM_BYTES
        self.get("/")(self._get)
        self.get("/<path:path>")(self._get)
        self.post("/<path:path>")(self._post)
        self.errorhandler(404)(self._nothing)
        self.errorhandler(500)(self._broken)

    # What comes in

    async def handle_request(self, reader, writer) -> None:
        """One connection; it cannot last, and there are never many."""
        if len(self._tasks) >= _MOST:
            self._tasks.pop(0).cancel()  # the oldest: its phone opened it in case, and asks nothing
        task = asyncio.current_task()
        self._tasks.append(task)
        try:
            free = self._site.kit.board.free_heap()
            if free is None or free >= _SPARE:
                await asyncio.wait_for(Microdot.handle_request(self, Bounded(reader), writer), _LIMIT_S)
        except (asyncio.TimeoutError, MemoryError, OSError):
            pass  # the phone asks again
        finally:
            if task in self._tasks:
                self._tasks.remove(task)
            await _closed(writer)

    def end(self) -> None:
        """No connection goes on after the page is closed."""
        for task in list(self._tasks):
            task.cancel()

    async def _get(self, request, path: str = ""):  # noqa: ANN202 - what microdot takes for an answer
        if not self._is_for_us(request):
            return await self._nothing(request)
        name = request.args.get("m", "")
        return self._page(path, para(word(name), "said") if name in _SAID else "", {})

    async def _post(self, request, path: str):  # noqa: ANN202 - as above
        fields = request.form or {}
        form = {name: fields[name] for name in fields}
        if not self._is_for_us(request) or form.get("token") != self._site.token:
            return Response.redirect("/?m=old_page", 303)
        for number, led_to in self._sent:
            if number == form.get("form"):
                return Response.redirect(led_to, 303)
        try:
            led_to = await self._act(path, form)
        except forms.Wrong as wrong:
            return self._page(path, para(safe(wrong), "bad"), form)
        self._sent = self._sent[1 - _USED :] + [(form.get("form"), led_to)]
        return Response.redirect(led_to, 303)

    def _is_for_us(self, request) -> bool:
        """Whether the kit was asked by its own address: a page of elsewhere that took a name of its own for it may not act."""
        return request.headers.get("Host", "").split(":")[0] in self._hosts

    async def _nothing(self, _request):  # noqa: ANN202 - as above
        return pages.only(self._site, para(word("not_found"), "bad")), 404, _HEADERS

    async def _broken(self, _request):  # noqa: ANN202 - as above
        return pages.only(self._site, para(word("broken"), "bad")), 500, _HEADERS

    def _page(self, path: str, said: str, form: dict) -> tuple:
        site, parts = self._site, path.split("/")
        one = site.call(parts[1]) if parts[0] == "hulp" and len(parts) > 1 else None
        code = 422 if form else 200
        if path == "":
            body = pages.home(site, said)
        elif one is not None:
            body = pages.call(site, said, one, form if len(parts) == 2 else {})
        elif path == "hulp" and site.kit.calls.offered():
            body = pages.call_form(site, said, form)
        elif path == "bericht":
            body = pages.message(site, said)
        elif path in ("bericht/a4", "bericht/kaarten"):
            body = pages.sheet(site, path == "bericht/kaarten")
        elif path == "puntbericht":
            body = pages.report(site, said, form or (site.kit.reported or ({},))[0])
        else:
            body, code = pages.only(site, para(word("not_found"), "bad")), 404
        return body, code, _HEADERS

    # What forms do

    async def _act(self, path: str, form: dict) -> str:
        """Do it; the address to go on at. Raises forms.Wrong."""
        kit, now, parts = self._site.kit, self._site.now(), path.split("/")
        one = self._site.call(parts[1]) if parts[0] == "hulp" and len(parts) > 1 else None
        if path == "hulp":
            return self._make(form, now)
        if one is not None and len(parts) == 2:
            self._tell(one, form, now)
            return "/?m=sent"
        if one is not None and parts[2:] == ["intrekken"]:
            if not form.get("sure"):
                raise forms.Wrong(word("not_sure"))
            kit.calls.withdraw(now, one)
            return "/"
        if path in ("bericht/hangt", "bericht/weg"):
            key = tuple([int(number) for number in form.get("about", "").split(".") if forms.is_number(number)])
            done = await (kit.inbox.hung(key) if path == "bericht/hangt" else kit.inbox.taken_down(key))
            return "/bericht?m=" + ("saved" if done else "new_message")
        if path == "puntbericht":
            self._report(form, now)
            return "/?m=sent"
        return "/?m=old_page"

    def _make(self, form: dict, now: int) -> str:
        calls = self._site.kit.calls
        if not calls.offered():
            return "/?m=not_offered"
        values = forms.typed(form)
        forms.tails(values, 0)  # what is too long is told before anything is sent
        exercise = calls.exercising(now) and form.get("exercise") == "practised"
        one = calls.make(now, forms.kind(form), exercise)
        try:
            if values:
                self._tell(one, form, now)
        except forms.Wrong:
            return "/hulp/%d?m=no_room" % one.number
        return "/?m=sent"

    def _tell(self, one, form: dict, now: int) -> None:
        values, kind = forms.typed(form), forms.kind(form)
        if values == one.typed and kind == one.kind:
            return
        if not self._site.kit.calls.detail(one, kind, values, forms.tails(values, one.edition), now):
            raise forms.Wrong(word("no_room"))

    def _report(self, form: dict, now: int) -> None:
        kit = self._site.kit
        values = forms.report(form, self._site.stock, self._site.topics)
        shown = kit.inbox.shown()
        if shown is not None and kit.inbox.hangs():
            values["displayed"], values["displayed_rev"] = shown[:2]
        kept = {name: form[name] for name in form if name not in _NOT_KEPT}
        kit.reported = kept, kit.uplink.report(values, now), now


async def _closed(writer) -> None:
    try:
        writer.close()
        await writer.wait_closed()
    except OSError:
        pass


async def serve(kit, minutes_left, host: str, port: int) -> None:
    """Serve the pages until this is cancelled. Raises OSError where the port cannot be had."""
    server = Server(Site(kit, minutes_left), (host,))
    try:
        await server.start_server(host, port)
    finally:
        server.end()
