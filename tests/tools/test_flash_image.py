"""The image: the unmodified esptool against a chip in its loader, and every way in which that goes wrong."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os

import pytest
import pytest_asyncio

from flash_bench import FLASH_BYTES, MAC, Bench, image_bytes, image_of, station_of
from nsptools.bench.rom_loader import Faults, RomLoader
from nsptools.cli import main
from nsptools.flash import esptool_run, image
from nsptools.flash.errors import (
    BoardFault,
    FlashError,
    ImageUnfit,
    NoLoader,
    NotVerified,
    PortGone,
    Unplugged,
    WrongBoard,
)
from nsptools.flash.esptool_run import Chip, Esptool
from nsptools.flash.imaging import ImageJob, identify
from nsptools.flash.mpremote import Mpremote
from nsptools.flash.run import Options, flash

pytestmark = pytest.mark.asyncio
CHIP = Chip("esp32s3", MAC, FLASH_BYTES)


@pytest_asyncio.fixture
async def bench(tmp_path, request):
    """Set up a port with a chip in its loader; the test's parameter is what is wrong with it."""
    made = Bench(tmp_path, getattr(request, "param", None))
    yield made
    await made.end()


def faulty(**faults: object) -> pytest.MarkDecorator:
    """Give the chip of a test a fault."""
    return pytest.mark.parametrize("bench", [Faults(**faults)], indirect=True, ids=[*faults])


async def test_the_unmodified_esptool_writes_and_verifies_an_image(bench, tmp_path):
    """From a blank chip that says who it is, to a flash that is the file byte for byte, by two comparisons."""
    made = image_of(tmp_path)
    bench.rom.memory[:] = bytes(FLASH_BYTES)  # other firmware's leavings
    tool = Esptool(bench.port)
    assert await tool.identify() == CHIP
    await tool.write(CHIP, made)
    await tool.verify(CHIP, made)
    data = made.path.read_bytes()
    assert bench.rom.memory[: len(data)] == data
    assert bench.rom.asked["SPI_FLASH_MD5"] == 2
    assert bench.rom.left is None


@pytest.mark.soak
async def test_an_older_chip_has_its_image_elsewhere_and_is_erased_first(tmp_path):
    """An ESP32's ROM reads from 0x1000, knows fewer commands, and can erase its whole flash all the same."""
    rom = RomLoader(tmp_path / "usb0", "esp32", memory=bytearray(FLASH_BYTES))
    tool, made = Esptool(rom.path), image_of(tmp_path, "esp32")
    chip = await tool.identify()
    assert chip == Chip("esp32", MAC, FLASH_BYTES)
    await tool.erase(chip)
    assert rom.memory == b"\xff" * FLASH_BYTES
    await tool.write(chip, made)
    await tool.verify(chip, made)
    data = made.path.read_bytes()
    assert rom.memory[0x1000 : 0x1000 + len(data)] == data
    assert rom.memory[:0x1000] == b"\xff" * 0x1000
    rom.close()


@faulty(fades_at=9000)
async def test_a_flash_that_does_not_keep_the_image_is_not_verified(bench, tmp_path):
    """The MD5 of what is in the flash differs: no word of success, and what to do."""
    with pytest.raises(NotVerified, match=r"not what was written \(MD5 .*another board"):
        await Esptool(bench.port).write(CHIP, image_of(tmp_path))


@pytest.mark.soak
@faulty(stuck_at=1100)
async def test_a_byte_that_cannot_be_written_is_found_by_the_loader_itself(bench, tmp_path):
    """Worn flash: the loader's own reading back fails."""
    with pytest.raises(NotVerified, match="worn"):
        await Esptool(bench.port).write(CHIP, image_of(tmp_path))


@faulty(unplug_after=4000)
async def test_a_cable_that_falls_out_half_way_is_said_at_once(bench, tmp_path):
    """Esptool would wait, and go on with whatever board comes next: it is stopped instead."""
    with pytest.raises(Unplugged, match=r"no whole image.*--resume with the same --image"):
        await Esptool(bench.port).write(CHIP, image_of(tmp_path))
    assert 4000 < bench.rom.written < 6000


