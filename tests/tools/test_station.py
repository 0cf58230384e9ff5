"""The provisioning station: keys that exist once, a list that can be run again, kits that are lost or handed over."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

import pytest

from nspgateway import keys, region
from nspgateway.errors import ConfigError, KeyRegisterError
from nspgateway.keys import KeyRegister
from nspkit import settings as kit_settings
from nsptools.cli import main
from nsptools.provision import reserve_word
from nsptools.station import exchange, sealed, sitelist
from nsptools.station.register import BoardBound, FlashRecord, Register, RegisterError
from nsptools.station.station import Station

HEAD = "name;number;municipality;latitude;longitude;devices;tank_litres;rated_kw\n"
LINDE = "De Linde;1;Lindendam;52,0907;5,1214;generator:dse7320mk2@10 meter:sdm630@2;60;10\n"
ARK = "De Ark;2;Lindendam;52,1;5,2;generator:smartgen_hgm4000n@1;40;8\n"
GIVEN = {"region": "regio-oost", "cp": "kazerne-oost", "cp_number": 17}
PASSPHRASE = "correct horse battery"


@pytest.fixture(autouse=True)
def _a_cheap_passphrase(monkeypatch):
    """Draw keys from passphrases at a cost for tests: the real one takes a tenth of a second each time."""
    for module in (sealed, keys):
        monkeypatch.setattr(module, "_SCRYPT_N", 1 << 4)


def station_of(folder: Path, *lines: str) -> Station:
    """Make a station with these sites, or bring one that is there up to date."""
    path = folder.with_suffix(".csv")
    path.write_text(HEAD + "".join(lines))
    there = folder.exists()
    station = Station(folder, PASSPHRASE) if there else Station.create(folder, GIVEN, PASSPHRASE, demo=False)
    station.apply(path, sitelist.read(path, region="regio-oost", cp="kazerne-oost"))
    return station


def tree(folder: Path) -> dict[str, str]:
    """Return the hash of every file below a folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_second_run_changes_nothing(tmp_path):
    """A list that is run again leaves every byte as it is, keys above all."""
    station_of(tmp_path / "s", LINDE, ARK)
    before = tree(tmp_path / "s")
    station_of(tmp_path / "s", LINDE, ARK)
    assert tree(tmp_path / "s") == before


def test_the_card_of_a_point_goes_from_the_list_to_the_gateway(tmp_path):
    """What people must know of a point is typed once: where it is, how to reach and fill it, what to do there."""
    path = tmp_path / "sites.csv"
    head = HEAD.strip() + ";adres;reserveweg;vulpunt;toegang;leverancier;instructies;contacten\n"
    path.write_text(
        head
        + LINDE.strip()
        + ";Dorpsstraat 1;portofoon 3;dop achter;inrit;Depot;Kit links|Set buiten;Beheer: 010-0000000\n"
    )
    station = Station.create(tmp_path / "s", GIVEN, PASSPHRASE, demo=False)
    station.apply(path, sitelist.read(path, region="regio-oost", cp="kazerne-oost"))
    (point,) = tomllib.loads((tmp_path / "s" / "points.toml").read_text())["point"]
    names = ("address", "backup", "filler", "access", "supplier", "instructions", "contacts")
    assert [point[name] for name in names] == [
        *("Dorpsstraat 1", "portofoon 3", "dop achter", "inrit", "Depot"),
        ["Kit links", "Set buiten"],
        ["Beheer: 010-0000000"],
    ]


def test_two_stations_share_no_key(tmp_path):
    """The same list at two stations: every key is drawn from the operating system, for that station alone."""
    one, two = station_of(tmp_path / "a", LINDE, ARK), station_of(tmp_path / "b", LINDE, ARK)
    drawn = [key.key for key in (*one.keys.keys, *two.keys.keys)]
    assert len(drawn) == 6  # two kits and the group, twice
    assert len(set(drawn)) == 6


def test_what_the_station_makes_a_kit_reads(tmp_path):
    """Settings, key, counters and budget are those that the kit's own checks let through."""
    station = station_of(tmp_path / "s", LINDE)
    files = station.kit_files("de-linde", station.new_key("de-linde", "aa:01"))
    flash = tmp_path / "flash"
    flash.mkdir()
    for name, content in files.items():
        (flash / name).write_bytes(content)
    conf = kit_settings.load(f"{flash}/")
    assert conf["address"] == 17 << 6 | 1
    generation, key, group = kit_settings.load_key(f"{flash}/")
    assert (generation, len(key), len(group)) == (1, 16, 16)


