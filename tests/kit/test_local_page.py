"""The local page of a kit, wired as it is, in virtual time: what its forms send, what they refuse, what becomes of it."""

import json
import re

import pytest

from kit_told import stage, told
from nspgateway import bulletin
from nspkit.local import forms, words
from nsplink import calltext, commands
from phone import Phone

TEXT = "Drinkwater: kook het 3 minuten. <b>Punt</b> open tot 22.00 uur."
LOCAL = {"point": "De Linde", "stock": ["drinkwater", "eten"], "topics": ["medicijnen", "water", "warmte"]}


def at_the_point(story, tmp_path, status112="off"):
    """Play ``story(rig, phone)`` at a kit whose gateway has said what 112 does; the rig."""
    (tmp_path / "settings.json").write_text(json.dumps({"local": LOCAL}))

    async def go(rig, _front):
        await story(rig, Phone(rig.kit))

    return told(go, tmp_path, status112)[0]


async def message(rig, number, revision, text):
    """A message to residents comes and is released for this kit."""
    for values in bulletin.fragments(number, revision, text.encode()):
        await rig.send(rig.down("fragment", values, key=bytes(range(16, 32)), epoch=0, address=5 << 6))
    await rig.tell("release", values=bulletin.release(number, revision, text.encode()))
    await rig.after(3)


def typed(rig, edition=0):
    """What a gateway reads of the frames of an edition."""
    tails = [
        one.values["text"]
        for one in sorted(rig.of("help"), key=lambda one: one.counter)
        if one.values["help_mark"] == "details" and calltext.edition_of(one.values["text"]) == edition
    ]
    return calltext.joined(tails)


FILLED = {
    "kind": "ambulance", "place": "Dorpsstraat 12, 1e verdieping", "what": "pijn op de borst, gaat slechter",
    "victims": "1, bij kennis", "danger": "", "waiting": "Jan, bij de voordeur",
}  # fmt: skip


def test_a_typed_call_arrives_whole_and_its_stages_come_back(tmp_path):
    """What a volunteer types is what the coordinating point reads, and the page says no more than a person has said."""
    seen = []

    async def story(rig, phone):
        assert "112 werkt niet" in await phone.get("/")
        await phone.get("/hulp")
        seen.append(await phone.fill("/hulp", **FILLED))
        await rig.after(60)
        one = rig.of("help")[0]
        for said in (
            ("stored",),
            ("read",),
            ("passed_on",),
            ("answered", "no_unit", b"Breng hem naar buiten"),
        ):
            await stage(rig, one, *said)
            seen.append(await phone.get("/hulp/1"))
        seen.append(await phone.get("/"))

    rig = at_the_point(story, tmp_path)
    made = rig.of("help")[0].values
    assert (made["help_kind"], made["help_mark"], made["text"]) == ("ambulance", "made", b"")
    assert typed(rig) == ({name: text for name, text in FILLED.items() if text and name != "kind"}, True)
    assert {(one.values["event_boot"], one.values["event_n"]) for one in rig.of("help")} == {
        (made["event_boot"], made["event_n"])
    }
    for text, words_of in zip(
        seen,
        (
            "Nog niemand weet het",
            "Nog geen mens",
            "Een medewerker leest",
            "meldkamer",
            "Breng hem naar buiten",
            "geen eenheid",
        ),
        strict=True,
    ):
        assert words_of in text
    assert not any("Hulp komt" in text for text in seen)


def test_a_second_press_and_an_old_page_make_no_second_call(tmp_path):
    """A slow phone makes people press twice; a page from before a reboot or from elsewhere makes nothing at all."""

    async def story(rig, phone):
        await phone.get("/hulp")
        fields = phone.forms()["/hulp"] | FILLED
        for _ in range(3):
            assert "Verstuurd" in await phone.post("/hulp", fields)
        for wrong in ({**fields, "token": "0" * 16, "form": "99"}, {name: fields[name] for name in FILLED}):
            assert "niet meer van nu" in await phone.post("/hulp", wrong)
        other = Phone(rig.kit, host="noodhulp.example")
        assert "is er niet" in await other.get("/")
        await rig.after(60)

    rig = at_the_point(story, tmp_path)
    assert len({(one.values["event_n"]) for one in rig.of("help")}) == 1


