import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nspgateway import bulletin
from nsplink import message

TEXT = "Water is te koken voor gebruik. Kraanwagen bij de kerk, ook ’s avonds. ".encode() * 12


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.binary(min_size=1, max_size=bulletin.MAX_BYTES))
def test_fragments_put_together_are_the_text(text):
    """No byte is lost between two fragments, also where a character lies across them, and all fit a frame."""
    sent = [message.encode("fragment", values) for values in bulletin.fragments(3, 2, text)]
    got = [message.decode("fragment", payload) for payload in sent]
    assert b"".join(values["data"] for values in got) == text
    assert [values["fragment"] for values in got] == list(range(len(got)))
    assert {values["last_fragment"] for values in got} == {len(got) - 1}
    assert all(len(values["data"]) == bulletin.FRAGMENT_BYTES for values in got[:-1])


def test_release_names_the_text_by_its_digest():
    """What a kit checks is SHA-256 of the bytes that were cut up; an end and a predecessor travel with it."""
    values = message.decode(
        "release",
        message.encode("release", bulletin.release(3, 2, TEXT, expires_min=65_534, replaces=2)),
    )
    assert values == {
        "bulletin": 3,
        "revision": 2,
        "bulletin_bytes": len(TEXT),
        "digest": int(hashlib.sha256(TEXT).hexdigest()[:16], 16),
        "expires_min": 65_534,
        "replaces": 2,
    }
    bare = message.decode("release", message.encode("release", bulletin.release(3, 2, TEXT)))
    assert bare["expires_min"] is None
    assert bare["replaces"] is None


def test_an_empty_text_has_a_release_and_no_fragments():
    """Taking a message down needs nothing on the air but the release."""
    assert bulletin.fragments(3, 2, b"") == []
    assert bulletin.release(3, 2, b"", replaces=2)["bulletin_bytes"] == 0


def test_a_text_that_is_too_long_is_refused_with_its_length():
    """Who wrote it learns how much must go, before anything is sent."""
    text = bytes(bulletin.MAX_BYTES + 1)
    for refuse in (bulletin.fragments, bulletin.release):
        with pytest.raises(ValueError, match="1537 bytes, a message to residents at most 1536"):
            refuse(3, 2, text)


def receipt(stage, lacking, number=3, revision=2):
    return {"bulletin": number, "revision": revision, "receipt_stage": stage, "lacking": lacking}


def test_what_several_kits_lack_is_repeated_once():
    """The union of the requests for this very message; other messages and stages ask for nothing."""
    receipts = [
        receipt("incomplete", 0b0000_0101),
        receipt("incomplete", 0b0000_0100),
        receipt("mismatch", 0b0010_0000),
        receipt("received", 0b0000_0010),
        receipt(None, 0b0000_0010),
        receipt("incomplete", 0b0000_1000, number=4),
        receipt("incomplete", 0b0000_1000, revision=1),
    ]
    assert bulletin.to_repeat(3, 2, 600, receipts) == (0, 2, 5)
    assert bulletin.to_repeat(3, 2, 600, []) == ()


def test_a_fragment_that_the_text_has_not_is_not_repeated():
    """A kit that asks for more than there is costs no airtime for it."""
    assert bulletin.to_repeat(3, 2, 97, [receipt("mismatch", 0xFFFF)]) == (0, 1)
    assert bulletin.to_repeat(3, 2, 96, [receipt("mismatch", 0xFFFF)]) == (0,)


def test_a_kit_that_is_lied_to_gets_the_digest_of_each_fragment():
    """All but the last, each named by where it ends: what is needed to tell a wrong one, and only when asked."""
    parts = bulletin.part_releases(3, 2, TEXT)
    pieces = bulletin.fragments(3, 2, TEXT)
    assert [part["bulletin_bytes"] for part in parts] == [
        96 * (index + 1) for index in range(len(pieces) - 1)
    ]
    for part, piece in zip(parts, pieces, strict=False):
        assert part["digest"] == int(hashlib.sha256(piece["data"]).hexdigest()[:16], 16)
    assert bulletin.part_releases(3, 2, TEXT[:96]) == []
    assert bulletin.is_forged(receipt("mismatch", 0))
    assert not bulletin.is_forged(receipt("mismatch", 3))
    assert not bulletin.is_forged(receipt("incomplete", 0))
