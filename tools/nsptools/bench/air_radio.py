"""A kit's radio without a modem: the kit's small radio interface straight on the simulated air.

For fleets in virtual time, and the second implementation that keeps the interface honest. `send`, `run`, `clear`,
`retune`, `state` and `reason` are the kit's; `name`, `tuning`, `listening_since_s` and `hear` are the air's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from nspkit.radio import RadioError, RadioRefused
from nsplink import rui3
from nsptools.bench.air import Air, Transmission, Tuning

# Channel activity detection looks at four symbols.
_CAD_SYMBOLS = 4
# As long as a driver waits for the word that a frame has left, beyond its time on air.
_UNSAID_S = 2.0


class AirRadio:
    """`phy`: as `regions.PHY`; `on_frame(rssi, snr, data)` gets what arrives.

    Faults: `refuse` and `forget` count down over the frames to come. A refused frame is not on the air; a
    forgotten one is, but the radio never says so. `drop_out` ends everything until `come_back`.
    """

    def __init__(
        self,
        air: Air,
        name: str,
        phy: Mapping[str, int | str],
        on_frame: Callable[[int, int, bytes], None],
        log: Callable[[str], None] = lambda _line: None,
    ) -> None:
        self.name = name
        self.listening_since_s: float | None = None
        self.state = "down"
        self.reason = "not started"
        self.sent = 0
        self.refuse = 0
        self.forget = 0
        self._air = air
        self._tune(phy)
        self._on_frame = on_frame
        self._log = log
        self._lock = asyncio.Lock()
        self._sending: Transmission | None = None
        self._left: asyncio.Future[None] | None = None

    async def run(self) -> None:
        """Be up until cancelled; a radio that came back after a fault stays up without this."""
        self._air.attach(self)
        self.come_back()
        try:
            await self._air.loop.create_future()
        finally:
            self.drop_out("not running")
            self._air.detach(self)

    async def send(self, data: bytes, air_ms: int, top: bool = False) -> None:  # noqa: ARG002 - the air knows better
        """Send one frame; returns when its time on air has ended. Raises RadioError."""
        if not 1 <= len(data) <= rui3.MAX_FRAME:
            raise ValueError(f"frame must be 1..{rui3.MAX_FRAME} bytes")
        async with self._lock:
            if self.state != "up":
                raise RadioRefused(self.reason)
            if self._sending is not None:  # of a send that was cancelled: the frame goes on without it
                raise RadioRefused("AT_BUSY_ERROR")
            if self.refuse:
                self.refuse -= 1
                raise RadioRefused("AT_BUSY_ERROR")
            self._left = self._air.loop.create_future()
            self.listening_since_s = None
            self._sending = self._air.transmit(
                self, data, self._coding_rate, self._preamble, self._power_dbm, self._gone
            )
            try:
                await self._left
            finally:
                self._left = None
            if self.forget:
                self.forget -= 1
                await asyncio.sleep(_UNSAID_S)
                raise RadioError("the radio did not say that the frame left")

    async def retune(self, phy: Mapping[str, int | str]) -> None:
        """Change words of the physical layer. Raises RadioRefused when it is down or they make no sense."""
        wanted = {**self._phy, **phy}
        try:
            rui3.setup_commands(wanted)
        except (KeyError, ValueError) as error:
            raise RadioRefused(f"modem not set: {error}") from None
        async with self._lock:
            if self.state != "up":
                raise RadioRefused(self.reason)
            self._tune(wanted)
            if self._sending is None:
                self.listening_since_s = self._air.loop.time()

    def _tune(self, phy: Mapping[str, int | str]) -> None:
        self._phy = dict(phy)
        self.tuning = Tuning(
            int(phy["frequency_hz"]),
            int(phy["sf"]),
            int(phy["bandwidth_khz"]) * 1000,
            int(str(phy["sync_word"]), 16),
        )
        self._coding_rate = int(phy["coding_rate"])
        self._preamble = int(phy["preamble"])
        self._power_dbm = int(phy["power_dbm"])

    async def clear(self) -> bool:
        """Listen before talk: False when it hears chirps of its own kind.

        What begins while it listens goes unnoticed, as with a real one: two who listen together send together.
        """
        if self._air.busy(self):
            return False
        await asyncio.sleep(_CAD_SYMBOLS * self.tuning.symbol_s)
        return True

    def hear(self, data: bytes, rssi_dbm: int, snr_db: int) -> None:
        """Hand a frame on; called by the air."""
        self._on_frame(rssi_dbm, snr_db, data)

    def drop_out(self, reason: str = "the modem does not answer") -> None:
        """Fail now: a frame under way is cut off, nothing is heard any more."""
        self._log("radio: " + reason)
        self.state, self.reason = "down", reason
        self.listening_since_s = None
        if self._sending is not None:
            self._air.cut(self._sending)
            self._sending = None
        if self._left is not None and not self._left.done():
            self._left.set_exception(RadioError(reason))

    def come_back(self) -> None:
        """Work again."""
        self.state, self.reason = "up", ""
        self.listening_since_s = self._air.loop.time()
        self._log("radio: up")

    def _gone(self) -> None:
        self._sending = None
        self.sent += 1
        self.listening_since_s = self._air.loop.time()
        if self._left is not None and not self._left.done():
            self._left.set_result(None)
