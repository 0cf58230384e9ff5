"""Downlink counters, and what must not go backwards with a restored database: one small file beside it.

A counter that is used twice under one key gives the key's stream away, so counters are
reserved ahead in blocks, on disk before the first of a block is used. The file is not part
of a backup: a database that is restored from one finds it as it was, ahead of itself. Where
the file is missing although the database knows kits (a new disk), the counters jump far
ahead of the copies in the database.

The file also keeps the newest uplink counter and the boot of each kit, which only move
forwards, and the air used in the last hour. First line: JSON; second line: its SHA-256.
"""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from nspgateway.errors import CountersError
from nspgateway.folder import replace_private
from nspgateway.records import Window

BLOCK = 1024
# More than anything that can have been sent since any backup: 2^20 frames fill years of the lawful hours.
JUMP = 1 << 20
_LAST = (1 << 32) - 1
_ALL_SEEN = (1 << 64) - 1
_CURE = (
    "Move it away: the counters then jump ahead of the database's copies, "
    "and each kit must prove once that its frames are of now."
)


class _Kit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Newest counter heard of a kit under one key, and the first counter of its boot; None = not known."""

    newest: int
    epoch: int | None = None


class _Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``air_us``: spent in each minute before the file was written, newest first. ``is_closed``: nothing since."""

    reserved: dict[int, int]
    kits: dict[str, _Kit]
    air_us: list[int]
    is_closed: bool
    format: int = 1


class DownlinkCounters:
    """One gateway's counters. Raises CountersError when the file cannot be used or written.

    ``copies``: the database's, by address. ``windows``: the database's replay windows.
    ``on_reserve``: told of each new block, for the database's copy. ``is_restored``: the
    database is older than the file, or there is no file for it: what kits say may be an old
    recording until they prove the contrary. ``on_full``: may make room for the file on a full disk.
    """

    def __init__(
        self,
        path: Path,
        copies: Mapping[int, int],
        windows: Mapping[tuple[int, int], Window],
        quantum_us: int,
        on_reserve: Callable[[int, int], None] | None = None,
    ) -> None:
        self.on_full: Callable[[], bool] = lambda: False
        self._path = path
        self._copies = copies
        self._on_reserve = on_reserve
        self._quantum_us = quantum_us
        content = _read(path)
        self._jump = JUMP if content is None and (windows or copies) else 0
        found = content or _Content({}, {}, [], True)
        self._reserved = dict(found.reserved)
        self._next = dict(found.reserved)
        self._kits = {_pair(name): kit for name, kit in found.kits.items()}
        self.air_us = _with_quantum(found, quantum_us)
        self.is_restored = bool(self._jump) or any(
            name not in windows or windows[name].newest < kit.newest for name, kit in self._kits.items()
        )
        for name, window in windows.items():
            self.note(*name, window.newest)
        # Nothing is reserved of the hour yet: the first transmission writes the file.
        self._unwritten_us = quantum_us
        self._is_written = False
        if content is None and not self._jump:
            # All is new. Without a file a restart after the first frame would look like a restored database.
            self.save()

    def windows(self, windows: Mapping[tuple[int, int], Window]) -> dict[tuple[int, int], Window]:
        """Return the replay windows moved forwards to what was heard; all up to there counts as used."""
        moved = dict(windows)
        for name, kit in self._kits.items():
            if name not in moved or moved[name].newest < kit.newest:
                moved[name] = Window(kit.newest, _ALL_SEEN)
        return moved

    def epoch(self, kit: int, generation: int) -> int | None:
        """Return the boot that this kit reported last."""
        known = self._kits.get((kit, generation))
        return known.epoch if known else None

    def next(self, address: int) -> int:
        """Return a counter that was never used; a new block is on disk before its first."""
        counter = self._next.get(address)
        copy = self._copies.get(address, 0)
        if counter is None or copy > self._reserved.get(address, 0):
            # The copy is written after the file: it can only be ahead of a file that was put back, too.
            counter = copy + (JUMP if copy else self._jump)
        if counter >= self._reserved.get(address, 0):
            if counter + BLOCK > _LAST:
                raise CountersError(
                    f"{self._path}: address {address} has no counters left. Give its kit a new key."
                )
            before = self._reserved.get(address)
            self._reserved[address] = counter + BLOCK
            try:
                self.save()
            except CountersError:
                self._reserved.pop(address)
                if before is not None:
                    self._reserved[address] = before
                raise
            if self._on_reserve is not None:
                self._on_reserve(address, counter + BLOCK)
        self._next[address] = counter + 1
        return counter

    def note(self, kit: int, generation: int, newest: int, epoch: int | None = None) -> None:
        """Remember, for the next ``save``, how far a kit has come; never backwards."""
        before = self._kits.get((kit, generation))
        if before is not None:
            newest = max(newest, before.newest)
            epoch = max((e for e in (epoch, before.epoch) if e is not None), default=None)
        if before is None or (newest, epoch) != (before.newest, before.epoch):
            self._kits[kit, generation] = _Kit(newest, epoch)
            self._is_written = False

    def book(self, air_us: int, ages: Sequence[int]) -> None:
        """Make sure that a transmission is accounted for on disk before it starts.

        ``ages``: the ledger's minutes with it in. Written once for every quantum, which a restart counts as spent.
        """
        self.air_us = list(ages)
        self._unwritten_us += air_us
        if self._unwritten_us > self._quantum_us:
            self.save()
            self._unwritten_us = 0

    def save(self, *, is_closed: bool = False) -> None:
        """Write the file if something changed; whole and durable, or unchanged."""
        names = {f"{kit}-{generation}": known for (kit, generation), known in self._kits.items()}
        body = msgspec.json.encode(_Content(self._reserved, names, list(self.air_us), is_closed))
        content = body + b"\n" + _check(body) + b"\n"
        try:
            try:
                replace_private(self._path, content)
            except OSError as error:
                if error.errno != errno.ENOSPC or not self.on_full():
                    raise
                replace_private(self._path, content)
        except OSError as error:
            raise CountersError(
                f"{self._path}: cannot be written ({error.strerror}). "
                "Free space, and give this user the right to write there; until then nothing is sent."
            ) from error
        self._is_written = True

    def save_changes(self) -> None:
        """Write the file when a kit has come further since it was written."""
        if not self._is_written:
            self.save()


def _read(path: Path) -> _Content | None:
    """Return the file's content; None when there is none."""
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CountersError(f"{path}: cannot be read ({error.strerror}). Check whose file it is.") from error
    if len(lines) != 3 or lines[1] != _check(lines[0]):
        raise CountersError(f"{path}: damaged. {_CURE}")
    try:
        content = msgspec.json.decode(lines[0], type=_Content)
    except msgspec.DecodeError as error:
        raise CountersError(f"{path}: cannot be used ({error}). {_CURE}") from error
    if content.format != 1:
        raise CountersError(f"{path}: format {content.format} is not known here. Install a later version.")
    return content


def _check(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode()


def _with_quantum(content: _Content, quantum_us: int) -> list[int]:
    """Return the hour as it has to be counted now: with what may have been sent after the file was written."""
    if content.is_closed:
        return list(content.air_us)
    first, *others = content.air_us or [0]
    return [first + quantum_us, *others]


def _pair(name: str) -> tuple[int, int]:
    kit, _, generation = name.partition("-")
    return int(kit), int(generation)
