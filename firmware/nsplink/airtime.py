"""Time on air of a LoRa frame, and the ledger of a lawful hour. Integers only: us and ms.

Formula: Semtech SX1261/2 data sheet, 6.1.4 (SX1276: the same with its own
constants for SF6).
"""

HOUR_MS = 3_600_000
_SLOT_MS = 60_000


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
        self._slots: list = []  # [minute, us], oldest first

    def spent_us(self, now_ms: int) -> int:
        """Time on air that counts against the hour that ends now."""
        while self._slots and (self._slots[0][0] + 1) * _SLOT_MS + HOUR_MS <= now_ms:
            self._slots.pop(0)
        return sum(slot[1] for slot in self._slots)

    def admits(self, now_ms: int, air_us: int, top: bool = False) -> bool:
        """Whether one more frame of ``air_us`` is lawful and leaves the reserve alone."""
        limit = self.limit_us if top else self.limit_us - self.reserve_us
        return self.spent_us(now_ms) + air_us <= limit

    def spend(self, now_ms: int, air_us: int) -> None:
        """Book a transmission that starts now, before it starts."""
        minute = (now_ms + air_us // 1000) // _SLOT_MS
        if self._slots and self._slots[-1][0] >= minute:
            self._slots[-1][1] += air_us
        else:
            self._slots.append([minute, air_us])

    def take_back(self, air_us: int) -> None:
        """Undo the last ``spend``: the radio took nothing."""
        self._slots[-1][1] -= air_us
