import asyncio

import pytest

import virtual
from air_ears import SF9, Ears, send
from nspkit.radio import RadioError, RadioRefused
from nsplink import regions
from nsptools.bench.air import Air
from nsptools.bench.air_radio import AirRadio

FRAME = bytes(17)
AIR_MS = 165


class Pair:
    """A running radio and a pair of ears."""

    async def __aenter__(self):
        self.air = Air(fading_db=0.0)
        self.ears = Ears("ears")
        self.air.attach(self.ears)
        self.log: list[str] = []
        self.frames: list[bytes] = []
        self.radio = AirRadio(
            self.air, "kit", regions.PHY, lambda *frame: self.frames.append(frame[2]), self.log.append
        )
        self.running = asyncio.create_task(self.radio.run())
        await asyncio.sleep(0)
        return self

    async def __aexit__(self, *failure):
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)
        assert self.radio.state == "down"
        assert not self.air.sending


def played(scene):
    """Run a scene with a fresh pair in virtual time."""

    async def play():
        async with Pair() as pair:
            await scene(pair)

    virtual.run(play())


def test_refused_frames_are_not_on_the_air():
    """A refusal costs no airtime: the kit books it back."""

    async def scene(pair):
        pair.radio.refuse = 2
        for _ in range(2):
            with pytest.raises(RadioRefused):
                await pair.radio.send(FRAME, AIR_MS)
        await pair.radio.send(FRAME, AIR_MS)
        assert (pair.air.counters.sent, pair.radio.sent, len(pair.ears.heard)) == (1, 1, 1)

    played(scene)


def test_a_frame_that_may_have_left_is_an_error_but_was_heard():
    """The kit must book its airtime and never use its counter again."""

    async def scene(pair):
        pair.radio.forget = 1
        with pytest.raises(RadioError) as caught:
            await pair.radio.send(FRAME, AIR_MS)
        assert not isinstance(caught.value, RadioRefused)
        assert len(pair.ears.heard) == 1
        assert pair.radio.state == "up"

    played(scene)


def test_dropping_out_cuts_the_frame_and_deafens():
    """A modem without power neither ends its frame nor hears; back again it does both."""

    async def scene(pair):
        sending = asyncio.create_task(pair.radio.send(FRAME, AIR_MS))
        await asyncio.sleep(0.05)
        pair.radio.drop_out("no power")
        with pytest.raises(RadioError, match="no power"):
            await sending
        with pytest.raises(RadioRefused, match="no power"):
            await pair.radio.send(FRAME, AIR_MS)
        send(pair.air, pair.ears, b"into the void")
        await asyncio.sleep(1)
        assert (pair.ears.heard, pair.frames, pair.radio.sent) == ([], [], 0)
        pair.radio.come_back()
        send(pair.air, pair.ears, b"heard")
        await asyncio.sleep(1)
        await pair.radio.send(FRAME, AIR_MS)
        assert (len(pair.ears.heard), pair.frames) == (1, [b"heard"])
        assert pair.log == ["radio: up", "radio: no power", "radio: up"]

    played(scene)


def test_it_is_deaf_while_it_sends():
    """Half-duplex: an acknowledgement that comes during its own frame is missed."""

    async def scene(pair):
        sending = asyncio.create_task(pair.radio.send(FRAME, AIR_MS))
        await asyncio.sleep(0.01)
        send(pair.air, pair.ears, b"missed")
        await sending
        await asyncio.sleep(1)
        assert pair.frames == []

    played(scene)


def test_a_send_that_was_cancelled_goes_on_without_its_caller():
    """A task that dies in mid-frame stops no transmitter; the next frame must not overlap it."""

    async def scene(pair):
        sending = asyncio.create_task(pair.radio.send(FRAME, AIR_MS))
        await asyncio.sleep(0.05)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        with pytest.raises(RadioRefused, match="BUSY"):
            await pair.radio.send(FRAME, AIR_MS)
        await asyncio.sleep(1)
        assert len(pair.ears.heard) == 1
        await pair.radio.send(FRAME, AIR_MS)
        assert len(pair.ears.heard) == 2

    played(scene)


def test_carrier_sense_hears_who_sends_and_misses_who_begins_with_it():
    """Listen before talk lessens collisions; two who listen at the same moment still collide."""

    async def scene(pair):
        other = AirRadio(pair.air, "other", regions.PHY, lambda *_frame: None)
        running = asyncio.create_task(other.run())
        assert await asyncio.gather(pair.radio.clear(), other.clear()) == [True, True]
        send(pair.air, pair.ears, FRAME)
        assert await asyncio.gather(pair.radio.clear(), other.clear()) == [False, False]
        await asyncio.sleep(1)
        began_s = pair.air.loop.time()
        assert await pair.radio.clear()
        assert pair.air.loop.time() - began_s == pytest.approx(4 * SF9.symbol_s)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    played(scene)
