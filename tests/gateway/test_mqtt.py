import asyncio
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiomqtt import ProtocolVersion
from structlog.testing import capture_logs

from mqtt_peers import Listener, Mosquitto, Wire, until
from nspgateway.clock import Clock
from nspgateway.errors import StoreFull
from nspgateway.mqtt import BATCH, WINDOW, retry_delay
from nspgateway.mqtt_client import BrokerClient
from nspgateway.payloads import Health, Modem
from nspgateway.store import Store
from nsptools.bench.broker import EmbeddedBroker
from ports import free_port
from publishers import AnyOutbox, DurableOutbox, ListOutbox, config, message, publishing

STATUS = "nsp/v1/rijnmond/brandweer/gateway/status"


@pytest.fixture(params=["list", "sqlite"])
def outbox(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnyOutbox]:
    """Both kinds of outbox, one after the other."""
    if request.param == "list":
        yield ListOutbox()
    else:
        with Store(tmp_path / "nsp.db", brokers=["test"]) as store:
            yield DurableOutbox(store)


async def test_delivers_and_forgets(mosquitto: Mosquitto, outbox: AnyOutbox) -> None:
    """What stands in the outbox arrives byte for byte, then it is gone from the outbox, and counted."""
    sent = [message("ark/telemetry", {"n": n}) for n in range(BATCH + 30)]
    outbox.put(*sent)
    async with Listener(mosquitto.port) as listener, publishing(config(mosquitto.port), outbox) as publisher:
        await until(lambda: not outbox.size())
        outbox.put(later := message("linde/telemetry", "later"))
        await until(lambda: not outbox.size())
        await until(lambda: len(listener.payloads("/telemetry")) == len(sent) + 1)
        assert listener.payloads("/telemetry") == [m.payload for m in [*sent, later]]
        assert publisher.published == len(sent) + 2  # and one "online"
        assert (publisher.state, publisher.reason) == ("online", "")


@pytest.mark.parametrize("pieces", [(1,), (5, 1, 6, 2), (3, 9, 4096)])
@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
async def test_answers_may_come_in_any_pieces(
    mosquitto: Mosquitto, pieces: Sequence[int], protocol: str
) -> None:
    """Protects the outbox on a bad line: each answer is heard once, wherever the network cuts it."""
    outbox = ListOutbox()
    outbox.put(*[message(f"point-{n % 7}/telemetry", n) for n in range(60)])
    wire = Wire(mosquitto.port, pieces)
    await wire.join()
    async with publishing(config(wire.port, protocol=protocol), outbox) as publisher:
        await until(lambda: not outbox.size())
        assert publisher.published == 60 + 1  # and one "online"
        assert publisher.state == "online"
    await wire.cut()


async def test_retains_what_is_to_be_retained(mosquitto: Mosquitto) -> None:
    """Who comes later gets the newest state and the alarms, and no telemetry."""
    outbox = ListOutbox()
    outbox.put(
        message("ark/state", 1, retain=True),
        message("ark/state", 2, retain=True),
        message("ark/telemetry", 3),
        message("ark/alarm/fuel_low", 4, retain=True),
    )
    async with publishing(config(mosquitto.port), outbox):
        await until(lambda: not outbox.size())
        async with Listener(mosquitto.port) as late:
            await until(lambda: len(late.heard) == 3)
            heard = {str(m.topic).removeprefix("nsp/v1/rijnmond/"): m.payload for m in late.heard}
            assert heard.pop("brandweer/gateway/status")
            assert heard == {"ark/state": b"2", "ark/alarm/fuel_low": b"4"}


