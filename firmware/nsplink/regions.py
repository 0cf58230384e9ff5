"""Radio law and channels as data: EU868. What kit and gateway may put on the air, and how loud.

Sub-bands: ERC Recommendation 70-03, EN 300 220-2 V3.2.1 and Commission Decision
(EU) 2017/1483; duty is the sum of transmit time in any hour. Decision (EU)
2019/1345 and later amendments renumber the rows but keep these limits for them:
check before a channel is added. 868.6-868.7 and 869.2-869.4 MHz are kept for
alarm receivers and are not in the table, so that nothing of ours can go there.
"""

# name, from Hz, to Hz, ERP dBm, duty per hour in us
SUB_BANDS = (
    ("K", 863_000_000, 865_000_000, 14, 3_600_000),
    ("L", 865_000_000, 868_000_000, 14, 36_000_000),
    ("M", 868_000_000, 868_600_000, 14, 36_000_000),
    ("N", 868_700_000, 869_200_000, 14, 3_600_000),
    ("P", 869_400_000, 869_650_000, 27, 360_000_000),
    ("Q", 869_700_000, 870_000_000, 14, 36_000_000),
)

# What a survey may choose from, first the default. 869.475 has no overlap with the
# Dutch MeshCore network at 869.618; 869.575 has.
CHANNELS_HZ = (869_475_000, 869_575_000, 868_100_000, 868_300_000, 868_500_000)

# What both ends write to their radio at every start and read back. Sync word,
# CRC and plain IQ as a LoRaWAN concentrator expects them.
PHY: dict[str, int | str] = {
    "frequency_hz": 869_475_000,
    "sf": 9,
    "bandwidth_khz": 125,
    "coding_rate": 5,
    "preamble": 8,
    "power_dbm": 14,
    "sync_word": "3444",
}

RADIO_DBM = (5, 22)  # what the radio chip can be set to
ASSUMED_GAIN_CDBI = 600  # a mast antenna nobody has told us about
_DIPOLE_CDB = 215  # ERP is measured against a dipole, gain in dBi against a point


def sub_band(frequency_hz: int, bandwidth_khz: int) -> tuple:
    """The row of SUB_BANDS that holds the whole channel; ValueError when none does."""
    half = bandwidth_khz * 500
    for row in SUB_BANDS:
        if row[1] <= frequency_hz - half and frequency_hz + half <= row[2]:
            return row
    raise ValueError("no sub-band allows %d Hz with %d kHz" % (frequency_hz, bandwidth_khz))


def legal_dbm(erp_dbm: int, gain_cdbi: int | None, loss_cdb: int) -> int:
    """Most that the radio may be set to, whole dBm rounded down, for an ERP limit.

    ``gain_cdbi``: of the antenna, 0.01 dBi (None: not known, 6 dBi assumed);
    ``loss_cdb``: of the cable, 0.01 dB, >= 0. Can be below what a radio can be set to.
    """
    gain = ASSUMED_GAIN_CDBI if gain_cdbi is None else gain_cdbi
    return min(RADIO_DBM[1], (erp_dbm * 100 + _DIPOLE_CDB - gain + loss_cdb) // 100)
