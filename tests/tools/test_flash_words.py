"""What the flasher says and decides, without a board: failures, labels, files, and which board becomes which kit."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flash_bench import station_of
from nspgateway.keys import KitKey
from nspkit import access
from nsptools import boards
from nsptools.bench.vm import firmware_files
from nsptools.flash import firmware, label, mpremote
from nsptools.flash.errors import BoardFault, NoAnswer, PortGone, Unplugged, WrongBoard
from nsptools.flash.mpremote import Mpremote
from nsptools.flash.run import Options, _kit_of, _waiting
from nsptools.flash.snippets import Look
from nsptools.station.register import BoardBound, FlashRecord, KitRow, RegisterError

AT = datetime(2026, 11, 28, 12, tzinfo=UTC)
PORT = Path("/dev/serial/by-path/usb-1.2")


# What mpremote says


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("mpremote: failed to access /dev/ttyACM0 (it may be in use by another program)", PortGone),
        ("mpremote: no device found", PortGone),
        ("Traceback ...\nserial.serialutil.SerialException: device reports readiness to read", Unplugged),
        ("Traceback ...\nOSError: [Errno 5] Input/output error", Unplugged),
        ("Traceback ...\ntermios.error: (5, 'Input/output error')", Unplugged),
        ("mpremote.transport.TransportError: could not enter raw repl", NoAnswer),
        ("TransportError: timeout waiting for first EOF reception", NoAnswer),
        ("Traceback ...\nOSError: [Errno 28] ENOSPC\n\n", BoardFault),
        ("", BoardFault),
    ],
)
def test_every_failure_of_mpremote_has_words(tmp_path, said, kind):
    """Its tracebacks become the kind of fault, with the port, and what to do where a hand can help."""
    port = tmp_path / "usb0"
    port.touch()
    found = mpremote._reason(port, said)
    assert type(found) is kind
    assert str(found).startswith(f"{port}: ")
    assert "Traceback" not in str(found)
    assert "--resume" in str(found) or kind is BoardFault


def test_a_port_without_rights_is_told_from_one_in_use(tmp_path, monkeypatch):
    """Nobody looks for another program when it is the group that lacks."""
    port = tmp_path / "usb0"
    port.touch()
    monkeypatch.setattr(mpremote.os, "access", lambda *_: False)  # root, who may run this, may everything
    found = mpremote._reason(port, "mpremote: failed to access usb0 (it may be in use by another program)")
    assert isinstance(found, PortGone)
    assert "adduser $USER dialout" in str(found)


def test_a_port_that_is_gone_is_a_board_that_went_away(tmp_path):
    """Whatever mpremote says of it."""
    assert isinstance(mpremote._reason(tmp_path / "usb0", "could not enter raw repl"), Unplugged)


@pytest.mark.asyncio
async def test_a_board_that_answers_something_else_is_a_fault(tmp_path, monkeypatch):
    """What is no JSON is shown, shortened, and not believed."""
    board = Mpremote(tmp_path / "usb0")

    async def said(_code: str, _within_s: float) -> str:
        await asyncio.sleep(0)
        return "ets Jun  8 2016\r\nrst:0x1"

    monkeypatch.setattr(board, "exec", said)
    with pytest.raises(BoardFault, match="answered 'rst:0x1'"):
        await board.ask("pass")


# The label


def row_of(slug: str = "de-linde", **changed: object) -> KitRow:
    values = {"slug": slug, "kit": 1, "site": {"name": "De Linde", "number": 1}, "mac": None} | changed
    return KitRow(**{"state": "listed", "settings": ""} | values)


def test_a_label_says_which_kit_it_is_and_nothing_secret():
    """Every line fits the printer, and what tells two labels apart changes with board, key and time."""
    record = FlashRecord(
        "de-linde", "02:00:00:00:a0:01", AT, "verified", board="heltec-v3", firmware="0.1.0", generation=3
    )
    text = label.text(row_of(site={"name": "De " + "L" * 50, "number": 7}), record, 1089)
    assert all(len(line) <= label.WIDTH for line in text.splitlines())
    for part in ("noodsteunpunt 7  kit 1", "adres 1089  sleutel 3", "bord 02:00:00:00:a0:01", "2026-11-28"):
        assert part in text
    others = (
        FlashRecord("de-linde", "02:00:00:00:a0:02", AT, "verified", generation=3),
        FlashRecord("de-linde", "02:00:00:00:a0:01", AT, "verified", generation=4),
        FlashRecord("de-linde", "02:00:00:00:a0:01", AT.replace(hour=13), "verified", generation=3),
    )
    checks = {label.check(row_of(), one) for one in (record, *others)}
    assert len(checks) == 4
    assert f"controle {label.check(row_of(), record)}" in text
    assert "wifi" not in text


def test_the_key_of_the_wifi_is_on_the_label_alone():
    """A volunteer reads it off the kit; what the flasher prints has it not, and neither has the kit's own key."""
    record = FlashRecord("de-linde", "02:00:00:00:a0:01", AT, "verified", board="heltec-v3", generation=3)
    key = KitKey(address=1089, generation=3, key=bytes(range(16)), created=AT)
    text = label.text(row_of(), record, 1089, key)
    assert text.splitlines()[-2:] == ["wifi noodkit-1", f"wifi-sleutel {access.key_of(key.key)}"]
    assert key.key.hex() not in text
    assert all(len(line) <= label.WIDTH for line in text.splitlines())


# The firmware's files


