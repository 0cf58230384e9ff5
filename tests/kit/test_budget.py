"""The lawful hour over reboots: never forgotten, never invented so that an alarm could not leave."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nspkit import budget
from nspkit.budget import Budget, BudgetError
from nspkit.facts import RtcPart
from nsplink.airtime import HOUR_MS

LIMIT_US = 36_000_000  # 1 %
RESERVE_US = LIMIT_US // 3
SHARED_US = LIMIT_US - RESERVE_US
QUANTUM_US = 2_000_000
FRAME_US = 200_000
MINUTE_MS = 60_000


class Rtc:
    """machine.RTC: its memory outlives a reset, not a power cut."""

    def __init__(self):
        self.kept = b""

    def memory(self, data=None):
        if data is None:
            return self.kept
        assert len(data) <= 300
        self.kept = bytes(data)
        return None


@pytest.fixture
def folder(tmp_path):
    new_kit(tmp_path)
    return f"{tmp_path}/"


def new_kit(folder):
    for name in budget.FILES:
        (folder / name).write_bytes(budget.initial_record())


def spent(hour, now_ms=0):
    """Time on air that counts now."""
    hour.admits(now_ms, 0)
    return hour.ledger.spent_us(now_ms)


def burn(hour, total_us, now_ms=0, top=False):
    """Book frames until ``total_us`` are spent; how many of them wrote flash."""
    writes = 0
    for _ in range(total_us // FRAME_US):
        writes += hour.will_write(now_ms, FRAME_US, top)
        hour.spend(now_ms, FRAME_US, top)
    return writes


def test_a_new_kit_has_its_whole_hour(folder):
    """A kit fresh from the station may speak at once."""
    hour = Budget(folder, LIMIT_US)
    assert hour.left_permille(0) == 1000
    assert hour.admits(0, SHARED_US)
    assert not hour.admits(0, SHARED_US + 1)
    assert hour.admits(0, LIMIT_US, top=True)


def test_flash_is_written_once_for_each_quantum(folder):
    """Frames of a few hundred ms share one write to flash; a steady hour needs none."""
    hour = Budget(folder, LIMIT_US)
    assert burn(hour, 20_000_000) == 10
    writes = 0
    for minute in range(1, 600):
        if hour.admits(minute * MINUTE_MS, FRAME_US):
            writes += hour.will_write(minute * MINUTE_MS, FRAME_US)
            hour.spend(minute * MINUTE_MS, FRAME_US)
    assert writes < 10


def test_after_a_power_cut_the_reserved_figure_counts_as_spent_now(folder):
    """What may have been on the air before the cut counts for a whole hour after it, and then no more."""
    burn(Budget(folder, LIMIT_US), 5_000_000)
    hour = Budget(folder, LIMIT_US)
    assert 5_000_000 <= spent(hour, 9_000_000) <= 5_000_000 + QUANTUM_US
    assert spent(hour, 9_000_000 + HOUR_MS - MINUTE_MS) == spent(hour, 9_000_000)
    assert spent(hour, 9_000_000 + HOUR_MS + 2 * MINUTE_MS) == 0


def test_a_boot_that_sends_nothing_writes_nothing(folder, tmp_path):
    """A brown-out loop neither wears the flash nor eats the hour."""
    burn(Budget(folder, LIMIT_US), 5_000_000)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    figures = {spent(Budget(folder, LIMIT_US)) for _ in range(50)}
    assert len(figures) == 1
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_no_number_of_reboots_takes_the_top_class_its_part(folder):
    """A kit that reboots and speaks all day long can still send an alarm, and loses to each alarm only its own time."""
    for _ in range(100):
        hour = Budget(folder, LIMIT_US)
        if hour.admits(0, FRAME_US):
            hour.spend(0, FRAME_US)
    assert not hour.admits(0, FRAME_US)
    for alarms in range(RESERVE_US // FRAME_US):
        hour = Budget(folder, LIMIT_US)
        assert spent(hour) == SHARED_US + alarms * FRAME_US
        hour.spend(0, FRAME_US, top=True)
    assert not Budget(folder, LIMIT_US).admits(0, FRAME_US, top=True)


def test_a_frame_beyond_the_law_is_never_booked(folder):
    """Whoever forgets to ask is refused at the last door, and nothing is written."""
    hour = Budget(folder, LIMIT_US)
    assert not hour.will_write(0, SHARED_US + 1)
    with pytest.raises(BudgetError, match="not lawful"):
        hour.spend(0, SHARED_US + 1)
    assert spent(hour) == 0


def test_a_quiet_hour_brings_the_figure_down(folder):
    """A burst of this morning does not cost the kit an hour after the power cut of tonight."""
    hour = Budget(folder, LIMIT_US)
    burn(hour, 20_000_000)
    later = 3 * HOUR_MS
    assert hour.will_write(later, FRAME_US)
    hour.spend(later, FRAME_US)
    assert spent(Budget(folder, LIMIT_US)) == FRAME_US + QUANTUM_US


@pytest.mark.parametrize("lost", [(0,), (1,), (0, 1)])
@pytest.mark.parametrize("left", [None, 0, 7, 15])
def test_a_lost_record_counts_as_all_but_the_top_class_spent(folder, tmp_path, lost, left):
    """Not knowing is not a free hour; the alarm still leaves, and then both records are good again."""
    burn(Budget(folder, LIMIT_US), 5_000_000)
    for index in lost:
        path = tmp_path / budget.FILES[index]
        path.unlink() if left is None else path.write_bytes(path.read_bytes()[:left])
    hour = Budget(folder, LIMIT_US)
    assert not hour.admits(0, FRAME_US)
    assert hour.will_write(0, FRAME_US, top=True)
    hour.spend(0, FRAME_US, top=True)
    assert spent(Budget(folder, LIMIT_US)) == SHARED_US + FRAME_US


def test_a_figure_of_another_band_counts_as_all_but_the_top_class_spent(folder):
    """A kit that moves from a 10 % to a 1 % band keeps its alarms."""
    burn(Budget(folder, 10 * LIMIT_US), 100_000_000)
    hour = Budget(folder, LIMIT_US)
    assert spent(hour) == SHARED_US
    assert hour.admits(0, FRAME_US, top=True)


def test_a_flash_that_fails_stops_the_transmission(folder, tmp_path):
    """What cannot be reserved is not sent, and is not booked."""
    hour = Budget(folder, LIMIT_US)
    for name in budget.FILES:
        (tmp_path / name).unlink()
        (tmp_path / name).mkdir()
    with pytest.raises(BudgetError, match="cannot be written"):
        hour.spend(0, FRAME_US)
    assert spent(hour) == 0


def test_after_a_watchdog_reset_the_ledger_is_exact(folder):
    """A reset that leaves the clock's memory costs the kit nothing of its hour, and gives it nothing."""
    rtc = Rtc()
    hour = Budget(folder, LIMIT_US, rtc)
    for minute in range(60):
        hour.spend(minute * MINUTE_MS + 59_900, FRAME_US)  # ends in the next minute
    assert spent(hour, HOUR_MS) == 60 * FRAME_US
    again = Budget(folder, LIMIT_US, rtc, warm=True)
    assert spent(again, 0) == 60 * FRAME_US
    assert spent(again, 31 * MINUTE_MS) == 30 * FRAME_US
    cold = Budget(folder, LIMIT_US, rtc)
    assert spent(cold, 31 * MINUTE_MS) > 60 * FRAME_US


