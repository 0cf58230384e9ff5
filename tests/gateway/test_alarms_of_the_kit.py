"""Alarms that the kit raises: what ends them, what does not, and since when they count."""

from datetime import timedelta

import pytest
from msgspec import ValidationError, structs
from msgspec.structs import replace

from alarm_room import Room, bits, tank
from nspgateway import alarms
from nspgateway.view import Reading
from point_facts import NOON, good, make_facts

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(("deployment", "priority"), [("open", "critical"), ("closed", "high")])
def test_generator_failed_is_critical_at_an_open_point(deployment: str, priority: str) -> None:
    """Protects the priorities: the same failure is critical only where people are."""
    room = Room()
    assert room.see(bits(NOON, "generator_failed", deployment=deployment)) == ["raise generator_failed"]
    assert room.kept["generator_failed"].priority == priority
    said = room.see(bits(NOON + MINUTE, "generator_failed", deployment="open"))
    assert said == ([] if deployment == "open" else ["update generator_failed"])
    assert room.kept["generator_failed"].priority == "critical"


def test_a_heartbeat_does_not_end_what_the_kit_raised() -> None:
    """Protects against a forged all-clear: returned is shown as not confirmed until a person says so."""
    room = Room()
    room.see(bits(NOON, "power_lost"))
    assert room.see_all(bits(NOON + n * MINUTE) for n in range(1, 3)) == ["return power_lost"]
    returned = room.kept["power_lost"]
    assert (returned.state, returned.note) == ("returned_unacknowledged", "returned_unconfirmed")
    assert room.see_all(bits(NOON + n * MINUTE) for n in range(3, 90)) == []
    assert room.see_all(bits(NOON + n * MINUTE, known=False) for n in range(90, 95)) == []
    assert room.see(bits(NOON + 95 * MINUTE, "power_lost")) == ["raise power_lost"]
    assert room.kept["power_lost"].raised_at == NOON
    assert not alarms.acknowledge(returned, NOON).is_open


@pytest.mark.parametrize(
    ("sources", "deployment", "told"),
    [
        (("generator",), "closed", []),
        (("generator",), "activated", []),
        (("generator",), "open", ["raise power_lost"]),
        (("grid", "generator"), "closed", ["raise power_lost"]),
        ((), "closed", ["raise power_lost"]),
    ],
)
def test_no_power_at_a_set_that_nobody_need_have_started(
    sources: tuple[str, ...], deployment: str, told: list[str]
) -> None:
    """Protects from crying wolf at a closed point: a meter at a set that people start cannot tell that the grid is there."""
    said = bits(NOON, "power_lost", deployment=deployment)
    assert Room().see(replace(said, point=structs.replace(said.point, sources=sources))) == told


def test_the_kits_own_clear_ends_its_alarm() -> None:
    """Protects the end: a frame with the long tag ends what was seen: held, returned or unknown."""
    for before in ([], [bits(NOON + n * MINUTE) for n in range(1, 4)], [bits(NOON + MINUTE, known=False)]):
        room = Room()
        room.see(bits(NOON, "power_lost", "overload"))
        room.kept["power_lost"] = alarms.acknowledge(room.kept["power_lost"], NOON)
        room.see_all(before)
        over = replace(bits(NOON + 5 * MINUTE, "overload"), ended=frozenset({"power_lost"}))
        assert "clear power_lost" in room.see(over)
        assert room.shown() == {"overload"}
        assert room.see(over) == []
        assert room.see(bits(NOON + 6 * MINUTE, "power_lost", "overload")) == ["raise power_lost"]


def test_what_nobody_has_seen_stays_when_it_is_over() -> None:
    """Protects from an alarm that comes and goes unseen: it waits for a person, and says that it is over."""
    room = Room()
    room.see(bits(NOON, "generator_failed"))
    over = replace(bits(NOON + MINUTE), ended=frozenset({"generator_failed"}))
    assert room.see(over) == ["return generator_failed"]
    assert (room.state("generator_failed"), room.note("generator_failed")) == ("returned_unacknowledged", "")
    room.restart()
    assert room.see_all([over, bits(NOON + 60 * MINUTE)]) == []
    assert not alarms.acknowledge(room.kept["generator_failed"], NOON).is_open
    assert room.see(bits(NOON + 61 * MINUTE, "generator_failed")) == ["raise generator_failed"]
    room = Room()
    room.see(bits(NOON, "device_lost"))  # medium: its end needs nobody
    assert room.see(replace(bits(NOON), ended=frozenset({"device_lost"}))) == ["clear device_lost"]


