"""Frame <-> bytes: the header in clear, the counter's window, and every way to be refused.

| bytes  | content                                                              |
|--------|----------------------------------------------------------------------|
| 1      | 0xE0: LoRaWAN MHDR "proprietary", so that concentrators pass it on    |
| 2      | address: 10 bits coordinating point, 6 bits kit (0 = group)          |
| 1      | bit 7 direction, 6 key parity, 5 exercise, 4 wide counter, 3-0 kind  |
| 2 or 4 | counter: its low 16 bits, or all 32 when wide                        |
| n      | payload, encrypted                                                   |
| 4 or 8 | tag                                                                  |

Numbers are big-endian. docs/decisions/0001-frame.md has the reasons.
"""

from collections import namedtuple

MHDR = 0xE0
UP = 0
DOWN = 1
MAX_FRAME = 115
WINDOW = 64

KINDS_UP = ("vital", "full", "status", "boot", "alarm", "clear", "help", "report", "receipt", "backfill", "answer")
KINDS_DOWN = ("ack", "link", "help_stage", "command", "fragment", "release", "status112", "hello")
# A short tag may raise, but never clear, acknowledge or configure.
SHORT_TAG = ("vital", "full", "status")

Header = namedtuple("Header", ("direction", "kind", "address", "parity", "exercise", "wide", "counter"))


class FrameError(Exception):
    """Anything wrong with a frame.

    FrameError
      NotOurs            first byte is not ours: someone else's frame, no fault
      Malformed
        TooShort, TooLong, BadKind, BadPayload
      Refused
        BadTag           not sealed by this key, or changed on the way
        OutOfSync        16 counter bits from a sender never heard before
        Replayed         counter used before, or older than the window
    """


class NotOurs(FrameError):
    pass


class Malformed(FrameError):
    pass


class TooShort(Malformed):
    pass


class TooLong(Malformed):
    pass


class BadKind(Malformed):
    pass


class BadPayload(Malformed):
    pass


class Refused(FrameError):
    pass


class BadTag(Refused):
    pass


class OutOfSync(Refused):
    pass


class Replayed(Refused):
    pass


def address(cp: int, kit: int) -> int:
    """16-bit address of a kit (1-63, 0 = group) of a coordinating point (1-1023)."""
    if not (1 <= cp <= 1023 and 0 <= kit <= 63):
        raise ValueError("address out of range: coordinating point %d, kit %d" % (cp, kit))
    return cp << 6 | kit


def tag_length(kind: str) -> int:
    """Bytes of authentication tag that a kind carries: 4 or 8."""
    return 4 if kind in SHORT_TAG else 8


def header_length(wide: bool) -> int:
    """Bytes before the payload."""
    return 8 if wide else 6


def frame_length(kind: str, payload_length: int, wide: bool) -> int:
    """Bytes on air."""
    return header_length(wide) + payload_length + tag_length(kind)


def header_bytes(header: Header) -> bytes:
    """The header as sent; ``header.counter`` holds all 32 bits, also when only 16 are sent."""
    kinds = KINDS_DOWN if header.direction else KINDS_UP
    control = (
        header.direction << 7
        | header.parity << 6
        | (0x20 if header.exercise else 0)
        | (0x10 if header.wide else 0)
        | kinds.index(header.kind)
    )
    counter = header.counter.to_bytes(4, "big")
    return bytes((MHDR, header.address >> 8, header.address & 0xFF, control)) + (counter if header.wide else counter[2:])


def parse(data: bytes) -> tuple:
    """(Header, bytes before the payload) of a received frame; the counter is as on air.

    Raises NotOurs, TooShort, TooLong or BadKind. Says nothing about who sent it.
    """
    if not data or data[0] != MHDR:
        raise NotOurs("first byte is not 0xE0")
    if len(data) > MAX_FRAME:
        raise TooLong("%d bytes, at most %d" % (len(data), MAX_FRAME))
    if len(data) < 4:
        raise TooShort("%d bytes" % len(data))
    control = data[3]
    direction = control >> 7
    kinds = KINDS_DOWN if direction else KINDS_UP
    if control & 0x0F >= len(kinds):
        raise BadKind("kind %d, direction %d" % (control & 0x0F, direction))
    kind = kinds[control & 0x0F]
    wide = bool(control & 0x10)
    length = header_length(wide)
    if len(data) < length + tag_length(kind):
        raise TooShort("%s of %d bytes" % (kind, len(data)))
    header = Header(
        direction,
        kind,
        data[1] << 8 | data[2],
        control >> 6 & 1,
        bool(control & 0x20),
        wide,
        int.from_bytes(data[4:length], "big"),
    )
    return header, length


class ReplayWindow:
    """Which counters of one sender (under one key) were accepted; 64 wide, since receivers reorder.

    ``newest``: highest accepted counter, None before the first.
    ``seen``: bit i set = counter ``newest - i`` was accepted.
    """

    def __init__(self, newest: int | None = None, seen: int = 0) -> None:
        self.newest = newest
        self.seen = seen

    def candidates(self, header: Header) -> tuple:
        """At most two 32-bit counters that these bits on air can mean, likeliest first."""
        if header.wide:
            return (header.counter,)
        if self.newest is None:
            raise OutOfSync("16 counter bits from a sender never heard before")
        ahead = self.newest + 1 + ((header.counter - self.newest - 1) & 0xFFFF)
        behind = ahead - 0x10000
        if behind >= 0 and self.newest - behind < WINDOW:
            return (behind, ahead) if ahead < 1 << 32 else (behind,)
        return (ahead,) if ahead < 1 << 32 else ()

    def check(self, counter: int) -> None:
        """Raise Replayed when this counter was accepted before, or may have been."""
        if self.newest is None or counter > self.newest:
            return
        behind = self.newest - counter
        if behind >= WINDOW or self.seen >> behind & 1:
            raise Replayed("counter %d, newest %d" % (counter, self.newest))

    def accept(self, counter: int) -> None:
        """Remember a counter that passed ``check``."""
        if self.newest is None or counter > self.newest:
            shift = 0 if self.newest is None else counter - self.newest
            self.seen = ((self.seen << shift) if shift < WINDOW else 0) & ((1 << WINDOW) - 1) | 1
            self.newest = counter
        else:
            self.seen |= 1 << (self.newest - counter)
