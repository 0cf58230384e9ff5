"""Frames that come together: one transaction for many, and the outcome of one by one."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway_box import Box, sealed
from nspgateway.ingest import Ingest
from nspgateway.intake import MOST, Intake
from nspgateway.ports import Reception
from nspgateway.stumbles import HOPELESS
from nspgateway.unseal import UplinkKey
from nsplink import frame, seal


def heard(*frames: bytes) -> list[Reception]:
    return [Reception(data, -90, 7.0) for data in frames]


def test_a_batch_takes_each_frame_for_what_it_is(tmp_path: Path) -> None:
    """Protects the account of what came: a duplicate, a replay and foreign frames keep their names in a batch."""
    box = Box(tmp_path)
    one, two = box.key(65), box.key(66)
    assert box.vital(1) == "accepted"
    box.clock.move(60)
    first, other = sealed(one, 2), sealed(two, 7, fuel_permille=500)
    header = frame.Header(frame.UP, "vital", 65, one.generation & 1, False, True, 3)
    short = seal.UplinkKey(one.key).seal(header, b"\x00")
    commits = 0
    commit = box.store.commit

    def counted(*changes: Any) -> list[int]:
        nonlocal commits
        commits += 1
        return commit(*changes)

    box.store.commit = counted  # type: ignore[method-assign] # only counts
    batch = heard(
        first, other, first, sealed(one, 1), b"\x40strange", short, other[:-1] + b"x", sealed(one, 4)
    )
    assert box.ingest.receive_all(batch) == [
        "accepted",
        "accepted",
        "duplicate",
        "replay",
        "not_ours",
        "undecodable",
        "bad_tag",
        "accepted",
    ]
    assert commits == 2  # what a kit's next frame is told from must be written
    assert box.store.frame_count() == 4
    assert box.ingest.counters["accepted"] == 4
    box.store.close()


def test_a_batch_that_cannot_be_written_has_not_happened(tmp_path: Path) -> None:
    """Protects against believing half a batch: on a full disk all of it may be sent again, and is taken then."""
    box = Box(tmp_path)
    box.vital(1)
    box.vital(1, kit=66)
    box.clock.move(60)
    batch = heard(sealed(box.key(65), 2, fuel_permille=100), sealed(box.key(66), 2), b"strange")
    box.store._rows("PRAGMA query_only = ON")
    assert box.ingest.receive_all(batch) == ["not_stored", "not_stored", "not_ours"]
    box.store._rows("PRAGMA query_only = OFF")
    assert box.store.frame_count() == 2
    assert box.ingest.receive_all(batch) == ["accepted", "accepted", "not_ours"]
    assert box.ingest.receive_all(batch)[:2] == ["duplicate", "duplicate"]
    box.store.close()


def test_nothing_is_answered_before_it_is_written(tmp_path: Path) -> None:
    """Protects the promise of an acknowledgement: an alarm in a batch that fails gets none, later it gets one."""
    box = Box(tmp_path, linked=True)
    box.boot(1)
    box.run(5)
    box.clock.move(60)
    alarm = sealed(box.key(65), 2, "alarm", event_boot=1, event_n=0, alarm="power_lost", age_s=0)
    batch = heard(alarm, sealed(box.key(66), 1))
    box.store._rows("PRAGMA query_only = ON")
    assert box.ingest.receive_all(batch) == ["not_stored", "not_stored"]
    assert box.run(3) == []
    box.store._rows("PRAGMA query_only = OFF")
    assert box.ingest.receive_all(batch) == ["accepted", "accepted"]
    assert [box.opened(data, 1)[0] for data in box.run(3)][:1] == ["ack"]
    box.store.close()


# Who, counter, kind and fuel; a counter that comes back is a replay or an echo, one of 99 garbage.
FRAMES = st.lists(
    st.tuples(
        st.sampled_from((65, 66)), st.integers(1, 9), st.sampled_from(("vital", "alarm", "clear", "full"))
    )
    | st.just((65, 99, "")),
    max_size=14,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(FRAMES, st.lists(st.integers(1, 6), min_size=14, max_size=14))
def test_a_batch_is_the_same_as_one_by_one(
    sent: Sequence[tuple[int, int, str]], sizes: Sequence[int]
) -> None:
    """Protects history, alarms and messages: in whatever portions frames come, what is true afterwards is the same."""
    with tempfile.TemporaryDirectory() as name:
        folders = [Path(name) / one for one in ("single", "batch")]
        for folder in folders:
            folder.mkdir()
        single = Box(folders[0])
        shutil.copy(single.config.keys, folders[1] / single.config.keys.name)
        batched = Box(folders[1])
        frames = heard(*(_frame(single, *one) for one in sent))
        expected = [single.ingest.receive(one) for one in frames]
        outcomes: list[str] = []
        rest, portions = frames, iter(sizes)
        while rest:
            size = next(portions)
            outcomes += batched.ingest.receive_all(rest[:size])
            rest = rest[size:]
        assert outcomes == expected
        assert _all(batched) == _all(single)
        single.store.close()
        batched.store.close()


def _frame(box: Box, kit: int, counter: int, kind: str) -> bytes:
    if not kind:
        return b"\xe0garbage"
    key = box.key(kit)
    if kind in ("alarm", "clear"):
        return sealed(
            key, counter, kind, event_boot=1, event_n=counter % 2, alarm="power_lost", age_s=counter
        )
    return sealed(key, counter, kind, fuel_permille=100 * counter)


def _all(box: Box) -> object:
    situation = box.ingest.situation
    return (
        box.outbox(),
        box.store.frame_count(),
        box.store.windows(),
        box.store.alarms(),
        [box.store.readings(slug) for slug in situation.states],
        dict(situation.states),
        situation.alarms,
        box.ingest.counters,
    )


async def test_a_frame_alone_is_taken_at_once_and_a_burst_together() -> None:
    """Protects both ends: no frame waits for company, and a burst is not a transaction for each."""
    taken: list[int] = []
    intake = Intake(lambda batch: taken.append(len(batch)))
    [one] = heard(b"a")
    intake.put(one)
    await asyncio.sleep(0)
    assert taken == [1]
    for _ in range(MOST + 5):
        intake.put(one)
    intake.nudge()
    for _ in range(3):
        await asyncio.sleep(0)
    assert sum(taken) == MOST + 6
    assert max(taken) == MOST


def test_a_frame_that_breaks_us_is_left_out_and_the_others_go_on(tmp_path: Path, monkeypatch: Any) -> None:
    """Protects the other kits from a fault of ours that one kit repeats for ever; never from one at every frame."""
    box = Box(tmp_path)
    reads = Ingest._read

    def stumble(self: Ingest, opened: Any, reception: Reception, now: Any) -> Any:
        if opened.header.address == 65:
            raise ZeroDivisionError("a fault of ours")
        return reads(self, opened, reception, now)

    monkeypatch.setattr(Ingest, "_read", stumble)
    frames = [sealed(box.key(kit), counter) for counter in (1, 2) for kit in (65, 66)]
    assert box.ingest.receive_all(heard(*frames)) == ["fault", "accepted"] * 2
    assert box.ingest.counters["fault"] == 2
    monkeypatch.undo()
    # It was never taken: what the kit says again is heard.
    assert box.ingest.receive_all(heard(frames[0])) == ["accepted"]
    monkeypatch.setattr(Ingest, "_read", stumble)
    with pytest.raises(ZeroDivisionError):
        box.ingest.receive_all(heard(*(sealed(box.key(65), 10 + n) for n in range(HOPELESS))))


async def test_what_the_receiver_raises_ends_the_gateway() -> None:
    """Protects against a gateway that goes on deaf: a fault on the main path is not one more line in a log."""

    def broken(_batch: Sequence[Reception]) -> None:
        raise ZeroDivisionError

    intake = Intake(broken)
    intake.put(heard(b"a")[0])
    with pytest.raises(ZeroDivisionError):
        await intake.run()


@given(st.binary(max_size=40), st.integers(0, 40), st.integers(0, 255))
def test_the_quick_way_to_open_a_frame_is_the_plain_one(extra: bytes, place: int, flip: int) -> None:
    """Protects authenticity: the library's AES-CCM takes and refuses exactly what nsplink's own does."""
    key = bytes(range(16))
    for kind in ("vital", "clear"):
        header = frame.Header(frame.UP, kind, 65, 1, False, True, 7)
        data = bytearray(seal.UplinkKey(key).seal(header, extra))
        data[place % len(data)] ^= flip
        cut = bytes(data[: max(9, len(data) - flip % 3)])
        assert _opened(UplinkKey(key), cut, header) == _opened(seal.UplinkKey(key), cut, header)


def _opened(key: Any, data: bytes, header: frame.Header) -> bytes | None:
    try:
        payload: bytes = key.open(data, header, header.counter)
    except frame.BadTag:
        return None
    return payload
