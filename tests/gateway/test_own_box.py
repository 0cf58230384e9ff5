"""Alarms of the coordinating point itself: raised and ended by what is known, first on the page, in both languages."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from gateway_box import T0, Box
from nspgateway import bars, i18n, nut, present
from nspgateway.clock_step import Step
from nspgateway.config_parts import UpsConfig
from nspgateway.facts import OwnFacts
from nspgateway.records import Held
from nspgateway.state import PointState
from nspgateway.ups import Ups
from point_facts import make_point

LANGUAGES = i18n.load_languages()


class Rig:
    """A gateway whose own facts the test says."""

    def __init__(self, folder: Path) -> None:
        self.box = Box(folder)
        self.facts = OwnFacts()
        self.box.ingest.situation.own = lambda _now: self.facts

    def pass_time(self, seconds: int, facts: OwnFacts | None = None) -> None:
        self.facts = self.facts if facts is None else facts
        for _ in range(seconds):
            self.box.clock.move(1)
            self.box.ingest.tick()

    def text(self, alarm: str, language: str = "nl") -> str:
        (found,) = [one for one in self.box.ingest.overview().alarms if one.id == alarm]
        return found.what[language]


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """A gateway of which nothing is watched yet."""
    return Rig(tmp_path)


def test_nothing_watched_says_nothing(rig: Rig) -> None:
    """Protects a box without a UPS from alarms about one."""
    rig.pass_time(700)
    assert rig.box.alarms() == set()
    page = present.page(rig.box.ingest.overview(), LANGUAGES["nl"])
    assert not {"supply", "clock", "disk"} & {fact.id for fact in page.system}


def test_on_battery_is_told_within_15_seconds_and_first(tmp_path: Path) -> None:
    """Protects the room: from the UPS's word to the first line of the page, with minutes that count down."""
    box = Box(tmp_path, deployment="open")
    box.vital(1, alarms=1)
    ups = Ups(UpsConfig(name="ups"), box.clock)
    box.ingest.situation.own = lambda now: ups.into(OwnFacts(), now)
    told: list[str] = []
    said = "OL"
    for second in range(200):
        if second == 100:
            said = "OB DISCHRG"
        if second % 5 == 3:
            ups.take(nut.told(said, "1260"))
        box.clock.move(1)
        box.ingest.tick()
        if "cp_power" in box.alarms():
            told.append(box.ingest.overview().alarms[0].id)
            if len(told) == 1:
                assert second - 100 < 15
    assert set(told) == {"cp_power"}
    overview = box.ingest.overview()
    assert overview.alarms[0].what["nl"].startswith("Nog ongeveer 20 minuten. Daarna ziet u niets meer")
    assert overview.alarms[0].what["en"].startswith("About 20 minutes left. Then no screen")
    assert (
        bars.bars(LANGUAGES["nl"], overview)[0].text == "Ons coördinatiepunt draait op de accu: nog 20 min."
    )
    page = present.page(overview, LANGUAGES["en"])
    (fact,) = [one for one in page.system if one.id == "supply"]
    assert (fact.text, fact.level) == ("battery, mains has failed", "critical")


def test_a_short_test_of_the_battery_is_no_alarm(rig: Rig) -> None:
    """Protects against crying wolf: a UPS that tests itself for a moment is no power cut."""
    rig.pass_time(3, OwnFacts(supply="battery", supply_min=30.0))
    rig.pass_time(60, OwnFacts(supply="line"))
    assert rig.box.alarms() == set()


def test_unknown_ends_no_alarm_and_is_itself_said(rig: Rig) -> None:
    """Protects the room from a cable that comes loose: silence of the UPS is neither mains nor nothing."""
    rig.pass_time(10, OwnFacts(supply="battery", supply_min=9.0))
    rig.pass_time(400, OwnFacts(supply="unknown", supply_min=2.0, supply_since=rig.box.clock.now()))
    assert rig.box.alarms() == {"cp_power"}
    assert "nu is dit onbekend" in rig.text("cp_power")
    assert rig.text("cp_power").startswith("Nog ongeveer 2 minuten.")
    rig.pass_time(40, OwnFacts(supply="line"))
    assert rig.box.alarms() == set()
    rig.pass_time(299, OwnFacts(supply="unknown", supply_since=T0))
    assert rig.box.alarms() == set()
    rig.pass_time(5)
    assert rig.box.alarms() == {"cp_power_unknown"}
    assert "onbekend sinds 18:00" in rig.text("cp_power_unknown")
    rig.pass_time(10, OwnFacts(supply="battery"))
    assert rig.box.alarms() == {"cp_power"}, "what is known now explains it"
    assert rig.text("cp_power", "en").startswith("How long is unknown.")


