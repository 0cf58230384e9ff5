"""Decisions of the crisis organisation: T+0, the points in scope, milestones, and every version of all that."""

from datetime import timedelta
from pathlib import Path

import pytest
from msgspec import structs

from gateway_box import T0, Box
from nspgateway import crisis, region
from nspgateway.desk import Desk, Refused
from nspgateway.errors import ConfigError
from nspgateway.people import By

OFFICER = By("post-1", "cp_coordinator", "page")
HOUR = timedelta(hours=1)


def desk_of(box: Box) -> Desk:
    return Desk(box.ingest.situation, box.ingest.recorder, box.clock)


def incident(box: Box) -> crisis.Incident:
    found = crisis.incident(box.ingest.situation.course.crisis)
    assert found is not None
    return found


def test_activation_sets_t0_and_activates_the_points(tmp_path: Path) -> None:
    """Protects the first minute: one act activates both points with their plan, holds the records, and outlives a restart."""
    box = Box(tmp_path)
    points = ("de-linde", "de-ark")
    desk_of(box).decide(
        "activate",
        "burgemeester",
        OFFICER,
        decided_at=T0 - HOUR / 4,
        points=points,
        opens_at=T0 + HOUR,
        note="dijk",
    )
    for _ in range(2):
        found = incident(box)
        assert (found.t0, found.decider, found.points) == (T0 - HOUR / 4, "burgemeester", points)
        assert [s.deployment for s in box.ingest.situation.standings.values()] == [
            "activated",
            "activated",
            "open",
        ]
        assert box.ingest.situation.standings["de-ark"].opens_at == T0 + HOUR
        assert box.store.is_held()
        box.restart()
    decided = box.ingest.situation.course.crisis.decided[0]
    assert (decided.by, decided.note) == (OFFICER, "dijk")
    assert "dijk" not in repr(decided)


def test_the_outage_began_when_the_first_point_lost_the_grid(tmp_path: Path) -> None:
    """Protects "uitval sinds": what the points saw stands in the decision, unless the decider knows better."""
    box = Box(tmp_path)
    box.vital(1, power_source="grid")
    box.clock.move(60)
    lost = box.clock.now()
    box.vital(2, power_source="generator")
    box.clock.move(600)
    desk_of(box).decide("activate", "burgemeester", OFFICER, points=["de-linde"])
    assert incident(box).outage_since == lost
    desk_of(box).decide("extend", "burgemeester", OFFICER, until=T0 + 48 * HOUR, outage_since=T0 - HOUR)
    assert incident(box).outage_since == T0 - HOUR
    assert incident(box).until == T0 + 48 * HOUR


def test_a_correction_stands_in_the_place_of_what_it_corrects(tmp_path: Path) -> None:
    """Protects the record: a wrong T+0 is put right, both versions stay, and a stamp from before it still counts."""
    box = Box(tmp_path)
    desk = desk_of(box)
    first = desk.decide("activate", "burgemeester", OFFICER, points=["de-linde"])
    desk.reach("cp_ready", OFFICER)
    second = desk.decide(
        "activate", "voorzitter", OFFICER, decided_at=T0 - HOUR, points=["de-linde", "de-ark"], corrects=first
    )
    with pytest.raises(Refused, match="corrected already"):
        desk.decide("activate", "burgemeester", OFFICER, points=["de-linde"], corrects=first)
    box.restart()
    found = incident(box)
    assert (found.t0, found.decider, found.points) == (T0 - HOUR, "voorzitter", ("de-linde", "de-ark"))
    known = box.ingest.situation.course.crisis
    assert [one.id for one in known.decided] == [first, second]
    assert [crisis.is_corrected(known, one) for one in (first, second)] == [True, False]
    rows = crisis.milestones(known, box.ingest.situation.region.milestone, box.clock.now())
    assert rows[0].word == "reached"


def test_scaling_down_stops_nobody_from_watching(tmp_path: Path) -> None:
    """Protects people still there: the decision ends the incident, the point's silence stays an alarm until it is closed."""
    box = Box(tmp_path)
    desk = desk_of(box)
    desk.decide("activate", "burgemeester", OFFICER, points=["de-linde", "de-ark"])
    desk.set_deployment("de-linde", "open", OFFICER)
    desk.decide("scale_down", "burgemeester", OFFICER, points=["de-linde"])
    assert incident(box).points == ("de-ark",)
    assert box.ingest.situation.standings["de-linde"].deployment == "open"
    desk.decide("scale_down", "burgemeester", OFFICER, points=["de-ark"])
    assert crisis.incident(box.ingest.situation.course.crisis) is None
    box.clock.move(60)
    desk.decide("activate", "burgemeester", OFFICER, points=["de-ark"])
    rows = crisis.milestones(box.ingest.situation.course.crisis, region.packaged().milestone, box.clock.now())
    assert {row.word for row in rows} == {"due", "open"}


def test_points_of_a_neighbour_are_named_as_such(tmp_path: Path) -> None:
    """Protects whose point it is: taken over from, and kept in use with its plan when it was open already."""
    box = Box(tmp_path, deployment="open")
    desk_of(box).decide("take_over", "voorzitter", OFFICER, points=["de-ark"], from_cp="Kazerne West")
    assert incident(box).taken_over == {"de-ark": "Kazerne West"}
    assert box.ingest.situation.standings["de-ark"].deployment == "open"


