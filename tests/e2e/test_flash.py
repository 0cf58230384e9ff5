"""A technician's morning: a list, three blank boards, the real mpremote, one cable that falls out; and on the air."""

from __future__ import annotations

import asyncio
import hashlib
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from mqtt_peers import until
from nspgateway.__main__ import Gateway, load
from nspgateway.clock import Clock
from nspkit import pins
from nsptools.bench.air import Air
from nsptools.bench.modem import Rui3Modem
from nsptools.bench.ptys import open_pty
from nsptools.bench.twin import Twin, make_image, read_files
from nsptools.flash import firmware
from nsptools.station.station import Station
from process_watch import forms, watched

pytestmark = pytest.mark.asyncio(loop_scope="module")

PASSPHRASE = "correct horse battery"
NAMES = {"de-linde": "De Linde", "de-ark": "De Ark", "de-kuil": "De Kuil"}
LIST = "name;number;municipality;latitude;longitude;devices;tank_litres;rated_kw\n" + "".join(
    f"{name};{number};Lindendam;52,09;5,12;generator:dse7320mk2@10;60;10\n"
    for number, name in enumerate(NAMES.values(), 1)
)
FLASH_S = 400.0


@dataclass
class Bench:
    """A station's folder and three boards on a USB hub, each with a radio beside it."""

    folder: Path
    twins: list[Twin]
    air: Air
    gateway_modem: Rui3Modem

    @property
    def station(self) -> Path:
        return self.folder / "station"

    async def nsp(
        self, *arguments: str, on_line: Callable[[str], None] = lambda _line: None
    ) -> tuple[int, str]:
        """Run the command as a technician does; return its exit code and all that it said."""
        process = await asyncio.create_subprocess_exec(
            *(Path(sys.executable).with_name("nsp"), *arguments),
            *("--station", str(self.station), "--passphrase-file", str(self.folder / "pass")),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said = ""
        assert process.stdout is not None
        async with asyncio.timeout(FLASH_S):
            async for line in process.stdout:
                said += line.decode()
                on_line(line.decode())
            return await process.wait(), said

    def ports(self) -> list[str]:
        return [word for n in range(3) for word in ("--port", str(self.folder / f"usb{n}"))]

    def open(self) -> Station:
        return Station(self.station, PASSPHRASE)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    """Blank boards, switched on, and a station made from a list."""
    folder = tmp_path_factory.mktemp("bench")
    (folder / "pass").write_text(PASSPHRASE + "\n")
    (folder / "pass").chmod(0o600)
    (folder / "sites.csv").write_text(LIST)
    air = Air()
    modems = [Rui3Modem(air, name) for name in ("gateway", *NAMES)]
    for modem in modems:
        await modem.start()
    buses = [open_pty() for _ in NAMES]
    twins = []
    for n, (modem, bus) in enumerate(zip(modems[1:], buses, strict=True)):
        image = folder / f"flash{n}.img"
        make_image(image, {})
        uarts = {1: bus.slave_path, 2: modem.path}
        mac = bytes((2, 0, 0, 0, 0xA0, n + 1))
        twins.append(
            Twin(f"board {n}", image, uarts, {1: pins.UARTS[1]["de"]}, unique_id=mac, usb=folder / f"usb{n}")
        )
        await twins[-1].start()
    made = Bench(folder, twins, air, modems[0])
    given = {"region": "regio-oost", "cp": "kazerne-oost", "cp_number": 17, "heartbeat_s": 5, "full_s": 60}
    Station.create(made.station, {**given, "modem_port": modems[0].path}, PASSPHRASE, demo=False)
    code, said = await made.nsp("provision", str(folder / "sites.csv"))
    assert code == 0, said
    yield made
    for twin in twins:
        await twin.kill()
    for modem in modems:
        await modem.stop()
    for bus in buses:
        bus.close()


async def test_two_are_verified_and_the_unplugged_one_says_so_itself(bench: Bench) -> None:
    """A cable that falls out in the middle of a copy fails one board, and that board does not run half a kit."""
    unplugged: list[str] = []

    def pull_the_cable(line: str) -> None:
        usb = bench.twins[1].usb
        if "usb1" in line and "copying" in line and usb is not None:
            unplugged.append(line)
            asyncio.get_running_loop().call_later(0.7, usb.unplug)

    async with watched() as seen:
        code, said = await bench.nsp("flash", *bench.ports(), on_line=pull_the_cable)
    assert unplugged
    assert code == 1
    assert "2 verified, 0 of them unchanged; 1 failed." in said
    assert "failed: de-ark: " in said
    assert "--resume" in said
    assert "Traceback" not in said
    states = {row.slug: (row.state, row.mac) for row in bench.open().register.kits()}
    assert states == {
        "de-linde": ("flashed", "02:00:00:00:a0:01"),
        "de-ark": ("failed", "02:00:00:00:a0:02"),
        "de-kuil": ("flashed", "02:00:00:00:a0:03"),
    }
    assert "INCOMPLETE" in read_files(bench.twins[1].image)
    _no_key_is_shown(bench, seen, said)


def _no_key_is_shown(bench: Bench, seen: set[bytes], said: str) -> None:
    """Neither keys nor passphrase are in lists of processes, output, labels or the register."""
    labels = [path.read_bytes() for path in (bench.station / "labels").iterdir()]
    records = [repr(bench.open().register.dump(slug)).encode() for slug in NAMES]
    secrets = [form for key in bench.open().keys.keys for form in forms(key.key)] + [PASSPHRASE.encode()]
    shown = [*seen, *labels, *records, said.encode()]
    assert any(b"mpremote" in one and b"cp" in one for one in seen)
    assert len(labels) == 2
    assert not [one for one in shown if any(secret in one for secret in secrets)]


async def test_resume_finishes_the_one_that_failed_and_leaves_the_others(bench: Bench) -> None:
    """The second run takes the failed board alone, under a key that was never on a board before."""
    usb = bench.twins[1].usb
    assert usb is not None
    usb.plug()
    keys = {slug: bench.open().key_in_use(slug) for slug in NAMES}
    code, said = await bench.nsp("flash", "--resume", *bench.ports())
    assert (code, "1 verified, 0 of them unchanged; 0 failed." in said) == (0, True), said
    after = {slug: bench.open().key_in_use(slug) for slug in NAMES}
    assert {slug for slug in NAMES if keys[slug] != after[slug]} == {"de-ark"}


async def test_every_file_on_every_board_is_its_source(bench: Bench) -> None:
    """What the register says was put there is there, byte for byte, and nothing is left unfinished."""
    station = bench.open()
    source = firmware.files("rak3172-devkit-s3", compiled=True)
    for twin, slug in zip(bench.twins, NAMES, strict=True):
        there = read_files(twin.image)
        record = station.register.records(slug)[-1]
        assert record.result == "verified"
        assert {name for name in source if there.get(name) != source[name]} == set()
        assert "INCOMPLETE" not in there
        hashes = {name: hashlib.sha256(content).hexdigest() for name, content in there.items()}
        settled = {name: digest for name, digest in record.files.items() if not name.endswith(".bin")}
        assert {name for name in settled if hashes[name] != settled[name]} == set()
        assert record.self_test["parts"]


async def test_a_second_run_proves_that_nothing_is_to_be_done(bench: Bench) -> None:
    """Boards that prove files, key and counter themselves keep their keys, and their kits run on."""
    keys = {slug: bench.open().key_in_use(slug) for slug in NAMES}
    code, said = await bench.nsp("flash", *bench.ports())
    assert (code, "3 verified, 3 of them unchanged; 0 failed." in said) == (0, True), said
    assert {slug: bench.open().key_in_use(slug) for slug in NAMES} == keys


async def test_the_flashed_kits_come_on_the_air_under_their_names(bench: Bench) -> None:
    """From the list to the overview: each board is heard under its own point's name."""
    gateway = Gateway(*load(bench.station / "gateway.toml"), Clock())
    running = asyncio.ensure_future(gateway.run())
    try:
        overview = gateway.ingest.overview
        await until(lambda: all(p.last_heard for p in overview().points) or running.done(), 300.0)
        assert {p.slug: p.name for p in overview().points} == NAMES
        assert {p.kit_address for p in overview().points} == {17 << 6 | n for n in (1, 2, 3)}
    finally:
        running.cancel()
        await asyncio.wait([running])


async def test_store_leaves_a_verified_kit_in_storage(bench: Bench) -> None:
    """What goes into the cupboard checks itself from its first start on; the key that it has stays."""
    key = bench.open().key_in_use(next(iter(NAMES)))
    twin = bench.twins[0]
    twin.log.clear()
    code, said = await bench.nsp("flash", "--store", *bench.ports()[:2])
    assert (code, "1 verified, 1 of them unchanged" in said) == (0, True), said
    await twin.wait_for_log("in storage: check")
    assert bench.open().key_in_use(next(iter(NAMES))) == key


async def test_a_kit_at_work_goes_into_storage_with_all_that_it_has(bench: Bench) -> None:
    """A kit that comes back from a point needs no flashing for the cupboard: no file but the one word, no new key."""
    twin, put = bench.twins[2], bench.open().register.records("de-kuil")[-1].files
    key = bench.open().key_in_use("de-kuil")
    twin.log.clear()
    code, said = await bench.nsp("kits", "store", "de-kuil", *bench.ports()[2:])
    assert (code, "de-kuil: in storage." in said) == (0, True), said
    assert "left alone: it is none of those" in said
    await twin.wait_for_log("in storage: check")
    await twin.kill()
    there = {name: hashlib.sha256(content).hexdigest() for name, content in read_files(twin.image).items()}
    assert "stored" in there
    assert {name for name in put if not name.endswith(".bin") and there.get(name) != put[name]} == set()
    assert bench.open().key_in_use("de-kuil") == key
    assert bench.open().register.events()[-1][1:3] == ("de-kuil", "stored")
