"""Logistics sees who to drive to first, plans and settles deliveries, and takes the list along on paper or as a file."""

from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from gateway_box import T0
from nspgateway import refuel_lines, refuel_list
from nspgateway.i18n import load_languages
from nspgateway.people import By, Delivery
from nspgateway.standing import Standing
from point_facts import NOON, needs
from web_room import WebRoom

NL = load_languages()["nl"]
BY = By("de vries", "cp_logistiek", "page")


@pytest.fixture
def room(tmp_path: Path) -> WebRoom:
    """Two open points, one of which burns fuel, as logistics sees them."""
    room = WebRoom(tmp_path, "cp_logistiek", deployment="open")
    room.box.vital(1, fuel_permille=500)
    return room


def deliveries(room: WebRoom) -> dict[int, Delivery]:
    return dict(room.box.ingest.situation.standings["de-linde"].deliveries)


async def test_a_delivery_from_plan_to_tank(room: WebRoom) -> None:
    """Logistics plans a load, everybody sees it under way, and says with one button that it is there."""
    assert "Levering plannen" in (await room.get("/logistics")).text
    assert 'value="de-linde" selected' in (await room.get("/logistics/plan?point=de-linde")).body
    answer = await room.post("/act/plan_delivery", point="de-linde", litres="27,5", day="1", clock="07:30")
    assert answer.headers["location"] == "/logistics"
    ((plan, delivery),) = deliveries(room).items()
    assert (delivery.litres, delivery.due_at) == (27.5, T0.replace(day=16, hour=6, minute=30))
    assert "28 l, komt za 07:30" in (await room.get("/logistics")).text
    await room.post("/act/deliver", key=str(plan))
    assert deliveries(room) == {}
    assert "laatst geleverd: 28 l, 18:00" in (await room.get("/logistics")).text


async def test_less_came_than_was_planned(room: WebRoom) -> None:
    """What came is entered as it came, and a load that does not come leaves the list."""
    room.room.desk.plan_delivery("de-linde", 200.0, T0 + timedelta(hours=1), BY)
    room.room.desk.plan_delivery("de-linde", 1234.5, T0 + timedelta(hours=2), BY)
    first, second = deliveries(room)
    assert 'value="1234,5"' in (await room.get(f"/logistics/delivery/{second}")).body
    await room.post("/act/deliver", key=str(first), litres="150")
    await room.post("/act/cancel_delivery", key=str(second))
    assert room.box.ingest.situation.standings["de-linde"].delivered == (150.0, T0)
    assert deliveries(room) == {}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"litres": "veel"}, "Dit is geen getal"),
        ({"litres": "1.500"}, "Dit is geen getal"),
        ({"clock": ""}, "Dit is geen tijd"),
        ({"clock": "25:00"}, "Dit is geen tijd"),
        ({"clock": "17:00", "day": "0"}, "Dit tijdstip kan niet."),
        ({"day": "9"}, "Dit tijdstip kan niet."),
        ({"point": "elders"}, "Dit noodsteunpunt is hier niet bekend."),
        ({"litres": "0"}, "buiten de grenzen"),
    ],
)
async def test_what_cannot_be_is_refused_and_stays_typed(
    room: WebRoom, fields: dict[str, str], said: str
) -> None:
    """A slip of the finger gives a sentence and the form as it was, and plans nothing."""
    given = {"point": "de-linde", "litres": "27", "day": "1", "clock": "19:30", **fields}
    await room.post("/act/plan_delivery", back="/logistics/plan", **given)
    page = await room.get("/logistics/plan")
    assert said in page.text
    assert (
        f'name="litres" inputmode="decimal" autocomplete="off" required value="{given["litres"]}"'
        in page.body
    )
    assert deliveries(room) == {}


async def test_two_people_settle_one_delivery(room: WebRoom) -> None:
    """Who presses second is told that it was dealt with; the litres count once."""
    room.room.desk.plan_delivery("de-linde", 20.0, T0 + timedelta(hours=1), BY)
    (plan,) = deliveries(room)
    await room.post("/act/deliver", key=str(plan))
    await room.post("/act/deliver", key=str(plan))
    assert "Deze levering is niet meer onderweg." in (await room.get("/logistics")).text
    assert (await room.get(f"/logistics/delivery/{plan}")).status == 404


async def test_the_file_opens_in_a_dutch_spreadsheet(room: WebRoom) -> None:
    """The file comes with its mark, names its columns in Dutch also to an English reader, and says OEFENING in one."""
    room.box.vital(2, fuel_permille=490, exercise=True)
    answer = await room.get("/logistics.csv?lang=en")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="tanklijst.csv"'
    assert answer.body.startswith("\ufeffPunt;Nummer;")
    assert ";OEFENING;15-01-2027 18:00\r\n" in answer.body
    assert ";GEEN OEFENING;15-01-2027 18:00\r\n" in answer.body


async def test_one_municipality_gets_its_own_points(tmp_path: Path) -> None:
    """Neither list nor file nor form names a point of another municipality."""
    room = WebRoom(tmp_path, "cp_logistiek", "Elders", deployment="open")
    room.room.desk.plan_delivery("de-linde", 20.0, T0 + timedelta(hours=1), BY)
    (plan,) = deliveries(room)
    for path in ("/logistics", "/logistics/plan", "/logistics.csv"):
        assert "de-linde" not in (await room.get(path)).body
    assert (await room.get(f"/logistics/delivery/{plan}")).status == 404
    await room.post("/act/deliver", key=str(plan))
    await room.post("/act/plan_delivery", point="de-linde", litres="27", day="1", clock="19:30")
    assert list(deliveries(room)) == [plan]


async def test_who_may_not_enter_fuel_has_no_list(tmp_path: Path) -> None:
    """How to get at a tank is nobody's business who only looks on."""
    room = WebRoom(tmp_path, "meekijker")
    assert [(await room.get(path)).status for path in ("/logistics", "/logistics.csv")] == [403, 403]


def test_who_to_drive_to_now_stands_out() -> None:
    """The moment to leave has a word and a level; what nobody knows is not called quiet."""
    late, soon, calm, unknown, grid = (
        needs(1, 2.0),
        needs(2, 5.0),
        needs(3, 20.0),
        needs(4, None, None),
        needs(5, 3.0, source="grid"),
    )
    rows = refuel_lines.shown(NL, refuel_list.build([late, soon, calm, unknown, grid], 24.0, NOON)).rows
    told = {row.number: (row.leave, row.level) for row in rows}
    assert told["NSP 01"] == ("nu", "critical")
    assert told["NSP 02"][1] == "attention"
    assert told["NSP 03"][1] == ""
    assert told["NSP 04"] == ("onbekend", "attention")
    assert told["NSP 05"] == ("geen haast", "")


def test_a_delivery_that_is_late_says_so() -> None:
    """A promise whose time has passed is not shown as one that is still good."""
    stands = Standing("open", deliveries={7: Delivery("planned", 60.0, NOON - timedelta(minutes=20))})
    (row,) = refuel_lines.shown(
        NL, refuel_list.build([replace(needs(1, 9.0), standing=stands)], 24.0, NOON)
    ).rows
    assert row.loads[0].is_late
    assert row.loads[0].text == "60 l, had er 12:40 moeten zijn"


def test_what_to_bring_is_what_fits() -> None:
    """The form suggests no more than the tank takes, and nothing where nobody knows."""
    unknown, known = refuel_list.build([needs(1, 10.0), needs(2, None, None)], 24.0, NOON).lines
    assert (refuel_lines.suggested(known), refuel_lines.suggested(unknown)) == ("20", "")
