"""The first night of an outage, line by line: what must be seen, when and by whom, with real kits and a real gateway.

Four points, eight hours: one test for each line of the story, in its order; then what must hold of the whole night.
Left to other tests: that screens say within seconds that they are blind (the live page), prints in the browser, and
what a display says of a call that does not get through (the kit's front).
"""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

import night_script as script
from first_night import Night, live
from night_looks import alarms, call_of, during, hours, source, told, when

CP = "kazerne-oost"
SECONDS = timedelta(seconds=1)


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    """The whole night, as it was lived."""
    return live(tmp_path_factory.mktemp("night"), script.steps())


def test_18_00_the_grid_goes_everywhere(night: Night) -> None:
    """Two minutes after A's set each point says what feeds it; all are closed, no siren for any, one line for the grid."""
    seen = {slug: source(night.point("18:02", slug)) for slug in "abcd"}
    assert seen == {"a": "generator", "b": "none", "c": "none", "d": "battery"}
    assert {night.point("18:02", slug).deployment for slug in "abcd"} == {"closed"}
    first = [n for n in night.said if n.action == "raise" and n.at < night.moment("18:02")]
    assert {n.point for n in first if n.priority == "critical"} == {CP}
    (line,) = [n for n in first if n.id == "many_sites"]
    assert line.title["nl"] == "Veel punten tegelijk: net uit"


def test_18_00_10_the_coordinating_point_runs_on_its_ups(night: Night) -> None:
    """Within 15 s, with the minutes that are left."""
    (raised,) = told(night, CP, "cp_power")
    assert raised - night.moment("18:00:10") <= 15 * SECONDS
    (alarm,) = [one for one in night.shots["cp_power"].alarms if one.id == "cp_power"]
    assert "30 minuten" in alarm.what["nl"] or "29 minuten" in alarm.what["nl"]


def test_18_00_40_a_set_does_not_start(night: Night) -> None:
    """High at a closed point, within 10 s of the controller's word, and the emergency stop is named."""
    (raised,) = told(night, "b", "generator_failed")
    assert raised - night.moment("18:00:40") <= 10 * SECONDS
    (alarm,) = night.point("estop", "b").alarms
    assert (alarm.id, alarm.priority) == ("generator_failed", "high")
    assert "noodstop ingedrukt" in alarm.what["nl"]


def test_18_05_the_coordinating_point_has_its_own_set(night: Night) -> None:
    """What nobody need see goes by itself."""
    (cleared,) = told(night, CP, "cp_power", "clear")
    assert night.moment("18:05") <= cleared <= night.moment("18:06")
    assert not [one for one in night.shots["18:06"].alarms if one.id == "cp_power"]


def test_18_10_112_is_doubtful(night: Night) -> None:
    """A minute later every kit offers the call for help and has confirmed it; before, none did."""
    for slug in "abcd":
        assert "HULP? 3 SEC DRUK" in night.displays[f"{slug} 18:11"]
    assert set(night.shots["18:25"].status112.told) == set("abcd")


def test_18_25_the_mayor_activates(night: Night) -> None:
    """T+0 and the time of the outage stand beside each other, with who decided."""
    words = night.pages["18:25"]
    assert "Uitval sinds 18:00" in words
    assert "T+ 0 s (geactiveerd door burgemeester, 18:25)" in words
    assert {night.point("18:25", slug).deployment for slug in "abcd"} == {"activated"}


def test_18_30_112_is_off(night: Night) -> None:
    """Kits are told within a minute; the log has who and when."""
    assert night.shots["18:31"].status112.word == "off"
    assert set(night.shots["18:31"].status112.told) == set("abcd")
    said = [action for action in night.actions if action.what == "status112"]
    assert [one.detail["word"] for one in said] == ["doubtful", "off"]
    assert {one.by.role for one in said} == {"cp_medewerker"}


