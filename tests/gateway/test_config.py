"""gateway.toml and points.toml: what is right is read, what is wrong stops the start and says where."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from nspgateway.config import GatewayConfig, PointConfig, load_gateway, load_points
from nspgateway.errors import ConfigError

GATEWAY = """\
region = "regio-oost"
cp = "kazerne-oost"
cp_number = 1
data = "data"
points = "points.toml"
keys = "keys.db"

[radio]
port = "/dev/ttyUSB0"
sf = 9

[[broker]]
name = "own"
host = "localhost"
protocol = "3.1.1"

[page]
port = 8080
"""

POINTS = """\
[[point]]
slug = "de-linde"
name = "Buurthuis De Linde"
number = 1
municipality = "Lindendam"
latitude = 52.1
longitude = 5.9
kit_address = 65
tank_litres = 60
dead_litres = 5

[[point]]
slug = "de-ark"
name = "Kerk De Ark"
number = 2
municipality = "Lindendam"
latitude = 52.2
longitude = 5.8
kit_address = 66
"""


def _gateway(folder: Path, text: str = GATEWAY) -> GatewayConfig:
    path = folder / "gateway.toml"
    path.write_text(text, encoding="utf-8")
    return load_gateway(path)


def _points(folder: Path, text: str) -> tuple[PointConfig, ...]:
    path = folder / "points.toml"
    path.write_text(text, encoding="utf-8")
    return load_points(path, _gateway(folder))


def test_reads_what_is_right(tmp_path: Path) -> None:
    """Protects the settings that every other part relies on: types, defaults, absolute paths."""
    config = _gateway(tmp_path)
    assert config.keys == tmp_path / "keys.db"
    assert config.database == tmp_path / "data" / "nsp.db"
    assert config.radio.phy() == {
        "frequency_hz": 869_475_000,
        "sf": 9,
        "bandwidth_khz": 125,
        "coding_rate": 5,
        "preamble": 8,
        "power_dbm": 14,
        "sync_word": "3444",
    }
    assert config.broker[0].port == 1883
    linde, ark = _points(tmp_path, POINTS)
    assert (linde.cp, linde.region, linde.tank_litres) == ("kazerne-oost", "regio-oost", 60.0)
    assert ark.tank_litres is None
    assert ark.deployment == "closed"


@pytest.mark.parametrize(
    ("old", "new", "where", "line", "said"),
    [
        ("sf = 9", "sfx = 9", "radio.sfx", 10, "not a key that is known"),
        ('region = "regio-oost"\n', "", "region", None, "missing"),
        ('port = "/dev/ttyUSB0"\n', "", "radio.port", 8, "missing"),
        ("cp_number = 1", 'cp_number = "1"', "cp_number", 3, "expected a whole number, got text"),
        ("cp_number = 1", "cp_number = 1024", "cp_number", 3, "at most 1023"),
        ("cp_number = 1", "cp_number = 0", "cp_number", 3, "at least 1"),
        ("sf = 9", "sf = 13", "radio.sf", 10, "at most 12"),
        ("sf = 9", "sf = 6", "radio.sf", 10, "at least 7"),
        ("sf = 9", 'hub_port = "1.2"', "radio.hub_port", 10, "such as 1-1.2"),
        ("sf = 9", "frequency_hz = 915000000", "radio.frequency_hz", 10, "870000000"),
        ("sf = 9", "frequency_hz = 868650000", "radio.frequency_hz", 10, "no sub-band allows"),
        ("sf = 9", "bandwidth_khz = 500", "radio.frequency_hz", 8, "no sub-band allows"),
        ("sf = 9", "frequency_hz = 868100000", "radio.power_dbm", 8, "10 that the law leaves"),
        ("sf = 9", "antenna_gain_dbi = 25", "radio.antenna_gain_dbi", 10, "at most 20"),
        ("sf = 9", "cable_loss_db = -1", "radio.cable_loss_db", 10, "at least 0"),
        ('cp = "kazerne-oost"', 'cp = "Kazerne Oost"', "cp", 2, "single hyphens"),
        ('protocol = "3.1.1"', 'protocol = "4"', "broker[0].protocol", 15, "'4' is not one of '3.1.1', '5'"),
        ("port = 8080", "port = 70000", "page.port", 18, "65535"),
        ("[page]", 'certificate = "own.pem"\n[page]', "broker[0]", 12, "belong together"),
        ("[page]", 'certificate = "a"\nprivate_key = "b"\n[page]', "broker[0]", 12, "broker's ca"),
        ("[radio]", "latitude = 52.1\n[radio]", "", None, "belong together"),
        (
            "[radio]",
            '[map]\npicture = "a.png"\nnorth = 52.0\nsouth = 52.1\nwest = 5.0\neast = 6.0\n[radio]',
            "map",
            8,
            "north of south",
        ),
        (
            "[page]",
            '[[broker.client]]\nname = "Wand 1"\n[page]',
            "broker[0].client[0].name",
            18,
            "single hyphens",
        ),
        ("[page]", '[[broker]]\nname = "own"\nhost = "b"\n[page]', "broker[1].name", 18, "already used"),
    ],
)
def test_refuses_in_gateway_toml(
    tmp_path: Path, old: str, new: str, where: str, line: int | None, said: str
) -> None:
    """Protects a technician from a typing error that starts a gateway with other settings than meant."""
    assert old in GATEWAY
    with pytest.raises(ConfigError) as caught:
        _gateway(tmp_path, GATEWAY.replace(old, new, 1))
    error = caught.value
    assert (error.where, error.line) == (where, line)
    assert said in str(error)
    assert str(tmp_path / "gateway.toml") in str(error)
    assert error.cure in str(error)
    assert error.cure


@pytest.mark.parametrize(
    ("old", "new", "where", "line", "said"),
    [
        ("dead_litres = 5", "dead_litres = 61", "point[0]", 1, "at least dead_litres"),
        ("dead_litres = 5", "dead_litres = -1", "point[0].dead_litres", 10, "at least 0"),
        ("dead_litres = 5", "interval_s = 0", "point[0].interval_s", 10, "more than 0"),
        ("dead_litres = 5", "antenna_gain_dbi = -11", "point[0].antenna_gain_dbi", 10, "at least -10"),
        ("latitude = 52.2", "latitude = 152.2", "point[1].latitude", 17, "at most 90"),
        ("longitude = 5.8", "longitude = 185.8", "point[1].longitude", 18, "at most 180"),
        ("longitude = 5.8", "", "point[1].longitude", 12, "missing"),
        ('slug = "de-ark"', 'slug = "de-linde"', "point[1].slug", 13, "already used by point[0]"),
        ("number = 2", "number = 1", "point[1].number", 15, "already used by point[0]"),
        ("kit_address = 66", "kit_address = 65", "point[1].kit_address", 19, "already used by point[0]"),
        ("kit_address = 66", "kit_address = 129", "point[1].kit_address", 19, "coordinating point 2"),
        ("kit_address = 66", "kit_address = 128", "point[1]", 12, "0 is the group"),
        ('slug = "de-ark"', 'slug = "de_ark"', "point[1].slug", 13, "single hyphens"),
        ("number = 2", 'region = "Regio Oost"\nnumber = 2', "point[1].region", 15, "single hyphens"),
        ("number = 2", 'cp = "Kazerne"\nnumber = 2', "point[1].cp", 15, "single hyphens"),
        ("number = 2", 'cp = "kazerne-west"\nnumber = 2', "point[1].cp", 15, "another coordinating point"),
        ("number = 2", 'deployment = "ready"\nnumber = 2', "point[1].deployment", 15, "'ready'"),
        ("number = 2", 'devices = ["toaster"]\nnumber = 2', "point[1].devices[0]", 15, "'toaster'"),
    ],
)
def test_refuses_in_points_toml(tmp_path: Path, old: str, new: str, where: str, line: int, said: str) -> None:
    """Protects against two points under one name or kit, and figures that make a forecast nonsense."""
    assert old in POINTS
    with pytest.raises(ConfigError) as caught:
        _points(tmp_path, POINTS.replace(old, new, 1))
    error = caught.value
    assert (error.where, error.line) == (where, line)
    assert said in str(error)
    assert "points.toml" in str(error)


def test_points_without_a_kit_may_be_many(tmp_path: Path) -> None:
    """Protects points that have no kit: none of them is a duplicate of another."""
    text = POINTS.replace("kit_address = 65\n", "").replace("kit_address = 66\n", "")
    assert [p.kit_address for p in _points(tmp_path, text)] == [None, None]


def test_broken_toml_names_the_line(tmp_path: Path) -> None:
    """Protects the search for a forgotten quote: the message says on which line it is."""
    with pytest.raises(ConfigError, match=r"line 2.*not TOML"):
        _gateway(tmp_path, 'region = "a"\ncp = "b\n')


def test_absent_and_unreadable_files(tmp_path: Path) -> None:
    """Protects the first start: a wrong path or encoding is said in words, without a traceback."""
    with pytest.raises(ConfigError, match="cannot be read"):
        load_gateway(tmp_path / "none.toml")
    path = tmp_path / "gateway.toml"
    path.write_bytes(b"region = '\xff'")
    with pytest.raises(ConfigError, match="UTF-8"):
        load_gateway(path)


def test_settings_cannot_change() -> None:
    """Protects every reader of the settings from another one's change."""
    point = PointConfig(slug="a", name="A", number=1, municipality="M", latitude=52.0, longitude=5.0)
    with pytest.raises(AttributeError):
        point.slug = "b"  # type: ignore[misc]  # the very thing that must fail
    assert msgspec.structs.replace(point, slug="b").slug == "b"


