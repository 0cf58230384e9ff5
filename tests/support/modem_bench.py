"""A simulated modem and a program at the other end of its wire, in virtual time."""

import asyncio
from typing import Any

import virtual
from nsptools.bench.air import Air
from nsptools.bench.modem import Rui3Modem
from nsptools.bench.modem_at import Settings
from patience import PATIENCE_S

P2P = Settings(mode=0, frequency_hz=869_475_000, sf=7, sync_word=0x3444)


class Host:
    """A program at the end of the wire, that writes lines and collects what comes back."""

    def __init__(self, wire: Any) -> None:
        self.wire = wire
        self.raw = b""
        self.lines: list[str] = []

    def write(self, line: str) -> None:
        self.wire.write(line.encode() + b"\r\n")

    async def until(self, wanted, seconds: float = PATIENCE_S) -> list[str]:
        """Take lines up to and including the first that is wanted."""
        async with asyncio.timeout(seconds):
            while not any(map(wanted, self.read())):  # noqa: ASYNC110 - a wire has no event
                await asyncio.sleep(0.002)
        end = next(i for i, line in enumerate(self.lines) if wanted(line)) + 1
        taken, self.lines = self.lines[:end], self.lines[end:]
        return taken

    def read(self) -> list[str]:
        """All lines that have come and were not taken."""
        *whole, self.raw = (self.raw + (self.wire.read(4096) or b"")).split(b"\r\n")
        self.lines += [line.decode() for line in whole]
        return self.lines

    async def ask(self, command: str) -> list[str]:
        """Send a command and return the lines of its answer, the status word last."""
        self.write(command)
        return await self.until(lambda line: line == "OK" or line.startswith("AT_"))

    async def event(self, start: str) -> str:
        return (await self.until(lambda line: line.startswith(start)))[-1]


def on_bench(story) -> None:
    """Run ``story(bench)`` in virtual time; ``bench(name, window=None, **options)`` makes a modem and its host."""

    async def go() -> None:
        air = Air()

        async def make(name: str, settings: Settings = P2P, *, window: int | None = None, **options):
            modem = Rui3Modem(air, name, settings=settings, boot_s=0.01, in_memory=True, **options)
            await modem.start()
            host = Host(modem.host)
            await host.event("Current Work Mode")
            if window is not None:
                assert await host.ask("AT+PRECV=0") == ["OK"]
                if window:
                    assert await host.ask(f"AT+PRECV={window}") == ["OK"]
            return modem, host

        await story(make)

    virtual.run(go())
