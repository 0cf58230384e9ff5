"""Wires the gateway together and runs it: port -> ingest -> journal -> state -> alarms -> outbox -> MQTT, page.

What is in the journal is answered: ingest -> transmitter -> port.

With ``ingest`` the only file that knows all the others. ``nsp gateway run``
starts it in the field; the demo starts the same with a faster clock.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from importlib import metadata
from pathlib import Path

import structlog

from nspgateway import box_status, sd_notify
from nspgateway.access.account_desk import AccountDesk
from nspgateway.access.door_others import Door
from nspgateway.access.second_factor import KEY_FILE, Vault
from nspgateway.alerting import Alerting
from nspgateway.bulletin_sender import MEMORY
from nspgateway.clock import Clock
from nspgateway.commands import Commands
from nspgateway.config import GatewayConfig, PointConfig, load_gateway, load_points
from nspgateway.desk import Desk
from nspgateway.errors import ConfigError, GatewayError
from nspgateway.folder import FolderLock, make_private
from nspgateway.ingest import Ingest
from nspgateway.intake import Intake
from nspgateway.keys import KeyRegister, read_passphrase
from nspgateway.mqtt import Publisher
from nspgateway.mqtt_commands import CommandLink
from nspgateway.mqtt_commands import check as check_clients
from nspgateway.outbox_keeper import OutboxKeeper
from nspgateway.own import OwnBox, waiting
from nspgateway.ports.chosen import port_of
from nspgateway.refuel_csv import to_csv
from nspgateway.retention import Keeper, make_room_to_start
from nspgateway.sd_notify import ServiceManager
from nspgateway.secure import require_secure, warn_of_ends
from nspgateway.status_socket import REFUEL, StatusSocket
from nspgateway.stopping import LOOP_S, Deadline
from nspgateway.store import Store
from nspgateway.transmitter import Transmitter
from nspgateway.web import PageServer, create_app, serving
from nspgateway.web.door_gate import DoorGate
from nspgateway.web.office import Works
from nspgateway.web.serving import Served

TICK_S = 1.0

_log = structlog.get_logger(__name__)


class Gateway:
    """One coordinating point's gateway. Raises StoreError or ConfigError when it cannot start.

    ``page``: where the page is served, None = nowhere; ``banner``:
    what the page says it is (a demo), or None; ``demo``: what MQTT says it is.
    """

    def __init__(
        self,
        config: GatewayConfig,
        points: Sequence[PointConfig],
        keys: KeyRegister,
        clock: Clock,
        *,
        page: Served | None = None,
        banner: str | None = None,
        demo: bool = False,
    ) -> None:
        with contextlib.ExitStack() as stack:
            lock = FolderLock(config.data)
            stack.callback(lock.close)
            make_room_to_start(config.data)
            self.store = Store(config.database, [broker.name for broker in config.broker])
            stack.callback(self.store.close)
            self.own = OwnBox(config, clock, self.store, demo=demo)
            stack.callback(self.own.close)
            self._wire(config, points, keys, clock, page, banner, demo=demo)
            stack.callback(self.alerting.close)
            # Only once all is well: what was opened is closed when the start fails half-way.
            self._opened = stack.pop_all()

    def _wire(
        self,
        config: GatewayConfig,
        points: Sequence[PointConfig],
        keys: KeyRegister,
        clock: Clock,
        page: Served | None,
        banner: str | None,
        *,
        demo: bool,
    ) -> None:
        self.transmitter = Transmitter(config, points, keys, self.store, clock)
        self.ingest = Ingest(config, points, keys, self.store, clock, demo=demo, transmitter=self.transmitter)
        self.own.attach(self.ingest, self.transmitter)
        self.intake = Intake(self.ingest.receive_all)
        self.desk = Desk(self.ingest.situation, self.ingest.recorder, clock, self.ingest.show)
        self.desk.use_radio(self.transmitter, self.store.memory(MEMORY), self.store.holders)
        self.desk.kit_keys = self.ingest.kit_keys
        self._commands = Commands(
            config,
            self.desk,
            self.ingest.recorder,
            self.store,
            clock,
            counters=self.ingest.more_counters,
            demo=demo,
        )
        self.port = port_of(config, self.intake.put, clock, demo=demo)
        self.publishers = [
            Publisher(
                broker,
                self.ingest.outboxes[broker.name],
                clock,
                region=config.region,
                cp=config.cp,
                health=partial(self.ingest.health, broker.name),
                demo=demo,
                commands=CommandLink(self._commands, broker, config.region, config.cp)
                if broker.client
                else None,
                on_drained=self.intake.nudge,
            )
            for broker in config.broker
        ]
        self.keeper = Keeper(
            config.retention, config.data, self.store, clock, self._away, is_dated=lambda: self.own.is_dated
        )
        self.ingest.recorder.spare = self.keeper
        self.own.add(lambda facts, _now: self.keeper.own(facts))
        self.transmitter.counters.on_full = self.keeper.make_room
        self.ingest.attach(self.port, self.publishers)
        self.alerting = Alerting(config, self.ingest, self.store, self.transmitter, clock)
        self.own.on_step.append(self.alerting.step)
        self.desk.alert_test = self.alerting.test
        self._keeper = OutboxKeeper(self.store, config.broker, clock, self.ingest.more_counters)
        self._sockets = (
            ()
            if demo
            else (
                StatusSocket(config.data, self.status),
                StatusSocket(config.data, lambda: to_csv(self.ingest.refuel_list()), REFUEL),
            )
        )
        self._clock = clock
        self._page = page
        self.door: Door | None = None
        accounts: AccountDesk | None = None
        if page is not None:
            if not demo:
                page.require_guarded()
            if not page.is_open:
                self.door, accounts = self._login(config, points, Clock() if demo else clock)
            app = create_app(
                self.ingest,
                banner=banner,
                default_language=config.page.language if config.page else "nl",
                hosts=page.hosts,
                gate=DoorGate(self.door) if self.door is not None else None,
                works=Works(self.ingest, self.desk, self.store, config, clock, self._around, accounts),
            )
            self._server = PageServer(app, page.tls)

    def _login(
        self, config: GatewayConfig, points: Sequence[PointConfig], clock: Clock
    ) -> tuple[Door, AccountDesk]:
        """Return who lets people in, and who keeps their accounts. ``clock``: at the pace of the wall."""
        door = Door(
            self.store,
            self.ingest.recorder.commit,
            clock,
            Vault(config.data / KEY_FILE),
            config.data,
            second_factor=config.page.second_factor if config.page else (),
            place=config.cp_name or config.cp,
            is_dated=lambda: self.own.is_dated,
        )
        self.own.on_step.append(door.step)
        self.own.add(lambda facts, _now: replace(facts, emergency_used_at=door.sealed_used_at))
        towns = {point.municipality for point in points}
        return door, AccountDesk(self.store, self.ingest.recorder.commit, clock, towns)

    async def run(self, manager: ServiceManager | None = None) -> None:
        """Run until cancelled; everything that was committed is on disk when it returns.

        ``manager``: told that we are ready, and alive as long as time passes for the alarms.
        """
        try:
            async with asyncio.TaskGroup() as group:
                # Before the first tick, which says that we are ready: whoever asks then gets an answer.
                for one in self._sockets:
                    group.create_task(one.run(), name="status")
                group.create_task(self.intake.run(), name="intake")
                group.create_task(self.port.run(), name="port")
                group.create_task(self.alerting.run(), name="alerting")
                group.create_task(self._tick(manager or ServiceManager("")), name="tick")
                group.create_task(self.keeper.run(), name="keeper")
                group.create_task(self.transmitter.run(self.port), name="transmitter")
                group.create_task(self._keeper.run(), name="outbox keeper")
                for number, publisher in enumerate(self.publishers):
                    group.create_task(publisher.run(), name=f"publisher {number}")
                if self.own.ups is not None:
                    group.create_task(self.own.ups.run(), name="ups")
                if self._page is not None:
                    group.create_task(self._serve(self._page.socket), name="page")
        finally:
            for outbox in self.ingest.outboxes.values():
                outbox.flush()
            self.close()

    def _away(self) -> list[str]:
        """Return the brokers that cannot be reached now."""
        return [publisher.name for publisher in self.publishers if publisher.state != "online"]

    def close(self) -> None:
        """Close the journal and let the data folder go. Safe to call twice."""
        self._opened.close()

    def status(self) -> bytes:
        """Return how the gateway is, as JSON: what ``nsp gateway status`` shows."""
        return box_status.document(self.ingest.overview(), self._around())

    def _around(self) -> box_status.Around:
        """Return how the box is, as far as the overview does not tell."""
        own = self.own
        ups = own.ups
        brokers = [
            box_status.BrokerStatus(name, link.state, link.reason, waiting(self.store, name))
            for name, link in zip(self.ingest.outboxes, self.publishers, strict=True)
        ]
        return box_status.Around(
            version=metadata.version("nspkit"),
            pid=os.getpid(),
            brokers=brokers,
            own=self.ingest.situation.own(self._clock.now()),
            storage=self.keeper.storage(),
            clock_source=own.watch.source if own.watch is not None else "",
            ups_reason=ups.reason if ups is not None else "",
            ups_charge=ups.newest.charge if ups is not None and ups.newest is not None else None,
        )

    async def _tick(self, manager: ServiceManager) -> None:
        news: tuple[str, ...] = (sd_notify.READY, sd_notify.ALIVE)
        while True:
            self.own.tick()
            if self.door is not None:
                self.door.tick()
            self.ingest.tick()
            self.alerting.tick()
            manager.tell(*news)
            news = (sd_notify.ALIVE,)
            await self._clock.sleep(TICK_S)

    async def _serve(self, page: socket.socket) -> None:
        serving = asyncio.ensure_future(self._server.serve(sockets=[page]))
        try:
            await asyncio.shield(serving)
        except asyncio.CancelledError:
            self._server.should_exit = True
            await serving
            raise


def load(
    config_file: Path, *, demo: bool = False
) -> tuple[GatewayConfig, tuple[PointConfig, ...], KeyRegister]:
    """Read everything the gateway starts from. Raises ConfigError or KeyRegisterError.

    Only a demo may use a key register that is not encrypted, an open broker or a weak secret.
    """
    config = load_gateway(config_file)
    if not demo:
        require_secure(config_file, config)
    check_clients(config_file, config, demo=demo)
    points = load_points(config.points, config)
    passphrase = read_passphrase(config.passphrase_file) if config.passphrase_file else None
    keys = KeyRegister.load(config.keys, passphrase, demo=demo)
    try:
        make_private(config.data)
    except OSError as error:
        raise ConfigError(
            config_file, "data", f"{config.data} cannot be made ({error.strerror})", "Name a folder that can."
        ) from error
    return config, points, keys


async def run(config_file: Path) -> None:
    """Run the gateway of ``config_file`` until SIGTERM or SIGINT, and be gone within 2 seconds then.

    Its page is served over TLS and behind a login, or not at all.
    """
    manager, deadline = ServiceManager(), Deadline()
    config, points, keys = load(config_file)
    clock = Clock()
    warn_of_ends(config, clock.now())
    page = serving.guarded(config_file, config.page)
    gateway = Gateway(config, points, keys, clock, page=page)
    serving.tell(page, gateway.door, config.data)
    task = asyncio.ensure_future(gateway.run(manager))
    told = asyncio.Event()

    def stop() -> None:
        deadline.start()
        manager.tell(sd_notify.STOPPING)
        told.set()
        task.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    waiting_for = asyncio.ensure_future(told.wait())
    await asyncio.wait({task, waiting_for}, return_when=asyncio.FIRST_COMPLETED)
    waiting_for.cancel()
    deadline.start()
    await asyncio.wait({task}, timeout=LOOP_S)
    if not task.done():
        _log.warning("not waited for", tasks=sorted(one.get_name() for one in asyncio.all_tasks() - {task}))
        gateway.close()
    elif not task.cancelled():
        task.result()
    deadline.code = 0


def settle_memory() -> None:
    """Let the garbage collector leave what was loaded alone, and look less often: a tenth of all work is its own."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def log_to_stderr(level: int = logging.INFO) -> None:
    """Write what happens, from ``level`` up, to stderr: a service manager keeps it from there."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )
    # The libraries' own words only when something is wrong.
    logging.basicConfig(level=max(level, logging.WARNING), stream=sys.stderr)


def main(argv: Sequence[str]) -> int:
    """``python -m nspgateway gateway.toml``; the exit code."""
    if len(argv) != 1:
        print("usage: python -m nspgateway GATEWAY.TOML", file=sys.stderr)  # noqa: T201 - a command's voice
        return 2
    log_to_stderr()
    settle_memory()
    try:
        asyncio.run(run(Path(argv[0])))
    except GatewayError as error:
        print(f"nspgateway: {error}", file=sys.stderr)  # noqa: T201 - a command's voice
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
