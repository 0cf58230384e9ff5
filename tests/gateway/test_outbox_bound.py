"""A broker that stays away fills no disk and costs nobody what must arrive; the others do not notice."""

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec import structs
from structlog.testing import capture_logs

from gateway_box import Box
from mqtt_peers import Listener, Mosquitto, Wire, until
from nspgateway.clock import Clock
from nspgateway.config import BrokerConfig
from nspgateway.messages import OutboxMessage
from nspgateway.mqtt import Publisher
from nspgateway.outbox import Outbox
from nspgateway.outbox_keeper import OutboxKeeper
from nspgateway.records import Changes
from nspgateway.store import Store
from patience import PATIENCE_S
from publishers import ListOutbox, config, message, publishing

KEEP = 100
BROKERS = (
    BrokerConfig(name="own", host="127.0.0.1"),
    BrokerConfig(name="region", host="127.0.0.1", optional=True, keep=KEEP),
)
MUST_ARRIVE = [
    "ark/help/65-1-4",
    "ark/state",
    "ark/alarm/fuel_low",
    "ark/alarm/power_lost",
    "brandweer/gateway/status",
]


def busy_weeks(telemetry: int) -> list[OutboxMessage]:
    """Much of what may go, around the little that may not."""
    at = datetime(2027, 1, 15, tzinfo=UTC)
    alarm = [
        message("ark/alarm/fuel_low", {"n": n}, created=at + timedelta(seconds=n), retain=True)
        for n in range(60)
    ]
    return [
        message("ark/help/65-1-4", {"stage": "stored"}, created=at),
        message("ark/alarm/power_lost", {"n": 0}, created=at, retain=True),
        *alarm,
        message("ark/alarm/fuel_low", {"n": 60}, created=at, retain=True, passing=True),
        *(message("ark/telemetry", {"n": n}, created=at) for n in range(telemetry)),
        message("brandweer/gateway/status", {}, created=at, retain=True),
        message("ark/state", {"n": 1}, created=at, retain=True, expiry_s=900, passing=True),
    ]


def put(store: Store, messages: list[OutboxMessage]) -> None:
    store.commit(Changes(at=messages[0].created, messages=tuple(messages)))


def kinds(store: Store, broker: str) -> Counter[str]:
    return Counter(m.kind for _, m in store.outbox(broker, 10**6))


def test_telemetry_goes_first_and_the_oldest_of_it(tmp_path: Path) -> None:
    """As long as telemetry is enough, nothing else goes; what stays of it is the newest."""
    with Store(tmp_path / "nsp.db", ["own", "region"]) as store:
        put(store, busy_weeks(200))
        counters: Counter[str] = Counter()
        OutboxKeeper(store, BROKERS, Clock(), counters).look()
        left = [m for _, m in store.outbox("region", 10**6)]
        telemetry = [json.loads(m.payload)["n"] for m in left if m.kind == "telemetry"]
        assert telemetry == list(range(200 - len(telemetry), 200))
        assert len(telemetry) > 0
        assert len(left) <= KEEP
        assert kinds(store, "region")["alarm"] == 62
        assert counters["outbox_waiting_own"] == 265  # the other broker's is untouched
        assert counters["outbox_dropped_own"] == 0


def test_what_must_arrive_is_never_let_go_of(tmp_path: Path) -> None:
    """However small the bound: the call for help, how each alarm stands now, the newest state, the status."""
    with Store(tmp_path / "nsp.db", ["region"]) as store:
        put(store, busy_weeks(50))
        assert store.trim_outbox("region", 1) == 50 + 1 + 59
        left = [m for _, m in store.outbox("region", 10**6)]
        assert sorted(m.topic.removeprefix("nsp/v1/rijnmond/") for m in left) == sorted(MUST_ARRIVE)
        (alarm,) = [json.loads(m.payload) for m in left if m.topic.endswith("fuel_low")]
        assert alarm == {"n": 59}
        assert store.trim_outbox("region", 1) == 0


def test_what_went_is_counted_for_ever_and_said_once(tmp_path: Path) -> None:
    """The count outlives a restart; the log says it when it begins, not each minute of three weeks."""
    path, counters = tmp_path / "nsp.db", Counter[str]()
    with Store(path, ["own", "region"]) as store, capture_logs() as log:
        keeper = OutboxKeeper(store, BROKERS, Clock(), counters)
        for _ in range(3):
            put(store, busy_weeks(150))
            keeper.look()
        gone = counters["outbox_dropped_region"]
    assert gone > 300
    assert [(e["log_level"], e["broker"]) for e in log] == [("warning", "region")]
    with Store(path, ["own", "region"]) as store:
        after: Counter[str] = Counter()
        OutboxKeeper(store, BROKERS, Clock(), after).look()
        assert after["outbox_dropped_region"] == gone


