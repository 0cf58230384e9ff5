"""Silence: found in time, never cried in vain, and told apart from our own deafness."""

from heapq import heappop, heappush
from itertools import pairwise
from random import Random

from link_room import CP, KIT, LinkRoom, fields_of
from nspgateway.silence import ASKS, BURST_MANY, GARBLED_MANY, SPAN_MS, Silence

MINUTE = 60_000
INTERVAL = 5 * MINUTE
KITS = [CP << 6 | n for n in range(1, 41)]


def quiet(kits: int = 40, seed: int = 1) -> Silence:
    """Kits that were all heard at 0."""
    made = Silence(dict.fromkeys(KITS[:kits], INTERVAL), Random(seed))
    for kit in KITS[:kits]:
        made.heard(kit, 0)
    return made


def ask_until(silence: Silence, until_ms: int, but: int | None = None) -> list[tuple[int, int]]:
    """Put every question that is due until then, to which nobody but ``but`` answers."""
    asked = []
    while (moment := silence.next_ms(asked[-1][0] if asked else 0)) is not None and moment <= until_ms:
        for kit in silence.to_ask(moment):
            silence.asked(kit, moment)
            asked.append((moment, kit))
            if kit == but:
                silence.heard(kit, moment + 500)
    return asked


def test_two_missed_heartbeats_are_asked_for_eight_times_in_three_minutes() -> None:
    """Eight jittered questions from the second missed heartbeat on; nobody else is asked."""
    silence = quiet()
    for kit in KITS[1:]:
        silence.heard(kit, 3 * INTERVAL)
    asked = ask_until(silence, 3 * INTERVAL)
    assert [kit for _, kit in asked] == [KITS[0]] * ASKS
    moments = [moment for moment, _ in asked]
    assert 2 * INTERVAL < moments[0] <= 2 * INTERVAL + MINUTE
    assert moments[-1] - moments[0] <= 1.2 * SPAN_MS
    assert len({after - before for before, after in pairwise(moments)}) > 3


def test_silent_between_fifteen_and_eighteen_minutes() -> None:
    """Not before three heartbeats are missed and every question went by; soon after that."""
    silence = quiet()
    for kit in KITS[1:]:
        silence.heard(kit, 4 * INTERVAL)
    ask_until(silence, 3 * INTERVAL)
    assert silence.is_silent(KITS[0], 15 * MINUTE - 1) is False
    assert silence.is_silent(KITS[0], 18 * MINUTE) is True
    silence.heard(KITS[0], 19 * MINUTE)
    assert silence.is_silent(KITS[0], 19 * MINUTE) is False


def test_an_answer_ends_the_questions() -> None:
    """A kit that answers the first question is not asked again and not silent."""
    silence = quiet()
    for kit in KITS[1:]:
        silence.heard(kit, 4 * INTERVAL)
    assert len(ask_until(silence, 3 * INTERVAL, but=KITS[0])) == 1
    assert silence.is_silent(KITS[0], 18 * MINUTE) is False


def test_who_cannot_be_asked_is_silent_later() -> None:
    """Without questions three missed heartbeats are chance; five are not."""
    silence = quiet(kits=1)
    assert silence.is_silent(KITS[0], 20 * MINUTE) is False
    assert silence.is_silent(KITS[0], 26 * MINUTE) is True


def test_just_started_nothing_is_known() -> None:
    """A kit of which nothing came yet is neither silent nor not, until it had its time from our start on."""
    silence = Silence({KIT: INTERVAL}, Random(1), now_ms=MINUTE)
    assert silence.is_silent(KIT, 15 * MINUTE) is None
    assert silence.is_silent(KIT, 28 * MINUTE) is True
    assert silence.is_silent(KIT + 1, 28 * MINUTE) is None


def test_when_many_are_in_doubt_each_is_asked_twice() -> None:
    """Our own deafness must not burn the air of those that do get through."""
    silence = quiet(kits=12)
    assert len(ask_until(silence, 20 * MINUTE)) == 24


def test_nobody_at_all_is_our_own_deafness() -> None:
    """All kits in doubt and no answer from any: it is us, before any of them is called silent."""
    silence = quiet(kits=4)
    ask_until(silence, 13 * MINUTE)
    assert silence.trouble(10 * MINUTE) == ""
    assert silence.trouble(14 * MINUTE) == "gateway_deaf"
    assert not any(silence.is_silent(kit, 14 * MINUTE) for kit in KITS[:4])


def test_one_kit_alone_is_never_our_deafness() -> None:
    """With a single kit nothing tells its silence from ours: it is called silent."""
    silence = quiet(kits=1)
    ask_until(silence, 15 * MINUTE)
    assert silence.trouble(30 * MINUTE) == ""


