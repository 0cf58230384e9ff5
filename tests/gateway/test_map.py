"""The map: every point is on it, where it belongs, and none covers another."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from nspgateway import map_picture, map_plot
from nspgateway.config_parts import MapConfig
from nspgateway.map_plot import HEIGHT, WIDTH, Place, Plot
from web_room import WebRoom

DOM = Place("", 52.0907, 5.1214)


def places(*spots: tuple[float, float]) -> list[Place]:
    """Places by kilometres north and east of DOM, roughly."""
    return [
        Place(f"p{n}", DOM.latitude + north / 111.2, DOM.longitude + east / 68.3)
        for n, (north, east) in enumerate(spots)
    ]


def drawn(spots: list[Place]) -> Plot:
    """A plot of some places."""
    found = map_plot.plot(spots)
    assert found is not None
    return found


def test_north_is_up_and_east_is_right() -> None:
    """Who knows the town recognises it."""
    here, north, east = drawn(places((0, 0), (3, 0), (0, 4))).marks
    assert north.y < here.y
    assert east.x > here.x
    assert north.x == pytest.approx(here.x, abs=0.5)
    assert (east.x - here.x) / (here.y - north.y) == pytest.approx(4 / 3, rel=0.01)


def test_the_ruler_measures() -> None:
    """A kilometre on the ruler is a kilometre between two marks."""
    plot = drawn(places((0, 0), (0, 5)))
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
    marks = drawn(places(*spots)).marks
    assert [mark.id for mark in marks] == [f"p{n}" for n in range(len(spots))]
    assert all(0 <= mark.x <= WIDTH and 0 <= mark.y <= HEIGHT for mark in marks)
    assert all(0 <= mark.true_x <= WIDTH and 0 <= mark.true_y <= HEIGHT for mark in marks)


def test_points_at_one_address_stand_side_by_side() -> None:
    """Two points in one building are two marks that can be told apart, with a stroke to where they are."""
    one, other, third = drawn(places((0, 0), (0, 0), (0, 0.01))).marks
    assert not one.is_moved
    assert other.is_moved
    assert len({(mark.x, mark.y) for mark in (one, other, third)}) == 3


def test_no_points_no_map() -> None:
    """A box that was set up without points shows an empty map and no error."""
    assert map_plot.plot([]) is None


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


def with_picture(room: WebRoom, data: bytes) -> WebRoom:
    """The same gateway with a picture from 52.0 to 52.2 degrees north, 5.8 to 6.0 east."""
    path = room.box.folder / "town.png"
    path.write_bytes(data)
    found = MapConfig(picture=path, north=52.2, south=52.0, west=5.8, east=6.0)
    room.box.config = structs.replace(room.box.config, map=found)
    room.restart()
    return room


PNG = b"\x89PNG\r\n\x1a\n" + b"rest"


async def test_a_picture_of_our_own_lies_under_it(tmp_path: Path) -> None:
    """A picture lies where its edges say: its middle, at 52.1 north and 5.9 east, is where the points are."""
    room = with_picture(WebRoom(tmp_path), PNG)
    page = await room.get("/map")
    (found,) = re.findall(
        r'<image href="/map/picture" x="(\S+)" y="(\S+)" width="(\S+)" height="(\S+)"', page.body
    )
    x, y, width, height = map(float, found)
    assert (x + width / 2, y + height / 2) == pytest.approx((WIDTH / 2, HEIGHT / 2), abs=0.2)
    assert width / height == pytest.approx(0.614, rel=0.01)
    assert "stratenkaart" not in page.text
    picture = await room.get("/map/picture")
    assert (picture.status, picture.headers["content-type"]) == (200, "image/png")


async def test_what_is_no_picture_is_not_shown(tmp_path: Path) -> None:
    """Whatever file is named in the settings, only a PNG file leaves the box; without one there is none."""
    assert (await WebRoom(tmp_path).get("/map/picture")).status == 404
    (tmp_path / "other").mkdir()
    room = with_picture(WebRoom(tmp_path / "other"), b"secret")
    assert (await room.get("/map/picture")).status == 404


@pytest.mark.parametrize(
    ("data", "said"), [(b"secret", "no PNG"), (PNG + b"x" * map_picture.MOST_BYTES, "8 MB")]
)
def test_a_picture_that_does_not_do_says_why(tmp_path: Path, data: bytes, said: str) -> None:
    """Who sets up a box is told what is wrong with the picture before anybody looks at the map."""
    path = tmp_path / "town.png"
    with pytest.raises(map_picture.PictureError, match="leave"):
        map_picture.read(path)
    path.write_bytes(data)
    with pytest.raises(map_picture.PictureError, match=said):
        map_picture.read(path)
