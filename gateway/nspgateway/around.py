"""What is around the path of a frame: the radio's port and the brokers' links, as screens and MQTT show them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from nspgateway.clock import Clock
from nspgateway.config import GatewayConfig
from nspgateway.moments import utc
from nspgateway.overview import Box
from nspgateway.payloads import Health, Modem
from nspgateway.ports import Port


class BrokerLink(Protocol):
    """What the overview wants to know of a broker's link: "online" or not."""

    @property
    def state(self) -> str:
        """One word for how the link is."""
        ...


def away(config: GatewayConfig, links: Sequence[BrokerLink], *, optional: bool) -> tuple[str, ...]:
    """Return the brokers that are not reached now, of those that need not, or need, always be there."""
    named = zip(config.broker, links, strict=False)
    return tuple(b.name for b, link in named if b.optional is optional and link.state != "online")


def health(port: Port | None, missing: Sequence[str], store_word: str, broker: str) -> Health:
    """Return what is wrong, for those who only have MQTT at ``broker``; ``missing``: brokers that are away."""
    modem = Modem(port.state, port.cause, utc(port.since)) if port else None
    return Health(modem, store_word, tuple(name for name in missing if name != broker))


def box(config: GatewayConfig, port: Port | None, clock: Clock, now: datetime) -> Box:
    """Return what is true of the gateway itself at ``now``, as far as settings, port and clock tell."""
    return Box(
        now=now,
        region=config.region_name or config.region,
        cp=config.cp_name or config.cp,
        speed=clock.speed,
        modem_ok=port is not None and port.state == "up",
        modem_reason=port.reason if port else "",
        modem_since=port.since if port else None,
        modem_cause=port.cause if port else "",
        sf=config.radio.sf,
        clock_offset_s=clock.offset_s(),
    )
