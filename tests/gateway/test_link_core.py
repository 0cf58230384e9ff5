"""The gateway's side of the link, in virtual time: what it sends, when, how often, and within the law."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from link_room import CP, KIT, LinkRoom, fields_of
from nspgateway.downlinks import Uplink
from nsplink import timing
from nsplink.airtime import HOUR_MS
from nsplink.frame import ReplayWindow

OTHER = CP << 6 | 2
ALARM = {"event_boot": 1, "event_n": 0, "alarm": "fuel_low", "age_s": 0}
HELP = {"event_boot": 1, "event_n": 0, "help_stage": "stored", "help_answer": "none"}


def room(**more: object) -> LinkRoom:
    """A link that knows one kit and has told it everything."""
    made = LinkRoom(**more)
    made.knows()
    made.hear()
    made.run(4000)
    made.log.clear()
    return made


def test_an_alarm_is_acked_inside_the_window() -> None:
    """The ack begins 100 to 900 ms after the frame's end and names its whole counter and the time."""
    for seed in range(40):
        here = room(seed=seed)
        ended = here.now_ms
        counter = here.hear("alarm", **ALARM)
        ((at, ack),) = here.run(ended + 5000)
        assert timing.ACK_FROM_MS <= at - ended <= timing.ACK_UNTIL_MS
        assert (ack.kind, ack.top) == ("ack", True)
        assert fields_of(ack) == {"acked": counter, "utc_min": 77}


def test_heartbeats_are_not_acked_but_told_once_an_hour() -> None:
    """A heartbeat costs no downlink; one link frame an hour says what arrived, in answer to a heartbeat."""
    here = room()
    kinds = []
    for _ in range(14):
        here.hear()
        kinds += [send.kind for _, send in here.run(here.now_ms + 300_000)]
    assert kinds == ["link"]


def test_the_bitmap_names_what_did_not_arrive() -> None:
    """Bit i of the link frame is counter heard - 1 - i; those before the kit's first are not missing."""
    here = LinkRoom()
    here.link.kit_epoch(KIT, 1, 0, 0, 1)
    here.windows[KIT] = ReplayWindow(0, 1)
    for counter in (1, 2, 5):
        here.hear(counter=counter)
    (at_send,) = here.run(4000)
    assert fields_of(at_send[1]) == {"heard": 5, "missing": 0b00011, "utc_min": 77}


def test_a_busy_kit_is_told_before_the_bitmap_overflows() -> None:
    """28 frames after the last link frame the next one goes, whatever the hour says."""
    here = room()
    told = []
    for n in range(60):
        here.hear()
        told += [n for _, send in here.run(here.now_ms + 4000) if send.kind == "link"]
    assert told == [27, 55]


def test_without_its_boot_a_kit_gets_nothing() -> None:
    """Nothing can be sealed for a boot that is not known, and no counter is spent on it."""
    here = LinkRoom()
    here.hear("alarm", **ALARM)
    here.link.request(KIT, "command", {"command": "status"}, 0)
    assert here.run(60_000) == []
    assert here.counters.given == []


def test_the_boot_report_is_answered_before_anything_else() -> None:
    """What waits for a kit goes out after the ack of its boot report, sealed for the new boot."""
    here = room()
    here.hear("alarm", **ALARM)
    counter = here.hear("boot", boot_epoch=128)
    here.link.request(KIT, "status112", {"status112": "off"}, here.now_ms)
    sends = [send for _, send in here.run(here.now_ms + 2500)]
    assert fields_of(sends[0])["acked"] == counter
    assert {send.kind for send in sends[1:]} == {"ack", "status112"}
    assert {send.boot_epoch for send in sends} == {128}


def test_an_alarm_before_its_boot_report_is_acked_after_it() -> None:
    """A kit that boots into an alarm: acked for the boot before at first, then again for the new one."""
    here = room()
    first = here.hear("alarm", counter=128, wide=True, **ALARM)
    stale = here.run(here.now_ms + 1500)
    assert {send.boot_epoch for _, send in stale} == {64}
    here.hear("boot", boot_epoch=128)
    sends = [send for _, send in here.run(here.now_ms + 2500)]
    assert [fields_of(send)["acked"] for send in sends if send.kind == "ack"] == [129, first, first]
    assert {send.boot_epoch for send in sends} == {128}


