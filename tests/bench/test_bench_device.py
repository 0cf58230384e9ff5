"""`nsp bench device`: one simulated device as a person starts it, on a terminal's path or a port."""

import asyncio
import os
import pty
import signal
import struct
from pathlib import Path

import pytest

from nsp import command, nsp
from nsptools.bench import one_device
from nsptools.bench.device_panel import Prompt, panel, turn
from patience import PATIENCE_S
from rtu_asker import Asker

STORY = """
[scenario]
name = "Kort"
start = "2027-01-15T18:00:00+01:00"

[[point]]
id = "A"
name = "De Linde"
plant = "diesel10k_dse7320"

[[point]]
id = "B"
name = "De Ark"
plant = "diesel10k_dse7320"

[[at]]
t = "18:00:00"
point = "B"
do = "genset.estop"

[[at]]
t = "18:00:01"
point = "A"
do = "load.set"
kw = 4
"""


class Person:
    """The command in a process of its own, with pipes for what is typed and printed."""

    def __init__(self, process):
        self.process = process

    @classmethod
    async def start(cls, *arguments):
        return cls(
            await asyncio.create_subprocess_exec(
                *command("bench", "device", *arguments),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
        )

    async def line(self):
        return (await asyncio.wait_for(self.process.stdout.readline(), PATIENCE_S)).decode().strip()

    def type(self, text):
        self.process.stdin.write(text.encode())

    async def stop(self):
        self.process.send_signal(signal.SIGINT)
        _, errors = await asyncio.wait_for(self.process.communicate(), PATIENCE_S)
        assert self.process.returncode == 0, errors.decode()


async def test_on_a_pseudo_terminal(tmp_path):
    """Protects the technician's bench: path and settings are printed, typed values go out on the wire."""
    link = tmp_path / "bus"
    person = await Person.start("comap_il4", "--unit", 7, "--baud", 115200, "--link", link)
    assert await person.line() == f"comap_il4, unit 7: {link}, 115200 baud 8N1"
    person.type("fuel_percent 33\nfuel 3\nplant.estop 1\nmode\n")
    assert await person.line() == "generator.fuel_percent = 33"
    assert (await person.line()).startswith("generator.fuel: the generator has no register 'fuel'; it has")
    assert await person.line() == "plant.estop = 1"
    assert await person.line() == "generator.mode = 2"
    asker = Asker(str(link), 7)
    try:
        assert await asker.words(1055) == [33]
    finally:
        asker.close()
    await person.stop()
    assert not link.is_symlink()


async def test_on_a_port():
    """Protects the same device behind Modbus TCP, with the faults of the line."""
    person = await Person.start("deif_sgc400", "--tcp", 0)
    said = await person.line()
    assert said.startswith("deif_sgc400, unit 1: Modbus TCP 127.0.0.1:")
    reader, writer = await asyncio.open_connection("127.0.0.1", int(said.rpartition(":")[2]))
    ask = struct.pack(">HHHBBHH", 1, 0, 6, 1, 3, 0, 1)
    writer.write(ask)
    assert await asyncio.wait_for(reader.readexactly(11), PATIENCE_S) == bytes.fromhex(
        "0001 0000 0005 01 03 02 0001"
    )
    person.type("bus.fault silence\n")
    assert await person.line() == "bus.fault = silence"
    writer.write(ask)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(1), 0.2)
    writer.close()
    await person.stop()


async def test_a_scenario_drives_it(tmp_path):
    """Protects trainers' stories: the point's events reach the device, those of other points do not."""
    file = tmp_path / "kort.toml"
    file.write_text(STORY)
    person = await Person.start("smartgen_hgm4000n", "--scenario", file, "--speed", 10)
    assert (await person.line()).startswith("smartgen_hgm4000n, unit 1: ")
    assert await person.line() == "18:00:01 A load.set kw=4"
    assert await person.line() == "the last event has been played"
    person.type("plant.load_w\nplant.estop\n")
    assert await person.line() == "plant.load_w = 4000"
    assert await person.line() == "plant.estop = 0"
    await person.stop()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("dse",), "no device model 'dse'; there are dse3110"),
        (("comap_il4", "--fault", "fire"), "no line fault 'fire'; there are silence"),
        (("comap_il4", "--pty", "--tcp", 0), "one of --pty and --tcp"),
        (("comap_il4", "--point", "A"), "belongs to --scenario"),
        (("comap_il4", "--scenario", "nowhere.toml"), "nowhere.toml"),
    ],
)
async def test_mistakes_are_one_line(arguments, said):
    """Protects the person who types: what cannot be is said with what can, exit code 2, no traceback."""
    ended = await asyncio.to_thread(nsp, "bench", "device", *arguments)
    assert ended.code == 2
    assert said in " ".join(ended.err.replace("│", " ").split())
    assert "Traceback" not in ended.err


async def test_a_link_never_overwrites(tmp_path):
    """Protects the person's files: only a dead link of before is replaced."""
    file = tmp_path / "notes"
    file.write_text("mine")
    with pytest.raises(one_device.DeviceError, match="exists"):
        async with one_device.running(one_device.Setup(model="dse3110", link=file)):
            pass
    assert file.read_text() == "mine"
    dead = tmp_path / "bus"
    dead.symlink_to(tmp_path / "gone")
    async with one_device.running(one_device.Setup(model="dse3110", link=dead)) as device:
        assert dead.readlink() == Path(device.site.bus_path)
    assert not dead.is_symlink()


async def test_the_screen_shows_every_door():
    """Protects the panel: each value is there, a turned one is marked, and what is typed shows."""
    async with one_device.running(one_device.Setup(model="mebay_dc")) as device:
        said = turn(device.site, device.owner, "fuel_percent 12")
        drawn = panel(device.site, device.owner, device.where, "mode 5", said)
    head, cells, last, typing = drawn.renderables
    doors = [str(cell) for cell in cells.renderables]
    assert head.plain.startswith("mebay_dc, unit 1: /dev/")
    assert "fuel_percent 12*" in doors
    assert "mode 153" in doors
    assert len(doors) == len(device.site.names())
    assert last.plain == "generator.fuel_percent = 12"
    assert typing.plain.endswith("> mode 5")


def test_typing():
    """Protects the typing line: enter completes, rubout takes back, empty lines and odd keys are nothing."""
    prompt = Prompt()
    assert prompt.feed("fuel_percemt") == []
    assert prompt.feed("\x7f\x7fnt 5\n\n\x1bmode") == ["fuel_percent 5"]
    assert prompt.typed == "mode"


async def test_on_a_real_screen(tmp_path):
    """Protects the live panel: on a terminal it draws, takes keys, and gives the terminal back as it was."""
    master, slave = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *command("bench", "device", "comap_ntc"),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "200", "LINES": "60"},
    )
    os.set_blocking(master, False)
    drawn = bytearray()
    came = asyncio.Event()

    def read():
        drawn.extend(os.read(master, 65536))
        came.set()

    asyncio.get_running_loop().add_reader(master, read)

    async def until(text):
        async with asyncio.timeout(PATIENCE_S):
            while text not in drawn:
                came.clear()
                await came.wait()

    await until(b"NAME VALUE")
    os.write(master, b"fuel_percent 21\n")
    await until(b"generator.fuel_percent = 21")
    process.send_signal(signal.SIGINT)
    assert await asyncio.wait_for(process.wait(), PATIENCE_S) == 0
    asyncio.get_running_loop().remove_reader(master)
    os.close(slave)
    os.close(master)
