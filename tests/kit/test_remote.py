import copy
import json

import pytest

import pure_remote
from nspkit import overlay, remote, settings
from nspkit.files import Files
from nsplink import commands, regions
from pure_remote import MINUTE, Desk, Flash

DAY = 24 * 60 * MINUTE
SETTINGS = {
    "version": 1,
    "address": 65,
    "heartbeat_s": 300,
    "full_s": 3600,
    "change_gap_s": 30,
    "change_refill_s": 300,
    "rated_w": 10000,
    "radio": {"driver": "rui3", "uart": 2} | dict(regions.PHY),
    "buses": [{"uart": 1, "baud": 19200, "bits": 8, "parity": None, "stop": 1}],
    "sources": ["grid", "generator"],
    "devices": [{"name": "generator", "model": "dse7320mk2", "bus": 0, "unit": 10}],
}


class FlashedKit(Desk):
    """A kit with a real folder, which reads its settings as at a start."""

    def __init__(self, folder):
        self.folder = folder
        self.flash = Files(f"{folder}/")
        self.conf = settings.load(f"{folder}/")
        self.kit = remote.Remote(self.flash, self.conf, 0)

    def restarted(self):
        """After a reboot."""
        return FlashedKit(self.folder)


@pytest.fixture
def flashed(tmp_path):
    (tmp_path / "settings.json").write_text(json.dumps(SETTINGS))
    return FlashedKit(tmp_path)


def test_every_setting_of_the_list_can_be_changed_and_is_kept(flashed):
    """What the list promises works for each name, at both ends of its range, over a reboot; the hash follows."""
    hashes = [flashed.kit.config_hash()]
    for _, name, least, most in commands.SETTINGS:
        if name in commands.RADIO_SETTINGS:
            continue
        for value in (least, most):
            changed = overlay.value_of(flashed.conf, name) != value
            assert flashed.change(0, **{name: value}) == "done"
            assert overlay.value_of(flashed.conf, name) == value
            assert (flashed.kit.config_hash() != hashes[-1]) == changed
            flashed = flashed.restarted()
            assert overlay.value_of(flashed.conf, name) == value
            hashes.append(flashed.kit.config_hash())
    assert isinstance(flashed.conf["generator_auto"], bool)
    assert json.loads((flashed.folder / "settings.json").read_text()) == SETTINGS


def test_hash_sees_what_no_command_can_change(flashed):
    """Another address, device or tank in the file is another configuration, and nothing of a key is in the hash."""
    before = flashed.kit.config_hash()
    (flashed.folder / "key.json").write_text('{"generation": 1, "key": "00"}')
    assert flashed.restarted().kit.config_hash() == before
    (flashed.folder / "settings.json").write_text(json.dumps(SETTINGS | {"address": 66}))
    assert flashed.restarted().kit.config_hash() != before


@pytest.mark.parametrize(
    ("command", "argument", "result"),
    [
        ("read", "", "refused"),
        ("read", "01 00000078", "refused"),
        ("read", "63", "not_known"),
        ("stage", "01", "refused"),
        ("stage", "0102", "refused"),
        ("stage", "63 00000078", "not_known"),
        ("stage", "01 0000003B", "out_of_range"),
        ("stage", "01 00000E11", "out_of_range"),
        ("stage", "08 00000006", "out_of_range"),
        ("stage", "09 00000017", "out_of_range"),
        ("stage", "07 33D3E6F8", "refused"),  # 869.525 MHz: lawful, but no channel of the plan
        ("confirm", "0000", "nothing_staged"),
        ("confirm", "", "nothing_staged"),
        ("roll_back", "", "done"),
        ("ping", "", "not_known"),
        ("backfill", "", "not_known"),
        ("announce", "", "not_known"),
    ],
)
def test_what_is_no_good_command_changes_nothing(command, argument, result):
    """Each refusal has its word, and leaves settings, flash and radio as they were."""
    desk = Desk()
    before = copy.deepcopy(desk.conf)
    assert desk.kit.handle(command, bytes.fromhex(argument), 0) == (result, b"")
    assert desk.kit.tick(MINUTE) is None
    assert desk.conf == before
    assert not desk.flash.writes


def test_a_change_that_breaks_the_law_is_refused():
    """Frequency and power are judged together with the site's antenna, in whatever order they are staged."""
    desk = Desk()  # 14 dBm ERP allow 12 dBm here, 27 allow 22
    assert desk.change(0, frequency_hz=868_100_000) == "refused"  # with the 14 dBm in force
    assert desk.conf["radio"]["frequency_hz"] == 869_475_000
    assert desk.stage(0, power_dbm=13) == ["refused"]
    assert desk.stage(0, power_dbm=12) == ["done"]
    assert desk.confirm(0, frequency_hz=868_100_000, power_dbm=12) == "done"
    assert desk.kit.tick(MINUTE) is not None
    desk.kit.contact(2 * MINUTE)
    assert desk.change(3 * MINUTE, power_dbm=20) == "refused"
    assert desk.stage(3 * MINUTE, frequency_hz=869_575_000) == ["done"]
    assert desk.confirm(3 * MINUTE, frequency_hz=869_575_000, power_dbm=20) == "done"


