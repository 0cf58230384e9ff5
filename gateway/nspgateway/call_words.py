"""The words of calls for help on the page: kinds, stages, whom to pass them on to, answers, reasons. Data."""

from __future__ import annotations

from collections.abc import Mapping

from nspgateway.i18n import N_

# What is asked for, as it follows the name of a point.
ASKS: Mapping[str, str] = {
    "fire_brigade": N_("asks for the fire brigade"),
    "ambulance": N_("asks for an ambulance"),
    "police": N_("asks for the police"),
    "not_known": N_("asks for help, which service is not known"),
    "security": N_("asks for help silently: the team is not safe there"),
}
# The same in a word or two, for a form and a table.
KINDS: Mapping[str, str] = {
    "fire_brigade": N_("fire brigade"),
    "ambulance": N_("ambulance"),
    "police": N_("police"),
    "not_known": N_("not known"),
    "security": N_("team not safe"),
}
RECIPIENTS: Mapping[str, str] = {
    "control_room": N_("the control room"),
    "fire_brigade": N_("the fire brigade"),
    "police": N_("the police"),
    "doctor": N_("a doctor or nurse here"),
    "other": N_("somebody else"),
}
ANSWERS: Mapping[str, str] = {
    "help_comes": N_("Help is coming"),
    "no_unit": N_("No unit is free, follow this instruction"),
    "call_back": N_("Call us back by radio"),
    "text": N_("Something else"),
}
REASONS: Mapping[str, str] = {
    "helped": N_("The point was helped"),
    "not_needed": N_("Help is not needed any more"),
    "mistake": N_("Pressed by mistake"),
    "double": N_("The same as another call"),
    "other": N_("Another reason"),
}
STAGES: Mapping[str, str] = {
    "stored": N_("Not read yet"),
    "read": N_("Read"),
    "passed_on": N_("Passed on"),
    "answered": N_("Answered"),
    "closed": N_("Call closed"),
}
LATE: Mapping[str, str] = {
    "help_unread": N_("Nobody has read this call for help"),
    "help_not_passed": N_("Not passed on yet"),
    "help_not_called_back": N_("Not called back yet"),
}
# What the kit sent of the text, by the names of its parts.
FIELDS: Mapping[str, str] = {
    "place": N_("Where"),
    "what": N_("What happened"),
    "victims": N_("Who is hurt"),
    "danger": N_("Danger"),
    "waiting": N_("Who waits where"),
}
STATUS_112: Mapping[str, str] = {
    "works": N_("112 works"),
    "doubtful": N_("112 is doubtful"),
    "off": N_("112 is down"),
}
# What a volunteer reads on the kit then.
KIT_112: Mapping[str, str] = {
    "works": N_("The kits say: call 112. The help button does nothing."),
    "doubtful": N_("The kits offer the help button: try 112 first, else hold it for 3 seconds."),
    "off": N_("The kits offer the help button: try 112 first, else hold it for 3 seconds."),
}
