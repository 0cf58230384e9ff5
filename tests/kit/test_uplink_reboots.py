"""What a reboot must not lose, must not repeat, and must not forget: events, replays, the lawful hour."""

import pytest

from kit_rig import ACKED, ONE_PERCENT, TOP, event, forget_budget, play
from nsplink.fields import ALARMS

LOST = 1 << ALARMS.index("power_lost")
QUIET = {"heartbeat_s": 3600}
CAUSES = ("power", "watchdog")
NOBODY = lambda _one: False  # noqa: E731 - a word for an ear that answers nothing
ALL = lambda one: one.kind in ACKED  # noqa: E731 - and for one that answers all that can be
FUEL_ON_S, FUEL_OFF_S = 11, 61


def fuel(low):
    """The plant's flag of which the kit makes ``fuel_low``, after 10 s, and its end, after 60."""
    return {"alarm_fuel_low": int(low)}


async def show_fuel(rig, low):
    """Let the tank be low or full for long enough, and have it read meanwhile."""
    rig.set(**fuel(low))
    await rig.after(FUEL_ON_S if low else FUEL_OFF_S)
    rig.set(**fuel(low))


@pytest.mark.parametrize("cause", CAUSES)
def test_what_waits_survives(tmp_path, cause):
    """A raise, an end and a call that nobody had answered go on after the reboot, of the same event, age unknown."""

    async def story(rig):
        await rig.to(100)
        await show_fuel(rig, low=True)
        await rig.after(10)
        rig.acks = NOBODY
        await show_fuel(rig, low=False)  # a clear
        rig.set(alarm_fail_to_start=1)  # an alarm
        await rig.after(3)
        rig.set(alarm_fail_to_start=1)
        rig.help(text="één".encode())
        await rig.after(60)
        await rig.reboot(cause=cause)
        await rig.after(200)
        rig.acks = ALL
        await rig.after(400)
        assert rig.kit.uplink.delivery.items == []
        await rig.reboot(cause=cause)
        await rig.after(1000)

    rig = play(tmp_path, story, **QUIET)
    for kind in TOP:
        before, after = ({event(one) for one in rig.of(kind, boot=boot)} for boot in (1, 2))
        assert after <= before, kind
        assert len(after) == 1
        assert {one.values["age_s"] for one in rig.of(kind, boot=2)} == {None}
        assert len(rig.of(kind, boot=2)) > 3
    assert {one.values["text"] for one in rig.of("help")} == {"één".encode()}
    assert min(one.at for one in rig.of(*TOP, boot=2)) > min(one.at for one in rig.of("alarm")) + 2
    assert rig.of(*TOP, boot=3) == []


def test_first_transmission_after_a_boot_is_held(tmp_path):
    """A kit in a brown-out loop of two seconds sends nothing and writes no flash; alarms go first, after two."""

    async def story(rig):
        await rig.to(100)
        rig.acks = NOBODY
        rig.help()
        await rig.after(20)
        files = sorted((path.name, path.read_bytes()) for path in tmp_path.rglob("*") if path.is_file())
        for _ in range(20):
            await rig.reboot(1)
            await rig.after(1.8)
        await rig.stop()
        assert sorted((p.name, p.read_bytes()) for p in tmp_path.rglob("*") if p.is_file()) == files
        assert rig.of(*TOP, "boot", "full", "vital", since=121) == []
        rig.start()
        begun = rig.now()
        await rig.after(4.9)
        assert 2 <= rig.of("help", boot=22)[0].at - begun < 2.5
        assert rig.of("full", "vital", "status", boot=22) == []

    play(tmp_path, story, **QUIET)


@pytest.mark.parametrize("cause", CAUSES)
def test_an_alarm_that_is_still_true_is_not_raised_twice(tmp_path, cause):
    """A kit that reboots in the middle of a shortage has told of it; when it is over it says so."""

    async def story(rig):
        await rig.to(100)
        await show_fuel(rig, low=True)
        await rig.after(20)
        for _ in range(3):
            await rig.reboot(cause=cause)
            await rig.after(300)
        assert len(rig.of("alarm")) == 1
        assert rig.of("clear") == []
        await show_fuel(rig, low=False)
        await rig.after(20)
        await rig.reboot(cause=cause)
        await rig.after(300)

    rig = play(tmp_path, story, **QUIET)
    assert [one.kind for one in rig.of(*TOP)] == ["alarm", "clear"]
    assert rig.of("clear")[0].boot == 4


def test_an_alarm_that_ended_while_the_kit_was_dark_is_ended(tmp_path):
    """The gateway does not keep an alarm for ever because the kit was off when it was over."""

    async def story(rig):
        await rig.to(100)
        await show_fuel(rig, low=True)
        await rig.after(20)
        rig.values.update(fuel(low=False))
        await rig.reboot(1000)
        await show_fuel(rig, low=False)
        await rig.after(60)

    rig = play(tmp_path, story, **QUIET)
    assert [one.kind for one in rig.of(*TOP)] == ["alarm", "clear"]
    assert rig.of("clear")[0].values["alarm"] == "fuel_low"


