"""One small interface for every radio: ``await send(frame)``, ``await run()``, ``state``, ``reason``."""


class RadioError(Exception):
    """A frame that may not have left, with the radio's own word for it."""


class RadioRefused(RadioError):
    """A frame that the radio did not take: nothing was on the air."""
