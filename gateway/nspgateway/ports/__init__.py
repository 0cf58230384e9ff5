"""Ports: where frames reach the gateway, behind one small interface. A port knows radios, never keys or kits.

PortError             the port does not work; `cause` is one word for a screen, the text is for a person
 +- PortMissing       nothing is plugged in at that path
 +- PortInUse         another program holds it
 +- PortDenied        the user may not open it
 +- PortLost          it was open and went away
 +- PortDown          asked to send while the port is down
 +- ModemError        the port opens, but the modem behind it
     +- ModemSilent   does not answer
     +- ModemRefused  answers with an error word
     +- ModemOld      runs firmware that is too old
     +- ModemNotSet   does not keep what it is told
     +- ModemMute     takes frames and does not send them
 +- ForwarderSilent   no packet forwarder asks for frames, or none says whether it sends
 +- ForwarderRefused  the packet forwarder answers an order to send with an error word
 +- SwitchError       the power of the port cannot be switched
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from nspgateway.errors import GatewayError


@dataclass(frozen=True)
class Reception:
    """One frame as it came off the air. Levels are None when the radio did not report a plausible one."""

    data: bytes
    rssi_dbm: int | None
    snr_db: float | None


class Port(Protocol):
    """A radio of the gateway. It hands each Reception to the function it was made with."""

    state: Literal["up", "down"]
    reason: str
    """Why it is down, a sentence for a person; empty while it is up."""
    cause: str
    """The same as one stable word (`PortError.cause`); empty while it is up."""
    since: datetime
    """When `state` last changed, by the gateway's clock."""

    async def run(self) -> None:
        """Keep the port alive until cancelled. Raises only what the receiver of frames raises."""

    async def send(self, data: bytes) -> None:
        """Put one frame on the air; returns when its time on air is over. Raises PortError."""


class PowerSwitch(Protocol):
    """A hand on the modem's supply."""

    async def off(self) -> None:
        """Cut it. Raises SwitchError."""

    async def on(self) -> None:
        """Switch it on again. Raises SwitchError."""


class PortError(GatewayError):
    """A port does not work."""

    cause = "fault"


class PortMissing(PortError):
    """Nothing is plugged in at that path."""

    cause = "missing"


class PortInUse(PortError):
    """Another program holds the port."""

    cause = "in_use"


class PortDenied(PortError):
    """The user may not open the port."""

    cause = "denied"


class PortLost(PortError):
    """The port was open and went away."""

    cause = "lost"


class PortDown(PortError):
    """Asked to send while the port is down."""

    cause = "down"


class ModemError(PortError):
    """The port opens, but the modem behind it does not do what it should."""


class ModemSilent(ModemError):
    """The modem does not answer."""

    cause = "silent"


class ModemRefused(ModemError):
    """The modem answers a command with an error; `word` is its word for it."""

    cause = "refused"

    def __init__(self, command: str, word: str) -> None:
        self.word = word
        super().__init__(f"the modem answers {word} to {command[:40]}")


class ModemOld(ModemError):
    """The modem's firmware is too old to rely on."""

    cause = "old_firmware"


class ModemNotSet(ModemError):
    """The modem does not keep the physical layer it is told: it would hear nobody."""

    cause = "not_set"


class ModemMute(ModemError):
    """The modem takes frames and never says that one left."""

    cause = "mute"


class ForwarderSilent(PortError):
    """No packet forwarder asks for frames, or the one that was told to send says nothing."""

    cause = "silent"


class ForwarderRefused(PortError):
    """A packet forwarder does not send a frame; `word` is its word for why, such as TX_FREQ."""

    cause = "refused"

    def __init__(self, eui: str, word: str) -> None:
        self.word = word
        super().__init__(f"the packet forwarder {eui} does not send: {word}")


class SwitchError(PortError):
    """The power of the port cannot be switched."""

    cause = "switch"
