import hypothesis.strategies as st
import pytest
from hypothesis import given

from nsplink import calltext, fields, frame

LETTERS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Z")), min_size=1, max_size=30)
NAMES = [name for _, name in calltext.FIELDS]
TYPED = st.dictionaries(st.sampled_from(NAMES), LETTERS, max_size=3)
FALL = {
    "place": "Kerkstraat 12, achterdeur",
    "what": "man gevallen van trap, bloedt uit hoofd",
    "victims": "1",
}


def test_the_wire_of_one_text():
    """Two parts, as they stand in frames: edition 1, index 0 and 1 of last 1, no letter cut in two."""
    text = calltext.packed({"place": "café", "what": "é" * 21})
    assert text == b"pcaf\xc3\xa9\nw" + "é".encode() * 21
    first, second = calltext.split(text, 5)
    assert first == bytes((0b01_000_001,)) + text[:46]
    assert second == bytes((0b01_001_001,)) + text[46:]
    assert fields.TAILS["help"][1] == calltext.PART_BYTES


@given(TYPED, st.integers(0, 9), st.randoms(use_true_random=False))
def test_what_was_typed_arrives_in_any_order_and_more_than_once(typed, edition, random):
    """Parts may be repeated and come in any order: the fields are those that were typed, and no part is missed."""
    tails = calltext.split(calltext.packed(typed), edition) * 2
    random.shuffle(tails)
    assert calltext.joined(tails) == (typed, True)


def test_a_part_that_lacks_is_seen():
    """A person is told where something lacks, and the fields that came are not lost."""
    tails = calltext.split(calltext.packed(FALL), 0)
    assert len(tails) == 2
    values, whole = calltext.joined(tails[:1])
    assert not whole
    assert values["place"] == FALL["place"]
    assert values["what"].endswith(calltext.GAP)
    values, whole = calltext.joined(tails[1:])
    assert (values["what"].startswith(calltext.GAP), values["victims"], whole) == (True, "1", False)


def test_the_newest_edition_counts():
    """What was typed later replaces all of what was typed before, be it shorter; an empty one takes it back."""
    old = calltext.split(calltext.packed(FALL), 0)
    new = calltext.split(calltext.packed({"what": "loos alarm"}), 1)
    assert calltext.joined(old + new) == ({"what": "loos alarm"}, True)
    assert calltext.joined(old + calltext.split(b"", 1)) == ({}, True)
    assert calltext.joined([]) == ({}, True)


def test_more_than_the_parts_carry_is_refused():
    """A text that would be cut off is refused, with how much it is too long."""
    assert len(calltext.split(b"x" * calltext.MOST_BYTES, 0)) == calltext.MOST_PARTS
    with pytest.raises(calltext.TextTooLong) as refused:
        calltext.split(b"x" * (calltext.MOST_BYTES + 3), 0)
    assert refused.value.over == 3


@pytest.mark.parametrize("tail", [b"", b"\x08x", b"\x3fx", b"\x00" * 49, b"\x00\xff", b"\x06x"])
def test_what_is_no_part_is_refused(tail):
    """Too long, an index beyond the last one, more parts than there are, bytes that are no text."""
    with pytest.raises(frame.BadPayload):
        calltext.joined([tail])
    with pytest.raises(frame.BadPayload):
        calltext.edition_of(tail)


@given(st.lists(st.binary(max_size=50), max_size=8))
def test_any_bytes_are_joined_or_refused(tails):
    """Whatever an authentic frame carries, the join gives text or says that it is none."""
    try:
        values, _ = calltext.joined(tails)
    except frame.BadPayload:
        return
    assert all(isinstance(one, str) for one in values.values())
