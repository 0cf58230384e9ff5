import asyncio

from nspkit.remote import check_of
from nsplink import commands
from nsptools.bench import virtual_time
from nsptools.fleet.town import Channel, Town


def test_a_frame_whose_end_was_not_reported_does_not_confuse_the_hourly_word(tmp_path):
    """The gateway may have heard it and name it as the newest; what arrived before it is settled all the same."""

    async def go():
        town = Town(1, tmp_path, Channel(), 0.0, 1)
        town.start()
        await asyncio.sleep(600)
        kit = town.posts[0].kit
        town.gateway.fail()
        await asyncio.sleep(650)
        assert kit.uplink.journal.unsettled() >= 2
        kit.on_air.forget = 1
        sent = kit.on_air.sent
        while kit.on_air.sent == sent:  # noqa: ASYNC110 - the virtual clock runs on
            await asyncio.sleep(0.1)
        kit.uplink.told(kit.uplink.sender._counters._next - 1 & 0xFFFF, 0, kit.clock.ms())
        await town.stop()
        return kit.uplink.journal.unsettled()

    assert virtual_time.run(go()) == 0


def test_a_radio_that_is_down_at_the_moment_of_a_change_is_brought_there_later(tmp_path):
    """Settings, law and time on air go with the radio: while it could not be tuned they stay what it is set to."""

    async def go():
        town = Town(1, tmp_path, Channel(), 0.0, 1)
        town.start()
        await asyncio.sleep(600)
        kit = town.posts[0].kit
        radio, sender, budget = kit.on_air, kit.uplink.sender, kit.budget
        before = (radio.tuning.sf, sender.air_us(20), budget.ledger.limit_us)
        change = {"frequency_hz": 868_100_000, "sf": 7, "power_dbm": 14}
        for name, value in change.items():
            assert (
                kit.remote.handle("stage", commands.setting_argument(name, value), kit.clock.ms())[0]
                == "done"
            )
        assert kit.remote.handle("confirm", check_of(change), kit.clock.ms())[0] == "done"
        radio.drop_out()
        await asyncio.sleep(60)
        down = (radio.tuning.sf, sender.air_us(20), budget.ledger.limit_us)
        radio.come_back()
        await asyncio.sleep(31)
        after = (radio.tuning.sf, sender.air_us(20), budget.ledger.limit_us)
        radio.drop_out()
        await asyncio.sleep(1000)  # nobody answers there, and its end finds the radio down as well
        radio.come_back()
        await asyncio.sleep(31)
        home = (radio.tuning.sf, sender.air_us(20), budget.ledger.limit_us)
        await town.stop()
        return before, down, after, home

    before, down, after, home = virtual_time.run(go())
    assert down == before == home
    assert after[0] == 7
    assert after[1] < before[1] // 3
    assert after[2] == 36_000_000