def test_18_40_the_coordinating_point_is_ready(night: Night) -> None:
    """The milestone is stamped, fifteen minutes after T+0."""
    (stamp,) = [action for action in night.actions if action.what == "milestone"]
    assert stamp.at - night.moment("18:25") == timedelta(minutes=15)


def test_18_52_the_set_runs(night: Night) -> None:
    """The alarm returns and still waits to be seen; nothing follows it; 14.5 h are left."""
    (returned,) = told(night, "b", "generator_failed", "return")
    assert returned - night.moment("18:52") <= 30 * SECONDS
    before = night.point("18:55", "b")
    assert alarms(before) == {"generator_failed"}
    assert before.alarms[0].is_returned
    assert alarms(night.point("19:00", "b")) == set()
    assert hours(before) == pytest.approx(14.5, abs=0.25)


def test_19_05_the_portable_set_is_started(night: Night) -> None:
    """Half a minute later the page says that a set feeds the hall, and that its fuel is not known."""
    seen = night.point("19:05:30", "c")
    assert source(seen) == "generator"
    assert seen.fuel_litres is None
    assert seen.fuel is None


def test_19_06_litres_come_by_voice(night: Night) -> None:
    """13.2 hours with a wide range, and that it was entered by hand."""
    seen = night.point("19:06", "c")
    assert hours(seen) == pytest.approx(13.2, abs=0.25)
    assert seen.fuel_source == "by_hand"
    assert seen.fuel is not None
    assert seen.fuel.high_h - seen.fuel.low_h > 2
    assert "met de hand ingevoerd" in night.pages["c by hand"]


def test_19_10_points_open(night: Night) -> None:
    """All four are open by 19:30."""
    assert {night.point("open", slug).deployment for slug in "abcd"} == {"open"}


def test_19_40_a_message_for_residents(night: Night) -> None:
    """Within a minute and a repair at three points, at the fourth once a lost part was sent again; the same text at all."""
    sent = night.moment("19:40")
    assert all(night.came[slug] - sent <= 80 * SECONDS for slug in "abd")
    assert night.came["c"] - sent <= timedelta(minutes=3)
    assert set(night.shown.values()) == {script.MESSAGE.encode()}


def test_19_44_it_hangs(night: Night) -> None:
    """Receipts of three points; of the fourth it is told at 20:10 that it does not hang."""
    hanging = night.wall["19:56"]
    assert {slug for slug in "abcd" if hanging[slug].at.displayed_at is not None} == set("abd")
    (raised,) = told(night, "c", "message_unread")
    assert abs(raised - night.moment("20:10")) <= 10 * SECONDS


def test_20_14_a_wrong_press(night: Night) -> None:
    """On the screen within 10 s, with its own sound a second after it came, and marked as an exercise."""
    call = call_of(night, "a")
    assert call.stored_at - night.pressed["a"] <= 10 * SECONDS
    (heard,) = told(night, "a", call.id)
    assert heard - call.stored_at <= SECONDS
    assert [(one.word, one.id) for one in night.sounds["20:14:15"]] == [("help", call.id)]
    assert call.exercise


def test_20_15_nobody_read_it(night: Night) -> None:
    """A second sound 60 s after it came; once it is read the kit says so within 15 s."""
    call = call_of(night, "a")
    (late,) = told(night, "a", call.id, "remind")
    assert 60 * SECONDS <= late - call.stored_at <= 62 * SECONDS
    assert [one.word for one in night.sounds["20:15:10"]] == ["help_late"]
    assert when(call, "read") == night.moment("20:15:10")
    assert {"GELEZEN", "OEFENING"} <= set(night.displays["a 20:15"])


def test_20_16_it_is_withdrawn(night: Night) -> None:
    """It stays open and asks for a call back; a person closes it."""
    for shot in ("20:16:15", "20:18:50"):
        (seen,) = [one for one in night.shots[shot].calls if one.point == "a"]
        assert (seen.mark, seen.needs_call_back) == ("withdrawn", True)
    assert "Het punt trok de melding in. Bel terug" in night.pages["withdrawn"]
    call = call_of(night, "a")
    assert [step.what for step in call.steps if step.by is not None] == ["read", "called_back", "closed"]
    assert not [one for one in night.shots["20:19"].calls if one.point == "a"]