def test_what_hangs_on_an_input_is_known_to_kit_and_gateway(tmp_path):
    """The CO detector of the list is an alarm at the kit, and has its own words at the gateway."""
    path = tmp_path / "sites.csv"
    path.write_text(HEAD.strip() + ";ingang_1\n" + LINDE.strip() + ";co_alarm\n")
    station = Station.create(tmp_path / "s", GIVEN, PASSPHRASE, demo=False)
    station.apply(path, sitelist.read(path, region="regio-oost", cp="kazerne-oost"))
    (point,) = tomllib.loads((tmp_path / "s" / "points.toml").read_text())["point"]
    assert point["inputs"] == {"input_1": "co_alarm"}
    flash = tmp_path / "flash"
    flash.mkdir()
    for name, content in station.kit_files("de-linde", station.new_key("de-linde", "aa:01")).items():
        (flash / name).write_bytes(content)
    assert kit_settings.load(f"{flash}/")["inputs"] == {"input_1": 0}


def test_the_words_of_list_and_region_are_on_the_kits_display_and_page(tmp_path):
    """Stock and topics go by number on air: kit and gateway read them from one file. The back-up path has its own name."""
    path = tmp_path / "sites.csv"
    path.write_text(HEAD.strip() + ";reserveweg\n" + LINDE.strip() + ";koerier per fiets\n")
    station = Station.create(tmp_path / "s", GIVEN, PASSPHRASE, demo=False)
    rows = sitelist.read(path, region="regio-oost", cp="kazerne-oost")
    station.apply(path, rows)
    own = tmp_path / "s" / "region.toml"
    own.write_text('[[stock]]\nnl = "zandzakken"\nen = "sandbags"\n', encoding="utf-8")
    settings = tmp_path / "s" / "gateway.toml"
    settings.write_text('region_file = "region.toml"\n' + settings.read_text())
    assert station.apply(path, rows).changed == ("de-linde",)
    said = station.settings("de-linde")
    assert said["reserve"] == "KOERIER"
    assert said["local"]["point"] == "De Linde"
    assert said["local"]["stock"] == ["zandzakken"]
    assert said["local"]["topics"] == [topic.nl for topic in region.packaged().topic]


@pytest.mark.parametrize(
    ("backup", "word"),
    [
        ("", "PORTO"),
        ("portofoon kanaal 3", "PORTO"),
        ("DARES", "DARES"),
        ("satelliettelefoon", "RESERVE"),
        ("één", "RESERVE"),
    ],
)
def test_the_back_up_path_fits_the_display(backup, word):
    """A volunteer reads a word that is there, never half of one."""
    assert reserve_word(backup) == word


def test_a_list_with_a_fault_changes_nothing(tmp_path):
    """One bad cell among good ones: no file is touched."""
    station_of(tmp_path / "s", LINDE)
    before = tree(tmp_path / "s")
    with pytest.raises(sitelist.SiteListError):
        station_of(tmp_path / "s", LINDE.replace(";60;", ";x;"), ARK)
    path = tmp_path / "t.csv"
    path.write_text(HEAD.strip() + ";kit\n" + LINDE.strip() + ";5\n")
    rows = sitelist.read(path, region="regio-oost", cp="kazerne-oost")
    station = Station(tmp_path / "s", PASSPHRASE)
    with pytest.raises(sitelist.SiteListError, match="is kit 1"):
        station.apply(path, rows)
    assert tree(tmp_path / "s") == before


def test_what_only_the_kit_would_refuse_is_refused_here(tmp_path):
    """Two devices that measure the same quantity: found at the desk, not on site."""
    with pytest.raises(sitelist.SiteListError, match="line 2"):
        station_of(tmp_path / "s", LINDE.replace("@2", "@2 battery:victron_gx@100"))


def test_numbers_stay_with_their_point(tmp_path):
    """A site that leaves the list keeps its number, and a new one never gets it."""
    station_of(tmp_path / "s", LINDE, ARK)
    station = station_of(tmp_path / "s", ARK, LINDE.replace("De Linde", "De Kuil").replace(";1;", ";3;"))
    assert {row.slug: row.kit for row in station.register.kits()} == {
        "de-linde": 1,
        "de-ark": 2,
        "de-kuil": 3,
    }


def test_a_key_is_put_on_a_board_once(tmp_path):
    """Every flash gets a key that was never on its way to any board."""
    station = station_of(tmp_path / "s", LINDE)
    generations = [station.new_key("de-linde", "aa:01").generation for _ in range(3)]
    assert generations == [1, 2, 3]
    assert len({key.key for key in station.keys.of_kit(station.address("de-linde"))}) == 3


