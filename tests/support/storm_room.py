"""A gateway process between a modem on a pseudo-terminal and a real broker, and every hand that can harm it.

What stands in for hardware is the modem and the air; kits speak with real keys. Everything else is what runs in
the field: ``python -m nspgateway``, its files on a disk, Mosquitto.
"""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import subprocess
import sys
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, Self

from mqtt_peers import Listener, Mosquitto, Wire, until
from nspgateway.config import BrokerConfig, PointConfig
from nspgateway.keys import KeyRegister
from nsplink import regions
from nsptools.bench.air import Air
from nsptools.bench.modem import Rui3Modem
from nsptools.provision import CpSpec, SiteSpec, provision
from patience import PATIENCE_S
from storm_kits import Kit, Witness

KITS = 6
GAP_S = 0.05  # between frames of all kits together
NEWS = 0.15  # of the frames of a kit with nothing on its mind bring an alarm or its end
ENOUGH = 3 * KITS  # acknowledged frames, for a storm to prove something
HEARD_PERCENT = 80  # of the downlinks, by the kit they are for
_AGAIN_S = 5.0  # until a heartbeat that the journal lacks is followed by another
_NEWEST = "SELECT kit, max(counter) FROM frame GROUP BY kit"


@dataclass
class Tally:
    """What was done to it."""

    sent: int = 0
    arrived: int = 0  # at a modem that listened
    kills: int = 0
    broker_kills: int = 0
    replugs: int = 0
    heard: list[tuple[str, bytes]] = field(default_factory=list)  # by the subscriber: topic, payload


