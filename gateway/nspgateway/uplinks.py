"""What an authentic frame holds beside its fields: an event, a boot report, records of lost frames. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from msgspec import Struct, structs

from nspgateway import unpack
from nspgateway.kit_words import KitReport, Receipt
from nspgateway.records import Frame, KitBoot, KitEvent, Window
from nsplink import backfill
from nsplink.fields import TAILS
from nsplink.frame import WINDOW

# Frames whose event has a name of its own: journalled once, however often they come.
EVENTS = frozenset({"alarm", "clear", "help", "report"})
# What of a receipt is kept: requests for what lacks are the link's business.
_RECEIPTS = frozenset({"received", "displayed", "removed"})
HEARTBEATS = frozenset({"vital", "full", "status"})
# The event of a kit that does not say which one it is: the frame's own counter tells it apart.
UNNAMED = -1

# A replay window in which everything counts as used.
ALL_SEEN = (1 << WINDOW) - 1

Record = tuple[int, int, bytes]


class Read(Struct, frozen=True):
    """A frame, ready for the journal, and what it brings. ``records``: counter, seconds on, vital payload."""

    frame: Frame
    event: KitEvent | None = None
    boot: KitBoot | None = None
    records: tuple[Record, ...] = ()


def read(frame: Frame, payload: bytes, speed: float = 1.0) -> Read:
    """Decode a payload into a ``frame`` that has everything but its fields. Raises nsplink.frame.Malformed.

    ``speed``: of the gateway's clock beside the kit's. What a person typed goes to the event only.
    """
    fields: dict[str, Any] = unpack.decode(frame.kind, payload)
    tail = b""
    if frame.kind in TAILS:
        tail = fields.pop(TAILS[frame.kind][0])
    if frame.kind == "answer":
        fields["value"] = tail.hex()
    records: tuple[Record, ...] = ()
    if frame.kind == "backfill":
        found = backfill.unpack(tail, fields["base_counter"])
        # A kit knows nothing of frames that it has not sent yet.
        records = tuple(record for record in found if record[0] < frame.counter)
    whole = structs.replace(frame, fields=fields)
    return Read(whole, _event(whole, tail, speed), _boot(whole), records)


def receipt_of(frame: Frame) -> Receipt | None:
    """Return what a frame says of a message to residents; None when it says nothing that is kept."""
    if frame.kind != "receipt":
        return None
    fields: Mapping[str, Any] = frame.fields
    stage = fields.get("receipt_stage")
    if stage not in _RECEIPTS:
        return None
    return Receipt(frame.point, frame.kit, fields["bulletin"], fields["revision"], stage, frame.received_at)


def report_of(read: Read) -> KitReport | None:
    """Return the report of a point that a frame holds, named as in the journal; None for any other frame."""
    frame, event = read.frame, read.event
    if frame.kind != "report" or event is None:
        return None
    name = (frame.point, frame.kit, frame.generation, frame.counter, event.began, frame.exercise)
    return KitReport(*name, frame.fields, event.boot, event.n)


class Journal(Protocol):
    """What is asked of the store."""

    def known_counters(self, kit: int, generation: int, counters: Iterable[int]) -> set[int]:
        """Return those of the counters that are in the journal."""
        ...

    def neighbours(self, kit: int, generation: int, counter: int) -> tuple[datetime | None, datetime | None]:
        """Return when the frames before and after this counter were made, as far as there are any."""
        ...


def late_frames(read: Read, journal: Journal, speed: float = 1.0) -> tuple[Frame, ...]:
    """Return the lost frames that this one brings and the journal does not have, under their old counters."""
    if not read.records:
        return ()
    frame = read.frame
    counters = [record[0] for record in read.records]
    known = journal.known_counters(frame.kit, frame.generation, counters)
    fresh = [record for record in read.records if record[0] not in known]
    before, _ = journal.neighbours(frame.kit, frame.generation, counters[0])
    _, after = journal.neighbours(frame.kit, frame.generation, counters[-1])
    moments = _moments(read, before, after, speed)
    return tuple(
        Frame(
            kit=frame.kit,
            generation=frame.generation,
            counter=counter,
            point=frame.point,
            received_at=frame.received_at,
            kind="vital",
            exercise=frame.exercise,
            fields=unpack.decode("vital", payload),
            raw=payload,
            rssi_dbm=None,
            snr_db=None,
            late=True,
            made_at=moments[counter],
        )
        for counter, _, payload in fresh
    )


def with_late(window: Window, counters: Sequence[int]) -> Window:
    """Return the replay window with counters learnt late as used: their frames are not heard any more."""
    seen = window.seen
    for counter in counters:
        behind = window.newest - counter
        if 0 <= behind < WINDOW:
            seen |= 1 << behind
    return Window(window.newest, seen)


def _event(frame: Frame, tail: bytes, speed: float) -> KitEvent | None:
    if frame.kind not in EVENTS:
        return None
    fields: Mapping[str, Any] = frame.fields
    boot, n = fields["event_boot"], fields["event_n"]
    if boot is None or n is None:
        boot, n = UNNAMED, frame.counter
    age_s = fields.get("age_s") or 0
    return KitEvent(
        frame.kit,
        frame.generation,
        boot,
        n,
        frame.kind,
        fields.get("help_mark") or "",
        frame.received_at - timedelta(seconds=speed * age_s),
        tail.decode("utf-8", "replace"),
        bytes(tail),
    )


def _boot(frame: Frame) -> KitBoot | None:
    if frame.kind != "boot":
        return None
    epoch = frame.fields["boot_epoch"]
    return KitBoot(frame.kit, frame.generation, int(epoch or 0), frame.received_at, frame.fields)


def _moments(
    read: Read, before: datetime | None, behind: datetime | None, speed: float
) -> dict[int, datetime]:
    """Return when each record was made: by the kit's own age of the first, else between its neighbours.

    Records of an earlier boot have no age: the kit's clock began anew.
    """
    received, base_age_s = read.frame.received_at, read.frame.fields["base_age_s"]
    after = {counter: timedelta(seconds=speed * seconds) for counter, seconds, _ in read.records}
    span = max(after.values())
    if isinstance(base_age_s, int):
        first = received - timedelta(seconds=speed * base_age_s)
    else:
        latest = (behind or received) - span
        if before is not None and latest < before:
            # They do not fit in: spread over what there is, in order.
            room = max(timedelta(), (behind or received) - before)
            share = room / (len(after) + 1)
            return {counter: before + share * (n + 1) for n, counter in enumerate(after)}
        first = latest if before is None else before + (latest - before) / 2
    return {counter: min(first + on, received) for counter, on in after.items()}
