"""The refuel list: who first, how much, and what nobody knows; on MQTT and as a file."""

import csv
import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from gateway_box import Box
from nspgateway import refuel_csv, refuel_list
from nspgateway.config import PointConfig
from nspgateway.facts import Facts
from nspgateway.people import Delivery
from nspgateway.standing import Standing
from point_facts import NOON, make_point, needs


def order(*facts: Facts) -> list[int]:
    """Numbers of the points in the list's order."""
    return [line.number for line in refuel_list.build(facts, 24.0, NOON).lines]


def test_who_has_to_be_left_for_first_stands_first() -> None:
    """Protects the driver's order: the lead time counts, and priority decides between equals."""
    far = needs(1, 10.0, lead_time_h=6.0)
    near = needs(2, 8.0, lead_time_h=1.0)
    assert order(near, far) == [1, 2]
    assert order(needs(3, 8.0, priority=5), needs(4, 8.0, priority=1)) == [4, 3]


def test_unknown_hours_are_no_full_tank() -> None:
    """Protects the point nobody knows of: it stands with those to drive to now, after those that are late."""
    late, soon, unknown, on_grid = (
        needs(1, 2.0),
        needs(2, 20.0),
        needs(3, None, None),
        needs(4, 3.0, source="grid"),
    )
    assert order(on_grid, soon, unknown, late) == [1, 3, 2, 4]
    found = refuel_list.build([late, unknown, on_grid], 24.0, NOON)
    assert [line.why for line in found.lines] == ["", "level_unknown", "on_grid"]
    assert found.unknown == {"diesel": 1}


def test_litres_reach_the_hours_asked_for() -> None:
    """Protects the load of the van: 10 h left of 24 at 2 l/h is 28 l, of which a 40 l tank takes 20."""
    diesel, petrol = needs(1, 10.0), needs(2, 20.0, 12.0, fuel_kind="petrol", tank_litres=13.0)
    found = refuel_list.build([diesel, petrol], 24.0, NOON)
    line = found.lines[0]
    assert (line.needed, line.fits) == (28.0, 20.0)
    assert found.needed == {"diesel": 28.0, "petrol": 8.0}
    assert refuel_list.build([needs(1, 30.0)], 24.0, NOON).lines[0].needed == 0.0


def test_who_is_closed_or_has_no_set_is_not_on_it() -> None:
    """Protects the list from noise: a closed point without a running set, or a battery site, needs no fuel."""
    closed, battery = (
        needs(1, 5.0, source="grid", deployment="closed"),
        needs(2, 5.0, sources=("battery",), devices=()),
    )
    running = needs(3, 5.0, deployment="closed")
    assert order(closed, battery, running) == [3]


def test_a_spreadsheet_gets_text_and_no_formulas() -> None:
    """Protects whoever opens the file: Dutch headings and commas, and a name that is no formula."""
    stands = Standing("open", deliveries={3: Delivery("planned", 100.0, NOON + timedelta(hours=2))})
    facts = replace(
        needs(1, 10.25, 20.5, filler='=HYPERLINK("x")', access="hek; code bij het CP"), standing=stands
    )
    data = refuel_csv.to_csv(refuel_list.build([facts], 24.0, NOON))
    assert data.startswith(b"\xef\xbb\xbfPunt;Nummer;Gemeente;Brandstof;")
    head, row = csv.reader(io.StringIO(data.decode("utf-8-sig")), delimiter=";")
    cells = dict(zip(head, row, strict=True))
    assert cells["Liter in de tank"] == "20,5"
    assert (cells["Liter nodig"], cells["Nodig voor uren"]) == ("27,5", "24")
    assert cells["Vulpunt"] == '\'=HYPERLINK("x")'
    assert cells["Toegang"] == "hek; code bij het CP"
    assert cells["Gepland"] == "100 l 15-01-2027 15:00"


def test_an_exercise_stands_in_every_row_of_the_file() -> None:
    """Protects whoever gets the file by mail: an exercise is named, and what is real during one too."""
    found = refuel_list.build([needs(1, 10.0), needs(2, 8.0)], 24.0, NOON, {"point-1"})
    head, *rows = csv.reader(io.StringIO(refuel_csv.to_csv(found).decode("utf-8-sig")), delimiter=";")
    column = head.index("Oefening")
    assert {row[1]: row[column] for row in rows} == {"1": "OEFENING", "2": "GEEN OEFENING"}
    assert {row[head.index("Stand van")] for row in rows} == {"15-01-2027 13:00"}
    quiet = refuel_csv.to_csv(refuel_list.build([needs(1, 10.0)], 24.0, NOON)).decode()
    assert "OEFENING" not in quiet


def test_a_part_of_the_list_has_its_own_litres() -> None:
    """Protects a municipality's view: no litres of points that it does not see."""
    found = refuel_list.build([needs(1, 10.0), needs(2, 20.0, 12.0, fuel_kind="petrol")], 24.0, NOON)
    part = refuel_list.of_points(found, {"point-1"})
    assert ([line.number for line in part.lines], part.needed) == ([1], {"diesel": 28.0})


def test_the_list_goes_to_mqtt_on_change_and_again_before_it_expires(tmp_path: Path) -> None:
    """Protects who listens: one retained list, said again when it changes, at most once a minute."""
    box = Box(tmp_path, deployment="open")
    box.vital(1, fuel_permille=500)

    def said() -> list[dict[str, Any]]:
        box.ingest.tick()
        return [message for topic, message in box.outbox() if topic == "kazerne-oost/refuel"]

    assert len(said()) == 1
    box.clock.move(30)
    box.vital(2, fuel_permille=300)
    assert len(said()) == 1
    box.clock.move(31)
    (last,) = said()
    assert {line["point"]: line["why"] for line in last["points"]} == {
        "de-linde": "",
        "de-ark": "level_unknown",
    }
    (message,) = [m for _, m in box.store.outbox("own", 1000) if m.topic.endswith("/refuel")]
    assert (message.retain, message.expiry_s) == (True, 900)
    first_at = last["at"]
    box.clock.move(601)
    assert said()[-1]["at"] > first_at
    box.clock.move(61)
    box.vital(3, fuel_permille=300, exercise=True)
    assert {line["point"]: line["exercise"] for line in said()[-1]["points"]} == {
        "de-linde": True,
        "de-ark": False,
    }


@pytest.mark.parametrize(
    "wrong",
    [{"priority": 0}, {"priority": 10}, {"filler": "a\nb"}, {"access": "x\n"}, {"supplier": "s" * 121}],
)
def test_settings_for_the_list_are_checked(wrong: dict[str, Any]) -> None:
    """Protects the file: texts are one short line, a priority is 1 to 9."""
    told = msgspec.to_builtins(make_point()) | wrong
    with pytest.raises(msgspec.ValidationError, match=next(iter(wrong))):
        msgspec.convert(told, PointConfig)
