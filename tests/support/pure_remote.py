"""Checks of what a kit does with commands and messages to residents, in the dialect of every interpreter.

Run by test_pure.py as pure_kit.py is. Fragments, digests and checks are written
out here, not made with the code under test.
"""

import pure_kit
from nspkit import bulletins, overlay, remote
from nsplink import commands, regions

MINUTE = 60_000


class Flash:
    """Files in memory, with the interface of files.Files; while ``full``, nothing can be written."""

    def __init__(self, content: dict | None = None) -> None:
        self.content = dict(content or {})
        self.full = False
        self.writes = 0

    def read(self, name: str) -> bytes | None:
        return self.content.get(name)

    def replace(self, name: str, data: bytes) -> bool:
        self.writes += 1
        if self.full:
            return False
        self.content[name] = bytes(data)
        return True

    def remove(self, name: str) -> None:
        self.content.pop(name, None)


def settings_in_force() -> dict:
    """The part of a kit's settings that may be changed, and the antenna."""
    radio = dict(regions.PHY)
    radio.update({"antenna_gain_cdbi": 500, "cable_loss_cdb": 100})
    conf = {"heartbeat_s": 300, "full_s": 3600, "change_gap_s": 30, "change_refill_s": 300, "rated_w": 10000}
    conf.update({"generator_auto": True, "radio": radio})
    return conf


class Desk:
    """A kit's settings with a flash of its own, and the coordinating point's side of each command."""

    def __init__(self, flash: Flash | None = None) -> None:
        self.flash = flash or Flash({"settings.json": b"{}"})
        self.conf = settings_in_force()
        overlay.put(
            self.conf,
            overlay.unpack(self.flash.read(overlay.FILE), overlay.base_of(self.flash.read("settings.json"))),
        )
        self.kit = remote.Remote(self.flash, self.conf, 0)

    def stage(self, now: int, **values: int) -> list:
        """Results of staging each of ``values``."""
        return [
            self.kit.handle("stage", commands.setting_argument(name, value), now)[0]
            for name, value in values.items()
        ]

    def confirm(self, now: int, **values: int) -> str:
        """Result of confirming exactly ``values``."""
        return self.kit.handle("confirm", remote.check_of(values), now)[0]

    def change(self, now: int, **values: int) -> str:
        """Stage and confirm; the word of the confirmation."""
        if self.stage(now, **values) != ["done"] * len(values):
            return "not staged"
        return self.confirm(now, **values)

    def restarted(self):
        """The same kit after a reboot."""
        return Desk(self.flash)


def staged_and_confirmed() -> bool:
    """A setting acts at the confirmation of exactly what is staged, and is there after a reboot."""
    desk = Desk()
    kit = desk.kit
    before = kit.config_hash()
    said = [
        kit.handle("read", b"\x01", 0),
        kit.handle("stage", bytes.fromhex("0100000078"), 0),
        kit.handle("read", b"\x01", 0),
        kit.handle("confirm", b"\x00\x00", 0),
    ]
    good = said == [
        ("done", bytes.fromhex("010000012C")),
        ("done", bytes.fromhex("0100000078")),
        ("done", bytes.fromhex("010000012C")),
        ("mismatch", b""),
    ]
    # CRC-32 of 01 00 00 00 78, its low half.
    crc = 0xFFFFFFFF
    for byte in bytes.fromhex("0100000078"):
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0xEDB88320 if crc & 1 else 0)
    check = ((crc ^ 0xFFFFFFFF) & 0xFFFF).to_bytes(2, "big")
    good = good and desk.conf["heartbeat_s"] == 300 and kit.config_hash() == before
    good = good and kit.handle("confirm", check, 0) == ("done", b"") and desk.conf["heartbeat_s"] == 120
    good = good and kit.handle("confirm", check, 0) == ("done", b"")  # its answer was lost
    after = kit.config_hash()
    return (
        good
        and after != before
        and 0 <= after < 65535
        and desk.restarted().conf["heartbeat_s"] == 120
        and desk.restarted().kit.config_hash() == after
    )


def trial_over_the_air() -> bool:
    """A radio setting acts after its answer has left, is undone by silence and by a reboot, and kept once heard over."""
    desk = Desk()
    good = desk.change(0, sf=10) == "done" and desk.kit.tick(9_999) is None and desk.conf["radio"]["sf"] == 9
    phy = desk.kit.tick(10_000)
    good = good and phy is not None and phy["sf"] == 10 and desk.conf["radio"]["sf"] == 10
    good = good and desk.restarted().conf["radio"]["sf"] == 9
    good = good and desk.kit.tick(10_000 + 15 * MINUTE - 1) is None
    phy = desk.kit.tick(10_000 + 15 * MINUTE)
    good = good and phy is not None and phy["sf"] == 9
    good = good and desk.change(20 * MINUTE, sf=10) == "done" and desk.kit.tick(21 * MINUTE) is not None
    desk.kit.contact(22 * MINUTE)
    return good and desk.kit.tick(60 * MINUTE) is None and desk.restarted().conf["radio"]["sf"] == 10


