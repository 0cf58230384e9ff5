import struct
from types import SimpleNamespace

import pytest

import virtual
from nspkit.bus import Bus, BusError

TIMEOUT_MS = 200
LATE_MS = 2000
LINE = (19200, None, 1)


def device(unit, timeout_ms=TIMEOUT_MS, late_ms=LATE_MS, *, reply_unit=None, line=None):
    """What the bus wants to know of a device."""
    model = SimpleNamespace(timeout_ms=timeout_ms, late_ms=late_ms, gap_ms=0)
    return SimpleNamespace(unit=unit, reply_unit=reply_unit or unit, line=line, model=model)


def crc(data):
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
    return struct.pack("<H", value)


def reply(unit, function, *registers):
    body = bytes((unit, function, 2 * len(registers))) + struct.pack(f">{len(registers)}H", *registers)
    return body + crc(body)


def exception(unit, function, code):
    body = bytes((unit, function | 0x80, code))
    return body + crc(body)


def one_read(slave):
    """(data or BusError, the bus) of one read of two registers at unit 10."""

    async def go():
        bus = Bus(virtual.Uart(slave), None, virtual.clock(), LINE, collect=lambda: None)
        try:
            return bytes(await bus.read(device(10), 3, 1027, 2)), bus
        except BusError as error:
            return error, bus

    return virtual.run(go())


GOOD = reply(10, 3, 0x1234, 0x5678)
DATA = bytes.fromhex("12345678")


@pytest.mark.parametrize(
    "answers",
    [
        [(0.02, GOOD)],
        [(0.02, b"\x00\xff\x0a" + GOOD)],
        [(0.02, GOOD + b"\xff\x00")],
        [(0.02, GOOD[:4]), (0.06, GOOD[4:])],
        [(0.01, reply(1, 4, 1, 2)), (0.05, GOOD)],
        [(0.01, reply(10, 4, 9, 9)), (0.05, GOOD)],
        [(0.01, reply(10, 3, 9)), (0.05, GOOD)],
        [(0.01, reply(10, 3, 9, 9, 9)), (0.05, GOOD)],
        [(0.01, GOOD[:-1] + b"\x00"), (0.05, GOOD)],
        [(0.15, GOOD)],
    ],
    ids=[
        "plain",
        "noise before",
        "noise after",
        "split",
        "foreign unit",
        "wrong function",
        "short count",
        "long count",
        "bad CRC first",
        "slow",
    ],
)
def test_finds_its_reply(answers):
    """Noise, foreign and damaged frames are passed over while the timer runs; our reply is still found."""
    assert one_read(lambda _: answers)[0] == DATA


def test_echo_of_the_own_request_is_no_reply():
    """An adapter that hears itself does not turn the request into data."""
    assert one_read(lambda request: [(0.0, request), (0.03, GOOD)])[0] == DATA
    error, _ = one_read(lambda request: [(0.0, request)])
    assert isinstance(error, BusError)


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ([], "timeout"),
        ([(0.02, GOOD[:-1])], "garbled"),
        ([(0.02, b"\xff")], "garbled"),
        ([(0.02, GOOD[:-1] + b"\x00")], "garbled"),
        ([(0.02, reply(11, 3, 1, 2))], "garbled"),
        ([(0.02, exception(10, 3, 2))], "exception"),
        ([(0.25, GOOD)], "timeout"),
    ],
)
def test_no_reply_is_an_error_with_its_kind(answers, kind):
    """A read that gives nothing says so, counts it, and never gives a number."""
    error, bus = one_read(lambda _: answers)
    assert isinstance(error, BusError)
    assert error.kind == kind
    assert bus.errors[kind] == 1
    assert bus.reads == 0


def test_a_late_reply_is_never_anothers():
    """After a timeout the signature is closed until the late reply can no longer come; others go on."""

    async def go():
        delays = iter([0.3, 0.02, 0.02, 0.02])
        values = iter([1, 2, 3, 4])

        def slave(request):
            count = request[5]
            return [(next(delays), reply(10, 3, *[next(values)] * count))]

        clock = virtual.clock()
        bus = Bus(virtual.Uart(slave), None, clock, LINE, collect=lambda: None)
        seen = []
        with pytest.raises(BusError, match="timeout"):
            await bus.read(device(10), 3, 1027, 1)
        with pytest.raises(BusError, match="closed"):
            await bus.read(device(10), 3, 1028, 1)
        seen.append(bytes(await bus.read(device(10), 3, 772, 2)))
        await clock.sleep_ms(LATE_MS)
        seen.append(bytes(await bus.read(device(10), 3, 1027, 1)))
        return seen

    assert virtual.run(go()) == [bytes.fromhex("00020002"), bytes.fromhex("0003")]


