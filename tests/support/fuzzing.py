"""Hostile frames against all that takes a frame apart, in the dialect that both interpreters speak.

Every frame goes through parse, candidates, open, replay check, decode and the readers of
tails, as kit and gateway do it; only their look at the address is left out, so that the
tag alone has to refuse. A frame is taken in only when it is, byte for byte, one of those that
were sealed for this receiver.
"""

import golden
from nsplink import backfill, commands, frame, message, seal

OTHER_KEY = bytes(range(32, 48))
_RIGHT, _UNHEARD, _REPLAY, _GARBAGE = "right", "never heard before", "replay", "sealed garbage"
_FOREIGN, _NOISE = "foreign", "noise"
WAYS = (
    "flip", "cut", "longer", "splice", "kind", "counter", "address", "control",
    _NOISE, _FOREIGN, _GARBAGE, _REPLAY, _UNHEARD, _RIGHT,
)  # fmt: skip


class Chance:
    """The same numbers on every interpreter (xorshift, 32 bits)."""

    def __init__(self, seed):
        self._state = seed * 2654435761 & 0xFFFFFFFF or 1

    def below(self, limit):
        x = self._state
        x ^= x << 13 & 0xFFFFFFFF
        x ^= x >> 17
        x ^= x << 5 & 0xFFFFFFFF
        self._state = x
        return x % limit

    def bytes(self, count):
        return bytes([self.below(256) for _ in range(count)])


class Receiver:
    """One key of one end. ``epoch``: the kit's boot for a key downwards, None for one upwards."""

    def __init__(self, key, epoch):
        self.key = key
        self.epoch = epoch
        self.sealed = set()  # frames that this receiver has to take
        self.garbage = None  # the last that was sealed for it with nothing sensible within

    def seal(self, header, payload):
        return (
            self.key.seal(header, payload)
            if self.epoch is None
            else self.key.seal(header, payload, self.epoch)
        )

    def take(self, data, window):
        """(kind, values) of a frame, or a FrameError."""
        header, _ = frame.parse(data)
        for counter in window.candidates(header):
            try:
                if self.epoch is None:
                    payload = self.key.open(data, header, counter)
                else:
                    payload = self.key.open(data, header, counter, self.epoch)
            except frame.BadTag:
                continue
            window.check(counter)
            window.accept(counter)
            return header.kind, read(header.kind, payload)
        raise frame.BadTag("no counter fits")


def read(kind, payload):
    """Values of a payload, its tail read as well; BadPayload when they are none."""
    values = message.decode(kind, payload)
    if kind == "backfill":
        backfill.unpack(values["records"], values["base_counter"])
    elif kind == "command" and values["command"] in ("read", "stage"):
        commands.parse_setting(values["argument"])
    elif kind == "answer" and values["value"]:
        commands.parse_setting(values["value"])
    return values


