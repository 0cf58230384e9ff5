"""What can go wrong with one board, in words for who stands beside it.

FlashError
 +- PortGone        the port is not there, or another program holds it
 +- Unplugged       it was there and went away
 +- NoAnswer        nothing on it speaks MicroPython
 +- NoLoader        the chip is not in its loader, which alone can write an image
 +- BoardFault      the board says what went wrong
 +- WrongBoard      not the board that this kit is to be put on
 +- NotVerified     what is on the board is not what was copied
 +- SelfTestFailed  it is as it should be, and a part of it does not work
 +- ImageUnfit      the MicroPython image is not the one that was meant, or not for this use
 +- NotPrepared     the cache lacks what is needed, or what is in it was changed; or there is no board or no mpremote
     +- NotFetched  what is prepared cannot be had over the network
"""

from __future__ import annotations

from nspgateway.errors import GatewayError


class FlashError(GatewayError):
    """A board cannot be flashed; the text says why and what to do."""


class PortGone(FlashError):
    """The port cannot be opened."""


class Unplugged(FlashError):
    """The board went away in the middle."""


class NoAnswer(FlashError):
    """Nothing there answers as MicroPython does."""


class NoLoader(NoAnswer):
    """The chip's loader does not answer."""


class BoardFault(FlashError):
    """The board itself reports an error."""


class WrongBoard(FlashError):
    """The board belongs elsewhere, or is of another kind."""


class NotVerified(FlashError):
    """Files on the board differ from their sources."""


class SelfTestFailed(FlashError):
    """Parts of the kit do not work."""


class ImageUnfit(FlashError):
    """The image cannot be used."""

    exit_code = 2


class NotPrepared(FlashError):
    """What flashing needs is not here."""

    exit_code = 2


class NotFetched(NotPrepared):
    """The network, or who answers there, does not give what is asked for."""

    exit_code = 1
