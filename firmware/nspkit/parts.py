"""The parts that a kit itself has, as functions: what a board lacks is None. No I/O of its own."""


class Parts:
    """What there is.

    ``led(level)``, ``buzzer(level)``; ``help()``, ``silence()``: 0 while pressed; ``inputs``: a function each, 0 =
    closed; ``display``: oled.Oled; ``cell()``, ``supply()``: microvolts at the pin, ``permille`` of their two
    dividers; ``thermometer``: thermometer.Thermometer.
    """

    def __init__(
        self, led=None, buzzer=None, help=None, silence=None, inputs: tuple = (None, None), display=None, cell=None,
        supply=None, permille: tuple = (1000, 1000), thermometer=None,
    ) -> None:
        self.led = led
        self.buzzer = buzzer
        self.help = help
        self.silence = silence
        self.inputs = inputs
        self.display = display
        self.cell = cell
        self.supply = supply
        self.permille = permille
        self.thermometer = thermometer
