"""Wires the gateway together and runs it: port -> ingest -> journal -> state -> alarms -> outbox -> MQTT, page.

What is in the journal is answered: ingest -> transmitter -> port.

With ``ingest`` the only file that knows all the others. ``nsp gateway run``
starts it in the field; the demo starts the same with a faster clock.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import structlog

from nspgateway.clock import Clock
from nspgateway.config import GatewayConfig, PointConfig, load_gateway, load_points
from nspgateway.desk import Desk
from nspgateway.errors import ConfigError, GatewayError
from nspgateway.facts import OwnFacts
from nspgateway.folder import FolderLock, make_private
from nspgateway.ingest import Ingest
from nspgateway.keys import KeyRegister, read_passphrase
from nspgateway.mqtt import Publisher
from nspgateway.ports.hub_power import HubPort
from nspgateway.ports.serial_modem import SerialModem
from nspgateway.retention import Keeper, make_room_to_start
from nspgateway.store import Store
from nspgateway.transmitter import Transmitter
from nspgateway.web import PageServer, create_app

TICK_S = 1.0


class Gateway:
    """One coordinating point's gateway. Raises StoreError or ConfigError when it cannot start.

    ``page``: a bound socket to serve the page on, or None for none; ``banner``:
    what the page says it is (a demo), or None; ``demo``: what MQTT says it is.
    """

    def __init__(
        self,
        config: GatewayConfig,
        points: Sequence[PointConfig],
        keys: KeyRegister,
        clock: Clock,
        *,
        page: socket.socket | None = None,
        banner: str | None = None,
        demo: bool = False,
    ) -> None:
        with contextlib.ExitStack() as stack:
            lock = FolderLock(config.data)
            stack.callback(lock.close)
            make_room_to_start(config.data)
            self.store = Store(config.database, [broker.name for broker in config.broker])
            stack.callback(self.store.close)
            self._wire(config, points, keys, clock, page, banner, demo=demo)
            # Only once all is well: what was opened is closed when the start fails half-way.
            self._opened = stack.pop_all()

    def _wire(
        self,
        config: GatewayConfig,
        points: Sequence[PointConfig],
        keys: KeyRegister,
        clock: Clock,
        page: socket.socket | None,
        banner: str | None,
        *,
        demo: bool,
    ) -> None:
        self.transmitter = Transmitter(config, points, keys, self.store, clock)
        self.ingest = Ingest(config, points, keys, self.store, clock, demo=demo, transmitter=self.transmitter)
        self.desk = Desk(self.ingest.situation, self.ingest.recorder, clock, self.ingest.show)
        hub_port = config.radio.hub_port
        self.port = SerialModem(
            config.radio.port,
            config.radio.phy(),
            self.ingest.receive,
            clock,
            power_switch=HubPort(hub_port) if hub_port else None,
        )
        self.publishers = [
            Publisher(
                broker,
                self.ingest.outboxes[broker.name],
                clock,
                region=config.region,
                cp=config.cp,
                health=self.ingest.health,
                demo=demo,
            )
            for broker in config.broker
        ]
        self.keeper = Keeper(config.retention, config.data, self.store, clock, self._away)
        self.ingest.recorder.spare = self.keeper
        self.ingest.situation.own = lambda _now: self.keeper.own(OwnFacts())
        self.transmitter.counters.on_full = self.keeper.make_room
        self.ingest.attach(self.port, self.publishers)
        self._clock = clock
        self._page = page
        self._server = PageServer(
            create_app(
                self.ingest,
                banner=banner,
                default_language=config.web.language,
                hosts=[config.web.host],
            )
        )

    async def run(self) -> None:
        """Run until cancelled; everything that was committed is on disk when it returns."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.port.run(), name="port")
                group.create_task(self._tick(), name="tick")
                group.create_task(self.keeper.run(), name="keeper")
                group.create_task(self.transmitter.run(self.port), name="transmitter")
                for number, publisher in enumerate(self.publishers):
                    group.create_task(publisher.run(), name=f"publisher {number}")
                if self._page is not None:
                    group.create_task(self._serve(self._page), name="page")
        finally:
            self._opened.close()

    def _away(self) -> list[str]:
        """Return the brokers that cannot be reached now."""
        return [publisher.name for publisher in self.publishers if publisher.state != "online"]

    async def _tick(self) -> None:
        while True:
            self.ingest.tick()
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

    Only a demo may use a key register that is not encrypted.
    """
    config = load_gateway(config_file)
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
    """Run the gateway of ``config_file`` until SIGTERM or SIGINT.

    It serves no page: a page without a login would be open to the whole room.
    """
    gateway = Gateway(*load(config_file), Clock())
    task = asyncio.ensure_future(gateway.run())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


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
    try:
        asyncio.run(run(Path(argv[0])))
    except GatewayError as error:
        print(f"nspgateway: {error}", file=sys.stderr)  # noqa: T201 - a command's voice
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
