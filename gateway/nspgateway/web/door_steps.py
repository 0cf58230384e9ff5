"""The ways in, step by step: what each asks, and what is done with the answer. Data, and one line of work each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import segno
from markupsafe import Markup

from nspgateway.access.door_base import Caller, Denied
from nspgateway.access.door_others import Door
from nspgateway.access.door_people import Entered
from nspgateway.access.sessions import Stage
from nspgateway.i18n import N_
from nspgateway.web.cookies import Cookie


@dataclass(frozen=True, slots=True)
class Filled:
    """A form as it was sent. ``token``: of the session it belongs to, "" = of none yet."""

    fields: Mapping[str, str] = field(repr=False)
    token: str = field(repr=False)
    caller: Caller

    def get(self, name: str) -> str:
        """Return a field; "" where it was left empty or out."""
        return self.fields.get(name, "")

    def twice(self, name: str) -> str:
        """Return a field that was typed twice, as ``name`` and ``again``. Raises Denied when the two differ."""
        if self.get(name) != self.get("again"):
            raise Denied("weak", detail="differs")
        return self.get(name)


@dataclass(frozen=True, slots=True)
class Step:
    """One page before, or beside, those of the gateway.

    ``stages``: of the session that it is for; none = it asks for no session. ``wrong``: message id of what is
    said of a wrong answer. ``values``: what the template needs beside the frame. ``gives``: the cookie of the
    token that one goes on with. ``leads``: to which page, where none was asked for. ``only_new``: for a gateway without accounts.
    """

    path: str
    template: str
    do: Callable[[Door, Filled], Awaitable[Entered]]
    wrong: str
    stages: frozenset[Stage] = frozenset()
    values: Callable[[Door, str], Mapping[str, object]] = lambda _door, _token: {}
    gives: Cookie = "session"
    leads: str = "/"
    only_new: bool = False


async def _log_in(door: Door, form: Filled) -> Entered:
    return await door.log_in(form.get("name"), form.get("password"), form.caller)


async def _confirm(door: Door, form: Filled) -> Entered:
    return await door.confirm(form.token, form.get("code"), form.caller)


async def _enrol(door: Door, form: Filled) -> Entered:
    return await door.enrol(form.token, form.get("code"), form.caller, form.get("old"))


async def _change_password(door: Door, form: Filled) -> Entered:
    return await door.change_password(form.token, form.get("old"), form.twice("new"), form.caller)


async def _begin(door: Door, form: Filled) -> Entered:
    return await door.begin(form.get("code"), form.get("name"), form.twice("new"), form.caller)


async def _open_sealed(door: Door, form: Filled) -> Entered:
    return await door.open_sealed(form.get("code"), form.caller)


async def _pair(door: Door, form: Filled) -> Entered:
    return Entered(await door.pair(form.get("code"), form.caller), "in")


def _draft(door: Door, token: str) -> Mapping[str, object]:
    """Return the secret for an authenticator app: to type, and as a picture that holds no style and no script."""
    by_hand, address = door.draft(token)
    picture = segno.make(address, error="m").svg_inline(scale=5, border=4, dark="#000", light="#fff")
    shown = {"by_hand": by_hand, "picture": Markup(picture)}  # noqa: S704 - segno's own, of squares only
    return {**shown, **_person(door, token)}


def _person(door: Door, token: str) -> Mapping[str, object]:
    found = door.look(token, noted=False)
    return {
        "is_asked_old": found is not None and found.stage == "in",
        "who": found.by.who if found is not None else "",
    }


STEPS = (
    Step("/login", "login.html", _log_in, N_("Name or password does not fit.")),
    Step(
        "/second-factor",
        "second_code.html",
        _confirm,
        N_("This code does not fit. Take the newest one that the app shows."),
        stages=frozenset({"code"}),
    ),
    Step(
        "/second-factor",
        "second_setup.html",
        _enrol,
        N_("Code or password does not fit. Take the newest code that the app shows."),
        stages=frozenset({"enrol", "in"}),
        values=_draft,
    ),
    Step(
        "/password",
        "password.html",
        _change_password,
        N_("The password until now does not fit."),
        stages=frozenset({"change", "in"}),
        values=_person,
    ),
    Step(
        "/first-run",
        "first_run.html",
        _begin,
        N_("This code does not fit. The newest one is in the gateway's terminal and in its data folder."),
        only_new=True,
    ),
    Step(
        "/emergency",
        "emergency.html",
        _open_sealed,
        N_("This code does not fit, or it has been used already."),
    ),
    Step(
        "/screen",
        "screen.html",
        _pair,
        N_("This code does not fit, or it is older than ten minutes."),
        gives="screen",
        leads="/wall",
    ),
)
