"""What the gateway's frames make the kit do. Acks at once; all that may write flash in a task of its own."""

from nsplink import commands, timing
from nsplink.fields import STATUS_112
from nsplink.frame import BadPayload

_WAITING = 8
_LOOK_MS = 30_000
_STAGES = 8  # calls for help whose stage is kept
_KEPT = 0x12
_MODULO = 65_535  # of utc_min
_TEST_MS = 10_000  # how long the test input is on


class Inbox:
    """Takes frames off the air.

    ``downlink``: downlink.Downlink; ``remote``: remote.Remote; ``bulletins``: bulletins.Bulletins.
    ``stages``: (event boot, n) -> values of the newest help stage of it; ``status112``: works, doubtful, off
    or None as long as nobody has said it; ``utc``: (utc_min, ms when it came) or None; ``contact_ms``: last
    authentic frame to this kit, ``rssi_dbm`` and ``snr_db`` of it; ``heard``: frames off the air, whoever sent them.
    ``kept``: facts.RtcPart of two bytes or None: what was said of 112 outlives a reset, not a loss of power.
    """

    def __init__(self, downlink, uplink, remote, bulletins, flash_lock, clock, pace, chance_ms, alive, kept=None) -> None:
        self._downlink = downlink
        self._uplink = uplink
        self._remote = remote
        self._bulletins = bulletins
        self._flash_lock = flash_lock
        self._clock = clock
        self._pace = pace
        self._chance_ms = chance_ms
        self._alive = alive
        self._waiting: list = []
        self._untuned: dict | None = None  # what the radio could not be tuned to yet
        self._contacted = False  # the remote settings have not been told yet
        self._test_until_ms: int | None = None  # when the test input goes off again
        self.stages: dict = {}
        self._kept = kept
        self.status112: str | None = _kept_status(kept)
        self.utc: tuple | None = None
        self.rssi_dbm: int | None = None
        self.snr_db: int | None = None
        self.contact_ms: int | None = None
        self.heard = 0

    def take(self, rssi_dbm: int | None, snr_db: int | None, data: bytes) -> None:
        """One frame off the air; called by the radio."""
        self.heard += 1
        opened = self._downlink.open(data, self._uplink.sender.epoch)
        if opened is None:
            return
        header, values = opened
        now = self._clock.ms()
        if header.kind == "hello":
            self._uplink.hint(now)
            return
        if header.kind != "fragment":
            self.rssi_dbm, self.snr_db, self.contact_ms = rssi_dbm, snr_db, now
            self._uplink.contact(now)
            self._contacted = True
            if values.get("utc_min") is not None and self._is_reply(header.kind, values, now):
                self.utc = (values["utc_min"], now)
                self._bulletins.time(values["utc_min"], now)
        if header.kind == "ack":
            self._uplink.acked(values["acked"], now)
        elif header.kind == "link":
            self._uplink.told(values["heard"], values["missing"], now)
        elif len(self._waiting) < _WAITING:
            self._waiting.append((header.kind, header.counter, values))
            self._pace.wake()

    def _is_reply(self, kind: str, values: dict, now: int) -> bool:
        """Whether a frame answers the one that we have just sent: what was held back would set the clock wrong."""
        sender = self._uplink.sender
        if sender.last is None or now - sender.end_ms > timing.FRESH_MS:
            return False
        if kind == "ack":
            return bool(values["acked"] == sender.last)
        return kind == "link" and bool(values["heard"] == sender.last & 0xFFFF)

    def is_testing(self, now_ms: int) -> bool:
        """Whether the input that tests the path of an alarm is on."""
        return self._test_until_ms is not None and now_ms < self._test_until_ms

    async def run(self) -> None:
        looked_ms = -_LOOK_MS
        while True:
            self._alive()
            if self._waiting:
                await self._act(*self._waiting.pop(0))
                looked_ms = -_LOOK_MS  # it may have left something to do or to say
                continue
            now = self._clock.ms()
            if self._contacted:
                await self._tell_remote(now)
            if now - looked_ms >= _LOOK_MS:
                looked_ms = now
                await self._look(now)
            await self._pace.wait(self._wait_ms(now))

    def _wait_ms(self, now: int) -> int:
        """Time until the next look, or until the end of a test, which has to be said as any alarm's end."""
        until = self._test_until_ms
        if until is None:
            return _LOOK_MS
        if now < until:
            return min(_LOOK_MS, until - now)
        self._test_until_ms = None
        self._uplink.wake()
        return _LOOK_MS

    async def _tell_remote(self, now: int) -> None:
        """A command has been carried out by now: one that takes a trial back must find it on trial."""
        self._contacted = False
        if self._remote.on_trial():
            async with self._flash_lock:
                self._remote.contact(now)
        else:
            self._remote.contact(now)

    async def _look(self, now: int) -> None:
        phy = self._remote.tick(now) or self._untuned
        if phy is not None:
            # A modem that is down now is told when it is up again: nobody listens where it would be otherwise.
            self._untuned = None if await self._uplink.sender.retune(phy) else phy
        async with self._flash_lock:
            receipt = self._bulletins.due(now)
        if receipt is not None:
            self._uplink.say("receipt", receipt, now, "receipt %d %s" % (receipt["bulletin"], receipt["receipt_stage"]))

    async def _act(self, kind: str, counter: int, values: dict) -> None:
        now = self._clock.ms()
        if kind == "fragment":
            async with self._flash_lock:
                self._bulletins.fragment(values, now)
            return
        result, value = "done", b""
        if kind == "command":
            if values["command"] in ("ping", "status"):
                # The frame itself is the answer.
                asked = "vital" if values["command"] == "ping" else "status"
                self._uplink.telemetry.ask(asked, now + self._chance_ms(timing.ACK_WAIT_MS))
                self._uplink.hint(now)
                return
            result, value = await self._command(values["command"], values["argument"], now)
        elif kind == "help_stage":
            self._note_stage(values, now)
        elif kind == "status112":
            self.status112 = values["status112"]
            if self._kept is not None and self.status112 is not None:
                self._kept.memory(bytes((_KEPT, STATUS_112.index(self.status112))))
        elif kind == "release":
            async with self._flash_lock:
                result = self._bulletins.release(values, now)
        self._uplink.answer(counter, result, value, self._clock.ms())

    async def _command(self, command: str | None, argument: bytes, now: int) -> tuple:
        if command == "announce":
            self._uplink.announce(now)
        elif command == "backfill":
            if len(argument) != 4:
                return "refused", b""
            self._uplink.lost_below(int.from_bytes(argument, "big"))
        elif command == "exercise_on":
            try:
                minutes = commands.parse_exercise(argument)
            except BadPayload:
                return "out_of_range", b""
            self._uplink.sender.exercise.begin(minutes, now)
            return "done", bytes(argument)
        elif command == "exercise_off":
            self._uplink.sender.exercise.end()
        elif command == "alarm_test":
            if len(argument):
                return "refused", b""
            if not self.is_testing(now):  # a command that comes twice makes no second test
                self._test_until_ms = now + _TEST_MS
                self._uplink.wake()
        elif command is None:
            return "not_known", b""
        else:
            async with self._flash_lock:
                return self._remote.handle(command, argument, now)
        return "done", b""

    def shown(self) -> tuple | None:
        """The message to residents that is to be shown, as bulletins.Bulletins.shown."""
        return self._bulletins.shown()

    def hangs(self) -> bool:
        """Whether a person has said that this message hangs."""
        return self._bulletins.hangs()

    def hanging(self) -> list:
        """What hangs and is not to be shown any more, as bulletins.Bulletins.hanging."""
        return self._bulletins.hanging()

    async def hung(self, key: tuple) -> bool:
        """A person has hung up message ``key`` (number, revision); whether that is the one to show."""
        async with self._flash_lock:
            done = self._bulletins.displayed(key)
        await self._look(self._clock.ms())  # a receipt of a person waits for nothing
        return done

    async def taken_down(self, key: tuple) -> bool:
        """A person has taken it off the wall; whether it had to go."""
        async with self._flash_lock:
            done = self._bulletins.taken_down(key)
        await self._look(self._clock.ms())
        return done

    def minutes_since(self, values: dict, now: int) -> int:
        """Age of a help stage in minutes: by the gateway's clock, or since it came."""
        age = (now - values["came_ms"]) // 60_000
        if values["utc_min"] is not None and self.utc is not None:
            by_clock = (self.utc[0] + (now - self.utc[1]) // 60_000 - values["utc_min"]) % _MODULO
            if age <= by_clock < _MODULO // 2:
                return by_clock
        return age

    def _note_stage(self, values: dict, now: int) -> None:
        name = (values["event_boot"], values["event_n"])
        if None in name:
            return  # of no call
        if name not in self.stages and len(self.stages) >= _STAGES:
            self.stages.pop(min(self.stages))
        values["came_ms"] = now
        self.stages[name] = values


def _kept_status(kept) -> str | None:
    found = kept.memory() if kept is not None else b""
    return STATUS_112[found[1]] if len(found) == 2 and found[0] == _KEPT and found[1] < len(STATUS_112) else None
