"""What people do about calls for help: each act is written with who and when before anybody is told of it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from nspgateway import calls, help_notice
from nspgateway.call_sender import CallSender
from nspgateway.calls import ANSWERS, REASONS, RECIPIENTS, Call, CallNews
from nspgateway.desk_base import SLACK, DeskBase, Refused, note_of
from nspgateway.people import Action, By, CallAct, Status112, Word112
from nspgateway.records import Changes
from nsplink.fields import HELP_KINDS, STATUS_112

# What fits into one frame to the kit, and on its display.
ANSWER_BYTES = 60
NAME_MOST = 80
# What no call waits for.
OLDEST = timedelta(hours=24)


class CallDesk(DeskBase):
    """Calls for help and the state of 112. ``call_sender``: None = this gateway never sends."""

    call_sender: CallSender | None = None

    def check_news(self, call: str, known: int) -> None:
        """Raise Refused when a call has had more news than the ``known`` that somebody looks at.

        Whatever a person does about a call counts as having read it: nobody reads what came behind an open page.
        """
        found = self._situation.calls.get(call)
        if found is not None and found.news > known:
            raise Refused(
                "call_news", "The point has added to this call meanwhile: read it, then do this again."
            )

    def read_call(self, call: str, by: By) -> None:
        """Say that a person has read a call, or what came to it since. Raises Refused."""
        self._act(by, CallAct(call, "read"))

    def pass_on(
        self, call: str, by: By, to: str, taken_by: str, at: datetime | None = None, *, other: str = ""
    ) -> None:
        """Say to whom a call was passed on, who took it there, and when (None = now). Raises Refused.

        ``to``: one of RECIPIENTS; "other" needs ``other`` to say whom.
        """
        _one_of(to, RECIPIENTS, "to whom it was passed on")
        name, text = note_of(taken_by, NAME_MOST), note_of(other, NAME_MOST)
        if not name:
            raise Refused("empty", "Say who took it: without a name or number nobody can ask there.")
        if to == "other" and not text:
            raise Refused("empty", "Say to whom it was passed on.")
        moment = self._moment(call, at)
        self._act(by, CallAct(call, "passed_on", to, moment, name, text if to == "other" else ""))

    def answer_call(self, call: str, by: By, word: str, text: str = "") -> None:
        """Tell the point what happens. Raises Refused.

        ``word``: one of ANSWERS; "text" needs a ``text``, the others may have one. At most 60 bytes go to the kit.
        """
        _one_of(word, ANSWERS, "the answer")
        said = note_of(text)
        if word == "text" and not said:
            raise Refused("empty", "An answer in words needs the words.")
        if len(said.encode()) > ANSWER_BYTES:
            over = len(said.encode()) - ANSWER_BYTES
            raise Refused(
                "answer_too_long", f"The answer is {over} bytes too long for the kit: at most {ANSWER_BYTES}."
            )
        self._act(by, CallAct(call, "answered", word, text=said))

    def called_back(self, call: str, by: By, note: str = "") -> None:
        """Say that the point was asked how things are. Raises Refused."""
        self._act(by, CallAct(call, "called_back", text=note_of(note)))

    def place_call(self, call: str, by: By, place: str) -> None:
        """Note where help is needed, when that is not at the point; "" = at the point after all. Raises Refused."""
        self._act(by, CallAct(call, "placed", text=note_of(place)))

    def close_call(self, call: str, by: By, reason: str, note: str = "") -> None:
        """End a call; nothing but this does. Raises Refused. ``reason``: one of REASONS; "other" needs a note."""
        _one_of(reason, REASONS, "the reason")
        said = note_of(note)
        if reason == "other" and not said:
            raise Refused("empty", "Say why the call is closed.")
        self._act(by, CallAct(call, "closed", reason, text=said))

    def enter_call(
        self,
        point: str,
        by: By,
        kind: str,
        text: str = "",
        *,
        place: str = "",
        made_at: datetime | None = None,
        exercise: bool = False,
    ) -> str:
        """Enter a call that came by voice or in person; return its id. It has to be read as any other. Raises Refused."""
        slug = self._point(point)
        _one_of(kind, HELP_KINDS, "the kind of help")
        now, situation = self._clock.now(), self._situation
        made = self._past(made_at, OLDEST)
        config = situation.states[slug].point
        name = calls.name_by_hand(situation.calls)
        call = Call(
            name, slug, "by_hand", kind, exercise, situation.exercise_runs, made, now
        )  # fmt: skip
        acts = [CallAct(name, "entered", happened_at=made, text=note_of(text))]
        if said := note_of(place):
            acts.append(CallAct(name, "placed", text=said))
        after = call
        for act in acts:
            after = after.with_step(calls.acted(act, by, now))
        detail = {"call": name, "kind": kind}
        actions = tuple(Action(now, by, f"call_{act.what}", slug, detail=detail, entry=act) for act in acts)
        changes = Changes(
            at=now,
            actions=actions,
            calls=(CallNews(call, None),),
            messages=(situation.help_message(config, after, now),),
        )
        notice = help_notice.of_news(config, after, after.steps[0], now)
        self._recorder.commit(changes, notices=[notice])
        situation.calls[name] = after
        self._on_done()
        return name

    def set_112(self, word: Word112, by: By, note: str = "") -> None:
        """Say whether 112 works; every kit is told until it has answered. Raises Refused."""
        _one_of(word, STATUS_112, "the state of 112")
        self._enter("status112", "", Status112(word), by, {"word": word}, note_of(note))
        said = self._situation.said_of_112
        if self.call_sender is not None and said is not None:
            self.call_sender.tell_112(said)

    def _act(self, by: By, act: CallAct) -> None:
        """Write an act, let it be true, and tell the kit of it."""
        call, now, situation = self._open_call(act.call), self._clock.now(), self._situation
        after = call.with_step(calls.acted(act, by, now))
        detail = {"call": call.id, "word": act.word} if act.word else {"call": call.id}
        action = Action(now, by, f"call_{act.what}", call.point, detail=detail, entry=act)
        place = situation.states.get(call.point)
        said = () if place is None else (situation.help_message(place.point, after, now),)
        self._recorder.commit(Changes(at=now, actions=(action,), messages=said))
        situation.enter(action)
        if self.call_sender is not None and act.what != "placed":
            self.call_sender.tell(situation.calls[call.id])
        self._on_done()

    def _open_call(self, name: str) -> Call:
        call = self._situation.calls.get(name)
        if call is None:
            raise Refused("no_call", f"There is no call for help {name!r}.")
        if not call.is_open:
            raise Refused(
                "call_closed",
                "This call is closed already. Does the point need help again? Enter a new call.",
            )
        return call

    def _moment(self, name: str, at: datetime | None) -> datetime:
        """Return when something was done about a call: not before it was made, and not in the future."""
        moment = self._past(at, OLDEST)
        if at is not None and moment < self._open_call(name).made_at - SLACK:
            raise Refused("bad_time", f"{moment:%d-%m %H:%M %Z} is before the call was made.")
        return moment


def _one_of(word: str, words: Collection[str], what: str) -> None:
    if word not in words:
        raise Refused("bad_kind", f"{word!r} cannot be {what}: take {', '.join(words)}.")