def test_staged_values_are_dropped_after_a_quarter_of_an_hour():
    """A change that somebody began and left is not confirmed by accident the next day."""
    desk = Desk()
    desk.stage(0, heartbeat_s=120)
    assert desk.confirm(15 * MINUTE, heartbeat_s=120) == "nothing_staged"
    desk.stage(20 * MINUTE, heartbeat_s=120)
    assert desk.confirm(35 * MINUTE - 1, heartbeat_s=120) == "done"


def test_roll_back_drops_what_is_staged():
    """What was staged in error does not act with the next confirmation."""
    desk = Desk()
    desk.stage(0, heartbeat_s=120, full_s=600)
    assert desk.kit.handle("roll_back", b"", 0)[0] == "done"
    assert desk.change(0, rated_w=6000) == "done"
    assert (desk.conf["heartbeat_s"], desk.conf["full_s"]) == (300, 3600)


@pytest.mark.parametrize("after", [0, 9, 11, 300])
def test_roll_back_takes_a_trial_back(after):
    """Before and after the radio has switched: the old setting again, though the command itself is a contact."""
    desk = Desk()
    desk.change(0, sf=12)
    now = 0
    while now < after * 1000:
        now += 1000
        desk.kit.tick(now)
    on_air = desk.conf["radio"]["sf"]
    for _ in range(2):  # its answer was lost
        assert desk.kit.handle("roll_back", b"", now) == ("done", b"")
        desk.kit.contact(now)
    if on_air == 12:
        assert desk.kit.tick(now + 9_999) is None  # the answer leaves first
    desk.kit.tick(now + 10_000)
    for minute in (1, 20, 60):
        desk.kit.tick(now + minute * MINUTE)
        assert desk.kit.phy()["sf"] == 9
    assert desk.restarted().conf["radio"]["sf"] == 9


def test_a_trial_is_kept_only_by_what_was_heard_over_it():
    """A downlink before the switch, or just after it, does not keep settings that nobody can be heard on."""
    desk = Desk()
    desk.change(0, sf=12)
    desk.kit.contact(5_000)
    assert desk.kit.tick(10_000) is not None
    desk.kit.contact(10_500)
    assert overlay.FILE not in desk.flash.content
    phy = desk.kit.tick(10_000 + 15 * MINUTE)
    assert phy is not None
    assert phy["sf"] == 9
    assert desk.confirm(16 * MINUTE, sf=12) == "nothing_staged"  # a late repeat does not start it again


def test_a_change_with_radio_settings_is_tried_as_a_whole():
    """Half of a change never remains: what was confirmed together comes back together."""
    desk = Desk()
    assert desk.change(0, sf=8, heartbeat_s=120) == "done"
    assert desk.confirm(1000, sf=8, heartbeat_s=120) == "done"
    assert desk.conf["heartbeat_s"] == 300
    desk.kit.tick(10_000)
    assert (desk.conf["heartbeat_s"], desk.conf["radio"]["sf"]) == (120, 8)
    assert desk.change(11_000, rated_w=5000) == "refused"  # one change at a time
    desk.kit.tick(16 * MINUTE)
    assert (desk.conf["heartbeat_s"], desk.conf["radio"]["sf"]) == (300, 9)


def test_flash_that_cannot_be_written_changes_nothing():
    """A change that would be lost at the next reboot is refused, and a trial stays one."""
    desk = Desk()
    desk.flash.full = True
    assert desk.change(0, heartbeat_s=120) == "refused"
    assert desk.conf["heartbeat_s"] == 300
    desk.kit.handle("roll_back", b"", 0)
    desk.change(0, sf=10)
    desk.kit.tick(10_000)
    desk.kit.contact(MINUTE)
    assert desk.kit.on_trial()
    assert desk.kit.tick(16 * MINUTE - 1) is None
    desk.flash.full = False
    desk.kit.contact(16 * MINUTE - 1)
    assert not desk.kit.on_trial()
    assert desk.restarted().conf["radio"]["sf"] == 10


def test_a_day_without_contact_and_not_before():
    """A kit that hears its gateway once in a day stays where it is."""
    desk = Desk()
    for day in range(1, 5):
        assert desk.kit.tick(day * (DAY - MINUTE)) is None
        desk.kit.contact(day * (DAY - MINUTE))
    assert desk.kit.tick(5 * DAY) is not None


def test_a_kit_stays_on_the_channel_where_it_found_its_gateway():
    """A town that has moved keeps the kit that found it; a reboot, or another day of silence, brings it home."""
    desk = Desk()
    desk.kit.tick(DAY + 20 * MINUTE)
    assert desk.kit.phy()["frequency_hz"] == 868_100_000
    desk.kit.contact(DAY + 25 * MINUTE)
    for hour in range(1, 24):
        assert desk.kit.tick(DAY + hour * 60 * MINUTE) is None
    assert desk.restarted().conf["radio"]["frequency_hz"] == 869_475_000
    phy = desk.kit.tick(2 * DAY + 25 * MINUTE + 10 * MINUTE)
    assert phy is not None
    assert (phy["frequency_hz"], phy["power_dbm"]) == (869_475_000, 14)


