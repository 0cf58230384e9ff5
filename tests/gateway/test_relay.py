"""The relay sounds when nobody says that all is well; only the line itself is a stand-in for hardware."""

from __future__ import annotations

import asyncio
import ctypes
import errno
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway_box import VirtualClock
from nspgateway import gpio_line
from nspgateway.config_parts import RelayConfig
from nspgateway.errors import ConfigError
from nspgateway.gpio_line import GpioLine
from nspgateway.notify import Notice
from nspgateway.relay import STARVED_S, Relay, RelayError
from relay_pin import Pin


class BellClock(VirtualClock):
    """A virtual clock in which waiting takes no time of anybody's; ``seen``: the pin's level while it waits."""

    def __init__(self, pin: Pin) -> None:
        super().__init__()
        self.pin = pin
        self.seen: list[bool] = []

    async def sleep(self, seconds: float) -> None:
        self.seen.append(self.pin.level)
        self.move(seconds)


@pytest.fixture
def pin() -> Pin:
    return Pin()


@pytest.fixture
def clock(pin: Pin) -> BellClock:
    return BellClock(pin)


@pytest.fixture
def relay(pin: Pin, clock: BellClock) -> Iterator[Relay]:
    relay = Relay(lambda: pin, clock)
    yield relay
    relay.close()


def told(kind: str) -> Notice:
    words = {"nl": "x", "en": "x"}
    at = VirtualClock().now()
    return Notice("k", kind, "raise", at, "de-linde", "De Linde", "a", "high", words, words, words)


def test_it_sounds_until_the_gateway_has_done_its_first_work(pin: Pin, relay: Relay) -> None:
    """A gateway that starts and never gets to work must not look as if it watched over anything."""
    assert not pin.level
    relay.feed(sounding=False)
    assert pin.level
    relay.feed(sounding=True)
    assert not pin.level


def test_a_gateway_that_hangs_lets_it_go(pin: Pin, relay: Relay, clock: BellClock) -> None:
    """Five seconds without work done is a dead gateway, whatever its process does; when it works again it is held."""
    relay.feed(sounding=False)
    clock.move(STARVED_S - 0.1)
    relay.look()
    assert pin.level
    clock.move(0.1)
    relay.look()
    assert not pin.level
    relay.feed(sounding=False)
    assert pin.level


def test_the_thread_sees_a_loop_that_hangs(pin: Pin, relay: Relay, clock: BellClock) -> None:
    """A loop that hangs cannot look after itself: nobody calls anything here but the relay's own thread."""
    relay.feed(sounding=False)
    pin.went_off.clear()
    relay.start()
    clock.move(STARVED_S)
    assert pin.went_off.wait(20)
    assert not pin.level


def test_it_sounds_once_the_gateway_ends(pin: Pin, relay: Relay, clock: BellClock) -> None:
    """A gateway that was stopped watches over nothing: that must be heard, and no late word holds it again."""
    relay.start()
    relay.feed(sounding=False)
    relay.close()
    assert not pin.level
    assert not pin.is_open
    clock.move(60)
    relay.feed(sounding=False)
    assert not pin.level


async def test_a_test_sounds_for_a_second_and_hides_no_alarm(
    pin: Pin, relay: Relay, clock: BellClock
) -> None:
    """The test lets the relay go for a moment; an alarm that begins meanwhile goes on sounding."""
    relay.feed(sounding=False)
    await relay.notify(told("test"))
    assert clock.seen == [False]
    assert pin.level
    relay.feed(sounding=True)
    await relay.notify(told("test"))
    assert not pin.level


async def test_an_output_that_does_not_follow_fails_the_test(pin: Pin, relay: Relay) -> None:
    """A relay that no longer switches is found by the daily test, not by the first real alarm."""
    relay.feed(sounding=False)
    pin.is_stuck = True
    with pytest.raises(RelayError, match="does not follow"):
        await relay.notify(told("test"))


