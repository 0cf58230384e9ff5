"""The first night of an outage, line by line: what befalls four points from 17:40 to 02:00, and who does what."""

from __future__ import annotations

import asyncio

from first_night import LEADER, OFFICER, PRESS, Night
from night_looks import walk
from nspgateway.facts import OwnFacts
from nsplink import calltext

MESSAGE = (
    "Het water is uitgevallen in de hele gemeente. Haal drinkwater bij een noodsteunpunt: neem zelf flessen mee. "
    "Kook water uit de kraan drie minuten voor u het drinkt. Kijk bij buren die hulp nodig hebben."
)
PAIN = {
    "what": "pijn op de borst, man van 62",
    "place": "Dorpsstraat 12, 1e etage",
    "waiting": "dochter bij de deur",
}
GAS = {"what": "gaslucht in de kleedkamer", "danger": "ja, gebouw ontruimd"}


def newest(night: Night, slug: str) -> str:
    """Return the id of the newest call of a point."""
    mine = [call for call in night.box.ingest.situation.calls.values() if call.point == slug]
    return max(mine, key=lambda call: call.stored_at).id


def type_in(night: Night, slug: str, kind: str, typed: dict[str, str]) -> None:
    """Let somebody type details of the newest call on the page of the kit."""
    kit = night.places[slug].kit
    call = kit.calls.all()[0]
    tails = calltext.split(calltext.packed(typed), call.edition)
    assert kit.calls.detail(call, kind, typed, tails, kit.clock.ms())


async def evening(night: Night) -> None:
    """17:40 to 18:11: an exercise begins, the grid fails, a set does not start."""
    desk = night.desk
    await night.until("17:50")
    desk.start_exercise("Eerste nacht", night.moment("02:00"), "abcd", LEADER)
    await night.until("17:59:50")
    night.shot("before")
    await night.until("18:00")
    for slug in "ab":
        night.set(slug, source="none")
    night.set("d", source="battery")
    await night.until("18:00:10")
    night.own = OwnFacts(supply="battery", supply_min=30.0, supply_since=night.clock.now())
    await night.until("18:00:15")
    night.set("a", source="generator")
    night.shot("cp on ups")
    await night.until("18:00:25")
    night.shot("cp_power")
    await night.until("18:00:40")
    night.set("b", alarm_emergency_stop=1, alarm_fail_to_start=1)
    await night.until("18:00:52")
    night.shot("estop")
    await night.until("18:02:15")
    night.shot("18:02")
    await night.until("18:05")
    night.own = OwnFacts(supply="line")
    await night.until("18:06")
    night.shot("18:06")
    await night.until("18:10")
    desk.acknowledge("kazerne-oost", "many_sites", OFFICER)
    desk.set_112("doubtful", OFFICER, "mobiel net overbelast")
    await night.until("18:11")
    await night.read_displays("18:11")


async def opening(night: Night) -> None:
    """18:25 to 19:30: the mayor activates, a set is released, points are opened."""
    desk = night.desk
    await night.until("18:25")
    desk.decide("activate", "burgemeester", OFFICER, points="abcd", outage_since=night.moment("18:00"))
    night.shot("18:25")
    night.pages["18:25"] = await night.page("/")
    await night.until("18:30")
    desk.set_112("off", OFFICER)
    await night.until("18:31")
    await night.read_displays("18:31")
    night.shot("18:31")
    await night.until("18:40")
    desk.reach("cp_ready", OFFICER)
    await night.until("18:52")
    night.set("b", source="generator", alarm_emergency_stop=0, alarm_fail_to_start=0)
    await night.until("18:55")
    night.shot("18:55")
    await night.until("19:00")
    desk.acknowledge("b", "generator_failed", OFFICER)
    night.shot("19:00")
    await night.until("19:05")
    night.set("c", source="generator", load_w=1200)
    await night.until("19:05:30")
    night.shot("19:05:30")
    await night.until("19:06")
    desk.enter_fuel("c", "dip", 13.0, OFFICER)
    night.shot("19:06")
    night.pages["c by hand"] = await night.page("/point/c")
    for slug, at in (("a", "19:10"), ("d", "19:15"), ("b", "19:20"), ("c", "19:30")):
        await night.until(at)
        desk.set_deployment(slug, "open", OFFICER)
    night.shot("open")


async def late_evening(night: Night) -> None:
    """19:40 to 21:15: a message to residents, a call by mistake, heaters."""
    desk = night.desk
    await night.until("19:40")
    # The first fragment that goes to the sports hall is lost on the way.
    night.lose_next_fragment("c")
    name = desk.draft_message(MESSAGE, OFFICER)
    desk.approve_message(*name, PRESS)
    desk.send_message(*name, PRESS)
    while any(night.hangs(slug) is None for slug in "abcd") and night.clock.now() < night.moment("19:44"):
        await asyncio.sleep(1)
        for slug in "abcd":
            if night.hangs(slug) is not None:
                night.came.setdefault(slug, night.clock.now())
    night.shown = {slug: night.hangs(slug) for slug in "abcd"}
    for slug, at in (("d", "19:44"), ("a", "19:50"), ("b", "19:55")):
        await night.until(at)
        assert await night.hang_up(slug)
    await night.until("19:56")
    night.wall["19:56"] = night.walls()
    await night.until("20:14")
    await night.places["a"].hands().call()
    await night.places["a"].hands().tap_silence()  # an exercise, to the question on the display
    night.pressed["a"] = night.clock.now()
    await night.until("20:14:15")
    night.shot("20:14:15")
    night.sounds["20:14:15"] = night.sounding()
    await night.until("20:15:10")
    night.sounds["20:15:10"] = night.sounding()
    desk.read_call(newest(night, "a"), OFFICER)
    await night.until("20:15:25")
    night.displays["a 20:15"] = await night.places["a"].hands().reads()
    await night.until("20:16")
    await night.places["a"].hands().withdraw()
    await night.until("20:16:15")
    night.shot("20:16:15")
    night.pages["withdrawn"] = await night.page("/")
    await night.until("20:18:50")
    night.shot("20:18:50")
    desk.called_back(newest(night, "a"), OFFICER, "verkeerd gedrukt")
    await night.until("20:19")
    desk.close_call(newest(night, "a"), OFFICER, "mistake")
    night.shot("20:19")
    await night.until("20:29")
    night.shot("20:29")
    await night.until("20:30")
    night.set("d", load_w=1600)
    await night.until("20:40")
    night.shot("20:40")
    await night.until("21:00")
    night.set("b", load_w=3200)
    await night.until("21:15")
    night.shot("21:15")
    night.refuel["21:15"] = night.box.ingest.refuel_list().lines


