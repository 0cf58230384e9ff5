"""Whose frame is this, and is it new? From bytes on air to an authentic payload, or a refusal. No I/O.

Foreign frames are dropped before any cryptography, and no frame costs more
than two attempts to open it. Nothing here is changed by a frame until its
receiver says ``accept``; what then cannot be made durable is taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Literal

from msgspec import Struct, structs

from nspgateway.keys import KitKey
from nspgateway.records import Frame, Window
from nspgateway.unseal import UplinkKey
from nsplink import frame

# A kit that goes up and down all day uses some hundred thousand counters, a block at each boot.
_AHEAD = 1 << 20

Refusal = Literal[
    "not_ours",  # no frame of this kind of network
    "malformed",  # cut off, too long, or of no known kind
    "downlink",  # another gateway's, or our own come back
    "neighbour",  # of another coordinating point
    "unknown_kit",  # of this coordinating point, but at no point
    "no_key",  # its kit has no key of this generation
    "withdrawn",  # its key is no longer valid
    "out_of_sync",  # 16 bits of a counter that we have never seen whole
    "bad_tag",  # forged, damaged, or sealed with another key
    "implausible",  # not tried: too many failed, and its counter cannot be the kit's next
    "version_mismatch",  # authentic, but sealed by an earlier version of the protocol
]


class Refused(Exception):
    """A frame that says nothing to us; ``outcome`` says why. ``kit``: whose address it bears, where it is ours."""

    def __init__(self, outcome: Refusal, kit: int | None = None) -> None:
        self.outcome = outcome
        self.kit = kit
        super().__init__(outcome)


class Opened(Struct, frozen=True):
    """An authentic frame. ``window`` is the replay window with it; None = its counter is not new."""

    header: frame.Header
    generation: int
    counter: int
    payload: bytes
    window: Window | None

    def received(
        self, point: str, at: datetime, raw: bytes, rssi_dbm: int | None, snr_db: float | None
    ) -> Frame:
        """Return it for the journal, as yet without its fields."""
        return Frame(
            kit=self.header.address,
            generation=self.generation,
            counter=self.counter,
            point=point,
            received_at=at,
            kind=self.header.kind,
            exercise=self.header.exercise,
            fields={},
            raw=raw,
            rssi_dbm=rssi_dbm,
            snr_db=snr_db,
        )


class Authenticator:
    """Opens frames of the kits of one coordinating point.

    ``kits``: addresses in use. ``windows``: by (kit, generation), as last made
    durable. A kit may go on with its previous key until its newer one is heard.
    ``is_limited``: whether frames of this kit's address that can hardly be its own are dropped unopened.
    ``earlier``: an older version of the protocol that kits in the field may still speak.
    """

    def __init__(
        self,
        cp_number: int,
        kits: frozenset[int],
        keys: Sequence[KitKey],
        windows: Mapping[tuple[int, int], Window],
        *,
        is_limited: Callable[[int], bool] = lambda _: False,
        earlier: int | None = None,
    ) -> None:
        self._cp_number = cp_number
        self._kits = kits
        self._keys: dict[int, list[KitKey]] = {}
        for key in sorted(keys, key=lambda k: -k.generation):
            self._keys.setdefault(key.address, []).append(key)
        self._up: dict[tuple[int, int], UplinkKey] = {}
        self._windows = dict(windows)
        self._heard = {address for address, _ in self._windows}
        self._is_limited = is_limited
        self._earlier = earlier

    def open(self, data: bytes) -> Opened:
        """Return the authentic frame in ``data``, or raise Refused."""
        header = self._ours(data)
        key = self._key(header)
        window = self._windows.get((key.address, key.generation))
        replay = frame.ReplayWindow(window.newest, window.seen) if window else frame.ReplayWindow()
        try:
            candidates = replay.candidates(header)
        except frame.OutOfSync:
            raise Refused("out_of_sync") from None
        if window is not None and header.kind in frame.SHORT_TAG:
            # One forged frame of 2^32, with a counter far ahead, would shut its kit out for ever.
            candidates = tuple(counter for counter in candidates if counter - window.newest <= _AHEAD)
            if not candidates:
                raise Refused("implausible", key.address)
        if self._is_limited(key.address):
            candidates = tuple(counter for counter in candidates if _is_plausible(replay, counter))
            if not candidates:
                raise Refused("implausible", key.address)
        for counter in candidates:
            try:
                payload = self._uplink(key).open(data, header, counter)
            except frame.BadTag:
                continue
            return Opened(header, key.generation, counter, payload, _accepted(replay, counter))
        if (
            self._earlier is not None
            and len(candidates) == 1
            and self._is_earlier(key, data, header, candidates[0])
        ):
            raise Refused("version_mismatch", key.address)
        raise Refused("bad_tag", key.address)

    def _is_earlier(self, key: KitKey, data: bytes, header: frame.Header, counter: int) -> bool:
        """Tell whether an older version of the protocol opens it: an update forgotten, not an attack."""
        try:
            self._uplink(key).open(data, header, counter, self._earlier or 0)
        except frame.BadTag:
            return False
        return True

    def accept(self, opened: Opened) -> Window | None:
        """Take the counter as used, and return the window as it was before.

        What turns out not to be durable is taken back: until then nobody is told of the frame.
        """
        name = (opened.header.address, opened.generation)
        before = self._windows.get(name)
        if opened.window is not None:
            self._windows[name] = opened.window
            self._heard.add(name[0])
        return before

    def take_back(self, opened: Opened, before: Window | None) -> None:
        """Undo the newest ``accept`` of this kit: its frame could not be written, and may come again."""
        name = (opened.header.address, opened.generation)
        if before is None:
            self._windows.pop(name, None)
            self._heard = {address for address, _ in self._windows}
        else:
            self._windows[name] = before

    def withdraw(self, kit: int, generation: int) -> None:
        """Refuse a kit's key of this generation and older ones from now on."""
        keys = self._keys.get(kit, [])
        self._keys[kit] = [
            structs.replace(key, withdrawn=key.withdrawn or key.created)
            if key.generation <= generation
            else key
            for key in keys
        ]

    def generation(self, kit: int) -> int | None:
        """Return the newest generation of a kit's keys that is not withdrawn."""
        return next((key.generation for key in self._keys.get(kit, []) if key.withdrawn is None), None)

    def has_heard(self, kit: int) -> bool:
        """Tell whether a frame of this kit was ever accepted, under any key."""
        return kit in self._heard

    def _ours(self, data: bytes) -> frame.Header:
        try:
            header: frame.Header = frame.parse(data)[0]
        except frame.NotOurs:
            raise Refused("not_ours") from None
        except frame.Malformed:
            raise Refused("malformed") from None
        if header.direction != frame.UP:
            raise Refused("downlink")
        if header.address >> 6 != self._cp_number:
            raise Refused("neighbour")
        if header.address not in self._kits:
            raise Refused("unknown_kit")
        return header

    def _key(self, header: frame.Header) -> KitKey:
        """Return the one key that may open this frame: current or previous, told apart by parity."""
        in_use = self._keys.get(header.address, [])[:2]
        for place, key in enumerate(in_use):
            if key.generation & 1 == header.parity:
                newer_heard = place > 0 and (header.address, in_use[0].generation) in self._windows
                if key.withdrawn is not None or newer_heard:
                    raise Refused("withdrawn")
                return key
        raise Refused("no_key")

    def _uplink(self, key: KitKey) -> UplinkKey:
        """Return the key ready for use; deriving it for every frame would double the work."""
        name = (key.address, key.generation)
        known = self._up.get(name)
        if known is None:
            known = self._up[name] = UplinkKey(key.key)
        return known


def _is_plausible(replay: frame.ReplayWindow, counter: int) -> bool:
    """Tell whether a kit could use this counter now: not used yet, and not ages ahead."""
    if replay.newest is not None and counter > replay.newest + _AHEAD:
        return False
    return _accepted(replay, counter) is not None


def _accepted(replay: frame.ReplayWindow, counter: int) -> Window | None:
    """Return the window with this counter in; None when it was used before, or may have been."""
    try:
        replay.check(counter)
    except frame.Replayed:
        return None
    after = frame.ReplayWindow(replay.newest, replay.seen)
    after.accept(counter)
    return Window(after.newest or 0, after.seen)