def test_20_30_heaters_at_the_battery(night: Night) -> None:
    """17.5 hours become 8.8 within ten minutes."""
    assert hours(night.point("20:29", "d")) == pytest.approx(17.5, abs=0.25)
    assert hours(night.point("20:40", "d")) == pytest.approx(8.7, abs=0.25)


def test_21_00_heaters_at_the_set(night: Night) -> None:
    """Fuel is low by 21:15, the load is named as its cause, and logistics goes there first, with diesel."""
    (raised,) = told(night, "b", "fuel_low")
    assert night.moment("21:00") < raised <= night.moment("21:15")
    (notice,) = [n for n in night.said if (n.point, n.id, n.action) == ("b", "fuel_low", "raise")]
    assert "Dat komt door het verbruik" in notice.what["nl"]
    first = night.refuel["21:15"][0]
    assert (first.slug, first.fuel_kind) == ("b", "diesel")
    assert first.needed
    assert "The cause is the load" in notice.what["en"]


def test_22_10_a_plug_is_pulled(night: Night) -> None:
    """Five minutes later the device is lost; the litres are unknown, the forecast goes on and grows wider, nothing else."""
    (raised,) = told(night, "a", "device_lost")
    assert night.moment("22:15") <= raised <= night.moment("22:16")
    before, after = night.point("22:09", "a"), night.point("22:37", "a")
    assert before.fuel_litres == pytest.approx(47, abs=0.6)
    assert after.readings["fuel_permille"].value is None
    assert before.fuel is not None
    assert after.fuel is not None
    assert after.fuel.high_h - after.fuel.low_h > before.fuel.high_h - before.fuel.low_h
    assert {n.id for n in night.said if n.point == "a" and n.kind == "alarm"} == {"device_lost"}


def test_22_38_a_real_call_in_the_exercise(night: Night) -> None:
    """On the screen within 10 s, said not to be an exercise on the kit and inside the banner, and as real to all who are told."""
    call = call_of(night, "c")
    assert call.stored_at - night.pressed["c"] <= 10 * SECONDS
    assert (call.exercise, call.kind) == (False, "ambulance")
    assert {"ECHT OF OEFENING", "HULP = ECHT", "STIL = OEFENING"} <= set(night.displays["c asks"])
    assert "GEEN OEFENING" in night.displays["c stored"]
    words = night.pages["22:38"]
    assert "OEFENING" in words
    assert "Sporthal De Kuil (NSP 03) vraagt een ambulance GEEN OEFENING" in words
    assert [one.exercise for one in night.said if one.id == call.id] == [
        False
    ] * 3  # made, what was typed in two parts
    assert all(typed in night.pages["call"] for typed in script.PAIN.values())


@pytest.mark.parametrize(
    ("display", "line"), [("c read", "GELEZEN"), ("c passed on", "MELDKAMER"), ("c answered", "HULP KOMT")]
)
def test_22_39_the_kit_shows_each_step(night: Night, display: str, line: str) -> None:
    """Fifteen seconds after a person took it, and by whose hand stands in the log."""
    assert {line, "GEEN OEFENING"} <= set(night.displays[display])
    call = call_of(night, "c")
    assert [step.what for step in call.steps if step.by][:3] == ["read", "passed_on", "answered"]


def test_22_40_the_plug_is_back(night: Night) -> None:
    """The figures are there again within two reads, and the lost device returns."""
    assert night.point("22:42", "a").readings["fuel_permille"].value is not None
    (cleared,) = told(night, "a", "device_lost", "clear")
    assert cleared - night.moment("22:40") <= 60 * SECONDS