def test_a_channel_that_this_antenna_may_not_use_is_left_out():
    """Never louder than the law, not even to be found again."""
    desk = Desk()
    desk.conf["radio"]["antenna_gain_cdbi"] = 1300  # 14 dBm ERP would need 4 dBm of a radio that starts at 5
    visited = set()
    for step in range(40):
        desk.kit.tick(DAY + step * 10 * MINUTE)
        visited.add(desk.kit.phy()["frequency_hz"])
    assert visited == {869_475_000, 869_575_000}


def test_other_settings_on_the_flash_drop_what_was_changed_over_the_air(flashed):
    """A kit that was flashed anew is as it was flashed."""
    flashed.change(0, heartbeat_s=120)
    (flashed.folder / "settings.json").write_text(json.dumps(SETTINGS | {"rated_w": 9000}))
    anew = flashed.restarted()
    assert anew.conf["heartbeat_s"] == 300
    assert anew.change(0, full_s=600) == "done"
    assert (anew.restarted().conf["heartbeat_s"], anew.restarted().conf["full_s"]) == (300, 600)


def test_a_cut_at_any_moment_leaves_the_old_settings_or_the_new(flashed):
    """Whatever part of the new file was written when the power went, the kit starts with one whole set."""
    file = flashed.folder / overlay.FILE
    flashed.change(0, heartbeat_s=120)
    old = file.read_bytes()
    flashed.change(0, heartbeat_s=600, rated_w=7000)
    new = file.read_bytes()
    for cut in range(len(new) + 1):
        file.write_bytes(old)
        (flashed.folder / (overlay.FILE + ".new")).write_bytes(new[:cut])
        kit = flashed.restarted()
        assert (kit.conf["heartbeat_s"], kit.conf["rated_w"]) == (120, 10000)
    assert kit.change(0, heartbeat_s=600, rated_w=7000) == "done"
    assert file.read_bytes() == new
    for cut in range(len(new)):  # a file system that did not keep its word
        file.write_bytes(new[:cut])
        kit = flashed.restarted()
        assert (kit.conf["heartbeat_s"], kit.conf["rated_w"]) == (300, 10000)


@pytest.mark.parametrize(
    "content",
    ["null", "[]", '{"values": 3}', '{"values": ["sf"], "base": 1, "check": 1}', '{"values": {"sf": "9"}}'],
)
def test_a_file_that_is_none_of_ours_is_left_alone(flashed, content):
    """Nobody has to climb a mast because of a file."""
    (flashed.folder / overlay.FILE).write_text(content)
    assert flashed.restarted().conf["heartbeat_s"] == 300


def test_a_change_that_the_kit_cannot_start_with_is_not_in_force(flashed):
    """A whole and well-checked file that breaks the law of this site is dropped, not obeyed and not a stop."""
    base = overlay.base_of(flashed.flash.read("settings.json"))
    flashed.flash.replace(overlay.FILE, overlay.pack(base, {"frequency_hz": 868_100_000, "heartbeat_s": 120}))
    kit = flashed.restarted()
    assert (kit.conf["radio"]["frequency_hz"], kit.conf["heartbeat_s"]) == (869_475_000, 300)
    assert kit.change(0, full_s=600) == "done"
    assert (kit.restarted().conf["heartbeat_s"], kit.restarted().conf["full_s"]) == (300, 600)


def test_files_are_replaced_whole_or_not_at_all(tmp_path):
    """A folder that is gone or in the way is a failure that is told, not an exception in a task of the kit."""
    files = Files(f"{tmp_path}/")
    assert files.replace("a", b"1")
    assert files.replace("a", b"22")
    assert files.read("a") == b"22"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    (tmp_path / "b").mkdir()
    assert not files.replace("b", b"1")
    assert not Files(f"{tmp_path}/none/").replace("a", b"1")
    files.remove("a")
    files.remove("a")
    assert files.read("a") is None


def test_flash_in_memory_is_like_the_real_one(tmp_path):
    """The stand-in that both board interpreters use reads, replaces and removes as files do."""
    for files in (Files(f"{tmp_path}/"), Flash()):
        said = [files.read("x"), files.replace("x", b"1"), files.replace("x", b"22"), files.read("x")]
        files.remove("x")
        assert [*said, files.read("x")] == [None, True, True, b"22", None]


def test_settings_of_the_checks_are_those_of_a_kit(flashed):
    """The shortened settings that the board interpreters use have the names that the command list changes."""
    short = pure_remote.settings_in_force()
    for _, name, _, _ in commands.SETTINGS:
        assert overlay.value_of(short, name) == overlay.value_of(flashed.conf, name)
