"""The frame that every part of the benchmark fits into: choosing parts, running them in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

# What a part gives: name of a figure, its unit at the end of the name -> number, or figures again.
# What was not measured is absent, never zero.
Figures = Mapping[str, object]


class BenchmarkError(Exception):
    """A part cannot be measured, or what it ran did not work as it must."""

    exit_code = 1


class UnknownPart(BenchmarkError):
    """A part was asked for that is not there."""

    exit_code = 2


@dataclass(frozen=True)
class Options:
    """``quick``: shorter runs and no searches. ``say``: takes a line about what goes on."""

    quick: bool = False
    say: Callable[[str], None] = lambda _text: None


Part = Callable[[Options], Figures]


def chosen(parts: Mapping[str, Part], only: str | None) -> list[str]:
    """Names of the parts in "a,b" (None: all), in the order of ``parts``; UnknownPart names those there are."""
    wanted = list(parts) if only is None else [name.strip() for name in only.split(",")]
    missing = [name for name in wanted if name not in parts]
    if missing:
        raise UnknownPart(f"no part {', '.join(map(repr, missing))} yet; there are: {', '.join(parts)}.")
    return [name for name in parts if name in wanted]


def run(parts: Mapping[str, Part], names: list[str], options: Options) -> dict[str, Figures]:
    """Measure these parts, one after the other: they must not disturb each other. Raises BenchmarkError."""
    results = {}
    for name in names:
        options.say(f"measuring {name} ...")
        results[name] = parts[name](options)
    return results
