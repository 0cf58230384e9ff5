"""The pages before the others: login, second factor, password, first account, emergency code, wall screen; and the way out."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from nspgateway.access import tokens
from nspgateway.access.door_base import Caller, Denied
from nspgateway.access.door_others import Door
from nspgateway.access.door_people import Entered
from nspgateway.access.second_factor import VaultError
from nspgateway.access.sessions import Stage
from nspgateway.errors import StoreError
from nspgateway.i18n import N_, Language
from nspgateway.replies import reply_text
from nspgateway.weak import WEAKNESSES
from nspgateway.web import cookies, forms
from nspgateway.web.bare import Bare
from nspgateway.web.door_steps import STEPS, Filled, Step
from nspgateway.web.forms import BadForm, Said

# Where a session has to go first.
WHERE: Mapping[Stage, str] = {
    "code": "/second-factor",
    "change": "/password",
    "enrol": "/second-factor",
    "in": "/",
}
_STATUS = {"wait": 429, "busy": 503}
_SAID = {
    "busy": N_("Many people are logging in at this moment. Try again."),
    "over": N_("This took too long. Log in again."),
    "same": N_("That is the password that you have now. Take another one."),
}
_TOO_OLD = N_("This page was open too long, or this browser keeps no cookies. Try again.")
_NO_KEY = N_("The second factor cannot be checked: tell the technician. The emergency code works.")


def routes(door: Door) -> tuple[BaseRoute, ...]:
    """Return the routes of these pages."""
    pages = _Pages(door)
    paths = dict.fromkeys(step.path for step in STEPS)
    return (
        *(Route(path, pages.page(path), methods=["GET", "POST"]) for path in paths),
        Route("/logout", pages.log_out, methods=["POST"]),
    )


def here(request: Request) -> str:
    """Return the path that is asked for, with its parameters."""
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path


class _Pages:
    def __init__(self, door: Door) -> None:
        self._door = door

    def page(self, path: str) -> Callable[[Request], Awaitable[Response]]:
        """Answer with a form, or do what it asks."""
        steps = [step for step in STEPS if step.path == path]

        async def answer(request: Request) -> Response:
            token = cookies.read(request, "session")
            known = self._door.look(token, acting=request.method == "POST")
            stage = known.stage if known is not None and known.account is not None else None
            step = next((one for one in steps if not one.stages or stage in one.stages), None)
            if step is None:
                late = "/login?over" if request.method == "POST" else "/login"
                return _led(WHERE[known.stage] if known is not None else late, request)
            if step.only_new and not self._door.is_new:
                return _led("/login", request)
            if path == "/login" and self._door.is_new:
                return _led("/first-run", request)
            if path == "/login" and stage == "in" and request.method == "GET":
                return RedirectResponse(forms.path_back(request.query_params), status_code=303)
            # Before there is a session a form belongs to the browser that it was shown in.
            token = token if step.stages else cookies.read(request, "form")
            try:
                if request.method == "POST":
                    return await self._done(request, step, token)
                return self._shown(request, step, token)
            except Denied:  # the session ended just now
                return _led("/login?over", request)

        return answer

    async def log_out(self, request: Request) -> Response:
        """End the session, from a page of ours only."""
        token = cookies.read(request, "session")
        try:
            fields = await forms.read(request)
            if not forms.is_ours(request, fields, tokens.form_token(token)):
                return _led("/", request)
            self._door.log_out(token)
        except BadForm as error:
            return _problem(request, error)
        except StoreError:
            return _led("/", request)  # still logged in: nothing may look as if it were not
        response = _led("/login?out", request)
        cookies.take(request, response, "session")
        return response

    async def _done(self, request: Request, step: Step, token: str) -> Response:
        try:
            fields = await forms.read(request)
        except BadForm as error:
            return _problem(request, error)
        lang = _bare(request).language(request)
        if not token or not forms.is_ours(request, fields, tokens.form_token(token)):
            return self._shown(request, step, token, 403, lang.gettext(_TOO_OLD), fields)
        caller = Caller(request.client.host if request.client else "", cookies.read(request, "device"))
        try:
            entered = await step.do(self._door, Filled(fields, token, caller))
        except Denied as denied:
            if denied.word == "over":
                return _led("/login?over", request)
            said, status = _words(step, denied, lang), _STATUS.get(denied.word, 403)
            return self._shown(request, step, token, status, said, fields, denied.wait_s)
        except StoreError:
            return self._shown(request, step, token, 503, reply_text("not_stored", lang.code), fields)
        except VaultError:
            return self._shown(request, step, token, 503, lang.gettext(_NO_KEY), fields)
        return self._entered(request, step, entered, fields)

    def _entered(self, request: Request, step: Step, entered: Entered, fields: Mapping[str, str]) -> Response:
        back = forms.path_back(fields)
        if entered.stage == "in":
            where = step.leads if back == "/" else back
            response: Response = RedirectResponse(where, status_code=303)
        else:
            response = _led(WHERE[entered.stage], request, back)
        if step.gives == "session" and not step.stages:
            # Somebody else goes on in this browser: nobody has the token of the session before any more.
            with suppress(StoreError):
                self._door.log_out(cookies.read(request, "session"))
        cookies.give(request, response, step.gives, entered.token)
        if entered.device:
            cookies.give(request, response, "device", entered.device)
        return response

    def _shown(
        self,
        request: Request,
        step: Step,
        token: str,
        status: int = 200,
        refused: str = "",
        fields: Mapping[str, str] | None = None,
        wait_s: float = 0.0,
    ) -> Response:
        """Answer with the form; of what was typed only the name stands in it again."""
        fresh = "" if token else tokens.new_token()
        typed = fields or {}
        values = {
            "csrf": tokens.form_token(token or fresh),
            "said": Said(refused, is_done=False) if refused else _news(request),
            "place": self._door.place,
            "name": typed.get("name", ""),
            "back": forms.path_back(fields or request.query_params),
        }
        response = _bare(request).answer(
            request, step.template, {**values, **step.values(self._door, token)}, status
        )
        if fresh:
            cookies.give(request, response, "form", fresh)
        if wait_s:
            response.headers["Retry-After"] = str(math.ceil(wait_s))
        return response


def _led(path: str, request: Request, back: str = "") -> Response:
    """Lead to a page before the others; from there one comes where one wanted to be."""
    back = back or forms.path_back(request.query_params)
    if back != "/":
        path += f"{'&' if '?' in path else '?'}{urlencode({'back': back})}"
    return RedirectResponse(path, status_code=303)


def _problem(request: Request, error: BadForm) -> Response:
    return _bare(request).answer(request, "problem.html", {"status": error.status}, error.status)


def _bare(request: Request) -> Bare:
    bare: Bare = request.app.state.bare
    return bare


def _news(request: Request) -> Said | None:
    """Return what happened just before."""
    lang = _bare(request).language(request)
    if "over" in request.query_params:
        late = _SAID["over"]
        return Said(lang.gettext(late), is_done=False)
    return (
        Said(lang.gettext(N_("You are logged out.")), is_done=True) if "out" in request.query_params else None
    )


def _words(step: Step, denied: Denied, lang: Language) -> str:
    if denied.word == "wrong":
        return lang.gettext(step.wrong)
    if denied.word == "wait":
        n = math.ceil(denied.wait_s)
        return lang.ngettext(
            "There were too many wrong tries. Wait {n} second and try again.",
            "There were too many wrong tries. Wait {n} seconds and try again.",
            n,
        ).format(n=n)
    if denied.word == "name":
        return reply_text(denied.detail, lang.code)
    if denied.detail == "differs":
        return lang.gettext(N_("The two passwords differ. Type the same one twice."))
    if denied.word == "weak":
        why = lang.gettext(WEAKNESSES[denied.detail])  # type: ignore[index]  # a word of weak.py
        return lang.gettext(N_("This password {why}. Several words together are easy to keep.")).format(
            why=why
        )
    return lang.gettext(_SAID[denied.word])
