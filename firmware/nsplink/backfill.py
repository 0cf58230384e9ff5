"""Records of lost heartbeats in one backfill frame: the bytes behind ``backfill``. Pure.

A record is 9 bytes: counters on since the record before (1-255; the first 0),
time on since it in steps of 10 s (0-255), and a *vital* payload.
"""

from nsplink.frame import BadPayload

VITAL_BYTES = 7
RECORD_BYTES = 2 + VITAL_BYTES
STEP_S = 10
MAX_RECORDS = 10


def pack(records: list) -> tuple:
    """(bytes of the first records that fit into one frame, how many they are).

    ``records``: (counter, seconds on any one scale, vital payload), counters and
    seconds rising; at least one.
    """
    data = b""
    count = 0
    before = records[0]
    steps = 0  # the sum of rounded steps must not drift from the true time
    for record in records[:MAX_RECORDS]:
        on = record[0] - before[0]
        target = (record[1] - records[0][1] + STEP_S // 2) // STEP_S
        if on > 255 or target - steps > 255:
            break
        data += bytes((on, target - steps)) + record[2]
        steps = target
        before = record
        count += 1
    return data, count


def unpack(data: bytes, base_counter: int) -> list:
    """[(counter, seconds since the first record, vital payload)]; BadPayload when these are no records."""
    if not data or len(data) % RECORD_BYTES:
        raise BadPayload("records of %d bytes, expected a multiple of %d" % (len(data), RECORD_BYTES))
    records = []
    counter, seconds = base_counter, 0
    for at in range(0, len(data), RECORD_BYTES):
        on = data[at]
        if (on == 0) != (at == 0):
            raise BadPayload("record %d repeats a counter" % (at // RECORD_BYTES))
        counter += on
        seconds += data[at + 1] * STEP_S
        if counter >= 1 << 32:
            raise BadPayload("counter beyond 32 bits")
        records.append((counter, seconds, data[at + 2 : at + RECORD_BYTES]))
    return records
