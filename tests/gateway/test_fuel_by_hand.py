"""Litres that people enter: they count, they are marked, they survive a restart, and nothing counts twice."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway_box import Box
from nspgateway import cells, hours
from nspgateway.desk import Desk, Refused
from nspgateway.facts import Facts
from nspgateway.i18n import load_languages
from nspgateway.people import By

OFFICER = By("post-1", "cp_medewerker", "page")
# What a kit without a generator controller says: the meter alone.
METER = {
    "fuel_permille": None,
    "generator_state": None,
    "generator_mode": None,
    "battery_permille": None,
    "load_w": 1200,
    "q_generator": "none",
    "q_battery": "none",
    "q_tank": "none",
}
PETROL: dict[str, Any] = {
    "tank_litres": 13.0,
    "dead_litres": 0.5,
    "fuel_kind": "petrol",
    "rated_w": 2400,
    "burn_idle_l_per_kwh": 0.35 / 2.4,
    "burn_l_per_kwh": 0.5,
    "sources": ("grid", "generator"),
    "devices": ("meter",),
    "deployment": "open",
}


class Night:
    """A box, its desk, and heartbeats every five minutes."""

    def __init__(self, folder: Path, **point: Any) -> None:
        self.box = Box(folder, first=point)
        self.counter = 0

    @property
    def desk(self) -> Desk:
        return Desk(self.box.ingest.situation, self.box.ingest.recorder, self.box.clock)

    def pass_by(self, hours: float, **values: Any) -> None:
        """Let so many hours of heartbeats come in."""
        for _ in range(round(12 * hours)):
            self.beat(**values)
            self.box.clock.move(300)

    def beat(self, **values: Any) -> None:
        self.counter += 1
        assert self.box.vital(self.counter, **values) == "accepted"

    def facts(self) -> Facts:
        situation = self.box.ingest.situation
        return situation.facts(situation.states["de-linde"], self.box.clock.now())


def test_a_set_without_a_gauge_lives_by_what_people_enter(tmp_path: Path) -> None:
    """Protects the portable petrol set: 13 l give 13.2 h, an hour later one less, marked, also after a restart."""
    night = Night(tmp_path, **PETROL)
    night.beat(**METER)
    assert night.facts().fuel is None
    night.desk.enter_fuel("de-linde", "dip", 13.0, OFFICER)
    found = night.facts()
    assert found.fuel is not None
    assert found.stock is not None
    assert (found.stock.source, found.fuel.reason) == ("by_hand", "by_hand")
    assert found.fuel.likely_h == pytest.approx(13.2, abs=0.1)
    night.pass_by(5, **METER)
    night.beat(**METER)
    before = night.facts()
    assert before.fuel is not None
    assert before.fuel.likely_h == pytest.approx(8.2, abs=0.2)
    assert before.fuel.low_h < 0.75 * before.fuel.likely_h < 1.25 * before.fuel.likely_h < before.fuel.high_h
    night.box.restart()
    assert night.facts().fuel == before.fuel
    assert night.facts().stock == before.stock


def test_litres_by_hand_raise_the_alarm_and_filling_up_ends_it(tmp_path: Path) -> None:
    """Protects whoever runs dry without a gauge: the alarm comes from entered litres, and goes with a refuelling."""
    night = Night(tmp_path, **PETROL)
    night.beat(**METER)
    night.desk.enter_fuel("de-linde", "dip", 4.0, OFFICER)
    for _ in range(2):
        night.box.clock.move(70)
        night.box.ingest.tick()
    assert "fuel_critical" in night.box.alarms()
    (text,) = [one for one in night.box.ingest.overview().alarms if one.id == "fuel_critical"]
    assert "Met de hand ingevoerd" in text.what["nl"]
    assert "naar schatting 9 liter benzine" in text.todo["nl"]
    night.desk.enter_fuel("de-linde", "refuel", 9.0, OFFICER)
    for _ in range(2):
        night.box.clock.move(605)
        night.beat(**METER)
        night.box.ingest.tick()
    assert "fuel_critical" not in night.box.alarms()
    said = [m for topic, m in night.box.outbox() if topic == "de-linde/state"][-1]
    assert said["fuel_source"] == "by_hand"
    assert said["fuel_age_s"] == 1210


def test_a_dip_overrides_the_gauge_for_half_a_day(tmp_path: Path) -> None:
    """Protects the person with the dipstick: their litres count, less what burns, and then the gauge again."""
    night = Night(tmp_path, deployment="open")
    night.pass_by(1, fuel_permille=800)
    night.desk.enter_fuel("de-linde", "dip", 20.0, OFFICER)
    night.pass_by(2, fuel_permille=780)
    night.beat(fuel_permille=780)
    found = night.facts()
    assert found.stock is not None
    assert found.stock.source == "by_hand"
    assert found.fuel_litres == pytest.approx(20 - 2 * 2.39, abs=0.3)
    night.box.clock.move(10 * 3600 + 60)
    night.counter += 1
    night.box.vital(night.counter, fuel_permille=700)
    later = night.facts()
    assert later.stock is not None
    assert later.stock.source == "gauge"
    assert later.fuel_litres == pytest.approx(28.0, abs=1.0)


def test_what_gauge_and_person_both_tell_counts_once(tmp_path: Path) -> None:
    """Protects the forecast from fuel that is not there: 12 l poured in are 12 l, whoever says so."""
    night = Night(tmp_path, deployment="open")
    night.pass_by(1, fuel_permille=400)
    night.desk.enter_fuel("de-linde", "dip", 16.0, OFFICER)
    night.pass_by(0.5, fuel_permille=400)
    night.desk.enter_fuel("de-linde", "refuel", 12.0, OFFICER)
    night.pass_by(1, fuel_permille=700)
    night.beat(fuel_permille=700)
    found = night.facts()
    assert [one.litres for one in found.refuels] == [pytest.approx(12, abs=2.5)]
    assert found.fuel_litres == pytest.approx(28.0 - 1.5 * 2.39, abs=0.5)


def test_a_refuelling_while_the_gauge_is_away_is_added_to_its_last_level(tmp_path: Path) -> None:
    """Protects the point whose cable is loose: what people pour in counts on from the last reading."""
    night = Night(tmp_path, deployment="open")
    night.pass_by(1, fuel_permille=400)
    lost = {"fuel_permille": None, "q_tank": None}
    night.pass_by(1, **lost)
    estimate = night.facts()
    assert estimate.stock is not None
    assert (estimate.stock.source, estimate.fuel_litres) == ("estimate", None)
    night.desk.enter_fuel("de-linde", "refuel", 20.0, OFFICER)
    found = night.facts()
    assert found.fuel_litres == pytest.approx(16.0 + 20.0 - 2.39 * 13 / 12, abs=0.4)


def test_a_standing_set_burns_nothing(tmp_path: Path) -> None:
    """Protects the reserve: hours on the grid take no litres from what was entered."""
    night = Night(tmp_path, **PETROL)
    night.beat(**METER, power_source="grid")
    night.desk.enter_fuel("de-linde", "dip", 10.0, OFFICER)
    night.pass_by(4, **METER, power_source="grid")
    assert night.facts().fuel_litres == 10.0


def test_litres_of_a_week_ago_say_nothing(tmp_path: Path) -> None:
    """Protects against old figures: after seven days what was entered is unknown."""
    night = Night(tmp_path, **PETROL)
    night.beat(**METER, power_source="grid")
    night.desk.enter_fuel("de-linde", "dip", 10.0, OFFICER)
    night.box.clock.move(7 * 86400 + 60)
    night.beat(**METER, power_source="grid")
    assert (night.facts().fuel_litres, night.facts().fuel) == (None, None)


def test_an_entry_for_an_hour_ago_counts_from_then(tmp_path: Path) -> None:
    """Protects the call that comes late: "13 litres at six" is an hour's burning less at seven, restart or not."""
    night = Night(tmp_path, **PETROL)
    night.pass_by(2, **METER)
    at = night.box.clock.now() - timedelta(minutes=62)
    night.desk.enter_fuel("de-linde", "dip", 13.0, OFFICER, at=at)
    litres = night.facts().fuel_litres
    assert litres == pytest.approx(13.0 - 0.95 * 62 / 60, abs=0.01)
    night.box.restart()
    assert night.facts().fuel_litres == litres


