import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsplink import frame, message, seal
from nsplink.fields import BITSET, FIELDS, LINEAR, MESSAGES, RAW, STEPS, TAILS, WORDS

KEY = bytes(range(16))
OTHER = bytes(range(1, 17))
ADDRESS = frame.address(301, 5)


def sealed(kind="vital", *, counter=70000, wide=False, key=KEY, address=ADDRESS):
    header = frame.Header(frame.UP, kind, address, 0, False, wide, counter)
    return seal.UplinkKey(key).seal(header, message.encode(kind, {"fuel_permille": 475}))


def receive(data):
    header, _ = frame.parse(data)
    return seal.UplinkKey(KEY).open(data, header, 70000 & ~0xFFFF | header.counter)


def test_sizes_on_air():
    """Airtime is bought in steps of a few bytes: vital, full and status stay below theirs."""
    sizes = {
        k: frame.frame_length(k, message.payload_length(k), wide=False) for k in ("vital", "full", "status")
    }
    assert sizes == {"vital": 17, "full": 29, "status": 24}


@pytest.mark.parametrize("bit", range(17 * 8))
def test_every_flipped_bit_is_refused(bit):
    """A frame changed in any one bit gives an error of the tree and never a value."""
    data = bytearray(sealed())
    data[bit // 8] ^= 1 << bit % 8
    with pytest.raises(frame.FrameError):
        receive(bytes(data))


@pytest.mark.parametrize("length", range(17))
def test_every_truncation_is_refused(length):
    """A frame cut off anywhere gives an error of the tree."""
    with pytest.raises(frame.FrameError):
        receive(sealed()[:length])


def test_wrong_key_address_counter_direction_and_epoch_are_refused():
    """What was sealed for one key, kit, counter, direction and boot opens under no other."""
    data = sealed()
    header, _ = frame.parse(data)
    with pytest.raises(frame.BadTag):
        seal.UplinkKey(OTHER).open(data, header, 70000)
    with pytest.raises(frame.BadTag):
        seal.UplinkKey(KEY).open(data, header, 70000 + 0x10000)
    with pytest.raises(frame.BadTag):
        seal.UplinkKey(KEY).open(data, header._replace(address=ADDRESS + 1), 70000)
    with pytest.raises(frame.BadTag):
        seal.DownlinkKey(KEY, 7).open(data, header, 70000, 0)
    down = frame.Header(frame.DOWN, "ack", ADDRESS, 0, False, False, 9)
    ack = seal.DownlinkKey(KEY, 7).seal(down, b"ok", 128)
    parsed, _ = frame.parse(ack)
    assert seal.DownlinkKey(KEY, 7).open(ack, parsed, 9, 128) == b"ok"
    with pytest.raises(frame.BadTag):
        seal.DownlinkKey(KEY, 7).open(ack, parsed, 9, 192)
    with pytest.raises(frame.BadTag):
        seal.DownlinkKey(KEY, 8).open(ack, parsed, 9, 128)


def test_short_tags_only_for_what_may_not_act():
    """Only periodic telemetry carries 4 bytes of tag; all that clears or commands carries 8."""
    short = [kind for kind in frame.KINDS_UP + frame.KINDS_DOWN if frame.tag_length(kind) == 4]
    assert short == ["vital", "full", "status"]


@given(st.binary(max_size=130))
def test_noise_gives_only_errors_of_the_tree(data):
    """Whatever the air brings, the parser answers with a header or a FrameError."""
    try:
        header, length = frame.parse(data)
    except frame.FrameError:
        return
    assert data[0] == 0xE0
    assert len(data) >= length + frame.tag_length(header.kind)


@given(st.data())
def test_what_is_encoded_is_decoded(data):
    """Each value of each field that its code can name survives the wire; unknown stays unknown."""
    kind = data.draw(st.sampled_from(sorted(MESSAGES)))
    rows = {row[1]: row for row in FIELDS}
    values = {
        name: data.draw(st.none() | on_grid(rows[name])) for name in MESSAGES[kind] if rows[name][3] != RAW
    }
    values |= {name: data.draw(on_grid(rows[name])) for name in MESSAGES[kind] if rows[name][3] == RAW}
    if kind in TAILS:
        name, most = TAILS[kind]
        values[name] = data.draw(st.binary(max_size=most))
    assert message.decode(kind, message.encode(kind, values)) == values


def on_grid(row):
    codec, params = row[3], row[4]
    if codec == RAW:
        return st.integers(0, (1 << row[2]) - 1)
    if codec == WORDS:
        return st.sampled_from(params)
    if codec == BITSET:
        return st.integers(0, (1 << len(params)) - 1)
    if codec == LINEAR:
        lo, hi, step = params
        return st.integers(0, (hi - lo) // step).map(lambda code: lo + code * step)
    assert codec == STEPS
    return st.one_of(
        [
            st.integers(0, (last - first) // step).map(lambda code, f=first, s=step: f + code * s)
            for first, last, step in params
        ]
    )


@given(st.sampled_from(FIELDS).filter(lambda row: row[3] in (LINEAR, STEPS)), st.integers(-100000, 2000000))
def test_rounding_is_to_the_nearest_code_and_out_of_limits_is_unknown(row, value):
    """No value moves by more than half a step, and none beyond the limits is sent as a figure."""
    params = row[4]
    lo, hi = (params[0], params[1]) if row[3] == LINEAR else (params[0][0], params[-1][1])
    back = message.from_code(row, message.to_code(row, value))
    if not lo <= value <= hi:
        assert back is None
        return
    step = params[2] if row[3] == LINEAR else next(s[2] for s in params if value <= s[1])
    assert back is None or abs(back - value) <= step / 2
    assert back is not None or hi - value < step


def test_every_field_keeps_a_code_for_unknown():
    """All ones is given to nothing, and the table is consistent: ids and names once, codes that fit."""
    assert [row[0] for row in FIELDS] == list(range(1, len(FIELDS) + 1))
    assert len({row[1] for row in FIELDS}) == len(FIELDS)
    for _, name, bits, codec, params in FIELDS:
        if codec == RAW:
            assert params is None, name
            continue
        codes = {
            LINEAR: lambda p: (p[1] - p[0]) // p[2] + 1,
            WORDS: len,
            STEPS: lambda p: sum((last - first) // step + 1 for first, last, step in p),
            BITSET: lambda p: 2 ** len(p),
        }[codec](params)
        assert codes < 1 << bits, name


@pytest.mark.parametrize("kind", sorted(MESSAGES))
def test_no_message_is_longer_than_a_frame(kind):
    """The fullest frame of every kind, wide, fits what a modem takes; a tail beyond its limit is our mistake."""
    name, most = TAILS.get(kind, ("", 0))
    assert frame.frame_length(kind, message.payload_length(kind) + most, wide=True) <= frame.MAX_FRAME
    if most:
        zeros = {row[1]: 0 for row in FIELDS if row[3] == RAW}
        assert len(message.encode(kind, zeros | {name: bytes(most)})) == message.payload_length(kind) + most
        with pytest.raises(ValueError, match="at most"):
            message.encode(kind, zeros | {name: bytes(most + 1)})


@pytest.mark.parametrize("value", [None, -1, 1 << 32, "x"])
def test_a_number_of_the_link_is_never_unknown(value):
    """A counter that its sender does not know must not travel as one that it might be."""
    with pytest.raises(ValueError, match="acked takes 0 to"):
        message.encode("ack", {"acked": value})


def test_payload_of_a_wrong_length_or_padding_is_refused():
    """A payload that is not this kind's is malformed, not guessed at."""
    with pytest.raises(frame.BadPayload):
        message.decode("vital", bytes(8))
    with pytest.raises(frame.BadPayload):
        message.decode("full", b"\xff" * 19)


class TestReplayWindow:
    def header(self, counter, *, wide=False):
        return frame.Header(frame.UP, "vital", ADDRESS, 0, False, wide, counter)

    def test_first_frame_must_be_wide(self):
        """Sixteen bits from a sender never heard before mean nothing."""
        with pytest.raises(frame.OutOfSync):
            frame.ReplayWindow().candidates(self.header(5))
        assert frame.ReplayWindow().candidates(self.header(70000, wide=True)) == (70000,)

    def test_accepts_each_counter_once_in_any_order_within_64(self):
        """Receivers reorder: a counter up to 63 back is taken once, older ones and repeats never."""
        window = frame.ReplayWindow()
        for counter in (100, 163, 101, 102):
            window.check(counter)
            window.accept(counter)
        for counter in (100, 163, 101, 102, 99, 0):
            with pytest.raises(frame.Replayed):
                window.check(counter)
        window.check(103)
        window.check(164)

    @given(st.integers(0, 2**32 - 1), st.integers(-63, 60000))
    def test_sixteen_bits_find_their_counter(self, newest, step):
        """From 63 back to 60,000 ahead the right counter is among at most two candidates."""
        counter = newest + step
        if not 0 <= counter < 1 << 32:
            return
        found = frame.ReplayWindow(newest, 1).candidates(self.header(counter & 0xFFFF))
        assert counter in found
        assert len(found) <= 2

    @given(st.lists(st.integers(0, 300), max_size=200))
    def test_agrees_with_a_set(self, counters):
        """The bit window never accepts twice, and never refuses what is new and newest."""
        window, accepted = frame.ReplayWindow(), set()
        for counter in counters:
            try:
                window.check(counter)
            except frame.Replayed:
                assert counter in accepted or counter <= max(accepted) - frame.WINDOW
            else:
                assert counter not in accepted
                window.accept(counter)
                accepted.add(counter)
