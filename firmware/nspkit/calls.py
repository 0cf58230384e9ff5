"""The calls for help of this point: made, withdrawn, and what has become of them. No I/O; time is an argument.

A machine only ever says that a call is stored; all beyond is the word of a person at the coordinating point.
"""

_LATE_MS = 90_000
_WITHDRAWN_MS = 1_800_000  # somebody has called back by then, or will not
_MOST = 8
# What a person has done, by the stage that tells it; "answered" goes by its answer.
_HUMAN = ("read", "passed_on", "answered", "call_back", "closed")
_OFFERED = ("doubtful", "off")  # of 112, said by a person
# A call that a reboot found may have been typed of before, twice at most for all we know.
_EDITION_AFTER_REBOOT = 2


class Call:
    """One call. ``number``: its own at this kit; ``exercise``: it is only practised; ``edition``: of what is typed next.

    ``made_ms``: the press, None = before a reboot; ``withdrawn_ms``: likewise, None = it is not.
    """

    def __init__(self, number: int, event: list, kind: str, exercise: bool, made_ms: int | None) -> None:
        self.number = number
        self.event = event
        self.kind = kind
        self.exercise = exercise
        self.made_ms = made_ms
        self.withdrawn_ms: int | None = None
        self.edition = 0
        self.typed: dict = {}  # what was typed of it, by the names of nsplink.calltext


class Calls:
    """``uplink``: uplink.Uplink; ``inbox``: inbox.Inbox. Calls for security leave no trace here."""

    def __init__(self, uplink, inbox) -> None:
        self._uplink = uplink
        self._inbox = inbox
        self._calls: list = []
        self._made = 0
        for item in uplink.delivery.items:
            if item.kind == "help" and item.values["help_kind"] != "security" and self._of(item.values["event"]) is None:
                found = self._new(item.values["event"], item.values["help_kind"], bool(item.exercise), None)
                found.edition = _EDITION_AFTER_REBOOT
        for item in uplink.delivery.items:
            call = self._of(item.values.get("event"))
            if call is not None and item.values["help_mark"] == "withdrawn":
                call.withdrawn_ms = 0
            elif call is not None and item.values["help_mark"] == "details":
                call.edition = (item.values["text"][0] >> 6) + 1

    def _of(self, event: list | None) -> Call | None:
        for call in self._calls:
            if call.event is event:
                return call
        return None

    def _new(self, event: list, kind: str, exercise: bool, made_ms: int | None) -> Call:
        self._made += 1
        call = Call(self._made, event, kind, exercise, made_ms)
        if len(self._calls) >= _MOST:
            self._calls.remove(([one for one in self._calls if self._is_over(one)] or self._calls)[0])
        self._calls.append(call)
        return call

    def _recall(self) -> None:
        """Take up calls of an earlier boot that had arrived: the kit hears of them again once a person is with them.

        A silent one never comes back so: the coordinating point says nothing of it, and of this boot none is taken up.
        """
        for name in sorted(self._inbox.stages, reverse=True):
            known = [one for one in self._calls if (one.event[0], one.event[1]) == name]
            is_over = self._inbox.stages[name]["help_stage"] == "closed"
            if known or is_over or len(self._calls) >= _MOST or self._uplink.alarms.is_of_now(name[0]):
                continue
            self._made += 1
            found = Call(self._made, [name[0], name[1], "made", 0], "not_known", False, None)
            found.edition = _EDITION_AFTER_REBOOT
            self._calls.insert(0, found)

    def offered(self) -> bool:
        """Whether a person has said that 112 does not work, or may not."""
        return self._inbox.status112 in _OFFERED

    def exercising(self, now: int) -> bool:
        """Whether the point is in an exercise: then it is to be asked which a call is."""
        return bool(self._uplink.sender.exercise.is_on(now))

    def make(self, now: int, kind: str = "not_known", exercise: bool = False) -> Call:
        """Call for help; ``now``: when it was asked for. Where 112 is to be called instead it is not offered."""
        return self._new(self._uplink.help(kind, "made", b"", now, None, exercise), kind, exercise, now)

    def detail(self, call: Call, kind: str, typed: dict, tails: list, now: int) -> bool:
        """Tell what was typed of a call, in the parts that carry it; False where there is no room for them now."""
        if not self._uplink.details(kind, tails, now, call.event, call.exercise):
            return False
        call.kind, call.typed = kind, typed
        call.edition += 1
        return True

    def withdraw(self, now: int, call: Call | None = None) -> bool:
        """Withdraw this call, or the last one; False where it is withdrawn or closed already, or there is none."""
        call = call or self._last(now)
        if call is None or self.state(call, now)[0] in ("withdrawn", "closed"):
            return False
        call.withdrawn_ms = now
        self._uplink.help(call.kind, "withdrawn", b"", now, call.event, call.exercise)
        return True

    def security(self, now: int) -> None:
        """The team is not safe. Whether 112 works, or an exercise is on, makes no difference."""
        self._uplink.help("security", "made", b"", now)

    def all(self) -> list:
        """The calls that the kit still knows, the newest first."""
        self._recall()
        return self._calls[::-1]

    def shown(self, now: int) -> tuple:
        """(word, values of its stage or None, call or None) of the last call that is not over; "" and None where there is none."""
        call = self._last(now)
        return ("", None, None) if call is None else self.state(call, now) + (call,)

    def state(self, call: Call, now: int) -> tuple:
        """(word, values of its stage or None): what has become of a call.

        Words: waiting, sent, not_arrived, stored, read, passed_on, answered, help_comes, no_unit, call_back, withdrawn, closed.
        """
        values = self._stage(call)
        stage = values["help_stage"] if values is not None else None
        if stage == "closed":
            return "closed", values
        if call.withdrawn_ms is not None:
            return "withdrawn", None
        if values is not None and stage in _HUMAN:
            answer = values["help_answer"] if stage == "answered" else None
            return answer if answer in ("help_comes", "no_unit") else stage, values
        if stage is not None or call.event[2] == "made":
            return "stored", None
        if call.made_ms is None or now - call.made_ms >= _LATE_MS:
            return "not_arrived", None
        return ("waiting" if call.event[0] is None else "sent"), None

    def _last(self, now: int) -> Call | None:
        self._recall()
        for call in reversed(self._calls):
            if not self._is_over(call) and (call.withdrawn_ms is None or now - call.withdrawn_ms < _WITHDRAWN_MS):
                return call
        return None

    def _stage(self, call: Call) -> dict | None:
        return None if call.event[0] is None else self._inbox.stages.get((call.event[0], call.event[1]))

    def _is_over(self, call: Call) -> bool:
        values = self._stage(call)
        return values is not None and values["help_stage"] == "closed"
