"""Provisioning: the files of a gateway and its kits fit together, and no key is ever there twice."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from msgspec import structs

from nspgateway.clock import Clock
from nspgateway.config import BrokerConfig, PointConfig
from nspgateway.config_parts import PageConfig
from nspgateway.errors import ConfigError, KeyRegisterError
from nspgateway.ingest import Ingest
from nspgateway.keys import KeyRegister, read_passphrase
from nspgateway.ports import Reception
from nspgateway.store import Store
from nspkit import budget, persist, settings
from nsplink import frame, message, seal
from nsptools.provision import (
    DEVICES,
    CpSpec,
    Provisioned,
    ProvisionError,
    SiteSpec,
    TankSpec,
    provision,
)

PHY: dict[str, int | str] = {
    "frequency_hz": 869_475_000,
    "sf": 9,
    "bandwidth_khz": 125,
    "coding_rate": 5,
    "preamble": 8,
    "power_dbm": 14,
    "sync_word": "3444",
}
CP = CpSpec(
    slug="kazerne-oost",
    number=1,
    region="regio-oost",
    name='Kazerne "Oost" \\ 1',
    modem_port="/dev/pts/99",
    brokers=(BrokerConfig(name="demo", host="127.0.0.1", port=18830, protocol="3.1.1"),),
    page=PageConfig(port=18080, language="en"),
)


def _site(kit: int, slug: str) -> SiteSpec:
    point = PointConfig(
        slug=slug,
        name=f"Noodsteunpunt {slug}",
        number=kit,
        municipality="’s-Lindendam",
        latitude=52.1,
        longitude=5.9,
        tank_litres=40.0,
        dead_litres=2.5,
        rated_w=10000,
        lead_time_h=4.0,
        sources=("grid", "generator", "battery"),
        devices=("generator", "battery", "meter"),
    )
    return SiteSpec(point, kit)


SITES = [_site(1, "de-linde"), _site(2, "de-ark"), _site(63, "de-kuil")]


def _demo(folder: Path) -> Provisioned:
    return provision(folder, SITES, CP, phy=PHY, demo=True, heartbeat_s=5, full_s=60, speed=60.0)


@pytest.fixture
def made(tmp_path: Path) -> Provisioned:
    return _demo(tmp_path)


def test_the_gateway_reads_back_what_was_meant(made: Provisioned) -> None:
    """Protects the gateway's files: every setting arrives, odd characters and demo time included."""
    assert made.config.cp_name == CP.name
    assert made.config.radio.phy() == PHY
    assert made.config.radio.port == CP.modem_port
    assert made.config.broker == CP.brokers
    assert made.config.page == CP.page
    assert made.config.data.is_dir()
    expected = structs.replace(
        SITES[0].point,
        kit_address=65,
        interval_s=300.0,
        full_interval_s=3600.0,
        cp="kazerne-oost",
        region="regio-oost",
    )
    assert made.points[0] == expected
    assert [p.kit_address for p in made.points] == [65, 66, 127]


def test_the_kit_accepts_its_files_and_is_heard(made: Provisioned) -> None:
    """Protects the pair of kit and gateway: a frame made from the kit's files is accepted by the gateway's."""
    kit = made.kits[0]
    folder = f"{kit.folder}/"
    conf = settings.load(folder)
    generation, key, _group = settings.load_key(folder)
    counter = persist.CounterStore(folder, generation, key).next()
    assert (conf["address"], conf["heartbeat_s"], conf["change_gap_s"], conf["change_refill_s"]) == (
        65,
        5,
        1,
        5,
    )
    header = frame.Header(frame.UP, "vital", conf["address"], generation & 1, False, True, counter)
    data = seal.UplinkKey(key).seal(header, message.encode("vital", {"fuel_permille": 500}))
    register = KeyRegister.load(made.config.keys, demo=True)
    with Store(made.config.database, ["demo"]) as store:
        ingest = Ingest(made.config, made.points, register, store, Clock())
        assert ingest.receive(Reception(data, -90, 7.0)) == "accepted"


