"""The questions of a report by voice, in the order in which they are asked. Data: form, paper and point page share it."""

from __future__ import annotations

from typing import Literal, NamedTuple

from nspgateway.i18n import N_

Kind = Literal["choice", "litres", "percent", "people", "clock", "lines", "message"]


class Question(NamedTuple):
    """``id``: name of its field; ``text``: as it is asked on the radio; ``label``: over what was answered."""

    id: str
    kind: Kind
    text: str
    label: str


QUESTIONS = (
    Question("deployment", "choice", N_("Are you open?"), N_("The point says")),
    Question("litres", "litres", N_("How many litres of fuel are in the tank?"), N_("Fuel")),
    Question("battery_permille", "percent", N_("How full is the battery, in percent?"), N_("Battery")),
    Question("staff", "people", N_("With how many are you?"), N_("People there")),
    Question("staff_needed", "people", N_("How many do you need?"), N_("People needed")),
    Question("relief_at", "clock", N_("At what time are you relieved?"), N_("Relief")),
    Question("visitors", "choice", N_("How many visitors are there?"), N_("Visitors")),
    Question("stock_low", "lines", N_("What are you running short of?"), N_("Shortage")),
    Question("displayed", "message", N_("Which message to residents hangs?"), N_("Message that hangs")),
)
# What a volunteer may answer; the others are the coordinating point's own words.
DEPLOYMENTS = ("setting_up", "open", "partly_open", "closed", "wound_down")
VISITORS = {
    "none": N_("none"),
    "below_10": N_("fewer than 10"),
    "below_50": N_("10 to 50"),
    "below_200": N_("50 to 200"),
    "more": N_("more than 200"),
}