def test_impossible_litres_are_refused_in_words(tmp_path: Path) -> None:
    """Protects against slips of the finger: each refusal says what can be, and nothing is written."""
    night = Night(tmp_path)
    desk, now = night.desk, night.box.clock.now()
    for litres, why in (
        (41.0, "the tank holds no more"),
        (-1.0, "from 0 to 40"),
        (float("nan"), "cannot be"),
    ):
        with pytest.raises(Refused, match=why):
            desk.enter_fuel("de-linde", "dip", litres, OFFICER)
    with pytest.raises(Refused, match="future"):
        desk.enter_fuel("de-linde", "dip", 10.0, OFFICER, at=now + timedelta(minutes=5))
    with pytest.raises(Refused, match="too long ago: enter what is in the tank"):
        desk.enter_fuel("de-linde", "dip", 10.0, OFFICER, at=now - timedelta(hours=25))
    with pytest.raises(Refused, match="0 litres is none"):
        desk.enter_fuel("de-linde", "refuel", 0.0, OFFICER)
    with pytest.raises(Refused, match="has passed"):
        desk.plan_delivery("de-linde", 100.0, now - timedelta(hours=1), OFFICER)
    with pytest.raises(Refused, match="No delivery 7"):
        desk.deliver(7, 10.0, OFFICER)
    assert night.box.store.actions() == []


