"""Radio law and channels as data: EU868.

Sub-bands: EN 300 220-2 V3.2.1 and Commission Decision (EU) 2017/1483; duty is
the sum of transmit time in any hour. Both have later editions: check before a
channel is added.
"""

# Conducted power may exceed ERP by what a dipole gains, 2.15 dB, with a dipole and no cable;
# antenna gain and cable loss of the site come with its settings.
DIPOLE_DB = 2

# name, from Hz, to Hz, ERP dBm, duty per hour in us
SUB_BANDS = (
    ("M", 868_000_000, 868_600_000, 14, 36_000_000),
    ("P", 869_400_000, 869_650_000, 27, 360_000_000),
)

# What both ends write to their radio at every start and read back. Sync word,
# CRC and plain IQ as a LoRaWAN concentrator expects them; 869.475 MHz has no
# overlap with the Dutch MeshCore network at 869.618.
PHY: dict[str, int | str] = {
    "frequency_hz": 869_475_000,
    "sf": 9,
    "bandwidth_khz": 125,
    "coding_rate": 5,
    "preamble": 8,
    "power_dbm": 14,
    "sync_word": "3444",
}


def sub_band(frequency_hz: int, bandwidth_khz: int) -> tuple:
    """The row of SUB_BANDS that holds the whole channel; ValueError when none does."""
    half = bandwidth_khz * 500
    for row in SUB_BANDS:
        if row[1] <= frequency_hz - half and frequency_hz + half <= row[2]:
            return row
    raise ValueError("no sub-band allows %d Hz with %d kHz" % (frequency_hz, bandwidth_khz))
