"""The twin's UART has the faults of a real one: lost bytes, time on the wire, and a direction pin."""

import asyncio
import os

import pytest

from patience import PATIENCE_S
from small_board import Wire, twin_of


@pytest.fixture
def wire():
    """The far end of the UART under test."""
    wire = Wire()
    yield wire
    wire.close()


async def read_exactly(wire, count):
    """Bytes from the wire as they come; TimeoutError when fewer come."""
    data = b""
    async with asyncio.timeout(PATIENCE_S):
        while len(data) < count:
            try:
                data += os.read(wire.pty.master_fd, count - len(data))
            except BlockingIOError:
                await asyncio.sleep(0.005)
    return data


def nothing_came(wire):
    """Whether the wire is silent now."""
    try:
        os.read(wire.pty.master_fd, 1)
    except BlockingIOError:
        return True
    return False


async def test_asyncio_streams_get_every_byte(tmp_path, wire):
    """A reader that takes 8 bytes of 19 is woken for the rest, which waits in the UART and not in the kernel."""
    twin = twin_of(
        tmp_path,
        """
        import asyncio, machine
        async def main():
            uart = machine.UART(2, 115200, tx=17, rx=16, rxbuf=2048)
            reader, writer = asyncio.StreamReader(uart), asyncio.StreamWriter(uart, {})
            print("open")
            while True:
                data = await reader.read(8)
                uart.any()
                writer.write(data)
                await writer.drain()
        asyncio.run(main())
        """,
        uarts={2: wire.path},
    )
    async with twin:
        await twin.wait_for_log("open")
        everything = bytes(range(256)) * 3
        for start in range(0, len(everything), 19):
            os.write(wire.pty.master_fd, everything[start : start + 19])
            assert (
                await read_exactly(wire, len(everything[start : start + 19]))
                == everything[start : start + 19]
            )
        assert twin.uart_settings == {2: "115200 8N1"}
        assert not twin.lost


@pytest.mark.parametrize(("option", "kept"), [("", 256), (", rxbuf=64", 64)])
async def test_bytes_beyond_rxbuf_are_lost(tmp_path, wire, option, kept):
    """Firmware that does not read for too long loses the newest bytes, as from the ESP32's ring."""
    twin = twin_of(
        tmp_path,
        f"""
        import machine, time
        uart = machine.UART(2, 115200{option})
        go = machine.Pin(5, machine.Pin.IN)
        print("busy")
        while not go():
            time.sleep_ms(5)
        print("waiting", uart.any())
        print("first", uart.read({kept} - 4), "last", uart.read(), "then", uart.read())
        """,
        uarts={2: wire.path},
    )
    async with twin:
        await twin.wait_for_log("busy")
        sent = bytes(n % 251 for n in range(400))
        await wire.arrived(sent)
        twin.set_pin(5, 1)
        assert await twin.wait_for_log("waiting") == f"waiting {kept}"
        line = await twin.wait_for_log("first")
        assert line == f"first {sent[: kept - 4]!r} last {sent[kept - 4 : kept]!r} then None"
        assert twin.lost == {2: 400 - kept}


async def test_sending_lasts_as_long_as_on_the_wire(tmp_path, wire):
    """flush() and a full transmit buffer hold firmware up for the bytes' time at the baud rate."""
    twin = twin_of(
        tmp_path,
        """
        import machine, time
        uart = machine.UART(2, 9600)
        for count in range(1, 21):
            start = time.ticks_us()
            uart.write(bytes(96))
            if not uart.txdone():
                break  # else this PC paused for as long as they take
        print("queued", count, uart.txdone() or "under way")
        uart.flush()
        print("flushed", uart.txdone(), time.ticks_diff(time.ticks_us(), start) >= 100_000)
        uart.init(115200, parity=0, stop=2)
        start = time.ticks_us()
        uart.write(bytes(2000))  # 12 bits each, 384 of them fit into the buffers
        print("blocked", time.ticks_diff(time.ticks_us(), start) >= (2000 - 384) * 12_000_000 // 115_200)
        """,
        uarts={2: wire.path},
    )
    async with twin:
        _, count, *how = (await twin.wait_for_log("queued")).split()
        assert how == ["under", "way"]
        assert await twin.wait_for_log("flushed") == "flushed True True"
        assert await twin.wait_for_log("blocked") == "blocked True"
        assert await read_exactly(wire, 96 * int(count) + 2000) == bytes(96 * int(count) + 2000)
        assert twin.uart_settings == {2: "115200 8E2"}


async def test_direction_pin_low_keeps_bytes_off_the_bus(tmp_path, wire):
    """Firmware that forgets to switch the driver on is found out; done right, the request arrives whole."""
    twin = twin_of(
        tmp_path,
        """
        import machine
        de = machine.Pin(4, machine.Pin.OUT, value=0)
        bus = machine.UART(1, 19200)
        bus.write(b"unheard")
        bus.flush()
        print("forgotten")
        de(1); bus.write(b"request"); bus.flush(); de(0)
        print("done", bus.txdone())
        """,
        uarts={1: wire.path},
        de_pins={1: 4},
    )
    async with twin:
        await twin.wait_for_log("forgotten")
        await twin.wait_for_log("done True")
        assert await read_exactly(wire, 7) == b"request"
        assert nothing_came(wire)
        assert twin.cut == {1: 7}
        assert twin.pins == {}