@pytest.mark.parametrize(
    ("facts", "dutch", "english"),
    [
        (
            OwnFacts(clock_trusted=False),
            "Of de klok van ons coördinatiepunt goed staat, is onbekend.",
            "unknown",
        ),
        (OwnFacts(clock_trusted=True, clock_off_s=7300.0), "staat 2 uur voor.", "2 hours fast."),
        (OwnFacts(clock_trusted=True, clock_off_s=-61.0), "staat 1 minuut achter.", "1 minute slow."),
        (OwnFacts(clock_trusted=True, clock_off_s=-3e5), "staat 3 dagen achter.", "3 days slow."),
    ],
)
def test_a_bad_clock_is_told_with_its_error(rig: Rig, facts: OwnFacts, dutch: str, english: str) -> None:
    """Protects the log: who reads its times knows by how much they may be wrong, and which way."""
    rig.pass_time(70, facts)
    assert rig.box.alarms() == {"clock_bad"}
    assert dutch in rig.text("clock_bad")
    assert english in rig.text("clock_bad", "en")
    rig.pass_time(5, OwnFacts(clock_trusted=True, clock_off_s=30.0))
    assert rig.box.alarms() == set()


def test_a_used_emergency_code_is_told_until_there_is_a_new_one(rig: Rig) -> None:
    """Protects from who opened the envelope unseen: it is an alarm, with the hour, for as long as the code is used up."""
    used = OwnFacts(emergency_used_at=rig.box.clock.now())
    clock = LANGUAGES["nl"].clock(rig.box.clock.now())
    rig.pass_time(2, used)
    assert f"Iemand kwam om {clock} binnen met de noodcode." in rig.text("emergency_code_used")
    rig.pass_time(3600, used)
    assert rig.box.alarms() == {"emergency_code_used"}
    rig.pass_time(5, OwnFacts())
    assert rig.box.alarms() == set()


def test_a_disk_that_fills_up_is_told(rig: Rig) -> None:
    """Protects history: what is given up and what to do is said while there still is room."""
    rig.pass_time(2, OwnFacts(disk="low", disk_free_mb=120.4))
    assert rig.text("disk_low").startswith("De schijf is bijna vol: nog 120 MB vrij.")
    rig.pass_time(2, OwnFacts(disk="full", disk_free_mb=0.0))
    assert rig.text("disk_low", "en").startswith("The disk is full. New readings are not kept here.")
    page = present.page(rig.box.ingest.overview(), LANGUAGES["nl"])
    assert [(one.text, one.level) for one in page.system if one.id == "disk"] == [
        ("vol, nieuwe metingen worden niet bewaard", "critical")
    ]
    rig.pass_time(70, OwnFacts())
    assert rig.box.alarms() == set()


@given(
    st.lists(st.integers(-7200, 7200), max_size=20),
    st.integers(-100_000, 100_000),
)
def test_a_step_keeps_every_age_of_this_run(stamps: list[int], by_s: int) -> None:
    """Protects every age: what was stamped since the start moves with the clock, what is older or ahead does not."""
    at, delta = T0, timedelta(seconds=by_s)
    step = Step(delta, at - timedelta(hours=1), at)
    held = {str(n): Held(n, "good", at + timedelta(seconds=stamp)) for n, stamp in enumerate(stamps)}
    before = PointState(make_point(), held)
    after = step.moved(before)
    for name, old in held.items():
        new = after.held[name].good_at
        assert new is not None
        assert old.good_at is not None
        ours = step.since <= old.good_at <= at
        assert new == (old.good_at + delta if ours else old.good_at)
        if ours:
            assert step.to - new == at - old.good_at
    assert structs.replace(after, held=before.held) == before


@pytest.mark.parametrize(("code", "words"), [("nl", ["net", "onbekend"]), ("en", ["mains", "unknown"])])
def test_every_supply_has_its_word(rig: Rig, code: str, words: list[str]) -> None:
    """Protects the page: what the UPS can say has a word in each language."""
    found = []
    for supply in ("line", "unknown"):
        rig.facts = replace(rig.facts, supply=supply)
        page = present.page(rig.box.ingest.overview(), LANGUAGES[code])
        found += [fact.text for fact in page.system if fact.id == "supply"]
    assert found == words
