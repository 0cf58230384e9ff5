"""`nsp probe` on real pseudo-terminals: who is there, what they say, and what is wrong with the wire."""

from __future__ import annotations

import os
import struct

import pytest

from again import tried_again
from nsptools import cli
from nsptools.bench import catalogue, one_device
from nsptools.benchmark.rig import make_kit
from nsptools.probe import fingerprints, port, readout, run, scan, show, signs, wording
from nsptools.probe.errors import NotARead, PortError
from nsptools.probe.port import Line
from nsptools.probe.wire import Wire
from probe_bench import UNITS, beside, found, repeated, tapped
from rtu_asker import checksum

AT_19200 = (Line(19200),)
TWO_SPEEDS = (Line(9600), Line(19200))
KIT_ASKS = bytes.fromhex("0A 03 04 03 00 01 74 41")  # fuel, as a kit asks for it


def only_reads(bursts):
    """Whether these bytes are whole read requests and nothing else; judged without the kit's code."""
    stream = b"".join(bursts)
    frames = [stream[at : at + 8] for at in range(0, len(stream), 8)]
    return all(
        len(frame) == 8 and frame[1] in (1, 2, 3, 4) and checksum(frame[:6]) == frame[6:] for frame in frames
    )


def value(device, quantity):
    return next(one for one in device["readings"] if one["quantity"] == quantity)


@tried_again
async def test_three_devices_one_dead(tmp_path):
    """With a kit's settings: two are read register by register, the dead one is named, nothing is made up."""
    devices, address = run.from_settings(make_kit(tmp_path).folder / "settings.json", None)
    async with tapped() as site:
        site.set("battery.mute", 1)
        site.set("generator.fuel_percent", 47)
        site.set("generator.starter_dv", "sentinel")
        findings, said = await found(site.bus_path, expected=devices, kit_address=address)
        assert only_reads(site.sent)
    assert not findings.complete
    assert "battery (seplos_v3, address 1, 19200 8N1): DEAD, no answer" in said
    assert show.summary(findings.readouts, [])[0] == "Result: 2 of 3 devices answer."
    assert "while the other devices answer: cable and adapter are in order" in findings.verdicts[0]
    generator, battery, meter = run.to_json(findings)["devices"]
    fuel = value(generator, "fuel_permille")
    assert (fuel["value"], fuel["words"], fuel["register"]) == (470, (47,), "FC3 1027 (0x0403) u16")
    starter = value(generator, "starter_dv")
    assert (starter["value"], starter["words"]) == (None, (0xFFFF,))
    assert starter["why"] == "the device's own code for it"
    assert not battery["answers"]
    assert {one["value"] for one in battery["readings"]} == {None}
    assert meter["answers"]
    assert generator["tables_sha256"] == readout.tables_hash("dse7320mk2")


@tried_again
async def test_found_without_knowing_anything():
    """Speed, addresses and models are found by asking; at the wrong speed nobody answers."""
    async with tapped() as site:
        site.only_at(19200)
        site.set("battery.mute", 1)
        findings, said = await found(site.bus_path, lines=TWO_SPEEDS, units=(10, 2))
        assert only_reads(site.sent)
    assert findings.complete
    assert [(one.unit, one.model, str(one.line)) for one in findings.readouts] == [
        (10, "dse7320mk2", "19200 8N1"),
        (2, "sdm630", "19200 8N1"),
    ]
    assert "  address 10: DSE generator controller, 73xx/74xx MkII" in said
    assert "  address 2: looks like Eastron SDM630 three-phase meter, not certain" in said


@tried_again
async def test_swapped_wires():
    """Garbage that comes in time, at every speed, points to A and B; no value comes of it."""
    async with tapped() as site:
        site.line.inject(lambda burst, _random: (0.0, bytes(byte ^ 0xFF for byte in burst)))
        findings, _ = await found(site.bus_path, lines=TWO_SPEEDS, units=UNITS)
    assert not findings.readouts
    (said,) = findings.verdicts
    assert said.startswith(
        "Swapped wires: answers come in time, but unreadable, after questions to addresses 1, 2, 10"
    )