def test_a_boot_ack_that_was_too_late_goes_with_the_next_frame() -> None:
    """While the radio was busy the ack of the boot grew old: a later alarm does not wait for the next report."""
    here = room()
    booted = here.hear("boot", boot_epoch=128)
    here.now_ms += 5000
    assert here.run(here.now_ms + 1000) == []
    alarm = here.hear("alarm", **ALARM)
    sends = [send for _, send in here.run(here.now_ms + 3000)]
    assert [fields_of(send)["acked"] for send in sends if send.kind == "ack"] == [booted, alarm]


def test_a_late_boot_report_does_not_turn_the_epoch_back() -> None:
    """An old boot report that comes after a newer one is not believed."""
    here = room()
    here.hear("boot", counter=200, boot_epoch=192)
    here.run(here.now_ms + 3000)
    here.hear("boot", counter=190, boot_epoch=128)
    here.run(here.now_ms + 3000)
    contact = here.link.contact(KIT)
    assert contact is not None
    assert contact.epoch == 192


def test_the_first_downlinks_are_wide() -> None:
    """After a start of either side the counter is said in full, then shortened."""
    here = LinkRoom()
    here.knows()
    wide = []
    for n in range(5):
        here.hear("alarm", event_boot=1, event_n=n, alarm="fuel_low", age_s=0)
        wide += [send.header.wide for _, send in here.run(here.now_ms + 5000)]
    assert wide == [True] * 3 + [False] * 2
    here.hear("boot", boot_epoch=128)
    assert all(send.header.wide for _, send in here.run(here.now_ms + 5000))


def test_what_is_asked_for_again_is_acked_in_full() -> None:
    """A kit that repeats an event may not know the upper half of our counter; it is answered twice, in full."""
    here = room()
    for _ in range(3):
        here.hear("alarm", event_boot=9, event_n=0, alarm="fuel_low", age_s=0)
        here.run(here.now_ms + 3000)
    here.hear("alarm", event_boot=9, event_n=1, alarm="fuel_low", age_s=0)
    here.run(here.now_ms + 3000)
    here.hear("alarm", event_boot=9, event_n=1, alarm="fuel_low", age_s=0)
    here.run(here.now_ms + 3000)
    assert [send.header.wide for _, send in here.log][-3:] == [False, True, True]


def test_one_event_has_one_ack_waiting() -> None:
    """A second try of the same event within the window is acked once, by its newest counter."""
    here = room()
    here.hear("help", event_boot=1, event_n=3, help_kind="police", help_mark="made", age_s=0)
    newest = here.hear("help", event_boot=1, event_n=3, help_kind="police", help_mark="made", age_s=1)
    sends = here.run(here.now_ms + 4000)
    assert [fields_of(send)["acked"] for _, send in sends] == [newest]


def test_an_echo_is_acked_again_but_not_for_ever() -> None:
    """A frame heard twice is answered again; one played to us a hundred times does not keep us sending."""
    here = room()
    counter = here.hear("alarm", **ALARM)
    here.run(here.now_ms + 2000)
    for _ in range(100):
        here.link.echo(KIT, "alarm", counter, ALARM, here.now_ms)
        here.run(here.now_ms + 1000)
    assert len(here.log) == 1 + 2


def test_a_late_ack_is_dropped() -> None:
    """While the radio takes nothing an ack grows old; after 3 s it is not sent, the kit tries again."""
    here = room()
    ended = here.now_ms
    here.hear("alarm", **ALARM)
    here.now_ms += 1000
    while (send := here.link.next(here.now_ms)) is not None:
        here.link.not_sent(send, here.now_ms)
        here.now_ms += 1000
    assert ended + 3000 < here.now_ms <= ended + 6000
    assert here.link.ledger.spent_us(here.now_ms) < 500_000


def test_one_transmission_at_a_time() -> None:
    """A half-duplex radio is given the next frame only when it is rid of the last."""
    here = room()
    here.hear("alarm", **ALARM)
    here.now_ms += 1000
    send = here.link.next(here.now_ms)
    here.hear("alarm", event_boot=1, event_n=1, alarm="fuel_low", age_s=0)
    here.now_ms += 1000
    assert send is not None
    assert here.link.next(here.now_ms) is None
    assert here.link.next_ms(here.now_ms) is None
    here.link.sent(here.now_ms)
    assert here.link.next(here.now_ms) is not None


