"""The pages of decisions: what an officer enters there stands in the records, and everybody sees the two clocks."""

from datetime import timedelta
from pathlib import Path

import pytest

from gateway_box import T0
from nspgateway import crisis, local_time
from nspgateway.desk_base import Refused
from web_room import WebRoom


@pytest.fixture
def room(tmp_path: Path) -> WebRoom:
    """Two points in storage, and a coordinator at the page."""
    return WebRoom(tmp_path, "cp_coordinator", deployment="stored")


async def activate(room: WebRoom, **more: str) -> None:
    fields = {
        "kind": "activate",
        "decider": "burgemeester",
        "decided_at": local_time.write(T0 - timedelta(minutes=30)),
        "points": "de-linde,de-ark",
        "opens_at": local_time.write(T0 + timedelta(hours=1)),
        "outage_since": local_time.write(T0 - timedelta(hours=2)),
        "note": "dijkdoorbraak",
        **more,
    }
    answer = await room.post("/act/decide", **fields)
    assert answer.status == 303


async def test_an_officer_activates_with_the_page_alone(room: WebRoom) -> None:
    """Protects the first hour: the form offers who may decide and all points, and the pages say T+ and what stands."""
    form = await room.get("/decisions/new?kind=activate")
    assert "burgemeester" in form.text
    assert 'value="de-ark"' in form.body
    await activate(room)
    page = await room.get("/decisions")
    for words in (
        "Het besluit staat in het logboek.",
        "Activeren, 17:30, door burgemeester",
        "de-linde, de-ark",
        "dijkdoorbraak",
        "Geactiveerd",
        "Open volgens plan 19:00",
    ):
        assert words in page.text
    for path in ("/", "/decisions"):
        assert (
            "Uitval sinds 16:00 (2 uur 0 min) T+ 30 min (geactiveerd door burgemeester, 17:30)"
            in (await room.get(path)).text
        )


async def test_nobody_reads_a_clock_of_nothing(room: WebRoom) -> None:
    """Protects against a false T+: before an activation, and after all was scaled down, there is no clock."""
    assert "T+" not in (await room.get("/")).text
    await activate(room)
    await room.post("/act/decide", kind="scale_down", decider="rot", points="de-linde,de-ark")
    assert "T+" not in (await room.get("/")).text
    assert "Er is nu niets geactiveerd." in (await room.get("/decisions")).text


async def test_a_milestone_is_stamped_and_taken_back(room: WebRoom) -> None:
    """Protects the milestone table: one press stamps, one takes back, and what is late says so."""
    await activate(room)
    await room.post("/act/milestone", key="cp_ready")
    assert "Bereikt, 18:00" in (await room.get("/decisions")).text
    await room.post("/act/milestone-back", key="cp_ready")
    room.box.clock.move(3600)
    assert "Niet op tijd bereikt" in (await room.get("/decisions")).text


async def test_both_versions_of_a_corrected_decision_stay(room: WebRoom) -> None:
    """Protects the record: the form comes filled with what it corrects, and the page shows which version stands."""
    await activate(room)
    first = room.box.ingest.situation.course.crisis.decided[0].id
    form = await room.get(f"/decisions/new?corrects={first}")
    assert f'value="{local_time.write(T0 - timedelta(minutes=30))}"' in form.body
    assert "dijkdoorbraak" in form.text
    await activate(room, corrects=str(first), decider="voorzitter")
    page = await room.get("/decisions")
    assert f"Verbetert besluit {first}" in page.text
    assert "Verbeterd: een latere versie geldt." in page.text
    assert (await room.get("/decisions/new?corrects=9999")).status == 404
    assert (await room.get("/decisions/new")).status == 404


async def test_what_was_typed_is_still_there_after_a_refusal(room: WebRoom) -> None:
    """Protects an officer's typing: a decision without points is refused, and the form keeps all the rest."""
    await room.post(
        "/act/decide",
        kind="activate",
        decider="rot",
        note="storm in het noorden",
        back="/decisions/new?kind=activate",
    )
    page = await room.get("/decisions/new?kind=activate")
    assert "storm in het noorden" in page.text
    assert "Kies minstens één punt." in page.text


async def test_a_municipality_decides_about_its_own_points_only(tmp_path: Path) -> None:
    """Protects the neighbours: points of elsewhere are counted, not named, and cannot be put in scope."""
    room = WebRoom(
        tmp_path, "cp_coordinator", "Arkdorp", first={"municipality": "Arkdorp"}, deployment="stored"
    )
    await room.post("/act/decide", kind="activate", decider="rot", points="de-linde,de-ark")
    assert crisis.incident(room.box.ingest.situation.course.crisis) is None
    room.room.desk.decide("activate", "rot", room.gate.person.by, points=["de-linde", "de-ark"])
    text = (await room.get("/decisions")).text
    assert "de-linde en nog 1" in text
    assert "de-ark" not in text


async def test_who_may_not_decide_sees_no_button(tmp_path: Path) -> None:
    """Protects decisions: who only looks sees what stands, without reasons or names, and has no form."""
    room = WebRoom(tmp_path, "meekijker", deployment="stored")
    room.room.desk.decide("activate", "rot", room.gate.person.by, points=["de-linde"], note="dijkdoorbraak")
    page = await room.get("/decisions")
    assert "dijkdoorbraak" not in page.text
    assert "Ingevoerd" not in page.text
    assert "/act/milestone" not in page.body
    assert (await room.get("/decisions/new?kind=activate")).status == 403


@pytest.mark.parametrize(
    "text", ["gisteren", "2027-13-01T10:00", "2027-01-15T18:00+01:00", "0001-01-01T00:00"]
)
def test_a_time_that_is_none_is_refused(text: str) -> None:
    """Protects the record from a slip: what is no moment of here is not guessed at."""
    with pytest.raises(Refused):
        local_time.read(text)


def test_times_of_a_form_are_those_of_here() -> None:
    """Protects times in summer and winter: what is shown in a field reads back as the same moment."""
    for at in (T0, T0 + timedelta(days=180)):
        assert local_time.read(local_time.write(at)) == at
    assert local_time.read(" ") is None
