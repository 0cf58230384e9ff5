"""Encrypt and authenticate: AES-128-CCM (RFC 3610, L = 2, M = 4 or 8) over one-block AES.

The board has AES-ECB only, so CCM is written here once for both interpreters.
Sub-keys keep directions and gateways apart: each has its own counter, and a
nonce must never occur twice under one key.

nonce (13) = version ‖ direction ‖ address (2) ‖ gateway or 0 ‖ counter (4) ‖ 0 (4)
AAD        = header as sent; on a downlink followed by the kit's boot epoch (4)
"""

from nsplink import frame

try:
    from cryptolib import aes as _aes  # the board

    def block_cipher(key: bytes):  # noqa: ANN201 - a function bytes(16) -> bytes(16), not expressible on the board
        """AES-128 of one block under this key."""
        return _aes(key, 1).encrypt

except ImportError:
    try:
        from cryptography.hazmat.primitives.ciphers import Cipher as _Cipher
        from cryptography.hazmat.primitives.ciphers.algorithms import AES as _AES
        from cryptography.hazmat.primitives.ciphers.modes import ECB as _ECB

        def block_cipher(key: bytes):  # noqa: ANN201 - as above
            """AES-128 of one block under this key."""
            # One block at a time: CCM below is the mode.
            return _Cipher(_AES(key), _ECB()).encryptor().update  # noqa: S305 - see the line above

    except ImportError:

        def block_cipher(key: bytes):  # noqa: ANN201 - as above
            """An interpreter without AES: the caller hands one in."""
            raise RuntimeError("no AES on this interpreter")


VERSION = 1
_LENGTH_FIELD = 2


def _xor(a: bytes, b: bytes) -> bytes:
    return bytes(x ^ y for x, y in zip(a, b))


def _mac(encrypt, nonce: bytes, aad: bytes, plain: bytes, tag_length: int) -> bytes:
    """CBC-MAC of B0, AAD and text, before the tag's own encryption; 16 bytes."""
    flags = (0x40 if aad else 0) | (tag_length - 2) // 2 << 3 | (_LENGTH_FIELD - 1)
    blocks = bytes((flags,)) + nonce + len(plain).to_bytes(2, "big")
    if aad:
        blocks += len(aad).to_bytes(2, "big") + aad
        blocks += bytes(-len(blocks) % 16)
    blocks += plain
    blocks += bytes(-len(blocks) % 16)
    mac = bytes(16)
    for at in range(0, len(blocks), 16):
        mac = encrypt(_xor(mac, blocks[at : at + 16]))
    return mac


def _stream(encrypt, nonce: bytes, index: int) -> bytes:
    return encrypt(bytes((_LENGTH_FIELD - 1,)) + nonce + index.to_bytes(2, "big"))


def _crypt(encrypt, nonce: bytes, text: bytes) -> bytes:
    out = b""
    for at in range(0, len(text), 16):
        out += _xor(text[at : at + 16], _stream(encrypt, nonce, at // 16 + 1))
    return out


def ccm_seal(encrypt, nonce: bytes, aad: bytes, plain: bytes, tag_length: int) -> bytes:
    """Ciphertext followed by its tag. ``encrypt``: one-block AES; ``nonce``: 13 bytes."""
    tag = _xor(_mac(encrypt, nonce, aad, plain, tag_length), _stream(encrypt, nonce, 0))
    return _crypt(encrypt, nonce, plain) + tag[:tag_length]


def ccm_open(encrypt, nonce: bytes, aad: bytes, sealed: bytes, tag_length: int) -> bytes:
    """The plain text, or BadTag; nothing of it is given out before the tag is right."""
    if len(sealed) < tag_length:
        raise frame.BadTag("shorter than its tag")
    plain = _crypt(encrypt, nonce, sealed[:-tag_length])
    tag = _xor(_mac(encrypt, nonce, aad, plain, tag_length), _stream(encrypt, nonce, 0))
    difference = 0
    for got, expected in zip(sealed[-tag_length:], tag):
        difference |= got ^ expected
    if difference:
        raise frame.BadTag("tag does not match")
    return plain


class _LinkKey:
    """One direction of one kit's key (and, downwards, of one gateway)."""

    def __init__(self, label: bytes, key: bytes, direction: int, gateway: int, cipher) -> None:
        if len(key) != 16:
            raise ValueError("a key is 16 bytes, not %d" % len(key))
        self._direction = direction
        self._gateway = gateway
        self._encrypt = cipher(cipher(key)(label + bytes(16 - len(label))))

    def _nonce(self, address: int, counter: int, version: int) -> bytes:
        return (
            bytes((version, self._direction, address >> 8, address & 0xFF, self._gateway))
            + counter.to_bytes(4, "big")
            + bytes(4)
        )

    def _seal(self, header: frame.Header, payload: bytes, extra: bytes) -> bytes:
        head = frame.header_bytes(header)
        length = frame.tag_length(header.kind)
        nonce = self._nonce(header.address, header.counter, VERSION)
        return head + ccm_seal(self._encrypt, nonce, head + extra, payload, length)

    def _open(self, data: bytes, header: frame.Header, counter: int, extra: bytes, version: int) -> bytes:
        if header.direction != self._direction:
            raise frame.BadTag("frame of the other direction")
        start = frame.header_length(header.wide)
        nonce = self._nonce(header.address, counter, version)
        return ccm_open(self._encrypt, nonce, data[:start] + extra, data[start:], frame.tag_length(header.kind))


class UplinkKey(_LinkKey):
    """Kit to gateway: K_up = AES_K("nsp1up" ‖ 0..)."""

    def __init__(self, key: bytes, cipher=block_cipher) -> None:
        super().__init__(b"nsp1up", key, frame.UP, 0, cipher)

    def seal(self, header: frame.Header, payload: bytes) -> bytes:
        """Frame on air. ``header.counter``: all 32 bits, never used before under this key."""
        return self._seal(header, payload, b"")

    def open(self, data: bytes, header: frame.Header, counter: int, version: int = VERSION) -> bytes:
        """Payload of a parsed frame, taking its counter to be ``counter``; BadTag otherwise."""
        return self._open(data, header, counter, b"", version)


class DownlinkKey(_LinkKey):
    """Gateway ``gateway`` (0-255) to kit: K_dn(g) = AES_K("nsp1dn" ‖ g ‖ 0..).

    The kit's boot epoch is authenticated: what was sealed for an earlier boot
    does not verify after the next one.
    """

    def __init__(self, key: bytes, gateway: int, cipher=block_cipher) -> None:
        super().__init__(b"nsp1dn" + bytes((gateway,)), key, frame.DOWN, gateway, cipher)

    def seal(self, header: frame.Header, payload: bytes, boot_epoch: int) -> bytes:
        """Frame on air. ``header.counter``: all 32 bits, never used before under this key."""
        return self._seal(header, payload, boot_epoch.to_bytes(4, "big"))

    def open(
        self, data: bytes, header: frame.Header, counter: int, boot_epoch: int, version: int = VERSION
    ) -> bytes:
        """Payload of a parsed frame sealed for this boot; BadTag otherwise."""
        return self._open(data, header, counter, boot_epoch.to_bytes(4, "big"), version)
