"""Messages to residents on paper: what hangs, and what has to go, is a person's word."""

from bulletin_town import Town
from pure_remote import TEXT


def test_a_person_says_that_it_hangs():
    """Displayed is a person's word about the message that is shown, and about no other; it survives a reboot."""
    town = Town()
    assert not town.kit.displayed((7, 1))
    town.broadcast(7, 1, TEXT)
    town.release(7, 1, TEXT)
    town.told()
    assert not town.kit.displayed((8, 1))
    assert not town.kit.displayed((7, 2))
    assert town.kit.displayed((7, 1))
    assert town.told()["receipt_stage"] == "displayed"
    town.boot()
    assert town.told()["receipt_stage"] == "displayed"


def test_paper_is_removed_by_a_person_only():
    """A kit cannot see a wall: what was hung up and is not true any more stays named, over reboots, until somebody took it down."""
    town = Town()
    for number, revision in ((7, 1), (7, 2), (8, 0)):
        text = bytes((number, revision)) * 20
        town.broadcast(number, revision, text)
        town.release(number, revision, text)
        assert town.kit.hanging() == [(7, 1)][: revision != 1]
        if revision == 1:
            town.kit.displayed((7, 1))
        assert town.kit.hangs() == (revision == 1)
    told = []
    while (values := town.told()) is not None:
        told.append((values["bulletin"], values["revision"], values["receipt_stage"]))
    assert told == [
        (7, 1, "received"),
        (7, 1, "displayed"),
        (7, 2, "received"),
        (7, 2, "removed"),
        (8, 0, "received"),
    ]
    town.boot()
    assert town.kit.shown() == (8, 0, b"\x08\x00" * 20, None)
    assert town.kit.hanging() == [(7, 1)]
    assert not town.kit.taken_down((8, 0))
    assert town.kit.taken_down((7, 1))
    assert not town.kit.taken_down((7, 1))
    town.boot()
    assert town.kit.hanging() == []
