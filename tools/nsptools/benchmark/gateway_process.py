"""One real gateway in a process of its own, fed at its port and measured from inside: figures on stdout as JSON.

    python -m nsptools.benchmark.gateway_process PORT FOLDER WORK SIZE SPEED

WORK is what it goes through; see the functions. Its radio is the simulated port, all else is as in the field:
keys, journal with synchronous=FULL in FOLDER, an MQTT 5 link to the broker at 127.0.0.1:PORT.
"""

from __future__ import annotations

import asyncio
import json
import logging
import statistics
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from nspgateway.__main__ import Gateway, log_to_stderr, settle_memory
from nspgateway.clock import Clock
from nspgateway.config import BrokerConfig, GatewayConfig, PointConfig, RadioConfig
from nspgateway.keys import KeyRegister
from nspgateway.messages import OutboxMessage
from nspgateway.ports import Reception
from nspgateway.ports.simulated import NAME, SimulatedPort
from nsplink import frame, message, seal

KITS = 40
FRAMES_PER_S = 50  # of the run for latencies
OUTAGE_FRAMES_PER_S = 20
_CP = 1
_BROKER = "own"
_INTERVAL_S = 300.0
_FULL_EVERY = 12
_VITAL = {
    "fuel_permille": 900,
    "generator_state": "running",
    "generator_mode": "auto",
    "power_source": "generator",
    "battery_permille": 800,
    "load_w": 8000,
    "alarms": 0,
    "q_generator": "good",
    "q_battery": "good",
    "q_meter": "good",
    "q_tank": "good",
}
_FULL = _VITAL | {
    "generator_w": 8000,
    "generator_v": 2300,
    "generator_dhz": 500,
    "engine_dh": 12345,
    "starter_dv": 138,
    "battery_cv": 5210,
    "battery_da": 120,
    "battery_c": 24,
}


class Kits:
    """Sealed heartbeats of 40 kits in turn, each with a value or two that changed."""

    def __init__(self, register: KeyRegister) -> None:
        self._keys = [
            (key.address, key.generation, seal.UplinkKey(key.key))
            for key in register.keys
            if key.address & 63
        ]
        self._count = 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        turn, number = divmod(self._count, KITS)
        self._count += 1
        address, generation, key = self._keys[number]
        kind = "full" if turn % _FULL_EVERY == _FULL_EVERY - 1 else "vital"
        values = (_FULL if kind == "full" else _VITAL) | {
            "load_w": 8000 + 100 * ((turn + number) % 7),
            "fuel_permille": 900 - turn % 500,
        }
        header = frame.Header(frame.UP, kind, address, generation & 1, False, turn < 3, turn)
        return key.seal(header, message.encode(kind, values))