@pytest.mark.parametrize("cause", CAUSES)
def test_an_alarm_that_was_never_sent_is_not_taken_for_told(tmp_path, cause):
    """A modem that is broken when the alarm comes and a reboot that cures it: the alarm is told, and so is its end."""

    async def story(rig):
        await rig.to(100)
        rig.kit.on_air.drop_out()
        await show_fuel(rig, low=True)
        await rig.after(60)
        await rig.reboot(cause=cause)
        await rig.after(60)
        assert [one.kind for one in rig.of(*TOP)] == ["alarm"]
        rig.kit.on_air.drop_out()
        await show_fuel(rig, low=False)
        await rig.after(60)
        await rig.reboot(cause=cause)
        await show_fuel(rig, low=False)
        await rig.after(60)

    rig = play(tmp_path, story, **QUIET)
    assert [one.kind for one in rig.of(*TOP)] == ["alarm", "clear"]


def test_a_cut_between_two_records_tells_nothing_twice(tmp_path):
    """The alarm's record is on flash and the one of what was told is not: it is sent as what it was, once."""

    async def story(rig):
        await rig.to(100)
        rig.acks = NOBODY
        await show_fuel(rig, low=True)
        await rig.after(20)
        await rig.stop()
        (tmp_path / "events" / "15").unlink()
        rig.start()
        await show_fuel(rig, low=True)
        await rig.after(60)
        rig.acks = ALL
        await rig.after(120)
        await show_fuel(rig, low=False)
        await rig.after(20)

    rig = play(tmp_path, story, **QUIET)
    assert len({event(one) for one in rig.of(*TOP)}) == 1
    assert rig.of("clear")


def test_a_call_survives_from_the_moment_it_is_made(tmp_path):
    """Pressed while the modem is dead, and then the battery goes: the call is made when there is power again."""

    async def story(rig):
        await rig.to(100)
        rig.kit.on_air.drop_out()
        rig.help(kind="fire_brigade")
        await rig.after(1)
        await rig.reboot(3600)
        await rig.after(60)

    rig = play(tmp_path, story, **QUIET)
    assert [one.values["help_kind"] for one in rig.of("help")][:1] == ["fire_brigade"]
    assert len({event(one) for one in rig.of("help")}) == 1


def test_more_than_flash_has_room_for(tmp_path):
    """With every record taken, calls survive, and an alarm that found no room is raised again when it is still true."""

    async def story(rig):
        await rig.to(100)
        rig.acks = NOBODY
        await show_fuel(rig, low=True)
        for _ in range(14):
            rig.help()
        await rig.after(120)
        await rig.reboot()
        rig.acks = ALL
        await show_fuel(rig, low=True)
        await rig.after(400)

    rig = play(tmp_path, story, **QUIET)
    assert len({event(one) for one in rig.of("help", boot=2)}) == 14
    assert {event(one) for one in rig.of("help", boot=2)} <= {event(one) for one in rig.of("help", boot=1)}
    assert rig.of("alarm", boot=2)


def test_events_of_two_boots_never_share_a_name(tmp_path):
    """The gateway, which keeps each event once, must not take tomorrow's call for yesterday's."""
    names = []

    async def story(rig):
        for _ in range(12):
            await rig.after(10)
            names.append(rig.help())
            await rig.after(5)
            await rig.reboot(1)

    rig = play(tmp_path, story, **QUIET)
    assert len({event(one) for one in rig.of("help")}) == len(names) == 12