def test_acks_go_before_what_can_wait() -> None:
    """A fragment does not cover the moment in which an ack is due."""
    for seed in range(30):
        here = LinkRoom(seed=seed, group_generation=1)
        here.knows()
        here.hear()
        here.run(60_000)
        here.log.clear()
        data = {"bulletin": 1, "revision": 0, "fragment": 0, "last_fragment": 0, "data": bytes(96)}
        ended = here.now_ms
        here.hear("alarm", **ALARM)
        here.link.broadcast(data, here.now_ms)
        starts = {send.kind: at - ended for at, send in here.run(ended + 5000)}
        assert set(starts) == {"ack", "fragment"}
        assert starts["ack"] <= timing.ACK_UNTIL_MS


def test_a_request_goes_out_until_it_is_answered() -> None:
    """Each try has a new counter; the answer may name any of them."""
    here = room()
    ticket = here.link.request(KIT, "help_stage", HELP, here.now_ms)
    tries = here.run(here.now_ms + HOUR_MS)
    counters = [send.header.counter for _, send in tries]
    assert len(set(counters)) == len(counters) > 15
    assert ticket.state == "waiting"
    here.hear("answer", answers=counters[2], result="done", value=b"")
    assert (ticket.state, ticket.result) == ("answered", "done")
    assert [send.kind for _, send in here.run(here.now_ms + HOUR_MS)] == ["ack", "link"]


def test_a_command_fails_after_ten_tries() -> None:
    """A command that nobody answers is reported failed; a late answer still counts."""
    here = room()
    ticket = here.link.request(KIT, "command", {"command": "read", "argument": b"\x01"}, here.now_ms)
    tries = here.run(here.now_ms + HOUR_MS)
    assert (ticket.state, ticket.tries, len(tries)) == ("failed", 10, 10)
    assert here.link.waiting() == []
    here.hear("answer", answers=tries[-1][1].header.counter, result="done", value=b"\x01\x00\x00\x01\x2c")
    assert (ticket.state, ticket.value) == ("answered", b"\x01\x00\x00\x01\x2c")


def test_an_answer_to_nothing_changes_nothing() -> None:
    """An answer that names a counter of another kit, or none of ours, settles no request."""
    here = room()
    here.knows(OTHER)
    ticket = here.link.request(KIT, "command", {"command": "status"}, here.now_ms)
    ((_, sent),) = here.run(here.now_ms + 300)
    here.hear("answer", kit=OTHER, answers=sent.header.counter, result="done", value=b"")
    here.hear("answer", answers=sent.header.counter + 7, result="done", value=b"")
    assert ticket.state == "waiting"
    assert here.link.has_used(KIT, sent.header.counter)
    assert not here.link.has_used(KIT, sent.header.counter + 7)


def test_a_newer_stage_takes_the_place_of_the_older() -> None:
    """Of one call for help only the latest stage goes out; of another call nothing is lost."""
    here = LinkRoom()
    first = here.link.request(KIT, "help_stage", HELP, 0)
    other = here.link.request(KIT, "help_stage", {**HELP, "event_n": 1}, 0)
    second = here.link.request(KIT, "help_stage", {**HELP, "help_stage": "read"}, 0)
    assert (first.state, other.state, second.state) == ("replaced", "waiting", "waiting")


def test_a_kit_that_comes_back_hears_what_waits_at_once() -> None:
    """A stage whose next try lies minutes away goes out right behind the kit's next frame."""
    here = room()
    here.link.request(KIT, "help_stage", HELP, here.now_ms)
    here.run(here.now_ms + 3 * HOUR_MS)
    here.hear()
    before = here.now_ms
    kinds = [send.kind for at, send in here.run(before + 1000)]
    assert "help_stage" in kinds


def test_any_frame_answers_a_ping() -> None:
    """A ping has no answer frame of its own: the vital that comes back is it."""
    here = room()
    ticket = here.link.request(KIT, "command", {"command": "ping"}, here.now_ms)
    here.run(here.now_ms + 100)
    here.hear()
    assert ticket.state == "answered"