@pytest.mark.parametrize("status112", [None, "works"])
def test_no_call_is_taken_where_112_works(tmp_path, status112):
    """The page is no second 112 either, also for a page that was opened before a person said that 112 works again."""

    async def story(rig, phone):
        assert "Bel 112" in await phone.get("/")
        assert "/hulp" not in phone.page
        assert "is er niet" in await phone.get("/hulp")
        token = Phone(rig.kit)
        await token.get("/puntbericht")
        hidden = token.forms()["/puntbericht"]
        assert "112 werkt weer" in await token.post("/hulp", hidden | FILLED)
        await rig.after(30)

    assert not at_the_point(story, tmp_path, status112).of("help")


def test_what_is_typed_later_takes_the_place_of_what_was_typed(tmp_path):
    """A correction is whole again, the press before it is untouched, and what did not change is not sent."""

    async def story(rig, phone):
        await phone.get("/hulp")
        await phone.fill("/hulp", kind="not_known")
        await rig.after(30)
        assert len(rig.of("help")) == 1
        for changes in (FILLED, FILLED, FILLED | {"victims": "2", "kind": "fire_brigade"}):
            await phone.get("/hulp/1")
            await phone.fill("/hulp/1", **changes)
            await rig.after(40)
        assert 'value="2"' in (await phone.get("/hulp/1"), phone.page)[1]
        assert "vinkje" in await phone.fill("/hulp/1/intrekken")
        await phone.get("/hulp/1")
        assert "Ingetrokken" in await phone.fill("/hulp/1/intrekken", sure="1")
        await rig.after(30)

    rig = at_the_point(story, tmp_path)
    assert typed(rig, 0)[0]["victims"] == "1, bij kennis"
    assert typed(rig, 1)[0]["victims"] == "2"
    assert typed(rig, 2) == ({}, True)
    assert rig.of("help")[-1].values["help_mark"] == "withdrawn"
    assert {one.values["help_kind"] for one in rig.of("help")} == {"not_known", "ambulance", "fire_brigade"}


def test_what_was_typed_outlives_a_power_cut_and_can_be_corrected_after_it(tmp_path):
    """A cut takes nothing of a call that has not arrived; what is typed after it counts, and nothing of both is mixed."""

    async def story(rig, phone):
        rig.hears = lambda one: one.kind != "help"
        await phone.get("/hulp")
        await phone.fill("/hulp", **FILLED)
        await rig.after(20)
        await rig.reboot()
        again = Phone(rig.kit)
        assert "opnieuw gestart" in await again.get("/hulp/1")
        rig.hears = lambda _one: True
        await again.fill("/hulp/1", **FILLED | {"victims": "2, bij kennis"})
        await rig.after(120)
        await again.get("/")
        assert "Nog geen mens" in again.text

    rig = at_the_point(story, tmp_path)
    tails = [one.values["text"] for one in rig.of("help") if one.values["help_mark"] == "details"]
    assert calltext.joined(tails) == (
        {name: text for name, text in FILLED.items() if text and name != "kind"}
        | {"victims": "2, bij kennis"},
        True,
    )
    assert len({(one.values["event_boot"], one.values["event_n"]) for one in rig.of("help")}) == 1


