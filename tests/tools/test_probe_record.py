"""The commissioning check: a person at a real terminal compares, signs, and gets two files."""

from __future__ import annotations

import asyncio
import json
import os
import re
from fractions import Fraction

import pytest

from again import tried_again
from nsp import command
from nsptools.benchmark.rig import make_kit
from nsptools.probe import checking, readout, record
from nsptools.probe.port import Line
from nsptools.probe.readout import Reading
from patience import PATIENCE_S
from probe_bench import tapped

QUESTION = re.compile(r"(\] |: )$")


class Technician:
    """A person at a terminal of their own: reads a question, types an answer."""

    def __init__(self, process, screen):
        self.process = process
        self._screen = screen
        self.seen = ""
        self._new = ""

    @classmethod
    async def start(cls, *arguments):
        # As a person's: with echo and line editing, which the bench's own pairs have not.
        screen, terminal = os.openpty()
        os.set_blocking(screen, False)
        process = await asyncio.create_subprocess_exec(
            *command("probe", *arguments),
            **dict.fromkeys(("stdin", "stdout", "stderr"), terminal),
        )
        os.close(terminal)
        return cls(process, screen)

    async def question(self):
        """The last line when it waits for an answer; empty when the command has ended."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    text = os.read(self._screen, 4096).decode()
                    self.seen += text
                    self._new += text
                    continue
                except BlockingIOError:
                    pass
                except OSError:  # the command has closed its side
                    await self.process.wait()
                line = self._new.rpartition("\n")[2]
                if QUESTION.search(line):
                    self._new = ""
                    return line
                if self.process.returncode is not None:
                    return ""
                await asyncio.sleep(0.01)

    def type(self, answer):
        os.write(self._screen, f"{answer}\n".encode())

    async def answer_all(self, answers):
        """Answer by what a question begins with; "y" to everything else. Gives the exit code."""
        while question := await self.question():
            self.type(next((answers[start] for start in answers if question.startswith(start)), "y"))
        os.close(self._screen)
        return await self.process.wait()


async def check(site, answers, *arguments):
    """A check with these answers: exit code and what was seen."""
    person = await Technician.start("--port", site.bus_path, "--point", "De Linde", *arguments)
    code = await person.answer_all({"Technician": "J. de Boer", "To sign": "j. de boer"} | answers)
    return code, person.seen


@tried_again
async def test_everything_matches_and_is_signed(tmp_path):
    """All answered, all the same, signed by name: exit code 0 and a record that holds the whole check."""
    file = tmp_path / "de-linde.json"
    async with tapped() as site:
        volts = f"{site.plant.house_v():.0f} V"
        of_meter = ("--model", "sdm630", "--units", 2, "--baud", 19200)
        code, seen = await check(site, {"voltage": volts}, "--record", file, *of_meter)
    assert code == 0, seen
    made = json.loads(file.read_text())
    assert (made["point"], made["technician"]) == ("De Linde", "J. de Boer")
    assert (made["signed"], made["passed"]) == (True, True)
    (meter,) = made["devices"]
    assert (meter["model"], meter["address"], meter["line"]) == ("sdm630", 2, "19200 8N1")
    assert len(meter["tables_sha256"]) == 64
    item = next(item for item in meter["items"] if item["quantity"] == "meter_v")
    assert (item["shown"], item["answer"], item["panel"]) == (volts, "match", volts)
    assert item["register"] == "FC4 0 (0x0000) f32"
    assert record.is_unchanged(file.read_text())
    assert not record.is_unchanged(file.read_text().replace("De Linde", "De Ark"))
    paper = file.with_suffix(".txt").read_text()
    assert "Result:      PASSED" in paper
    assert made["sha256"] in paper
    assert "Signed:      by J. de Boer" in paper


@tried_again
async def test_a_difference_a_dead_device_and_no_signature(tmp_path):
    """What differs is kept with the panel's own value, a dead device fails the check, Enter signs nothing."""
    folder, file, found = make_kit(tmp_path).folder, tmp_path / "de-linde.json", tmp_path / "found.json"
    settings = json.loads((folder / "settings.json").read_text())
    settings["devices"] = [one for one in settings["devices"] if one["name"] != "generator"]
    (folder / "settings.json").write_text(json.dumps(settings))
    async with tapped() as site:
        site.set("battery.mute", 1)
        code, seen = await check(
            site,
            {"load": "99", "frequency": "-", "To sign": ""},
            *("--settings", folder, "--record", file, "--json", found),
        )
    assert code == 1, seen
    assert "battery (seplos_v3, address 1, 19200 8N1): dead, nothing to compare" in seen
    assert [one["answers"] for one in json.loads(found.read_text())["devices"]] == [False, True]
    made = json.loads(file.read_text())
    assert (made["passed"], made["signed"], made["kit_address"]) == (False, False, settings["address"])
    battery, meter = made["devices"]
    answers = {item["quantity"]: (item["answer"], item["panel"]) for item in meter["items"]}
    assert answers["load_w"] == ("differs", "99")
    assert answers["meter_v"] == ("match", "")
    assert answers["meter_dhz"] == ("not compared", "")
    assert (battery["answers"], battery["items"]) == (False, [])
    paper = file.with_suffix(".txt").read_text()
    assert "(panel: 99)" in paper
    assert "DEAD: no answer" in paper
    assert "Signed:      NO" in paper