@faulty(mute=True)
async def test_a_chip_outside_its_loader_asks_for_a_hand_on_its_buttons(bench):
    """No answer: which button to hold, and which to press."""
    with pytest.raises(NoLoader, match="Hold BOOT, press RESET"):
        await Esptool(bench.port).identify()


async def test_a_port_that_another_program_holds_or_that_is_not_there(bench, tmp_path):
    """A terminal that was left open, and a board that is not plugged in."""
    holder = os.open(bench.port, os.O_RDWR | os.O_NOCTTY)
    fcntl.flock(holder, fcntl.LOCK_EX)
    with pytest.raises(PortGone, match="another program"):
        await Esptool(bench.port).identify()
    os.close(holder)
    with pytest.raises(PortGone, match="no such port"):
        await Esptool(tmp_path / "usb9").identify()


async def test_a_board_that_was_swapped_during_the_work_is_stopped(bench, tmp_path):
    """The chip that is written is another than the one that was identified."""
    with pytest.raises(WrongBoard, match="02:00:00:00:a0:02, and is 02:00:00:00:a0:01 now"):
        await Esptool(bench.port).write(Chip("esp32s3", "02:00:00:00:a0:02", FLASH_BYTES), image_of(tmp_path))


@pytest.mark.parametrize(
    ("chip", "made", "said"),
    [
        (Chip("esp32", MAC, FLASH_BYTES), {}, "has an esp32, and 'de-linde' is made of rak3172"),
        (CHIP, {"chip": "esp32"}, "esp32.bin is for an esp32. Take the image"),
        (CHIP, {"end": FLASH_BYTES * 2}, "its flash has 4 MB, and esp32s3.bin needs 8 MB"),
    ],
)
async def test_the_wrong_chip_or_image_stops_before_anything_is_written(bench, tmp_path, chip, made, said):
    """Nothing reaches the board, and the kit is bound to nothing."""
    station = station_of(tmp_path, "De Linde")
    job = ImageJob(station, "de-linde", bench.port, chip, image_of(tmp_path, **made))
    with pytest.raises(WrongBoard, match=said) as stopped:
        await job.run(lambda _: None)
    assert job.failed(str(stopped.value)).result == "failed"
    assert not bench.rom.asked
    assert (station.register.kit("de-linde").state, station.register.records()) == ("listed", [])


@faulty(fades_at=9000)
async def test_a_failed_image_is_recorded_and_never_as_verified(bench, tmp_path):
    """The whole command: the record says failed and why, the kit waits for --resume, no key was used up."""
    station, made = station_of(tmp_path, "De Linde"), image_of(tmp_path)
    steps: list[str] = []
    done = await flash(station, [bench.port], Options(image=made), lambda _, step: steps.append(step))
    record = station.register.records("de-linde")[-1]
    assert [one.record for one in done] == [record]
    assert (record.result, record.mac, record.image_sha256) == ("failed", MAC, made.sha256)
    assert "not what was written" in record.why
    assert station.register.kit("de-linde").state == "failed"
    assert station.key_in_use("de-linde") is None
    assert steps[-1] == "de-linde: failed"


async def test_micropython_with_another_address_than_the_loaders_is_stopped(bench, tmp_path):
    """Two boards changed places while one was written: no kit is put on either."""
    station = station_of(tmp_path, "De Linde")
    waiting: list[asyncio.Task[None]] = []

    def say(_, step: str) -> None:
        if "waiting for MicroPython" in step:
            other = bytes.fromhex("02000000a009")
            waiting.append(asyncio.get_running_loop().create_task(bench.press_reset(other)))

    (done,) = await flash(station, [bench.port], Options(image=image_of(tmp_path)), say)
    assert waiting
    assert "went to the board 02:00:00:00:a0:01, and MicroPython says 02:00:00:00:a0:09" in done.record.why
    assert station.register.records("de-linde")[-1].result == "failed"
    assert station.key_in_use("de-linde") is None