class Storm:
    """The room; an async context manager, up and under load once entered. ``data``: where the gateway's disk is."""

    def __init__(self, folder: Path, broker: Mosquitto, wire: Wire, seed: int, **retention: int) -> None:
        self.tally = Tally()
        self.kept: dict[str, bytes] = {}  # by the broker, at the end
        self.said_last: dict[str, bytes] = {}  # by topic, since the broker was started last
        self.chance = Random(seed)
        self.gap_s = GAP_S
        self.folder = folder
        self.broker = broker
        self.wire = wire
        self._retention = retention
        self._stack = AsyncExitStack()
        self._process: subprocess.Popen[bytes] | None = None
        self._listener: Listener | None = None
        self._load: asyncio.Task[None] | None = None
        self._log = folder / "gateway.log"

    async def __aenter__(self) -> Self:
        air = Air()
        self.modem = Rui3Modem(air, "gateway", boot_s=0.02)
        await self.modem.start()
        self._stack.push_async_callback(self.modem.stop)
        self._provision()
        self.modem.radio.on_sent = self._on_air
        await self._listen()
        self._log.touch()
        self.start()
        self._load = asyncio.create_task(self._send())
        await self.up()
        await until(lambda: all(kit.acked for kit in self.kits))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._load is not None:
            self._load.cancel()
            await asyncio.gather(self._load, return_exceptions=True)
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        if self._listener is not None:
            await self._listener.__aexit__(None, None, None)
        await self._stack.aclose()

    def _provision(self) -> None:
        passphrase = self.folder / "passphrase"
        passphrase.write_text("een lange wachtzin\n")
        passphrase.chmod(0o600)
        sites = [SiteSpec(_point(number), number) for number in range(1, KITS + 1)]
        cp = CpSpec(
            slug="kazerne",
            number=1,
            region="regio",
            modem_port=self.modem.path,
            brokers=(BrokerConfig(name="own", host="127.0.0.1", port=self.wire.port),),
        )
        phy = {**regions.PHY, "sf": 7}
        made = provision(
            self.folder,
            sites,
            cp,
            phy=phy,
            demo=False,
            heartbeat_s=300,
            full_s=3600,
            passphrase_file=passphrase,
        )
        self.config = made.config_file
        if self._retention:
            lines = [f"{name} = {value}" for name, value in self._retention.items()]
            text = self.config.read_text() + "\n".join(("", "[retention]", *lines, ""))
            self.config.write_text(text)
        self.data = made.config.data
        register = KeyRegister.load(made.config.keys, "een lange wachtzin")
        keys = list(register.keys)
        self.witness = Witness(keys, made.config.gateway_id)
        self.kits = [
            Kit(key, made.config.gateway_id, Random(self.chance.random())) for key in keys if key.address & 63
        ]

    # What it does

    @property
    def acked(self) -> int:
        """How many frames the gateway said, on air, to have."""
        return sum(len(kit.acked) for kit in self.kits)

    def start(self) -> None:
        """Start the gateway's process."""
        with self._log.open("ab") as log:
            command = [sys.executable, "-m", "nspgateway", str(self.config)]
            self._process = subprocess.Popen(command, stderr=log)

    async def up(self, *kinds: str, more: int = 1) -> None:
        """Return once the gateway hears: so many more frames, of these kinds or of any, are in the journal."""
        before = self.frames(*kinds)
        await until(lambda: self._is_alive() and self.frames(*kinds) >= before + more)

    def said(self) -> str:
        """Return all that the gateway wrote to its log."""
        return self._log.read_text()

    def frames(self, *kinds: str) -> int:
        """Return how many frames the journal holds, of these kinds or of any; 0 before there is one."""
        counted = self.rows("SELECT kind, count(*) FROM frame GROUP BY kind")
        return sum(count for kind, count in counted if not kinds or kind in kinds)

    def rows(self, sql: str) -> list[Any]:
        """Look into the gateway's database from outside, changing nothing."""
        path = self.data / "nsp.db"
        try:
            db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        except sqlite3.OperationalError:
            return []
        try:
            return db.execute(sql).fetchall()
        except sqlite3.OperationalError:
            return []
        finally:
            db.close()

    async def _send(self) -> None:
        """Let all kits speak, in turn, whatever happens to who should hear them."""
        loop = asyncio.get_running_loop()
        while True:
            for kit in self.kits:
                data = kit.next(loop.time())
                self.tally.sent += 1
                radio = self.modem.radio
                if radio.listening_since_s is not None:
                    self.tally.arrived += 1
                    radio.hear(data, -90, 7)
                if not kit.has_news and self.chance.random() < NEWS:
                    kit.turn()
                await asyncio.sleep(self.gap_s)

    def _on_air(self, data: bytes) -> None:
        self.witness.hear(data)
        now_s = asyncio.get_running_loop().time()
        for kit in self.kits:
            if self.chance.randrange(100) < HEARD_PERCENT:
                kit.hear(data, now_s)

    async def _listen(self) -> None:
        self._listener = Listener(self.broker.port)
        await self._listener.__aenter__()

    def _is_alive(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.said()[-2000:]
        return True

    # What harms

    async def kill(self) -> None:
        """Kill -9, at whatever moment this is, and start again."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self.tally.kills += 1
        self.start()

    async def kill_broker(self) -> None:
        """Kill the broker; the subscriber is there again before the gateway is."""
        assert self._listener is not None
        listener = self._listener
        self.broker.kill()
        self.tally.broker_kills += 1
        await until(lambda: listener.ended)
        await self.wire.cut()
        await self._keep(listener)
        await self.broker.start()
        await self._listen()
        await self.wire.join()

    async def replug(self) -> None:
        """Pull the modem out, and put it back a little later."""
        self.modem.unplug()
        self.tally.replugs += 1
        await asyncio.sleep(self.chance.uniform(0.05, 0.4))
        self.modem.replug()

    async def _keep(self, listener: Listener) -> None:
        self.tally.heard += [(str(m.topic), bytes(m.payload)) for m in listener.heard if not m.retain]
        with suppress(Exception):  # its broker was killed under it
            await listener.__aexit__(None, None, None)

    # The end

    async def calm(self, seconds: float = PATIENCE_S) -> None:
        """Let every kit have its say until all is acknowledged, and the broker have all of it."""
        assert self._load is not None
        loop = asyncio.get_running_loop()
        # Beside other work a storm may be over before much was acknowledged: then nothing could have been lost.
        await until(lambda: self.acked > ENOUGH)
        self._load.cancel()
        await asyncio.gather(self._load, return_exceptions=True)
        self._load = asyncio.create_task(self._finish())
        done, _ = await asyncio.wait([self._load], timeout=seconds)
        assert done, (
            f"still waiting: {[kit for kit in self.kits if not kit.is_content]}\n{self.said()[-2000:]}"
        )
        await self._load
        self._load = None
        end, again = loop.time() + seconds, loop.time() + _AGAIN_S
        while not self._is_done(newest := {(kit.address, kit.last) for kit in self.kits}):
            assert loop.time() < end, (newest, self.rows(_NEWEST), self.said()[-2000:])
            if loop.time() >= again:  # the gateway may have been looking after its modem, and deaf
                again = loop.time() + _AGAIN_S
                for kit in self.kits:
                    if (kit.address, kit.last) not in self.rows(_NEWEST):
                        self.modem.radio.hear(kit.heartbeat(loop.time()), -90, 7)
            await asyncio.sleep(0.05)
        assert self._listener is not None
        self.kept = await retained(self.broker)
        await self._listener.caught_up()
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        await until(lambda: self._process is not None and self._process.poll() is not None)
        assert self._process.returncode == 0, self.said()[-2000:]
        self.said_last = {str(m.topic): bytes(m.payload) for m in self._listener.heard}
        await self._keep(self._listener)
        self._listener = None

    def _is_done(self, newest: set[tuple[int, int]]) -> bool:
        """Whether these are in the journal and no message waits for the broker."""
        return set(self.rows(_NEWEST)) == newest and self.rows("SELECT count(*) FROM outbox") == [(0,)]

    async def _finish(self) -> None:
        """Only what waits goes on, and a heartbeat of each kit at the very end."""
        loop = asyncio.get_running_loop()
        while not all(kit.is_content for kit in self.kits):
            for kit in self.kits:
                if not kit.is_content and kit.is_due(loop.time()):
                    self.modem.radio.hear(kit.next(loop.time()), -90, 7)
                await asyncio.sleep(0.03)
        for kit in self.kits:
            await asyncio.sleep(0.05)
            self.modem.radio.hear(kit.heartbeat(loop.time()), -90, 7)


async def retained(broker: Mosquitto) -> dict[str, bytes]:
    """Return what the broker keeps for who comes later, by topic; its own retained messages come at once."""
    async with Listener(broker.port) as late:
        await late.caught_up()
        return {str(m.topic): bytes(m.payload) for m in late.heard if m.payload}


def _point(number: int) -> PointConfig:
    return PointConfig(
        slug=f"punt-{number}",
        name=f"Punt {number}",
        number=number,
        municipality="Lindendam",
        latitude=52.1,
        longitude=5.9,
        tank_litres=40.0,
        rated_w=10_000,
        deployment="open",
        devices=("generator", "battery", "meter"),
    )