async def test_direction_pin_dropped_early_truncates(tmp_path, wire):
    """Dropping the driver before the last bit sends only what was clocked out by then."""
    twin = twin_of(
        tmp_path,
        """
        import machine, time
        de = machine.Pin(4, machine.Pin.OUT)
        bus = machine.UART(1, 300)
        de.on()
        bus.write(b"0123456789" * 20)
        time.sleep_ms(100)
        de.off()
        print("dropped")
        """,
        uarts={1: wire.path},
        de_pins={1: 4},
    )
    async with twin:
        await twin.wait_for_log("dropped")
        arrived = 200 - twin.cut[1]
        assert 3 <= arrived < 200  # 100 ms are 3 characters; a slow PC may give it more time
        assert await read_exactly(wire, arrived) == (b"0123456789" * 20)[:arrived]
        assert nothing_came(wire)


async def test_bytes_that_meet_our_own_driver_are_destroyed(tmp_path, wire):
    """A reply that comes while the driver is still on is lost; what comes before and after is not."""
    twin = twin_of(
        tmp_path,
        """
        import machine, time
        def wait(level):
            while go() != level:
                time.sleep_ms(2)
        go = machine.Pin(5, machine.Pin.IN)
        de = machine.Pin(4, machine.Pin.OUT)
        bus = machine.UART(1, 19200)
        print("listening")
        wait(1)
        de(1)
        print("driving")
        wait(0)
        de(0)
        print("released", bus.read())
        wait(1)
        print("after", bus.read())
        """,
        uarts={1: wire.path},
        de_pins={1: 4},
    )
    async with twin:
        await twin.wait_for_log("listening")
        await wire.arrived(b"before")
        twin.set_pin(5, 1)
        await twin.wait_for_log("driving")
        await wire.arrived(b"reply")
        twin.set_pin(5, 0)
        assert await twin.wait_for_log("released") == "released b'before'"
        await wire.arrived(b"later")
        twin.set_pin(5, 1)
        assert await twin.wait_for_log("after") == "after b'later'"
        assert twin.destroyed == {1: 5}


async def test_interrupt_after_silence_wakes_firmware(tmp_path, wire):
    """IRQ_RXIDLE fires once for a burst, in asyncio as in a plain wait, with all bytes there."""
    twin = twin_of(
        tmp_path,
        """
        import asyncio, machine, time
        uart = machine.UART(2, 115200)
        bursts = []
        def idle(port):
            bursts.append(port.read())
            print("idle", bursts[-1], irq.flags() == uart.IRQ_RXIDLE)
        irq = uart.irq(idle, uart.IRQ_RXIDLE)
        async def main():
            print("asyncio")
            while not bursts:
                await asyncio.sleep_ms(50)
        asyncio.run(main())
        print("plain")
        while len(bursts) < 2:
            time.sleep_ms(50)
        time.sleep_ms(100)  # once and not again
        uart.irq(None)
        print("end")
        """,
        uarts={2: wire.path},
    )
    async with twin:
        for mode in ("asyncio", "plain"):
            await twin.wait_for_log(mode)
            os.write(wire.pty.master_fd, mode.encode())
        await twin.wait_for_log("end")
        assert [line for line in twin.log if "idle" in line] == ["idle b'asyncio' True", "idle b'plain' True"]


async def test_reads_follow_the_board(tmp_path, wire):
    """Nothing there is None, never an empty line; timeout waits for the first byte, a line ends at its mark."""
    twin = twin_of(
        tmp_path,
        r"""
        import machine, time
        uart = machine.UART(2, 115200, timeout=60_000, timeout_char=20)
        print("open")
        line = uart.readline()
        buffer = bytearray(8)
        print("line", line, uart.readinto(buffer, 3), bytes(buffer))
        uart.init(115200)
        print("none", uart.read(), uart.readline(), uart.readinto(buffer), uart.any())
        try:
            machine.UART(1, 9600)
        except ValueError as error:
            print("error", error)
        """,
        uarts={2: wire.path},
    )
    os.write(wire.pty.master_fd, b"before the power came")
    async with twin:
        await twin.wait_for_log("open")
        os.write(wire.pty.master_fd, b"OK\r\nab")
        assert await twin.wait_for_log("line") == r"line b'OK\r\n' 2 b'ab\x00\x00\x00\x00\x00\x00'"
        assert await twin.wait_for_log("none") == "none None None None 0"
        assert await twin.wait_for_log("error") == "error UART(1) is not wired on this bench"


async def test_a_line_that_is_closed_does_not_stop_the_board(tmp_path, wire):
    """When the far end goes away the firmware hears silence, and the bench says why."""
    twin = twin_of(
        tmp_path,
        """
        import asyncio, machine
        go = machine.Pin(5, machine.Pin.IN)
        async def main():
            uart = machine.UART(2, 115200)
            uart.irq(lambda port: None, uart.IRQ_RX)
            reader = asyncio.StreamReader(uart)
            print("open")
            asyncio.create_task(reader.read(1))
            while not go():
                await asyncio.sleep_ms(10)
            uart.write(b"into the void")
            print("alive", uart.read())
        asyncio.run(main())
        """,
        uarts={2: wire.path},
    )
    async with twin:
        await twin.wait_for_log("open")
        wire.close()
        await twin.wait_for_log("its pseudo-terminal was closed")
        twin.set_pin(5, 1)
        assert await twin.wait_for_log("alive") == "alive None"
        await twin.wait_for(lambda: twin.cut == {2: 13})
