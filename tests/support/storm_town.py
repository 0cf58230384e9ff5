"""A town of points whose gateway runs on real files: what each kit reports, and what people got to hear."""

from pathlib import Path
from typing import Any

from gateway_box import Box
from nspgateway.desk import Desk
from nspgateway.notify import Notice
from nspgateway.people import By
from nsplink.fields import ALARMS

OFFICER = By("post-1", "cp_medewerker", "page")
QUIET = {"power_source": "grid", "generator_state": "stopped", "alarms": 0}


class Town:
    """``heard``: every notice, in order. Points are told apart by their number, from 0."""

    def __init__(self, folder: Path, points: int, deployment: str = "open") -> None:
        slugs = [f"punt-{n}" for n in range(1, points + 1)]
        self.box = Box(folder, deployment=deployment, slugs=slugs)
        self.slugs = slugs
        self.heard: list[Notice] = []
        self._counters = [0] * points
        self._values: list[dict[str, Any]] = [dict(QUIET) for _ in slugs]
        self._listen()
        for n in range(points):
            self.report(n)
            self.report(n)
        self.wait(1)
        self.heard.clear()

    def _listen(self) -> None:
        self.box.ingest.recorder.on_notices = self.heard.extend

    def restart(self) -> None:
        """Begin again from what is on disk."""
        self.box.restart()
        self._listen()

    @property
    def desk(self) -> Desk:
        return Desk(self.box.ingest.situation, self.box.ingest.recorder, self.box.clock)

    def report(self, point: int, *alarms: str, **values: Any) -> None:
        """Let a kit send a heartbeat; what it says of its values lasts, its alarms are exactly these."""
        self._counters[point] += 1
        bits = sum(1 << ALARMS.index(name) for name in alarms)
        self._values[point] |= values | {"alarms": bits}
        kit = 65 + point
        assert self.box.vital(self._counters[point], kit=kit, **self._values[point]) == "accepted"

    def clear(self, point: int, alarm: str) -> None:
        """Let a kit say that one of its alarms is over."""
        self._counters[point] += 1
        n = self._counters[point]
        about = {"alarm": alarm, "age_s": 0, "event_boot": 1, "event_n": n % 250}
        assert self.box.say("clear", n, kit=65 + point, **about) == "accepted"
        self._values[point]["alarms"] &= ~(1 << ALARMS.index(alarm))

    def wait(self, seconds: float, step_s: float = 1.0) -> None:
        """Let time pass, with the gateway's tick."""
        left = seconds
        while left > 0:
            self.box.clock.move(min(step_s, left))
            left -= step_s
            self.box.ingest.tick()

    def raised(self) -> list[str]:
        """What people were told as new: "point/alarm"."""
        return [f"{n.point}/{n.id}" for n in self.heard if n.action == "raise"]

    def shown(self) -> set[str]:
        """Lines on the page: "point/alarm"."""
        return {f"{a.point}/{a.id}" for a in self.box.ingest.overview().alarms}

    def state(self, point: int, alarm: str) -> str:
        """The state of an alarm, "normal" when there is none."""
        found = self.box.ingest.situation.open_alarm(self.slugs[point], alarm)
        return found.state if found else "normal"