async def test_one_broker_away_and_one_there(new_mosquitto: Callable[..., Mosquitto], tmp_path: Path) -> None:
    """The own broker gets everything at once; the region's gets, when there is a route, all that was kept, in order."""
    own = await new_mosquitto("allow_anonymous true").start()
    region = new_mosquitto("allow_anonymous true")
    route = Wire(region.port)
    names = {"own": own.port, "region": route.port}
    settings = [structs.replace(broker, port=names[broker.name]) for broker in BROKERS]
    with Store(tmp_path / "nsp.db", list(names)) as store, capture_logs() as log:
        outboxes = {name: Outbox(store, name) for name in names}
        publishers = [
            Publisher(b, outboxes[b.name], Clock(), region="rijnmond", cp="brandweer", first_delay_s=0.02, longest_delay_s=0.05)
            for b in settings
        ]  # fmt: skip
        tasks = [asyncio.create_task(publisher.run()) for publisher in publishers]
        keeper = OutboxKeeper(store, settings, Clock(), Counter())
        async with Listener(own.port) as near:
            put(store, busy_weeks(200))
            await until(lambda: not store.outbox_size("own"))
            keeper.look()
            await until(lambda: len(near.payloads("/telemetry")) == 200)
        kept = [m for _, m in store.outbox("region", 10**6) if m.kind == "telemetry"]
        assert 0 < len(kept) < 200
        await region.start()
        async with Listener(region.port) as far:
            await route.join()
            await until(lambda: not store.outbox_size("region"))
            await until(lambda: len(far.payloads("/telemetry")) >= len(kept) or far.ended)
        assert far.payloads("/telemetry")[-len(kept) :] == [m.payload for m in kept]
        for task in tasks:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks)
        await route.cut()
    offline = [e["reason"] for e in log if e["event"] == "mqtt offline"]
    assert len(offline) == 1  # no route: said once, however often it was tried


async def test_a_state_that_is_said_again_lives_on_and_one_that_is_not_ends(mosquitto: Mosquitto) -> None:
    """What is retained is gone three intervals after the gateway's last word, however often it was said before."""
    outbox, clock = ListOutbox(), Clock()
    async with publishing(config(mosquitto.port), outbox):
        for second in (1, 2):
            old = clock.now() - timedelta(seconds=2 - second)
            outbox.put(message("ark/state", second, created=old, retain=True, expiry_s=2, passing=True))
            await until(lambda: not outbox.size())
    # The gateway is gone; the broker alone keeps what it said.
    async with Listener(mosquitto.port) as late:
        # On a machine that paused meanwhile its time may be over by now.
        await until(lambda: late.payloads("ark/state") or clock.now() > old + timedelta(seconds=2))
        assert late.payloads("ark/state") in ([b"2"], [])
    ended = clock.monotonic() + PATIENCE_S
    while clock.monotonic() < ended:
        async with Listener(mosquitto.port) as late:
            await until(lambda late=late: late.payloads("/status"))  # type: ignore[misc] # a default binds the loop's
            if not late.payloads("ark/state"):
                return
        await asyncio.sleep(0.1)
    pytest.fail("still there after its time")


def test_a_broker_that_need_not_be_there_is_no_fault(tmp_path: Path) -> None:
    """The page is content, and the status on the others names it; a broker that must be there is missed."""

    class Link:
        def __init__(self, state: str) -> None:
            self.state = state

    box = Box(tmp_path)
    box.config = structs.replace(box.config, broker=BROKERS)
    box.restart()
    box.ingest.attach(box.mast, [Link("online"), Link("offline")])
    assert box.ingest.overview().broker_ok
    assert box.ingest.health("own").away == ("region",)
    assert box.ingest.health("region").away == ()
    box.ingest.attach(box.mast, [Link("offline"), Link("online")])
    assert not box.ingest.overview().broker_ok
    assert box.ingest.health().away == ()


async def test_the_keeper_ends_when_it_is_told_to(tmp_path: Path) -> None:
    """It looks at once, and is cancelled without a trace."""
    with Store(tmp_path / "nsp.db", ["region"]) as store:
        put(store, busy_weeks(200))
        task = asyncio.create_task(OutboxKeeper(store, BROKERS[1:], Clock(), Counter()).run())
        await until(lambda: store.outbox_size("region") <= KEEP)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
