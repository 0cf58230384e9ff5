"""The kit's driver against modems that hang: each step of the ladder, in virtual time."""

from __future__ import annotations

import pytest

from nspkit.radio import RadioError, RadioRefused, ladder
from radio_bench import AIR_MS, COMMANDS, FRAME, Bench, on_bench

HANGS = [
    (("no_answer", "AT+PRECV=0"), "AT+PRECV=0"),
    (("no_answer", "ATZ"), "ATZ"),
    (("no_answer", "AT+RUN"), "AT+RUN"),
    (("no_answer", "NRST"), "NRST"),
    (("no_answer", None), "supply"),
    (("boot_mode", None), "AT+RUN"),
]


@pytest.mark.parametrize(("hang", "cure"), HANGS)
@pytest.mark.parametrize("when", ["from the start", "idle", "sending"])
def test_every_hang_is_ended_by_its_step_and_no_further(hang, cure, when):
    """However a modem hangs and whenever, the lowest step that helps brings it back, without anybody's hand."""

    async def story(bench: Bench) -> None:
        if when == "from the start":
            await bench.clock.sleep_ms(300)
            bench.modem.hang(*hang)
        else:
            await bench.until()
            bench.modem.hang(*hang)
            if when == "sending":
                with pytest.raises(RadioError):
                    await bench.radio.send(FRAME, AIR_MS)
            assert await bench.until("down", 100) <= 65_000
        assert await bench.until() < 25_000
        assert bench.steps()[-1] == cure
        assert await bench.works()

    on_bench(story)


def test_a_reset_that_kills_is_survived_by_the_supply():
    """A modem that our own ATZ leaves dead works again after its supply was cut."""

    async def story(bench: Bench) -> None:
        await bench.until()
        bench.modem.hang("dies_on_reset")
        bench.modem.lose("AT_BUSY", 3)  # it seems silent, so that the ladder reaches for ATZ
        bench.modem.lose("OK", 5)
        assert await bench.until("down", 100)
        await bench.until()
        assert bench.modem.steps["supply"] == 1
        assert await bench.works()

    on_bench(story)


def test_a_glitch_on_the_line_is_survived():
    """Firmware that a spoilt byte hangs is noticed in the quiet and cut from its supply."""

    async def story(bench: Bench) -> None:
        await bench.until()
        bench.modem.hang("dies_of_a_glitch")
        bench.modem.host.write(b"\xff\r\n")
        await bench.until("down", 100)
        await bench.until()
        assert bench.modem.steps["supply"] == 1
        assert await bench.works()

    on_bench(story)


def test_a_dead_modem_is_tried_for_ever_with_growing_pauses():
    """Nothing at the end of the wire: every step each time, counted, at last more than once in two minutes."""

    async def story(bench: Bench) -> None:
        bench.modem.hang("dead")
        await bench.clock.sleep_ms(300_000)
        first = bench.radio.counts["supply"]
        assert bench.radio.cause == "silent"
        assert bench.steps() == [step[0] for step in ladder.STEPS]
        await bench.clock.sleep_ms(600_000)
        assert 6 <= bench.radio.counts["supply"] - first <= 9
        bench.modem.recover()
        await bench.until()
        assert await bench.works()

    on_bench(story)


def test_without_hands_the_ladder_goes_as_far_as_it_can():
    """A board that cannot cut the supply goes on with the commands, and says what is wrong."""

    async def story(bench: Bench) -> None:
        bench.modem.hang("no_answer")
        await bench.clock.sleep_ms(120_000)
        assert bench.steps() == COMMANDS
        assert bench.radio.reason == "the modem does not answer: check its plug and its power"
        with pytest.raises(RadioRefused, match="does not answer"):
            await bench.radio.send(FRAME, AIR_MS)

    on_bench(story, pins=False)


def test_a_modem_that_takes_frames_and_sends_none_climbs_until_it_sends():
    """Setting it up again is not enough: each time it turns out mute the ladder begins one step higher."""

    async def story(bench: Bench) -> None:
        await bench.until()
        bench.modem.hang("sends_nothing")
        for _ in range(40):
            try:
                await bench.radio.send(FRAME, AIR_MS)
                break
            except RadioError:
                await bench.clock.sleep_ms(5000)
        assert bench.modem.steps["supply"] == 1
        assert await bench.works()
        assert any("does not send them" in line for line in bench.said)

    on_bench(story)
