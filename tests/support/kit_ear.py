"""An ear on the air in real time that plays the gateway to one kit: it opens, acknowledges and answers."""

import asyncio
import contextlib

from nsplink import frame, message, regions, seal
from nsptools.bench.air_radio import AirRadio
from patience import PATIENCE_S

_ACKED = ("alarm", "clear", "help", "boot", "answer", "report", "receipt")
_REPLY_S = 0.2
_ANSWER_S, _TRIES = 4, 30


class Ear:
    """``frames``: [(kind, values)] of all that the kit said, ``counters`` of them; ``acks``: whether the ear acknowledges."""

    def __init__(self, air, key, gateway=1, group=None):
        self.frames = []
        self.counters = []
        self.acks = True
        self._up = seal.UplinkKey(key)
        self._down = seal.DownlinkKey(key, gateway)
        self._all = None if group is None else seal.DownlinkKey(group, gateway)
        self._window = frame.ReplayWindow()
        self._header = None
        self._epoch = None
        self._counter = 1000
        self._came = asyncio.Event()
        self._tasks = []
        self._radio = AirRadio(air, "gateway", regions.PHY, self._hear)

    async def __aenter__(self):
        self._tasks.append(asyncio.create_task(self._radio.run()))
        await asyncio.sleep(0)
        return self

    async def __aexit__(self, *_):
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def of(self, *kinds):
        """Values of every frame of these kinds."""
        return [values for kind, values in self.frames if kind in kinds]

    def calls(self):
        """The calls for help, each as it was said first: what nobody acknowledged in time is said again."""
        found = {}
        for values in self.of("help"):
            found.setdefault((values["event_boot"], values["event_n"]), values)
        return list(found.values())

    async def heard(self, kind, within_s=PATIENCE_S, count=1):
        """Values of the first frame of this kind, or of the ``count``-th, whenever it came."""
        async with asyncio.timeout(within_s):
            while len(self.of(kind)) < count:
                self._came.clear()
                await self._came.wait()
        return self.of(kind)[count - 1]

    async def tell(self, kind, **values):
        """Tell the kit until it answers this: what is said while it speaks it does not hear."""
        asks = values.get("command") == "status"
        for _ in range(_TRIES):
            before = len(self.of("status"))
            await self._send(kind, values)
            told = self._counter
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_ANSWER_S):
                    while True:
                        self._came.clear()
                        await self._came.wait()
                        if asks and len(self.of("status")) > before:
                            return
                        if told in [values["answers"] for values in self.of("answer")]:
                            return
        raise TimeoutError(f"no answer to {kind}: {[kind for kind, _ in self.frames]}")

    async def tell_all(self, kind, **values):
        """Tell every kit of the town, which answers nothing."""
        self._counter += 1
        head = self._header
        header = frame.Header(frame.DOWN, kind, head.address & ~63, head.parity, False, True, self._counter)
        await self._radio.send(self._all.seal(header, message.encode(kind, values), 0), 0)

    async def _send(self, kind, values):
        self._counter += 1
        head = self._header
        header = frame.Header(frame.DOWN, kind, head.address, head.parity, False, True, self._counter)
        await self._radio.send(self._down.seal(header, message.encode(kind, values), self._epoch), 0)

    def _hear(self, _rssi, _snr, data):
        header, _ = frame.parse(data)
        counter = header.counter if header.wide else self._window.candidates(header)[-1]
        values = message.decode(header.kind, self._up.open(data, header, counter))
        self._window.accept(counter)
        self._header = header
        if header.kind == "boot":
            self._epoch = values["boot_epoch"]
        self.frames.append((header.kind, values))
        self.counters.append(counter)
        self._came.set()
        if self.acks and self._epoch is not None and header.kind in _ACKED:
            self._tasks.append(asyncio.create_task(self._ack(counter)))

    async def _ack(self, counter):
        await asyncio.sleep(_REPLY_S)
        await self._send("ack", {"acked": counter, "utc_min": None})
