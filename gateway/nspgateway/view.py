"""What a screen may show: immutable values, made from state, read by every output.

Quantities keep the names and scaled integers of ``nsplink.fields``; turning
them into words, litres and decimal commas is the page's work.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct

Quality = Literal["good", "stale", "unknown", "none"]
Status = Literal["normal", "attention", "critical", "no_contact", "unknown"]
Priority = Literal["critical", "high", "medium", "low"]
# Points at which people are: what fails there comes first.
OPEN = frozenset({"open", "partly_open"})
# Deployments below the fold, whatever their state.
CLOSED = frozenset({"stored", "closed", "wound_down"})
# What the region is asked to have fuel for.
NEED_HOURS = 12
# Below this signal-to-noise ratio in dB a LoRa frame is lost; by spreading factor.
SNR_LIMIT_DB: Mapping[int, float] = {7: -7.5, 8: -10.0, 9: -12.5, 10: -15.0, 11: -17.5, 12: -20.0}
WEAK_MARGIN_DB = 5.0
# Where a silent kit means something: at other points it may well be switched off.
WATCHED = frozenset({"activated", "setting_up", "open", "partly_open"})
# Why a point of which no alarm is open is not called normal; "" = no such reason.
Doubt = Literal[
    "",
    "no_power",
    "generator_fault",
    "not_ready",
    "no_devices",
    "no_generator",
    "no_battery",
    "no_meter",
    "not_heard_yet",
    "clock_set_back",
]

# runs_down: by what carries it now. if_grid_fails, if_sun_fails: nothing runs down, this is the case if.
# dark: no power already, since ``since``. unknown: nobody can tell.
Case = Literal["runs_down", "if_grid_fails", "if_sun_fails", "dark", "unknown"]
Part = Literal["fuel", "battery"]
Missing = Literal[
    "source_unknown",
    "fuel_unknown",
    "battery_unknown",
    "generator_not_ready",
    "start_by_hand",
    "not_running_down",
]

# Two readings of one clock may differ a little; what lies further ahead was stamped before it was set back.
CLOCK_SLACK = timedelta(seconds=5)


def is_ahead(at: datetime, now: datetime) -> bool:
    """Tell whether a moment of the past lies in the future: then its age is not known."""
    return at - now > CLOCK_SLACK


class Reading(Struct, frozen=True, gc=False):
    """One quantity. ``value`` is None whenever ``quality`` is unknown or none.

    ``good_at`` (UTC) is the last good read at the kit; None = never. An unknown
    value keeps it, so that its age goes on growing. "none": no such device.
    """

    value: int | str | None
    quality: Quality
    good_at: datetime | None


class Forecast(Struct, frozen=True):
    """Hours until empty, as a range with its reason.

    ``likely`` is the pessimistic of the methods used, and the one that alarms.
    """

    low_h: float
    likely_h: float
    high_h: float
    empty_low: datetime
    empty_likely: datetime
    empty_high: datetime
    reason: Literal["load_curve", "slope", "battery_net", "by_hand"]
    measured_at: datetime


class LightsOut(Struct, frozen=True):
    """``low``, ``likely``, ``high``: when it goes dark, None = not known. ``parts``: what is counted on.

    ``missing``: why something is not counted, or what a person has to do for it. ``since``: of "dark".
    """

    word: Case
    low: datetime | None = None
    likely: datetime | None = None
    high: datetime | None = None
    parts: tuple[Part, ...] = ()
    missing: tuple[Missing, ...] = ()
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Hand:
    """A person of this role did something, then; who it was stands in the audit trail."""

    role: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Alarm:
    """One open alarm. Texts are filled in, by language code ("nl", "en").

    ``is_returned``: its cause is gone, and it still has to be confirmed or seen. ``seen``: by whom, as it
    stands now; ``owner``: who takes care of it. ``shelved_until``: put aside until then, None = it is not.
    """

    id: str
    point: str
    priority: Priority
    raised_at: datetime
    title: dict[str, str]
    what: dict[str, str]
    todo: dict[str, str]
    is_returned: bool = False
    seen: Hand | None = None
    owner: Hand | None = None
    shelved_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """One support point as the overview shows it.

    ``fuel_source``, ``fuel_at``: who said the litres, and when. ``half_load_h``: hours of fuel at half the load.
    ``exercise``: its kit's newest frame is part of one. ``failed_parts``: of its kit, in the newest self-test,
    whose report came at ``ready_at`` (None = never). ``deployment_at``: since when it is so, None = always.
    ``stop_until``: a planned stop runs until then. ``dark_since``: since when its kit says that there is no power.
    ``had_power``: when it was last heard, for hours to come; None = not known. ``litres_needed``: to reach
    ``NEED_HOURS``, 0 where nothing runs down, None = not known.
    ``calls``: how many calls for help of this point are open.
    """

    slug: str
    name: str
    number: int
    municipality: str
    kit_address: int | None
    deployment: str
    status: Status
    readings: dict[str, Reading]
    fuel_litres: float | None
    tank_litres: float | None
    fuel_kind: str
    rated_w: int | None
    fuel: Forecast | None
    battery: Forecast | None
    last_heard: datetime | None
    link: Literal["good", "weak", "none"]
    rssi_dbm: int | None
    snr_db: float | None
    alarms: tuple[Alarm, ...] = field(default=())
    doubt: Doubt = ""
    failed_parts: tuple[str, ...] = ()
    ready_at: datetime | None = None
    fuel_source: Literal["gauge", "by_hand", "estimate"] | None = None
    fuel_at: datetime | None = None
    half_load_h: float | None = None
    exercise: bool = False
    lights_out: LightsOut | None = None
    deployment_at: datetime | None = None
    stop_until: datetime | None = None
    dark_since: datetime | None = None
    had_power: bool | None = None
    litres_needed: float | None = 0.0
    calls: int = 0


@dataclass(frozen=True, slots=True)
class Sound:
    """Something that sounds until a person has seen it. ``word``: which sound; ``id``: of the alarm or call.

    "help": there is something in a call that nobody has seen. "help_late": one waits too long to be read or passed
    on; ``is_second``: so long that a second place is to hear of it.
    """

    word: Literal["help", "help_late", "critical", "high", "test"]
    point: str
    id: str
    since: datetime
    is_second: bool = False


@dataclass(frozen=True, slots=True)
class CallView:
    """An open call for help, without anything that a person typed. ``number``: of its point, None = no more there.

    ``row``: its place in the order of tasks: 1 not read, 2 a team that is not safe, 4 read; the coordinating point's
    own troubles are 3. ``stage`` since ``since``. ``mark``: what the point added, ``needs_call_back``: it withdrew
    and nobody has asked yet. ``late``: what waits too long, "" = nothing. ``exercise``: of an exercise; ``is_real``:
    of none while one is going on. ``is_shown``: whether its kit shows the stage, None = nothing is to be shown there.
    """

    id: str
    point: str
    name: str
    number: int | None
    kind: str | None
    row: Literal[1, 2, 4]
    stage: Literal["stored", "read", "passed_on", "answered", "closed"]
    since: datetime
    made_at: datetime
    stored_at: datetime
    mark: Literal["made", "withdrawn", "details"] = "made"
    is_unseen: bool = True
    needs_call_back: bool = False
    late: Literal["", "help_unread", "help_not_passed", "help_not_called_back"] = ""
    exercise: bool = False
    is_real: bool = False
    by_hand: bool = False
    is_shown: bool | None = None


@dataclass(frozen=True, slots=True)
class View112:
    """What people said of 112. ``since`` None: nobody said anything, and kits take it that it works.

    ``told``: points whose kits have confirmed it; ``untold``: those that have not.
    """

    word: Literal["works", "doubtful", "off"] = "works"
    since: datetime | None = None
    told: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NotifierState:
    """How a notifier does. ``failing_since``: None = it works; ``reason``: why it does not.

    ``waiting``: notices not delivered yet; ``dropped``: given up because more came than it took.
    """

    name: str
    failing_since: datetime | None = None
    reason: str = ""
    last_success: datetime | None = None
    waiting: int = 0
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class PathTest:
    """The newest test of the alarm path. ``step``: the one that was not reached, "" = it arrived or is under way.

    ``steps``: seconds from its begin to each step that was reached. ``ok_at``: of the last that arrived.
    """

    state: Literal["running", "ok", "missed"]
    at: datetime
    point: str
    step: str = ""
    steps: Mapping[str, float] = field(default_factory=dict)
    ok_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Own:
    """The coordinating point itself, for the page's first line; "" and None = not watched.

    ``supply``: "line", "battery" or "unknown", by an answer of ``supply_age_s`` ago; ``supply_min``:
    minutes left. ``clock_off_s``: how far our time is ahead of the trusted date. ``disk``: "low" or "full".
    """

    supply: str = ""
    supply_min: float | None = None
    supply_age_s: float | None = None
    clock_trusted: bool | None = None
    clock_off_s: float = 0.0
    disk: str = ""
    disk_free_mb: float | None = None


@dataclass(frozen=True, slots=True)
class Clocks:
    """Of an incident: ``t0``: when it was activated; ``outage_since``: since when the grid is out, None = not known.

    ``decided_by``: the role that activated it, by language code; empty when the region no longer knows it.
    """

    t0: datetime
    outage_since: datetime | None
    decided_by: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything on the first page; ``points`` and ``alarms`` in order of urgency.

    ``shelved``: alarms that were put aside, those that come back first.

    ``modem_cause``: a cause of ``ports.PortError``, "starting" or "" (up). ``store_problem``: why
    nothing is stored now, "" = it works. ``gateway_since``: start of this program (UTC).
    ``clock_behind_s``: how far our clock is still behind the newest frame that was here at the start.
    ``sounding``: what sounds now, calls for help first. ``path_test``: None = there was none yet.
    ``clocks``: of the incident that lasts, None = nothing is activated.
    ``calls``: every open call for help, first task first; they stand above all else.
    ``exercise_since``: when the exercise began that people here agreed on, None = none runs.
    """

    now: datetime
    region: str
    cp: str
    speed: float
    points: tuple[Point, ...]
    alarms: tuple[Alarm, ...]
    modem_ok: bool
    modem_reason: str
    modem_since: datetime | None
    broker_ok: bool
    counters: dict[str, int]
    modem_cause: str = ""
    store_problem: str = ""
    gateway_since: datetime | None = None
    clock_behind_s: float = 0.0
    sounding: tuple[Sound, ...] = ()
    notifiers: tuple[NotifierState, ...] = ()
    path_test: PathTest | None = None
    own: Own | None = None
    shelved: tuple[Alarm, ...] = ()
    clocks: Clocks | None = None
    calls: tuple[CallView, ...] = ()
    status112: View112 = field(default_factory=View112)
    exercise_since: datetime | None = None
