"""``Pin`` and ``ADC``. The bench drives inputs and is told of every output that changes."""

from channel import config, send
from micropython import schedule
from umachine import PinBase

_LEVEL = 0  # what the pin reads: 0 or 1
_OUTPUT = 1  # True while the firmware drives it
_HANDLER = 2
_TRIGGER = 3
_PIN = 4  # the object that irq() was called on, handed to the handler

_states = {}
_driven = {int(pin): level for pin, level in config["pins"].items()}
_microvolts = {int(pin): value for pin, value in config["adc"].items()}
_on_output = {}  # pin -> function(level), for a UART's direction pin


def on_output(pin, changed) -> None:
    """Call ``changed(level)`` at once whenever the firmware changes output ``pin``."""
    _on_output[pin] = changed


def drive(pin, level) -> None:
    """The outside sets input ``pin``; its interrupt handler runs when the edge asks for it."""
    _driven[pin] = level
    state = _states.get(pin)
    if state is None or state[_OUTPUT] or state[_LEVEL] == level:
        return
    state[_LEVEL] = level
    edge = Pin.IRQ_RISING if level else Pin.IRQ_FALLING
    if state[_HANDLER] is not None and state[_TRIGGER] & edge:
        schedule(state[_HANDLER], state[_PIN])


def set_microvolts(pin, value) -> None:
    """The outside puts a voltage on analogue input ``pin``."""
    _microvolts[pin] = value


class Pin(PinBase):
    IN = 1
    OUT = 3
    OPEN_DRAIN = 7
    PULL_DOWN = 1
    PULL_UP = 2
    IRQ_RISING = 1
    IRQ_FALLING = 2

    def __init__(self, id, mode=-1, pull=-1, *, value=None, drive=None, hold=None) -> None:
        self._id = id
        self._state = _states.setdefault(id, [_driven.get(id, 0), False, None, 0, None])
        self.init(mode, pull, value=value, drive=drive, hold=hold)

    def init(self, mode=-1, pull=-1, *, value=None, drive=None, hold=None) -> None:
        state = self._state
        if mode == self.IN:
            state[_OUTPUT] = False
            state[_LEVEL] = _driven.get(self._id, 1 if pull == self.PULL_UP else 0)
        elif mode != -1 and not state[_OUTPUT]:  # an output is low until told otherwise
            state[_OUTPUT] = True
            state[_LEVEL] = 0
        if value is not None:
            self.value(value)
        if hold is not None:
            send("hold %d %d" % (self._id, 1 if hold else 0))

    def value(self, x=None) -> int | None:
        state = self._state
        if x is None:
            return state[_LEVEL]
        level = 1 if x else 0
        if state[_OUTPUT] and state[_LEVEL] != level:
            state[_LEVEL] = level
            changed = _on_output.get(self._id)
            if changed is not None:
                changed(level)
            else:  # a direction pin changes with every request: nobody wants to hear of it
                send("pin %d %d" % (self._id, level))
        return None

    __call__ = value

    def on(self) -> None:
        self.value(1)

    def off(self) -> None:
        self.value(0)

    def toggle(self) -> None:
        self.value(not self._state[_LEVEL])

    def irq(self, handler=None, trigger=3, *, wake=None, hard=False) -> None:
        state = self._state
        state[_HANDLER] = handler
        state[_TRIGGER] = trigger
        state[_PIN] = self

    def __repr__(self) -> str:
        return "Pin(%d)" % self._id


class ADC:
    """12-bit converter; a pin that the bench put no voltage on reads 0."""

    ATTN_0DB = 0
    ATTN_2_5DB = 1
    ATTN_6DB = 2
    ATTN_11DB = 3
    WIDTH_12BIT = 12

    # Full scale of the ESP32 by attenuation, in microvolts (MicroPython's ESP32 quick reference).
    _FULL_UV = (1_000_000, 1_340_000, 2_000_000, 3_600_000)

    def __init__(self, id, *, atten=0) -> None:
        self._pin = int(repr(id)[4:-1]) if isinstance(id, Pin) else id  # "Pin(34)", as a board prints it
        self.init(atten=atten)

    def init(self, *, atten=0) -> None:
        self._full_uv = self._FULL_UV[atten]

    def atten(self, atten) -> None:
        self.init(atten=atten)

    def read_uv(self) -> int:
        return min(_microvolts.get(self._pin, 0), self._full_uv)

    def read(self) -> int:
        return self.read_uv() * 4095 // self._full_uv

    def read_u16(self) -> int:
        return self.read_uv() * 65535 // self._full_uv
