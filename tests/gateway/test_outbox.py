"""Between store and broker: what is held in memory beside the disk, and what is on its way at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from gateway_box import T0
from nspgateway import mqtt_packets, outbox
from nspgateway.messages import OutboxMessage
from nspgateway.outbox import Outbox
from nspgateway.pump import Pump
from nspgateway.records import Changes
from nspgateway.store import Store


def one(topic: str, body: object = "", *, passing: bool = False) -> OutboxMessage:
    return OutboxMessage(f"nsp/v1/r/{topic}", str(body).encode(), passing, None, T0, passing)


def put(store: Store, *messages: OutboxMessage) -> None:
    store.commit(Changes(at=T0, messages=messages))


def bodies(batch: list[tuple[int, OutboxMessage]]) -> list[str]:
    return [message.payload.decode() for _, message in batch]


def test_what_is_held_in_memory_is_what_stands_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Protects the queue through a long outage: more than fits in memory comes out complete and in order."""
    monkeypatch.setattr(outbox, "AHEAD", 10)
    with Store(tmp_path / "nsp.db", ["own"]) as store:
        box = Outbox(store, "own")
        assert box.next_batch(5) == []
        for number in range(35):
            put(store, one(f"p{number % 3}/telemetry", number))
        got: list[str] = []
        while batch := box.next_batch(4):
            got += bodies(batch)
            box.delivered([number for number, _ in batch])
        assert got == [str(number) for number in range(35)]
        assert store.outbox_size() == 0
        put(store, one("a/telemetry", "next"))
        assert bodies(Outbox(store, "own").next_batch(5)) == ["next"]


def test_a_topic_that_is_set_aside_hides_nothing_behind_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Protects the others from one refused topic, also when it alone fills what is held in memory."""
    monkeypatch.setattr(outbox, "AHEAD", 10)
    with Store(tmp_path / "nsp.db", ["own"]) as store:
        box = Outbox(store, "own")
        put(store, *(one("bad/telemetry", number) for number in range(25)), one("good/telemetry", "good"))
        assert bodies(box.next_batch(5, ["nsp/v1/r/bad/telemetry"])) == ["good"]


async def test_what_was_confirmed_leaves_with_the_next_transaction(tmp_path: Path) -> None:
    """Protects the disk from a transaction for each answer, and a restart from what was answered."""
    with Store(tmp_path / "nsp.db", ["own"]) as store:
        box = Outbox(store, "own")
        put(store, one("a/telemetry", 1), one("b/telemetry", 2))
        [(first, _), _] = box.next_batch(10)
        box.delivered([first])
        assert store.outbox_size() == 2
        put(store, one("c/telemetry", 3))
        assert bodies(store.outbox("own")) == ["2", "3"]
        assert bodies(box.next_batch(10)) == ["2", "3"]
        box.delivered([number for number, _ in box.next_batch(1)])
        box.flush()
        assert store.outbox_size() == 1


def test_of_states_that_wait_the_newest_will_do(tmp_path: Path) -> None:
    """Protects a slow link: in memory as on disk an older state of a point makes way for the newer."""
    with Store(tmp_path / "nsp.db", ["own", "far"]) as store:
        box = Outbox(store, "own")
        box.next_batch(1)
        put(store, one("a/state", 1, passing=True), one("a/telemetry", 2), one("a/state", 3, passing=True))
        put(store, one("a/state", 4, passing=True))
        assert bodies(box.next_batch(10)) == bodies(store.outbox("own")) == ["2", "4"]
        assert bodies(store.outbox("far")) == ["2", "4"]


class Far:
    """A broker's end: what was posted, and the answers still owed."""

    def __init__(
        self, room: int = 4, left_s: Callable[[OutboxMessage], float | None] = lambda _: None
    ) -> None:
        self.sent: list[str] = []
        self.owed: list[Callable[[str], None]] = []
        self.refused: list[str] = []
        self.woken = 0
        self.pump = Pump(
            self._post,
            left_s,
            lambda: 0.0,
            room,
            self._wake,
            lambda topic, _: self.refused.append(topic),
            print,
        )

    def _post(self, message: OutboxMessage, _left_s: float | None, answer: Callable[[str], None]) -> None:
        self.sent.append(message.payload.decode())
        self.owed.append(answer)

    def _wake(self) -> None:
        self.woken += 1