def test_noise_and_silence_together_are_a_disturbed_radio() -> None:
    """Damaged frames show that the receiver works; without them several silent kits are just that."""
    silence = quiet(kits=6)
    for kit in KITS[3:6]:
        silence.heard(kit, 25 * MINUTE)
    ask_until(silence, 25 * MINUTE)
    assert silence.trouble(26 * MINUTE) == ""
    assert silence.trouble(26 * MINUTE, garbled=GARBLED_MANY) == "radio_jammed"


def test_a_jammer_that_shuts_everybody_out_is_found_within_minutes() -> None:
    """Protects calls for help: damaged frames, and nobody where several were due, tell it long before kits are silent."""
    silence = quiet(kits=4)
    for kit, heard in zip(KITS, (1, 2, 3, 4), strict=False):
        silence.heard(kit, heard * MINUTE)
    assert silence.trouble(7 * MINUTE + 40_000, burst=BURST_MANY) == "radio_jammed"
    assert silence.trouble(7 * MINUTE + 40_000, burst=BURST_MANY - 1) == "", (
        "a collision now and then is none"
    )
    assert silence.trouble(6 * MINUTE + 40_000, burst=BURST_MANY) == "", (
        "one kit alone may have lost its frame"
    )
    silence.heard(KITS[0], 7 * MINUTE)
    assert silence.trouble(7 * MINUTE + 40_000, burst=BURST_MANY) == "", "somebody gets through"


def test_silence_while_we_were_deaf_counts_against_nobody() -> None:
    """Protects from a row of false alarms when our own receiver is back: kits get the time that we took from them."""
    silence = quiet(kits=4)
    ask_until(silence, 20 * MINUTE)
    assert silence.trouble(20 * MINUTE) == "gateway_deaf"
    silence.heard(KITS[0], 30 * MINUTE)
    silence.excuse(16 * MINUTE, 30 * MINUTE)
    assert silence.trouble(30 * MINUTE) == ""
    assert not any(silence.is_silent(kit, 30 * MINUTE) for kit in KITS[:4])
    ask_until(silence, 41 * MINUTE)
    silence.heard(KITS[0], 40 * MINUTE)
    assert silence.is_silent(KITS[1], 44 * MINUTE) is True, "one that stays away is found all the same"


def test_the_link_asks_and_the_kit_is_found() -> None:
    """Through the link: pings to a quiet kit in the top class, none once it is heard."""
    here = LinkRoom(intervals={KIT: INTERVAL})
    here.knows()
    here.hear()
    here.run(4000)
    here.log.clear()
    sends = here.run(20 * MINUTE)
    assert [fields_of(send)["command"] for _, send in sends] == ["ping"] * ASKS
    assert all(send.top for _, send in sends)
    assert here.link.silence.is_silent(KIT, here.now_ms) is True
    here.hear()
    assert here.link.silence.is_silent(KIT, here.now_ms) is False


def test_a_kit_whose_boot_is_unknown_does_not_keep_the_link_busy() -> None:
    """It cannot be asked; the link looks again now and then, and time passes."""
    here = LinkRoom(intervals={KIT: INTERVAL})
    assert here.run(60 * MINUTE) == []
    assert here.link.silence.is_silent(KIT, here.now_ms) is True


def test_few_false_alarms_in_72_hours() -> None:
    """40 kits that all live, 24 % of every frame lost: at most one false silence a day."""
    chance = Random(1)
    silence = Silence(dict.fromkeys(KITS, INTERVAL), chance)
    beats: list[tuple[int, int]] = []
    for kit in KITS:
        heappush(beats, (int(chance.uniform(0, INTERVAL)), kit))
    false_alarms, questions, deaf, now = 0, 0, 0, 0
    while now < 72 * 60 * MINUTE:
        asking = silence.next_ms(now)
        if asking is not None and max(asking, now + 1) < beats[0][0]:
            now = max(asking, now + 1)
            for kit in silence.to_ask(now):
                silence.asked(kit, now)
                questions += 1
                if chance.random() < 0.76**2:
                    silence.heard(kit, now + 400)
            continue
        now, kit = heappop(beats)
        heappush(beats, (now + INTERVAL, kit))
        if chance.random() >= 0.24:
            false_alarms += silence.is_silent(kit, now) is True
            silence.heard(kit, now)
        if kit == KITS[0]:
            deaf += silence.trouble(now) != ""
    assert false_alarms <= 3
    assert deaf == 0
    assert questions * 0.185 / 72 < 15, "seconds of air an hour"