def test_compiled_and_source_are_the_same_files():
    """Every module once, in one form; what the interpreter starts by name stays source."""
    source = firmware.files("rak3172-devkit-s3", compiled=False)
    compiled = firmware.files("rak3172-devkit-s3", compiled=True)
    assert dict(source) == firmware_files()
    assert {name.replace(".mpy", ".py") for name in compiled} == set(source)
    assert [name for name in compiled if name.endswith(".py")] == ["boot.py", "main.py"]
    heads = {content[:2] for name, content in compiled.items() if name.endswith(".mpy")}
    assert heads == {bytes((ord("M"), firmware.MPY_VERSION))}


def test_each_board_gets_its_own_pins():
    """The pins are the board's; everything else is the same for all."""
    there = {name: firmware.files(name, compiled=False) for name in boards.names()}
    for name, files in there.items():
        assert files["nspkit/pins.py"] == boards.pins_py(boards.load(name)).encode()
    rest = [
        {path: content for path, content in files.items() if path != "nspkit/pins.py"}
        for files in there.values()
    ]
    assert all(one == rest[0] for one in rest)
    assert len({files["nspkit/pins.py"] for files in there.values()}) == len(there)


# Which board becomes which kit


def look_of(mac: str) -> Look:
    return Look(mac, "ESP32S3", 6, "1.29.0", ("boot.py",), 0, -1)


@pytest.fixture
def station(tmp_path):
    """Make a station with three points; De Ark's board failed, De Kuil's is done."""
    made = station_of(tmp_path, "De Linde", "De Ark", "De Kuil")
    for slug, mac, result in (("de-ark", "02:aa", "failed"), ("de-kuil", "02:bb", "verified")):
        made.register.bind(slug, mac)
        made.register.record(FlashRecord(slug, mac, AT, result))
    return made


def becomes(station, mac: str, **options: object) -> str | None:
    """Return what a board with this address becomes."""
    chosen = Options(**options)
    queue = _waiting(station, chosen)
    return _kit_of(station, chosen, queue, Counter({mac: 1}), PORT, look_of(mac))


@pytest.mark.parametrize(
    ("mac", "options", "slug"),
    [
        ("02:cc", {}, "de-linde"),  # a new board: the first point that waits
        ("02:aa", {}, "de-ark"),  # a known board: its own point
        ("02:bb", {}, "de-kuil"),
        ("02:cc", {"resume": True}, None),  # --resume: nothing that did not fail
        ("02:bb", {"resume": True}, None),
        ("02:aa", {"resume": True}, "de-ark"),
        ("02:cc", {"slug": "de-linde"}, "de-linde"),
        ("02:aa", {"slug": "de-ark"}, "de-ark"),
        ("02:cc", {"slug": "de-ark", "replace": True}, "de-ark"),
    ],
)
def test_a_board_becomes_its_own_point_or_the_first_that_waits(station, mac, options, slug):
    """New boards are taken in order, known ones stay who they are, --resume touches what failed alone."""
    assert becomes(station, mac, **options) == slug


def test_a_point_that_failed_before_it_had_a_board_is_resumed(station):
    """The port failed before the board could say who it is: the next board that comes becomes it."""
    station.register.record(FlashRecord("de-linde", "", AT, "failed"))
    assert becomes(station, "02:cc", resume=True) == "de-linde"


def test_no_board_is_left_over_when_all_points_have_one(station):
    """A board too many is left alone."""
    station.register.bind("de-linde", "02:cc")
    assert becomes(station, "02:dd") is None


def test_the_board_of_another_point_is_refused_by_name(station):
    """--point with a board that is another point's: both are named."""
    with pytest.raises(WrongBoard, match="this board is 'de-kuil', not 'de-linde'"):
        becomes(station, "02:bb", slug="de-linde")
    with pytest.raises(BoardBound, match="is 'de-kuil'"):
        station.register.bind("de-linde", "02:bb", replace=True)
    with pytest.raises(RegisterError, match="there are: de-linde, de-ark, de-kuil"):
        becomes(station, "02:bb", slug="de-lindde")


def test_a_point_that_has_a_board_gets_no_other_just_so(station):
    """Not without --replace, which is named."""
    with pytest.raises(WrongBoard, match=r"'de-ark' is on the board 02:aa, not on 02:cc.*--replace"):
        becomes(station, "02:cc", slug="de-ark")


def test_two_boards_with_one_address_stop_each_other(station):
    """A chip's address is its own: nobody can tell which of the two is meant."""
    queue = _waiting(station, Options())
    with pytest.raises(WrongBoard, match=r"2 boards say that they are 02:cc. Unplug all but one"):
        _kit_of(station, Options(), queue, Counter({"02:cc": 2}), PORT, look_of("02:cc"))
    assert [row.slug for row in queue] == ["de-linde"]


def test_a_board_that_does_not_answer_takes_nobodys_place(station):
    """The point stays in the queue for the next board."""
    queue = _waiting(station, Options())
    with pytest.raises(NoAnswer):
        _kit_of(station, Options(), queue, Counter(), PORT, NoAnswer("silent"))
    assert [row.slug for row in queue] == ["de-linde"]


def test_two_new_boards_become_two_points(tmp_path):
    """Side by side, in the order of the list."""
    made = station_of(tmp_path, "De Linde", "De Ark")
    queue, known = _waiting(made, Options()), Counter({"02:aa": 1, "02:bb": 1})
    taken = [_kit_of(made, Options(), queue, known, PORT, look_of(mac)) for mac in ("02:aa", "02:bb")]
    assert taken == ["de-linde", "de-ark"]
