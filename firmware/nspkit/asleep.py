"""Deep sleep of the board: all off, and what ends it. With ``board`` the only user of ``machine`` and ``esp32``."""

import esp32
import machine

from nspkit import pins as board_pins


def woken_by_button() -> bool:
    """Whether HELP ended the sleep before this start."""
    return machine.reset_cause() == machine.DEEPSLEEP_RESET and machine.wake_reason() == machine.EXT0_WAKE


def let_go() -> None:
    """Give the modem its supply again: a pin that is held stays so over every reset but the loss of power."""
    machine.Pin(board_pins.MODEM_CUT, machine.Pin.OUT, value=0, hold=False)  # type: ignore[call-arg]  # the stubs lack it


def sleep(ms: int) -> None:
    """Switch off for ``ms``, or until HELP is pressed. Never returns. No watchdog runs meanwhile.

    A button that is down now, or a chip that cannot wake by one pin, leaves the time alone to end it.
    """
    if board_pins.HELP is not None and hasattr(esp32, "wake_on_ext0"):
        button = machine.Pin(board_pins.HELP, machine.Pin.IN, machine.Pin.PULL_UP)
        if button():
            esp32.wake_on_ext0(button, esp32.WAKEUP_ALL_LOW)
    # Let go, this gate would give the modem its supply for the whole month.
    machine.Pin(board_pins.MODEM_CUT, machine.Pin.OUT, value=1, hold=True)  # type: ignore[call-arg]  # as above
    machine.deepsleep(ms)
