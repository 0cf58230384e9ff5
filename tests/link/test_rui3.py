import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsplink import rui3
from nsptools.bench import vm

PHY = {
    "frequency_hz": 869_475_000,
    "sf": 9,
    "bandwidth_khz": 125,
    "coding_rate": 5,
    "preamble": 8,
    "power_dbm": 14,
    "sync_word": "3444",
}

# What modems of several versions say, with the damage that a serial line adds.
TALK = (
    b"AT+VER=RUI_4.2.1_RAK3172-E\r\n\r\nOK\r\n"
    b"+EVT:RXP2P:-30:13:1234\r\n+EVT:RXP2P:-30:13:123\r\n"
    b"+EVT:RXP2P, RSSI -110, SNR 5\r\n+EVT:e012\r\n+EVT:e013\r\n"
    b"+EVT:RXP2P RECEIVE TIMEOUT\r\n+EVT:RXP2P RECEIVE ERROR\r\n+EVT:TXP2P DONE\r\n"
    b"\xff\x00noise\r\n[APP] hello\r\nAT_BUSY_ERROR\r\nAT_COMMAND_NOT_FOUND\r\n"
    b"RAKwireless RAK3172\r\nCurrent Work Mode: LoRa P2P.\r\n<.BOOT MODE>\r\nAT+P2P=?\r\n"
    + b"9" * 700
    + b"\r\nOK\r\n"
)
HEARD = [
    ("value", "VER", "RUI_4.2.1_RAK3172-E"),
    ("ok",),
    ("rx", -30, 13, b"\x124"),
    ("noise", "+EVT:RXP2P:-30:13:123"),
    ("rx", -110, 5, b"\xe0\x12"),
    ("noise", "data without a receive event"),
    ("rx_timeout",),
    ("rx_error",),
    ("tx_done",),
    ("noise", "??noise"),
    ("noise", "[APP] hello"),
    ("error", "AT_BUSY_ERROR"),
    ("error", "AT_COMMAND_NOT_FOUND"),
    ("noise", "RAKwireless RAK3172"),
    ("banner", "LoRa P2P."),
    ("boot_mode",),
    ("noise", "AT+P2P=?"),
    ("ok",),
]


@given(st.lists(st.integers(1, 60), max_size=60))
def test_lines_are_read_the_same_however_the_bytes_arrive(sizes):
    """A UART hands over any number of bytes at a time; no split changes what was said."""
    reader = rui3.Reader()
    events: list[object] = []
    rest = TALK
    for size in sizes:
        events += reader.feed(rest[:size])
        rest = rest[size:]
    assert events + reader.feed(rest) == HEARD
    assert reader.dropped == 700


@given(st.binary(max_size=700))
def test_no_bytes_break_the_reader(data):
    """Whatever a line delivers, the reader goes on, and the next whole line is understood."""
    reader = rui3.Reader()
    reader.feed(data)
    reader.feed(b"\r\n")
    assert reader.feed(b"+EVT:TXP2P DONE\r\n") == [("tx_done",)]


@given(st.text(max_size=80))
def test_no_line_raises(line):
    """Text that is no answer of a modem is noise, never an error."""
    assert isinstance(rui3.parse_line(line)[0], str)
    rui3.parse_version(line)


def test_the_board_interpreter_reads_the_same():
    """Kit and gateway share this grammar; MicroPython must give the events that CPython gives."""
    script = f"from nsplink import rui3\nprint(rui3.Reader().feed({TALK!r}) == {HEARD!r})\n"
    result = vm.run_script(script, files=vm.firmware_files())
    assert result.stdout.strip() == "True", result.stdout


@pytest.mark.parametrize(
    ("line", "levels"),
    [
        ("+EVT:RXP2P:-300:13:E0", (None, 13)),
        ("+EVT:RXP2P:-90:99:E0", (-90, None)),
        ("+EVT:RXP2P::x:E0", (None, None)),
        ("+EVT:RXP2P:-90:-12:E0", (-90, -12)),
    ],
)
def test_levels_that_no_radio_reports_are_unknown(line, levels):
    """An implausible level is unknown, and costs neither the frame nor the other level."""
    assert rui3.parse_line(line) == ("rx", *levels, b"\xe0")


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("RUI_4.2.1_RAK3172-E", (4, 2, 1)),
        ("RUI_4.10.0", (4, 10, 0)),
        ("V1.0.4", (1, 0, 4)),
        ("RUI_x.y.z", None),
        ("", None),
    ],
)
def test_versions(text, version):
    """Old firmware has to be recognised; 4.10 is newer than 4.2.1."""
    assert rui3.parse_version(text) == version


def test_setup_says_every_word_of_the_physical_layer_and_how_to_check_it():
    """Receive is left first and entered last; every word between is read back, also in the old bandwidth form."""
    steps = rui3.setup_commands(PHY)
    assert steps[0] == ("AT+PRECV=0", None)
    assert steps[-1] == ("AT+PRECV=65533", None)
    checks = {name: (command, accepted) for command, (_, name, accepted) in steps[1:-1]}
    assert list(checks) == ["P2P", "SYNCWORD", "IQINVER", "ENCRY", "FIXLENGTHPAYLOAD"]
    assert checks["P2P"][0] == "AT+P2P=869475000:9:0:0:8:14"
    assert rui3.same_value("869475000:9:125:0:8:14 ", checks["P2P"][1])
    assert not rui3.same_value("869475000:9:1:0:8:14", checks["P2P"][1])
    assert rui3.same_value("0x3444", checks["SYNCWORD"][1])
    assert not rui3.same_value("1424", checks["SYNCWORD"][1])


@pytest.mark.parametrize(
    "wrong", [{"bandwidth_khz": 100}, {"coding_rate": 4}, {"sync_word": "34"}, {"sync_word": "zzzz"}]
)
def test_a_record_that_the_modem_cannot_keep_is_refused(wrong):
    """A wrong record is an error where it is written, not a modem that hears nobody."""
    with pytest.raises(ValueError, match=r"must be|is none"):
        rui3.setup_commands(PHY | wrong)


def test_frames_to_send():
    """One frame is one command, within what every firmware takes."""
    assert rui3.send_command(b"\xe0\x01") == "AT+PSEND=E001"
    for data in (b"", bytes(251)):
        with pytest.raises(ValueError, match=r"1\.\.250"):
            rui3.send_command(data)
