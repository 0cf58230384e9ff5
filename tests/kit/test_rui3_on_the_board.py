"""The kit's radio driver under MicroPython."""

from nsptools.bench import vm

ON_THE_BOARD = """
import asyncio, time
from nspkit.clock import Clock
from nspkit.radio import RadioError
from nspkit.radio.rui3 import Rui3
from nsplink import regions

class Modem:
    def __init__(self):
        self.out, self.line, self.busy, self.mute = b"", b"", 4, 1
        self.words = {"VER": "RUI_4.2.1_RAK3172-E", "NWM": "0"}
    def any(self):
        return len(self.out)
    def read(self, count):
        data, self.out = self.out[:count], self.out[count:]
        return data
    def write(self, data):
        *lines, self.line = (self.line + data).split(b"\\r\\n")
        for line in lines:
            self.out += self.answer(line.decode()).encode().replace(b"|", b"\\r\\n")
    def answer(self, line):
        name, _, value = line[3:].partition("=")
        if value == "?":
            return "AT+%s=%s||OK|" % (name, self.words[name])
        if name == "PSEND" and self.busy:
            self.busy -= 1
            return "AT_BUSY_ERROR|"
        if name == "PSEND":
            self.mute -= 1
            return "OK|+EVT:TXP2P DONE|" if self.mute else "OK|"
        if name == "P2P" and ":12:" in value:
            return "AT_PARAM_ERROR|"
        self.words[name] = value
        return "OK|"

async def attempt(what):
    try:
        await what
    except RadioError as error:
        print(type(error).__name__, error)
    else:
        print("done")

async def go():
    modem, heard = Modem(), []
    clock = Clock(time.ticks_ms, time.ticks_diff, asyncio.sleep_ms)
    radio = Rui3(modem, regions.PHY, clock, lambda *frame: heard.append(frame), lambda line: None, lambda: None)
    running = asyncio.create_task(radio.run())
    while radio.state == "down":
        await asyncio.sleep_ms(5)
    await attempt(radio.send(b"\\xe0\\x00", 1, True))  # busy four times: refused
    print(modem.words["CAD"], radio.cause)
    while radio.state == "down":
        await asyncio.sleep_ms(5)
    await attempt(radio.send(b"\\xe0\\x00", 1))  # no end
    await attempt(radio.send(b"\\xe0\\x00", 1))
    await attempt(radio.retune({"sf": 10}))
    await attempt(radio.retune({"sf": 12}))
    modem.out += b"+EVT:RXP2P:-90:5:E001\\r\\nCurrent Work Mode: LoRa P2P.\\r\\n"
    while radio.counts["starts"] < 3:  # its setting up has begun, and takes more than one turn
        await asyncio.sleep_ms(0)
    print(modem.words["P2P"], heard, radio.cause)
    print(sorted(item for item in radio.counts.items() if item[1]))
    running.cancel()

asyncio.run(go())
"""


def test_the_board_interpreter_walks_the_rare_paths():
    """What a twin seldom meets runs under MicroPython too: refusals, a missing end, another record, a restart."""
    result = vm.run_script(ON_THE_BOARD)
    assert result.stdout.splitlines() == [
        "RadioRefused AT_BUSY_ERROR",
        "0 refused",
        "RadioError the modem did not say that the frame left",
        "done",
        "done",
        "_Fault modem not set: AT+P2P=869475000:12:0:0:8:14 answers AT_PARAM_ERROR",
        "869475000:10:0:0:8:14 [(-90, 5, b'\\xe0\\x01')] restarted",
        "[('AT+PRECV=0', 1), ('busy', 3), ('lost_done', 1), ('rearmed', 1), ('restarted', 1), ('starts', 3)]",
    ]
