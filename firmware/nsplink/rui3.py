"""AT grammar of a RUI3 modem (RAK3172 class) in LoRa P2P mode: text only.

No clock, no port, no state of the modem: the kit's driver and the gateway's
port both build their commands here and read every answer here. Runs on
MicroPython and CPython.

What a driver does at every start: ``AT+PRECV=0`` (a modem may power up in
receive, where it answers AT_BUSY_ERROR to settings; a new one is in LoRaWAN
mode and answers AT_MODE_NO_SUPPORT, which is no fault), ask ``AT+VER=?`` and
``AT+NWM=?``, send ``AT+NWM=0`` if needed and wait for the banner (the change
restarts the modem and an OK is not certain), then ``setup_commands``.
"""

BAUD = 115200
EOL = "\r\n"
MIN_VERSION = (4, 2, 1)
# 250 bytes is the longest frame that AT+PSEND takes on every version.
MAX_FRAME = 250

RX_OFF = "AT+PRECV=0"
RX_ON = "AT+PRECV=65533"
ASK_VERSION = "AT+VER=?"
ASK_MODE = "AT+NWM=?"
MODE_P2P = "AT+NWM=0"
RESET = "ATZ"
RUN = "AT+RUN"
PING = "AT"
# Listen before talk, inside AT+PSEND; since 4.0.6. A modem that hears somebody answers AT_BUSY_ERROR.
CAD_ON = "AT+CAD=1"
CAD_OFF = "AT+CAD=0"

# kHz -> index of AT+P2P's bandwidth. Old firmware wrote 125, 250, 500 instead.
_BANDWIDTHS = ((125, 0), (250, 1), (500, 2))

# Longest line we can meet: a received frame of 255 bytes in hex and its head.
_MAX_LINE = 600


def setup_commands(phy: dict) -> tuple:
    """Commands that put the PHY record into a modem, in order.

    phy: frequency_hz, sf 5..12, bandwidth_khz, coding_rate 5..8 (4/x),
    preamble >= 5 symbols, power_dbm 5..22, sync_word as four hex digits.

    Returns pairs (command, readback). readback is None, or (query, name,
    accepted): send ``query``, and the text of its ("value", name, text) must
    pass ``same_value(text, accepted)``. The last command starts receiving.
    The CRC of a P2P frame is always on in RUI3; there is no command for it.
    Raises ValueError or KeyError when the record cannot be expressed.
    """
    index = _bandwidth_index(phy["bandwidth_khz"])
    coding = phy["coding_rate"] - 5
    if not 0 <= coding <= 3:
        raise ValueError("coding_rate must be 5..8")
    sync = phy["sync_word"].lower()
    if len(sync) != 4 or _hex_bytes(sync) is None:
        raise ValueError("sync_word must be four hex digits")
    head = str(phy["frequency_hz"]) + ":" + str(phy["sf"]) + ":"
    tail = ":" + ":".join((str(coding), str(phy["preamble"]), str(phy["power_dbm"])))
    p2p = head + str(index) + tail
    old_p2p = head + str(phy["bandwidth_khz"]) + tail
    return (
        (RX_OFF, None),
        ("AT+P2P=" + p2p, ("AT+P2P=?", "P2P", (p2p, old_p2p))),
        ("AT+SYNCWORD=" + sync, ("AT+SYNCWORD=?", "SYNCWORD", (sync,))),
        _switch_off("IQINVER"),
        _switch_off("ENCRY"),
        _switch_off("FIXLENGTHPAYLOAD"),
        (RX_ON, None),
    )


def same_value(text: str, accepted: tuple) -> bool:
    """True when a read-back is one of the accepted texts (0x and case ignored)."""
    text = text.strip().lower()
    if text[:2] == "0x":
        text = text[2:]
    return text in accepted


def send_command(frame: bytes) -> str:
    """AT+PSEND for one frame of 1..MAX_FRAME bytes; else ValueError."""
    if not 1 <= len(frame) <= MAX_FRAME:
        raise ValueError("frame must be 1..250 bytes")
    return "AT+PSEND=" + frame.hex().upper()


def parse_version(text: str) -> tuple | None:
    """First dotted triple in a version text: "RUI_4.2.1_RAK3172-E" -> (4, 2, 1)."""
    for word in text.replace("_", " ").replace("-", " ").split():
        parts = word.lstrip("vV").split(".")
        if len(parts) >= 3 and all(_is_number(part) for part in parts[:3]):
            return tuple([int(part) for part in parts[:3]])
    return None