def test_milestones_are_due_late_or_stamped(tmp_path: Path) -> None:
    """Protects the table: each row says how it stands, by T+0; a stamp can be taken back."""
    box = Box(tmp_path)
    desk = desk_of(box)
    with pytest.raises(Refused, match="Nothing is activated"):
        desk.reach("cp_ready", OFFICER)
    desk.decide("activate", "burgemeester", OFFICER, points=["de-linde"])
    table = box.ingest.situation.region.milestone

    def words() -> list[str]:
        return [r.word for r in crisis.milestones(box.ingest.situation.course.crisis, table, box.clock.now())]

    assert words() == ["due", "open", "open", "open", "open", "open", "open"]
    box.clock.move(3.5 * 3600)
    assert words()[:3] == ["late", "due", "open"]
    desk.reach("cp_ready", OFFICER, reached_at=T0 + HOUR / 4)
    desk.reach("t4", OFFICER)
    desk.reach("t8", OFFICER)
    desk.unreach("t8", OFFICER)
    box.restart()
    assert words()[:3] == ["reached", "reached", "open"]
    box.clock.move(6 * 3600)
    desk_of(box).reach("t8", OFFICER)
    assert words()[2] == "reached_late"
    with pytest.raises(Refused, match="there are: cp_ready"):
        desk_of(box).reach("t5", OFFICER)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"decider": "portier"}, "there are: burgemeester"),
        ({"points": []}, "Name the points"),
        ({"points": ["nergens"]}, "no point 'nergens'"),
        ({"kind": "take_over"}, "taken over from"),
        ({"kind": "extend"}, "until when"),
        ({"kind": "extend", "until": T0 + HOUR}, "Nothing is activated"),
        ({"decided_at": T0 + HOUR}, "in the future"),
        ({"decided_at": T0 - 400 * HOUR}, "is the date right"),
        ({"opens_at": T0 - HOUR}, "next 90 days"),
        ({"corrects": 7}, "no decision 7"),
        ({"note": "x" * 501}, "500 letters"),
    ],
)
def test_a_decision_that_cannot_be_is_refused(tmp_path: Path, changes: dict[str, object], words: str) -> None:
    """Protects the record from slips: nothing is written, and the text says what can be."""
    box = Box(tmp_path)
    arguments = {"kind": "activate", "decider": "burgemeester", "points": ["de-linde"], **changes}
    with pytest.raises(Refused, match=words):
        desk_of(box).decide(by=OFFICER, **arguments)  # type: ignore[arg-type]  # of each case its own
    assert box.store.actions() == []


def test_a_region_gives_its_own_lists(tmp_path: Path) -> None:
    """Protects local words: a region's file replaces the tables that it has, and only those."""
    own = tmp_path / "oost.toml"
    own.write_text('[[decider]]\nid = "dijkgraaf"\nnl = "dijkgraaf"\nen = "water board"\n', encoding="utf-8")
    found = region.load(own)
    assert [one.id for one in found.decider] == ["dijkgraaf"]
    assert found.stock == region.packaged().stock
    box = Box(tmp_path)
    box.config = structs.replace(box.config, region_file=own)
    box.restart()
    desk_of(box).decide("activate", "dijkgraaf", OFFICER, points=["de-linde"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("decider = []", "decider"),
        ("[[decider]]\nid = 'a'\nnl = 'a'\nen = 'a'\n" * 2, "there twice"),
        ("[[decider]]\nid = 'a'\nnl = 'a'", r"line 1: decider\[0\]\.en: is missing"),
        ("[[decider]]\nid = 'A B'\nnl = 'a'\nen = 'a'", r"line 2: decider\[0\]\.id: expected text .* of a-z"),
        ("[[stock]]\nnl = 'a'\nen = 'a'\n" * 9, "stock"),
        ("colour = 'red'", "line 1: colour: is not a key that is known"),
        ("[[decider", "not TOML"),
    ],
)
def test_a_regions_file_with_a_fault_names_it(tmp_path: Path, text: str, words: str) -> None:
    """Protects the start: a slip in the file is told with its name, not guessed around."""
    own = tmp_path / "oost.toml"
    own.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=words):
        region.load(own)


def test_what_was_decided_in_an_exercise_ends_with_it_and_hides_nothing_real(tmp_path: Path) -> None:
    """Protects the real T+0: practice is marked, gives way to a real activation at once, and leaves no clock behind."""
    box = Box(tmp_path, slugs=("de-linde", "de-ark", "de-kuil"), first={"kit_address": None})
    box.points = [structs.replace(point, kit_address=None) for point in box.points]
    box.restart()
    desk = desk_of(box)
    desk.start_exercise("Eerste nacht", T0 + 3 * HOUR, ["de-linde", "de-ark"], OFFICER)
    desk.decide("activate", "burgemeester", OFFICER, points=["de-linde"])
    desk.decide("extend", "burgemeester", OFFICER, until=T0 + 9 * HOUR)
    assert incident(box).exercise
    box.clock.move(600)
    # One point outside the exercise makes it real, with a T+0 of its own.
    real = desk.decide("activate", "rot", OFFICER, points=["de-linde", "de-kuil"])
    box.restart()
    desk = desk_of(box)
    assert (incident(box).exercise, incident(box).t0) == (False, T0 + timedelta(minutes=10))
    desk.decide("activate", "rot", OFFICER, points=["de-linde"], corrects=real)
    assert not incident(box).exercise
    desk.decide("scale_down", "rot", OFFICER, points=["de-linde", "de-kuil"])
    assert incident(box).exercise
    desk.end_exercise(OFFICER)
    box.restart()
    assert crisis.incident(box.ingest.situation.course.crisis) is None
    kinds = [(one.ruling.kind, one.ruling.exercise) for one in box.ingest.situation.course.crisis.decided]
    assert kinds[:3] == [("activate", True), ("extend", True), ("activate", False)]