def test_a_withdrawn_kit_is_refused_and_gets_a_new_key(tmp_path):
    """A lost kit: its keys are refused at the gateway; its point comes back with a new board and a new key."""
    station = station_of(tmp_path / "s", LINDE)
    old = station.new_key("de-linde", "aa:01")
    station.register.bind("de-linde", "aa:01")
    assert station.withdraw("de-linde", "stolen") == 1
    assert all(
        key.withdrawn for key in KeyRegister.load(tmp_path / "s/keys.db", PASSPHRASE).of_kit(old.address)
    )
    with pytest.raises(BoardBound, match="withdrawn"):
        station.register.bind("de-linde", "aa:02")
    station.register.bind("de-linde", "aa:02", replace=True)
    assert station.new_key("de-linde", "aa:02").generation == 2


def test_a_board_belongs_to_one_point(tmp_path):
    """A board of another point, or a second board for one point, is stopped by name."""
    station = station_of(tmp_path / "s", LINDE, ARK)
    station.register.bind("de-linde", "aa:01")
    station.register.bind("de-linde", "aa:01")
    with pytest.raises(BoardBound, match="is 'de-linde'"):
        station.register.bind("de-ark", "aa:01")
    with pytest.raises(BoardBound, match="--replace"):
        station.register.bind("de-linde", "aa:02")
    station.register.bind("de-linde", "aa:02", replace=True)
    assert [what for _, _, what, _ in station.register.events()][-1] == "replaced"


def test_the_register_keeps_every_attempt(tmp_path):
    """Who asks later what was put on a board finds it, failures included."""
    station = station_of(tmp_path / "s", LINDE)
    at = station.keys.keys[0].created.replace(microsecond=0)
    failed = FlashRecord("de-linde", "aa:01", at, "failed", why="unplugged")
    good = FlashRecord("de-linde", "aa:01", at, "verified", generation=2, files={"main.py": "00"})
    station.register.record(failed)
    station.register.record(good, settings="abc")
    again = Register.open(tmp_path / "s/station.db", PASSPHRASE)
    assert again.records("de-linde") == [failed, good]
    assert (again.kit("de-linde").state, again.kit("de-linde").settings) == ("flashed", "abc")
    with pytest.raises(RegisterError, match="there are: de-linde"):
        again.kit("de-lindde")


def test_no_key_and_no_plain_text_on_the_stations_disk(tmp_path):
    """Without the passphrase the folder tells neither a key nor where the boards are."""
    station = station_of(tmp_path / "s", LINDE)
    station.register.bind("de-linde", "aa:bb:cc:01")
    key = station.new_key("de-linde", "aa:bb:cc:01")
    everything = b"".join(path.read_bytes() for path in (tmp_path / "s").rglob("*") if path.is_file())
    assert key.key not in everything
    assert key.key.hex().encode() not in everything
    assert b"aa:bb:cc:01" not in everything
    for name in ("station.db", "keys.db"):
        assert (tmp_path / "s" / name).stat().st_mode & 0o077 == 0
    assert "key=***" in repr(key)


@pytest.mark.parametrize(
    ("passphrase", "said"), [("wrong horse battery", "wrong passphrase"), (None, "passphrase")]
)
def test_a_station_opens_with_its_passphrase_only(tmp_path, passphrase, said):
    """A stolen laptop is no register."""
    station_of(tmp_path / "s", LINDE)
    with pytest.raises((sealed.SealedError, KeyRegisterError), match=said):
        Station(tmp_path / "s", passphrase)


def test_a_new_station_wants_a_passphrase_and_a_number(tmp_path):
    """Nothing is made without encryption, nor without the number that keeps neighbours apart."""
    with pytest.raises(sealed.SealedError, match="--passphrase-file"):
        Station.create(tmp_path / "s", GIVEN, None, demo=False)
    with pytest.raises(sealed.SealedError, match="12 characters"):
        Station.create(tmp_path / "s", GIVEN, "short", demo=False)
    with pytest.raises(ConfigError, match="--cp-number"):
        Station.create(tmp_path / "s", {**GIVEN, "cp_number": None}, PASSPHRASE, demo=False)
    assert not (tmp_path / "s" / "keys.db").exists()


BOTH = ("first person's words", "second person's words")


def empty_station(folder: Path, **given: object) -> Station:
    """Make a station without sites."""
    return Station.create(folder, {**GIVEN, **given}, PASSPHRASE, demo=False)


def test_kits_are_handed_over_whole_and_flashed_at_one_station_only(tmp_path):
    """The other station has keys, numbers, boards and history; this one lets go."""
    here, there = station_of(tmp_path / "a", LINDE, ARK), empty_station(tmp_path / "b")
    here.register.bind("de-linde", "aa:01")
    key = here.new_key("de-linde", "aa:01")
    exchange.hand_over(here, ["de-linde"], tmp_path / "linde.nsp", BOTH)
    assert exchange.take(there, tmp_path / "linde.nsp", BOTH) == ["de-linde"]
    row = there.register.kit("de-linde")
    assert (row.kit, row.mac) == (1, "aa:01")
    assert there.key_in_use("de-linde") == key
    assert there.new_key("de-linde", "aa:01").generation == 2
    assert here.register.kit("de-linde").state == "moved"
    for replace in (False, True):
        with pytest.raises(BoardBound, match="handed over"):
            here.register.bind("de-linde", "aa:01", replace=replace)
    with pytest.raises(exchange.ExchangeError, match="handed over already"):
        exchange.hand_over(here, ["de-linde"], tmp_path / "again.nsp", BOTH)


