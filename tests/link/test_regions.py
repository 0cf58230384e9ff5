import pytest

from nsplink import airtime, regions


def test_every_channel_of_ours_lies_in_one_band():
    """The default and its alternates are lawful with a guard to the edges, and no band overlaps another."""
    for channel in regions.CHANNELS_HZ:
        assert regions.sub_band(channel, 125)[0] in {"M", "P"}
    edges = [edge for band in regions.SUB_BANDS for edge in band[1:3]]
    assert edges == sorted(edges)


@pytest.mark.parametrize(
    "frequency_hz", [868_650_000, 869_300_000, 862_900_000, 869_450_000 - 12_500, 870_000_000]
)
def test_nothing_of_ours_goes_into_a_band_that_is_not_ours(frequency_hz):
    """Alarm bands, neighbouring services and channels that stick out of a band are refused."""
    with pytest.raises(ValueError, match="no sub-band"):
        regions.sub_band(frequency_hz, 125)


@pytest.mark.parametrize(
    ("erp", "gain", "loss", "dbm"),
    [
        (14, 580, 150, 11),
        (14, 800, 200, 10),
        (14, 215, 0, 14),
        (27, 700, 0, 22),
        (27, None, 0, 22),
        (14, None, 0, 10),
    ],
)
def test_power_follows_the_antenna(erp, gain, loss, dbm):
    """ERP needs the antenna: 5.8 dBi and 1.5 dB of cable leave 11.85 dBm of 14, not 14."""
    assert regions.legal_dbm(erp, gain, loss) == dbm


def test_duty_is_the_hours_share():
    """0.1, 1 and 10 % of an hour, in us."""
    shares = {band[0]: band[4] / (airtime.HOUR_MS * 1000) for band in regions.SUB_BANDS}
    assert shares == {"K": 0.001, "L": 0.01, "M": 0.01, "N": 0.001, "P": 0.1, "Q": 0.01}
