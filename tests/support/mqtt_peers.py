"""Real peers for tests of MQTT: a mosquitto process, a cable that can be cut, a subscriber that remembers."""

import asyncio
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Sequence
from itertools import cycle
from pathlib import Path
from types import TracebackType
from typing import Self

import aiomqtt
import pytest
from aiomqtt import Message, ProtocolVersion

from patience import PATIENCE_S
from ports import free_port

_MARK = "nsp/mark-of-a-listener/"


async def until(condition: Callable[[], object], deadline_s: float = PATIENCE_S) -> None:
    """Return when the condition holds; fail when it does not within the deadline."""
    try:
        async with asyncio.timeout(deadline_s):
            while not condition():  # noqa: ASYNC110 - what is awaited may happen in another process
                await asyncio.sleep(0.005)
    except TimeoutError:
        pytest.fail(f"did not come true within {deadline_s:g} s")


class Mosquitto:
    """One mosquitto process on a port of its own; the port stays when it is killed and started again."""

    def __init__(self, folder: Path, lines: tuple[str, ...]) -> None:
        self.port = free_port()
        self._folder = folder
        self._log = folder / "mosquitto.log"
        self._config = folder / "mosquitto.conf"
        # user root: started by root it would drop to a user who cannot read this folder.
        own = (f"listener {self.port} 127.0.0.1", "user root", "persistence false")
        self._config.write_text("\n".join((*own, *lines, "")))
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> Self:
        """Return when it listens; fail with its own words when it does not."""
        process = self._spawn()
        await until(lambda: self._listens() or process.poll() is not None)
        if process.poll() is not None:
            pytest.fail(f"mosquitto did not start:\n{self._log.read_text()}")
        return self

    def _spawn(self) -> subprocess.Popen[bytes]:
        program = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
        if program is None:
            pytest.fail("mosquitto is not installed; run: apt-get install --no-install-recommends mosquitto")
        with self._log.open("wb") as log:
            self._process = subprocess.Popen([program, "-c", str(self._config)], stdout=log, stderr=log)
        return self._process

    def signal(self, number: int) -> None:
        """Send a signal to the process: SIGSTOP makes a broker that accepts and never answers."""
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class Wire:
    """The cable between a client and a broker: the client's end is ``port``.

    ``pieces``: what comes from the broker arrives in pieces of so many bytes in turn; empty = as it was sent.
    """

    def __init__(self, broker_port: int, pieces: Sequence[int] = ()) -> None:
        self.port = free_port()
        self._pieces = pieces
        self._broker_port = broker_port
        self._server: asyncio.Server | None = None
        self._ends: list[asyncio.StreamWriter] = []

    async def join(self) -> None:
        """Plug it in."""
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)

    async def cut(self) -> None:
        """Both ends see the connection break."""
        if self._server is not None:
            self._server.close()
            for end in self._ends:
                end.transport.abort()
            await self._server.wait_closed()
            self._ends.clear()

    async def _carry(self, near_in: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        self._ends.append(near_out)
        try:
            far_in, far_out = await asyncio.open_connection("127.0.0.1", self._broker_port)
        except ConnectionRefusedError:
            near_out.close()
            return
        self._ends.append(far_out)
        await asyncio.gather(self._copy(near_in, far_out), self._copy(far_in, near_out, self._pieces))

    async def _copy(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, pieces: Sequence[int] = ()
    ) -> None:
        sink.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sizes = cycle(pieces or (65536,))
        try:
            while data := await source.read(next(sizes)):
                sink.write(data)
                await sink.drain()
                if pieces:
                    await asyncio.sleep(0)  # the other end's turn: it finds this piece alone
        except ConnectionError:
            pass  # the end of it, as it ends a real cable
        finally:
            sink.close()


class Listener:
    """A subscriber to everything, which remembers all it hears; an async context manager.

    QoS 0: the broker hands over at once and keeps no queue that dies with it.
    """

    def __init__(
        self,
        port: int,
        protocol: ProtocolVersion = ProtocolVersion.V5,
        on_message: Callable[[], None] | None = None,
    ) -> None:
        self.heard: list[Message] = []
        self._marks: set[str] = set()
        self._on_message = on_message
        self._client = aiomqtt.Client("127.0.0.1", port, protocol=protocol, timeout=PATIENCE_S)
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        await self._client.subscribe("nsp/#", qos=0)
        self._task = asyncio.create_task(self._listen())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._client.__aexit__(None, None, None)

    @property
    def ended(self) -> bool:
        """Whether the broker is gone, and all it sent has been heard."""
        return self._task is not None and self._task.done()

    def payloads(self, topic_end: str) -> list[bytes]:
        """Return what came on topics with this end, in order."""
        return [bytes(m.payload) for m in self.heard if str(m.topic).endswith(topic_end)]

    async def caught_up(self) -> None:
        """Return once it has heard all that the broker had for it until now, what is retained too."""
        mark = f"{_MARK}{id(self)}-{len(self._marks)}"
        await self._client.publish(mark)
        await until(lambda: mark in self._marks)

    async def _listen(self) -> None:
        try:
            async for message in self._client.messages:
                if str(message.topic).startswith(_MARK):
                    self._marks.add(str(message.topic))
                    continue
                self.heard.append(message)
                if self._on_message is not None:
                    self._on_message()
        except aiomqtt.MqttError:
            pass  # the broker was killed: the test knows
