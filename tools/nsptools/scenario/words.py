"""The words of a scenario file's events and what each does to the simulation. Tables only; the player acts.

A word is written whole (`genset.estop`) or, where only one word ends so, by its last part (`estop`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from nsptools.bench.doors import show
from nsptools.bench.spec import PlantSpec

Value = float | bool
Arguments = Mapping[str, Value]
Verb = Literal["turn", "refuel", "not_auto", "fail_start", "loss", "reboot", "kill"]
# Which points an event may be about: exactly one; one, or without `point` every one; always all together.
Where = Literal["one", "one_or_every", "all"]


@dataclass(frozen=True)
class Argument:
    """One further key of an event. ``whole`` asks for a number without fraction, ``switch`` for true or false.

    ``low`` and ``high`` are included. ``default``: what it is when it is left out; None: it must be given,
    unless it is ``optional``, which leaves it out of the arguments.
    """

    name: str
    kind: Literal["number", "whole", "switch"] = "number"
    low: float = 0.0
    high: float = 1e6
    default: Value | None = None
    optional: bool = False

    @property
    def expected(self) -> str:
        """What belongs there, in words."""
        if self.kind == "switch":
            return "true or false"
        kind = "a whole number" if self.kind == "whole" else "a number"
        return f"{kind} from {self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class Turn:
    """One door of the point's site (``nsptools.bench.site``) and the text that it gets.

    With ``argument`` the number of that name times ``scale``, else ``on``, or ``off`` when the event says
    ``on = false``.
    """

    door: str
    on: str = ""
    off: str = ""
    argument: str = ""
    scale: float = 1.0

    def text(self, arguments: Arguments) -> str:
        """What to write there."""
        if self.argument:
            return show(arguments[self.argument] * self.scale)
        return self.on if arguments.get("on", True) else self.off


@dataclass(frozen=True)
class Word:
    """One word. ``turns`` are made in their order; any other ``verb`` is a deed of the player's.

    ``not_yet(arguments, point id, its plant)`` gives why such an event is not playable yet, or an empty text.
    """

    name: str
    turns: tuple[Turn, ...] = ()
    arguments: tuple[Argument, ...] = ()
    verb: Verb = "turn"
    where: Where = "one"
    not_yet: Callable[[Arguments, str | None, PlantSpec | None], str] = lambda _args, _point, _plant: ""


def _some_attempts(arguments: Arguments, _point: str | None, plant: PlantSpec | None) -> str:
    """The bench fails every attempt or none: a start that succeeds at the second one it cannot play."""
    count = arguments.get("n")
    if count is None or plant is None or count in (0, plant.attempts):
        return ""
    return f"n = {count:g}: only 0 (cured) or {plant.attempts} (every attempt of one start)"


def _one_link(_arguments: Arguments, point: str | None, _plant: PlantSpec | None) -> str:
    """The air has one loss rate."""
    return "" if point is None else "loss at one point alone; without point it holds for the whole air"


_SWITCH = (Argument("on", "switch", default=True),)
_AUTO = Turn("plant.mode", "auto")
_WORDS = (
    Word("grid_off", (Turn("plant.grid_on", "0"),), where="one_or_every"),
    Word("grid_on", (Turn("plant.grid_on", "1"),), where="one_or_every"),
    Word(
        "genset.fail_start",
        arguments=(Argument("n", "whole", high=10, optional=True),),
        verb="fail_start",
        not_yet=_some_attempts,
    ),
    Word("genset.stop", (Turn("plant.mode", "off"),)),
    Word("genset.estop", (Turn("plant.estop", "1"),)),
    # Who releases the button also presses AUTO, else the controller keeps the set locked out.
    Word("genset.estop_release", (Turn("plant.estop", "0"), _AUTO)),
    Word("genset.not_auto", arguments=_SWITCH, verb="not_auto"),
    Word(
        "genset.start_battery",
        (Turn("plant.starter_permille", argument="percent", scale=10.0),),
        # Below 20 % the simulated starter only clicks.
        (Argument("percent", high=100, default=10.0),),
    ),
    Word("tank.refuel", arguments=(Argument("litres", low=0.1, high=10_000),), verb="refuel"),
    Word("tank.sender_open", (Turn("generator.fuel_percent", "sentinel:transducer_fault", "auto"),), _SWITCH),
    Word(
        "tank.leak",
        (Turn("plant.leak_l_per_h", argument="l_per_h"),),
        (Argument("l_per_h", high=10_000),),
    ),
    Word("load.set", (Turn("plant.load_w", argument="kw", scale=1000.0),), (Argument("kw", high=1000),)),
    Word("battery.no_charge", (Turn("plant.no_charge", "1", "0"),), _SWITCH),
    Word("bus.unplug", (Turn("bus.unplug", "1"),)),
    Word("bus.plug", (Turn("bus.unplug", "0"),)),
    Word("bus.noise", (Turn("bus.fault", "noise", "none"),), _SWITCH),
    Word("radio.loss", arguments=(Argument("share", high=1),), verb="loss", where="all", not_yet=_one_link),
    # At the kit's buttons: nothing comes of a press while nobody has said that 112 is doubtful or down.
    Word("person.press_help", (Turn("hand.help", "1"),)),
    Word("person.withdraw", (Turn("hand.withdraw", "1"),)),
    Word("person.press_security", (Turn("hand.security", "1"),)),
    Word("kit.reboot", verb="reboot"),
    Word("kit.kill", verb="kill"),
)
WORDS: Mapping[str, Word] = MappingProxyType({word.name: word for word in _WORDS})

# fmt: off
# Known, and played by what is not built yet. Their further keys are read and not checked.
LATER = (
    "radio.jam", "radio.antenna",
    "kit.steal", "kit.swap", "kit.clock",
    "gateway.kill", "gateway.power_cut", "gateway.deaf", "gateway.disk_full", "gateway.clock",
    "person.open", "person.staff", "person.stock", "person.wijkbeeld", "person.dip", "person.refuel_start", "person.refuel_end",
    "person.message_displayed",
    "officer.read", "officer.pass_on", "officer.answer", "officer.seen", "officer.message_send",
    "decision.activate", "decision.take_over", "decision.scale_down",
    "status112.set",
)
# fmt: on
KNOWN = (*WORDS, *LATER)


def whole(written: str) -> str:
    """The whole name of a word. ValueError with the words there are when it is unknown or says two things."""
    if written in KNOWN:
        return written
    found = [name for name in KNOWN if name.rpartition(".")[2] == written]
    if len(found) == 1:
        return found[0]
    if found:
        raise ValueError(f"{written!r} can be {' or '.join(found)}; write it whole")
    raise ValueError(
        f"no word {written!r}; playable are {', '.join(WORDS)}; known, not playable yet, are {', '.join(LATER)}"
    )