async def test_state_expires_at_the_broker(mosquitto: Mosquitto) -> None:
    """A retained state carries the rest of its time, in seconds on the wall, and is gone after it."""
    outbox = ListOutbox()
    clock = Clock(speed=60)
    half_past = clock.now() - timedelta(hours=5)
    outbox.put(message("ark/state", 1, created=half_past, retain=True, expiry_s=36_000))
    outbox.put(message("linde/state", 2, created=clock.now(), retain=True, expiry_s=100))
    async with publishing(config(mosquitto.port), outbox, clock=clock):
        await until(lambda: not outbox.size())
        async with Listener(mosquitto.port) as late:
            await until(lambda: late.payloads("ark/state"))
            [ark] = [m for m in late.heard if str(m.topic).endswith("ark/state")]
            assert 1 <= ark.properties.MessageExpiryInterval <= 300  # type: ignore[union-attr] # MQTT 5 has them
        for _ in range(1000):
            async with Listener(mosquitto.port) as late:
                await until(lambda late=late: late.payloads("/status"))  # type: ignore[misc] # a default binds the loop's
                await until(lambda late=late: late.payloads("ark/state"))  # type: ignore[misc] # as above
                if not late.payloads("linde/state"):
                    return
            await asyncio.sleep(0.1)
        pytest.fail("still there after its time")


async def test_never_publishes_what_is_over(mosquitto: Mosquitto, outbox: AnyOutbox) -> None:
    """A state whose time passed in the outbox is dropped and counted, not shown as the present one."""
    old = datetime.now(UTC) - timedelta(hours=1)
    outbox.put(
        message("ark/state", "old", created=old, retain=True, expiry_s=900),
        message("ark/alarm/fuel_low", "old but true", created=old, retain=True),
        message("ark/state", "new", retain=True, expiry_s=900),
    )
    async with Listener(mosquitto.port) as listener, publishing(config(mosquitto.port), outbox) as publisher:
        await until(lambda: len(listener.heard) == 3)
        await until(lambda: not outbox.size())
        assert listener.payloads("/state") == [b'"new"']
        assert listener.payloads("/fuel_low") == [b'"old but true"']
        assert publisher.expired == 1


async def test_never_publishes_what_comes_from_the_future(mosquitto: Mosquitto) -> None:
    """A state from before the clock was set back has no age that anybody knows: it is dropped and counted."""
    ahead = datetime.now(UTC) + timedelta(hours=1)
    outbox = ListOutbox()
    outbox.put(message("ark/state", "ahead", created=ahead, retain=True, expiry_s=900))
    async with publishing(config(mosquitto.port), outbox) as publisher:
        await until(lambda: not outbox.size())
        assert publisher.expired == 1


async def test_tells_how_the_gateway_is(mosquitto: Mosquitto) -> None:
    """A modem that goes down, or a disk that is full, is in the retained status at once, past any outbox."""
    health = [Health(Modem("up", "", datetime.now(UTC)), "")]
    outbox = ListOutbox()
    async with (
        Listener(mosquitto.port) as listener,
        publishing(config(mosquitto.port), outbox, health=lambda: health[-1]),
    ):
        await until(lambda: listener.payloads("/status"))
        health.append(Health(Modem("down", "unplugged", datetime.now(UTC)), "full"))
        outbox.put(message("ark/telemetry"))
        await until(lambda: any(b"unplugged" in payload for payload in listener.payloads("/status")))
        first, *_, second = (json.loads(payload) for payload in listener.payloads("/status"))
    assert (first["state"], first["modem"]["state"], first["store_problem"]) == ("online", "up", "")
    assert (second["modem"]["state"], second["modem"]["cause"]) == ("down", "unplugged")
    assert second["store_problem"] == "full"


async def test_broker_killed_mid_stream(mosquitto: Mosquitto, wire: Wire, outbox: AnyOutbox) -> None:
    """A broker that dies loses nothing of ours: all arrives, again only what was on its way, in order."""
    points = [f"point-{n}" for n in range(30)]
    total = 3000
    outbox.put(*(message(f"{points[n % 30]}/telemetry", {"key": n}) for n in range(total)))
    first = Listener(mosquitto.port, on_message=lambda: mosquitto.kill() if len(first.heard) == 20 else None)
    async with publishing(config(wire.port), outbox) as publisher:
        async with first:
            await until(lambda: first.ended and publisher.state == "offline")
        await wire.cut()  # until somebody listens at the new one
        assert 0 < outbox.size() < total
        await mosquitto.start()
        async with Listener(mosquitto.port) as second:
            await wire.join()
            await until(lambda: not outbox.size())
            await until(lambda: len({*keys(first), *keys(second)}) == total)
    got = [*keys(first), *keys(second)]
    assert len(got) - total <= WINDOW
    for point in range(30):
        once = list(dict.fromkeys(key for key in got if key % 30 == point))
        assert once == sorted(once)