ON_ONE_PERCENT = (
    "frequency_hz = 868100000\npower_dbm = {power}\nantenna_gain_dbi = {gain}\ncable_loss_db = {loss}"
)


@pytest.mark.parametrize(
    ("power", "gain", "loss", "most"),
    [(14, 2.15, 0.0, 14), (11, 5.8, 1.5, 11), (12, 5.8, 1.5, 11), (10, 8.0, 2.0, 10), (5, 14.0, 2.0, 4)],
)
def test_power_is_what_the_law_leaves_behind_the_antenna(
    tmp_path: Path, power: int, gain: float, loss: float, most: int
) -> None:
    """Protects the band from a mast antenna that makes a lawful radio an unlawful transmitter."""
    text = GATEWAY.replace("sf = 9", ON_ONE_PERCENT.format(power=power, gain=gain, loss=loss))
    if power <= most:
        assert _gateway(tmp_path, text).radio.power_dbm == power
        return
    with pytest.raises(ConfigError, match=f"{power} is more than the {most} ") as caught:
        _gateway(tmp_path, text)
    assert (caught.value.where, caught.value.line) == ("radio.power_dbm", 11)
    assert (f"power_dbm = {most}" if most >= 5 else "smaller antenna") in caught.value.cure


def _many(kits: int) -> str:
    head = 'name = "Point"\nmunicipality = "Lindendam"\nlatitude = 52.1\nlongitude = 5.9\n'
    return "".join(
        f'[[point]]\nslug = "point-{n}"\nnumber = {n}\nkit_address = {64 + n}\n{head}'
        for n in range(1, kits + 1)
    )


