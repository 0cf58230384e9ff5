"""The first night of an outage, eight hours with four points: exactly the alarms that belong to it, each once."""

from pathlib import Path

from first_night import OFFICER, Night
from nspgateway.facts import OwnFacts


def test_the_first_night(tmp_path: Path) -> None:
    night = Night(tmp_path)
    # 18:00 the grid fails everywhere; we run on the UPS.
    night.report("b", source="none")
    night.report("c", source="none", load_w=0)
    night.report("d", source="battery")
    night.report("a", source="none")
    night.until("18:00:10")
    night.own = OwnFacts(supply="battery", supply_min=30.0)
    night.until("18:00:15")
    night.report("a", source="generator")
    night.until("18:00:40")
    estop = ("generator_failed", "generator_not_ready", "emergency_stop")
    night.report("b", *estop, generator_state="fault")
    night.until("18:01:05")
    night.report("b", *estop, "power_lost")
    night.report("c", "power_lost")
    night.until("18:05")
    print(night.news("raise"), night.news("clear"))
    night.own = OwnFacts(supply="line")
    night.until("18:10")
    night.desk.acknowledge("kazerne-oost", "many_sites", OFFICER)
    night.until("18:25")
    for slug in "abcd":
        night.desk.set_deployment(slug, "activated", OFFICER)
    night.until("18:52")
    night.report("b", source="generator", generator_state="running")
    for alarm in ("generator_failed", "generator_not_ready", "power_lost"):
        night.clear("b", alarm)
    night.until("19:00")
    print("b", night.hours("b"))
    night.desk.acknowledge("b", "generator_failed", OFFICER)
    night.until("19:05")
    night.report("c", source="generator", load_w=1200)
    night.clear("c", "power_lost")
    night.until("19:06")
    night.desk.enter_fuel("c", "dip", 13.0, OFFICER)
    print("c", night.hours("c"))
    night.until("19:08")
    print("c", night.hours("c"))
    for slug, at in (("a", "19:10"), ("d", "19:15"), ("b", "19:20"), ("c", "19:30")):
        night.until(at)
        night.desk.set_deployment(slug, "open", OFFICER)
    night.until("20:30")
    print("d", night.hours("d"))
    night.report("d", load_w=1600)
    night.until("20:40")
    print("d", night.hours("d"))
    night.until("21:00")
    night.report("b", load_w=3200)
    night.until("22:10")
    print("b", night.hours("b"))
    lost = {
        "q_generator": None,
        "q_tank": None,
        "generator_state": None,
        "generator_mode": None,
        "fuel_permille": None,
    }
    night.until("22:11")
    night.report("a", **lost)
    night.until("22:15")
    night.report("a", "device_lost", **lost)
    night.until("22:40")
    for name in lost:
        del night.sites["a"].more[name]
    night.report("a")
    night.clear("a", "device_lost")
    night.until("23:00")
    night.report("b", load_w=1800)
    night.until("23:30")
    print("b", night.hours("b"))
    night.restart()
    night.until("00:15")
    print("c", night.hours("c"))
    night.until("00:25")
    night.desk.plan_stop("b", OFFICER, minutes=15)
    night.report("b", "generator_failed", "power_lost", source="none", load_w=0, generator_state="stopped")
    night.until("00:38")
    night.sites["b"].litres += 20
    night.report("b", source="generator", load_w=1800, generator_state="running")
    night.clear("b", "generator_failed")
    night.clear("b", "power_lost")
    night.until("01:05")
    print("b", night.hours("b"))
    night.is_jammed = True
    night.until("01:20")
    night.is_jammed = False
    night.until("02:00")
    print("d", night.hours("d"))
    for n in night.said:
        print(n.at, n.point, n.id, n.action, n.priority, n.what["nl"], n.todo["nl"])
    assert 0
