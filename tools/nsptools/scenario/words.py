"""The words of a scenario file's events and what each does to the simulation; for those at the desk see desk_words.

Tables only; the player acts.

A word is written whole (`genset.estop`) or, where only one word ends so, by its last part (`estop`).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from nspkit.local import forms
from nsptools.bench.spec import PlantSpec
from nsptools.scenario.arguments import Argument, Arguments
from nsptools.scenario.desk_words import DESK_WORDS
from nsptools.scenario.word import AUTO, Turn, Word


def _some_attempts(arguments: Arguments, _point: str | None, plant: PlantSpec | None) -> str:
    """The bench fails every attempt or none: a start that succeeds at the second one it cannot play."""
    count = arguments.get("n")
    if count is None or plant is None or count in (0, plant.attempts):
        return ""
    return f"n = {count:g}: only 0 (cured) or {plant.attempts} (every attempt of one start)"


_SWITCH = (Argument("on", "switch", default=True),)
# What the kit's own page asks about a call.
TYPED = (
    Argument("kind", "choice", choices=forms.KINDS, optional=True),
    *(Argument(name, "text", high=letters, optional=True) for name, letters in forms.LETTERS),
)
# The answer to the kit's question in an exercise, when the event has one.
_ANSWERED = (Turn("hand.real", "1", when=("real", True)), Turn("hand.practised", "1", when=("real", False)))
_WORDS = (
    Word("grid_off", (Turn("plant.grid_on", "0"),), where="one_or_every"),
    Word("grid_on", (Turn("plant.grid_on", "1"),), where="one_or_every"),
    Word(
        "genset.fail_start",
        arguments=(Argument("n", "whole", high=10, optional=True),),
        verb="fail_start",
        not_yet=_some_attempts,
    ),
    Word("genset.start", (Turn("plant.mode", "manual"), Turn("plant.start", "1"))),
    Word("genset.stop", (Turn("plant.mode", "off"),)),
    Word("genset.estop", (Turn("plant.estop", "1"),)),
    # Who releases the button also presses AUTO, else the controller keeps the set locked out.
    Word("genset.estop_release", (Turn("plant.estop", "0"), AUTO)),
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
    Word("radio.loss", arguments=(Argument("share", high=1),), verb="loss", where="one_or_air"),
    # What reaches the gateway's own antenna.
    Word("radio.jam", (Turn("gateway.modem.hearing", "noise", "all"),), _SWITCH, where="none"),
    Word("gateway.deaf", (Turn("gateway.modem.hearing", "nothing", "all"),), _SWITCH, where="none"),
    # Broken off, in water, or behind a steel door; 0 makes it whole.
    Word("radio.antenna", arguments=(Argument("db", high=100, default=30.0),), verb="antenna"),
    # At the kit's buttons: nothing comes of a press while nobody has said that 112 is doubtful or down.
    Word(
        "person.press_help",
        (Turn("hand.help", "1"), *_ANSWERED),
        (Argument("real", "switch", optional=True), *TYPED),
        verb="type",
    ),
    Word("person.type_help", arguments=TYPED, verb="type"),
    Word("person.withdraw", (Turn("hand.withdraw", "1"),)),
    Word("person.press_security", (Turn("hand.security", "1"),)),
    Word("kit.reboot", verb="reboot"),
    Word("kit.kill", verb="kill"),
)
WORDS: Mapping[str, Word] = MappingProxyType({word.name: word for word in (*_WORDS, *DESK_WORDS)})

# fmt: off
# Known, and played by what is not built yet. Their further keys are read and not checked.
LATER = (
    "radio.lose_fragment",
    "kit.steal", "kit.swap", "kit.clock",
    "gateway.kill", "gateway.power_cut", "gateway.disk_full", "gateway.clock",
    "person.stock", "person.wijkbeeld",
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
