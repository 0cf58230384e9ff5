"""The first night of an outage, eight hours at four points, one of them by hand and one on its battery alone.

Exactly the alarms that belong to it, each once, at their time.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from first_night import OFFICER, START, Night
from nspgateway.facts import OwnFacts

ESTOP = ("generator_failed", "generator_not_ready", "emergency_stop")
OF_A_SET = ("generator_failed", "generator_not_ready", "power_lost")
UNPLUGGED = dict.fromkeys(
    ("q_generator", "q_tank", "generator_state", "generator_mode", "fuel_permille"),
)


def evening(night: Night) -> None:
    """18:00 to 19:30: the grid fails, a set does not start, points are opened."""
    for slug in "abc":
        night.report(slug, source="none", load_w=0 if slug == "c" else night.sites[slug].load_w)
    night.report("d", source="battery")
    night.until("18:00:10")
    night.own = OwnFacts(supply="battery", supply_min=30.0)
    night.until("18:00:15")
    night.report("a", source="generator")
    night.until("18:00:40")
    night.report("b", *ESTOP, generator_state="fault")
    night.until("18:01:05")
    night.report("b", *ESTOP, "power_lost")
    night.report("c", "power_lost")
    night.until("18:05")
    night.own = OwnFacts(supply="line")
    night.until("18:10")
    night.desk.acknowledge("kazerne-oost", "many_sites", OFFICER)
    night.until("18:25")
    for slug in "abcd":
        night.desk.set_deployment(slug, "activated", OFFICER)
    night.until("18:52")
    night.report("b", source="generator", generator_state="running")
    for alarm in OF_A_SET:
        night.clear("b", alarm)
    night.until("19:00")
    night.note("b runs")
    night.desk.acknowledge("b", "generator_failed", OFFICER)
    night.until("19:05")
    night.report("c", source="generator", load_w=1200)
    night.clear("c", "power_lost")
    night.until("19:06")
    night.desk.enter_fuel("c", "dip", 13.0, OFFICER)
    night.note("c by hand")
    for slug, at in (("a", "19:10"), ("d", "19:15"), ("b", "19:20"), ("c", "19:30")):
        night.until(at)
        night.desk.set_deployment(slug, "open", OFFICER)


def midnight(night: Night) -> None:
    """20:30 to 00:15: heaters, a plug that is pulled, the gateway is killed."""
    night.until("20:29")
    night.note("d before")
    night.until("20:30")
    night.report("d", load_w=1600)
    night.until("20:40")
    night.note("d after")
    night.until("21:00")
    night.report("b", load_w=3200)
    night.until("21:15")
    night.note("b low")
    night.until("22:10")
    night.note("a before")
    night.report("a", **UNPLUGGED)
    night.until("22:15")
    night.report("a", "device_lost", **UNPLUGGED)
    night.until("22:39")
    night.note("a unplugged")
    night.until("22:40")
    for name in UNPLUGGED:
        del night.sites["a"].more[name]
    night.report("a")
    night.clear("a", "device_lost")
    night.until("23:00")
    night.report("b", load_w=1800)
    night.until("23:30")
    night.note("b deadband")
    night.restart()
    night.until("00:20")
    night.note("c low")


def morning(night: Night) -> None:
    """00:25 to 02:00: a planned stop, and a disturbed radio in which a battery runs down."""
    night.until("00:25")
    night.desk.plan_stop("b", OFFICER, minutes=15)
    night.report("b", "generator_failed", "power_lost", source="none", load_w=0, generator_state="stopped")
    night.until("00:38")
    night.sites["b"].litres += 20
    night.report("b", source="generator", load_w=1800, generator_state="running")
    night.clear("b", "generator_failed")
    night.clear("b", "power_lost")
    night.until("01:05")
    night.note("b refuelled")
    night.is_jammed = True
    night.until("01:20")
    night.is_jammed = False
    night.until("02:00")


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    """The whole night, as it was lived."""
    lived = Night(tmp_path_factory.mktemp("night"))
    for part in (evening, midnight, morning):
        part(lived)
    return lived


def at(clock: str) -> datetime:
    """A moment of the night."""
    hour, minute = map(int, clock.split(":"))
    moment = START.replace(hour=hour, minute=minute)
    return moment + timedelta(days=moment < START)


def about(point: str, alarm: str) -> Callable[[Night], list[tuple[str, datetime]]]:
    """What people heard of one alarm, reminders left out."""
    return lambda night: [
        (n.action, n.at) for n in night.said if (n.point, n.id) == (point, alarm) and n.action != "remind"
    ]


def test_exactly_these_alarms_each_once(night: Night) -> None:
    """Protects people from alarms too many: what followed from something else was never told, nor anything twice."""
    assert [f"{n.point} {n.id}" for n in night.said if n.action == "raise"] == [
        "kazerne-oost many_sites",
        "kazerne-oost cp_power",
        "b generator_failed",
        "b fuel_low",
        "a device_lost",
        "c fuel_low",
        "kazerne-oost radio_jammed",
        "d battery_low",
    ]


@pytest.mark.parametrize(
    ("point", "alarm", "earliest", "latest"),
    [
        ("kazerne-oost", "many_sites", "18:00", "18:02"),
        ("kazerne-oost", "cp_power", "18:00", "18:01"),
        ("b", "generator_failed", "18:00", "18:01"),
        ("b", "fuel_low", "21:00", "21:15"),
        ("a", "device_lost", "22:15", "22:16"),
        ("c", "fuel_low", "00:00", "00:30"),
        ("kazerne-oost", "radio_jammed", "01:05", "01:08"),
        ("d", "battery_low", "01:00", "01:21"),
    ],
)
def test_each_at_its_time(night: Night, point: str, alarm: str, earliest: str, latest: str) -> None:
    """Protects from one that is told too late to be of use, or before it is true."""
    (raised,) = [moment for action, moment in about(point, alarm)(night) if action == "raise"]
    assert at(earliest) <= raised <= at(latest)


def test_what_was_told_once_ends_as_it_should(night: Night) -> None:
    """Protects the log: what people had to see waited for them, what nobody need see went by itself."""
    actions = {
        place: [action for action, _ in about(*place)(night) if action in {"return", "clear"}]
        for place in (("b", "generator_failed"), ("kazerne-oost", "cp_power"), ("a", "device_lost"))
    }
    assert list(actions.values()) == [["return", "clear"], ["clear"], ["clear"]]
    returned, seen = (moment for action, moment in about("b", "generator_failed")(night) if action != "raise")
    assert (returned, seen) == (at("18:52"), at("19:00"))
    shown = {f"{a.point} {a.id}" for a in night.box.ingest.overview().alarms}
    assert shown == {"kazerne-oost many_sites", "c fuel_low", "d battery_low"}


def test_hours_left_are_those_of_the_plant(night: Night) -> None:
    """Protects the figure that everything else leans on, within a quarter of an hour of the truth or its tank's step."""
    hours = {name: seen.hours for name, seen in night.notes.items()}
    assert hours["b runs"] == pytest.approx(14.5, abs=0.25)
    assert hours["c by hand"] == pytest.approx(13.2, abs=0.25)
    assert hours["d before"] == pytest.approx(17.5, abs=0.25)
    assert hours["d after"] == pytest.approx(8.7, abs=0.25)
    assert hours["b low"] == pytest.approx(7.6, abs=0.4)
    assert hours["b deadband"] == pytest.approx(8.1, abs=0.4)
    assert hours["c low"] == pytest.approx(8.0, abs=0.25)
    assert hours["b refuelled"] == pytest.approx(33.5, abs=1.0)