@pytest.mark.parametrize(
    ("both", "said"),
    [
        (("first person's words", "another's words"), "wrong passphrase"),
        (("first person's words", "first person's words"), "Two people"),
        (("first person's words", "short"), "too short"),
    ],
)
def test_a_hand_over_takes_two_people(tmp_path, both, said):
    """One person's passphrase opens nothing."""
    here, there = station_of(tmp_path / "a", LINDE), empty_station(tmp_path / "b")
    exchange.hand_over(here, ["de-linde"], tmp_path / "x", BOTH)
    with pytest.raises(sealed.SealedError, match=said):
        exchange.take(there, tmp_path / "x", both)
    assert there.register.kits() == []


def test_what_does_not_fit_is_not_taken(tmp_path):
    """Another coordinating point's kits, a number that is taken here, a kit that is here already."""
    here = station_of(tmp_path / "a", LINDE)
    exchange.hand_over(here, ["de-linde"], tmp_path / "x", BOTH)
    with pytest.raises(exchange.ExchangeError, match="point 17"):
        exchange.take(empty_station(tmp_path / "b", cp_number=18), tmp_path / "x", BOTH)
    with pytest.raises(exchange.ExchangeError, match="has number 1"):
        exchange.take(station_of(tmp_path / "c", ARK), tmp_path / "x", BOTH)
    with pytest.raises(exchange.ExchangeError, match="already"):
        exchange.take(station_of(tmp_path / "d", LINDE), tmp_path / "x", BOTH)


def test_a_new_station_begins_with_what_it_is_handed(tmp_path):
    """It becomes one of the same coordinating point, with the same group key; one that drew its own is refused."""
    here = station_of(tmp_path / "a", LINDE)
    exchange.hand_over(here, ["de-linde"], tmp_path / "x", BOTH)
    there = exchange.begin(tmp_path / "b", tmp_path / "x", BOTH, PASSPHRASE)
    assert exchange.take(there, tmp_path / "x", BOTH) == ["de-linde"]
    assert there.config == here.config
    group = 17 << 6
    assert there.keys.of_kit(group) == here.keys.of_kit(group)
    line = LINDE.replace("De Linde;1", "De Brink;7")
    other = station_of(tmp_path / "c", ARK, line, line.replace("De Brink;7", "De Kreek;8"))
    moved = station_of(tmp_path / "d", LINDE, ARK, line, line.replace("De Brink;7", "De Es;9"))
    exchange.hand_over(moved, ["de-es"], tmp_path / "y", BOTH)
    with pytest.raises(exchange.ExchangeError, match="group key of its own"):
        exchange.take(other, tmp_path / "y", BOTH)


def test_two_keys_of_one_generation_are_loud(tmp_path):
    """Two stations that drew for one kit are told so before a gateway has to choose."""
    one, two = station_of(tmp_path / "a", LINDE), station_of(tmp_path / "b", LINDE)
    with pytest.raises(KeyRegisterError, match="another key of generation 1"):
        one.keys.adopt([key for key in two.keys.keys if key.address == one.address("de-linde")])


def test_the_commands_do_it_and_say_it(tmp_path, capsys):
    """What a technician types: a list, the same list again, a look, a lost kit."""
    (tmp_path / "sites.csv").write_text(HEAD + LINDE)
    secret = tmp_path / "pass"
    secret.write_text(PASSPHRASE + "\n")
    secret.chmod(0o600)
    there = ["--station", str(tmp_path / "s"), "--passphrase-file", str(secret)]
    new = ["--region", "regio-oost", "--cp", "kazerne-oost", "--cp-number", "17"]
    assert main(["provision", str(tmp_path / "sites.csv"), *there, *new]) == 0
    assert "1 new: de-linde" in capsys.readouterr().out
    assert main(["provision", str(tmp_path / "sites.csv"), *there]) == 0
    assert "1 unchanged: de-linde" in capsys.readouterr().out
    assert main(["provision", str(tmp_path / "sites.csv"), *there, "--cp-number", "18"]) == 2
    assert "cp_number: is 17" in capsys.readouterr().err
    assert main(["kits", "list", *there]) == 0
    assert "de-linde" in capsys.readouterr().out
    assert main(["kits", "withdraw", "de-linde", *there]) == 0
    assert "withdrawn" in capsys.readouterr().out
    assert main(["provision", str(tmp_path / "none.csv"), *there]) == 2
