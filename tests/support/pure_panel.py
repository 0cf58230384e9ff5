"""Checks of the buttons, signs and measurements that run alike on CPython and on the board's interpreter."""

from nspkit import own, signs
from nspkit.gestures import Gestures

_STEP_MS = 25


class Hands:
    """Two buttons under hands that follow a script; ``said``: [(ms, gesture)]."""

    def __init__(self, now=0):
        self.gestures = Gestures()
        self.now = now
        self.said = []
        self.wait(200)

    def hold(self, ms, help=False, silence=False):  # noqa: A002 - the button's name
        """Hold these for so long."""
        for _ in range(ms // _STEP_MS):
            self.now += _STEP_MS
            word = self.gestures.look(help, silence, self.now)
            if word is not None:
                self.said.append(word)
        return self

    def wait(self, ms=500):
        """Take the hands off."""
        return self.hold(ms)

    def help(self, ms):
        """Hold help alone, then let go."""
        return self.hold(ms, help=True).wait()


def _cases():
    """(what, what was understood, what should be)."""
    yield "3 s", Hands().help(3100).said, ["help"]
    yield "2.9 s", Hands().help(2900).said, ["tap"]
    yield "as long as a finger can", Hands().help(20_000).said, ["help"]
    bouncing = Hands()
    for _ in range(20):
        bouncing.hold(25, help=True).hold(25)
    yield "bounces alone", bouncing.wait().said, []
    shaky = Hands()
    for _ in range(8):
        shaky.hold(500, help=True).hold(25)
    yield "a shaky finger", shaky.wait().said, ["help"]
    stuck = Hands().hold(3 * 3_600_000, help=True)
    yield "stuck for hours", (stuck.said, stuck.gestures.help.stuck(stuck.now)), (["help"], True)
    stuck.wait().help(3100)
    yield "free again", (stuck.said, stuck.gestures.help.stuck(stuck.now)), (["help", "help"], False)
    born = Hands()
    born.gestures = Gestures()
    born.hold(30_000, help=True).wait()
    yield "down since the start", born.said, []
    yield "down since the start, then pressed", born.help(3100).said, ["help"]
    yield "both", Hands().hold(3200, help=True, silence=True).wait().said, ["withdraw"]
    yield (
        "both, one after the other",
        Hands().hold(500, silence=True).hold(3200, help=True, silence=True).wait().said,
        ["withdraw"],
    )
    yield (
        "both, let go unevenly",
        Hands().hold(3200, help=True, silence=True).hold(9000, help=True).wait().said,
        ["withdraw"],
    )
    yield (
        "both too shortly, then help on",
        Hands().hold(1000, help=True, silence=True).hold(9000, help=True).wait().said,
        [],
    )
    yield "silence", Hands().hold(300, silence=True).wait().said, ["silence"]
    yield "silence 10 s", Hands().hold(10_100, silence=True).wait().said, ["self_test"]
    dark = Hands().hold(90_000, silence=True)
    yield "silence stuck", (dark.said, dark.gestures.silence.stuck(dark.now)), (["self_test"], True)
    dark.hold(3200, help=True, silence=True)
    yield "help works beside a stuck silence", dark.said, ["self_test", "help"]
    yield "security", _taps(3).wait().said, ["security"]
    yield "security, slowly", _taps(3, 900, 1500).wait().said, ["security"]
    yield "two taps", _taps(2).wait().said, []
    yield "four taps", _taps(4).wait().said, ["security"]
    yield "taps, then held", _taps(3).hold(15_000, silence=True).wait().said, ["security"]
    yield "taps that are too long", _taps(3, 1200, 300).wait().said, []
    yield "taps without silence", Hands().help(200).help(200).help(200).said, ["tap"] * 3
    yield from _cases_of_more_than_one()

    def millivolts(*levels):
        return [own.charge_permille(level) for level in levels]

    yield (
        "cell",
        millivolts(0, 2400, 2500, 3000, 3300, 3650, 3700, 4120, 4250, 5000),
        [None, None, 0, 0, 50, 330, 430, 980, 980, None],
    )
    yield (
        "degrees",
        [own.degrees(raw) for raw in (400, 404, 408, -160, 0, 1360, 1376, 2000, None)],
        [25, 25, 26, -10, 0, None, 86, None, None],
    )
    yield "one flash a second", _seen("running", 2000), [(0, 1), (50, 0), (1000, 1), (1050, 0)]
    yield "code", sum(_changes(signs.code(3), 2400)), 3
    yield (
        "no letter is lost",
        signs.pages("Water bij school.  Neem zelf flessen mee!"),
        [("Water bij", "school. Neem", "zelf flessen", "mee!")],
    )
    yield (
        "plain letters",
        signs.pages("caf\u00e9 \u2026 co\u00f6rdinatie\u20ac"),
        [("cafe .", "coordinatie?")],
    )
    yield "long word", signs.pages("a" * 70), [("a" * 16,) * 4, ("a" * 6,)]
    yield "nothing", signs.pages(" \n"), []
    for row in signs.WORDS.strip().split("\n"):
        name = row.split(" ")[0]
        lines = [
            line % 10 if "%d" in line else line % "PORTO 12" if "%" in line else line
            for line in signs.words(name)
        ]
        fits = len(lines) <= signs.LINES and all(0 < len(line) <= signs.LETTERS for line in lines)
        yield "fits: " + name, fits, True


def _cases_of_more_than_one():
    yield "twice", Hands().help(3100).help(3100).said, ["help", "help"]
    yield "wifi", _silences(3).said, ["silence", "silence", "wifi"]
    yield "six short presses", _silences(6).said[2::3], ["wifi", "wifi"]
    yield "silence thrice, not in a hurry", _silences(3, 200, 1500).said, ["silence"] * 3
    long = _silences(2).hold(1500, silence=True).wait()
    yield "silence thrice, one of them long", long.said, ["silence"] * 3


def _silences(count, down_ms=200, up_ms=300):
    hands = Hands()
    for _ in range(count):
        hands.hold(down_ms, silence=True).hold(up_ms)
    return hands


def _taps(count, down_ms=200, up_ms=200):
    hands = Hands().hold(500, silence=True)
    for _ in range(count):
        hands.hold(down_ms, help=True, silence=True).hold(up_ms, silence=True)
    return hands


def _seen(name, until_ms):
    steps = signs.pattern(signs.LIGHTS, name)
    found = []
    for ms in range(until_ms):
        level = signs.level(steps, ms)
        if not found or found[-1][1] != level:
            found.append((ms, level))
    return found


def _changes(steps, until_ms):
    levels = [0] + [signs.level(steps, ms) for ms in range(until_ms)]
    return [int(levels[ms] < levels[ms + 1]) for ms in range(until_ms)]


def check():
    """What does not come out as it should: []."""
    return ["%s: %r, expected %r" % case for case in _cases() if case[1] != case[2]]
