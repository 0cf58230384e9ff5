"""A checker's complaint in plain words: whoever writes the file need not know our types and patterns."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec import inspect

from nspgateway.complaint import PATTERNS, plain
from nspgateway.config import GatewayConfig, PointConfig
from nspgateway.region import Region
from nsptools.station.cp import StationConfig


@pytest.mark.parametrize(
    ("said", "path", "words"),
    [
        ("Expected `int` >= 7", "radio.sf", "expected a whole number, at least 7"),
        (
            "Expected `str | null`, got `int`",
            "radio.port",
            "expected text between quotes, got a whole number",
        ),
        (
            "Expected `str` of length >= 1",
            "radio.port",
            "expected text between quotes with a length of at least 1",
        ),
        ("Invalid enum value 5", "radio.bandwidth_khz", "5 is not one of 125, 250, 500"),
        ("Invalid enum value '4'", "broker[0].protocol", "'4' is not one of '3.1.1', '5'"),
        ("Invalid enum value 'x'", "nowhere[0].at", "'x' is not one of those there are"),
        ("Expected `str` matching regex 'ab+'", "", "expected `str` matching regex 'ab+'"),
        ("Expected a path between quotes", "data", "expected a path between quotes"),
    ],
)
def test_it_says_what_to_write(said: str, path: str, words: str) -> None:
    """Protects a technician who reads it: what belongs there, what was there, and what there is to choose from."""
    assert plain(said, GatewayConfig, path) == words


def _patterns(kind: inspect.Type, seen: set[type]) -> Iterator[str]:
    if isinstance(kind, inspect.StructType):
        if kind.cls not in seen:
            seen.add(kind.cls)
            for field in kind.fields:
                yield from _patterns(field.type, seen)
    elif isinstance(kind, inspect.UnionType):
        for one in kind.types:
            yield from _patterns(one, seen)
    elif isinstance(kind, inspect.VarTupleType):
        yield from _patterns(kind.item_type, seen)
    elif isinstance(kind, inspect.StrType) and kind.pattern is not None:
        yield kind.pattern


def test_every_pattern_of_our_files_has_words() -> None:
    """Protects the next field: a pattern without words would be shown as it stands."""
    seen: set[type] = set()
    found = {
        pattern
        for kind in (GatewayConfig, PointConfig, Region, StationConfig)
        for pattern in _patterns(inspect.type_info(kind), seen)
    }
    assert found == set(PATTERNS)