def keys(listener: Listener) -> list[int]:
    return [json.loads(payload)["key"] for payload in listener.payloads("/telemetry")]


async def test_cut_wire_again_and_again(mosquitto: Mosquitto, wire: Wire, outbox: AnyOutbox) -> None:
    """A link that flaps repeats at most what was on its way each time, and loses nothing."""
    total, cuts = 400, 8
    settings = config(wire.port)  # and a long deadline: a cut is noticed by itself
    async with (
        Listener(mosquitto.port) as listener,
        publishing(settings, outbox, ack_timeout_s=60) as publisher,
    ):
        for n in range(cuts):
            outbox.put(
                *(message(f"point-{m % 20}/telemetry", {"key": m}) for m in range(n * 50, n * 50 + 50))
            )
            await until(lambda n=n: len(set(keys(listener))) > n * 50 + 10)  # type: ignore[misc] # a default binds the loop's
            await wire.cut()
            await until(lambda: publisher.state == "offline")
            await wire.join()
        await until(lambda: not outbox.size())
        await until(lambda: len(set(keys(listener))) == total)
        assert len(keys(listener)) - total <= cuts * WINDOW


class FullOutbox(ListOutbox):
    """On a disk with no room until ``full`` is taken away."""

    full = True

    def delivered(self, ids: Sequence[int]) -> None:
        if self.full:
            raise StoreFull("no room on the disk")
        super().delivered(ids)


async def test_full_disk_under_the_outbox(mosquitto: Mosquitto) -> None:
    """A delivery that cannot be noted down is repeated until it can; the publisher does not end over it."""
    outbox = FullOutbox()
    outbox.put(message("ark/telemetry", {"key": 1}))
    async with Listener(mosquitto.port) as listener, publishing(config(mosquitto.port), outbox) as publisher:
        await until(lambda: publisher.reason == "no room on the disk")
        outbox.full = False
        await until(lambda: not outbox.size() and publisher.state == "online")
        await until(lambda: set(keys(listener)) == {1})


PROGRAM = """
import asyncio, sys
from nspgateway.clock import Clock
from nspgateway.config import BrokerConfig
from nspgateway.mqtt import Publisher

class Nothing:
    def next_batch(self, limit, without): return []
    def delivered(self, ids): pass
    def flush(self): pass
    async def wait_new(self): await asyncio.Event().wait()

broker = BrokerConfig(name="test", host="127.0.0.1", port=int(sys.argv[1]))
asyncio.run(Publisher(broker, Nothing(), Clock(), region="rijnmond", cp="brandweer").run())
"""


async def test_last_will_of_a_killed_gateway(mosquitto: Mosquitto) -> None:
    """A gateway that is killed is offline for everyone, also for who looks later; it never says so itself."""
    gateway = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, str(mosquitto.port), stdout=subprocess.DEVNULL
    )
    async with Listener(mosquitto.port) as listener:
        await until(lambda: listener.payloads("/status"))
        gateway.kill()
        await gateway.wait()
        await until(lambda: len(listener.heard) == 2)
    async with Listener(mosquitto.port) as late:
        await until(lambda: late.heard)
    online, offline = (json.loads(payload) for payload in listener.payloads("/status"))
    assert (online["state"], offline["state"]) == ("online", "offline")
    assert (offline["at"], offline["reason"]) == (None, "connection lost")
    assert late.heard[0].retain
    assert late.payloads("/status") == [listener.payloads("/status")[1]]