@pytest.mark.soak
async def test_a_board_that_runs_is_asked_into_its_loader_or_started_again(bench, monkeypatch):
    """No reset lines: MicroPython is asked; where it cannot, a hand is, and the board goes on as it was."""
    await bench.press_reset()
    twin = bench.twin
    with pytest.raises(NoLoader, match="Hold BOOT"):
        await identify(bench.port)
    await twin.wait_for(lambda: twin.boots == 2)

    async def go(board: Mpremote) -> None:
        await twin.kill()
        bench.rom = RomLoader(board.port, memory=bytearray(FLASH_BYTES))

    monkeypatch.setattr(Mpremote, "enter_loader", go)
    assert await identify(bench.port) == CHIP


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<html>404 not found</html>" * 10, "no image for an ESP32"),
        (b"", "no image for an ESP32"),
        (image_bytes("esp32c3"), r"a chip that no kit has \(number 5\)"),
        (image_bytes(partitions=False), "not the .app-bin"),
    ],
)
async def test_a_file_that_is_no_image_is_refused(tmp_path, content, said):
    """A page that was saved, a chip that no kit has, an update instead of the whole image."""
    path = tmp_path / "x.bin"
    path.write_bytes(content)
    with pytest.raises(ImageUnfit, match=said):
        image.read(path, hashlib.sha256(content).hexdigest())


async def test_the_command_refuses_an_image_whose_hash_is_wrong_or_unknown(tmp_path, capsys):
    """Wrong or no SHA-256: exit code 2, one line that says what to do, and no board is looked at."""
    station_of(tmp_path, "De Linde")
    made = image_of(tmp_path)
    common = ("flash", "--station", tmp_path / "station", "--demo", "--port", tmp_path / "usb0")
    for arguments, said in (
        (("--image", made.path, "--sha256", "ab" * 32), "not whole: get it again; nothing was written."),
        (("--image", made.path, "--sha256", "ab"), "is no SHA-256"),
        (("--image", made.path), "Give it with --sha256"),
        (("--image", tmp_path / "none.bin", "--sha256", made.sha256), "none.bin: No such file"),
        (("--erase",), "go with --image"),
    ):
        code = main([*map(str, (*common, *arguments))])
        output = capsys.readouterr()
        assert (code, output.out, output.err.count("\n")) == (2, "", 1), output
        assert said in output.err


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("ERROR: A fatal error occurred: This chip is ESP32, not ESP32-S3. Wrong chip argument?", WrongBoard),
        (
            "ERROR: A fatal error occurred: 'x.bin' is not an ESP32-S3 image. Use the force argument",
            WrongBoard,
        ),
        ("ERROR: A fatal error occurred: Failed to connect to ESP32: No serial data received.", NoLoader),
        (
            "ERROR: A fatal error occurred: Failed to connect to ESP32: Wrong boot mode detected (0x13)!",
            NoLoader,
        ),
        (
            "ERROR: A fatal error occurred: Could not open /dev/x, the port is busy or doesn't exist.",
            PortGone,
        ),
        (
            "(could not open port: [Errno 13] Permission denied)\nERROR: A fatal error occurred: Could not",
            PortGone,
        ),
        ("ERROR: A serial exception error occurred: device reports readiness", Unplugged),
        ("ERROR: A fatal error occurred: Write failed, the written flash region is empty.", NotVerified),
        ("ERROR: A fatal error occurred: Secure Boot V1 detected", BoardFault),
        ("Traceback (most recent call last)", BoardFault),
    ],
)
async def test_every_failure_of_esptool_has_words(tmp_path, said, kind):
    """What esptool prints becomes the kind of fault, with the port and without a traceback."""
    port = tmp_path / "usb0"
    port.touch()
    found = esptool_run.reason(port, said)
    assert type(found) is kind
    assert isinstance(found, FlashError)
    assert str(found).startswith(f"{port}: ")
    assert "Traceback" not in str(found)
