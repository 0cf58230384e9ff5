"""What a region may set of the alarms: figures of one point, what is connected to a kit's inputs."""

import tomllib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from alarm_room import RULES, Room, bits
from gateway_box import Box
from nspgateway import alarms, rule_changes
from nspgateway.config import PointConfig, load_points
from nspgateway.errors import ConfigError
from nspgateway.rule_changes import RuleChange
from nspgateway.rules import load_storm
from nsptools import toml_text
from point_facts import NOON, good, hours, make_facts, make_point

MINUTE = timedelta(minutes=1)
POINT = """
[[point]]
slug = "de-linde"
name = "De Linde"
number = 1
municipality = "Lindendam"
latitude = 52.1
longitude = 5.9
"""


@pytest.fixture
def load(tmp_path: Path) -> Callable[[str], tuple[PointConfig, ...]]:
    """Read a points.toml of one point with these lines below it."""
    folder = tmp_path / "box"
    folder.mkdir()
    config = Box(folder).config

    def read(lines: str) -> tuple[PointConfig, ...]:
        file = tmp_path / "points.toml"
        file.write_text(POINT + lines)
        return load_points(file, config)

    return read


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("[point.rules.fuel_lo]\nhours = 8", r"line 9: .*fuel_lo: is no alarm rule.*fuel_low"),
        ("[point.rules.fuel_low]\nhours = -1", r"line 10: .*hours: expected a number, at least 0"),
        ("[point.rules.fuel_low]\nhourz = 8", r"line 10: .*hourz: is not a key"),
        (
            "[point.rules.device_lost]\nhours = 8",
            r"line 10: .*hours: is a figure that this rule does not use",
        ),
        ("[point.rules.power_lost]\nenabled = false", r"line 10: .*cannot be switched off.*aside"),
        ("[point.rules.site_silent]\nenabled = false", r"line 10: .*cannot be switched off"),
        ("[point.rules.many_sites]\non_delay_s = 5", r"is no alarm rule of a point"),
        ('inputs = { input_3 = "co_alarm" }', r"line 9: .*inputs.*input_3"),
        ('inputs = { input_1 = "bell" }', r"inputs.*bell"),
    ],
)
def test_a_mistake_is_told_with_its_place(
    load: Callable[[str], tuple[PointConfig, ...]], lines: str, said: str
) -> None:
    """Protects whoever sets up a box: file, line, key and cure; and nothing critical is switched off."""
    with pytest.raises(ConfigError, match=said):
        load(lines)


def test_a_points_own_figures_count_at_that_point(load: Callable[[str], tuple[PointConfig, ...]]) -> None:
    """Protects the remote point: its own hours raise, the rules of the others stay as they are."""
    (point,) = load(
        "tank_litres = 100\n[point.rules.fuel_low]\nhours = 12\non_delay_s = 0\n[point.rules.radio_weak]\nenabled = false"
    )
    mine = rule_changes.of_point(RULES, point.rules)
    assert "radio_weak" not in {rule.id for rule in mine}
    facts = make_facts(point, fuel_litres=30.0, fuel=hours(11.0))
    assert [f"{d.action} {d.alarm.id}" for d in alarms.evaluate(mine, facts, {})] == ["raise fuel_low"]
    assert alarms.evaluate(RULES, facts, {}) == []


def test_the_gateway_uses_them(tmp_path: Path) -> None:
    """Protects the wiring: a delay of its own reaches the judgement of that point only."""
    box = Box(tmp_path)
    box.points[0] = alarms.structs.replace(box.points[0], rules={"overload": RuleChange(on_delay_s=600)})
    box.restart()
    for kit in (65, 66):
        box.vital(1, kit=kit, alarms=1 << 5)
    assert {(a.point, a.id) for a in box.ingest.overview().alarms} == {("de-ark", "overload")}


def test_inputs_are_what_the_settings_say() -> None:
    """Protects people beside a set: an input named as a CO detector is critical everywhere; unnamed it is told too."""
    named = make_point(inputs={"input_1": "co_alarm", "input_2": "door_open"}, deployment="stored")
    room = Room()
    assert room.see(make_facts(named, local_alarms=frozenset({"input_1"}))) == ["raise co_alarm"]
    assert room.kept["co_alarm"].priority == "critical"
    assert room.see(make_facts(named, local_alarms=frozenset({"input_1", "input_2"}))) == ["raise door_open"]
    ended = replace(make_facts(named, local_alarms=frozenset()), ended=frozenset({"input_1"}))
    assert room.see(ended) == ["return co_alarm"]
    room = Room()
    assert room.see(bits(NOON, "input_2")) == ["raise input_2"]


def test_the_kits_own_cell_counts_while_nothing_charges_it() -> None:
    """Protects the last thread: a cell below a fifth is told, unless the kit has power from outside."""
    room = Room()

    def at(n: int, **values: int | str) -> list[str]:
        return room.see(make_facts(now=NOON + n * MINUTE, readings=good(NOON, **values)))

    assert at(0, kit_cell_permille=140) + at(2, kit_cell_permille=140) == ["raise kit_cell_low"]
    assert at(3, kit_cell_permille=280) == []
    assert [said for n in range(4, 16) for said in at(n, kit_cell_permille=140, on_own_cell="no")] == [
        "clear kit_cell_low"
    ]


def test_bad_figures_of_a_storm_are_refused(tmp_path: Path) -> None:
    """Protects the limits: a storm of one point, or rules that hide in a circle, stop the start by name."""
    file = tmp_path / "rules.toml"
    file.write_text("[storm]\npoints = 1\n")
    with pytest.raises(ConfigError, match=r"points|rule"):
        load_storm(file)
    rule = '[[rule]]\nid = "{}"\ncondition = "tamper"\nrole = "r"\nhides = ["{}"]\npriority = {{ open = "low", otherwise = "low" }}\n'
    file = tmp_path / "circle.toml"
    file.write_text(rule.format("a", "b") + rule.format("b", "a"))
    with pytest.raises(ConfigError, match="hides itself"):
        alarms.load_rules(file)


def test_what_is_set_of_a_point_is_written_as_it_is_read(
    tmp_path: Path, load: Callable[[str], tuple[PointConfig, ...]]
) -> None:
    """Protects a fleet that is set up by a list: inputs and figures survive writing points.toml."""
    (point,) = load(
        'inputs = { input_1 = "smoke_alarm" }\n[point.rules.fuel_low]\nhours = 12\n[point.rules.radio_weak]\nenabled = false'
    )
    values = msgspec.to_builtins(point)
    text = toml_text.table("[[point]]", {key: value for key, value in values.items() if value != {}})
    assert msgspec.convert(tomllib.loads(text)["point"][0], PointConfig) == point
