"""A blank board from its box: image, kit and label by one command, and no key where somebody could read it."""

from __future__ import annotations

import asyncio

import pytest

from flash_bench import MAC, Bench, image_of, nsp, station_of
from nsptools.bench.twin import read_files
from nsptools.station.station import Station
from package_index import MODULES, index_in, served
from process_watch import forms, watched

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(180), pytest.mark.soak]

PASSPHRASE = "correct horse battery"


async def test_a_blank_board_becomes_a_kit_by_one_command_that_shows_no_key(tmp_path):
    """Loader, image, MicroPython, kit, label; and nothing that is printed, kept or listed has a key or passphrase."""
    bench, made = Bench(tmp_path), image_of(tmp_path)
    station_of(tmp_path, "De Linde", passphrase=PASSPHRASE)
    (tmp_path / "pass").write_text(PASSPHRASE + "\n")
    (tmp_path / "pass").chmod(0o600)
    common = ("--station", tmp_path / "station", "--passphrase-file", tmp_path / "pass", "--port", bench.port)
    presses: list[asyncio.Task[None]] = []

    def press(line: str) -> None:
        if "waiting for MicroPython" in line:
            presses.append(asyncio.get_running_loop().create_task(bench.press_reset()))

    try:
        async with watched() as seen:
            image = ("--image", made.path, "--sha256", made.sha256.upper())
            code, said = await nsp("flash", *common, *image, on_line=press)
        assert (code, len(presses), "1 verified, 0 of them unchanged; 0 failed." in said) == (0, 1, True), (
            said
        )
        assert bench.rom.memory[: len(made.path.read_bytes())] == made.path.read_bytes()
        assert bench.twin is not None
        there = read_files(bench.twin.image)
        station = Station(tmp_path / "station", PASSPHRASE)
        record = station.register.records("de-linde")[-1]
        assert (record.result, record.mac, record.image_sha256) == ("verified", MAC, made.sha256)
        labels = b"".join(path.read_bytes() for path in (tmp_path / "station" / "labels").iterdir())
        assert MAC.encode() in labels

        # It did see them at work.
        for program in (b"esptool", b"mpremote", b"nsp\0flash"):
            assert any(program in one for one in seen), program
        keys = [key.key for key in station.keys.keys]
        assert any(key.hex().encode() in there["key.json"] for key in keys)
        places = {
            "processes": b"\n".join(seen),
            "output": said.encode(),
            "label": labels,
            "record": repr(station.register.dump("de-linde")).encode(),
        }
        secrets = [form for key in keys for form in forms(key)] + [PASSPHRASE.encode()]
        assert [name for name, text in places.items() if any(secret in text for secret in secrets)] == []

        # The same board again, without an image: it proves everything itself.
        code, said = await nsp("flash", *common)
        assert (code, "1 verified, 1 of them unchanged" in said) == (0, True), said
    finally:
        await bench.end()


async def test_a_board_with_the_radio_chip_itself_is_flashed_from_the_cache_alone(tmp_path):
    """Prepared once; then image and packages come from the folder, and a second run proves them all on the board."""
    index, cache, bench = tmp_path / "index", tmp_path / "cache", Bench(tmp_path)
    index.mkdir()
    index_in(index)
    made = image_of(tmp_path)
    with served(index) as address:
        code, said = await nsp("flash", "prepare", "--cache", cache, "--image", made.path, "--index", address)
    assert code == 0, said
    station = station_of(tmp_path, "De Linde", board="heltec-v3")
    made.path.unlink()
    common = ("--station", tmp_path / "station", "--demo", "--port", bench.port, "--cache", cache)
    presses: list[asyncio.Task[None]] = []

    def press(line: str) -> None:
        if "waiting for MicroPython" in line:
            presses.append(asyncio.get_running_loop().create_task(bench.press_reset()))

    try:
        code, said = await nsp("flash", *common, "--image", made.path.name, "--erase", on_line=press)
        assert (code, "1 verified, 0 of them unchanged" in said) == (0, True), said
        assert bench.twin is not None
        packages = {f"lib/{name}".replace(".py", ".mpy") for name, _ in MODULES.values()}
        assert packages <= set(read_files(bench.twin.image))
        record = Station(station.folder, None, demo=True).register.records("de-linde")[-1]
        assert packages <= set(record.files)
        code, said = await nsp("flash", *common)
        assert (code, "1 verified, 1 of them unchanged" in said) == (0, True), said
    finally:
        await bench.end()