def test_23_00_within_the_deadband(night: Night) -> None:
    """8.6 hours and then 8.0: the alarm stays, and comes no second time."""
    assert hours(night.point("23:20", "b")) == pytest.approx(8.3, abs=0.4)
    assert "fuel_low" in alarms(night.point("23:35", "b"))
    assert len(told(night, "b", "fuel_low")) == 1


def test_23_20_a_second_call_from_the_same_point(night: Night) -> None:
    """Two items beside each other, each with its own kind."""
    seen = [one for one in night.shots["23:20"].calls if one.point == "c"]
    assert sorted(str(one.kind) for one in seen) == ["ambulance", "fire_brigade"]


def test_23_30_the_gateway_is_killed(night: Night) -> None:
    """After the start both calls stand there with all their stamps, and nothing stands there twice."""
    before, after = night.shots["23:30"].calls, night.shots["23:30:45"].calls
    # Whether its kit shows a stage, a gateway that has just begun asks that once more.
    assert [replace(one, is_shown=None) for one in after] == [replace(one, is_shown=None) for one in before]
    assert len([one for one in night.calls.values() if one.point == "c"]) == 2


def test_00_05_the_shift_changes(night: Night) -> None:
    """One page has what is open, who runs dry and how 112 is."""
    words = night.pages["handover"]
    assert words.count("Sporthal De Kuil (NSP 03) vraagt") >= 2
    assert "Kerk De Ark" in words
    assert "112" in words


def test_00_15_eight_hours_of_petrol(night: Night) -> None:
    """Fuel is low at the point without a gauge, and petrol is on the list."""
    (raised,) = told(night, "c", "fuel_low")
    assert abs(raised - night.moment("00:15")) <= timedelta(minutes=15)
    line = next(one for one in night.refuel["00:20"] if one.slug == "c")
    assert (line.fuel_kind, line.source) == ("petrol", "by_hand")


def test_00_25_a_planned_stop(night: Night) -> None:
    """It is said that the point is being refuelled; no alarm of its set or power; 20 l are seen; 34 h, and the alarm ends."""
    assert "wordt getankt tot 00:40" in night.pages["00:30"]
    assert not {"generator_failed", "power_lost"} & alarms(night.point("00:30", "b"))
    assert hours(night.point("00:50", "b")) == pytest.approx(34, abs=1)
    assert night.refuels == [pytest.approx(20, abs=1)]
    (cleared,) = told(night, "b", "fuel_low", "clear")
    assert cleared <= night.moment("01:00")


def test_00_50_a_kit_loses_its_power(night: Night) -> None:
    """Its order of messages is right, and nothing is stamped before it came: a kit tells ages, not times."""
    frames = night.frames["d"]
    assert [f.received_at for f in frames] == sorted(f.received_at for f in frames)
    assert night.point("00:55", "d").exercise


def test_01_05_jamming(night: Night) -> None:
    """One line within an interval of heartbeats that names the way around it, and no point is called silent."""
    (raised,) = told(night, CP, "radio_jammed")
    assert raised - night.moment("01:05") <= timedelta(minutes=5)
    (notice,) = [n for n in night.said if n.id == "radio_jammed" and n.action == "raise"]
    assert "reserveweg voor noodhulpmeldingen" in notice.todo["nl"]
    assert not [n for n in night.said if n.id == "site_silent"]


def test_01_15_a_battery_runs_low_in_the_jam(night: Night) -> None:
    """It is told with the next heartbeat after the jam."""
    (raised,) = told(night, "d", "battery_low")
    (low,) = [n for n in night.said if n.id == "battery_low" and n.action == "raise"]
    # Nobody is told to start a set that is not there.
    assert low.todo["nl"].startswith("Noodsteunpunt: zet apparaten uit. Technisch")
    assert night.moment("01:20") <= raised <= night.moment("01:25")


def test_01_20_the_jam_ends(night: Night) -> None:
    """What was lost comes as history, and the page never goes back to an older value."""
    late = [frame for frames in night.late.values() for frame in frames]
    assert late
    for slug in "abcd":
        counters = [f.counter for f in night.frames[slug] if f.kind in {"vital", "full"}]
        assert counters == sorted(counters)