async def real_call(night: Night) -> None:
    """22:09 to 23:25: a plug is pulled, and somebody needs an ambulance in the middle of the exercise."""
    desk = night.desk
    await night.until("22:09")
    night.shot("22:09")
    await night.until("22:10")
    night.places["a"].plant.is_plugged = False
    await night.until("22:16")
    night.shot("22:16")
    await night.until("22:37")
    night.shot("22:37")
    await night.until("22:37:52")
    hands = night.places["c"].hands()
    await hands.call()
    night.displays["c asks"] = await hands.reads(4.0)
    await night.until("22:38")
    await hands.tap_help()  # it is real
    night.pressed["c"] = night.clock.now()
    type_in(night, "c", "ambulance", PAIN)
    await night.until("22:38:15")
    night.shot("22:38:15")
    night.sounds["22:38:15"] = night.sounding()
    night.pages["22:38"] = await night.page("/")
    night.displays["c stored"] = await hands.reads()
    await night.until("22:38:40")
    call = newest(night, "c")
    desk.read_call(call, OFFICER)
    night.pages["call"] = await night.page(f"/call/{call}")
    await night.until("22:38:55")
    night.displays["c read"] = await hands.reads()
    await night.until("22:39:30")
    desk.pass_on(call, OFFICER, "control_room", "centralist 4")
    await night.until("22:39:45")
    night.displays["c passed on"] = await hands.reads()
    await night.until("22:40")
    night.places["a"].plant.is_plugged = True
    night.places["a"].feed()
    await night.until("22:41")
    desk.answer_call(call, OFFICER, "help_comes", "ambulance onderweg")
    await night.until("22:41:15")
    night.displays["c answered"] = await hands.reads()
    night.shot("22:42")
    await night.until("23:00")
    night.set("b", load_w=1800)
    await night.until("23:20")
    await hands.call()
    await hands.tap_help()
    night.pressed["c again"] = night.clock.now()
    type_in(night, "c", "fire_brigade", GAS)
    await night.until("23:20:20")
    night.shot("23:20")


async def midnight(night: Night) -> None:
    """23:30 to 00:40: the gateway is killed, shifts change, a set is refuelled."""
    await night.until("23:30")
    night.shot("23:30")
    night.walks["23:30"] = await walk(night)
    await night.kill()
    await night.until("23:30:45")
    night.revive()
    night.shot("23:30:45")
    await night.until("23:32")
    night.shot("23:32")
    desk = night.desk
    desk.read_call(newest(night, "c"), OFFICER)
    desk.pass_on(newest(night, "c"), OFFICER, "fire_brigade", "meldkamer, post 2")
    await night.until("23:35")
    night.shot("23:35")
    await night.until("00:05")
    night.pages["handover"] = await night.page("/handover")
    await night.until("00:20")
    night.shot("00:20")
    night.refuel["00:20"] = night.box.ingest.refuel_list().lines
    await night.until("00:25")
    desk.plan_stop("b", OFFICER, minutes=15)
    night.set("b", source="none")
    await night.until("00:30")
    night.shot("00:30")
    night.pages["00:30"] = await night.page("/")
    await night.until("00:38")
    night.places["b"].plant.litres += 20
    night.set("b", source="generator", load_w=1800)
    await night.until("00:50")
    night.shot("00:50")
    situation = night.box.ingest.situation
    night.refuels = [one.litres for one in situation.facts(situation.states["b"], night.clock.now()).refuels]
    await night.places["d"].stop()
    await asyncio.sleep(20)
    night.places["d"].start()
    await night.until("00:52")
    # A kit that has begun anew is in no exercise until it is told again.
    desk.tell_exercise_again("d", LEADER)
    await night.until("00:55")
    night.shot("00:55")


async def jammed(night: Night) -> None:
    """01:05 to 02:10: a disturbed radio in which a battery runs down; the exercise ends."""
    desk = night.desk
    await night.until("01:05")
    night.shot("01:05")
    night.jam(on=True)
    await night.until("01:10")
    night.shot("01:10")
    await night.until("01:20")
    night.shot("01:20")
    night.jam(on=False)
    await night.until("01:25")
    night.shot("01:25")
    await night.until("02:00")
    desk.end_exercise(LEADER)
    await night.until("02:10")
    night.shot("02:10")
    for call in [one.id for one in night.box.ingest.situation.calls.values() if one.is_open]:
        desk.close_call(call, OFFICER, "helped")
    night.shot("end")
    night.walks["end"] = await walk(night)
