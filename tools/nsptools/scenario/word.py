"""What one word of a scenario file is: its further keys, and what it does to the simulation and at the desk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from nsptools.bench.doors import show
from nsptools.bench.spec import PlantSpec
from nsptools.scenario.arguments import Argument, Arguments, Value
from nsptools.scenario.office import Office

Verb = Literal["turn", "refuel", "not_auto", "fail_start", "loss", "antenna", "type", "reboot", "kill"]
# Which points an event may be about: exactly one; one, or without `point` every one; one, or without `point` the
# coordinating point; one, or without `point` the whole air; none.
Where = Literal["one", "one_or_every", "one_or_cp", "one_or_air", "none"]
# The office, the slug of the place, and the arguments, each of the kind that the word's table asks for.
Act = Callable[[Office, str, Mapping[str, Any]], object]


@dataclass(frozen=True)
class Turn:
    """One door of the point's site (``nsptools.bench.site``), of a word about no point a whole name, and its text.

    With ``argument`` the number of that name times ``scale``, else ``on``, or ``off`` when the event says
    ``on = false``. ``when``: it is turned only where an argument has that value.
    """

    door: str
    on: str = ""
    off: str = ""
    argument: str = ""
    scale: float = 1.0
    when: tuple[str, Value] | None = None

    def text(self, arguments: Arguments) -> str | None:
        """What to write there; None: nothing."""
        if self.when is not None and arguments.get(self.when[0]) != self.when[1]:
            return None
        number = arguments.get(self.argument)
        if isinstance(number, float | int):
            return show(number * self.scale)
        return self.on if arguments.get("on", True) else self.off


AUTO = Turn("plant.mode", "auto")


@dataclass(frozen=True)
class Word:
    """One word. A ``verb`` other than "turn" is a deed of the player's; then ``turns`` are made in their order.

    ``act(office, place, given)`` is what somebody then does at the desk, about the point or the coordinating
    point (its slug). ``not_yet(arguments, point id, its plant)`` gives why such an event is not playable yet, or an
    empty text.
    """

    name: str
    turns: tuple[Turn, ...] = ()
    arguments: tuple[Argument, ...] = ()
    verb: Verb = "turn"
    where: Where = "one"
    act: Act | None = None
    not_yet: Callable[[Arguments, str | None, PlantSpec | None], str] = lambda _args, _point, _plant: ""