class Fuzzer:
    """Makes frames and shows them to the receivers; ``said``: how often each answer came."""

    def __init__(self, cipher, seed):
        up, down, group = golden.keys(cipher)
        self._up, self._down, self._group = (
            Receiver(up, None),
            Receiver(down, golden.EPOCH),
            Receiver(group, 0),
        )
        key = bytes.fromhex(golden.KEY)
        self._strangers = (
            # another kit or generation, both ways; another gateway; another boot; the group's key for one kit
            Receiver(seal.UplinkKey(OTHER_KEY, cipher), None),
            Receiver(seal.DownlinkKey(OTHER_KEY, golden.GATEWAY, cipher), golden.EPOCH),
            Receiver(seal.DownlinkKey(key, golden.GATEWAY + 1, cipher), golden.EPOCH),
            Receiver(down, golden.EPOCH + 64),
            Receiver(group, golden.EPOCH),
        )
        self._chance = Chance(seed)
        self.said = {}
        self.faults = []
        self._frames = [self._seal(row) for row in golden.FRAMES]

    def _seal(self, row):
        """(receiver, header, values, frame) of a golden row."""
        kind, parity, exercise, wide, counter, values, on_air = row
        to = self._up if kind in frame.KINDS_UP else self._group if kind in golden.GROUP_KINDS else self._down
        address = golden.ADDRESS & ~63 if to is self._group else golden.ADDRESS
        direction = frame.UP if to is self._up else frame.DOWN
        header = frame.Header(direction, kind, address, parity, exercise, wide, counter)
        data = bytes.fromhex(on_air)
        to.sealed.add(data)
        return to, header, values, data

    def run(self, count):
        """Show ``count`` frames; the faults found, at most 20 described."""
        for _ in range(count):
            self._once()
        return self.faults

    def _once(self):
        chance = self._chance
        to, header, values, data = self._frames[chance.below(len(self._frames))]
        way = WAYS[chance.below(len(WAYS))]
        untouched = way in (_RIGHT, _UNHEARD, _REPLAY)
        newest = None if way == _UNHEARD else header.counter - (0 if way == _REPLAY else 1 + chance.below(3))
        if way == _GARBAGE:
            room = frame.MAX_FRAME - frame.frame_length(header.kind, 0, header.wide)
            data = to.garbage = to.seal(header, chance.bytes(chance.below(room)))
        elif way == _FOREIGN:
            data = self._foreign(header, values)
        elif way == _NOISE:
            data = bytes((frame.MHDR if chance.below(8) else 0x40,)) + chance.bytes(chance.below(125))
        elif not untouched:
            data = self._changed(way, bytearray(data))
        expected = None
        if way == _REPLAY:
            expected = "Replayed"
        elif untouched:
            expected = "OutOfSync" if newest is None and not header.wide else "taken"
        for receiver in (self._up, self._down, self._group):
            window = frame.ReplayWindow(newest, 1)
            self._show(receiver, way, data, window, expected if receiver is to else None)

    def _foreign(self, header, values):
        """A frame that a stranger sealed well."""
        stranger = self._strangers[self._chance.below(len(self._strangers))]
        direction = frame.UP if stranger.epoch is None else frame.DOWN
        if direction != header.direction:
            kinds = frame.KINDS_DOWN if direction else frame.KINDS_UP
            kind = kinds[self._chance.below(len(kinds))]
            payload = bytes(message.payload_length(kind))
            header = frame.Header(
                direction, kind, header.address, header.parity, header.exercise, header.wide, header.counter
            )
            return stranger.seal(header, payload)
        return stranger.seal(header, message.encode(header.kind, values))

    def _changed(self, way, data):
        """The frame with one kind of change."""
        chance = self._chance
        if way == "flip":
            for _ in range(1 + chance.below(8)):
                data[chance.below(len(data))] ^= 1 << chance.below(8)
        elif way == "cut":
            data = data[: chance.below(len(data))]
        elif way == "longer":
            data += chance.bytes(1 + chance.below(20))
        elif way == "splice":
            other = self._frames[chance.below(len(self._frames))][3]
            data = data[: chance.below(len(data))] + other[chance.below(len(other)) :]
        elif way == "kind":
            data[3] = data[3] & 0xF0 | chance.below(16)
        elif way == "counter":
            data[4 + chance.below(4 if data[3] & 0x10 else 2)] ^= 1 + chance.below(255)
        elif way == "address":
            data[1 + chance.below(2)] ^= 1 + chance.below(255)
        else:
            data[3] ^= (1 + chance.below(15)) << 4
        return bytes(data)

    def _show(self, receiver, way, data, window, expected):
        """One receiver's answer: ``expected``, or None for any that is no belief in a forgery."""
        try:
            kind, values = receiver.take(data, window)
            said = "taken"
            if message.decode(kind, message.encode(kind, values)) != values:
                self._fault("not the same again", way, data)
        except frame.FrameError as error:
            said = type(error).__name__
        except Exception as error:  # noqa: BLE001 - what else comes out is what is looked for
            said = "crashed"
            self._fault(repr(error), way, data)
        self.said[said] = self.said.get(said, 0) + 1
        genuine = data in receiver.sealed or data == receiver.garbage
        if (said == "taken" and not genuine) or expected not in (None, said):
            self._fault(said, way, data)

    def _fault(self, what, way, data):
        if len(self.faults) < 20:
            self.faults.append("%s (%s): %s" % (what, way, data.hex()))
