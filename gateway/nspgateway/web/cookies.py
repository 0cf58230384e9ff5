"""The cookies that open a door: of a session, of a known browser, of a wall screen, of a form before any of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from nspgateway.access.sessions import LONGEST

Cookie = Literal["session", "device", "screen", "form"]
# As long as browsers keep one.
_LONG = timedelta(days=400)
_LIFE: dict[Cookie, timedelta | None] = {"session": LONGEST, "device": _LONG, "screen": _LONG, "form": None}


def read(request: Request, cookie: Cookie) -> str:
    """Return what this browser has under that name; "" = nothing."""
    return request.cookies.get(_name(request, cookie), "")


def give(request: Request, response: Response, cookie: Cookie, token: str) -> None:
    """Let the browser keep a token: for our own pages only, out of reach of any script."""
    life = _LIFE[cookie]
    response.set_cookie(
        _name(request, cookie),
        token,
        max_age=None if life is None else int(life.total_seconds()),
        path="/",
        secure=_is_tls(request),
        httponly=True,
        samesite="strict",
    )


def take(request: Request, response: Response, cookie: Cookie) -> None:
    """Let the browser forget a token."""
    response.delete_cookie(
        _name(request, cookie), path="/", secure=_is_tls(request), httponly=True, samesite="strict"
    )


def _name(request: Request, cookie: Cookie) -> str:
    # "__Host-": the browser itself refuses one that came from another host or over plain HTTP.
    return f"__Host-nsp-{cookie}" if _is_tls(request) else f"nsp-{cookie}"


def _is_tls(request: Request) -> bool:
    return request.url.scheme == "https"