def test_02_00_the_exercise_ends(night: Night) -> None:
    """Kits leave it by command; nothing is marked any more."""
    assert not [point.slug for point in night.shots["end"].points if point.exercise]


def test_calls_are_delivered_once_and_every_stage_is_stamped(night: Night) -> None:
    """Three calls, each told as new once, in 10 s; what people did has who and when."""
    calls = sorted(night.calls.values(), key=lambda call: call.stored_at)
    assert [call.point for call in calls] == ["a", "c", "c"]
    raised = [n.id for n in night.said if n.kind == "help" and n.action == "raise"]
    assert sorted(raised) == sorted(call.id for call in calls)
    for call in calls:
        assert all(step.by is not None for step in call.steps if step.what in {"read", "passed_on", "closed"})


def test_exactly_these_alarms_each_once(night: Night) -> None:
    """Protects people from alarms too many: what followed from something else was never told, nor anything twice."""
    assert [f"{n.point} {n.id}" for n in night.said if n.action == "raise" and n.kind == "alarm"] == [
        f"{CP} cp_power",
        "b generator_failed",
        f"{CP} many_sites",
        "c message_unread",
        "b fuel_low",
        "a device_lost",
        "c fuel_low",
        f"{CP} radio_jammed",
        "d battery_low",
    ]


def test_what_was_told_once_ends_as_it_should(night: Night) -> None:
    """Protects the log: what people had to see waited for them, what nobody need see went by itself, the rest still stands."""
    ends = {
        place: [n.action for n in night.said if (n.point, n.id) == place and n.action in {"return", "clear"}]
        for place in (("b", "generator_failed"), (CP, "cp_power"), ("a", "device_lost"), ("b", "fuel_low"))
    }
    assert list(ends.values()) == [["return", "clear"], ["clear"], ["clear"], ["clear"]]
    left = {f"{one.point} {one.id}" for one in night.shots["end"].alarms}
    assert left == {f"{CP} many_sites", "c fuel_low", "c message_unread", "d battery_low"}


def test_at_most_three_lines_in_the_first_minute(night: Night) -> None:
    """Protects the operator at the worst moment."""
    first = [n for n in night.said if n.action == "raise" and n.at <= night.moment("18:01")]
    assert 1 <= len(first) <= 3


def test_all_that_goes_out_says_exercise_but_the_real_calls(night: Night) -> None:
    """Every message about a point that was made while its kit was in the exercise, and every page; not what is real."""
    real = {call.id for call in night.calls.values() if not call.exercise}
    assert len(real) == 2
    said = [(topic, body) for topic, body in night.outbox if topic[0] in "abcd" and "exercise" in body]
    inside = [(topic, body) for topic, body in said if during(night, topic[0], body)]
    assert len(inside) > 400
    wrong = {topic for topic, body in inside if not body["exercise"]}
    assert wrong == {f"c/help/{name}" for name in real}
    assert all("OEFENING" in words for words in night.pages.values())


@pytest.mark.parametrize("moment", ["23:30", "end"])
def test_every_page_can_be_opened(night: Night, moment: str) -> None:
    """Protects whoever looks, whatever happened: each page and file of each point and call, at the worst and afterwards."""
    walked = night.walks[moment]
    assert len(walked) > 40
    # There are no accounts and no picture of the town here, and a decision has a kind.
    missing = {"/accounts", "/screens", "/map/picture", "/decisions/new"}
    assert {path: status for path, status in walked.items() if status != 200} == dict.fromkeys(missing, 404)


def test_no_word_of_a_call_leaves_the_house(night: Night) -> None:
    """Protects whoever is ill: nothing that was typed is in any message to a broker or in what notifiers are told."""
    out = json.dumps(night.outbox) + "".join(str(one) for one in night.said)
    for words in (*script.PAIN.values(), *script.GAS.values(), "verkeerd gedrukt", "centralist 4"):
        assert words not in out