def test_a_call_in_an_exercise_is_real_unless_somebody_says_otherwise(tmp_path):
    """Nothing chosen is real; what is practised is marked, and both stay so when the exercise is over."""

    async def story(rig, phone):
        await rig.command("exercise_on", commands.exercise_argument(10))
        await rig.after(5)
        assert "OEFENING" in await phone.get("/")
        for chosen in ({}, {"exercise": "real"}, {"exercise": "practised"}):
            await phone.get("/hulp")
            await phone.fill("/hulp", what="val van trap", **chosen)
            await rig.after(30)
        home = await phone.get("/")
        assert "Noodhulpmelding 1 (GEEN OEFENING)" in home
        assert "Noodhulpmelding 3 (OEFENING)" in home
        await rig.after(700)
        assert "GEEN OEFENING" not in await phone.get("/")
        assert "Noodhulpmelding 3 (OEFENING)" in await phone.get("/hulp/3")
        await phone.fill("/hulp/3", what="is weer op de been")
        await rig.after(40)

    rig = at_the_point(story, tmp_path)
    marks = {}
    for one in rig.of("help"):
        marks.setdefault(one.values["event_n"], set()).add(one.exercise)
    assert list(marks.values()) == [{False}, {False}, {True}]


def test_too_long_a_text_is_named_before_anything_is_sent(tmp_path):
    """Nobody types for a minute and then loses it: the text is still there, with what to do."""

    async def story(rig, phone):
        await phone.get("/hulp")
        text = await phone.fill("/hulp", what="brand " * 60)
        assert re.search(r"te lang. Haal ongeveer \d+ letters weg", text)
        assert "brand brand" in phone.page
        await rig.after(20)

    assert not at_the_point(story, tmp_path).of("help")


def test_a_message_is_read_hung_up_and_the_old_one_taken_down(tmp_path):
    """Each receipt is a person's word, sent once; people's text is text, never markup."""

    async def story(rig, phone):
        await message(rig, 12, 1, TEXT)
        assert "<b>Punt" not in (await phone.get("/bericht"), phone.page)[1]
        assert TEXT in phone.text
        assert "Het bericht hangt" in phone.text
        assert "hangt. Het" in await phone.fill("/bericht/hangt")
        for path, count in (("/bericht/a4", 1), ("/bericht/kaarten", 4)):
            assert (await phone.get(path)).count(TEXT) == count
        await phone.get("/bericht")
        await message(rig, 13, 0, "Nieuw")
        await rig.after(60)
        assert "Bericht 12, versie 1 geldt niet meer" in await phone.get("/bericht")
        await phone.fill("/bericht/weg")
        assert "geldt niet meer" not in phone.text
        await rig.after(60)

    rig = at_the_point(story, tmp_path)
    told = [(one.values["bulletin"], one.values["receipt_stage"]) for one in rig.of("receipt")]
    assert told == [(12, "received"), (12, "displayed"), (13, "received"), (12, "removed")]


def test_a_page_of_an_older_message_does_not_say_that_the_newer_one_hangs(tmp_path):
    """Somebody hangs up what they read, not what came meanwhile."""

    async def story(rig, phone):
        await message(rig, 12, 1, TEXT)
        await phone.get("/bericht")
        await message(rig, 12, 2, "Toch niet koken")
        assert "intussen een ander bericht" in await phone.fill("/bericht/hangt")
        await rig.after(60)

    rig = at_the_point(story, tmp_path)
    assert {one.values["receipt_stage"] for one in rig.of("receipt")} == {"received"}


def test_a_point_report_says_what_was_filled_in_and_leaves_the_rest_unknown(tmp_path):
    """What nobody knows is not nought; the message that hangs is in it; one says when it has arrived."""

    async def story(rig, phone):
        await message(rig, 12, 1, TEXT)
        await phone.get("/bericht")
        await phone.fill("/bericht/hangt")
        await phone.get("/puntbericht")
        assert "drinkwater" in phone.text
        await phone.fill(
            "/puntbericht", deployment="open", staff="4", relief="1,5", visitors="below_50", stock_1="1",
            topic_1="2", count_1="9", topic_3="0", count_3="3", note="Kachel is op", staff_needed="",
        )  # fmt: skip
        await rig.after(90)
        assert "binnen bij het" in await phone.get("/")
        await phone.get("/puntbericht")
        assert 'value="4"' in phone.page

    rig = at_the_point(story, tmp_path)
    (one,) = rig.of("report")
    values = one.values
    assert (values["deployment"], values["staff"], values["staff_needed"]) == ("open", 4, None)
    assert (values["relief_quarters"], values["visitors"], values["stock_low"]) == (6, "below_50", 2)
    assert (values["displayed"], values["displayed_rev"]) == (12, 1)
    assert [values[name] for name in ("topic_1", "count_1", "topic_2", "count_2", "topic_3")] == [
        2,
        9,
        0,
        3,
        None,
    ]
    assert values["text"] == b"Kachel is op"
    assert len(one.data) - len(values["text"]) <= 30


