"""Who comes in. A gate knows its visitors; what they may do is in ``rights``."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol, get_args

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from nspgateway.people import By
from nspgateway.web.rights import Right
from nspgateway.web.visitor import Visitor


class Gate(Protocol):
    """Lets visitors in. ``routes``: its own pages, such as the login, which need no visitor."""

    routes: Sequence[BaseRoute]

    async def visitor(self, request: Request) -> Visitor | Response:
        """Return who asks, or the answer for somebody who is not known."""
        ...

    def still(self, visitor: Visitor) -> bool:
        """Tell whether a visit that is going on may go on."""
        ...


class OpenGate:
    """The demo's: everybody on this machine is the demo's officer, who may do all but manage accounts."""

    routes: Sequence[BaseRoute] = ()

    def __init__(self) -> None:
        everything: frozenset[Right] = frozenset(get_args(Right)) - {"accounts"}
        officer = Visitor.of(By("demo", "cp_coordinator", "page"), "demo", secrets.token_urlsafe(16))
        self._officer = replace(officer, rights=everything)

    async def visitor(self, request: Request) -> Visitor | Response:  # noqa: ARG002 - everybody is let in
        """Everybody is the demo's officer."""
        return self._officer

    def still(self, visitor: Visitor) -> bool:  # noqa: ARG002 - as above
        """For as long as the demo runs."""
        return True
