"""Who may log in, and which screens hang on the wall: kept by the technician."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from nspgateway import account_lines
from nspgateway.access import passwords
from nspgateway.access.account_desk import AccountDesk, checked
from nspgateway.i18n import N_
from nspgateway.web.office import NotHere, Office
from nspgateway.web.spec import Act, Done, Page
from nspgateway.web.visitor import Ask


def _desk(office: Office) -> AccountDesk:
    desk = office.works.accounts
    if desk is None:
        raise NotHere
    return desk


def _accounts(office: Office, ask: Ask) -> Mapping[str, object]:
    desk, page = _desk(office), office.works.config.page
    must = page.second_factor if page is not None else ()
    return {
        "accounts": account_lines.accounts(ask.lang, desk.accounts(), must),
        "emergency": account_lines.emergency(ask.lang, desk.emergency_code(), ask.overview.now),
        "roles": account_lines.roles(ask.lang),
        "towns": [(town, town) for town in desk.municipalities],
        "chosen": {name: ask.typed.get(name, "") for name in ("name", "role", "municipality")},
    }


def _screens(office: Office, ask: Ask) -> Mapping[str, object]:
    return {"screens": account_lines.screens(ask.lang, _desk(office).screens(), ask.overview.now)}


async def _drawn(name: str) -> tuple[str, str]:
    """Draw a password; return it, and what is kept of it."""
    password = passwords.draw()
    return password, await asyncio.to_thread(checked, password, name)


async def _add(office: Office, ask: Ask, form: Mapping[str, str]) -> Done:
    name = form.get("name", "")
    password, kept = await _drawn(name)
    _desk(office).add(name, form.get("role", ""), form.get("municipality", ""), kept, ask.visitor.by)
    return Done(shown=password)


async def _reset(office: Office, ask: Ask, form: Mapping[str, str]) -> Done:
    name = form.get("key", "")
    password, kept = await _drawn(name)
    _desk(office).set_password(name, kept, ask.visitor.by)
    return Done(shown=password)


def _role(office: Office, ask: Ask, form: Mapping[str, str]) -> str:
    role, town = form.get("role", ""), form.get("municipality", "")
    _desk(office).set_role(form.get("key", ""), role, town, ask.visitor.by)
    return ""


def _disable(office: Office, ask: Ask, form: Mapping[str, str]) -> str:
    _desk(office).set_disabled(form.get("key", ""), ask.visitor.by, disabled=True)
    return ""


def _enable(office: Office, ask: Ask, form: Mapping[str, str]) -> str:
    _desk(office).set_disabled(form.get("key", ""), ask.visitor.by, disabled=False)
    return ""


def _second_factor(office: Office, ask: Ask, form: Mapping[str, str]) -> str:
    _desk(office).reset_second_factor(form.get("key", ""), ask.visitor.by)
    return ""


def _end_emergency(office: Office, ask: Ask, _form: Mapping[str, str]) -> str:
    _desk(office).end_emergency(ask.visitor.by)
    return ""


def _add_screen(office: Office, ask: Ask, form: Mapping[str, str]) -> Done:
    return Done(shown=_desk(office).add_screen(form.get("key", ""), ask.visitor.by))


def _remove_screen(office: Office, ask: Ask, form: Mapping[str, str]) -> str:
    _desk(office).remove_screen(form.get("key", ""), ask.visitor.by)
    return ""


_GIVEN = N_("Done. Give this password to the person; it is changed at the first login. It is shown only now:")
PAGES = (
    Page(
        "/accounts",
        "accounts.html",
        _accounts,
        N_("Accounts"),
        right="accounts",
        nav=N_("Accounts"),
        live=False,
        styles=("office.css",),
    ),
    Page(
        "/screens",
        "screens.html",
        _screens,
        N_("Screens"),
        right="accounts",
        nav=N_("Screens"),
        live=False,
        styles=("office.css",),
    ),
)
ACTS = (
    Act("account-add", "accounts", _add, _GIVEN),
    Act("account-reset", "accounts", _reset, _GIVEN),
    Act("account-role", "accounts", _role, N_("The role was changed. Who it is has to log in again.")),
    Act("account-disable", "accounts", _disable, N_("This account can no longer log in, and is out now.")),
    Act("account-enable", "accounts", _enable, N_("This account can log in again.")),
    Act(
        "account-second-factor",
        "accounts",
        _second_factor,
        N_("The app with codes was forgotten. At the next login it is set up again."),
    ),
    Act(
        "emergency-end",
        "accounts",
        _end_emergency,
        N_("Who came in with the emergency code is logged out."),
    ),
    Act(
        "screen-add",
        "accounts",
        _add_screen,
        N_("On the screen go to /screen and type this code within ten minutes. It is shown only now:"),
    ),
    Act("screen-remove", "accounts", _remove_screen, N_("This screen shows nothing any more.")),
)
