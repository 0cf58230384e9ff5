import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsplink import backfill, fields, frame, message, timing

VITAL = bytes(range(7))


@given(
    st.integers(0, 2**31),
    st.lists(st.tuples(st.integers(1, 400), st.integers(0, 4000)), max_size=14),
)
def test_records_come_back_in_order_and_in_time(first, steps):
    """What fits into a frame is read back with its counters, and at most 5 s off in time however many there are."""
    records, counter, second = [(first, 1000, VITAL)], first, 1000
    for on, later in steps:
        counter, second = counter + on, second + later
        records.append((counter, second, VITAL))
    data, count = backfill.pack(records)
    assert 1 <= count <= backfill.MAX_RECORDS
    assert len(data) <= fields.TAILS["backfill"][1]
    back = backfill.unpack(data, first)
    assert [record[0] for record in back] == [record[0] for record in records[:count]]
    for got, sent in zip(back, records, strict=False):
        assert abs(got[1] - (sent[1] - 1000)) <= backfill.STEP_S / 2
        assert got[2] == VITAL
    if count < len(records) and count < backfill.MAX_RECORDS:
        assert (
            records[count][0] - records[count - 1][0] > 255
            or records[count][1] - records[count - 1][1] > 2540
        )


def test_a_record_is_a_vital_payload():
    """The two tables agree on what a heartbeat is."""
    assert message.payload_length("vital") == backfill.VITAL_BYTES


@pytest.mark.parametrize(
    "data", [b"", bytes(8), bytes(10), bytes(18), bytes((1, 0)) + VITAL, bytes(9) + bytes((0, 1)) + VITAL]
)
def test_what_are_no_records_is_refused(data):
    """Half a record, none, or one that names a counter twice is malformed, not guessed at."""
    with pytest.raises(frame.BadPayload):
        backfill.unpack(data, 5)


def test_counters_stay_in_32_bits():
    """Records that run over the last counter are none."""
    with pytest.raises(frame.BadPayload):
        backfill.unpack(bytes(9) + bytes((200, 0)) + VITAL, (1 << 32) - 10)


def test_retries_double_to_five_minutes():
    """The schedule that keeps an alarm within 10 s and a waiting kit within its lawful hour."""
    windows = [timing.retry_window_ms(attempt) // 1000 for attempt in range(1, 30)]
    assert windows[:13] == [1, 2, 4, 16, 16, 16, 20, 30, 60, 120, 240, 300, 300]
    assert set(windows[13:]) == {300}


def test_minutes_of_the_gateway_are_small_and_never_unknown():
    """A moment of the gateway's clock fits the field and keeps its minute."""
    at = 1_795_000_000
    assert timing.utc_min(1_767_225_600) == 0
    assert (timing.utc_min(at + 3600) - timing.utc_min(at)) % 65_535 == 60
    assert all(0 <= timing.utc_min(at + 60 * n * 997) < 65_535 for n in range(200))
