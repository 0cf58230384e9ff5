"""The gate of a gateway in the field: who is logged in, or is a wall screen, comes in; all others are led to the login."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from nspgateway.access import tokens
from nspgateway.access.accounts import SCREEN_ROLE
from nspgateway.access.door_others import Door
from nspgateway.access.door_people import PAGE
from nspgateway.people import By
from nspgateway.web import cookies, door_pages
from nspgateway.web.visitor import Visitor


class DoorGate:
    """``routes``: the pages of ``door_pages``."""

    def __init__(self, door: Door) -> None:
        self.routes: Sequence[BaseRoute] = door_pages.routes(door)
        self._door = door

    async def visitor(self, request: Request) -> Visitor | Response:
        """Return who is logged in, else which wall screen this is, else the way to what has to be done first."""
        token = cookies.read(request, "session")
        # A stream opens itself again and again: that is no use of a session by its person.
        noted = not request.url.path.startswith("/events")
        found = self._door.look(token, acting=request.method == "POST", noted=noted)
        if found is not None and found.stage == "in":
            person = Visitor.of(found.by, tokens.digest(token), tokens.form_token(token), found.municipality)
            return replace(person, logs_out=True)
        if found is None and (screen := self._screen(request)) is not None:
            return screen
        path = door_pages.WHERE[found.stage] if found is not None else "/login"
        back = ""
        if request.method == "GET" and request.url.path != "/":
            back = f"?{urlencode({'back': door_pages.here(request)})}"
        return RedirectResponse(f"{path}{back}", status_code=303)

    def still(self, visitor: Visitor) -> bool:
        """Tell whether the session was not ended, or the screen not taken away, since."""
        if visitor.by.role == SCREEN_ROLE:
            return self._door.has_screen(visitor.session)
        return self._door.is_open(visitor.session)

    def _screen(self, request: Request) -> Visitor | None:
        token = cookies.read(request, "screen")
        screen = self._door.screen(token)
        if screen is None:
            return None
        return Visitor.of(By(screen.name, SCREEN_ROLE, PAGE), tokens.digest(token), tokens.form_token(token))
