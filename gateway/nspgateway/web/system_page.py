"""How the gateway itself is: radio, airtime, brokers, disk, clock, supply, notifiers."""

from __future__ import annotations

from collections.abc import Mapping

from nspgateway import system_lines
from nspgateway.budget import Air
from nspgateway.i18n import N_
from nspgateway.system_lines import Airtime
from nspgateway.web.office import Office
from nspgateway.web.spec import Page
from nspgateway.web.visitor import Ask
from nsplink import regions


def _make(office: Office, ask: Ask) -> Mapping[str, object]:
    works = office.works
    situation, radio = works.ingest.situation, works.config.radio
    link = situation.facts(situation.cp, ask.overview.now).link
    air = Air(radio.sf, radio.bandwidth_khz, radio.coding_rate, radio.preamble)
    limit_us = regions.sub_band(radio.frequency_hz, radio.bandwidth_khz)[4]
    left = None if link is None else link.air_left_permille
    kits = sum(point.kit_address is not None for point in situation.points)
    airtime = Airtime(air, limit_us, left, kits)
    return {"parts": system_lines.parts(ask.lang, ask.overview, works.around(), airtime)}


PAGES = (
    Page(
        "/system",
        "system.html",
        _make,
        N_("System"),
        right="system",
        nav=N_("System"),
        styles=("office.css",),
    ),
)
