"""The gateway's quick way to read payloads and the library's own give the same, also of what is wrong."""

from __future__ import annotations

import random
import re

import pytest

from nspgateway import unpack
from nsplink import message
from nsplink.fields import MESSAGES
from nsplink.frame import BadPayload


@pytest.mark.parametrize("kind", sorted(MESSAGES))
def test_the_quick_way_reads_what_the_library_reads(kind: str) -> None:
    """Two ways to read one payload must never tell two stories: any bytes, of every kind, also spoilt ones."""
    chance = random.Random(kind)
    length = message.payload_length(kind)
    refused = read = 0
    for _ in range(300):
        payload = chance.randbytes(length + chance.choice((0, 0, 0, -1, 1)))
        if chance.random() < 0.5:
            # Few payloads by chance have the padding that theirs must have.
            payload = payload[:-1] + b"\0"
        try:
            expected = message.decode(kind, payload)
        except BadPayload as error:
            with pytest.raises(BadPayload, match=re.escape(str(error))):
                unpack.decode(kind, payload)
            refused += 1
        else:
            assert unpack.decode(kind, payload) == expected
            assert list(unpack.decode(kind, payload)) == list(expected)
            read += 1
    assert refused
    assert read
