"""The calls for help of this point: made, withdrawn, and what has become of them. No I/O; time is an argument.

A machine only ever says that a call is stored; all beyond is the word of a person at the coordinating point.
"""

_KIND = "not_known"  # one button: what is the matter is asked back
_LATE_MS = 90_000
_WITHDRAWN_MS = 1_800_000  # somebody has called back by then, or will not
_MOST = 8
# What a person has done, by the stage that tells it; "answered" goes by its answer.
_HUMAN = ("read", "passed_on", "answered", "call_back")
_OFFERED = ("doubtful", "off")  # of 112, said by a person


class Calls:
    """``uplink``: uplink.Uplink; ``inbox``: inbox.Inbox. Calls for security leave no trace here."""

    def __init__(self, uplink, inbox) -> None:
        self._uplink = uplink
        self._inbox = inbox
        # [event, ms of the press or None after a reboot, ms of the withdrawal or None]
        self._calls = [
            [item.values["event"], None, 0 if item.values["help_mark"] == "withdrawn" else None]
            for item in uplink.delivery.items
            if item.kind == "help" and item.values["help_kind"] != "security" and item.values["help_mark"] != "details"
        ]

    def offered(self) -> bool:
        """Whether a person has said that 112 does not work, or may not."""
        return self._inbox.status112 in _OFFERED

    def make(self, now: int) -> bool:
        """Call for help; False where 112 is to be called instead."""
        if not self.offered():
            return False
        self._calls = self._calls[1 - _MOST :] + [[self._uplink.help(_KIND, "made", b"", now), now, None]]
        return True

    def withdraw(self, now: int) -> bool:
        """Withdraw the last call; False where there is none."""
        if self.shown(now)[0] in ("", "withdrawn"):
            return False
        call = self._calls[-1]
        call[2] = now
        self._uplink.help(_KIND, "withdrawn", b"", now, call[0])
        return True

    def security(self, now: int) -> None:
        """The team is not safe. Whether 112 works makes no difference."""
        self._uplink.help("security", "made", b"", now)

    def shown(self, now: int) -> tuple:
        """(word, values of its stage or None) of the last call that is not closed; the word is "" where there is none.

        Words: waiting, sent, not_arrived, stored, read, passed_on, answered, help_comes, no_unit, call_back, withdrawn.
        """
        while self._calls:
            event, made_ms, withdrawn_ms = self._calls[-1]
            values = None if event[0] is None else self._inbox.stages.get((event[0], event[1]))
            stage = values["help_stage"] if values is not None else None
            if stage == "closed" or (withdrawn_ms is not None and now - withdrawn_ms >= _WITHDRAWN_MS):
                self._calls.pop()
                continue
            if withdrawn_ms is not None:
                return "withdrawn", None
            if values is not None and stage in _HUMAN:
                answer = values["help_answer"] if stage == "answered" else None
                return answer if answer in ("help_comes", "no_unit") else stage, values
            if stage is not None or event[2] == "made":
                return "stored", None
            if made_ms is None or now - made_ms >= _LATE_MS:
                return "not_arrived", None
            return ("waiting" if event[0] is None else "sent"), None
        return "", None