def test_a_delivery_is_planned_delivered_or_cancelled(tmp_path: Path) -> None:
    """Protects the list of what is on its way, also over a restart; what is done cannot be done again."""
    night = Night(tmp_path)
    due = night.box.clock.now() + timedelta(hours=3)
    first = night.desk.plan_delivery("de-linde", 100.0, due, OFFICER)
    second = night.desk.plan_delivery("de-linde", 50.0, due, OFFICER)
    night.box.restart()
    assert set(night.box.ingest.situation.standings["de-linde"].deliveries) == {first, second}
    night.desk.deliver(first, 96.0, OFFICER)
    night.desk.cancel_delivery(second, OFFICER)
    with pytest.raises(Refused, match="there are: none"):
        night.desk.deliver(first, 96.0, OFFICER)
    night.box.restart()
    stands = night.box.ingest.situation.standings["de-linde"]
    assert (dict(stands.deliveries), stands.delivered) == ({}, (96.0, night.box.clock.now()))


def test_the_page_marks_litres_by_hand(tmp_path: Path) -> None:
    """Protects who reads the page: litres that a person said are called so, with their hour, also in the forecast."""
    night = Night(tmp_path, **PETROL)
    night.beat(**METER)
    night.desk.enter_fuel("de-linde", "dip", 13.0, OFFICER)
    point = next(one for one in night.box.ingest.overview().points if one.slug == "de-linde")
    assert (point.fuel_source, point.fuel_at) == ("by_hand", night.box.clock.now())
    assert point.half_load_h is not None
    assert point.lights_out is not None
    assert point.lights_out.word == "runs_down"
    lang = load_languages()["nl"]
    fuel, left = (
        cells.fuel(lang, point, night.box.clock.now()),
        hours.cell(lang, point, night.box.clock.now()),
    )
    assert fuel.text == "13 l benzine"
    assert fuel.lines == ("met de hand ingevoerd, min het verbruik sindsdien",)
    assert left.age.startswith("brandstof, met de hand ingevoerd (18:00)")
    assert night.box.ingest.refuel_list().lines[0].source == "by_hand"


def test_a_dip_still_counts_when_the_gauge_fails_after_it(tmp_path: Path) -> None:
    """Protects the person with the dipstick: a cable that breaks does not bring the gauge's old word back."""
    night = Night(tmp_path, deployment="open")
    night.pass_by(1, fuel_permille=800)
    night.desk.enter_fuel("de-linde", "dip", 20.0, OFFICER)
    night.beat(fuel_permille=800)
    night.box.clock.move(300)
    night.pass_by(1, fuel_permille=None, q_tank=None)
    found = night.facts().stock
    assert found is not None
    assert found.source == "by_hand"
    assert found.litres == pytest.approx(20.0 - 2.39 * 13 / 12, abs=0.3)


def test_half_a_day_of_silence_leaves_nothing_known(tmp_path: Path) -> None:
    """Protects against certainty: a set that was last heard running may be dry or may have been stopped."""
    night = Night(tmp_path, **PETROL)
    night.beat(**METER)
    night.desk.enter_fuel("de-linde", "dip", 13.0, OFFICER)
    night.box.clock.move(3 * 3600)
    waiting = night.facts()
    assert waiting.fuel is not None
    assert waiting.fuel.low_h < 9
    assert waiting.fuel.high_h > 13
    night.box.clock.move(10 * 3600)
    assert (night.facts().fuel_litres, night.facts().fuel) == (None, None)