def test_a_kits_folder_holds_its_flash_files_and_only_its_own_key(made: Provisioned) -> None:
    """Protects kits from each other's keys, and settings.json from holding any."""
    keys = {kit.slug: json.loads(kit.files["key.json"])["key"] for kit in made.kits}
    assert len(set(keys.values())) == 3
    for kit in made.kits:
        assert set(kit.files) == {"settings.json", "key.json", *persist.FILES, *budget.FILES}
        assert (kit.folder / "key.json").stat().st_mode & 0o777 == 0o600
        everything = b"".join(content for name, content in kit.files.items() if name != "key.json")
        assert all(
            key.encode() not in everything and bytes.fromhex(key) not in everything for key in keys.values()
        )
    assert made.config.keys.stat().st_mode & 0o777 == 0o600
    for file in (made.config_file, made.config.points):
        assert not any(key in file.read_text() for key in keys.values())


def test_folders_with_secrets_are_private(made: Provisioned) -> None:
    """Protects keys on a shared machine: nobody else looks into the kits' folders or the gateway's data."""
    folders = [made.config.data, made.config_file.parent / "kits", *(kit.folder for kit in made.kits)]
    assert {folder.stat().st_mode & 0o777 for folder in folders} == {0o700}


def test_both_counters_are_there_from_the_start(made: Provisioned) -> None:
    """Protects the counter: a kit that loses one of its two files still knows where it was."""
    for kit in made.kits:
        first, second = (kit.files[name] for name in persist.FILES)
        assert first == second
        key = bytes.fromhex(json.loads(kit.files["key.json"])["key"])
        assert persist.reserved_of(first, kit.generation, key) == 0


def test_a_new_kit_has_its_whole_lawful_hour(made: Provisioned) -> None:
    """Protects the first hour of a kit: without these records it could only send alarms."""
    for kit in made.kits:
        assert budget.Budget(f"{kit.folder}/", 36_000_000).left_permille(0) == 1000


def test_what_a_kit_is_told_of_its_site(tmp_path: Path) -> None:
    """Protects the kit's alarms: a tank's two ends and the set's mode arrive; an unknown power is 0, not a guess."""
    site = _site(1, "de-linde")
    point = structs.replace(site.point, rated_w=None)
    tank = TankSpec(empty_raw=120, full_raw=1480)
    sites = [replace(site, point=point, tank=tank, generator_auto=False), _site(2, "de-ark")]
    made = provision(tmp_path, sites, CP, phy=PHY, demo=True, heartbeat_s=5, full_s=60)
    told, plain = (json.loads(kit.files["settings.json"]) for kit in made.kits)
    assert told["tank"] == {"empty_raw": 120, "full_raw": 1480}
    assert (told["generator_auto"], told["rated_w"]) == (False, 0)
    assert (plain["tank"], plain["generator_auto"], plain["rated_w"]) == (None, True, 10000)
    assert [bus["bits"] for bus in told["buses"]] == [8]
    for kit in made.kits:
        settings.load(f"{kit.folder}/")


def test_two_registers_from_one_list_share_no_key(tmp_path: Path) -> None:
    """Protects nonces: the same list provisioned twice gives other keys."""
    keys = set()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        made = _demo(tmp_path / name)
        keys |= {k.key for k in KeyRegister.load(made.config.keys, demo=True).keys}
    assert len(keys) == 2 * (len(SITES) + 1)  # each point's, and the group's


def test_outside_a_demo_the_register_is_encrypted(tmp_path: Path) -> None:
    """Protects real keys: no passphrase, no register; and the gateway finds its passphrase by its settings."""
    with pytest.raises(ProvisionError, match="passphrase"):
        provision(tmp_path, SITES, CP, phy=PHY, demo=False, heartbeat_s=300, full_s=3600)
    file = tmp_path / "passphrase"
    file.write_text("een lange wachtzin\n")
    file.chmod(0o644)
    real = partial(
        provision,
        tmp_path,
        SITES,
        CP,
        phy=PHY,
        demo=False,
        heartbeat_s=300,
        full_s=3600,
        passphrase_file=file,
    )
    with pytest.raises(KeyRegisterError, match="chmod 600"):
        real()
    file.chmod(0o600)
    made = real()
    assert made.config.passphrase_file == file
    passphrase = read_passphrase(made.config.passphrase_file)
    assert len(KeyRegister.load(made.config.keys, passphrase).keys) == len(SITES) + 1  # and the group's
    conf = settings.load(f"{made.kits[0].folder}/")
    assert (conf["heartbeat_s"], conf["change_gap_s"], conf["change_refill_s"]) == (300, 60, 300)


