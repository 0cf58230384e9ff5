"""Frames from the gateway: whose, for this boot, new? And the group's, which are only hints. No I/O.

What was sealed for an earlier boot does not open, so that nothing has to be
remembered in flash: the windows live in RAM.
"""

from nsplink import frame, message

# Kinds that the whole coordinating point shares a key for. Nothing that acts is among them.
GROUP_KINDS = ("fragment", "hello")


class Downlink:
    """Opens frames for one kit.

    ``address``: the kit's; ``keys``: ((gateway id, seal.DownlinkKey), ...) of the kit's own key, at most two;
    ``group``: the same of the group's key, empty = the kit has none. ``refused``: counts by word.
    """

    def __init__(self, address: int, parity: int, keys: tuple, group: tuple) -> None:
        self._address = address
        self._parity = parity
        self._keys = keys
        self._group = group
        self._windows = {gateway: frame.ReplayWindow() for gateway, _ in keys}
        self.refused: dict = {}

    def open(self, data: bytes, epoch: int | None) -> tuple | None:
        """(Header with all 32 bits of its counter, values) of an authentic new frame, else None.

        ``epoch``: of this boot; before a first transmission nothing can be for us.
        """
        try:
            header, _ = frame.parse(data)
            if header.direction != frame.DOWN or header.address >> 6 != self._address >> 6:
                return None  # other kits' frames and other people's come all day
            if header.address == self._address & ~63:
                return self._open_group(data, header)
            if header.address != self._address or epoch is None:
                return None
            return self._open_own(data, header, epoch)
        except frame.NotOurs:
            return None
        except frame.FrameError as error:
            self._count(type(error).__name__)
            return None

    def _open_own(self, data: bytes, header: frame.Header, epoch: int) -> tuple:
        if header.parity != self._parity or header.kind in GROUP_KINDS:
            raise frame.BadTag("another key's")
        for gateway, key in self._keys:
            window = self._windows[gateway]
            try:
                counters = window.candidates(header)
            except frame.OutOfSync:
                continue
            for counter in counters[-1:]:  # the one ahead
                try:
                    payload = key.open(data, header, counter, epoch)
                except frame.BadTag:
                    continue
                if window.newest is not None and counter <= window.newest:
                    # There is one receiver here, so nothing reorders: what comes late was held back.
                    raise frame.Replayed("counter %d, newest %d" % (counter, window.newest))
                values = message.decode(header.kind, payload)
                window.accept(counter)
                return _whole(header, counter), values
        raise frame.BadTag("opens with no key of ours")

    def _open_group(self, data: bytes, header: frame.Header) -> tuple:
        if header.kind not in GROUP_KINDS or not header.wide:
            raise frame.BadTag("nothing that a group may be told")
        for _, key in self._group:
            try:
                payload = key.open(data, header, header.counter, 0)
            except frame.BadTag:
                continue
            return header, message.decode(header.kind, payload)
        raise frame.BadTag("opens with no key of the group")

    def _count(self, word: str) -> None:
        self.refused[word] = self.refused.get(word, 0) + 1


def _whole(header: frame.Header, counter: int) -> frame.Header:
    return frame.Header(
        header.direction, header.kind, header.address, header.parity, header.exercise, header.wide, counter
    )
