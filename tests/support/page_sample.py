"""Four support points on a cold night, as the page gets them: one short of fuel, one well, one silent, one unclear."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from nspgateway.view import Alarm, Forecast, Overview, Point, Quality, Reading

# 02:10 in the Netherlands, in winter.
NOW = datetime(2027, 1, 16, 1, 10, tzinfo=UTC)


def reading(value: int | str | None, age_s: float | None = 60, quality: Quality = "good") -> Reading:
    """A reading of ``age_s`` seconds before NOW; an age of None: never read."""
    return Reading(value, quality, None if age_s is None else NOW - timedelta(seconds=age_s))


def readings(
    age_s: float | None = 60, quality: Quality = "good", **values: int | str | None
) -> dict[str, Reading]:
    """Readings of one age and quality by their names."""
    return {name: reading(value, age_s, quality) for name, value in values.items()}


def forecast(low: float, likely: float, high: float, age_s: float = 60) -> Forecast:
    """Hours left from NOW."""
    return Forecast(
        low_h=low,
        likely_h=likely,
        high_h=high,
        empty_low=NOW + timedelta(hours=low),
        empty_likely=NOW + timedelta(hours=likely),
        empty_high=NOW + timedelta(hours=high),
        reason="load_curve",
        measured_at=NOW - timedelta(seconds=age_s),
    )


FUEL_LOW = Alarm(
    id="fuel_low",
    point="de-linde",
    priority="high",
    raised_at=NOW - timedelta(minutes=8),
    title={"nl": "Brandstof wordt laag", "en": "Fuel getting low"},
    what={
        "nl": "Buurthuis De Linde heeft nog brandstof voor 7 tot 9 uur. Leeg rond 09:58. Gemeten 1 min geleden.",
        "en": "Buurthuis De Linde has fuel for 7 to 9 h. Empty around 09:58. Measured 1 min ago.",
    },
    todo={
        "nl": "Logistiek: plan tanken vóór 05:15. Nodig: 21 liter diesel."
        " Noodsteunpunt: zet uit wat niet nodig is.",
        "en": "Logistics: plan refuelling before 05:15; 21 l of diesel. Point: switch off what is not needed.",
    },
)
SILENT = Alarm(
    id="site_silent",
    point="de-kuil",
    priority="critical",
    raised_at=NOW - timedelta(minutes=41),
    title={"nl": "Geen contact", "en": "No contact"},
    what={
        "nl": "Sinds 01:14 krijgen we geen bericht van Sporthal De Kuil. We weten niet hoe het daar is.",
        "en": "No message from Sporthal De Kuil since 01:14. We do not know how things are there.",
    },
    todo={
        "nl": "Medewerker: roep het punt op via portofoon kanaal 3. Geen antwoord binnen 15 minuten?"
        " Coördinator: stuur iemand langs.",
        "en": "Staff: call by handheld radio. No answer in 15 minutes? Coordinator: send someone.",
    },
)


def _point(slug: str, name: str, number: int, **changes: Any) -> Point:
    point = Point(
        slug=slug,
        name=name,
        number=number,
        municipality="Oostveen",
        kit_address=64 + number,
        deployment="open",
        status="normal",
        readings={},
        fuel_litres=None,
        tank_litres=None,
        fuel_kind="diesel",
        rated_w=10000,
        fuel=None,
        battery=None,
        last_heard=NOW - timedelta(seconds=60),
        link="good",
        rssi_dbm=-97,
        snr_db=6.5,
    )
    return replace(point, **changes)


LINDE = _point(
    "de-linde",
    "Buurthuis De Linde",
    1,
    status="attention",
    readings=readings(
        fuel_permille=495,
        generator_state="running",
        generator_mode="auto",
        power_source="generator",
        battery_permille=810,
        battery_da=124,
        load_w=7800,
        alarms=0,
    ),
    fuel_litres=19.8,
    tank_litres=40.0,
    fuel=forecast(7.1, 7.8, 8.9),
    alarms=(FUEL_LOW,),
)
ARK = _point(
    "de-ark",
    "Kerk De Ark",
    2,
    readings=readings(
        fuel_permille=900,
        generator_state="stopped",
        generator_mode="auto",
        power_source="grid",
        battery_permille=1000,
        battery_da=0,
        load_w=1600,
        alarms=0,
    ),
    fuel_litres=36.0,
    tank_litres=40.0,
    rated_w=8000,
)
KUIL = _point(
    "de-kuil",
    "Sporthal De Kuil",
    3,
    status="no_contact",
    readings=readings(
        3360,
        "unknown",
        fuel_permille=None,
        generator_state=None,
        generator_mode=None,
        power_source=None,
        load_w=None,
        alarms=None,
    )
    | readings(None, "none", battery_permille=None, battery_da=None),
    fuel_kind="petrol",
    rated_w=3000,
    last_heard=NOW - timedelta(minutes=56),
    link="none",
    rssi_dbm=None,
    snr_db=None,
    alarms=(SILENT,),
)
ZUID = _point(
    "zuid",
    "Dorpshuis Zuid",
    4,
    status="attention",
    deployment="partly_open",
    readings=readings(power_source="battery", battery_permille=420, battery_da=-186, load_w=850, alarms=0)
    | readings(840, "stale", fuel_permille=250)
    | readings(1260, "unknown", generator_state=None, generator_mode=None),
    fuel_litres=15.0,
    tank_litres=60.0,
    fuel_kind="hvo",
    battery=forecast(3.6, 4.4, 5.7),
    link="weak",
)


def overview(**changes: Any) -> Overview:
    """The sample night; ``changes`` are fields of Overview."""
    sample = Overview(
        now=NOW,
        region="Veiligheidsregio Oostveen",
        cp="Kazerne Oost",
        speed=1.0,
        points=(KUIL, ZUID, LINDE, ARK),
        alarms=(SILENT, FUEL_LOW),
        modem_ok=True,
        modem_reason="",
        modem_since=NOW - timedelta(hours=5),
        broker_ok=True,
        counters={"accepted": 1204, "bad_tag": 2, "replay": 1, "not_ours": 0},
    )
    return replace(sample, **changes)


class Source:
    """A source of overviews whose state a test sets; ``now`` runs with the wall."""

    def __init__(self, state: Overview) -> None:
        self.reads = 0
        self._state = state
        self._revision = 1
        self._changed = asyncio.Event()
        self._start = asyncio.get_running_loop().time()

    def overview(self) -> Overview:
        """The state as set, with the wall seconds since the start added to its clock."""
        self.reads += 1
        passed = timedelta(seconds=asyncio.get_running_loop().time() - self._start)
        return replace(self._state, now=self._state.now + passed)

    def set(self, state: Overview) -> None:
        """Replace the state and wake the screens."""
        self._state = state
        self._revision += 1
        self._changed.set()
        self._changed = asyncio.Event()

    async def wait_changed(self, revision: int, timeout_s: float) -> int:
        """As the page's OverviewSource asks."""
        if revision == self._revision:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), timeout_s)
        return self._revision
