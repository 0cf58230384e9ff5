"""The radio half of a RUI3 modem: receive windows, sending, carrier sense, events to the host.

Behaviour from the maker's AT manual for LoRa P2P; `modem.py` puts the AT commands in front of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import cycle
from typing import Literal

from nsptools.bench import modem_at as at
from nsptools.bench.air import Air, Transmission, Tuning

# Values of AT+PRECV with a meaning of their own; 1 to 65532 are a window in ms.
RX_OFF = 0
RX_AND_TX = 65533
RX_ONLY = 65534
RX_ONCE = 65535
_CONTINUOUS = (RX_AND_TX, RX_ONLY, RX_ONCE)

Fault = Literal["falls_out_of_receive", "loses_tx_done", "sends_nothing"]
"""After a frame: does not receive any more; says nothing, and is deaf while it believes that it receives; or
takes the frame and never sends it."""

Hearing = Literal["all", "noise", "nothing"]
"""All that arrives; damaged frames only, those that arrive and a disturber's own; or nothing, as without antenna."""
DISTURBED_EVERY_S = 5.0

# Channel activity detection looks at four symbols.
_CAD_SYMBOLS = 4
_DAMAGED = "+EVT:RXP2P RECEIVE ERROR"


class P2pRadio:
    """What the air knows of a modem. `settings` is the modem's flash; `say` sends a line to the host.

    `sent` counts frames whose time on air ended. `fault`: what firmware does wrong when it sends, see `Fault`.
    `two_line_events`: received frames as firmware up to 1.0.4 told them. `cad_waits`: with AT+CAD=1 and a busy
    channel the manual says that the modem waits for a free one (True); published firmware answers AT_BUSY_ERROR
    and is left deaf, while it believes that it receives, until AT+PRECV=0 (False).
    """

    def __init__(
        self, air: Air, name: str, settings: at.Settings, say: Callable[[str], None], *, cad_waits: bool
    ) -> None:
        self.name = name
        self.settings = settings
        self.sent = 0
        self.on_sent: Callable[[bytes], None] = _nobody  # gets each frame whose time on air has ended
        self._last = b""
        self.fault: Fault | None = None
        self.two_line_events = False
        self._air = air
        self._say = say
        self._cad_waits = cad_waits
        self._window = RX_OFF
        self._window_end: asyncio.TimerHandle | None = None
        self._since_s: float | None = None
        self._hearing: Hearing = "all"
        self._disturber: asyncio.TimerHandle | None = None
        self._sending: Transmission | None = None
        self._sensing: asyncio.TimerHandle | None = None  # set while CAD waits for a free channel

    @property
    def tuning(self) -> Tuning:
        """The radio's tuning as set."""
        own = self.settings
        return Tuning(
            own.frequency_hz,
            own.sf,
            at.BANDWIDTHS_HZ[own.bandwidth],
            own.sync_word,
            bool(own.iq_inverted),
            not own.fixed_length,
        )

    @property
    def listening_since_s(self) -> float | None:
        """When it began to listen; None while off, sending, sensing or booting."""
        return self._since_s

    def hear(self, data: bytes, rssi_dbm: int, snr_db: int) -> None:
        """Report a received frame to the host; a window of one frame closes with it."""
        if self._hearing != "all":
            if self._hearing == "noise":
                self._say(_DAMAGED)
            return
        payload = self._cipher(data).hex()
        if self.two_line_events:
            self._say(f"+EVT:RXP2P, RSSI {rssi_dbm}, SNR {snr_db}")
            self._say(f"+EVT:{payload}")
        else:
            self._say(f"+EVT:RXP2P:{rssi_dbm}:{snr_db}:{payload.upper()}")
        if self._window not in {RX_AND_TX, RX_ONLY}:
            self.open_window(RX_OFF)

    @property
    def hearing(self) -> Hearing:
        """What reaches it of what is on the air."""
        return self._hearing

    @hearing.setter
    def hearing(self, what: Hearing) -> None:
        if self._disturber is not None:
            self._disturber.cancel()
            self._disturber = None
        self._hearing = what
        if what == "noise":
            self._disturb()

    def _disturb(self) -> None:
        if self._since_s is not None:
            self._say(_DAMAGED)
        self._disturber = self._air.loop.call_later(DISTURBED_EVERY_S, self._disturb)

    @property
    def busy(self) -> bool:
        """Whether settings are refused: receiving, sending or sensing."""
        return self._window != RX_OFF or self._transmitting

    @property
    def _transmitting(self) -> bool:
        return self._sending is not None or self._sensing is not None

    def receive(self, window: int | None) -> str:
        """AT+PRECV: 0 stops at once whatever the radio does, even in the middle of a frame of its own."""
        if window is None:
            return at.PARAM_ERROR
        if window != RX_OFF and self._window in _CONTINUOUS:
            self._say("P2P_RX_ON already")
            return at.BUSY_ERROR
        if window != RX_OFF and self._transmitting:
            return at.BUSY_ERROR
        if window == RX_OFF:
            self.go_silent()
        else:
            self.open_window(window)
        return at.OK

    def open_window(self, window: int) -> None:
        """Receive as AT+PRECV=window says, from now on."""
        if self._window_end is not None:
            self._window_end.cancel()
            self._window_end = None
        self._window = window
        loop = self._air.loop
        self._since_s = loop.time() if window != RX_OFF and not self._transmitting else None
        if window not in (RX_OFF, *_CONTINUOUS):
            self._window_end = loop.call_later(window / 1000, self._window_over)

    def _window_over(self) -> None:
        self._window_end = None
        self.open_window(RX_OFF)
        self._say("+EVT:RXP2P RECEIVE TIMEOUT")

    def send(self, data: bytes | None) -> str:
        """AT+PSEND: the status word; AT_BUSY_ERROR while sending, sensing or in a receive-only window."""
        if data is None:
            return at.PARAM_ERROR
        if self._transmitting or self._window not in {RX_OFF, RX_AND_TX}:
            return at.BUSY_ERROR
        data = self._cipher(data)
        if self.settings.cad and self._air.busy(self):
            if not self._cad_waits:
                self._since_s = None
                return at.BUSY_ERROR
            self._wait_for_channel(data)
        elif self.fault != "sends_nothing":
            self._transmit(data)
        return at.OK

    def _wait_for_channel(self, data: bytes) -> None:
        self._sensing = None
        if self._air.busy(self):
            self._since_s = None
            symbol_s = (1 << self.settings.sf) / at.BANDWIDTHS_HZ[self.settings.bandwidth]
            self._sensing = self._air.loop.call_later(_CAD_SYMBOLS * symbol_s, self._wait_for_channel, data)
        else:
            self._transmit(data)

    def _transmit(self, data: bytes) -> None:
        own = self.settings
        self._since_s = None
        self._last = data
        self._sending = self._air.transmit(
            self, data, own.coding_rate + 5, own.preamble, own.power_dbm, self._transmitted
        )

    def _transmitted(self) -> None:
        self._sending = None
        self.sent += 1
        self.on_sent(self._last)
        if self.fault == "loses_tx_done":
            return
        self._say("+EVT:TXP2P DONE")
        self.open_window(RX_OFF if self.fault == "falls_out_of_receive" else self._window)

    def _cipher(self, data: bytes) -> bytes:
        """AT+ENCRY=1 as far as it matters here: ends with other keys, or with none, hear something else."""
        if not self.settings.encrypt:
            return data
        return bytes(a ^ b for a, b in zip(data, cycle(bytes.fromhex(self.settings.key)), strict=False))

    def go_silent(self) -> None:
        """Radio to standby: nothing sent, sensed or received any more; no event comes for what was under way."""
        if self._sensing is not None:
            self._sensing.cancel()
            self._sensing = None
        if self._sending is not None:
            self._air.cut(self._sending)
            self._sending = None
        self.open_window(RX_OFF)


def _nobody(_data: bytes) -> None:
    """Stand for who wants to know what was sent."""
