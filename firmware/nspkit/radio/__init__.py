"""One small interface for every radio.

``await run()`` keeps it alive for ever; ``await send(frame, air_ms, top)``, which for the top
class goes out however busy the channel is; ``await clear()``:
whether nobody else is heard, as far as it can tell; ``await retune(words)`` of the
physical layer; ``state``, "up" or "down", with ``cause``, a stable word, and ``reason``,
a sentence; ``counts`` of what went wrong and was done about it.
"""


class RadioError(Exception):
    """A frame that may not have left, with the radio's own word for it."""


class RadioRefused(RadioError):
    """A frame that the radio did not take: nothing was on the air."""


class RadioBusy(RadioRefused):
    """Others talk: a frame that can wait does."""
