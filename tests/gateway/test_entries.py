"""Everything that people decide, write and enter comes back from the database as what it was."""

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from gateway_box import T0, Box
from nspgateway import entries
from nspgateway.people import Action, By
from nspgateway.records import Changes

OFFICER = By("post-1", "cp_coordinator", "page")
LATER = T0 + timedelta(hours=2)
ENTRIES = (
    entries.Ruling("take_over", "burgemeester", T0, ("de-linde",), "kazerne-west", LATER, None, T0, 4),
    entries.MilestoneEntry("cp_ready", None),
    entries.Draft(3, 2, "Water koken", "Boil water", LATER),
    entries.Approval(3, 2, alone=True),
    entries.Sending(3, 2, "Water koken", 2, LATER),
    entries.OnTheWall(3, 2, "displayed", T0),
    entries.HandReport(T0, "open", 400, 3, 4, LATER, "below_50", (0, 7), (3, 2)),
    entries.ExerciseStart("Eerste nacht", LATER, ("de-linde",)),
    entries.ExerciseEnd(LATER),
    entries.PopUp("Kapsalon", 901, "Lindendam", 52.1, None, "Dorpsstraat 1"),
    entries.PopUpEnd(),
    entries.KeyWithdrawal(65, 1),
    entries.HandOver(),
    entries.TakeShift(7),
)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: type(entry).__name__)
def test_an_entry_comes_back_as_it_was(tmp_path: Path, entry: entries.Written) -> None:
    """Protects the audit trail: kind and every field of it, after a restart."""
    box = Box(tmp_path)
    action = Action(T0, OFFICER, "something", "de-linde", entry=entry)
    box.store.commit(Changes(at=T0, actions=(action,)))
    box.restart()
    (kept,) = box.store.entries()
    assert kept.entry == entry
    assert kept.by == OFFICER


def test_every_kind_of_entry_is_tried_here() -> None:
    """Protects the next kind from being forgotten in the test above."""
    tried = {type(entry) for entry in ENTRIES}
    assert tried == set(entries.Written.__args__)


def test_an_entry_of_a_later_program_does_not_keep_a_box_from_starting(tmp_path: Path) -> None:
    """Protects a step back to an earlier program: what it does not know is left out, and the rest is read."""
    box = Box(tmp_path)
    for entry in ENTRIES[:2]:
        box.store.commit(Changes(at=T0, actions=(Action(T0, OFFICER, "something", entry=entry),)))
    with box.store._transaction() as db:
        db.execute(
            "UPDATE entry SET record = ? WHERE kind = 'ruling'",
            (msgspec.json.encode({"type": "new"}).decode(),),
        )
    assert [action.entry for action in box.store.entries()] == [None, ENTRIES[1]]


def test_what_a_kit_says_of_a_message_is_kept_with_its_frame(tmp_path: Path) -> None:
    """Protects receipts: what hangs where is known after a restart; requests for what lacks are not kept."""
    box = Box(tmp_path)
    for counter, stage in enumerate(("incomplete", "received", "displayed", "removed"), 1):
        box.say("receipt", counter, bulletin=3, revision=2, receipt_stage=stage, lacking=0)
    box.restart()
    found = [(one.point, one.kit, one.number, one.version, one.stage) for one in box.store.receipts()]
    assert found == [("de-linde", 65, 3, 2, stage) for stage in ("received", "displayed", "removed")]


def test_the_newest_report_of_each_point_is_found_again(tmp_path: Path) -> None:
    """Protects what a point said: the kit's own order counts, and a repeat of a report is no new one."""
    box = Box(tmp_path)
    for counter, n, staff in ((5, 1, 2), (6, 1, 2), (9, 2, 3), (8, 3, 4)):
        box.say(
            "report",
            counter,
            event_boot=1,
            event_n=n,
            staff=staff,
            deployment="open",
            stock_low=0,
            displayed_rev=0,
        )
    box.say("report", 1, kit=66, event_boot=1, event_n=1, staff=7, stock_low=0, displayed_rev=0)
    box.restart()
    found = {one.point: (one.n, one.fields["staff"]) for one in box.store.reports()}
    assert found == {"de-linde": (2, 3), "de-ark": (1, 7)}