async def test_says_goodbye(mosquitto: Mosquitto) -> None:
    """A gateway that is stopped says so with the time; its will stays unspoken."""
    async with Listener(mosquitto.port) as listener:
        async with publishing(config(mosquitto.port), ListOutbox()):
            await until(lambda: listener.heard)
        await until(lambda: len(listener.heard) == 2)
        offline = json.loads(listener.payloads("/status")[1])
        assert offline["reason"] == "stopped"
        assert offline["at"].endswith("Z")
        assert str(listener.heard[1].topic) == STATUS


async def test_nobody_listens() -> None:
    """Without a broker the reason is told, in the log too, and stopping is still possible at once."""
    told: list[tuple[str, str]] = []
    outbox = ListOutbox()
    outbox.put(message("ark/telemetry"))
    with capture_logs() as log:
        async with publishing(config(free_port()), outbox, on_state=lambda *state: told.append(state)):
            await until(lambda: len(log) >= 3)
    assert outbox.size() == 1
    assert "Connection refused" in told[0][1]
    assert told[-1] == ("offline", "stopped")
    assert all("Connection refused" in entry["reason"] and entry["retry_in_s"] <= 0.1 for entry in log)


async def test_broker_that_falls_silent(mosquitto: Mosquitto) -> None:
    """A broker that keeps the line but answers nothing is noticed by its missing PUBACK, then used again."""
    outbox = ListOutbox()
    async with publishing(config(mosquitto.port), outbox, ack_timeout_s=0.3) as publisher:
        await until(lambda: publisher.state == "online")
        mosquitto.signal(signal.SIGSTOP)
        outbox.put(message("ark/telemetry"))
        await until(lambda: publisher.reason == "no acknowledgement within 0.3 s")
        await until(lambda: publisher.reason.startswith("no answer to CONNECT"))
        assert outbox.size() == 1
        mosquitto.signal(signal.SIGCONT)
        await until(lambda: not outbox.size())


async def test_amqtt_3_1_1(outbox: AnyOutbox) -> None:
    """The demo's broker, which knows only MQTT 3.1.1, gets the same messages, presence and goodbye."""
    broker = EmbeddedBroker()
    await broker.start()
    settings = config(broker.port, protocol="3.1.1")
    async with Listener(broker.port, ProtocolVersion.V311) as listener:
        async with publishing(settings, outbox):
            outbox.put(message("ark/state", 1, retain=True, expiry_s=900), message("ark/telemetry", 2))
            await until(lambda: not outbox.size())
            await until(lambda: listener.payloads("/telemetry") == [b"2"])
        await until(lambda: len(listener.payloads("/status")) >= 2)
        assert json.loads(listener.payloads("/status")[-1])["state"] == "offline"
    await broker.stop()


async def test_cancelled_while_connecting(mosquitto: Mosquitto) -> None:
    """A stop in the middle of connecting ends it, and leaves no task and no socket behind."""
    mosquitto.signal(signal.SIGSTOP)
    before = asyncio.all_tasks()
    async with publishing(config(mosquitto.port), ListOutbox(), ack_timeout_s=0.2) as publisher:
        await asyncio.sleep(0)
        assert publisher.state == "offline"
    await until(lambda: asyncio.all_tasks() == before)


def test_delays_grow_and_scatter() -> None:
    """Waiting doubles up to its limit, however long the outage; chance takes off at most half."""
    delays = [retry_delay(n, 0, first_s=0.5, longest_s=30) for n in (1, 2, 3, 7, 8, 100_000)]
    assert delays == [0.5, 1, 2, 30, 30, 30]
    assert retry_delay(8, 1, first_s=0.5, longest_s=30) == 15


async def test_a_socket_that_closes_before_it_is_watched(mosquitto: Mosquitto) -> None:
    """Protects the event loop: paho asks for a socket that is gone by then; its number may be another file's."""
    client = BrokerClient("127.0.0.1", mosquitto.port, None, identifier="test")
    loop = asyncio.get_running_loop()
    complaints: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    near, far = socket.socketpair()
    client._on_socket_register_write(client._client, None, near)
    near.close()
    with socket.socket() as other:  # takes the number of the one that was closed
        await asyncio.sleep(0)
        assert not loop.remove_writer(other.fileno())
    far.close()
    assert complaints == []
