"""The front of a kit in virtual time: contacts that a test presses, and what light, buzzer and display then do."""

import asyncio

from nspkit.parts import Parts


class Front:
    """``parts`` for kit_rig.Rig. ``moved``: [(s, "led" or "buzzer", level)]; ``lines``: what the display shows."""

    def __init__(self, **options):
        self.levels = {"help": 1, "silence": 1, "input_1": 1, "input_2": 1}
        self.microvolts = {"cell": 1_950_000, "supply": 800_000}
        self.raw = 400
        self.moved = []
        self.lines = ()
        self.drawn = 0
        self._outputs = {"led": 0, "buzzer": 0}
        has = {
            "led": lambda level=None: self._output("led", level),
            "buzzer": lambda level=None: self._output("buzzer", level),
            "help": lambda: self.levels["help"],
            "silence": lambda: self.levels["silence"],
            "inputs": (lambda: self.levels["input_1"], lambda: self.levels["input_2"]),
            "display": self,
            "cell": lambda: self.microvolts["cell"],
            "supply": lambda: self.microvolts["supply"],
            "permille": (2000, 16000),
            "thermometer": self,
        }
        self.parts = Parts(**(has | options))

    def _output(self, name, level):
        if level is None:
            return self._outputs[name]
        if self._outputs[name] != level:
            self._outputs[name] = level
            self.moved.append((asyncio.get_running_loop().time(), name, level))
        return None

    def show(self, lines, _now):
        """Stand for the display."""
        if lines != self.lines:
            self.lines = lines
            self.drawn += 1

    def convert(self):
        """Stand for the thermometer."""

    def read(self):
        """Stand for it too: 1/16 degC."""
        return self.raw

    def shows(self):
        """The display's lines, joined by " / "."""
        return " / ".join(self.lines)

    async def hold(self, seconds, *names):
        """Hold these contacts closed for so long."""
        for name in names:
            self.levels[name] = 0
        await asyncio.sleep(seconds)
        for name in names:
            self.levels[name] = 1
        await asyncio.sleep(0.2)

    async def security(self):
        """The gesture that nobody sees: silence held, help tapped three times."""
        self.levels["silence"] = 0
        await asyncio.sleep(0.5)
        for _ in range(3):
            await self.hold(0.2, "help")
        self.levels["silence"] = 1
        await asyncio.sleep(0.5)

    def levels_of(self, name, since, until):
        """[(s after since, level)] of an output."""
        return [
            (round(at - since, 2), level)
            for at, which, level in self.moved
            if which == name and since <= at <= until
        ]
