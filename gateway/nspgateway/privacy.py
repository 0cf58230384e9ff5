"""The privacy class of every field that the gateway has. Pure.

technical     of equipment and of this program
operational   of the points and of what is done about them; may go to whoever works on the incident
personal      says who somebody is or what somebody did, or was typed by a person
special       may tell of somebody's health: what was typed in a call for help, and whatever holds it

Personal and special fields stay in the database: they are shown to a person who is logged in and go to
the archive, and into no message, notice, log or export. Which kind of help was asked for, and that nobody
has read it yet, is operational: it names nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

Class = Literal["technical", "operational", "personal", "special"]
CLASSES: tuple[Class, ...] = get_args(Class)
# What may be in a message, a notice, a log or an export.
OUTWARD: frozenset[Class] = frozenset({"technical", "operational"})

_PLACE = "region cp municipality point number name"
_SENDER = "schema demo exercise kit"
_BOX = "speed gateway_since clock_behind_s"
_GATEWAY = "schema demo region cp"

# Record -> names of its fields, by class in the order of CLASSES. Records of one name in two modules share a line.
_TABLE: Mapping[str, tuple[str, ...]] = {
    # Messages on MQTT
    "Demo": ("speed",),
    "Texts": ("", "nl en"),
    "Measured": ("value quality at age_s",),
    "Sent": ("value quality",),
    "HoursLeft": (
        "reason measured_at age_s",
        "hours_low hours_likely hours_high empty_low empty_likely empty_high",
    ),
    "State": (
        f"{_SENDER} values local_alarms tank_litres fuel_kind fuel_source",
        (f"{_PLACE} at valid_until deployment last_heard last_heard_age_s fuel_litres fuel battery "
        "fuel_at fuel_age_s fuel_half_load_h lights_out"),
    ),
    "Telemetry": (
        f"{_SENDER} key generation counter kind rssi_dbm snr_db values local_alarms late",
        f"{_PLACE} received_at made_at",
    ),
    "AlarmMessage": (
        _SENDER,
        f"{_PLACE} id state priority at raised_at age_s ended_at title what do reason",
    ),
    "HelpMessage": (
        f"{_SENDER} key by_hand",
        (f"{_PLACE} id kind mark stage at made_at age_s stored_at withdrawn_at read_at passed_on_at answered_at "
        "called_back_at closed_at"),
    ),
    "Reply": (f"{_GATEWAY} id at ok word", "text"),
    "Dark": ("parts missing", "word low likely high since"),
    "Litres": ("", "litres at"),
    "OnItsWay": ("delivery", "litres at"),
    "RefuelLine": (
        "fuel_kind fuel_source",
        ("municipality point number name deployment litres fuel_at litres_needed litres_fit empty_low drive_before why priority "
        "planned delivered filler access supplier exercise"),
    ),
    "Refuel": (_GATEWAY, "at valid_until hours points litres_needed litres_planned unknown"),
    "Modem": ("state cause since",),
    "Health": ("modem store_problem away",),
    "GatewayStatus": (f"{_GATEWAY} state at reason modem store_problem away",),
    "GatewayStats": (f"{_GATEWAY} at counters",),
    # Commands from clients
    "Command": ("id",),
    "Acknowledge": ("id", "point alarm"),
    "Shelve": ("id", "point alarm until", "note"),
    "Unshelve": ("id", "point alarm"),
    "Stop": ("id", "point minutes"),
    "EndStop": ("id", "point"),
    "Fuel": ("id", "point kind litres at"),
    "PlanDelivery": ("id", "point litres due_at"),
    "Deliver": ("id delivery", "litres"),
    "CancelDelivery": ("id delivery",),
    "SetDeployment": ("id", "point word opens_at", "note"),
    "Backfill": ("id", "point"),
    "Bulletin": ("id", "valid_until", "nl en"),
    "TestPath": ("id", "point"),
    # What is kept
    "Frame": (
        "kit generation counter received_at kind exercise fields rssi_dbm snr_db late made_at",
        "point",
        "",
        "raw",
    ),
    "KitEvent": ("kit generation boot n", "kind mark began", "", "text tail"),
    "KitBoot": ("kit generation epoch at fields",),
    "KitReport": ("kit generation counter exercise boot n", "point at fields"),
    "Receipt": ("kit", "point number version stage at"),
    "Held": ("value source good_at",),
    "Heard": ("kit generation counter at rssi_dbm snr_db exercise",),
    "Window": ("newest seen",),
    "AlarmChange": ("is_kept is_event", "point alarm action record at"),
    "Changes": ("window boot heard readings memory", "at alarms messages new_point", "actions command access", "frame event late calls"),
    "Call": (
        "kit generation boot n origin",
        "id point first_kind exercise during_exercise made_at stored_at",
        "",
        "steps",
    ),
    "Step": ("counter", "what at happened_at word", "by name", "text tail"),
    "CallNews": ("", "", "", "call step"),
    # What people do
    "By": ("", "role", "who origin"),
    "Deployment": ("", "word opens_at"),
    "PlannedStop": ("", "until"),
    "FuelEntry": ("", "kind litres at"),
    "Delivery": ("", "kind litres due_at plan"),
    "Hold": ("", "held"),
    "CallAct": ("", "call what word happened_at", "name", "text"),
    "Status112": ("", "word"),
    "Ruling": ("corrects", "kind decider decided_at points from_cp opens_at until outage_since exercise"),
    "MilestoneEntry": ("", "milestone reached_at"),
    # Nobody has looked at what stands in a draft; what was sent hangs on the wall of every point.
    "Draft": ("", "number version valid_until", "nl en"),
    "Approval": ("", "number version alone"),
    "Sending": ("", "number version text replaces valid_until"),
    "OnTheWall": ("", "number version stage at"),
    "HandReport": (
        "",
        "at deployment battery_permille staff staff_needed relief_at visitors stock_low displayed",
    ),
    "ExerciseStart": ("", "name ends_at points"),
    "ExerciseEnd": ("", "ends_at"),
    "TakeShift": ("", "offer"),
    "KeyWithdrawal": ("kit generation",),
    "PopUp": ("", "name number municipality latitude longitude address"),
    "Action": ("id", "at what point alarm detail entry", "by note"),
    "Answered": ("id at", "answer", "client"),
    # Who may look and act
    "Account": ("totp_step", "role municipality made_at must_change disabled", "name password totp"),
    "Session": ("second", "made_at seen_at", "token account"),
    "EmergencyCode": ("", "made_at used_at", "id hash"),
    "Screen": ("", "name made_at code_until seen_at", "code token"),
    "Ended": ("sealed", "before", "token account but"),
    "KnownDevice": ("", "seen_at", "token account"),
    "Forgotten": ("", "", "account"),
    "ScreenGone": ("", "name"),
    "Guesses": ("kind count", "last_at", "mark"),
    # What is made heard and shown
    "Notice": ("key exercise", "kind action at point name id priority title what todo is_second"),
    "Reading": ("value quality good_at",),
    "Forecast": (
        "reason measured_at",
        "low_h likely_h high_h empty_low empty_likely empty_high",
    ),
    "Alarm": ("", "id point priority raised_at title what todo is_returned seen owner shelved_until"),
    "Hand": ("", "role at"),
    "Point": (
        "kit_address readings rated_w tank_litres fuel_kind link rssi_dbm snr_db doubt failed_parts ready_at fuel_source exercise",
        (
            "slug name number municipality deployment status fuel_litres fuel battery last_heard alarms "
            "fuel_at half_load_h lights_out deployment_at stop_until dark_since had_power litres_needed calls"
        ),
    ),
    "LightsOut": ("parts missing", "word low likely high since"),
    "Sound": ("word since", "point id is_second"),
    # Which help and where in the work, but neither what was typed, nor where it is, nor who does what.
    "CallView": (
        "is_shown by_hand",
        ("id point name number kind row stage since made_at stored_at mark is_unseen needs_call_back late exercise "
        "is_real"),
    ),
    "View112": ("", "word since told untold"),
    "NotifierState": ("name failing_since reason last_success waiting dropped",),
    "PathTest": ("state at step steps ok_at", "point"),
    "Own": ("supply supply_min supply_age_s clock_trusted clock_off_s disk disk_free_mb",),
    "Clocks": ("", "t0 outage_since decided_by"),
    "Overview": (
        f"{_BOX} own path_test notifiers modem_ok modem_reason modem_since modem_cause broker_ok counters store_problem",
        "now region cp points alarms shelved sounding clocks calls status112 exercise_since",
    ),
}  # fmt: skip

# The fields on air and the tails behind them, as ``nsplink.fields`` names them.
_ON_AIR: Mapping[Class, str] = {
    "technical": """
        fuel_permille generator_state generator_mode power_source battery_permille load_w alarms
        q_generator q_battery q_meter q_tank kit_cell_permille generator_w generator_v generator_dhz engine_dh
        starter_dv battery_cv battery_da battery_c engine_starts uptime_min reset_cause boots budget_permille
        queue_depth bus_errors config_hash downlink_snr_db supply_dv on_own_cell enclosure_c
        boot_epoch firmware micropython self_test acked utc_min heard missing fragment last_fragment
        bulletin_bytes digest lacking command answers result base_counter base_age_s gateway_id
        records value argument""",
    "operational": """
        event_boot event_n alarm age_s help_kind help_mark help_stage help_answer status112
        bulletin revision expires_min replaces receipt_stage data
        deployment staff staff_needed relief_quarters visitors stock_low displayed displayed_rev
        topic_1 count_1 topic_2 count_2 topic_3 count_3""",
    "special": "text",
}
_CLASS_ON_AIR: Mapping[str, Class] = {name: kind for kind, names in _ON_AIR.items() for name in names.split()}


def of(record: str) -> dict[str, Class]:
    """Return the class of each field of a record. KeyError when the record is not in the table."""
    return {
        name: kind
        for kind, names in zip(CLASSES, _TABLE[record], strict=False)
        for name in names.split()
    }  # fmt: skip


def records() -> frozenset[str]:
    """Return the names of all records in the table."""
    return frozenset(_TABLE)


def on_air() -> Mapping[str, Class]:
    """Return the class of each field on air, by its name in ``nsplink.fields``."""
    return _CLASS_ON_AIR
