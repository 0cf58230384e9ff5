"""A person's side of a notifier."""

from __future__ import annotations

from nspgateway.errors import GatewayError
from nspgateway.notify import Notice


class Ear:
    """Hears every notice; ``is_away``: nothing reaches it."""

    name = "sms"

    def __init__(self) -> None:
        self.heard: list[Notice] = []
        self.is_away = False

    async def notify(self, notice: Notice) -> None:
        if self.is_away:
            raise GatewayError("no network")
        self.heard.append(notice)
