"""The words and shapes of the page for every id that the gateway's values use.

Messages are English here and translated where they are shown. Shapes are ids
of the symbols in ``templates/shapes.svg``: a state is told by word and shape,
never by colour alone.
"""

from __future__ import annotations

from typing import NamedTuple

from nspgateway.i18n import N_


class Word(NamedTuple):
    """A message id and the shape beside it."""

    text: str
    shape: str


STATUSES = {
    "normal": Word(N_("Normal"), "check"),
    "attention": Word(N_("Attention"), "triangle"),
    "critical": Word(N_("Critical"), "square"),
    "no_contact": Word(N_("No contact"), "cross"),
    "unknown": Word(N_("Unknown"), "question"),
}

SUPPLIES = {"line": N_("mains"), "battery": N_("battery, mains has failed"), "unknown": N_("unknown")}

DEPLOYMENTS = {
    "stored": Word(N_("In storage"), "box"),
    "activated": Word(N_("Activated"), "quarter"),
    "setting_up": Word(N_("Being set up"), "half-right"),
    "open": Word(N_("Open"), "disc"),
    "partly_open": Word(N_("Partly open"), "half-left"),
    "closed": Word(N_("Closed"), "ring"),
    "wound_down": Word(N_("Wound down"), "box"),
    "without_kit": Word(N_("Without kit"), "pencil"),
}

# Priority -> shape, word, and how soon somebody must act.
PRIORITIES = {
    "critical": ("square", N_("Critical"), N_("now")),
    "high": ("triangle", N_("High"), N_("within 30 minutes")),
    "medium": ("ring", N_("Medium"), N_("this shift")),
    "low": ("box", N_("Low"), N_("when there is time")),
}

# An alarm that may be over: nobody has to run, somebody has to ask.
RETURNED = ("question", N_("Restored?"), N_("not confirmed"))

SOURCES = {
    "grid": N_("Grid"),
    "generator": N_("Generator"),
    "battery": N_("Battery"),
    "sun": N_("Sun"),
    "none": N_("None"),
}

FUELS = {"diesel": N_("diesel"), "hvo": N_("HVO"), "petrol": N_("petrol")}

MODES = {
    "off": N_("switched off"),
    "manual": N_("on manual"),
    "auto": N_("on automatic"),
    "test": N_("on test"),
}

# Why a point that has no alarm is not called normal.
DOUBTS = {
    "no_power": N_("no power now"),
    "generator_fault": N_("generator has a fault"),
    "not_ready": N_("generator not ready"),
    "no_devices": N_("no devices have been set up"),
    "no_generator": N_("the kit does not know the generator"),
    "no_battery": N_("the kit does not know the battery"),
    "no_meter": N_("the kit does not know the meter"),
    "not_heard_yet": N_("No message received yet."),
    "clock_set_back": N_("Time unknown: our clock was set back."),
}

# Why our own receiver is down, by the cause of its port.
MODEM_CAUSES = {
    "missing": N_("The receiver is not plugged in."),
    "in_use": N_("Another program uses the receiver."),
    "denied": N_("This program may not use the receiver."),
    "lost": N_("The receiver was unplugged."),
    "down": N_("The receiver does not work."),
    "fault": N_("The receiver does not work."),
    "silent": N_("The receiver does not answer."),
    "refused": N_("The receiver does not accept our settings."),
    "old_firmware": N_("The software in the receiver is too old."),
    "not_set": N_("The receiver does not keep its settings."),
    "mute": N_("The receiver hears, but does not send."),
    "switch": N_("The power of the receiver cannot be switched."),
}

LINKS = {"good": N_("Good"), "weak": N_("Weak"), "none": N_("No contact")}

# Parts of a kit that its self-test tries, as in nsplink.fields.SELF_TESTS.
SELF_TESTS = {
    "flash": N_("memory"),
    "counter": N_("counter"),
    "clock": N_("clock"),
    "heap": N_("working memory"),
    "bus": N_("devices"),
    "radio": N_("radio"),
    "led": N_("light"),
    "button": N_("button"),
    "supply": N_("supply"),
    "cell": N_("own cell"),
}

FORECAST_REASONS = {
    "load_curve": N_("from the load"),
    "slope": N_("from the falling level"),
    "battery_net": N_("from the battery current"),
    "by_hand": N_("from litres entered by hand"),
}

# Field of a cell -> column heading, in the order of the columns.
COLUMNS = {
    "point": N_("Support point"),
    "status": N_("Status"),
    "hours": N_("Empty around"),
    "source": N_("Powered by"),
    "fuel": N_("Fuel"),
    "battery": N_("Battery"),
    "load": N_("Load"),
    "generator": N_("Generator"),
    "link": N_("Link"),
    "heard": N_("Last heard"),
    "calls": N_("Requests"),
}

# What an officer misses first when it is not known.
QUANTITIES = {
    "power_source": N_("power source"),
    "fuel_permille": N_("fuel"),
    "battery_permille": N_("battery"),
    "load_w": N_("load"),
    "generator_state": N_("generator"),
}

# Why a received frame was not taken, by the outcome word of the ingest.
REFUSALS = {
    "bad_tag": N_("wrong key"),
    "downlink": N_("of a coordinating point"),
    "duplicate": N_("received twice"),
    "implausible": N_("counter cannot be right"),
    "malformed": N_("damaged"),
    "neighbour": N_("of a neighbouring coordinating point"),
    "no_key": N_("no key"),
    "not_ours": N_("not of a kit"),
    "not_stored": N_("not stored"),
    "out_of_sync": N_("counter not known yet"),
    "replay": N_("repeated"),
    "undecodable": N_("not understood"),
    "unknown_kit": N_("unknown kit"),
    "unsure": N_("perhaps an old recording"),
    "version_mismatch": N_("older version"),
    "withdrawn": N_("withdrawn key"),
}
