"""``UART`` on a pseudo-terminal, with the faults of a real one.

Pacing: ``flush()`` lasts until the last bit would have left at the baud rate, and
``write()`` waits while more than the transmit buffer is queued. What nobody takes at
the far end is dropped, as on a wire.

Receiving: bytes beyond ``rxbuf`` that pile up while Python does not read are lost,
the newest first, and counted.

Direction pin (RS485, wired by the bench): what is written while it is low never
reaches the bus. What is written while it is high is handed over when it has been
clocked out: at the end of ``flush()``, at a ``txdone()`` that is True, or at ``de(0)``,
which cuts off the rest; so a line outside must not pace these bytes again. What
arrives while it is high is destroyed.
"""

import io
from time import sleep_us, ticks_diff, ticks_us

import pins
from channel import IOCTL_FILENO, IOCTL_POLL, config, send, unwatch, wait_us, watch
from micropython import schedule
from ring import Ring
from uart_irq import Irq, Watch

_FIFO_BYTES = 128  # the ESP32's own, behind the driver's transmit buffer
_IDLE_MIN_US = 500  # shortest silence for which the ESP32 port reports IRQ_RXIDLE
_IDLE_CHARS = 2
_POLL_IN = 1
_POLL_OUT = 4

_files = {}
# For poll(): a descriptor that is always ready, while bytes wait in our own buffer, and one
# that never is, when the far end of the line has been closed.
_always_ready = config["always_ready"]
_never_ready = config["never_ready"]


