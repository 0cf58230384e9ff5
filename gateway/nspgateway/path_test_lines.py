"""A test of the alarm path step by step, as a reader sees it: what arrived, after how long, and where it stopped. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from nspgateway.alarm_text import catalogue
from nspgateway.i18n import N_, Language
from nspgateway.view import PathTest

# The steps before the notifiers, in the order in which an alarm comes past them.
_STEPS = {
    "kit": N_("The kit was asked, and answers"),
    "alarm": N_("Its alarm came in"),
    "rules": N_("The alarm rules saw it"),
}
_RESULTS = {
    "running": (N_("The test is running"), "quarter"),
    "ok": (N_("The test has arrived everywhere"), "check"),
    "missed": (N_("The test did not arrive"), "square"),
}
State = Literal["done", "waiting", "missed"]
_SHAPES: dict[State, str] = {"done": "check", "waiting": "ring", "missed": "cross"}
_WORDS: dict[State, str] = {"done": N_("arrived"), "waiting": N_("not yet"), "missed": N_("did not arrive")}


@dataclass(frozen=True, slots=True)
class Step:
    """One step. ``state`` in a word with its shape; ``took``: time since the begin, "" = not reached."""

    text: str
    state: State
    word: str
    shape: str
    took: str


@dataclass(frozen=True, slots=True)
class Shown:
    """The newest test. ``verdict`` with its shape; ``why``: where it stopped, "" while nothing did.

    ``begun``: when and from which point. ``last_ok``: when one last arrived, in words.
    """

    state: Literal["none", "running", "ok", "missed"]
    verdict: str
    shape: str
    why: str
    begun: str
    steps: tuple[Step, ...]
    last_ok: str


def shown(
    lang: Language, test: PathTest | None, names: dict[str, str], notifiers: Sequence[str], now: datetime
) -> Shown:
    """Return the newest test in words; ``notifiers``: all that must make it heard, in order."""
    _ = lang.gettext
    if test is None:
        return Shown("none", _("The alarm path was not tested yet"), "question", "", "", (), _("never"))
    verdict, shape = _RESULTS[test.state]
    begun = _("Begun {moment}").format(moment=lang.moment(test.at, now))
    if test.point:
        begun = _("Begun {moment}, from {point}").format(
            moment=lang.moment(test.at, now), point=names.get(test.point, test.point)
        )
    return Shown(
        state=test.state,
        verdict=_(verdict),
        shape=shape,
        why=_why(lang, test.step),
        begun=begun,
        steps=_steps(lang, test, notifiers) if test.point else (),
        last_ok=_("never") if test.ok_at is None else lang.moment(test.ok_at, now),
    )


def _steps(lang: Language, test: PathTest, notifiers: Sequence[str]) -> tuple[Step, ...]:
    _ = lang.gettext
    texts = {key: _(text) for key, text in _STEPS.items()}
    texts |= {f"notifier:{name}": _("Notifier {name} made it heard").format(name=name) for name in notifiers}
    return tuple(_step(lang, test, key, text) for key, text in texts.items())


def _step(lang: Language, test: PathTest, key: str, text: str) -> Step:
    took = test.steps.get(key)
    state: State = "done"
    if took is None:
        state = "waiting" if test.state == "running" else "missed"
    told = "" if took is None else lang.gettext("after {n} s").format(n=lang.number(took, 1))
    return Step(text, state, lang.gettext(_WORDS[state]), _SHAPES[state], told)


def _why(lang: Language, step: str) -> str:
    """Return where a test stopped, in the words of its alarm."""
    name, _, detail = step.partition(":")
    phrases = catalogue().phrases[lang.code]
    key = f"step_{name}"
    if not step or key not in phrases:
        return step
    where = phrases.fill(key, detail=detail)
    return lang.gettext("It did not reach {step}.").format(step=where)
