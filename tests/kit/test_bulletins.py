import hashlib
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulletin_town import Town
from nspgateway import bulletin
from nspkit import bulletins
from nspkit.bulletins import Bulletins
from nspkit.files import Files
from nsplink import fields, message
from pure_remote import MINUTE, TEXT, Flash, no_spread

HOUR = 60 * MINUTE


def digest(text):
    return int.from_bytes(hashlib.sha256(text).digest()[:8])


@pytest.mark.parametrize("seed", range(30))
def test_six_hundred_characters_arrive_at_a_fifth_lost(seed):
    """Each kit ends with the very text, however its fragments were lost, within minutes and few requests."""
    town = Town(seed, loss_percent=20)
    assert len(TEXT) == 600
    town.broadcast(7, 1, TEXT)
    town.release(7, 1, TEXT)
    asked = town.repair(7, 1, TEXT, HOUR)
    assert town.kit.shown() == (7, 1, TEXT, None)
    assert digest(town.kit.shown()[2]) == digest(TEXT)
    assert len(asked) <= 5
    assert town.told()["receipt_stage"] == "received"


PIECES = st.lists(
    st.tuples(st.integers(0, 15), st.integers(0, 15), st.binary(min_size=0, max_size=96)),
    max_size=40,
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(PIECES, st.randoms(use_true_random=False), st.integers(1, 1536))
def test_whatever_comes_under_the_group_key_only_the_released_text_is_shown(pieces, rng, length):
    """Forged, reordered, repeated and cut fragments mixed with the true ones: that text, or none."""
    text = rng.randbytes(length)
    kit = Bulletins(Flash(), no_spread, 0)
    true = bulletin.fragments(7, 1, text)
    mixed = pieces + [(part["fragment"], part["last_fragment"], part["data"]) for part in true]
    rng.shuffle(mixed)
    when = rng.randrange(len(mixed) + 1)
    now = 0
    for at, (index, last, data) in enumerate(mixed):
        if at == when:
            kit.release(bulletin.release(7, 1, text), now)
        values = {"bulletin": 7, "revision": 1, "fragment": index, "last_fragment": last, "data": data}
        kit.fragment(values, now)
        kit.due(now)
        now += 5000
        assert kit.shown() in {None, (7, 1, text, None)}
        assert at >= when or kit.shown() is None


def forger_of(town, number, revision, text, each=1):
    """Sends a wrong fragment of this message before each true one."""
    parts = bulletin.fragments(number, revision, text)

    def forge():
        for _ in range(each):
            values = dict(town.rng.choice(parts))
            values["data"] = town.rng.randbytes(len(values["data"]))
            town.fragment(values)

    return forge


@pytest.mark.parametrize("seed", range(10))
def test_a_burst_of_forged_fragments_costs_one_repair(seed):
    """Who filled every place with rubbish before the text came, and then stopped, has held it up for minutes."""
    town = Town(seed)
    forge = forger_of(town, 7, 1, TEXT, each=200)
    forge()
    town.broadcast(7, 1, TEXT)
    town.release(7, 1, TEXT)
    town.repair(7, 1, TEXT, HOUR)
    assert town.shown == [(7, 1, TEXT, None)]
    assert town.receipts[0]["receipt_stage"] == "mismatch"
    assert town.now < 5 * MINUTE


@pytest.mark.parametrize("length", [1, 96, 97, 600, 1536])
def test_a_forger_who_never_rests_cannot_block_a_text(length):
    """A wrong fragment for every place before every true one, for ever: the kit learns to tell them, and asks little."""
    town = Town(length)
    text = (TEXT * 3)[:length]
    parts = bulletin.fragments(7, 1, text)

    def forge():
        for part in parts:
            town.fragment(part | {"data": town.rng.randbytes(len(part["data"]))})

    town.forge = forge
    town.release(7, 1, text)
    town.broadcast(7, 1, text)
    asked = town.repair(7, 1, text, HOUR)
    assert town.shown == [(7, 1, text, None)]
    assert len(asked) <= 4


def test_a_flood_of_fragments_does_not_make_a_kit_talk():
    """In a day of forged fragments at every second a kit sends a dozen requests, and shows nothing."""
    town = Town(1)
    forge = forger_of(town, 7, 1, TEXT)
    town.release(7, 1, TEXT)
    asked = []
    for second in range(86_400):
        town.now = second * 1000
        forge()
        if town.kit.due(town.now) is not None:
            asked.append(second)
    assert 8 <= len(asked) <= 12
    pauses = [later - earlier for earlier, later in pairwise(asked)]
    assert pauses == sorted(pauses)
    assert town.kit.shown() is None
    # The flood has ended: the text still arrives, at once when its release is sent once more.
    assert town.release(7, 1, TEXT) == "done"
    town.repair(7, 1, TEXT, town.now + HOUR)
    assert town.kit.shown() == (7, 1, TEXT, None)


def test_a_release_of_a_part_does_not_end_or_shorten_a_text():
    """A part's digest that comes late, or is none, changes nothing that is shown or wanted."""
    town = Town(2)
    town.release(7, 1, TEXT)
    part = bulletin.part_releases(7, 1, TEXT)[0]
    assert town.kit.release(part | {"bulletin_bytes": 95}, 0) == "refused"
    assert town.release(7, 1, b"") == "refused"
    town.broadcast(7, 1, TEXT)
    assert town.kit.release(part, town.now) == "done"
    assert town.kit.shown() == (7, 1, TEXT, None)


def test_a_forged_later_number_does_not_keep_the_released_text_away():
    """The kit's own release decides what is put together, whatever number was heard before."""
    town = Town()
    for part in bulletin.fragments(100, 3, b"wrong" * 50):
        town.fragment(part)
    town.broadcast(7, 1, TEXT)
    assert town.release(7, 1, TEXT) == "done"
    for part in bulletin.fragments(101, 3, b"wrong" * 50):
        town.fragment(part)
    town.repair(7, 1, TEXT, HOUR)
    assert town.shown == [(7, 1, TEXT, None)]


def test_nothing_is_shown_without_a_release():
    """Whoever holds the group key can send a whole text, and nobody sees it."""
    town = Town()
    town.broadcast(7, 1, TEXT)
    town.now += HOUR
    assert town.kit.shown() is None
    assert town.kit.due(town.now) is None


def test_a_town_does_not_answer_a_broadcast_in_one_breath():
    """Forty kits that have a text at the same moment send their receipts over a time, not on top of each other."""
    moments = set()
    for seed in range(40):
        town = Town(seed)
        town.now = HOUR
        town.release(7, 1, TEXT)
        town.broadcast(7, 1, TEXT)
        while town.kit.due(town.now) is None:
            town.now += 1000
        moments.add(town.now)
    assert len(moments) > 12


def test_a_newer_message_takes_the_place_of_the_older():
    """One message is shown; the older goes when the newer is whole, and says so; an older release is refused."""
    town = Town()
    for number, revision, text in ((7, 1, b"first" * 30), (7, 2, b"second" * 30), (8, 0, b"third" * 30)):
        before = town.kit.shown()
        assert town.release(number, revision, text) == "done"
        assert town.kit.shown() == before
        town.broadcast(number, revision, text)
        assert town.kit.shown() == (number, revision, text, None)
    stages = []
    while (values := town.told()) is not None:
        stages.append((values["bulletin"], values["revision"], values["receipt_stage"]))
    assert stages == [(7, 1, "received"), (7, 2, "received"), (7, 2, "removed"), (8, 0, "received")]
    assert town.release(7, 3, b"late") == "refused"
    assert town.release(8, 0, b"other text, same number") == "refused"
    assert town.release(3, 0, b"numbers begin anew", replaces=8) == "done"


def test_numbers_and_revisions_go_on_over_their_end():
    """After message 255 comes message 0, after revision 15 comes 0."""
    assert bulletins.newer((0, 0), (255, 9))
    assert not bulletins.newer((255, 9), (0, 0))
    assert bulletins.newer((5, 0), (5, 15))
    assert not bulletins.newer((5, 1), (5, 1))


def test_an_empty_text_takes_a_message_down():
    """What is wrong can be withdrawn at once, with nothing in its place, and stays withdrawn."""
    town = Town()
    town.broadcast(7, 1, TEXT)
    town.release(7, 1, TEXT)
    assert town.told()["receipt_stage"] == "received"
    assert town.release(8, 0, b"", replaces=7) == "done"
    assert town.kit.shown() is None
    told = [town.told() for _ in range(3)]
    assert [(values["bulletin"], values["receipt_stage"]) for values in told[:2]] == [
        (7, "removed"),
        (8, "received"),
    ]
    assert told[2] is None
    town.boot()
    assert town.kit.shown() is None
    assert town.release(7, 1, TEXT) == "refused"


def test_a_message_ends_when_its_time_has_come():
    """Over the wrap of the minutes too; never while the time is not known."""
    for end in (100, 65_534, 0):
        town = Town()
        town.broadcast(7, 1, TEXT)
        town.release(7, 1, TEXT, expires_min=end)
        assert town.told()["receipt_stage"] == "received"
        town.now = 40 * HOUR
        assert town.kit.due(town.now) is None
        town.kit.time((end - 5) % 65_535, town.now)
        town.now += 5 * MINUTE - 1
        assert town.kit.due(town.now) is None
        assert town.kit.shown() == (7, 1, TEXT, end)
        town.now += 1
        assert town.kit.due(town.now)["receipt_stage"] == "removed"
        assert town.kit.shown() is None
        assert town.boot().shown() is None
        town.kit.time(end, town.now)
        assert town.release(9, 0, TEXT, expires_min=end) == "refused"


def test_a_text_that_ends_before_it_is_whole_is_not_asked_for():
    """Nobody needs yesterday's message, and its repair costs everybody's airtime."""
    town = Town()
    town.kit.time(1000, 0)
    town.release(7, 1, TEXT, expires_min=1030)
    assert town.repair(7, 1, TEXT[:96], 20 * MINUTE)
    town.now = HOUR
    assert town.kit.due(town.now) is None
    assert not town.flash.content


def test_a_text_that_is_too_long_is_refused():
    """A release that no fragments can fill is not waited for."""
    town = Town()
    values = bulletin.release(7, 1, b"") | {"bulletin_bytes": 16 * 96 + 1}
    assert town.kit.release(values, 0) == "out_of_range"
    assert town.kit.due(HOUR) is None


def test_a_release_survives_a_reboot():
    """The answer was given: the kit must get the text, also when it starts again before it has it."""
    town = Town()
    town.release(7, 1, TEXT)
    town.boot()
    assert town.repair(7, 1, TEXT, HOUR)
    assert town.kit.shown() == (7, 1, TEXT, None)
    assert list(town.flash.content) == [bulletins.SHOWN]


def test_a_cut_at_any_moment_shows_the_old_text_or_the_new(tmp_path):
    """Whatever files a power cut left, a whole released text is shown or none, and the new one still comes."""
    old, new = b"old" * 40, b"new" * 40
    shown, wanted = tmp_path / bulletins.SHOWN, tmp_path / bulletins.RELEASE
    town = Town(flash=Files(f"{tmp_path}/"))
    town.broadcast(7, 1, old)
    town.release(7, 1, old)
    before = shown.read_bytes()
    town.release(8, 0, new)
    release = wanted.read_bytes()
    town.broadcast(8, 0, new)
    after = shown.read_bytes()
    assert not wanted.exists()
    for cut in range(len(after) + 1):
        shown.write_bytes(before)
        wanted.write_bytes(release)
        (tmp_path / (bulletins.SHOWN + ".new")).write_bytes(after[:cut])
        assert town.boot().shown()[2] == old
    town.repair(8, 0, new, town.now + HOUR)
    assert town.kit.shown()[2] == new
    wanted.write_bytes(release)  # the text was written, its release not yet removed
    assert town.boot().shown()[2] == new
    assert town.told()["receipt_stage"] == "received"
    assert town.kit.due(town.now + HOUR) is None
    for cut in range(len(after)):
        shown.write_bytes(after[:cut])
        assert town.boot().shown() is None


def test_a_flash_that_is_full_still_shows_the_text():
    """People read it now; only the next start has to ask again."""
    town = Town()
    town.flash.full = True
    town.release(7, 1, TEXT)
    town.broadcast(7, 1, TEXT)
    assert town.kit.shown() == (7, 1, TEXT, None)


def test_limits_are_those_of_the_wire():
    """Fragments and releases fit the fields that carry them."""
    assert bulletins.FRAGMENT_BYTES == fields.TAILS["fragment"][1] == bulletin.FRAGMENT_BYTES
    assert bulletins.MAX_FRAGMENTS == bulletin.MAX_FRAGMENTS == 16
    assert message.payload_length("release") == bulletins._PAYLOAD
