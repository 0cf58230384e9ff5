"""The kit's driver against simulated modems in every state they are known for, in virtual time."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from nspkit.radio import RadioBusy, RadioError, ladder
from radio_bench import AIR_MS, FRAME, SET, Bench, on_bench


@pytest.mark.parametrize(
    "options",
    [
        {"settings": None},
        {"settings": replace(SET, sf=7, sync_word=0x1424, iq_inverted=1, encrypt=1, fixed_length=1)},
        {"quirks": {"echo"}},
        {"quirks": {"old_bandwidth", "echo"}},
        {"quirks": {"bare_values", "echo"}},
        {"quirks": {"two_line_events"}},
        {"cad_waits": True},
        {"pins": False},
    ],
    # Named by hand: the text of a set differs from process to process, and workers must agree on names.
    ids=[
        "never set",
        "set otherwise",
        "echo",
        "old bandwidth, echo",
        "bare values, echo",
        "two-line events",
        "cad waits",
        "no pins",
    ],
)
def test_every_firmware_is_set_read_back_and_used(options):
    """A new modem, one set otherwise, and each known dialect ends in the same words and carries frames."""

    async def story(bench: Bench) -> None:
        await bench.until()
        own = bench.modem.settings
        assert replace(own, cad=0) == SET
        assert own.cad == 1
        assert await bench.works()
        assert (bench.radio.cause, bench.radio.reason, bench.steps()) == ("", "", [])
        assert bench.radio.counts["rearmed"] == 0

    on_bench(story, **options)


def test_remarks_between_the_lines_change_nothing():
    """What an application on the modem prints is never taken for an answer."""

    async def story(bench: Bench) -> None:
        bench.modem.hang("chatter")
        await bench.until()
        assert await bench.works()
        assert bench.steps() == []

    on_bench(story)
    on_bench(story, quirks={"bare_values", "echo"})


@pytest.mark.parametrize("version", ["V1.0.4", "RUI_3.5.4_RAK3172-E", "RUI_4.2.0_RAK3172-E"])
def test_old_firmware_is_named_and_left_alone(version):
    """A modem that is known to hang is not used, not reset in vain, and the technician reads which it is."""

    async def story(bench: Bench) -> None:
        await bench.clock.sleep_ms(120_000)
        assert (bench.radio.state, bench.radio.cause) == ("down", "old_firmware")
        assert version in bench.radio.reason
        assert bench.steps() == []
        assert bench.modem.settings == SET

    on_bench(story, version=version)


def test_a_word_that_is_not_kept_is_not_set():
    """A modem that would hear nobody is reported with the word that differs, and taken once it keeps it."""

    async def story(bench: Bench) -> None:
        show = bench.modem._value
        bench.modem._value = lambda name, text: show(name, "1424" if name == "SYNCWORD" else text)
        await bench.clock.sleep_ms(60_000)
        assert bench.radio.cause == "not_set"
        assert bench.radio.reason == "modem not set: SYNCWORD reads back 1424"
        del bench.modem._value
        await bench.until()
        assert await bench.works()

    on_bench(story)


def test_firmware_that_falls_out_of_receive_is_started_again_and_counted():
    """The answer to a frame is heard although the modem had stopped listening."""

    async def story(bench: Bench) -> None:
        await bench.until()
        bench.modem.hang("falls_out_of_receive")
        for count in (1, 2, 3):
            assert await bench.works()
            assert bench.radio.counts["rearmed"] == count

    on_bench(story)


def test_a_frame_without_an_end_is_an_error_and_the_modem_hears_again():
    """The modem never says that the frame left, and is deaf in the belief that it receives."""

    async def story(bench: Bench) -> None:
        await bench.until()
        bench.modem.hang("loses_tx_done")
        with pytest.raises(RadioError, match="did not say"):
            await bench.radio.send(FRAME, AIR_MS)
        assert (bench.radio.state, bench.radio.counts["lost_done"]) == ("up", 1)
        await bench.neighbour.say(b"\xe0down")
        await bench.clock.sleep_ms(50)
        assert bench.heard == [b"\xe0down"]

    on_bench(story)


def test_a_lost_ok_costs_nothing():
    """The end of the frame is as good as the OK that got lost before it."""

    async def story(bench: Bench) -> None:
        await bench.until()
        bench.modem.lose("OK")
        assert await bench.works()
        assert (bench.radio.counts["lost_ok"], bench.radio.counts["starts"]) == (1, 1)

    on_bench(story)


@pytest.mark.parametrize("lost", range(1, 30))
def test_any_single_line_may_get_lost_while_it_is_set_up(lost):
    """Whatever answer a noisy start swallows, the words end right and the modem works within seconds."""

    async def story(bench: Bench) -> None:
        say, count = bench.modem._say, 0

        def lossy(line: str) -> None:
            nonlocal count
            count += 1
            if count != lost:
                say(line)

        bench.modem._say = lossy
        assert await bench.until() < 25_000
        assert replace(bench.modem.settings, cad=0) == SET
        assert await bench.works()
        assert await bench.works()

    on_bench(story, settings=None)


@pytest.mark.parametrize("after_ms", [*range(0, 400, 13), 5000])
def test_a_restart_in_the_middle_of_anything(after_ms):
    """A modem that browns out while it is set up, idle or sending is set again; nobody has to notice."""

    async def story(bench: Bench) -> None:
        await bench.clock.sleep_ms(300)
        asyncio.get_running_loop().call_later(after_ms / 1000, bench.modem.restart)
        sent = 0
        for _ in range(100):
            try:
                await bench.radio.send(FRAME, AIR_MS)
                sent += 1
            except RadioError:
                pass
            await bench.clock.sleep_ms(100)
        assert sent > 50
        assert await bench.works()
        assert replace(bench.modem.settings, cad=0) == SET

    on_bench(story)


def test_an_unseen_restart_leaves_a_modem_that_receives_only_and_is_mended_at_the_next_frame():
    """The banner got lost and the modem refuses frames: one more exchange and the frame goes out."""

    async def story(bench: Bench) -> None:
        await bench.until()
        bench.modem.lose("Current")
        bench.modem.restart()
        await bench.clock.sleep_ms(1000)
        assert bench.radio.state == "up"
        assert await bench.works()

    on_bench(story)


def test_a_busy_channel_delays_a_frame_and_the_receiver_stays_alive():
    """The modem refuses because somebody talks; the frame goes out behind him, and answers are heard."""

    async def story(bench: Bench) -> None:
        await bench.until()
        talking = asyncio.create_task(bench.neighbour.say(bytes(10)))
        await bench.clock.sleep_ms(1)
        await bench.radio.send(FRAME, AIR_MS)
        assert talking.done()
        assert bench.radio.counts["busy"] >= 1
        assert await bench.works()
        assert bench.modem.settings.cad == 1

    on_bench(story)


def test_a_channel_that_is_never_free_does_not_silence_the_kit(monkeypatch):
    """Listening first is courtesy: after three refusals what is urgent goes out, and later it listens again."""
    monkeypatch.setattr(ladder, "RENEW_MS", 100_000)

    async def story(bench: Bench) -> None:
        await bench.until()
        bench.air.busy = lambda _radio: True
        start = bench.clock.ms()
        await bench.radio.send(FRAME, AIR_MS, top=True)
        assert bench.clock.ms() - start < AIR_MS + 1000
        assert bench.neighbour.heard == [FRAME]
        assert (bench.modem.settings.cad, bench.radio.counts["busy"]) == (0, ladder.BUSY_TRIES)
        await bench.radio.send(FRAME, AIR_MS)
        assert bench.radio.counts["busy"] == ladder.BUSY_TRIES
        del bench.air.busy
        await bench.clock.sleep_ms(ladder.RENEW_MS + ladder.QUIET_MS + 2000)
        assert bench.modem.settings.cad == 1
        assert await bench.works()

    on_bench(story)


def test_what_can_wait_waits_for_a_free_channel_but_not_for_ever():
    """A heartbeat is handed back while others talk, also the next; a modem that always says busy is not believed."""

    async def story(bench: Bench) -> None:
        await bench.until()
        bench.air.busy = lambda _radio: True
        for _ in range(ladder.BUSY_FRAMES - 1):
            with pytest.raises(RadioBusy):
                await bench.radio.send(FRAME, AIR_MS)
            assert bench.radio.state == "up"
        assert bench.neighbour.heard == []
        await bench.radio.send(FRAME, AIR_MS)
        assert bench.neighbour.heard == [FRAME]
        del bench.air.busy
        assert await bench.works()

    on_bench(story)


def test_watching_an_idle_modem_costs_no_frame():
    """The check of a quiet modem leaves it in receive: no frame is lost to it, also across a check."""

    async def story(bench: Bench) -> None:
        await bench.until()
        for count in range(1, 13):
            await bench.clock.sleep_ms(60_000 - (count * 37 % 400))
            await bench.neighbour.say(bytes([0xE0, count]))
        await bench.clock.sleep_ms(100)
        assert len(bench.heard) == 12
        assert bench.radio.counts["starts"] == 1

    on_bench(story)


def test_a_modem_that_is_deaf_without_a_sign_is_renewed(monkeypatch):
    """When nothing has been heard for long receiving is stopped and started once, whatever the modem believes."""
    monkeypatch.setattr(ladder, "RENEW_MS", 100_000)

    async def story(bench: Bench) -> None:
        await bench.until()
        bench.modem.radio._since_s = None  # deaf, and it believes that it receives
        await bench.clock.sleep_ms(ladder.RENEW_MS + ladder.QUIET_MS + 2000)
        assert await bench.works()

    on_bench(story)


def test_a_window_that_ends_by_itself_is_opened_again():
    """A receive time-out that nobody asked for means that it listens no more: looked after at once."""

    async def story(bench: Bench) -> None:
        await bench.until()
        bench.modem.radio.open_window(20)
        await bench.clock.sleep_ms(1000)
        assert bench.radio.counts["rearmed"] == 1
        assert await bench.works()

    on_bench(story)


def test_retune_writes_another_record_and_reads_it_back():
    """A command from afar changes channel, spreading factor and power; a restart keeps the new record."""

    async def story(bench: Bench) -> None:
        await bench.until()
        await bench.radio.retune({"frequency_hz": 868_100_000, "sf": 10, "power_dbm": 11})
        own = bench.modem.settings
        assert (own.frequency_hz, own.sf, own.power_dbm, own.sync_word) == (868_100_000, 10, 11, 0x3444)
        bench.modem.restart()
        await bench.until("down")
        await bench.until()
        assert bench.modem.settings.sf == 10

    on_bench(story)


@pytest.mark.parametrize(
    "wrong", [{"frequency_hz": 2_400_000_000}, {"bandwidth_khz": 100}, {"power_dbm": 30}]
)
def test_a_record_that_the_modem_refuses_leaves_the_former_one(wrong):
    """A bad command from afar ends in an error, on the old channel, with the modem receiving."""

    async def story(bench: Bench) -> None:
        await bench.until()
        with pytest.raises(RadioError, match="not set"):
            await bench.radio.retune(wrong)
        assert replace(bench.modem.settings, cad=0) == SET
        assert await bench.works()

    on_bench(story)


def test_a_modem_that_dies_while_it_is_retuned_comes_back_on_the_former_record():
    """The kit is not lost to a channel that nobody confirmed."""

    async def story(bench: Bench) -> None:
        await bench.until()
        asyncio.get_running_loop().call_later(0.03, bench.modem.hang, "no_answer")
        with pytest.raises(RadioError):
            await bench.radio.retune({"sf": 10})
        await bench.until()
        assert replace(bench.modem.settings, cad=0) == SET
        assert await bench.works()

    on_bench(story)


def test_frames_are_not_promised_by_a_clear_channel():
    """The interface has the question; this modem can answer it only by sending."""

    async def story(bench: Bench) -> None:
        assert await bench.radio.clear() is True

    on_bench(story)