class UART(io.IOBase):
    INV_TX = 32
    INV_RX = 4
    IRQ_RX = 1
    IRQ_BREAK = 2
    IRQ_RXIDLE = 0x1000

    def __init__(self, id, baudrate=115200, bits=8, parity=None, stop=1, **settings: object) -> None:
        if str(id) not in config["uarts"]:
            raise ValueError("UART(%d) is not wired on this bench" % id)
        self._id = id
        self._fileno = config["uarts"][str(id)]
        if id not in _files:
            _files[id] = open(self._fileno, "r+b")  # noqa: SIM115  open as long as the VM lives
        self._file = _files[id]
        self._chunk = bytearray(128)
        self._handler = None
        self._watch = None
        self._irq = Irq()
        self._txbuf = self._rxbuf = 256
        self._sending = False  # level of the direction pin, always False without one
        de_pin = config["de_pins"].get(str(id))
        self._gone = False  # the far end closed its pseudo-terminal
        self._has_de = de_pin is not None
        if self._has_de:
            pins.on_output(de_pin, self._direction_changed)
        self.init(baudrate, bits, parity, stop, **settings)
        while self._file.readinto(self._chunk):  # what came before the driver ran is gone
            pass

    def init(
        self, baudrate=115200, bits=8, parity=None, stop=1, *, tx=None, rx=None, txbuf=None,
        rxbuf=None, timeout=0, timeout_char=0, invert=0, flow=0,
    ) -> None:  # fmt: skip
        self._baudrate = baudrate
        self._char_bits = 1 + bits + (parity is not None) + stop
        self._timeout_us = timeout * 1000
        self._timeout_char_us = max(timeout_char * 1000, 13_000_000 // baudrate)
        self._idle_us = max(_IDLE_MIN_US, self._wire_us(_IDLE_CHARS))
        self._txbuf = txbuf or self._txbuf
        self._rxbuf = rxbuf or self._rxbuf
        self._ring = Ring(self._rxbuf)
        self._last_rx_us = 0  # when the newest byte was taken in
        self._idle = True  # silence since then already reported
        self._pending = bytearray(self._txbuf + _FIFO_BYTES)
        self._pending_count = 0  # bytes written under the direction pin, not yet on the bus
        self._pending_us = 0  # when the first of them began to be clocked
        self._tx_end_us = ticks_us()  # when the last bit leaves
        parity_word = "N" if parity is None else ("O" if parity else "E")
        send("uart %d %d %d %s %d" % (self._id, baudrate, bits, parity_word, stop))

    def deinit(self) -> None:
        self.irq(None)

    # Receiving

    def any(self) -> int:
        self.take_in()
        return self._ring.count

    def readinto(self, buf, nbytes=None) -> int | None:
        wanted = len(buf) if nbytes is None else min(nbytes, len(buf))
        count = self._await(wanted)
        if not count:
            return None
        self._ring.get(buf, count)
        return count

    def read(self, nbytes=-1) -> bytes | None:
        if nbytes == 0:
            return b""
        count = self._await(self._rxbuf if nbytes < 0 else nbytes)
        if not count:
            return None
        data = bytearray(count)
        self._ring.get(data, count)
        return bytes(data)

    def readline(self) -> bytes | None:
        line = bytearray()
        byte = bytearray(1)
        while self.readinto(byte):
            line.extend(byte)
            if byte == b"\n":
                break
        return bytes(line) or None

    def _await(self, wanted) -> int:
        # Number of bytes to hand out, at most `wanted`, after the waits of timeout and timeout_char.
        self.take_in()
        if self._timeout_us and self._ring.count < wanted:
            seen = self._ring.count
            deadline_us = self._timeout_char_us if seen else self._timeout_us
            start = ticks_us()
            while self._ring.count < wanted and ticks_diff(ticks_us(), start) < deadline_us:
                wait_us(1000)
                self.take_in()
                if self._ring.count != seen:
                    seen = self._ring.count
                    start = ticks_us()
                    deadline_us = self._timeout_char_us
        return min(self._ring.count, wanted)

    def take_in(self) -> None:
        # Move what the far end has sent into the ring; no allocation, except for a report.
        if self._gone:
            return
        taken = self._file.readinto(self._chunk)
        if not taken:
            if taken == 0:  # None would be "nothing yet"
                self._hang_up()
            if not self._idle and ticks_diff(ticks_us(), self._last_rx_us) >= self._idle_us:
                self._idle = True
                self._interrupt(self.IRQ_RXIDLE)
            return
        refused = 0
        while taken:
            refused += taken if self._sending else taken - self._ring.put(self._chunk, taken)
            taken = self._file.readinto(self._chunk)
        if refused:
            send("%s %d %d" % ("destroyed" if self._sending else "lost", self._id, refused))
        if not self._sending:
            self._last_rx_us = ticks_us()
            self._idle = False
            self._interrupt(self.IRQ_RX)

    def _hang_up(self) -> None:
        self._gone = True
        send("note UART %d: its pseudo-terminal was closed" % self._id)
        if self._watch is not None:
            self._watch.open = False

    # Sending

    def write(self, buf) -> int:
        count = len(buf)
        now = ticks_us()
        if ticks_diff(self._tx_end_us, now) < 0:
            self._tx_end_us = now
        if not self._has_de:
            self._put(buf)
        elif self._sending:
            self._hold(buf)
        else:
            send("cut %d %d" % (self._id, count))
        self._tx_end_us += self._wire_us(count)
        room_us = self._wire_us(self._txbuf + _FIFO_BYTES)
        queued_us = ticks_diff(self._tx_end_us, ticks_us())
        if queued_us > room_us:
            sleep_us(queued_us - room_us)
        return count

    def flush(self) -> None:
        left_us = ticks_diff(self._tx_end_us, ticks_us())
        if left_us > 0:
            sleep_us(left_us)
        self._release(self._pending_count)

    def txdone(self) -> bool:
        if ticks_diff(self._tx_end_us, ticks_us()) > 0:
            return False
        self._release(self._pending_count)
        return True

    def sendbreak(self) -> None:
        self.flush()
        sleep_us(self._wire_us(1) * 2)

    def _hold(self, buf) -> None:
        count = len(buf)
        if self._pending_count + count > len(self._pending):
            self.flush()
        if count > len(self._pending):  # longer than any buffer: the driver would block here
            self._put(buf)
            return
        if not self._pending_count:
            self._pending_us = self._tx_end_us
        pending = self._pending
        place = self._pending_count
        for index in range(count):
            pending[place + index] = buf[index]
        self._pending_count += count

    def _release(self, count) -> None:
        if count:
            self._put(memoryview(self._pending)[:count])
        self._pending_count = 0

    def _put(self, buf) -> None:
        done = 0
        if not self._gone:
            try:
                done = self._file.write(buf) or 0
            except OSError:  # the far end closed its pseudo-terminal: a real line would just not be heard
                self._hang_up()
        if done < len(buf):  # nobody takes it at the far end
            send("cut %d %d" % (self._id, len(buf) - done))

    def _direction_changed(self, level) -> None:
        self.take_in()  # with the direction until now
        self._sending = bool(level)
        if not level and self._pending_count:
            now = ticks_us()
            clocked_us = max(ticks_diff(now, self._pending_us), 0)
            whole = clocked_us * self._baudrate // (self._char_bits * 1_000_000)
            cut = max(self._pending_count - whole, 0)
            self._release(self._pending_count - cut)
            if cut:
                send("cut %d %d" % (self._id, cut))
            self._tx_end_us = now

    def _wire_us(self, count) -> int:
        return count * self._char_bits * 1_000_000 // self._baudrate

    # Waiting

    def irq(self, handler=None, trigger=0, hard=False) -> Irq:
        self._handler = handler
        self._trigger = trigger
        if handler is None and self._watch is not None:
            unwatch(self._watch)
            self._watch = None
        elif handler is not None and self._watch is None:
            self._watch = Watch(self, self._fileno)
            watch(self._watch)
        return self._irq

    def _interrupt(self, reason) -> None:
        if self._handler is not None and self._trigger & reason:
            self._irq.last = reason
            schedule(self._handler, self)

    def until_idle_ms(self) -> int:
        if self._idle:
            return 0
        left_us = self._idle_us - ticks_diff(ticks_us(), self._last_rx_us)
        return max(1, (left_us + 999) // 1000)

    def ioctl(self, request, argument) -> int:
        # A poll on the descriptor lets the VM sleep in the kernel; poll() asks for it at each wait.
        if request == IOCTL_FILENO:
            if self._ring.count:
                return _always_ready
            return _never_ready if self._gone else self._fileno
        if request == IOCTL_POLL:
            return (argument & _POLL_OUT) | (argument & _POLL_IN if self.any() else 0)
        return 0
