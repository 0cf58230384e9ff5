import pytest

from nspkit import settings
from nsplink import commands, fields, frame


def test_a_setting_survives_the_wire():
    """Each setting of the list, with and without a value, is read as what it was."""
    for _, name, least, most in commands.SETTINGS:
        assert commands.parse_setting(commands.setting_argument(name)) == (name, None)
        for value in (least, most):
            data = commands.setting_argument(name, value)
            assert len(data) <= fields.TAILS["command"][1]
            assert commands.parse_setting(data) == (name, value)
            assert least <= value <= most


def test_only_harmless_settings_can_be_changed_over_the_air():
    """Address, keys, devices and the radio's law are out of reach of any frame."""
    names = [row[1] for row in commands.SETTINGS]
    assert not {"address", "key", "version", "devices", "buses", "duty", "sync_word"} & set(names)
    assert set(commands.RADIO_SETTINGS) < set(names)
    assert [row[0] for row in commands.SETTINGS] == list(range(1, len(names) + 1))
    limits = {row[0]: row[2:] for row in settings._TOP}
    for _, name, least, most in commands.SETTINGS:
        if name in limits:
            assert limits[name][0] <= least <= most <= limits[name][1]


@pytest.mark.parametrize("data", [b"", b"\x01\x02", bytes(6)])
def test_what_is_no_setting_is_refused(data):
    """Bytes of another length are malformed; an unknown id is answered as not known."""
    with pytest.raises(frame.BadPayload):
        commands.parse_setting(data)
    assert commands.parse_setting(b"\xfe") == (None, None)


def test_the_check_of_a_change_is_in_the_order_of_the_table():
    """Kit and gateway take the check over the same bytes, however the change was put together."""
    one = commands.staged_bytes({"sf": 9, "heartbeat_s": 300})
    assert one == commands.staged_bytes({"heartbeat_s": 300, "sf": 9})
    assert one == commands.setting_argument("heartbeat_s", 300) + commands.setting_argument("sf", 9)


def test_the_end_of_an_exercise_survives_the_wire():
    """Minutes until the end in two bytes, or none; a figure that cannot be meant is refused on both sides."""
    for minutes in (None, *commands.EXERCISE_MIN):
        assert commands.parse_exercise(commands.exercise_argument(minutes)) == minutes
    assert commands.exercise_argument(240) == b"\x00\xf0"
    for data in (b"\x01", b"\x00\x00", b"\xff\xff", bytes(3)):
        with pytest.raises(frame.BadPayload):
            commands.parse_exercise(data)
    with pytest.raises(ValueError, match="expected 1 to 10080"):
        commands.exercise_argument(0)
