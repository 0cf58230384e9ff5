"""Whether the test of the alarm path arrived: asked of the coordinating point's own facts. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from nspgateway.alarm_state import AlarmState, Value
from nspgateway.facts import Facts
from nspgateway.rules import Rule
from nspgateway.verdict import Verdict


def alert_path_test(_rule: Rule, facts: Facts, _alarm: AlarmState | None) -> Verdict:
    """The newest test of the alarm path did not arrive, or a day has passed without one; unknown before the first."""
    own = facts.own
    if own is None or own.test_at is None:
        return Verdict(None, "no test of the alarm path has ended yet")
    if not own.test_step:
        return Verdict(False, "the newest test of the alarm path arrived")
    values: dict[str, Value] = {"step": own.test_step, "at": own.test_at.isoformat(timespec="seconds")}
    return Verdict(True, f"the test of the alarm path did not reach {own.test_step}", values)


CONDITIONS: Mapping[str, Callable[[Rule, Facts, AlarmState | None], Verdict]] = {
    "alert_path_test": alert_path_test,
}
