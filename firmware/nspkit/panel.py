"""The kit's own buttons, inputs, light, buzzer and display, as one task. No hardware of its own; time is an argument.

A call for security is made here and nowhere shown: no light, no sound, no letter changes with it.
"""

from nspkit import signs
from nspkit.gestures import Button, Gestures
from nspkit.own import Own
from nsplink.fields import ALARMS, SELF_TESTS

_LOOK_MS = 25
_DRAW_MS = 500
_PAGE_MS = 4000
_RESULT_MS = 60_000
_ASKING_MS = 10_000  # no choice until then: it is real
_START_MS = 60_000  # a modem needs its time
_SILENT_MS = 1_800_000
_NAMES = ("input_1", "input_2")
_DANGERS = sum([1 << ALARMS.index(name) for name in signs.DANGERS])
_WARNINGS = sum([1 << ALARMS.index(name) for name in signs.WARNINGS])


class Panel:
    """Everything that hands and eyes meet.

    ``parts``: parts.Parts; ``inputs``: the level at which each input that is used is an alarm, by its name;
    ``calls``: calls.Calls; ``alarms``: alarms.LocalAlarms; ``facts``: facts.Facts; ``on_test()`` starts a self-test.
    ``page``: app.Kit, which opens and closes the local page; ``reserve``: word for the path to take when the radio fails.
    """

    def __init__(
        self, parts, inputs: dict, calls, page, reserve: str, uplink, inbox, alarms, radio, facts, on_test, clock, log, alive,
    ) -> None:
        self.parts = parts
        self._calls = calls
        self._page = page
        self._reserve = reserve
        self._uplink = uplink
        self._inbox = inbox
        self._alarms = alarms
        self._radio = radio
        self._facts = facts
        self._on_test = on_test
        self._clock = clock
        self._log = log
        self._alive = alive
        self.own = Own(parts)
        self._gestures = Gestures()
        self._inputs = [(name, level, parts.inputs[_NAMES.index(name)], Button()) for name, level in inputs.items()]
        for name, _, pin, _ in self._inputs:
            if pin is None:
                log("%s is in the settings, but this board has none" % name)
        self._asked_ms: int | None = None  # when help was pressed in an exercise, until it is said which it is
        self.testing = False
        self._result: tuple | None = None  # (failed parts, ms) of the last self-test
        self._stuck = False
        self._silenced = 0  # bits of the alarms that were silenced
        self._light: tuple = ()
        self._light_ms = 0
        self._sound: tuple = ()
        self._sound_ms = 0
        self._alarm: str | None = ""  # what sounds is "danger", "warning", nothing, or None: it sounds once
        self._what: tuple = ()
        self._word = ""
        self._draw_ms = 0
        self._lines: tuple = ()
        self._text = b""
        self._pages: list = []

    async def run(self) -> None:
        while True:
            self._alive()
            self.turn(self._clock.ms())
            await self._clock.sleep_ms(_LOOK_MS)

    def turn(self, now: int) -> None:
        """One look at everything."""
        parts = self.parts
        if parts.help is not None:
            silent = parts.silence is not None and not parts.silence()
            word = self._gestures.look(not parts.help(), silent, now)
            if word is not None:
                self._do(word, now)
            self._look_for_stuck(now)
        for _, _, pin, contact in self._inputs:
            if pin is not None:
                contact.look(not pin(), now)
        if self._asked_ms is not None and now - self._asked_ms >= _ASKING_MS:
            self._make(False, now)
        self.own.look(now)
        if now >= self._draw_ms:
            self._draw_ms = now + _DRAW_MS
            self._draw(now)
        if parts.display is not None:
            parts.display.show(self._lines, now)
        if parts.led is not None:
            self._shine(now)
        if parts.buzzer is not None:
            parts.buzzer(self._buzz(now))

    def values(self) -> dict:
        """What the kit's own hardware shows, by the names of ``nsplink.fields``; 1 for an input in alarm, None = unknown."""
        values = dict(self.own.values)
        for name, level, _, contact in self._inputs:
            values[name] = None if contact.closed is None else int((0 if contact.closed else 1) == level)
        return values

    def stuck(self) -> bool:
        """Whether a button is down that nobody presses."""
        return self._stuck

    def tested(self, failed: tuple, now: int) -> None:
        """Show the result of a self-test: the names of the parts that failed."""
        self.testing = False
        self._result = (failed, now)
        self._draw_ms = now
        self._play("failed" if failed else "passed", now)

    # What hands ask for

    def _do(self, word: str, now: int) -> None:
        if word == "security":
            self._calls.security(now)
            return
        if self._asked_ms is not None:
            self._choose(word, now)
        elif word == "tap":
            return
        elif word == "help":
            self._help(now)
        elif word == "wifi":
            self._page.toggle_page(now)
            self._play("taken", now)
        elif word == "withdraw":
            if self._calls.withdraw(now):
                self._log("call for help withdrawn")
                self._play("taken", now)
        elif word == "silence":
            self._silenced = self._alarms.bits
            self._alarm, self._sound = "", ()
        elif not self.testing:
            self.testing = True
            self._on_test()
        self._result = None
        self._draw_ms = now

    def _help(self, now: int) -> None:
        if not self._calls.offered():
            self._log("no call for help: 112 works, as far as the kit was told")
            self._play("refused", now)
            return
        self._asked_ms = now
        # Where the question cannot be seen or answered there is none.
        if self._calls.exercising(now) and self.parts.display is not None and self.parts.silence is not None:
            self._play("asking", now)
        else:
            self._make(False, now)

    def _choose(self, word: str, now: int) -> None:
        """What hands say to the question: silence = an exercise, help = real. Who takes it back made it first."""
        if word in ("silence", "wifi"):
            self._make(True, now)
        elif word in ("tap", "help", "withdraw"):
            self._make(False, now)
            if word == "withdraw":
                self._calls.withdraw(now)

    def _make(self, exercise: bool, now: int) -> None:
        self._calls.make(self._asked_ms, "not_known", exercise)
        self._asked_ms = None
        self._draw_ms = now
        self._log("call for help made" + (", as an exercise" if exercise else ""))
        self._play("taken", now)

    def _look_for_stuck(self, now: int) -> None:
        stuck = self._gestures.help.stuck(now) or self._gestures.silence.stuck(now)
        if stuck == self._stuck:
            return
        self._stuck = stuck
        bit = 1 << SELF_TESTS.index("button")
        self._facts.self_test = (self._facts.self_test or 0) & ~bit | (bit if stuck else 0)
        self._log("a button is stuck" if stuck else "no button is stuck any more")
        self._uplink.announce(now)

    # What is seen and heard

    def fault(self, now: int) -> str | None:
        """The first fault of signs.CODES that holds."""
        for name in signs.CODES:
            if (
                (name == "button" and self._stuck)
                or (name == "radio" and self._radio.state != "up" and now >= _START_MS)
                or (name == "gateway" and now - (self._inbox.contact_ms or 0) >= _SILENT_MS)
                or (name == "device" and self._alarms.is_active("device_lost"))
                or (name == "cell" and self._alarms.is_active("kit_cell_low"))
            ):
                return name
        return None

    def _draw(self, now: int) -> None:
        if self._result is not None and now - self._result[1] >= _RESULT_MS:
            self._result = None
        word, values, call = self._calls.shown(now)
        if self._asked_ms is not None:
            word, values, call = "asking", None, None
        if word != self._word:
            self._word = word
            sound = word if word == "not_arrived" else _light_of(word)
            if word and word != "asking" and signs.row(signs.SOUNDS, sound):
                self._play(sound, now)
        what: tuple = (self.testing, self._result, word, None if word else self.fault(now))
        if what != self._what:
            self._what = what
            self._light, self._light_ms = self._pattern(word, what[3]), now
        if self.parts.display is not None:
            self._lines = self._screen(word, values, call, now)

    def _pattern(self, word: str, fault: str | None) -> tuple:
        if self.testing or self._result is not None:
            failed = self._result[0] if self._result is not None else ()
            if failed and not self.testing:
                return signs.code(SELF_TESTS.index(failed[0]) + 1, True)
            return signs.pattern(signs.LIGHTS, "testing" if self.testing else "passed")
        if fault is not None:
            return signs.code(signs.CODES[fault])
        return signs.pattern(signs.LIGHTS, _light_of(word))

    def _shine(self, now: int) -> None:
        gestures = self._gestures
        pressed = gestures.help.held_ms(now) and gestures.silence.since_ms is None
        self.parts.led(1 if pressed else signs.level(self._light, now - self._light_ms))

    def _buzz(self, now: int) -> int:
        self._silenced &= self._alarms.bits
        if self._alarm is None and now - self._sound_ms >= sum(self._sound):
            self._alarm, self._sound = "", ()
        if self._alarm is not None:
            loud = self._alarms.bits & ~self._silenced
            name = "danger" if loud & _DANGERS else "warning" if loud & _WARNINGS else ""
            if name != self._alarm:
                self._alarm, self._sound, self._sound_ms = name, signs.pattern(signs.SOUNDS, name), now
        return signs.level(self._sound, now - self._sound_ms)

    def _play(self, name: str, now: int) -> None:
        self._sound, self._sound_ms, self._alarm = signs.pattern(signs.SOUNDS, name), now, None

    def _screen(self, word: str, values: dict | None, call, now: int) -> tuple:
        words = signs.words
        if self._asked_ms is not None:
            lines = words(word)
            return lines[:-1] + (lines[-1] % ((self._asked_ms + _ASKING_MS - now + 999) // 1000),)
        if self.testing:
            return words("testing")
        if self._result is not None:
            failed = self._result[0]
            return words("failed") + failed[:3] if failed else words("passed")
        text = b""
        if word:
            lines = words(word)
            if word == "not_arrived":
                lines = lines[:-1] + (lines[-1] % self._reserve,)
            if values is not None:
                text = values["text"]
                if word in ("read", "passed_on"):
                    lines += (signs.AGO % self._inbox.minutes_since(values, now),)
        else:
            lines = words("ready" if self._calls.offered() else "call_112")
            message = self._inbox.shown()
            if message is not None:
                text = message[2]
        exercising = self._calls.exercising(now)
        if call is not None and (exercising or call.exercise):
            lines += words("exercise" if call.exercise else "real")
        elif exercising:
            lines += words("exercise")
        return self._turned(lines, text, now)

    def _turned(self, lines: tuple, text: bytes, now: int) -> tuple:
        """The state itself, the pages of a text beside it, where the local page is, and what hangs too long, in turn."""
        if text != self._text:
            self._text = text
            self._pages = signs.pages(_decoded(text))
        pages = self._pages
        wifi = self._page.page_lines(now)
        if wifi:
            pages = pages + [wifi]
        for number, _ in self._inbox.hanging():
            first, second, third = signs.words("old_paper")
            pages = pages + [(first, second % number, third)]
        if not pages:
            return lines
        at = now // _PAGE_MS % (len(pages) + 1)
        return lines if at == 0 else pages[at - 1]


def _light_of(word: str) -> str:
    """The light of a call for help by what has become of it."""
    if word in ("", "asking", "sent", "stored", "not_arrived"):
        return word or "running"
    return {"waiting": "sent", "withdrawn": "stored"}.get(word, "human")


def _decoded(text: bytes) -> str:
    try:
        return str(text, "utf-8")
    except UnicodeError:
        return ""
