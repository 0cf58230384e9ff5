"""The last lines that the kit said, for the technician at the REPL."""

LINES = 60
_WIDTH = 72  # kept of a line; it is printed whole


class Log:
    """A ring of the last 60 lines, each with its second since start; also printed."""

    def __init__(self, clock, echo=print) -> None:
        self._clock = clock
        self._echo = echo
        self.lines: list = []

    def __call__(self, text: str) -> None:
        line = "%d %s" % (self._clock.ms() // 1000, text)
        if len(self.lines) == LINES:
            self.lines.pop(0)
        self.lines.append(line[:_WIDTH])
        self._echo(line)
