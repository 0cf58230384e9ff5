import asyncio

from nspkit import budget
from nsptools.bench import virtual_time
from nsptools.fleet.town import Channel, Town


def told(tmp_path, count, story):
    """What ``story(town)``, a coroutine function, gives of a town of so many kits without loss."""

    async def go():
        town = Town(count, tmp_path, Channel(), 0.0, 1)
        town.start()
        try:
            return await story(town)
        finally:
            await town.stop()

    return virtual_time.run(go())


def test_an_alarm_reaches_a_box_that_has_never_heard_of_its_kit(tmp_path):
    """Another box in the gateway's place knows no counters: an alarm gets through in minutes, not in hours."""

    async def story(town):
        await asyncio.sleep(900)
        gateway, post = town.gateway, town.posts[0]
        gateway.fail()
        gateway.disk.windows.clear()
        gateway.disk.epochs.clear()
        gateway.restart()
        await asyncio.sleep(120)
        post.set(alarm_fuel_low=1)
        await asyncio.sleep(900)
        return [name for name in gateway.disk.events if name[1] == "alarm"], len(post.kit.arrived)

    events, arrived = told(tmp_path, 1, story)
    assert len(events) == 1
    assert arrived >= 2  # the report and the alarm


def test_a_kit_whose_ordinary_hour_is_used_up_still_gets_its_alarm_acknowledged(tmp_path):
    """The boot report goes behind an alarm out of the same third of the hour: without it no ack can be sealed."""

    async def story(town):
        post = town.posts[0]
        await post.stop()
        for name in budget.FILES:
            (tmp_path / "1" / name).unlink()  # all but the top rank's part counts as spent
        post.start()
        await asyncio.sleep(30)
        post.set(alarm_fuel_low=1)
        await asyncio.sleep(90)
        return [item.kind for _, item in post.kit.arrived]

    assert set(told(tmp_path, 1, story)) == {"alarm", "boot"}
