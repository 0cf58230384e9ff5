"""Opens what kits sealed, by the library's own AES-CCM: what ``nsplink.seal`` does in Python, for the gateway's pace."""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESCCM

from nsplink import frame, seal

_TAG_LENGTHS = (4, 8)


class UplinkKey(seal.UplinkKey):
    """A kit's uplink key; ``open`` gives what the one of ``nsplink`` gives."""

    def __init__(self, key: bytes) -> None:
        used: list[bytes] = []

        def cipher(block_key: bytes) -> object:
            used.append(block_key)
            return seal.block_cipher(block_key)

        super().__init__(key, cipher)
        # The last one is the sub-key of this direction.
        self._ccm = {length: AESCCM(used[-1], tag_length=length) for length in _TAG_LENGTHS}

    def _open(self, data: bytes, header: frame.Header, counter: int, extra: bytes, version: int) -> bytes:
        if header.direction != self._direction:
            raise frame.BadTag("frame of the other direction")
        start, length = frame.header_length(header.wide), frame.tag_length(header.kind)
        if len(data) < start + length:
            raise frame.BadTag("shorter than its tag")
        nonce = self._nonce(header.address, counter, version)
        try:
            return self._ccm[length].decrypt(nonce, data[start:], data[:start] + extra)
        except InvalidTag:
            raise frame.BadTag("tag does not match") from None