def test_an_empty_report_is_one_too(tmp_path):
    """Whoever knows nothing and sends it all the same says that the point is there, and harms nothing."""

    async def story(rig, phone):
        await phone.get("/puntbericht")
        assert "Verstuurd" in await phone.fill("/puntbericht")
        await rig.after(90)
        assert "binnen bij het" in await phone.get("/")

    (one,) = at_the_point(story, tmp_path).of("report")
    known = {name: value for name, value in one.values.items() if value not in (None, 0, b"")}
    assert set(known) <= {"event_boot", "event_n"}


@pytest.mark.parametrize(
    ("filled", "said"),
    [
        ({"staff": "63"}, "heel getal in van 0 tot 62"),
        ({"staff": "vier"}, "heel getal"),
        ({"relief": "64"}, "uren"),
        ({"relief": "1,555"}, "uren"),
        ({"topic_1": "1"}, "onderwerp"),
        ({"count_1": "3"}, "onderwerp"),
        ({"topic_1": "1", "count_1": "3", "topic_2": "1", "count_2": "3"}, "onderwerp"),
        ({"note": "é" * 21}, "te lang"),
    ],
)
def test_a_report_that_cannot_be_sent_says_what_to_do(filled, said):
    """Whatever is typed, a person reads a sentence and never an error."""
    with pytest.raises(forms.Wrong, match=said):
        forms.report(filled, ["water"], ["a", "b"])


def test_hours_become_quarters_and_strange_choices_unknown():
    """The nearest quarter of an hour; what a page did not offer is not sent."""
    for text, quarters in (
        ("2", 8),
        ("1,5", 6),
        ("0.25", 1),
        ("0,1", 0),
        ("0.13", 1),
        ("63", 252),
        ("", None),
    ):
        assert forms.report({"relief": text}, [], [])["relief_quarters"] == quarters
    strange = forms.report({"deployment": "stored", "visitors": "all", "topic_1": "7"}, [], ["a"])
    assert (strange["deployment"], strange["visitors"], "topic_1" in strange) == (None, None, False)
    assert forms.kind({"kind": "security"}) == "not_known"


def test_every_field_full_just_fits():
    """A phone cannot type more than the air carries, as long as it types plain letters."""
    full = {name: "x" * most for name, most in forms.LETTERS}
    assert len(forms.tails(forms.typed(full), 1)) == calltext.MOST_PARTS
    assert {name for name, _ in forms.LETTERS} == {name for _, name in calltext.FIELDS}


def test_the_page_says_only_what_it_has_words_for(tmp_path):
    """Nobody can have the kit say something by an address, and no page lacks a word."""
    names = set(re.findall(r"^(\w+) ", words.WORDS, re.MULTILINE))
    assert all(words.word(name) and words.word(name) != name for name in names)

    async def story(rig, phone):
        assert "Jij" not in await phone.get("/?m=Jij+moet+weg")
        for path in ("/", "/hulp", "/bericht", "/puntbericht", "/bericht/a4", "/weg"):
            await phone.get(path)
            assert not [name for name in phone.text.split() if "_" in name]
            assert "default-src 'none'" in phone.headers["Content-Security-Policy"]
            assert "<script" not in phone.page

    at_the_point(story, tmp_path)