def test_never_writes_over_what_is_in_use(tmp_path: Path) -> None:
    """Protects a working coordinating point from being provisioned again over its keys."""
    made = _demo(tmp_path)
    before = made.config.keys.read_bytes()
    with pytest.raises(ProvisionError, match="exists already"):
        _demo(tmp_path)
    assert made.config.keys.read_bytes() == before


@pytest.mark.parametrize(
    ("sites", "cp_number", "said"),
    [
        ([_site(1, "a"), _site(1, "b")], 1, "used twice"),
        ([_site(0, "a")], 1, "1 to 63"),
        ([_site(64, "a")], 1, "1 to 63"),
        ([_site(1, "a")], 1024, "out of range"),
        ([replace(_site(1, "a"), devices=DEVICES[:2])], 1, "the kit reads battery, generator, the point has"),
        ([replace(_site(1, "a"), devices=())], 1, "the kit reads no devices"),
    ],
)
def test_refuses_a_list_that_cannot_work(
    tmp_path: Path, sites: list[SiteSpec], cp_number: int, said: str
) -> None:
    """Protects addresses on air: each kit its own, within the coordinating point's range."""
    cp = CpSpec(slug="a", number=cp_number, region="r")
    with pytest.raises(ProvisionError, match=said):
        provision(tmp_path, sites, cp, phy=PHY, demo=True, heartbeat_s=5, full_s=60)
    assert list(tmp_path.iterdir()) == []


def test_refuses_settings_that_the_gateway_would_refuse(tmp_path: Path) -> None:
    """Protects the technician's time: what the gateway cannot read is refused before any key is made."""
    with pytest.raises(ConfigError, match=r"radio\.sf"):
        provision(tmp_path, SITES, CP, phy=PHY | {"sf": 5}, demo=True, heartbeat_s=5, full_s=60)
    assert not (tmp_path / "keys.db").exists()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """Protects the first run: a wrong path is said in words."""
    with pytest.raises(ProvisionError, match="cannot be written"):
        _demo(tmp_path / "none")


def test_power_is_lawful_behind_every_antenna(tmp_path: Path) -> None:
    """Protects the band: a kit's files say its antenna, and no more power than the law leaves behind it."""
    gains = {"de-linde": 5.8, "de-ark": 2.15, "de-kuil": None}
    sites = [
        replace(
            site,
            point=structs.replace(site.point, antenna_gain_dbi=gains[site.point.slug], cable_loss_db=1.5),
        )
        for site in SITES
    ]
    phy = PHY | {"frequency_hz": 868_100_000}
    made = provision(tmp_path, sites, CP, phy=phy, demo=True, heartbeat_s=300, full_s=3600)
    radios = [settings.load(f"{kit.folder}/")["radio"] for kit in made.kits]
    assert [radio["power_dbm"] for radio in radios] == [11, 14, 11]
    assert [radio["antenna_gain_cdbi"] for radio in radios] == [580, 215, 600]
    assert [radio["cable_loss_cdb"] for radio in radios] == [150] * 3
    assert made.config.radio.power_dbm == 10
    assert made.points[0].antenna_gain_dbi == 5.8
    assert made.points[2].antenna_gain_dbi is None


@pytest.mark.parametrize(
    ("phy", "gain", "said"),
    [
        ({"frequency_hz": 868_650_000}, 2.0, "no sub-band"),
        ({"frequency_hz": 868_100_000}, 15.0, "no radio goes"),
    ],
)
def test_what_cannot_be_lawful_is_not_provisioned(
    tmp_path: Path, phy: dict[str, int | str], gain: float, said: str
) -> None:
    """Protects from files of a kit that its radio could only break the law with, or refuse."""
    site = replace(SITES[0], point=structs.replace(SITES[0].point, antenna_gain_dbi=gain))
    with pytest.raises(ProvisionError, match=said):
        provision(tmp_path, [site], CP, phy=PHY | phy, demo=True, heartbeat_s=300, full_s=3600)
