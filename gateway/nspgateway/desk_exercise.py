"""Exercises: begun, given another end, and ended, on the kits by command with their answer read back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

from nspgateway.desk_base import Refused
from nspgateway.desk_link import LinkDesk
from nspgateway.downlinks import Ticket
from nspgateway.entries import ExerciseEnd, ExerciseStart
from nspgateway.exercises import Exercise
from nspgateway.people import Action, By
from nsplink import commands

NAME_MOST = 60
LONGEST = timedelta(days=3)


class ExerciseDesk(LinkDesk):
    """``exercise_asked``: by point the newest command about an exercise, as it stands; gone with a restart."""

    exercise_asked: Mapping[str, Ticket] = MappingProxyType({})

    def start_exercise(self, name: str, ends_at: datetime, points: Sequence[str], by: By) -> None:
        """Begin an exercise at these points, with its end. Raises Refused.

        Their kits are told until they answer; each ends it by itself at that time, and when it starts anew.
        """
        running, now = self._situation.course.exercise, self._clock.now()
        if running is not None and running.is_on(now):
            raise Refused("exercise_runs", f"The exercise {running.name!r} runs: end that one first.")
        called = name.strip()
        if not 1 <= len(called) <= NAME_MOST or not points:
            raise Refused("exercise_incomplete", "An exercise has a name and points where it is held.")
        inside = tuple(dict.fromkeys(self._point(slug) for slug in points))
        self._check_exercise_end(ends_at)
        self._check_radio(inside)
        detail = {"ends_at": ends_at.isoformat(timespec="minutes")}
        self._enter("exercise_start", "", ExerciseStart(called, ends_at, inside), by, detail)
        self._tell_kits(inside, ends_at)

    def extend_exercise(self, ends_at: datetime, by: By) -> None:
        """Give the exercise that runs, or that ran over its end, another end. Raises Refused."""
        exercise = self._unended()
        self._check_exercise_end(ends_at)
        self._check_radio(exercise.points)
        detail = {"ends_at": ends_at.isoformat(timespec="minutes")}
        self._enter("exercise_extend", "", ExerciseEnd(ends_at), by, detail)
        self._tell_kits(exercise.points, ends_at)

    def end_exercise(self, by: By) -> None:
        """End the exercise, at every kit that is in one. Raises Refused."""
        exercise = self._unended()
        marked = [slug for slug, one in self._situation.states.items() if one.heard and one.heard.exercise]
        everywhere = tuple(dict.fromkeys((*exercise.points, *marked)))
        self._check_radio(everywhere)
        self._enter("exercise_end", "", ExerciseEnd(self._clock.now()), by)
        self._tell_kits(everywhere, None)

    def tell_exercise_again(self, point: str, by: By) -> None:
        """Tell a kit once more whether it is in the exercise. Raises Refused."""
        slug, exercise, now = self._point(point), self._situation.course.exercise, self._clock.now()
        self._check_radio((slug,))
        runs = exercise is not None and exercise.is_on(now) and slug in exercise.points
        self._write(Action(now, by, "exercise_again", slug))
        self._tell_kits((slug,), exercise.ends_at if runs and exercise is not None else None)

    def _unended(self) -> Exercise:
        exercise = self._situation.course.exercise
        if exercise is None or exercise.ended_at is not None:
            raise Refused("no_exercise", "No exercise runs now.")
        return exercise

    def _check_exercise_end(self, ends_at: datetime) -> None:
        if ends_at.tzinfo is None:
            raise Refused("bad_time", f"{ends_at} has no time zone.")
        if not timedelta(minutes=1) <= ends_at - self._clock.now() <= LONGEST:
            raise Refused("bad_end", "An exercise ends in the future, within three days.")

    def _check_radio(self, points: Sequence[str]) -> None:
        if any(self._kit(slug) is not None for slug in points):
            self._radio()

    def _booted(self, kit: int, generation: int) -> None:
        """A kit that begins anew is in no exercise, whatever it has read back before."""
        super()._booted(kit, generation)
        self.exercise_asked = {
            slug: one
            for slug, one in self.exercise_asked.items()
            if one.address != kit or one.state != "answered"
        }

    def _tell_kits(self, points: Sequence[str], ends_at: datetime | None) -> None:
        """``ends_at``: None = it is over."""
        fields: dict[str, object] = {"command": "exercise_off", "argument": b""}
        if ends_at is not None:
            # A kit counts minutes as they pass on the wall, also in a demo.
            left_s = (ends_at - self._clock.now()).total_seconds() / self._clock.speed
            minutes = max(1, -(-int(left_s) // 60))
            fields = {"command": "exercise_on", "argument": commands.exercise_argument(minutes)}
        for slug in points:
            kit = self._kit(slug)
            if kit is not None:
                radio = self._radio()
                if slug in self.exercise_asked:
                    radio.link.take_back(self.exercise_asked[slug])
                ticket = radio.ask(kit, "command", fields)
                self.exercise_asked = {**self.exercise_asked, slug: ticket}
        self._on_done()

    def _kit(self, slug: str) -> int | None:
        return self._situation.states[slug].point.kit_address