@tried_again
async def test_garbage_at_one_speed_is_a_speed():
    """Garbage at some speeds only does not send a technician to the wires first."""
    async with tapped() as site:
        site.set("bus.fault", "crc")
        slow = [Line(9600)]
        site.line.inject(lambda burst, _r: (0.0, b"" if site.adapter_baud == 13 else burst), "reply")
        findings, _ = await found(site.bus_path, lines=(*slow, Line(19200)), units=(2,))
    (said,) = findings.verdicts
    assert said.startswith("Wrong speed or parity: ")
    assert "at 19200 8N1. " in said


@tried_again
async def test_noise_on_an_idle_line():
    """Bytes while nobody talks are told as missing bias; what is read all the same is right."""
    async with tapped() as site, repeated(lambda: site.hiss(b"\x00\xf7"), 0.05):
        findings, _ = await found(
            site.bus_path, expected=run.of_model("sdm630", [2], AT_19200), lines=AT_19200
        )
        volts = next(one.value for one in findings.readouts[0].readings if one.quantity == "meter_v")
        assert volts in (None, round(site.plant.house_v()))
    assert findings.verdicts[0].startswith("Noise: ")
    assert "bias resistors" in findings.verdicts[0]


@tried_again
async def test_silence():
    """Nothing at all is told as such, with what to look at, in order."""
    async with tapped() as site:
        site.set("bus.fault", "silence")
        findings, _ = await found(site.bus_path, lines=(Line(9600), Line(4800)), units=(10,))
    assert not findings.complete
    (said,) = findings.verdicts
    assert said.startswith(
        "Silence: nothing came back at 9600 8N1, 4800 8N1. In this order: is the device on;"
    )


@tried_again
async def test_another_master_is_left_alone():
    """A kit that is still connected is heard before the first question, and the probe does not talk through it."""
    async with tapped() as site, repeated(lambda: site.hiss(KIT_ASKS), 0.03):
        findings, _ = await found(site.bus_path, lines=AT_19200, units=UNITS)
        assert site.sent == []
    assert findings.verdicts[0].startswith("Another master is asking on this bus")


async def slow_generator(wire, say):
    """Find it, lose one answer because it is late, and ask again."""
    (slow,) = await scan.scan(wire, (Line(9600), Line(4800)), (10,), say)
    dev = readout.target("generator", slow.models[0].model, slow.unit, slow.line)
    dev.model.timeout_ms, dev.model.late_ms = 100, 400
    (lost,) = await readout.reread(wire, dev, ["fuel_permille"])
    dev.model.timeout_ms = 1000
    (fuel,) = await readout.reread(wire, dev, ["fuel_permille"])
    return lost, fuel


@tried_again
async def test_late_answers_are_never_anothers_value():
    """A slow device is still found, and an answer that comes too late is not taken for the next question's."""
    async with tapped() as site:
        site.set("generator.fuel_percent", 47)
        site.line.inject(lambda burst, _random: (0.25, burst))
        said, opened = [], port.Port(site.bus_path, Line(9600))
        try:
            lost, fuel = await beside(slow_generator(Wire(opened), said.append))
        finally:
            opened.close()
    assert said[-1] == "  address 10, slow: DSE generator controller, 73xx/74xx MkII"
    assert (lost.value, lost.why, lost.words) == (None, "no answer", ())
    assert fuel.value == 470


KNOWN = list(dict.fromkeys(one.model for one in fingerprints.FINGERPRINTS))


def alike(model):
    """Models that no read tells apart from this one."""
    return {"sdm120", "sdm220"} if model in ("sdm120", "sdm220") else {model}


