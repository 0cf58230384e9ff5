"""A room that keeps what the alarm rules decide, and facts of which only a part is known."""

from collections.abc import Iterable
from datetime import datetime

from nspgateway import alarms
from nspgateway.alarms import AlarmState, Decision
from nspgateway.facts import Facts
from point_facts import good, hours, make_facts, make_point

RULES = alarms.load_rules()


class Room:
    """Keeps what the rules decide, as the gateway does."""

    def __init__(self) -> None:
        self.kept: dict[str, AlarmState] = {}
        self.said: list[Decision] = []

    def see(self, facts: Facts) -> list[str]:
        """Evaluate; return what changes as "action id"; quiet delays and reminders left out."""
        decisions = alarms.evaluate(RULES, facts, self.kept)
        for decision in decisions:
            self.kept[decision.alarm.id] = decision.alarm
        self.kept = {name: alarm for name, alarm in self.kept.items() if alarm.is_kept}
        self.said += decisions
        return [f"{d.action} {d.alarm.id}" for d in decisions if d.action not in {"wait", "forget", "remind"}]

    def restart(self) -> None:
        """Come back from what was written down."""
        self.kept = {name: alarms.from_json(alarms.to_json(alarm)) for name, alarm in self.kept.items()}

    def state(self, name: str) -> str:
        """The state of a kept alarm."""
        return self.kept[name].state

    def note(self, name: str) -> str:
        """The note of a kept alarm."""
        return self.kept[name].note

    def shown(self) -> set[str]:
        """Ids in the list of open alarms."""
        return {name for name, alarm in self.kept.items() if alarm.is_shown}

    def see_all(self, many: Iterable[Facts]) -> list[str]:
        """Evaluate one after the other; return all that was said."""
        return [said for facts in many for said in self.see(facts)]


def tank(at: datetime, litres: float | None, left: float | None) -> Facts:
    """Facts about fuel only."""
    return make_facts(now=at, fuel_litres=litres, fuel=None if left is None else hours(left, now=at))


def battery(at: datetime, left: float | None, **values: int | str) -> Facts:
    """Facts about the battery only."""
    forecast = None if left is None else hours(left, now=at)
    return make_facts(now=at, readings=good(at, **values), battery=forecast)


def bits(at: datetime, *names: str, deployment: str = "open", known: bool = True) -> Facts:
    """Facts of which only the kit's own alarms are known."""
    point = make_point(deployment=deployment)
    return make_facts(point, now=at, local_alarms=frozenset(names) if known else None)
