"""The words of the audit trail: what was done, in which group of the filter, and with which figures. Data.

An act that is not here, of a later version for instance, shows its own id: a line is never left out.
"""

from __future__ import annotations

from collections.abc import Mapping

from nspgateway import call_words
from nspgateway.i18n import N_

# Group of the filter -> its name, in the order in which they are offered.
GROUPS: Mapping[str, str] = {
    "calls": N_("Calls for help"),
    "alarms": N_("Alarms"),
    "points": N_("Points"),
    "fuel": N_("Fuel"),
    "decisions": N_("Decisions"),
    "messages": N_("Messages and reports"),
    "exercise": N_("Exercise"),
    "shift": N_("Change of shift"),
    "box": N_("Own equipment"),
    "access": N_("Logins and accounts"),
}

# Group -> act -> what it says.
ACTS: Mapping[str, Mapping[str, str]] = {
    "calls": {
        "call_entered": N_("Call for help entered by hand"),
        "call_read": N_("Call for help read"),
        "call_passed_on": N_("Call for help passed on"),
        "call_answered": N_("Call for help answered"),
        "call_called_back": N_("Point called back"),
        "call_placed": N_("Place of a call for help noted"),
        "call_closed": N_("Call for help closed"),
        "silence_call": N_("Sound of a call for help switched off"),
        "status112": N_("State of 112 entered"),
    },
    "alarms": {
        "acknowledge": N_("Alarm seen"),
        "take_on": N_("Alarm taken on"),
        "shelve": N_("Reminder of an alarm put off"),
        "unshelve": N_("Alarm shown again"),
        "comment": N_("Note"),
    },
    "points": {
        "deployment": N_("Deployment entered"),
        "kit_withdrawn": N_("Key of a lost or stolen kit refused"),
        "popup": N_("Point opened that nobody had planned"),
        "popup_end": N_("Unplanned point wound down for good"),
        "plan_stop": N_("Stop for refuelling announced"),
        "end_stop": N_("Stop for refuelling ended"),
        "backfill": N_("Lost readings asked for"),
    },
    "fuel": {
        "fuel": N_("Fuel entered by hand"),
        "plan_delivery": N_("Fuel delivery planned"),
        "deliver": N_("Fuel delivered"),
        "cancel_delivery": N_("Fuel delivery cancelled"),
    },
    "decisions": {
        "decision": N_("Decision entered"),
        "milestone": N_("Milestone reached"),
        "milestone_back": N_("Milestone taken back"),
        "hold": N_("Records kept: nothing is deleted"),
        "release": N_("Records released"),
    },
    "messages": {
        "bulletin": N_("Message to residents sent"),
        "message_draft": N_("Message to residents written"),
        "message_approve": N_("Message to residents approved"),
        "message_told": N_("Point says that a message hangs, or was taken down"),
        "report": N_("Report entered that a point gave by voice"),
    },
    "exercise": {
        "exercise_start": N_("Exercise begun"),
        "exercise_extend": N_("Exercise given another end"),
        "exercise_again": N_("Kit told again whether it is in the exercise"),
        "exercise_end": N_("Exercise ended"),
    },
    "shift": {
        "hand_over": N_("Shift handed over"),
        "take_shift": N_("Shift taken over"),
    },
    "box": {
        "alert_path_test": N_("Alarm test begun"),
        "alert_path_test_result": N_("Result of the alarm test"),
        "clock_step": N_("Clock set right"),
        "command_refused": N_("Command of another system refused"),
    },
    "access": {
        "login": N_("Logged in"),
        "logout": N_("Logged out"),
        "login_refused": N_("Login refused"),
        "emergency_login": N_("Came in with the emergency code"),
        "emergency_code": N_("New emergency code made"),
        "emergency_end": N_("Emergency code: logged out who came in with it"),
        "account_first": N_("First account made"),
        "account_add": N_("Account added"),
        "account_role": N_("Role of an account changed"),
        "account_disable": N_("Account disabled"),
        "account_enable": N_("Account enabled"),
        "account_password": N_("Password changed"),
        "account_reset_password": N_("Password reset"),
        "account_second_factor": N_("Second factor set up"),
        "account_reset_second_factor": N_("Second factor reset"),
        "screen_add": N_("Screen added"),
        "screen_pair": N_("Screen paired"),
        "screen_remove": N_("Screen removed"),
    },
}
TEXT_OF: Mapping[str, str] = {what: text for acts in ACTS.values() for what, text in acts.items()}

# Key of an action's detail -> its name. Others are shown as they are.
DETAILS: Mapping[str, str] = {
    "alone": N_("approved by who wrote it"),
    "litres": N_("litres"),
    "kind": N_("kind"),
    "until": N_("until"),
    "due_at": N_("expected"),
    "minutes": N_("minutes"),
    "word": N_("entered"),
    "decider": N_("decided by"),
    "decided_at": N_("decided at"),
    "milestone": N_("milestone"),
    "plan": N_("plan no."),
    "call": N_("call"),
    "role": N_("role"),
    "municipality": N_("municipality"),
    "screen": N_("screen"),
    "address": N_("from address"),
    "why": N_("why"),
    "command": N_("command"),
    "number": N_("message no."),
    "version": N_("version"),
    "revision": N_("version"),
    "replaces": N_("in the place of no."),
    "stage": N_("the point says"),
    "at": N_("said at"),
    "handover": N_("handover no."),
    "from": N_("from"),
    "to": N_("to"),
    "by_s": N_("by seconds"),
    "result": N_("result"),
    "step": N_("stopped at"),
}

# Values of such a detail in words; times and numbers are written by the page.
VALUES: Mapping[str, Mapping[str, str]] = {
    "alone": {"0": N_("no"), "1": N_("yes")},
    "kind": {
        "dip": N_("dip reading"),
        "refuel": N_("filled up by hand"),
        "activate": N_("activate"),
        "take_over": N_("take over points"),
        "extend": N_("extend"),
        "scale_down": N_("scale down"),
        **call_words.KINDS,
    },
    "word": {
        "stored": N_("In storage"),
        "activated": N_("Activated"),
        "setting_up": N_("Being set up"),
        "open": N_("Open"),
        "partly_open": N_("Partly open"),
        "closed": N_("Closed"),
        "wound_down": N_("Wound down"),
        "works": N_("works"),
        "doubtful": N_("doubtful"),
        "off": N_("down"),
    },
    "why": {
        "name": N_("no such name"),
        "password": N_("wrong password"),
        "disabled": N_("disabled account"),
        "code": N_("wrong code from the app"),
        "emergency_code": N_("wrong emergency code"),
        "pairing_code": N_("wrong code of a screen"),
        "first_code": N_("wrong code for the first account"),
    },
    "stage": {"displayed": N_("it hangs"), "removed": N_("it was taken down")},
    "result": {"ok": N_("arrived"), "missed": N_("did not arrive")},
}
# The word of an act where it has words of its own.
OF_ACT: Mapping[str, Mapping[str, str]] = {
    "call_passed_on": call_words.RECIPIENTS,
    "call_answered": call_words.ANSWERS,
    "call_closed": call_words.REASONS,
}
# Where an act came from, beside a client of MQTT and the gateway itself.
ORIGINS: Mapping[str, str] = {
    "page": N_("on the page"),
    "command": N_("with a command on the box"),
    "gateway": N_("by the gateway itself"),
    "scenario": N_("by the scenario of a demo"),
}
