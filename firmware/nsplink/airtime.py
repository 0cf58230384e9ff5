"""Time on air of a LoRa frame, and the ledger of a lawful hour. Integers only: us and ms.

Formula: Semtech SX1261/2 data sheet, 6.1.4 (SX1276: the same with its own
constants for SF6).
"""

HOUR_MS = 3_600_000
_SLOT_MS = 60_000
_SLOTS = 64  # more than the minutes of an hour, so that no slot that counts is used again


def time_on_air_us(
    sf: int,
    bandwidth_hz: int,
    coding_rate: int,
    payload_length: int,
    preamble: int = 8,
    explicit: bool = True,
    crc: bool = True,
    chip: str = "sx126x",
) -> int:
    """Time on air in us, rounded up. ``coding_rate``: 5-8 for 4/5-4/8; ``sf``: 5-12."""
    low_rate = (1 << sf) * 1000 >= 16 * bandwidth_hz  # symbols of 16 ms and longer
    short = chip == "sx126x" and sf < 7
    bits = 8 * payload_length + (16 if crc else 0) - 4 * sf + (20 if explicit else 0) + (0 if short else 8)
    per_block = 4 * (sf - (2 if low_rate else 0))
    blocks = -(-max(bits, 0) // per_block)
    quarters = 4 * (preamble + 8 + blocks * coding_rate) + (25 if short else 17)
    return -(-quarters * (1 << sf) * 250_000 // bandwidth_hz)


class DutyLedger:
    """Time on air spent in the last hour, in minute slots.

    A slot counts until it lies wholly more than an hour back, so the ledger
    errs by up to a minute on the lawful side. ``limit_us``: what the sub-band
    allows in an hour; ``reserve_us``: the part only the top class may use.
    """

    def __init__(self, limit_us: int, reserve_us: int) -> None:
        self.limit_us = limit_us
        self.reserve_us = reserve_us
        self._minutes = [-1] * _SLOTS  # minute that a slot is of, -1 = none
        self._spent_us = [0] * _SLOTS
        self._last = 0  # slot of the last transmission

    def spent_us(self, now_ms: int) -> int:
        """Time on air that counts against the hour that ends now."""
        oldest = _minute(now_ms - HOUR_MS)
        total = 0
        for slot in range(_SLOTS):
            if self._minutes[slot] >= oldest:
                total += self._spent_us[slot]
        return total

    def admits(self, now_ms: int, air_us: int, top: bool = False) -> bool:
        """Whether one more frame of ``air_us`` is lawful and leaves the reserve alone."""
        return self.spent_us(now_ms) + air_us <= self.bound_us(top)

    def bound_us(self, top: bool) -> int:
        """What may be spent in an hour: all of it by the top class, up to the reserve by the others."""
        return self.limit_us if top else self.limit_us - self.reserve_us

    def left_permille(self, now_ms: int) -> int:
        """What is left of the lawful hour, 0.1 %."""
        return max(0, self.limit_us - self.spent_us(now_ms)) * 1000 // self.limit_us

    def spend(self, now_ms: int, air_us: int) -> None:
        """Book a transmission that starts now, before it starts."""
        minute = _minute(now_ms + air_us // 1000)
        self._last = slot = minute % _SLOTS
        if self._minutes[slot] != minute:
            self._minutes[slot] = minute
            self._spent_us[slot] = 0
        self._spent_us[slot] += air_us

    def take_back(self, air_us: int) -> None:
        """Undo the last ``spend``: the radio took nothing."""
        self._spent_us[self._last] -= air_us

    def by_age(self, now_ms: int) -> list:
        """Us spent in each minute of the last hour, this minute first: what survives a reset."""
        this = _minute(now_ms)
        ages = [0] * (_SLOTS - 3)
        for slot in range(_SLOTS):
            age = this - self._minutes[slot]
            if self._minutes[slot] >= 0 and 0 <= age < len(ages):
                ages[age] += self._spent_us[slot]
        return ages

    def take_up(self, now_ms: int, ages: list) -> None:
        """Go on from what ``by_age`` gave, as if no time had passed since; a single entry counts as spent now."""
        for age, spent_us in enumerate(ages[: _SLOTS - 3]):
            minute = _minute(now_ms) - age
            slot = minute % _SLOTS
            if self._minutes[slot] != minute:
                self._minutes[slot] = minute
                self._spent_us[slot] = 0
            self._spent_us[slot] += spent_us


def _minute(now_ms: int) -> int:
    """Number of a minute; those of the hour before the clock's start are not negative."""
    return now_ms // _SLOT_MS + _SLOTS
