"""When a test of the alarm path is due, and what is remembered of the last one."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from gateway_box import T0
from nspgateway import path_test
from nspgateway.path_test import Record


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2027-01-15T08:59:59", "2027-01-14T09:00:00"),
        ("2027-01-15T09:00:00", "2027-01-15T09:00:00"),
        ("2027-03-28T07:59:00", "2027-03-27T09:00:00"),
        ("2027-03-28T08:00:00", "2027-03-28T08:00:00"),
        ("2027-10-31T08:30:00", "2027-10-30T08:00:00"),
        ("2027-10-31T09:00:00", "2027-10-31T09:00:00"),
    ],
)
def test_ten_o_clock_is_ten_o_clock_in_the_room(now: str, due: str) -> None:
    """The hour is that of the clock on the wall, also on the two days that have another length."""
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert path_test.scheduled(at, "10:00") == datetime.fromisoformat(due).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("before", "is_due"),
    [
        (None, True),
        (timedelta(minutes=1), False),
        (timedelta(hours=24), True),
        (timedelta(hours=-2), True),
    ],
)
def test_one_a_day_whatever_the_clock_did(before: timedelta | None, is_due: bool) -> None:
    """A test of today is enough; one with a time in the future, from before the clock was set back, is none."""
    record = None if before is None else Record(state="ok", at=T0 - before)
    assert path_test.is_due(record, T0, "17:30") is is_due


def test_a_day_without_a_test_that_arrived_is_told() -> None:
    """Whatever keeps the daily test from being made, a day without one is not silent."""
    record = Record(state="ok", at=T0, ok_at=T0)
    day = timedelta(hours=25)
    assert not path_test.is_overdue(record, T0 - day, T0 + day)
    assert path_test.is_overdue(record, T0 - day, T0 + day + timedelta(seconds=1))
    assert not path_test.is_overdue(None, T0, T0 + day)


def test_what_is_remembered_comes_back() -> None:
    """The memory of the tests survives as it was, but for one that was under way."""
    record = Record(state="ok", at=T0).begun("de-linde", T0).reached("kit", 1.23).missed("rules")
    assert path_test.restored(json.loads(path_test.to_json(record))) == record
    under_way = record.begun("de-ark", T0)
    found = path_test.restored(json.loads(path_test.to_json(under_way)))
    assert found is not None
    assert (found.state, found.step, found.asked) == ("missed", "restart", under_way.asked)
    assert path_test.restored(None) is None