def a_day_of_silence() -> bool:
    """The plan's channels in turn, home in between, power as the law has it there."""
    desk = Desk()
    day = 24 * 60 * MINUTE
    seen = []
    for step in range(18):
        phy = desk.kit.tick(day + step * 10 * MINUTE)
        seen.append(None if phy is None else (phy["frequency_hz"], phy["power_dbm"], phy["sf"]))
    home = (869_475_000, 14, 9)
    # 14 dBm ERP + 2.15 - 5 dBi + 1 dB of cable = 12.15 dBm; 27 dBm ERP leaves the 14 that are set.
    others = [(869_575_000, 14, 9), (868_100_000, 12, 9), (868_300_000, 12, 9), (868_500_000, 12, 9)]
    expected = []
    for other in others + others + others[:1]:
        expected += [other, home]
    return seen == expected


TEXT = ("Het Noodsteunpunt is open. Er is water, stroom en hulp. " * 12)[:600].encode()


def parts_of(text: bytes, number: int = 7, revision: int = 1) -> list:
    """Values of the fragments of a text."""
    last = (len(text) - 1) // 96
    return [
        {
            "bulletin": number,
            "revision": revision,
            "fragment": index,
            "last_fragment": last,
            "data": text[96 * index : 96 * index + 96],
        }
        for index in range(last + 1)
    ]


def released(digest: int, length: int, number: int = 7, revision: int = 1, **others) -> dict:
    """Values of a release."""
    values = {"bulletin": number, "revision": revision, "bulletin_bytes": length, "digest": digest}
    values.update({"expires_min": None, "replaces": None})
    values.update(others)
    return values


# sha256sum of TEXT and of its third fragment, first 8 bytes.
DIGEST = 0xA91B_B7B2_1337_B6ED
THIRD = 0xC3E4_29C0_B9AC_7BC5


def no_spread(bound: int) -> int:
    """In place of chance."""
    return 0


def a_text_and_its_release() -> bool:
    """A text is shown when the release fits it, in whatever order they come, and after a reboot."""
    for release_at in (0, 3, 7):
        flash = Flash()
        board = bulletins.Bulletins(flash, no_spread, 0)
        for index, part in enumerate(parts_of(TEXT)):
            if index == release_at and board.release(released(DIGEST, 600), 0) != "done":
                return False
            if board.shown() is not None:
                return False
            board.fragment(part, 0)
        if release_at == 7:
            board.release(released(DIGEST, 600), 0)
        again = bulletins.Bulletins(flash, no_spread, 0)
        receipt = {"bulletin": 7, "revision": 1, "receipt_stage": "received", "lacking": 0}
        for kit in (board, again):
            if kit.shown() != (7, 1, TEXT, None) or kit.due(0) != receipt or kit.due(0) is not None:
                return False
    return True


def a_lost_and_a_forged_fragment() -> bool:
    """What lacks is asked for; what does not fit is asked for anew and never shown."""
    board = bulletins.Bulletins(Flash(), no_spread, 0)
    board.release(released(DIGEST, 600), 0)
    parts = parts_of(TEXT)
    forged = dict(parts[2])
    forged["data"] = b"x" * 96
    board.fragment(forged, 0)
    for index in (0, 1, 2, 3, 5, 6):
        board.fragment(parts[index], 0)
    asked = board.due(30_000)
    board.fragment(parts[4], 31_000)
    all_anew = board.due(90_000)
    if asked is None or asked["lacking"] != 0b10000 or asked["receipt_stage"] != "incomplete":
        return False
    if all_anew is None or all_anew["lacking"] != 0b1111111 or all_anew["receipt_stage"] != "mismatch":
        return False
    board.fragment(forged, 91_000)
    for part in parts:
        board.fragment(part, 92_000)
    once_more = board.due(300_000)
    if once_more is None or once_more["lacking"] or once_more["receipt_stage"] != "mismatch":
        return False
    if board.release(released(THIRD, 288), 301_000) != "done":
        return False
    board.fragment(forged, 302_000)
    lacking = board.due(400_000)
    board.fragment(parts[2], 401_000)
    return lacking is not None and lacking["lacking"] == 0b100 and board.shown() == (7, 1, TEXT, None)


CHECKS = (
    ("staged and confirmed", staged_and_confirmed),
    ("trial over the air", trial_over_the_air),
    ("a day of silence", a_day_of_silence),
    ("a text and its release", a_text_and_its_release),
    ("a lost and a forged fragment", a_lost_and_a_forged_fragment),
)


def check() -> list:
    """Names of the checks that fail."""
    return pure_kit.failures(CHECKS)
