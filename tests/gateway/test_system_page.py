"""The system page tells how the gateway is; what nobody knows is called unknown, never well."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from nspgateway import system_lines
from nspgateway.box_status import Around, BrokerStatus
from nspgateway.budget import Air
from nspgateway.disk import Storage
from nspgateway.facts import OwnFacts
from nspgateway.i18n import load_languages
from nspgateway.system_lines import Airtime, Entry
from nspgateway.view import NotifierState, Overview
from page_sample import NOW, overview
from web_room import RoleGate, WebRoom

NL = load_languages()["nl"]
AIR = Airtime(Air(9), 360_000_000, 640, 40)


def entries(
    part: str, around: Around | None = None, seen: Overview | None = None, airtime: Airtime = AIR
) -> list[Entry]:
    parts = system_lines.parts(NL, seen or overview(), around or Around("0.1.0", 1), airtime)
    return list(next(one for one in parts if one.id == part).entries)


def test_airtime_is_what_is_left_and_what_the_plan_takes() -> None:
    """A technician sees whether the hour gets short, and whether the plan fits into it."""
    left, own, kit, _kept = entries("airtime")
    assert left == Entry("Coördinatiepunt", "nog 64 % dit uur", "", ("toegestaan: 360,0 s per uur",))
    assert own.text.endswith("per uur voor 40 kits")
    assert (own.level, kit.level) == ("", "")
    assert entries("airtime", airtime=replace(AIR, left_permille=332))[0].level == "attention"
    unknown = entries("airtime", airtime=replace(AIR, left_permille=None))[0]
    assert (unknown.text, unknown.level) == ("onbekend", "")
    assert entries("airtime", airtime=replace(AIR, limit_us=1_000_000))[1].level == "attention"


def test_what_nobody_watches_is_not_called_well() -> None:
    """Without a UPS, a trusted clock or a look at the disk, the page claims nothing."""
    assert [entries(part)[0].text for part in ("disk", "clock", "supply")] == [
        "onbekend",
        "niet bewaakt",
        "niet bewaakt",
    ]
    assert [one.text for one in entries("disk")[2:]] == ["onbekend", "onbekend"]
    assert entries("brokers")[0].text == "niet ingesteld"


def test_what_is_wrong_stands_out_with_its_reason() -> None:
    """Each part says in a word how it is, with a level, and why."""
    own = OwnFacts(
        supply="battery",
        supply_min=12.4,
        supply_age_s=3,
        clock_trusted=True,
        clock_off_s=-125,
        disk="full",
        disk_free_mb=20,
    )
    away = BrokerStatus("own", "offline", "connection refused", 1234)
    around = Around(
        "0.1.0", 1, (away,), own, "rtc", storage=Storage(True, 2_621_440, 8_388_608), ups_charge=41
    )
    (broker,) = entries("brokers", around)
    assert broker == Entry(
        "own", "niet verbonden", "attention", ("wachtende berichten: 1.234", "connection refused")
    )
    assert [(one.text, one.level) for one in entries("supply", around)] == [
        ("accu, het net is uitgevallen", "critical"),
        ("41 %", ""),
        ("12 min", "critical"),
    ]
    assert entries("clock", around)[0] == Entry("Stand", "loopt 2 min achter", "attention")
    assert (entries("disk", around)[0].level, entries("disk", around)[2].text) == ("critical", "2,5 MB")
    assert entries("disk", around)[3].text == "ja, niets wordt gewist"


def test_a_notifier_that_fails_says_since_when() -> None:
    """Whoever looks after it learns what does not make itself heard, and when it last did."""
    relay = NotifierState("relay", NOW - timedelta(minutes=5), "no such line", None, 2, 1)
    (entry,) = entries("notifiers", seen=replace(overview(), notifiers=(relay,)))
    assert (entry.text, entry.level) == ("werkt niet", "attention")
    assert entry.lines == (
        "sinds 02:05",
        "no such line",
        "liet laatst iets horen: nog nooit",
        "wachtende berichten: 2",
        "opgegeven: 1",
    )


def test_our_receiver_says_why_it_is_down() -> None:
    """A cause in our words and the port's own; one that starts up is no fault."""
    down = replace(overview(), modem_ok=False, modem_cause="lost", modem_reason="gone", modem_since=NOW)
    entry = entries("radio", seen=down)[0]
    assert (entry.level, entry.lines) == (
        "critical",
        ("sinds 02:10", "De ontvanger is losgekoppeld.", "gone"),
    )
    assert entries("radio", seen=replace(down, modem_cause="starting"))[0].level == ""


async def test_the_page_is_for_who_looks_after_the_box(tmp_path: Path) -> None:
    """The technician gets it, with what the running gateway knows; an officer has no use for it."""
    room = WebRoom(tmp_path, "cp_techniek", linked=True)
    text = (await room.get("/system")).text
    assert "Zendtijd Coördinatiepunt nog 100 % dit uur" in text
    assert "own niet verbonden wachtende berichten: 3 connection refused" in text
    room.gate.person = RoleGate("cp_medewerker").person
    assert (await room.get("/system")).status == 403
