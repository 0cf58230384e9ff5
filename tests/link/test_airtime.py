from hypothesis import given
from hypothesis import strategies as st

from nsplink.airtime import HOUR_MS, DutyLedger


def test_the_reserve_is_for_the_top_class_alone():
    """When heartbeats have burnt their share, an alarm still leaves, and then the law ends it."""
    ledger = DutyLedger(36_000_000, 12_000_000)
    while ledger.admits(0, 185_000):
        ledger.spend(0, 185_000)
    assert ledger.spent_us(0) <= 24_000_000
    alarms = 0
    while ledger.admits(0, 185_000, top=True):
        ledger.spend(0, 185_000)
        alarms += 1
    assert alarms >= 64
    assert ledger.spent_us(0) <= 36_000_000


@given(
    st.lists(st.tuples(st.integers(0, 90_000), st.integers(10_000, 2_000_000), st.booleans()), max_size=120)
)
def test_no_rolling_hour_exceeds_the_limit(requests):
    """Whatever is asked for and when, the time on air in any hour stays within the band's."""
    ledger, now, sent = DutyLedger(36_000_000, 12_000_000), 0, []
    for wait, air_us, top in requests:
        now += wait
        if ledger.admits(now, air_us, top):
            ledger.spend(now, air_us)
            sent.append((now, air_us))
    for end, _ in sent:
        assert sum(air for at, air in sent if end - HOUR_MS < at <= end) <= 36_000_000


def test_airtime_comes_back_after_an_hour():
    """A spent band is free again, at most one slot late."""
    ledger = DutyLedger(1_000_000, 0)
    ledger.spend(30_000, 1_000_000)
    assert not ledger.admits(HOUR_MS, 1)
    assert ledger.admits(HOUR_MS + 60_000, 1_000_000)


@given(
    st.lists(st.tuples(st.integers(0, 900_000), st.integers(10_000, 900_000)), max_size=60),
    st.integers(0, 7_000_000),
)
def test_a_ledger_taken_up_again_is_never_below_the_truth(spends, later_ms):
    """What survives a reset goes on counting as if no time had passed: lawful, whatever the break was."""
    before, now = DutyLedger(360_000_000, 0), 0
    for wait, air_us in spends:
        now += wait
        before.spend(now, air_us)
    after = DutyLedger(360_000_000, 0)
    after.take_up(0, before.by_age(now))
    assert after.spent_us(0) == before.spent_us(now)
    assert after.spent_us(later_ms) >= before.spent_us(now + later_ms + 60_000)
    assert after.spent_us(HOUR_MS + 120_000) == 0


def test_what_is_left_is_told():
    """A status frame says how much of the lawful hour is left, and never less than nothing."""
    ledger = DutyLedger(1_000_000, 300_000)
    ledger.spend(0, 250_000)
    assert ledger.left_permille(0) == 750
    ledger.spend(0, 900_000)
    assert ledger.left_permille(0) == 0
