"""Power cuts while settings change over the air: the kit boots with all of the old ones or all of the new."""

import json
import random
from pathlib import Path

import pytest

import settings_cut_kit
from nspgateway.config import PointConfig
from nspgateway.keys import KitKey
from nsplink import frame
from nsptools.bench.twin import make_image
from nsptools.bench.twin.powercut import PowerCuts
from nsptools.provision import CpSpec, DeviceSpec, SiteSpec, kit_settings
from nsptools.station.cp import StationConfig

SCRIPT = Path(settings_cut_kit.__file__)
IMAGE_BYTES = 32 * 4096
CUTS, SOAK_CUTS = 100, 1000


def settings() -> bytes:
    """Return a kit's settings as provisioning makes them."""
    point = PointConfig(
        slug="de-linde", name="De Linde", number=1, municipality="Lindendam", latitude=52.0, longitude=5.0
    )
    config = StationConfig(region="regio-oost", cp="kazerne-oost", cp_number=17)
    key = KitKey(address=frame.address(17, 1), generation=1, key=bytes(16), created=None)
    site = SiteSpec(point, 1, devices=(DeviceSpec("meter", "sdm630", 2),))
    made = kit_settings(site, CpSpec("kazerne-oost", 17, "regio-oost"), key, config.phy(), 300, 3600, 1.0)
    return json.dumps(made).encode()


def cut_often(image, cuts, seed, wrong="-"):
    """Boot until the power was cut so often; how often a change was cut and then kept, and cut and then lost."""
    dice = random.Random(seed)
    may_be, last, kept, lost = {"300 3600 0"}, "300 3600 0", 0, 0
    make_image(image, {"settings.json": settings()}, size=IMAGE_BYTES)
    with PowerCuts(image, SCRIPT) as bench:
        while cuts:
            boot = bench.boot(
                dice.randrange(1, 2500), dice.randrange(1 << 30), dice.randrange(1 << 30), wrong
            )
            for line in boot.lines:
                word, _, values = line.partition(" ")
                if word == "boots":
                    assert values in may_be, f"half a change: {values}, not one of {may_be}"
                    kept += len(may_be) == 2 and values != last
                    lost += len(may_be) == 2 and values == last
                    may_be, last = {values}, values
                elif word == "wanted":
                    may_be = {last, values}
                else:
                    may_be, last = {values}, values
            cuts -= boot.cut
    return kept, lost


@pytest.mark.parametrize(("cuts", "seed"), [(CUTS, 1), pytest.param(SOAK_CUTS, 2, marks=pytest.mark.soak)])
def test_a_change_that_is_cut_is_whole_or_never_was(tmp_path, cuts, seed):
    """Three settings that belong together are all old or all new after each cut, and the kit reads them."""
    kept, lost = cut_often(tmp_path / "flash.img", cuts, seed)
    assert kept
    assert lost > cuts // 2


def test_settings_written_one_by_one_are_found(tmp_path):
    """The cuts would show a change that is written in parts."""
    with pytest.raises(AssertionError, match="half a change"):
        cut_often(tmp_path / "flash.img", CUTS, 3, "single")
