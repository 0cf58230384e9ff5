"""Points, kits and who they belong to: a point without a kit is first-class, and a new kit takes nothing of its history."""

from datetime import timedelta
from pathlib import Path

import pytest
from msgspec import structs

from gateway_box import T0, Box, sealed
from nspgateway.desk import Refused
from nspgateway.entries import HandReport
from nspgateway.people import By
from web_room import WebRoom

OFFICER = By("post-1", "cp_medewerker", "page")


async def test_a_popup_is_a_point_like_any_other(tmp_path: Path) -> None:
    """Protects people at a place that nobody had planned: it stands in every list, reports by voice, and outlives a restart."""
    room = WebRoom(tmp_path, deployment="open")
    answer = await room.post(
        "/act/popup-open",
        name="Kapsalon Knap",
        municipality="Lindendam",
        address="Dorpsstraat 1",
        north="52,1052",
        east="5,1213",
    )
    assert answer.headers["location"] == "/entry/popup-901"
    await room.post("/act/report", point="popup-901", staff="1", staff_needed="2", stock_low="0")
    for _ in range(2):
        room.box.tick()
        for path in ("/", "/decisions", "/map", "/point/popup-901"):
            assert "Kapsalon Knap" in (await room.get(path)).text
        point = next(one for one in room.box.ingest.overview().points if one.slug == "popup-901")
        assert (point.deployment, point.kit_address, point.number) == ("open", None, 901)
        assert {"staff_short", "stock_low"} <= {alarm.id for alarm in point.alarms}
        room.restart()
    await room.post("/act/popup-end", point="popup-901")
    assert room.box.ingest.situation.standings["popup-901"].deployment == "wound_down"
    room.restart()
    assert "popup-901" not in room.box.ingest.situation.states
    assert room.box.store.entries()[-1].point == "popup-901"
    # Its number is never given again: two places must not share one history.
    assert room.room.desk.open_popup("Kapsalon Knap", "Lindendam", OFFICER) == "popup-902"


async def test_a_place_that_nobody_told_is_unknown(tmp_path: Path) -> None:
    """Protects the map: a point whose place is not known is not drawn anywhere, and its page says so."""
    room = WebRoom(tmp_path, deployment="open")
    slug = room.room.desk.open_popup("Kapsalon", "Lindendam", OFFICER)
    assert (await room.get("/map")).status == 200
    assert "Breedtegraad; lengtegraad onbekend" in (await room.get(f"/point/{slug}")).text


def test_a_popup_that_cannot_be_is_refused(tmp_path: Path) -> None:
    """Protects the lists from slips: no name, a name twice, a town that has no points, a place on no map."""
    room = WebRoom(tmp_path)
    for name, town, place, why in (
        (" ", "Lindendam", None, "has a name"),
        ("De-Linde", "Lindendam", None, "already"),
        ("Kapsalon", "Verweg", None, "No point here"),
        ("Kapsalon", "Lindendam", (95.0, 5.0), "degrees north"),
    ):
        with pytest.raises(Refused, match=why):
            room.room.desk.open_popup(name, town, OFFICER, place=place)
    with pytest.raises(Refused, match="planned point"):
        room.room.desk.end_popup("de-linde", OFFICER)
    assert room.box.store.actions() == []


def test_a_point_with_an_open_call_is_not_ended(tmp_path: Path) -> None:
    """Protects a call for help at a point that nobody had planned: it stays at a place that people know."""
    desk = WebRoom(tmp_path).room.desk
    slug = desk.open_popup("Kapsalon", "Lindendam", OFFICER)
    call = desk.enter_call(slug, OFFICER, "ambulance")
    with pytest.raises(Refused, match="is open"):
        desk.end_popup(slug, OFFICER)
    desk.close_call(call, OFFICER, "helped")
    desk.end_popup(slug, OFFICER)


def test_a_new_kit_leaves_the_points_history_alone(tmp_path: Path) -> None:
    """Protects what is known of a point: a spare kit with another number brings its own key, and the point stays who it is."""
    box = Box(tmp_path, deployment="open")
    box.vital(1, fuel_permille=500)
    before = box.store.frames("de-linde", T0 - timedelta(hours=1))
    # What a technician does: the point's settings name the spare kit, which has a key of its own.
    box.register.issue([70], T0)
    box.points[0] = structs.replace(box.points[0], kit_address=70)
    box.restart()
    assert box.store.frames("de-linde", T0 - timedelta(hours=1)) == before
    assert box.vital(5, kit=70, fuel_permille=490) == "accepted"
    assert [one.kit for one in box.store.frames("de-linde", T0 - timedelta(hours=1))] == [65, 70]
    # The old kit, wherever it is, speaks for nobody any more.
    assert box.vital(2, kit=65, fuel_permille=10) not in ("accepted", "not_stored")
    assert box.ingest.situation.states["de-linde"].held["fuel_permille"].value == 490


def test_a_new_key_of_the_same_kit_number_ends_the_old_one(tmp_path: Path) -> None:
    """Protects against a kit that was lost: once the board in its place is heard, the old key is refused, also after a restart."""
    box = Box(tmp_path, deployment="open")
    box.vital(1)
    (new,) = box.register.issue([65], T0)
    box.restart()
    old, counter = box.key(65, 1), 3
    assert box.hear(sealed(new, 1)) == "accepted"
    for _ in range(2):
        assert box.hear(sealed(old, counter)) == "withdrawn"
        counter += 1
        box.restart()


async def test_a_stolen_kit_is_refused_at_once_and_for_good(tmp_path: Path) -> None:
    """Protects the town from a thief: from one press on nothing is believed or sealed under that key, also not after a restart."""
    room = WebRoom(tmp_path, "cp_techniek", linked=True, deployment="open")
    box = room.box
    box.boot(100)
    box.vital(101)
    await room.post("/act/kit-withdraw", point="de-linde", why="")
    assert box.vital(102) == "accepted"
    await room.post("/act/kit-withdraw", point="de-linde", why="gestolen uit de bus")
    assert "geweigerd" in (await room.get("/kits")).text
    counter = 103
    for _ in range(2):
        assert box.vital(counter) == "withdrawn"
        assert box.vital(counter, kit=66) == "accepted"
        assert box.transmitter is not None
        contact = box.transmitter.link.contact(65)
        assert contact is None or contact.epoch is None
        assert box.ingest.situation.states["de-linde"].held["fuel_permille"].value == 900
        counter += 1
        room.restart()
    # A board that takes its place has a key of its own, of the same number.
    (new,) = box.register.issue([65], T0)
    room.restart()
    assert box.hear(sealed(new, 1)) == "accepted"


async def test_a_reports_reader_of_one_town_sees_its_points_only(tmp_path: Path) -> None:
    """Protects the neighbours: who is of one municipality opens and sees points there, and nowhere else."""
    room = WebRoom(tmp_path, "cp_medewerker", "Arkdorp", first={"municipality": "Arkdorp"}, deployment="open")
    assert (await room.post("/act/popup-open", name="Kapsalon", municipality="Lindendam")).status == 404
    slug = room.room.desk.open_popup("Kapsalon", "Lindendam", OFFICER)
    room.room.desk.enter_report(slug, HandReport(T0, staff=1), OFFICER)
    assert "Kapsalon" not in (await room.get("/")).text
    assert (await room.get(f"/entry/{slug}")).status == 404