@pytest.mark.parametrize(
    ("radio", "fits", "too_many"),
    [
        ("sf = 9", 63, None),
        ("sf = 12", 63, None),
        (ON_ONE_PERCENT.format(power=10, gain=6, loss=0), 46, 47),
        (
            "sf = 7\n" + ON_ONE_PERCENT.replace("868100000", "868900000").format(power=10, gain=6, loss=0),
            15,
            16,
        ),
    ],
)
def test_a_plan_stays_within_half_of_its_band(
    tmp_path: Path, radio: str, fits: int, too_many: int | None
) -> None:
    """Protects alarms from a gateway whose every hour is already spent on telling kits what arrived."""
    path = tmp_path / "points.toml"
    gateway = _gateway(tmp_path, GATEWAY.replace("sf = 9", radio))
    path.write_text(_many(fits), encoding="utf-8")
    assert len(load_points(path, gateway)) == fits
    if too_many:
        path.write_text(_many(too_many), encoding="utf-8")
        with pytest.raises(
            ConfigError, match=f"to answer {too_many} kits takes .* (?:36|3.6) s on this channel"
        ):
            load_points(path, gateway)


def test_a_kit_that_would_break_the_law_by_its_heartbeats_stops_the_start(tmp_path: Path) -> None:
    """Protects a small town on a channel of 0.1 %: its gateway would fit there, each of its kits would not."""
    radio = ON_ONE_PERCENT.replace("868100000", "868900000").format(power=10, gain=6, loss=0)
    gateway = _gateway(tmp_path, GATEWAY.replace("sf = 9", radio))
    path = tmp_path / "points.toml"
    path.write_text(_many(1), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"a kit takes 2\.2 s of every hour at SF9; the law allows 3\.6 s"):
        load_points(path, gateway)
    path.write_text(_many(1).replace("kit_address = 65\n", ""), encoding="utf-8")
    assert load_points(path, gateway)[0].kit_address is None
