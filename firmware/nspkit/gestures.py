"""What hands do at the two buttons: held, tapped, stuck. No I/O; time is an argument.

    help alone, held 3 s               a call for help
    both held 3 s                      the last call is withdrawn
    silence, let go again              the buzzer is silent for the alarms of now
    silence alone, tapped 3 times      the local page: its Wi-Fi on, or off again
    silence alone, held 10 s           self-test
    silence held, help tapped 3 times  the team is not safe: nothing is seen or heard of it

A button that is down at the start, or for longer than anybody presses, is not one that is pressed.
"""

_SETTLE_MS = 50
_HOLD_MS = 3000
_TEST_MS = 10_000
_TAPS = 3
_TAP_MS = 1000
_TAPPING_MS = 3000  # from the first of three taps on silence to the end of the last
_STUCK_MS = 60_000


class Button:
    """One contact without its bounces. ``closed``: None until it has settled; ``since_ms``: closed since then, or None."""

    def __init__(self) -> None:
        self.closed: bool | None = None
        self._raw: bool | None = None
        self._raw_ms = 0
        self._was_up = False
        self.since_ms: int | None = None

    def look(self, closed: bool, now: int) -> int | None:
        """Take a look at the contact; how long it was held when it has just been let go, else None."""
        if closed != self._raw:
            self._raw, self._raw_ms = closed, now
        elif now - self._raw_ms >= _SETTLE_MS:
            self.closed = closed
            if closed:
                if self.since_ms is None:
                    self.since_ms = self._raw_ms
            else:
                since, self.since_ms = self.since_ms, None
                was_up, self._was_up = self._was_up, True
                if since is not None and was_up and self._raw_ms - since < _STUCK_MS:
                    return self._raw_ms - since
        return None

    def down(self, now: int) -> bool:
        """Whether somebody has it down, a shaky finger too."""
        return self.since_ms is not None and self._was_up and not self.stuck(now)

    def held_ms(self, now: int) -> int:
        """For how long it has been held, 0 while it is not."""
        return now - self.since_ms if self.since_ms is not None and self._raw and self.down(now) else 0

    def stuck(self, now: int) -> bool:
        """Whether it is down for longer than anybody presses."""
        return self.since_ms is not None and now - self.since_ms >= _STUCK_MS


class Gestures:
    """Tells gestures apart; to be called often with what the contacts are."""

    def __init__(self) -> None:
        self.help = Button()
        self.silence = Button()
        self._done = False  # what is held now has been understood
        self._mixed = False  # help was touched while silence was held, or the reverse
        self._taps = 0
        self._silences: list = []  # ms of the last taps on silence

    def look(self, help_closed: bool, silence_closed: bool, now: int) -> str | None:
        """"help", "withdraw", "silence", "wifi", "self_test", "security" at the moment it is one, else None.

        And "tap", which means nothing by itself: help was let go again too soon.
        """
        tapped = self.help.look(help_closed, now)
        released = self.silence.look(silence_closed, now)
        helping, silencing = self.help.held_ms(now), self.silence.held_ms(now)
        helped, silenced = self.help.down(now), self.silence.down(now)
        word = None
        if helped and silenced:
            self._mixed = True
            if min(helping, silencing) >= _HOLD_MS and not self._done:
                self._done, word = True, "withdraw"
        elif helping >= _HOLD_MS and not self._done and not self._mixed:
            self._done, word = True, "help"
        elif silencing >= _TEST_MS and not self._done and not self._mixed:
            self._done, word = True, "self_test"
        elif released is not None and not self._done and not self._mixed:
            word = "wifi" if self._tapped_thrice(released, now) else "silence"
        elif tapped is not None and not self._done and not self._mixed:
            word = "tap"
        if tapped is not None and silenced and tapped <= _TAP_MS and not self._done:
            self._taps += 1
            if self._taps == _TAPS:
                self._done, word = True, "security"
        if not helped and not silenced:
            self._done = self._mixed = False
            self._taps = 0
        return word

    def _tapped_thrice(self, held_ms: int, now: int) -> bool:
        """Whether this was the third tap on silence; the next one is a first again."""
        self._silences = self._silences[1 - _TAPS :] + [now] if held_ms <= _TAP_MS else []
        if len(self._silences) < _TAPS or now - self._silences[0] > _TAPPING_MS:
            return False
        self._silences = []
        return True
