"""Receive buffer of a UART: a ring of fixed size that refuses what does not fit."""


class Ring:
    """First in, first out; moving bytes in and out allocates nothing."""

    def __init__(self, size) -> None:
        self.count = 0  # bytes waiting
        self._data = bytearray(size)
        self._size = size
        self._first = 0  # index of the oldest

    def put(self, source, count) -> int:
        """Take the first ``count`` bytes of ``source`` as far as they fit; how many did."""
        kept = min(count, self._size - self.count)
        data = self._data
        size = self._size
        place = (self._first + self.count) % size
        for index in range(kept):
            data[place] = source[index]
            place = (place + 1) % size
        self.count += kept
        return kept

    def get(self, target, count) -> None:
        """Move the ``count`` oldest bytes, which must be there, into ``target``."""
        data = self._data
        size = self._size
        place = self._first
        for index in range(count):
            target[index] = data[place]
            place = (place + 1) % size
        self._first = place
        self.count -= count