async def test_a_line_that_goes_away_is_told_and_taken_up_again(
    pin: Pin, relay: Relay, clock: BellClock
) -> None:
    """A board that is pulled out is a fault that every notice shows, and that ends when it is back."""
    relay.feed(sounding=False)
    pin.fault = OSError(errno.ENODEV, "No such device")
    relay.feed(sounding=True)
    with pytest.raises(RelayError, match="No such device"):
        await relay.notify(told("alarm"))
    assert not pin.is_open
    pin.fault = None
    clock.move(6)
    relay.feed(sounding=False)
    assert relay.fault == ""
    assert pin.level
    await relay.notify(told("alarm"))


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("feed"), st.booleans()),
        st.tuples(st.just("move"), st.sampled_from([0.1, 1.0, 2.0, STARVED_S, 60.0])),
        st.tuples(st.just("fault"), st.booleans()),
        st.tuples(st.just("test"), st.none()),
    ),
    max_size=40,
)


@given(STEPS)
def test_it_is_never_held_for_a_gateway_that_does_not_work(steps: list[tuple[str, Any]]) -> None:
    """Whatever happens in whatever order: held means fed within five seconds, with nothing that has to sound."""
    pin = Pin()
    clock = BellClock(pin)
    relay = Relay(lambda: pin, clock)
    fed_s, quiet = None, False
    for what, value in steps:
        if what == "feed":
            fed_s, quiet = clock.passed_s, not value
            relay.feed(sounding=value)
        elif what == "move":
            clock.move(value)
        elif what == "fault":
            pin.fault = OSError(errno.EIO, "I/O error") if value else None
        else:
            with suppress(RelayError):
                asyncio.run(relay.notify(told("test")))
        relay.look()
        may_hold = fed_s is not None and clock.passed_s - fed_s < STARVED_S and quiet
        assert not pin.level or may_hold
        assert pin.level or not may_hold or relay.fault
    pin.fault = None
    clock.move(60)
    relay.feed(sounding=False)
    assert pin.level
    relay.close()
    assert not pin.level


# The kernel's interface. These are laid out by the C compiler's rules from include/uapi/linux/gpio.h,
# not by the program's own format strings.


class Attribute(ctypes.Structure):
    _fields_ = (
        ("id", ctypes.c_uint32),
        ("padding", ctypes.c_uint32),
        ("value", ctypes.c_uint64),
        ("mask", ctypes.c_uint64),
    )


class LineConfig(ctypes.Structure):
    _fields_ = (
        ("flags", ctypes.c_uint64),
        ("num_attrs", ctypes.c_uint32),
        ("padding", ctypes.c_uint32 * 5),
        ("attrs", Attribute * 10),
    )


class LineRequest(ctypes.Structure):
    _fields_ = (
        ("offsets", ctypes.c_uint32 * 64),
        ("consumer", ctypes.c_char * 32),
        ("config", LineConfig),
        ("num_lines", ctypes.c_uint32),
        ("event_buffer_size", ctypes.c_uint32),
        ("padding", ctypes.c_uint32 * 5),
        ("fd", ctypes.c_int32),
    )


class LineValues(ctypes.Structure):
    _fields_ = (("bits", ctypes.c_uint64), ("mask", ctypes.c_uint64))


def iowr(number: int, size: int) -> int:
    """The number of an ioctl that reads and writes, as asm-generic/ioctl.h makes it."""
    return 3 << 30 | size << 16 | 0xB4 << 8 | number


class Kernel:
    """The GPIO character device: one line, given out as a real file whose closing releases it."""

    def __init__(self) -> None:
        self.request: LineRequest | None = None
        self.level = 0
        self.file = -1
        self.fault: OSError | None = None

    def ioctl(self, file: int, number: int, data: bytearray) -> int:
        if self.fault is not None:
            raise self.fault
        if number == iowr(0x07, ctypes.sizeof(LineRequest)):
            self.request = LineRequest.from_buffer_copy(data)
            self.file, other = os.pipe()
            os.close(other)
            self.request.fd = self.file
            data[:] = bytes(self.request)
            return 0
        assert file == self.file
        os.fstat(file)
        values = LineValues.from_buffer_copy(data)
        assert values.mask == 1
        if number == iowr(0x0F, ctypes.sizeof(LineValues)):
            self.level = values.bits
            return 0
        assert number == iowr(0x0E, ctypes.sizeof(LineValues))
        values.bits = self.level
        data[:] = bytes(values)
        return 0