def test_stale_replies_back_to_back():
    """One reply 300 ms late and then 110 ms each: no poll ever takes the one before for its own."""

    async def go():
        asked = []

        def slave(request):
            asked.append(request[3])
            delay = 0.3 if len(asked) == 1 else 0.11
            return [(delay, reply(10, 3, *[request[3]] * request[5]))]

        clock = virtual.clock()
        bus = Bus(virtual.Uart(slave), None, clock, LINE, collect=lambda: None)
        for address in range(1, 40):
            try:
                data = bytes(await bus.read(device(10), 3, address, 1))
            except BusError:
                await clock.sleep_ms(100)
                continue
            assert data == bytes((0, address))
        return bus.reads

    assert virtual.run(go()) > 10


def test_driver_is_on_only_while_sending_and_lines_rest_between_frames():
    """DE rises before the first bit and falls after flush; 3.5 characters of silence come before a request."""

    async def go():
        trace = []

        def slave(request):
            trace.append("write")
            return [(0.004, reply(request[0], 3, 1))]

        uart = virtual.Uart(slave)
        uart.flush = lambda: trace.append("flush")
        bus = Bus(
            uart, lambda value: trace.append(f"de {value}"), virtual.clock(), LINE, collect=lambda: None
        )
        for unit in (10, 1, 2):
            await bus.read(device(unit), 3, 0, 1)
        starts = [at for at, _ in uart.sent]
        ends = [at + (8 + 7) * 10 / 19200 + 0.004 for at in starts]
        return trace, [start - end for start, end in zip(starts[1:], ends, strict=False)]

    trace, gaps = virtual.run(go())
    assert trace == ["de 1", "write", "flush", "de 0"] * 3
    assert min(gaps) >= 3.5 * 10 / 19200


@pytest.mark.parametrize("seed", range(6))
def test_random_damage_gives_no_wrong_number(seed):
    """Bytes dropped, changed, doubled or delayed at random: what is accepted is what was asked for."""
    import random

    rng = random.Random(seed)

    async def go():
        def slave(request):
            good = reply(request[0], request[1], *[request[3] * 257] * request[5])
            data = bytearray(good)
            for _ in range(rng.randrange(3)):
                fault, at = rng.randrange(3), rng.randrange(len(data))
                if fault == 0:
                    del data[at]
                elif fault == 1:
                    data[at] ^= 1 << rng.randrange(8)
                else:
                    data[at:at] = bytes((rng.randrange(256),))
            return [(rng.choice((0.01, 0.03, 0.1, 0.3)), bytes(data))]

        clock = virtual.clock()
        bus = Bus(virtual.Uart(slave), None, clock, LINE, collect=lambda: None)
        for turn in range(150):
            address, count = turn % 250 + 1, turn % 3 + 1
            try:
                data = bytes(await bus.read(device(10, 60, 350), 3, address, count))
            except BusError:
                await clock.sleep_ms(100)
                continue
            assert data == bytes((address,)) * 2 * count
        return bus.reads

    assert virtual.run(go()) > 5


def test_a_device_may_answer_from_another_address():
    """Some batteries answer from an address of their own; then only that one counts."""

    async def go(reply_unit):
        uart = virtual.Uart(lambda _: [(0.02, reply(0x51, 3, 7))])
        bus = Bus(uart, None, virtual.clock(), LINE, collect=lambda: None)
        return bytes(await bus.read(device(0x81, reply_unit=reply_unit), 3, 0x38, 1))

    assert virtual.run(go(0x51)) == b"\x00\x07"
    with pytest.raises(BusError):
        virtual.run(go(0x81))


def test_a_device_with_other_line_settings_is_spoken_to_in_its_own():
    """The UART is set for each device that differs, and back, and never in between."""

    async def go():
        uart = virtual.Uart(lambda request: [(0.02, reply(request[0], 3, 1))])
        trace = []
        uart.init = lambda baud, **settings: trace.append((baud, settings["parity"], settings["stop"]))
        bus = Bus(uart, None, virtual.clock(), LINE, collect=lambda: None)
        for dev in (
            device(10),
            device(1, line=(9600, "even", 1)),
            device(2, line=(9600, "even", 1)),
            device(10),
        ):
            await bus.read(dev, 3, 0, 1)
        return trace

    assert virtual.run(go()) == [(9600, 0, 1), (19200, None, 1)]
