"""For tests of what keeps its own time on a real wire: a machine that pauses there breaks what is whole."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

_TRIES = 5


def tried_again(test: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """Try a test anew, each time in an empty folder, while it fails; what is really broken fails each time."""

    @functools.wraps(test)
    async def run(**given: Any) -> None:
        for number in range(1, _TRIES):
            with suppress(Exception, pytest.fail.Exception):
                return await test(**_anew(given, number))
        return await test(**_anew(given, _TRIES))

    return run


def _anew(given: dict[str, Any], number: int) -> dict[str, Any]:
    folder = given.get("tmp_path")
    if not isinstance(folder, Path):
        return given
    (folder / f"try-{number}").mkdir()
    return given | {"tmp_path": folder / f"try-{number}"}