def parse_line(line: str) -> tuple:
    """One line without its end -> one event. Never raises.

    ("ok",) | ("error", word) | ("value", name, text) | ("rx", rssi, snr, frame)
    | ("tx_done",) | ("rx_timeout",) | ("rx_error",) | ("banner", text)
    | ("boot_mode",) | ("rx_head", rssi, snr) | ("noise", text).
    rssi is dBm or None, snr dB or None. "rx_head" is the first line of the
    old two-line receive event: ``Reader`` joins it with the second.
    """
    text = line.strip()
    if text == "OK":
        return ("ok",)
    if text[:3] == "AT_":
        return ("error", text)
    if text[:3] == "AT+":
        name, equals, value = text[3:].partition("=")
        # With echo on, our own query comes back; that is not an answer.
        if equals and value != "?":
            return ("value", name, value)
    elif text[:5] == "+EVT:":
        return _parse_event(text)
    elif text[:18] == "Current Work Mode:":
        return ("banner", text[18:].strip())
    elif "<.BOOT MODE>" in text:
        return ("boot_mode",)
    return ("noise", text)


class Reader:
    """Bytes of the modem -> events; keeps sync whatever arrives.

    A line that grows beyond _MAX_LINE, or that ends in the middle of another,
    costs that line only. ``dropped`` counts bytes thrown away for length.
    """

    def __init__(self) -> None:
        self.dropped = 0
        self._line = bytearray()
        self._skipping = False  # True until the end of an over-long line
        self._head: tuple | None = None  # ("rx_head", ...) waiting for its second line

    def feed(self, data: bytes) -> list:
        """Events completed by these bytes, oldest first; blank lines give none."""
        events = []
        for byte in data:
            if byte in (10, 13):
                if self._line and not self._skipping:
                    event = self._join(parse_line(str(bytes(self._line), "utf-8")))
                    if event is not None:
                        events.append(event)
                self._line = bytearray()
                self._skipping = False
            elif self._skipping:
                self.dropped += 1
            elif len(self._line) >= _MAX_LINE:
                self._skipping = True
                self.dropped += len(self._line) + 1
            else:
                # Bytes outside ASCII are line noise and must not break decoding.
                self._line.append(byte if 32 <= byte < 127 else 63)
        return events

    def _join(self, event: tuple) -> tuple | None:
        head = self._head
        if event[0] == "rx_head":
            self._head = event
            return None
        if event[0] == "rx_data":
            self._head = None
            if head is not None:
                return ("rx", head[1], head[2], event[1])
            return ("noise", "data without a receive event")
        return event


def _switch_off(name: str) -> tuple:
    command = "AT+" + name + "="
    return (command + "0", (command + "?", name, ("0",)))


def _bandwidth_index(khz: int) -> int:
    for value, index in _BANDWIDTHS:
        if value == khz:
            return index
    raise ValueError("bandwidth_khz is none that the modem knows")


def _parse_event(text: str) -> tuple:
    body = text[5:]
    if body == "TXP2P DONE":
        return ("tx_done",)
    if body == "RXP2P RECEIVE TIMEOUT":
        return ("rx_timeout",)
    if body == "RXP2P RECEIVE ERROR":
        return ("rx_error",)
    if body[:6] == "RXP2P:":
        parts = body[6:].split(":")
        if len(parts) == 3:
            frame = _hex_bytes(parts[2])
            if frame is not None:
                return ("rx", _level(parts[0], -160, 20), _level(parts[1], -40, 40), frame)
    elif body[:6] == "RXP2P,":
        words = body[6:].replace(",", " ").split()
        if len(words) == 4 and words[0] == "RSSI" and words[2] == "SNR":
            return ("rx_head", _level(words[1], -160, 20), _level(words[3], -40, 40))
    else:
        frame = _hex_bytes(body)
        if frame is not None:
            return ("rx_data", frame)
    return ("noise", text)


def _level(text: str, low: int, high: int) -> int | None:
    """A dB figure; None when it is no number or outside what a radio can report."""
    digits = text[1:] if text[:1] == "-" else text
    if not _is_number(digits):
        return None
    value = int(text)
    return value if low <= value <= high else None


def _is_number(text: str) -> bool:
    return 0 < len(text) <= 9 and all(char in "0123456789" for char in text)


def _hex_bytes(text: str) -> bytes | None:
    """Bytes of an even, non-empty run of hex digits, else None."""
    if not text or len(text) % 2:
        return None
    for char in text:
        if char not in "0123456789abcdefABCDEF":
            return None
    return bytes.fromhex(text)