class Rig:
    """The gateway at work. ``on_delivered`` is called with the seconds from port to PUBACK of each frame's messages."""

    def __init__(self, broker_port: int, folder: Path, speed: float) -> None:
        config = GatewayConfig(
            region="bench",
            cp="bench",
            cp_number=_CP,
            data=folder,
            points=folder / "points.toml",
            keys=folder / "keys.db",
            radio=RadioConfig(port=NAME),
            broker=(BrokerConfig(name=_BROKER, host="127.0.0.1", port=broker_port),),
        )
        register = KeyRegister.create(config.keys, None)
        register.issue([_CP << 6 | number for number in range(1, KITS + 1)], datetime.now(UTC))
        self.gateway = Gateway(config, _points(), register, Clock(speed), demo=True)
        self.kits = Kits(register)
        self.speed = speed
        self.on_delivered: Callable[[float], None] = lambda _seconds: None
        self.delivered = 0
        self._heard_s: deque[float] = deque()
        # By message: when its frame came, and all messages of that frame. By topic: what the next one replaces.
        self._waiting: dict[int, tuple[float, set[int]]] = {}
        self._passing: dict[str, int] = {}
        outbox = self.gateway.ingest.outboxes[_BROKER]
        self._added, self._forgotten = outbox.added, outbox.delivered
        # Looked at from outside, so that the gateway itself has nothing to do for it.
        setattr(outbox, "added", self._note_added)  # noqa: B010 - a method of one object, on purpose
        setattr(outbox, "delivered", self._note_delivered)  # noqa: B010 - as above

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self.gateway.run())
        await self.until(
            lambda: self.gateway.publishers[0].state == "online" and self.gateway.port.state == "up"
        )
        return self

    async def __aexit__(self, *_reason: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def until(self, condition: Callable[[], bool], within_s: float = 60.0) -> None:
        """Wait for it, without taking much of the processor. Raises TimeoutError."""
        async with asyncio.timeout(within_s):
            while not condition():
                if self._task.done():
                    self._task.result()
                await asyncio.sleep(0.005)

    def hear(self, data: bytes) -> None:
        """Let a frame come off the air."""
        port = self.gateway.port
        if not isinstance(port, SimulatedPort):
            raise TypeError("the settings ask for the simulated port")
        self._heard_s.append(time.perf_counter())
        port.hear(Reception(data, -90, 7.0))

    async def drained(self) -> None:
        """Wait until the broker has all."""
        await self.until(lambda: not self._waiting and not self._heard_s)

    def _note_added(self, messages: Sequence[tuple[int, OutboxMessage]]) -> None:
        frame_of: tuple[float, set[int]] | None = None
        for number, one in messages:
            if one.topic.endswith("/telemetry"):
                frame_of = (self._heard_s.popleft(), set())
            if one.passing:
                # The newer one says it all: the older is not sent any more.
                self._settle(self._passing.get(one.topic))
                self._passing[one.topic] = number
            if frame_of is not None:
                frame_of[1].add(number)
                self._waiting[number] = frame_of
        self._added(messages)

    def _note_delivered(self, ids: Sequence[int]) -> None:
        for number in ids:
            self._settle(number)
        self._forgotten(ids)

    def _settle(self, number: int | None) -> None:
        found = None if number is None else self._waiting.pop(number, None)
        if found is not None and number is not None:
            found[1].discard(number)
            if not found[1]:
                self.delivered += 1
                self.on_delivered(time.perf_counter() - found[0])


async def load(rig: Rig, size: int) -> dict[str, float]:
    """``size`` frames, one of each kit on its way at any time: messages a second that the broker has."""
    frames = [next(rig.kits) for _ in range(size)]
    waiting = iter(frames)
    published = rig.gateway.publishers[0].published

    def more(_seconds: float) -> None:
        data = next(waiting, None)
        if data is not None:
            rig.hear(data)

    rig.on_delivered = more
    cpu_s, began_s = time.process_time(), time.perf_counter()
    for _ in range(KITS):
        more(0)
    await rig.until(lambda: rig.delivered == size)
    took_s, cpu_s = time.perf_counter() - began_s, time.process_time() - cpu_s
    return {
        "messages_per_s": (rig.gateway.publishers[0].published - published) / took_s,
        "frames_per_s": size / took_s,
        "cpu_us_per_frame": 1e6 * cpu_s / size,
    }


async def latency(rig: Rig, size: int) -> dict[str, float]:
    """``size`` frames at 50 a second, evenly: milliseconds from port to the PUBACK of all they make."""
    found: list[float] = []
    rig.on_delivered = found.append
    await _paced(rig, size, FRAMES_PER_S)
    await rig.drained()
    cuts = statistics.quantiles(found, n=100)
    return {"p50_ms": 1000 * statistics.median(found), "p99_ms": 1000 * cuts[98]}


async def hour(rig: Rig, size: int) -> dict[str, float]:
    """Play ``size`` minutes of 40 kits at the clock's speed; what the process then holds."""
    rounds = round(60 * size / _INTERVAL_S)
    await _paced(rig, rounds * KITS, KITS * rig.speed / _INTERVAL_S)
    await rig.drained()
    return {"rss_mb": _rss_mb()}


async def idle(rig: Rig, size: int) -> dict[str, float]:
    """Hear each kit once, then nothing for ``size`` seconds: percent of one processor."""
    for _ in range(KITS):
        rig.hear(next(rig.kits))
    await rig.drained()
    await asyncio.sleep(2)
    cpu_s, began_s = time.process_time(), time.perf_counter()
    await asyncio.sleep(size)
    return {"percent": 100 * (time.process_time() - cpu_s) / (time.perf_counter() - began_s)}


async def outage(rig: Rig, size: int) -> dict[str, float]:
    """``size`` frames at 20 a second, whatever becomes of the broker meanwhile, until it has them all."""
    await _paced(rig, size, OUTAGE_FRAMES_PER_S)
    await rig.drained()
    return {"delivered": rig.delivered}


async def _paced(rig: Rig, count: int, per_s: float) -> None:
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    for number in range(count):
        await asyncio.sleep(max(0.0, began_s + number / per_s - loop.time()))
        rig.hear(next(rig.kits))


def _points() -> list[PointConfig]:
    return [
        PointConfig(
            slug=f"point-{number}",
            name=f"Buurthuis {number}",
            number=number,
            municipality="Lindendam",
            region="bench",
            cp="bench",
            latitude=52.1,
            longitude=5.9,
            kit_address=_CP << 6 | number,
            tank_litres=60.0,
            rated_w=10_000,
            battery_wh=10_000,
            devices=("generator", "battery", "meter"),
            deployment="open",
            interval_s=_INTERVAL_S,
        )
        for number in range(1, KITS + 1)
    ]


def _rss_mb() -> float:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise OSError("no VmRSS in /proc/self/status")


WORK: dict[str, Callable[[Rig, int], Awaitable[dict[str, float]]]] = {
    one.__name__: one for one in (load, latency, hour, idle, outage)
}


async def _run(broker_port: int, folder: Path, work: str, size: int, speed: float) -> dict[str, float]:
    async with Rig(broker_port, folder, speed) as rig:
        return await WORK[work](rig, size)


if __name__ == "__main__":
    log_to_stderr(logging.ERROR)
    settle_memory()
    _port, _folder, _work, _size, _speed = sys.argv[1:]
    _figures = asyncio.run(_run(int(_port), Path(_folder), _work, int(_size), float(_speed)))
    sys.stdout.write(json.dumps(_figures) + "\n")