def test_the_kits_clear_ends_no_figure_of_the_gateway() -> None:
    """Protects hours that are known: the low-level switch of the kit has no say in them."""
    room = Room()
    room.see_all(tank(NOON + n * MINUTE, 8.0, 7.0) for n in range(3))
    over = replace(tank(NOON + 3 * MINUTE, 8.0, 7.0), ended=frozenset({"fuel_low"}))
    assert room.see(over) == []
    room = Room()
    room.see_all(bits(NOON + n * MINUTE, "fuel_low") for n in range(3))
    assert room.see(replace(bits(NOON + 3 * MINUTE), ended=frozenset({"fuel_low"}))) == ["clear fuel_low"]


def test_a_frame_about_one_alarm_says_since_when() -> None:
    """Protects "since": the age that the kit tells counts, also when a heartbeat came first, with unknown bits."""
    began = {"generator_failed": NOON - 15 * MINUTE}
    room = Room()
    assert room.see(replace(bits(NOON, known=False), began=began)) == ["raise generator_failed"]
    assert room.kept["generator_failed"].raised_at == NOON - 15 * MINUTE
    room = Room()
    room.see(bits(NOON, "generator_failed"))
    assert room.see(replace(bits(NOON, "generator_failed"), began=began)) == ["update generator_failed"]
    assert room.kept["generator_failed"].raised_at == NOON - 15 * MINUTE
    assert room.see(bits(NOON, "generator_failed")) == []


def test_overload_keeps_the_figures_of_its_beginning() -> None:
    """Protects the figures: what was used when the alarm came, or as soon as that is known."""
    room = Room()
    room.see(bits(NOON, "overload"))
    for watts in (12000, 14000):
        room.see(make_facts(readings=good(load_w=watts), local_alarms=frozenset({"overload"})))
    assert room.kept["overload"].values == {"load_w": 12000, "rated_w": 10000}


def test_an_alarm_without_rule_ends() -> None:
    """Protects the list after an update: what no rule speaks of any more is said to be over, once."""
    room = Room()
    room.see(bits(NOON, "overload"))
    room.kept["sun_flare"] = structs.replace(room.kept["overload"], id="sun_flare")
    assert room.see(bits(NOON, "overload")) == ["clear sun_flare"]
    assert room.shown() == {"overload"}
    with pytest.raises(ValidationError):
        alarms.from_json(alarms.to_json(structs.replace(room.kept["overload"], id="a/b")))


def test_acknowledged_alarm_that_returns_still_waits_for_confirmation() -> None:
    """Protects the same for an alarm that a person has seen; when it comes back it asks again."""
    room = Room()
    room.see(bits(NOON, "power_lost"))
    room.kept["power_lost"] = alarms.acknowledge(room.kept["power_lost"], NOON)
    assert room.state("power_lost") == "acknowledged"
    assert room.see_all(bits(NOON + n * MINUTE) for n in range(1, 4)) == ["return power_lost"]
    assert room.state("power_lost") == "acknowledged"
    assert room.see(bits(NOON + 4 * MINUTE, "power_lost")) == ["raise power_lost"]
    assert room.state("power_lost") == "unacknowledged"


def test_failed_generator_explains_its_own_silence_only() -> None:
    """Protects the other devices: a lost meter is told also while the generator has failed."""
    lost = {"q_generator": Reading(None, "unknown", NOON), **good(q_battery="good", q_meter="good")}
    names = frozenset({"generator_failed", "device_lost", "generator_not_ready"})
    room = Room()
    room.see(make_facts(readings=lost, local_alarms=names))
    assert room.shown() == {"generator_failed"}
    assert room.kept["device_lost"].cause == "generator_failed"
    room = Room()
    both = {**lost, "q_meter": Reading("stale", "good", NOON)}
    room.see(make_facts(readings=both, local_alarms=names))
    assert room.shown() == {"generator_failed", "device_lost"}