@pytest.mark.parametrize("change", [0, 5, 100, 255])
def test_a_memory_that_is_not_whole_is_not_believed(folder, change):
    """Rubbish in the clock's memory, or another band's hour, leads back to the figure in flash."""
    rtc = Rtc()
    burn(Budget(folder, LIMIT_US, rtc), 5_000_000)
    whole = rtc.kept
    figure = spent(Budget(folder, LIMIT_US))
    for kept in (b"", whole[:change], whole[:change] + b"\x55\xaa" + whole[change + 2 :]):
        rtc.kept = kept
        assert spent(Budget(folder, LIMIT_US, rtc, warm=True)) == figure
    rtc.kept = whole
    assert spent(Budget(folder, LIMIT_US, rtc, warm=True)) == 5_000_000
    assert spent(Budget(folder, LIMIT_US + 1, rtc, warm=True)) == figure


def test_a_frame_that_the_radio_refused_is_taken_back(folder):
    """What never was on the air does not count, nor after a reset."""
    rtc = Rtc()
    hour = Budget(folder, LIMIT_US, rtc)
    burn(hour, 1_000_000)
    hour.spend(0, FRAME_US)
    hour.take_back(FRAME_US)
    assert spent(hour) == spent(Budget(folder, LIMIT_US, rtc, warm=True)) == 1_000_000


STEPS = st.lists(
    st.tuples(
        st.sampled_from(("frame", "frame", "frame", "alarm", "cut", "reset")),
        st.integers(1_000, 2_500_000),  # us of a frame
        st.integers(0, 20 * MINUTE_MS),  # ms until it
    ),
    max_size=80,
)


@settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS, limit_us=st.sampled_from((3_600_000, LIMIT_US, 10 * LIMIT_US)))
def test_no_rolling_hour_exceeds_the_law(tmp_path_factory, steps, limit_us):
    """Whatever is sent, cut and reset: what was on the air in any hour is lawful, and the figure never below it."""
    folder = tmp_path_factory.mktemp("hour")
    new_kit(folder)
    rtc = Rtc()
    hour = Budget(f"{folder}/", limit_us, rtc)
    real_ms, booted_ms = 0, 0
    sent = []
    for verb, air_us, wait_ms in steps:
        real_ms += wait_ms
        if verb in ("cut", "reset"):
            if verb == "cut":
                rtc.kept = b""
            hour = Budget(f"{folder}/", limit_us, rtc, warm=verb == "reset")
            booted_ms = real_ms
        elif hour.admits(real_ms - booted_ms, air_us, top=verb == "alarm"):
            hour.spend(real_ms - booted_ms, air_us, top=verb == "alarm")
            sent.append((real_ms, air_us))
            real_ms += air_us // 1000
        truth = sum(air for at, air in sent if at > real_ms - HOUR_MS)
        assert truth <= spent(hour, real_ms - booted_ms) <= limit_us


def test_a_sleep_of_a_month_empties_the_hour_and_years_of_it_take_nothing_away(folder):
    """A kit in a cupboard may speak each month as in the first; a cut right after still counts what was on the air."""
    memory = Rtc()
    rtc = RtcPart(memory, 0, budget.RTC_BYTES)  # as the kit has it: what is shorter is filled up
    for month in range(60):
        budget.rested(rtc)
        hour = Budget(folder, LIMIT_US, rtc, warm=month > 0)
        assert spent(hour) == 0
        burn(hour, 3_000_000)
    assert spent(Budget(folder, LIMIT_US, rtc, warm=True)) == 3_000_000
    assert 3_000_000 <= spent(Budget(folder, LIMIT_US)) <= 3_000_000 + 3 * QUANTUM_US
    memory.kept = before = memory.kept[:50] + b"?" + memory.kept[51:]
    budget.rested(rtc)
    assert memory.kept == before