def test_one_of_a_topic_at_a_time_and_no_more_than_the_window() -> None:
    """Protects order: two states of a point never overtake each other, and a broker gets what it granted."""
    far = Far(room=3)
    far.pump.take(enumerate([one("a", "a1"), one("a", "a2"), one("b", "b1"), one("c", "c1"), one("d", "d1")]))
    far.pump.fill()
    assert far.sent == ["a1", "b1", "c1"]
    far.pump.fill()
    assert far.pump.in_flight == 3
    far.owed.pop(0)("")
    far.pump.fill()
    assert far.sent[3:] == ["a2"]
    while far.owed:
        far.owed.pop(0)("")
        far.pump.fill()
    assert far.sent[4:] == ["d1"]
    assert sorted(far.pump.taken_done()) == [0, 1, 2, 3, 4]
    assert far.woken


def test_a_refused_topic_waits_alone_and_what_is_over_is_not_sent() -> None:
    """Protects the rest from one topic's trouble, and nobody hears as present what is past."""
    far = Far(left_s=lambda message: 0.0 if message.payload == b"old" else None)
    batch = list(
        enumerate([one("a", "a1"), one("a", "a2"), one("b", "old"), one("b", "b2"), one("c", "old")])
    )
    far.pump.take(batch)
    far.pump.fill()
    assert far.sent == ["a1", "b2"]
    assert far.pump.expired == 2
    far.owed[0]("Not authorized")
    assert far.refused == ["nsp/v1/r/a"]
    far.owed[1]("")
    assert sorted(far.pump.taken_done()) == [2, 3, 4]
    assert far.pump.is_hungry
    # What was refused stands in the outbox, and comes again as anything else.
    far.pump.take(batch[:2])
    far.pump.fill()
    assert far.sent[2:] == ["a1"]


@pytest.mark.parametrize("length", [0, 1, 100, 127, 128, 300, 16_400, 2_100_000])
@pytest.mark.parametrize("expiry_s", [None, 1, 900, 0xFFFFFFFF])
@pytest.mark.parametrize("v5", [True, False])
def test_a_publish_is_to_the_byte_what_paho_sends(
    monkeypatch: pytest.MonkeyPatch, length: int, expiry_s: int | None, v5: bool
) -> None:
    """Protects the wire: the packet that is made here is the one that the library would have made."""
    protocol = MQTTProtocolVersion.MQTTv5 if v5 else MQTTProtocolVersion.MQTTv311
    client = Client(CallbackAPIVersion.VERSION2, protocol=protocol)
    sent: list[bytes] = []
    monkeypatch.setattr(client, "_sock", object())
    monkeypatch.setattr(client, "_packet_queue", lambda _command, packet, *_: sent.append(bytes(packet)))
    properties = None
    if v5 and expiry_s is not None:
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho: half typed
        properties.MessageExpiryInterval = expiry_s
    topic, payload = "nsp/v1/r/buurthuis-é/state", b"x" * length
    client._send_publish(54_321, topic.encode(), payload, 1, True, properties=properties)
    monkeypatch.setattr(client, "_sock", None)
    assert sent == [mqtt_packets.publish(topic, payload, 54_321, expiry_s, retain=True, v5=v5)]


@pytest.mark.parametrize(
    ("body", "expected"),
    [(b"\x00\x07", (7, 0)), (b"\x01\x00\x87", (256, 0x87)), (b"\x00\x01\x10\x00", (1, 16))],
)
def test_a_puback_is_read_in_both_versions(body: bytes, expected: tuple[int, int]) -> None:
    """Protects the outbox from taking a refusal for a yes, and a short answer for a refusal."""
    assert mqtt_packets.puback(body) == expected
    whole = bytes((0x40, len(body))) + body
    assert mqtt_packets.whole_puback(whole + b"\x40") == (*expected, len(whole))
    assert [mqtt_packets.whole_puback(whole[:length]) for length in range(len(whole))] == [None] * len(whole)