def test_alarms_are_one_question():
    """Twelve alarm bits are compared at one glance, those that are on by name; a value is read anew first."""
    readings = [
        reading(470, "0.1 %"),
        reading(0, "", "alarm_warning"),
        reading(1, "", "alarm_fuel_low"),
        reading(None, "", "alarm_trip"),
        reading(1, "", "_bit"),
    ]
    fresh = {one.quantity: one for one in readings} | {"fuel_permille": reading(460, "0.1 %")}
    answers, asked = iter(["", "y", "n", "low fuel and warning"]), []

    def ask(question):
        asked.append(question)
        return next(answers)

    dev = readout.target("generator", "dse7320mk2", 10, Line(19200))
    fuel, alarms = checking.compare(
        dev, readings, lambda names: [fresh[name] for name in names], ask, lambda _line: None
    )
    assert (fuel.shown, fuel.answer) == ("46.0 %", record.MATCH)
    assert asked[2] == "alarms on: fuel low; not available: trip. The same on the panel? [y/n/-] "
    assert (alarms.answer, alarms.panel) == (record.DIFFERS, "low fuel and warning")


def reading(value, unit, quantity="fuel_permille"):
    return Reading(quantity, value, "", "FC3 1027", (0,), unit, "%", unverified=False)


@pytest.mark.parametrize(
    ("value", "unit", "step", "typed", "answer"),
    [
        (470, "0.1 %", 10, "47", record.MATCH),
        (470, "0.1 %", 10, "46.5 %", record.MATCH),
        (470, "0.1 %", 10, "49", record.DIFFERS),
        (142, "0.1 V", 1, "14,2", record.MATCH),
        (142, "0.1 V", 1, "1.42", record.DIFFERS),
        (7669, "W", 1, "7600", record.MATCH),
        (7669, "W", 1, "7.6", record.DIFFERS),
        (0, "W", 1, "0", record.MATCH),
        (470, "0.1 %", 10, "full", None),
        (470, "0.1 %", 10, "nan", None),
        (470, "0.1 %", 10, "", None),
        ("running", "", 1, "Running", record.MATCH),
        ("running", "", 1, "stopped", record.DIFFERS),
    ],
)
def test_a_typed_value_is_judged(value, unit, step, typed, answer):
    """One step of the register or 2 % is the same value; a factor ten, which a wrong table gives, is not."""
    assert checking.judge(reading(value, unit), typed, Fraction(step)) == answer


def test_nothing_is_overwritten(tmp_path, capsys, monkeypatch):
    """A record that exists is kept, and that is said before the first question."""
    from nsptools import cli
    from nsptools.probe import sign

    monkeypatch.setattr(sign, "require_terminal", lambda: None)
    file = tmp_path / "r.json"
    file.write_text("{}")
    assert cli.main(["probe", "--port", "x", "--record", str(file)]) == 2
    assert "exists already: records are kept" in capsys.readouterr().err
