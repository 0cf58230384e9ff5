"""A modem's doors, for trainers and scenario files: text in, text out."""

from __future__ import annotations

from typing import get_args

from nsptools.bench.modem import Hang, Rui3Modem
from nsptools.bench.modem_radio import Hearing

HANGS: tuple[Hang, ...] = tuple(kind for group in get_args(Hang) for kind in get_args(group))
_READ_ONLY = ("boots", "sent", "steps")


def write(modem: Rui3Modem, item: str, text: str) -> None:
    """Turn `hang`: none, a kind, or a kind and the step that ends it, as no_answer:ATZ; or `hearing`: all, noise, nothing.

    ValueError otherwise.
    """
    if item == "hearing":
        what = next((what for what in get_args(Hearing) if what == text), None)
        if what is None:
            raise ValueError(f"a modem hears no {text!r}; expected {', '.join(get_args(Hearing))}")
        modem.radio.hearing = what
        return
    if item != "hang":
        raise ValueError(f"a modem has no {item!r} to turn; it has hang, hearing")
    word, _, cure = text.partition(":")
    if word == "none":
        modem.recover()
        return
    kind = next((kind for kind in HANGS if kind == word), None)
    if kind is None:
        raise ValueError(f"a modem does not hang like {word!r}; expected none, {', '.join(HANGS)}")
    modem.hang(kind, cure or None)


def read(modem: Rui3Modem, item: str) -> str:
    """What a door shows; ValueError listing them."""
    if item == "hang":
        return modem.hung or "none"
    if item == "hearing":
        return modem.radio.hearing
    if item == "steps":
        return ",".join(f"{name}:{times}" for name, times in sorted(modem.steps.items())) or "none"
    if item in _READ_ONLY:
        return str(getattr(modem, item))
    raise ValueError(f"a modem has no {item!r}; it has hang, hearing, {', '.join(_READ_ONLY)}")
