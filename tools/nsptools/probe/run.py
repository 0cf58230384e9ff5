"""From options to findings: open, listen, ask, read, and say what it means."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nspkit import models, poll, settings
from nsptools.probe import readout, scan, show, signs
from nsptools.probe.errors import UsageError
from nsptools.probe.port import Line, Port
from nsptools.probe.readout import Reading, Readout
from nsptools.probe.wire import Wire

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Options:
    """What to ask, where. ``lines`` and ``units`` None: the likely ones; ``expected``: devices that must be there."""

    port: str
    lines: tuple[Line, ...] | None = None
    units: tuple[int, ...] | None = None
    expected: tuple[poll.Device, ...] = ()
    kit_address: int | None = None
    listen_ms: int = scan.LISTEN_MS


@dataclass
class Findings:
    """What was found. ``devices`` and ``readouts`` go together, one for each; ``strangers`` answer but cannot be read."""

    devices: list[poll.Device]
    readouts: list[Readout]
    strangers: list[scan.Found]
    verdicts: list[str]

    @property
    def complete(self) -> bool:
        """Something is there, and nothing that should be is dead."""
        return bool(self.readouts) and all(one.answers for one in self.readouts)


class Probe:
    """One open bus, asked from a program without an event loop of its own. Close it."""

    def __init__(self, options: Options, say: Say) -> None:
        self._options = options
        self._say = say
        self._lines = options.lines or scan.LINES
        first = (
            Line(*options.expected[0].line)
            if options.expected and options.expected[0].line
            else self._lines[0]
        )
        self._port = Port(options.port, first)
        self._runner = asyncio.Runner()
        self._wire = Wire(self._port)

    def close(self) -> None:
        """Let go of the port."""
        with closing(self._port):
            self._runner.close()

    def find(self) -> Findings:
        """Listen, then ask who is there and what they say."""
        return self._runner.run(self._find())

    def reread(self, dev: poll.Device, names: Sequence[str]) -> list[Reading]:
        """These values anew."""
        return self._runner.run(readout.reread(self._wire, dev, names))

    async def _find(self) -> Findings:
        self._say(f"Listening on {self._options.port} ...")
        await self._wire.listen(self._options.listen_ms)
        if self._wire.tally.masters:
            return Findings([], [], [], signs.verdict(self._wire.tally, found=0))
        if self._options.expected:
            return await self._read(list(self._options.expected), [])
        found = await scan.scan(self._wire, self._lines, self._options.units or scan.UNITS, self._say)
        devices, strangers = [], []
        for one in found:
            readable = next((print_ for print_ in one.models if print_.model in models.NAMES), None)
            if readable is None:
                strangers.append(one)
                continue
            name = one.title if one.sure == "recognised" else f"looks like {readable.title}, not certain"
            devices.append(readout.target(name, readable.model, one.unit, one.line))
        return await self._read(devices, strangers)

    async def _read(self, devices: list[poll.Device], strangers: list[scan.Found]) -> Findings:
        readouts = []
        for dev in devices:
            readouts.append(await readout.read_device(self._wire, dev))
            self._say("")
            for line in show.readout(readouts[-1]):
                self._say(line)
        await self._wire.listen(self._options.listen_ms // 4)
        missing = [one.label for one in readouts if not one.answers]
        alive = len(readouts) - len(missing) + len(strangers)
        verdicts = signs.verdict(self._wire.tally, found=alive, missing=missing)
        if not self._options.expected and alive:
            verdicts.append(
                f"Did you expect more? Who is not listed did not answer at {', '.join(self._wire.tally.lines)}: it is off, not "
                "connected, at another address (--units 1-247), or at another speed (--baud)."
            )
        verdicts += [f"address {one.unit} ({one.line}): {_stranger(one)}" for one in strangers]
        return Findings(devices, readouts, strangers, verdicts)


def _stranger(one: scan.Found) -> str:
    return f"{one.title}: this version has no register table for it" if one.models else one.title


def from_settings(path: Path, bus: int | None) -> tuple[tuple[poll.Device, ...], int]:
    """The devices on one bus of a kit's settings.json, and the kit's address. Raises UsageError."""
    folder = path if path.is_dir() else path.parent
    if not path.is_dir() and path.name != settings.SETTINGS:
        raise UsageError(f"{path}: expected a file named {settings.SETTINGS}, or its folder.")
    try:
        conf = settings.load(f"{folder}/")
    except settings.SettingsError as error:
        raise UsageError(str(error)) from error
    serial = [number for number, one in enumerate(conf["buses"]) if "tcp" not in one]
    number = bus if bus is not None else (serial[0] if serial else 0)
    if number not in serial:
        raise UsageError(
            f"the settings have no serial bus {number}; there are {', '.join(map(str, serial)) or 'none'}."
        )
    own = conf["buses"][number]
    devices = []
    for entry in conf["devices"]:
        if entry["bus"] == number:
            device = settings.device(entry)
            device.line = device.line or (own["baud"], own.get("parity"), own["stop"])
            devices.append(device)
    if not devices:
        raise UsageError(f"the settings have no device on bus {number}.")
    return tuple(devices), conf["address"]


def of_model(
    model: str, units: Sequence[int] | None, lines: Sequence[Line] | None
) -> tuple[poll.Device, ...]:
    """Devices of one named model, at its maker's address and speed unless told otherwise. Raises UsageError."""
    default = readout.target(model, model, 1, Line(9600)).model
    line = lines[0] if lines else Line(*default.serial)
    return tuple(readout.target(model, model, unit, line) for unit in units or (default.unit,))


def to_json(findings: Findings) -> dict[str, Any]:
    """Findings for a program."""
    return {
        "complete": findings.complete,
        "devices": [
            {
                "name": one.name,
                "model": one.model,
                "address": one.unit,
                "line": str(one.line),
                "answers": one.answers,
                "tables_sha256": readout.tables_hash(one.model),
                "readings": [asdict(reading) for reading in one.readings],
            }
            for one in findings.readouts
        ],
        "strangers": [
            {"address": one.unit, "line": str(one.line), "title": one.title} for one in findings.strangers
        ],
        "wire": findings.verdicts,
    }
