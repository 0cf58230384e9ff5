"""One small interface for every radio: ``await send(frame)``, ``await run()``, ``state``, ``reason``."""


class RadioError(Exception):
    """A frame that did not leave, with the radio's own word for it."""