def config(chip: Path, **changes: bool) -> RelayConfig:
    return RelayConfig(chip=chip, line=17, **changes)


@pytest.fixture
def chip(tmp_path: Path) -> Path:
    path = tmp_path / "gpiochip0"
    path.touch()
    return path


def test_the_layouts_are_the_kernel_s() -> None:
    """A wrong size is refused by every kernel, and a wrong offset switches another line."""
    assert gpio_line.REQUEST.size == ctypes.sizeof(LineRequest) == 592
    assert gpio_line.VALUES.size == ctypes.sizeof(LineValues) == 16
    assert iowr(0x07, 592) == gpio_line.GET_LINE
    assert iowr(0x0E, 16) == gpio_line.GET_VALUES
    assert iowr(0x0F, 16) == gpio_line.SET_VALUES


@pytest.mark.parametrize("active_low", [False, True])
def test_a_line_is_asked_for_switched_and_released(chip: Path, tmp_path: Path, active_low: bool) -> None:
    """Protects the other lines of the chip: one output is asked for, off, and goes back when it is closed."""
    kernel = Kernel()
    line = GpioLine(config(chip, active_low=active_low), ioctl=kernel.ioctl, modules=tmp_path)
    request = kernel.request
    assert request is not None
    assert (list(request.offsets[:2]), request.num_lines) == ([17, 0], 1)
    assert request.consumer == b"nsp gateway"
    assert request.config.flags == 1 << 3 | (1 << 1 if active_low else 0)
    assert (request.config.num_attrs, request.event_buffer_size) == (0, 0)
    line.set(on=True)
    assert (kernel.level, line.get()) == (1, True)
    line.set(on=False)
    assert (kernel.level, line.get()) == (0, False)
    line.close()
    line.close()
    with pytest.raises(OSError, match="released"):
        line.set(on=True)
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(kernel.file)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.EBUSY, "in use by another program"),
        (errno.EINVAL, "does not exist here"),
        (errno.ENOTTY, "is no GPIO chip"),
        (errno.EPERM, "may not be an output"),
        (errno.EIO, "cannot be had"),
    ],
)
def test_a_line_that_cannot_be_had_says_why(chip: Path, tmp_path: Path, number: int, said: str) -> None:
    """A technician learns which line of which chip, and what to do, not a number of the kernel's."""
    kernel = Kernel()
    kernel.fault = OSError(number, os.strerror(number))
    with pytest.raises(ConfigError, match=said) as caught:
        GpioLine(config(chip), ioctl=kernel.ioctl, modules=tmp_path)
    assert str(caught.value).startswith(f"{chip}: relay.line:")


def test_a_chip_that_is_not_there_says_so(tmp_path: Path) -> None:
    """The same for the chip itself."""
    with pytest.raises(ConfigError, match=r"relay\.chip: there is no such GPIO chip"):
        GpioLine(config(tmp_path / "gpiochip9"), modules=tmp_path)


def test_a_file_that_is_no_chip_is_refused_by_the_kernel_itself(chip: Path, tmp_path: Path) -> None:
    """The real ioctl on a file of ours: the request reaches the kernel, which says what it is not."""
    with pytest.raises(ConfigError, match="is no GPIO chip"):
        GpioLine(config(chip), modules=tmp_path)


@pytest.mark.parametrize("driver", ["pinctrl_bcm2835", "pinctrl_rp1"])
@pytest.mark.parametrize(("says", "is_refused"), [("Y\n", True), ("N\n", False)])
def test_a_kernel_that_keeps_outputs_is_refused(
    chip: Path,
    tmp_path: Path,
    driver: str,
    says: str,
    is_refused: bool,
) -> None:
    """Raspberry Pi's kernels keep an output of a dead program: the relay would stay silent for ever."""
    parameters = tmp_path / driver / "parameters"
    parameters.mkdir(parents=True)
    (parameters / "persist_gpio_outputs").write_text(says)
    kernel = Kernel()
    if not is_refused:
        GpioLine(config(chip), ioctl=kernel.ioctl, modules=tmp_path).close()
        return
    with pytest.raises(ConfigError, match="strict_gpiod"):
        GpioLine(config(chip), ioctl=kernel.ioctl, modules=tmp_path)
    assert kernel.request is None