def test_every_recorded_downlink_is_refused_after_each_reboot(tmp_path):
    """Whoever recorded a day of the gateway's words can play none of them to a kit that has rebooted."""

    async def story(rig):
        await rig.to(100)
        rig.say(alarms=LOST)
        await rig.command("exercise_on")
        await rig.after(10)
        await rig.command("stage", bytes.fromhex("0100000078"))
        await rig.after(10)
        await rig.tell("status112", values={"status112": "off", "utc_min": None})
        await rig.after(10)
        await rig.tell(
            "help_stage", values={"event_boot": 0, "event_n": 0, "help_stage": "read", "text": b""}
        )
        await rig.after(10)
        await rig.tell("link", values=rig.link(utc_min=1234))
        await rig.after(10)
        recorded = list(rig.downs)
        assert len(recorded) >= 8
        for boot in range(2, 5):
            rig.acks = ALL if boot == 3 else NOBODY
            await rig.reboot(cause="power" if boot % 2 else "watchdog")
            await rig.after(100)
            rig.acks = NOBODY
            # What was said of 112 in time may outlive a warm reset; what is played again changes nothing.
            status112 = "off" if boot == 2 else None
            assert rig.kit.inbox.status112 == status112
            refused = rig.kit.inbox._downlink.refused.get("BadTag", 0) - rig.kit.inbox.heard
            queue = list(rig.kit.uplink.delivery.items)
            for data in recorded:
                await rig.send(data, 0.5)
            await rig.after(100)
            # All that it heard; one or the other may have come while it sent itself.
            assert rig.kit.inbox._downlink.refused["BadTag"] - rig.kit.inbox.heard == refused
            assert rig.kit.inbox.heard >= len(recorded) - 2
            assert rig.kit.inbox.status112 == status112
            assert rig.kit.inbox.utc is None
            assert rig.kit.inbox.stages == {}
            assert not rig.kit.uplink.sender.exercise.is_on(rig.kit.clock.ms())
            assert rig.of("answer", boot=boot) == []
            assert [one for one in rig.kit.uplink.delivery.items if one in queue] == queue

    play(tmp_path, story, **QUIET)


def test_boot_reports_name_each_boot(tmp_path):
    """Each boot has an epoch of its own, its first counter, and says how many boots nobody has answered."""

    async def story(rig):
        rig.acks = NOBODY
        for _ in range(4):
            await rig.after(80)
            await rig.reboot(1)
        rig.acks = ALL
        await rig.after(80)
        await rig.reboot(1, cause="watchdog")
        await rig.after(80)

    rig = play(tmp_path, story)
    for boot in range(1, 7):
        own = [one for one in rig.frames if one.boot == boot]
        assert {one.values["boot_epoch"] for one in rig.of("boot", boot=boot)} == {own[0].counter}
        assert own[0].counter % 64 == 0
        assert own[0].wide
    assert len({one.values["boot_epoch"] for one in rig.of("boot")}) == 6
    last = rig.of("boot", boot=6)[0].values
    assert (last["reset_cause"], last["boots"]) == ("watchdog", 1)


def test_boots_without_an_answer_are_counted_over_warm_resets(tmp_path):
    """A kit that resets again and again tells how often when it gets through at last."""

    async def story(rig):
        rig.acks = NOBODY
        for _ in range(4):
            await rig.after(80)
            await rig.reboot(1, cause="watchdog")
        await rig.after(80)

    rig = play(tmp_path, story)
    assert [rig.of("boot", boot=boot)[0].values["boots"] for boot in range(1, 6)] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("cause", CAUSES)
def test_a_reboot_forgets_nothing_that_was_on_the_air(tmp_path, cause):
    """Over any number of reboots in an hour the sum on the air stays lawful, and heartbeats below the reserve."""

    async def story(rig):
        rig.acks = NOBODY
        for _ in range(40):
            await rig.after(100)
            await rig.reboot(1, cause=cause)
        await rig.after(300)

    rig = play(tmp_path, story, heartbeat_s=5, full_s=5, phy={**ONE_PERCENT, "sf": 11})
    starts = [one.at for one in rig.frames]
    worst = max(sum(rig.air_s(one.data) for one in rig.frames if at <= one.at < at + 3600) for at in starts)
    assert worst <= 24
    if cause == "watchdog":
        assert worst > 20  # and a warm reset wastes nothing


@pytest.mark.parametrize("cause", CAUSES)
def test_reboots_leave_the_top_class_its_share(tmp_path, cause):
    """After thirty reboots of a kit that had burnt the rest, an alarm leaves at once and can be answered."""

    async def story(rig):
        for _ in range(30):
            await rig.after(60)
            await rig.reboot(1, cause=cause)
        await rig.after(10)
        rig.epoch = None  # the gateway has not heard the report of this boot
        rig.frames.clear()
        rig.help()
        call = await rig.heard("help", 2)
        await rig.after(15)
        assert call.end < rig.now()
        assert [one for one in rig.kit.uplink.delivery.items if one.kind in TOP] == []

    play(tmp_path, story, heartbeat_s=5, full_s=5, phy={**ONE_PERCENT, "sf": 11})


def test_without_its_record_the_shared_part_counts_as_spent(tmp_path):
    """A kit whose ledger is lost says nothing but what is urgent for an hour, for it may have said all before."""

    async def story(rig):
        await rig.stop()
        forget_budget(tmp_path)
        rig.start()
        await rig.to(1800)
        assert rig.frames == []
        rig.help()
        await rig.to(1830)
        assert [one.kind for one in rig.frames] == ["help", "boot", "help"][: len(rig.frames)]
        assert rig.kit.uplink.delivery.items == []
        await rig.to(3900)
        assert rig.of("full")

    play(tmp_path, story, phy=ONE_PERCENT)