def test_nothing_is_said_to_all_without_a_group_key() -> None:
    """Without its key there is no hello, and a message to all is refused with the reason."""
    here = LinkRoom()
    assert here.run(120_000) == []
    with pytest.raises(ValueError, match="no group key"):
        here.link.broadcast({}, 0)


def test_hello_is_said_a_few_times_at_the_start() -> None:
    """Three times in the first minute, to the group's address, wide, for no boot in particular."""
    here = LinkRoom(group_generation=3)
    sends = here.run(HOUR_MS)
    assert [send.kind for _, send in sends] == ["hello"] * 3
    assert sends[-1][0] < 60_000
    assert {(s.address, s.header.wide, s.boot_epoch, s.generation) for _, s in sends} == {
        (CP << 6, True, 0, 3)
    }


def test_a_message_that_does_not_fit_is_refused_when_it_is_asked_for() -> None:
    """A wrong field or word is told to whoever asks, not found when it should go out."""
    here = room()
    with pytest.raises(ValueError, match="no field"):
        here.link.request(KIT, "status112", {"status": "off"}, 0)
    with pytest.raises(ValueError, match="no word"):
        here.link.request(KIT, "status112", {"status112": "broken"}, 0)
    assert here.link.waiting() == []


def test_a_burnt_hour_still_acks_alarms() -> None:
    """Fragments stop at two thirds of the hour; acks of alarms go on, those of reports wait."""
    here = LinkRoom(limit_us=36_000_000, group_generation=1)
    here.knows()
    data = {"bulletin": 1, "revision": 0, "fragment": 0, "last_fragment": 0, "data": bytes(96)}
    for _ in range(80):
        here.link.broadcast(data, 0)
    here.run(120_000)
    spent = here.link.ledger.spent_us(here.now_ms)
    assert 23_000_000 < spent <= 24_000_000
    here.log.clear()
    here.hear("alarm", **ALARM)
    here.hear("receipt", bulletin=1, revision=0, receipt_stage="received", lacking=0)
    kinds = [send.kind for _, send in here.run(here.now_ms + 5000)]
    assert kinds == ["ack"]


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([3_600_000, 36_000_000]))
def test_no_rolling_hour_is_unlawful(seed: int, limit_us: int) -> None:
    """However much is heard and asked for, the air of any hour stays within the law."""
    chance = Random(seed)
    here = LinkRoom(seed=seed, limit_us=limit_us, group_generation=1)
    kits = [CP << 6 | n for n in range(1, 9)]
    for kit in kits:
        here.knows(kit)
    data = {"bulletin": 1, "revision": 0, "fragment": 0, "last_fragment": 0, "data": bytes(96)}
    for n in range(150):
        kit = chance.choice(kits)
        what = chance.random()
        if what < 0.5:
            here.hear("alarm", kit=kit, event_boot=1, event_n=n, alarm="fuel_low", age_s=0)
        elif what < 0.8:
            here.link.broadcast(data, here.now_ms)
        else:
            here.link.request(kit, "status112", {"status112": "works"}, here.now_ms)
        here.run(here.now_ms + int(chance.expovariate(1 / 60_000)))
    for start, _ in here.log:
        hour = [send.air_us for at, send in here.log if start <= at < start + HOUR_MS]
        assert sum(hour) <= limit_us
        assert (
            sum(s.air_us for at, s in here.log if start <= at < start + HOUR_MS and not s.top)
            <= limit_us - limit_us // 3
        )


def test_no_counter_is_given_twice() -> None:
    """Whatever is sent, also what the radio then refuses, has a counter of its own."""
    here = room()
    for n in range(200):
        here.hear("alarm", event_boot=1, event_n=n, alarm="fuel_low", age_s=0)
        here.now_ms += 1000
        send = here.link.next(here.now_ms)
        if send is not None and n % 3:
            here.link.not_sent(send, here.now_ms)
        else:
            here.link.sent(here.now_ms)
    assert len(set(here.counters.given)) == len(here.counters.given) > 150


def test_a_new_key_starts_a_new_contact() -> None:
    """What was known of the boot belongs to the old key: with the new one the kit reports first."""
    here = room()
    here.link.heard(Uplink(KIT, 2, "vital", 1, True, {}, 1, 1, here.now_ms))
    contact = here.link.contact(KIT)
    assert contact is not None
    assert (contact.generation, contact.epoch) == (2, None)
    assert here.run(here.now_ms + 5000) == []
