"""The worst that a screen has to hold: four alarms, a call for help, an exercise and two clocks, for whoever is on duty."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from starlette.applications import Starlette

from nspgateway.view import Alarm, CallView, Clocks, Overview
from nspgateway.web import create_app
from nspgateway.web.office import Works
from page_sample import ARK, FUEL_LOW, KUIL, LINDE, NOW, SILENT, ZUID, Source, overview, reading
from web_room import WebRoom, around

CALL = CallView(
    id="65-1-3-1",
    point="de-linde",
    name="Buurthuis De Linde",
    number=1,
    kind="ambulance",
    row=1,
    stage="stored",
    since=NOW - timedelta(minutes=4),
    made_at=NOW - timedelta(minutes=5),
    stored_at=NOW - timedelta(minutes=4),
    late="help_unread",
)
BATTERY_LOW = Alarm(
    id="battery_low",
    point="zuid",
    priority="high",
    raised_at=NOW - timedelta(minutes=21),
    title={"nl": "Accu wordt leeg", "en": "Battery runs down"},
    what={
        "nl": "Dorpshuis Zuid heeft nog stroom voor 3,5 tot 6 uur. Leeg rond 06:34. Gemeten 1 min geleden.",
        "en": "Dorpshuis Zuid has power for 3.5 to 6 h. Empty around 06:34. Measured 1 min ago.",
    },
    todo={
        "nl": "Noodsteunpunt: start het aggregaat. Logistiek: breng 25 liter HVO vóór 04:30.",
        "en": "Point: start the generator. Logistics: bring 25 l of HVO before 04:30.",
    },
)
NO_POWER = Alarm(
    id="power_lost",
    point="de-ark",
    priority="critical",
    raised_at=NOW - timedelta(minutes=12),
    title={"nl": "Geen stroom", "en": "No power"},
    what={
        "nl": "Kerk De Ark zit sinds 01:58 zonder stroom. De kit meldt dit zelf.",
        "en": "Kerk De Ark has had no power since 01:58. The kit reports this itself.",
    },
    todo={
        "nl": "Noodsteunpunt: start het aggregaat met de hand. Lukt dat niet? Coördinator: stuur een monteur.",
        "en": "Point: start the generator by hand. Does that fail? Coordinator: send a mechanic.",
    },
)


def full_night() -> Overview:
    """Return everything at once, at four points that all have an alarm, of which one also has a call for help."""
    linde = replace(LINDE, calls=1, exercise=True)
    zuid = replace(ZUID, alarms=(BATTERY_LOW,))
    dark = ARK.readings | {"power_source": reading("none"), "load_w": reading(0)}
    ark = replace(ARK, status="critical", readings=dark, dark_since=NO_POWER.raised_at, alarms=(NO_POWER,))
    return overview(
        points=(linde, ark, replace(KUIL, had_power=True), zuid),
        alarms=(NO_POWER, SILENT, BATTERY_LOW, FUEL_LOW),
        calls=(CALL,),
        clocks=Clocks(NOW - timedelta(hours=7), NOW - timedelta(hours=8), {"nl": "ROT", "en": "ROT"}),
        exercise_since=NOW - timedelta(hours=9),
    )


def pages_of(source: Source, folder: Path, role: str, banner: str | None = "DEMO") -> Starlette:
    """Return all pages, the first of them with what ``source`` has, for somebody who came in by a login."""
    room = WebRoom(folder, role)
    box = room.box
    room.gate.person = replace(room.gate.person, logs_out=True)
    works = Works(box.ingest, room.room.desk, box.store, box.config, box.clock, lambda: around(box))
    return create_app(source, banner=banner, gate=room.gate, works=works)
