"""A small record kept across power cuts: two files, of which the older is overwritten, and read back.

A cut at any moment leaves at least the copy that was not being written. What a
record says, and which of two is the newer, is its owner's to tell.
"""


class FlashError(Exception):
    """The flash did not take the record; the one before it still stands."""


class TwoCopies:
    """The copies in files ``names`` below ``folder``, a path prefix, "" on the board.

    ``rank(data)``: rises from each record to the next; None when the record is not valid.
    """

    def __init__(self, folder: str, names: tuple, rank) -> None:
        self._paths = [folder + name for name in names]
        ranks = []
        self.newest: bytes | None = None
        for path in self._paths:
            data = _read(path)
            ranks.append(None if data is None else rank(data))
            if ranks[-1] is not None and (ranks[0] is None or ranks[-1] >= ranks[0]):
                self.newest = data
        self.lone = (ranks[0] is None) != (ranks[1] is None)  # the other copy, lost or torn, may have been the newer
        # The older or missing copy is overwritten first.
        self._target = 0 if ranks[0] is None or (ranks[1] is not None and ranks[0] < ranks[1]) else 1

    def write(self, data: bytes) -> None:
        """Put ``data`` in the place of the older copy; it is safe when this returns. Raises FlashError."""
        path = self._paths[self._target]
        try:
            with open(path, "wb") as file:
                file.write(data)
        except OSError as error:
            raise FlashError("%s cannot be written (%s): flash full or failing" % (path, error)) from None
        if _read(path) != data:
            raise FlashError("%s does not read back what was written: flash failing" % path)
        self._target = 1 - self._target


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None