def test_a_pulled_plug_leaves_an_estimate_that_grows_wider(night: Night) -> None:
    """Protects from a tank that is forgotten: unknown as a reading, still reckoned with, and nothing alarms by it."""
    seen = night.notes["a unplugged"]
    assert seen.litres is None
    assert seen.hours is not None
    assert seen.width > 1.1 * night.notes["a before"].width


def test_the_refuel_list_follows(night: Night) -> None:
    """Protects logistics: at 21:15 the point that is short comes first, with its kind and litres; at 00:20 petrol too."""
    first = night.notes["b low"].refuel[0]
    assert (first.slug, first.fuel_kind) == ("b", "diesel")
    assert first.needed
    petrol = next(line for line in night.notes["c low"].refuel if line.slug == "c")
    assert (petrol.fuel_kind, petrol.source) == ("petrol", "by_hand")
    assert petrol.needed


def test_the_load_is_named_as_the_cause(night: Night) -> None:
    """Protects the right answer, which is to switch something off: heaters made the hours few; at the other point not."""
    told = {n.point: n.what for n in night.said if n.id == "fuel_low" and n.action == "raise"}
    assert "Dat komt door het verbruik: dat steeg tot 2 keer zoveel." in told["b"]["nl"]
    assert "The cause is the load: it rose to 2 times as much." in told["b"]["en"]
    assert "verbruik" not in told["c"]["nl"]


def test_nobody_is_told_to_start_a_set_that_is_not_there(night: Night) -> None:
    """Protects the team at a point with a battery alone from looking for a generator."""
    (low,) = [n for n in night.said if n.id == "battery_low" and n.action == "raise"]
    assert low.todo["nl"].startswith("Noodsteunpunt: zet apparaten uit. Technisch")


def test_what_was_poured_in_is_seen(night: Night) -> None:
    """Protects the report: 20 litres by the gauge, within its step."""
    (poured,) = night.notes["b refuelled"].refuels
    assert poured == pytest.approx(20.0, abs=1.0)


def test_the_jam_names_the_way_around_it(night: Night) -> None:
    """Protects who needs help in the jam: the line says which way is left, and how many are cut off."""
    (jam,) = [n for n in night.said if n.id == "radio_jammed" and n.action == "raise"]
    assert "reserveweg voor noodhulpmeldingen" in jam.todo["nl"]
    assert jam.what["nl"].endswith("Onze ontvanger werkt wel. Opzet is mogelijk.")
    assert "van de 4 punten komen niet door" in jam.what["nl"]


def test_at_most_three_lines_in_the_first_minute(night: Night) -> None:
    """Protects the operator at the worst moment."""
    first = [n for n in night.said if n.action == "raise" and n.at <= at("18:01")]
    assert 1 <= len(first) <= 3