@pytest.mark.parametrize("model", KNOWN)
@tried_again
async def test_models_are_recognised(model):
    """Each model is told from all the others by reads alone, and so is what cannot be told apart."""
    setup = one_device.Setup(model=model, baud=115_200, speed=0.0)
    async with one_device.running(setup) as device:
        site, sent = device.site, []
        site.line.inject(lambda burst, _random: (sent.append(burst), (0.0, burst))[1], "request")
        if model == "jk_pb":
            site.set("battery.warm", 1)
            site.set("battery.loss_permille", 0)
        site.plant.step(60.0)
        entry = catalogue.entry(model)
        unit = entry.unit
        site.set(f"{entry.owner}.reply_ms", 0)
        opened = port.Port(site.bus_path, Line(115_200))
        try:
            one = await beside(scan.recognise(Wire(opened), Line(115_200), unit))
        finally:
            opened.close()
        assert only_reads(sent)
    assert {match.model for match in one.models} == alike(model), one
    assert one.sure == ("recognised" if fingerprints.BY_MODEL[model].certain else "looks like")


def test_the_adapter_lets_nothing_but_reads_pass():
    """Whatever is wrong elsewhere in the probe: writes, odd lengths and wrong sums do not leave this computer."""
    master, slave = os.openpty()
    opened = port.Port(os.ttyname(slave), Line(19200))
    try:
        for function in [*range(5, 128), 0]:
            frame = struct.pack(">BBHH", 10, function, 4104, 1)
            with pytest.raises(NotARead):
                opened.write(frame + checksum(frame))
        for frame in (KIT_ASKS[:-1], KIT_ASKS + b"\0", KIT_ASKS[:-1] + b"\0", b"", bytes(8)):
            with pytest.raises(NotARead):
                opened.write(frame)
        os.set_blocking(master, False)
        with pytest.raises(BlockingIOError):
            os.read(master, 1)
        assert opened.write(KIT_ASKS) == 8
        assert os.read(master, 64) == KIT_ASKS
    finally:
        opened.close()
        os.close(master)
        os.close(slave)


def test_an_echo_is_not_garbage():
    """An adapter that hears itself is told as that, and not as swapped wires."""
    tally = signs.Tally(lines=["9600 8N1"])
    signs.note(tally, "9600 8N1", KIT_ASKS, KIT_ASKS, answered=False)
    assert (tally.echoes, tally.silent, tally.garbled, tally.masters) == (1, 1, {}, 0)
    assert "echo" in signs.verdict(tally, found=0)[0]


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (124, "0.1 V", ("12.4", "V")),
        (-5, "0.1 A", ("-0.5", "A")),
        (5312, "0.01 V", ("53.12", "V")),
        (7, "0.01 V", ("0.07", "V")),
        (188, "", ("188", "")),
        (-3, "degC", ("-3", "°C")),
    ],
)
def test_numbers_as_a_panel_shows_them(value, unit, said):
    """A technician compares 12.4 V with the panel, not 124."""
    assert wording.number(value, unit) == said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--port", "/dev/ttyNOT0"), "/dev/ttyNOT0 does not exist: is the adapter plugged in?"),
        (("--port", "/dev/null"), "/dev/null cannot be opened as a serial port"),
        (("--port", "x", "--units", "0-9"), "addresses are 1 to 247"),
        (("--port", "x", "--units", "ten"), "expected addresses such as 1-20"),
        (("--port", "x", "--model", "dse"), "no register table for model 'dse'; there are "),
        (("--port", "x", "--settings", "nowhere"), "expected a file named settings.json"),
        (("--port", "x", "--bus", "1"), "--bus goes with --settings"),
        (("--port", "x", "--record", "r.json"), "needs a person at a terminal"),
    ],
)
def test_wrong_calls_get_one_line(arguments, said, capsys):
    """What a technician can mend is said in one line, without a traceback, and ends with 2."""
    assert cli.main(["probe", *arguments]) == 2
    printed = capsys.readouterr()
    assert said in printed.err
    assert printed.err.count("\n") == 1
    assert "Asking" not in printed.out


def test_a_port_in_use_or_pulled_out():
    """Another program on the port, and an adapter that goes away, are named as such."""
    master, slave = os.openpty()
    path = os.ttyname(slave)
    first = port.Port(path, Line(9600))
    with pytest.raises(PortError, match="is in use by another program"):
        port.Port(path, Line(9600))
    os.close(master)
    os.close(slave)
    with pytest.raises(PortError, match="is gone: was the adapter pulled out"):
        first.write(KIT_ASKS)
    first.close()
    assert "dialout" in port._why(path, PermissionError(13, "Permission denied"))
