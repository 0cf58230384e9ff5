"""The map: every point is on it, where it belongs, and none covers another."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nspgateway import map_plot
from nspgateway.map_plot import HEIGHT, WIDTH, Place
from web_room import WebRoom

DOM = Place("", 52.0907, 5.1214)


def places(*spots: tuple[float, float]) -> list[Place]:
    """Places by kilometres north and east of DOM, roughly."""
    return [
        Place(f"p{n}", DOM.latitude + north / 111.2, DOM.longitude + east / 68.3)
        for n, (north, east) in enumerate(spots)
    ]


def test_north_is_up_and_east_is_right() -> None:
    """Who knows the town recognises it."""
    here, north, east = map_plot.plot(places((0, 0), (3, 0), (0, 4))).marks
    assert north.y < here.y
    assert east.x > here.x
    assert north.x == pytest.approx(here.x, abs=0.5)
    assert (east.x - here.x) / (here.y - north.y) == pytest.approx(4 / 3, rel=0.01)


def test_the_ruler_measures() -> None:
    """A kilometre on the ruler is a kilometre between two marks."""
    plot = map_plot.plot(places((0, 0), (0, 5)))
    one, other = plot.marks
    assert plot.scale_width / plot.scale_km == pytest.approx((other.x - one.x) / 5, rel=0.01)


@pytest.mark.parametrize(
    ("north", "east", "expected"), [(5, 0, 0), (5, 5, 1), (0, 5, 2), (-5, 0.1, 4), (0, -5, 6), (4, -4, 7)]
)
def test_distance_and_direction_are_told_right(north: float, east: float, expected: int) -> None:
    """A driver who is told "south-west" must not set out for the north."""
    (place,) = places((north, east))
    assert map_plot.direction(DOM, place) == expected
    assert map_plot.distance_km(DOM, place) == pytest.approx((north**2 + east**2) ** 0.5, rel=0.01)


@given(st.lists(st.tuples(st.floats(-8, 8), st.floats(-8, 8)), min_size=1, max_size=40))
def test_every_mark_is_in_the_picture(spots: list[tuple[float, float]]) -> None:
    """However the points lie, also all at one address or in a row: each has a mark inside the picture."""
    marks = map_plot.plot(places(*spots)).marks
    assert [mark.id for mark in marks] == [f"p{n}" for n in range(len(spots))]
    assert all(0 <= mark.x <= WIDTH and 0 <= mark.y <= HEIGHT for mark in marks)
    assert all(0 <= mark.true_x <= WIDTH and 0 <= mark.true_y <= HEIGHT for mark in marks)


def test_points_at_one_address_stand_side_by_side() -> None:
    """Two points in one building are two marks that can be told apart, with a stroke to where they are."""
    one, other, third = map_plot.plot(places((0, 0), (0, 0), (0, 0.01))).marks
    assert not one.is_moved
    assert other.is_moved
    assert len({(mark.x, mark.y) for mark in (one, other, third)}) == 3


def test_no_points_no_map() -> None:
    """A box that was set up without points shows an empty map and no error."""
    assert map_plot.plot([]).marks == ()


async def test_the_page_says_the_same_in_words(tmp_path: Path) -> None:
    """Who cannot see the picture finds every point in the list, with its state, and its page behind it."""
    web = WebRoom(tmp_path, "scherm", deployment="open")
    web.box.vital(1)
    page = await web.get("/map")
    assert page.status == 200
    assert page.body.count('href="/point/de-linde"') == 2
    assert "02 de-ark Onbekend Open" in page.text
    assert "Er ligt geen stratenkaart onder." in page.text


async def test_a_municipality_sees_its_own_points(tmp_path: Path) -> None:
    """The map keeps to what somebody may see."""
    page = await WebRoom(tmp_path, "gemeente", "Kuilwijk").get("/map")
    assert page.status == 200
    assert "de-linde" not in page.body
