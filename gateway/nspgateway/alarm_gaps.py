"""What fills the gaps of the texts about places: many at once, a kit's cell and inputs, a planned opening. Pure."""

from __future__ import annotations

from datetime import datetime

from nspgateway.alarm_state import AlarmState
from nspgateway.facts import Facts
from nspgateway.phrases import Phrases


def gaps(words: Phrases, facts: Facts, alarm: AlarmState) -> dict[str, str]:
    """Return the gaps of one of these alarms in one language; none for any other alarm."""
    match alarm.id:
        case "many_sites":
            return _storm(words, facts, alarm)
        case "site_not_open":
            plan = facts.standing.opens_at if facts.standing else None
            return {
                "plan": words.moment(plan or _moment(alarm.values.get("plan")), facts.now),
                "inzet": words[f"deployment_{facts.point.deployment}"],
            }
        case "message_unread":
            sent = _moment(alarm.values.get("sent_at"))
            minutes = None if sent is None else int((facts.now - sent).total_seconds() // 60)
            return {
                "nr": _known(words, alarm, "number"),
                "m": words["unknown"] if minutes is None else str(minutes),
            }
        case "staff_short":
            return {
                "n": _known(words, alarm, "staff"),
                "m": _known(words, alarm, "needed"),
                "t": words.moment(_moment(alarm.values.get("at")), facts.now),
            }
        case "stock_low":
            lines = [int(line) for line in str(alarm.values.get("lines") or "").split(",") if line]
            names = [facts.region.stock_name(line, words.language) for line in lines]
            return {"artikel": words.joined(names) or words["unknown"]}
        case "exercise_forgotten":
            return {
                "naam": _known(words, alarm, "name"),
                "t": words.moment(_moment(alarm.values.get("ends_at")), facts.now),
                "n": _known(words, alarm, "kits"),
            }
        case "grid_back":
            back = facts.mains.back_at or alarm.raised_at
            return {"sinds": words.moment(back, facts.now)}
        case "input_1" | "input_2":
            return {"ingang": alarm.id[-1]}
    return {}


def _storm(words: Phrases, facts: Facts, alarm: AlarmState) -> dict[str, str]:
    """Return how many points have which trouble since when: as of now, or as it was when it was raised."""
    found = facts.storms
    families = [one.family for one in found] or str(alarm.values.get("by") or "").split(",")
    points = max((one.points for one in found), default=None)
    since = min((one.since for one in found), default=None) or _moment(alarm.values.get("since"))
    known = [family for family in families if f"problem_{family}" in words]
    return {
        "n": str(points if points is not None else alarm.values.get("points", words["unknown"])),
        "t": words.moment(since, facts.now),
        "probleem": words.joined([words[f"problem_{family}"] for family in known])
        or words["problem_unknown"],
        "oorzaak": words.joined([words[f"cause_{family}"] for family in known]) or words["cause_unknown"],
    }


def _known(words: Phrases, alarm: AlarmState, name: str) -> str:
    """Return a value of the alarm; in words that it is not known."""
    value = alarm.values.get(name)
    return words["unknown"] if value is None else str(value)


def _moment(text: object) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None
