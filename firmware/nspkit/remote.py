"""Settings changed from afar: staged, read back, confirmed; radio settings come back by themselves. No I/O of its own.

A change acts as a whole. One without radio settings is written and acts at its
confirmation. One with radio settings is on trial: it acts in RAM, so that a
reboot undoes it, and is written at the first authenticated downlink that comes
over it; without one the kit is back on the old settings after 15 minutes. A kit
that has heard nothing for a day looks for its gateway on the channels of the
plan, and nowhere else.

All commands may come twice, since a gateway repeats what was not answered. A
confirmed change is let rest until its answer has left on the old channel.
"""

import binascii

from nspkit import overlay
from nsplink import commands, regions
from nsplink.frame import BadPayload

_STAGED_MS = 900_000
_TRIAL_MS = 900_000
_SWITCH_MS = 10_000  # the answer, and its first repeats, leave on the old channel
_SETTLE_MS = 1_000  # what is heard right after a switch may have come before it
_LOST_MS = 86_400_000
_VISIT_MS = 600_000
_NO_VALUE = b""


def check_of(staged: dict) -> bytes:
    """Two bytes over all that is staged: the argument of ``confirm``."""
    return (binascii.crc32(commands.staged_bytes(staged)) & 0xFFFF).to_bytes(2, "big")


class Remote:
    """The settings of one kit as its coordinating point may change them.

    ``files``: files.Files of the kit's folder; ``conf``: the settings in force,
    shared with all tasks and changed in place. ``handle`` and ``contact`` may write flash.
    A command goes to ``handle`` before ``contact`` tells of its frame, or ``roll_back`` finds nothing on trial.
    """

    def __init__(self, files, conf: dict, now_ms: int) -> None:
        self._files = files
        self._conf = conf
        self._base = overlay.base_of(files.read(overlay.SETTINGS))
        saved = overlay.unpack(files.read(overlay.FILE), self._base)
        # What the kit could not start with is not in force, and not written again.
        self._saved = {name: saved[name] for name in saved if overlay.value_of(conf, name) == saved[name]}
        self._staged: dict = {}
        self._staged_ms = now_ms
        self._done = _NO_VALUE  # check of the change that was confirmed last
        self._change: dict = {}  # confirmed and on trial, or about to be
        self._old: dict = {}  # what it replaces, once it acts
        self._change_ms = 0  # when it acts, or began to
        self._undo_ms: int | None = None  # when it is taken back, whoever is heard until then
        self._contact_ms = now_ms
        self._home = self._channel()
        self._stay = self._home  # where the gateway was heard last

    def on_trial(self) -> bool:
        """Whether the next contact may write flash."""
        return bool(self._old)

    def phy(self) -> dict:
        """The radio settings now in force, as in ``regions.PHY``."""
        return {name: self._conf["radio"][name] for name in regions.PHY}

    def config_hash(self) -> int:
        """16 bits over all settings in force, without any key; never 65,535, which is *unknown*."""
        values = {row[1]: overlay.value_of(self._conf, row[1]) for row in commands.SETTINGS}
        return binascii.crc32(self._base.to_bytes(4, "big") + commands.staged_bytes(values)) % 65535

    def handle(self, command: str, argument: bytes, now_ms: int) -> tuple:
        """(word of ``fields.RESULTS``, value) that answers a command."""
        self._expire(now_ms)
        if command == "read" or command == "stage":  # noqa: PLR1714 - a tuple would be made at each call
            return self._read_or_stage(command, argument, now_ms)
        if command == "confirm":
            return self._confirm(bytes(argument), now_ms), _NO_VALUE
        if command == "roll_back":
            self._roll_back(now_ms)
            return "done", _NO_VALUE
        return "not_known", _NO_VALUE

    def contact(self, now_ms: int) -> None:
        """An authenticated downlink came: a trial has succeeded. When flash fails it goes on, and is undone by a reboot."""
        self._contact_ms = now_ms
        self._stay = self._channel()
        if not self._old or self._undo_ms is not None or now_ms < self._change_ms + _SETTLE_MS:
            return
        if not self._save(self._change):
            self._change_ms = now_ms
            return
        self._home = self._stay
        self._change, self._old = {}, {}

    def tick(self, now_ms: int) -> dict | None:
        """To be called often: what to tune the radio to now, None for where it is."""
        self._expire(now_ms)
        if self._change and not self._old:
            if now_ms < self._change_ms:
                return None
            self._old = {name: overlay.value_of(self._conf, name) for name in self._change}
            overlay.put(self._conf, self._change)
            self._change_ms = self._contact_ms = now_ms
            self._stay = self._channel()
            return self.phy()
        if self._change:
            end = self._change_ms + _TRIAL_MS if self._undo_ms is None else self._undo_ms
            return self._undo(now_ms) if now_ms >= end else None
        wanted = self._wanted(now_ms)
        if wanted == self._channel():
            return None
        overlay.put(self._conf, {"frequency_hz": wanted[0], "power_dbm": wanted[1]})
        return self.phy()

    def _read_or_stage(self, command: str, argument: bytes, now_ms: int) -> tuple:
        try:
            name, value = commands.parse_setting(argument)
        except BadPayload:
            return "refused", _NO_VALUE
        if name is None:
            return "not_known", _NO_VALUE
        if (value is None) != (command == "read"):
            return "refused", _NO_VALUE
        if value is None:
            return "done", commands.setting_argument(name, overlay.value_of(self._conf, name))
        limits = commands.limits(name)
        if limits is None or not limits[0] <= value <= limits[1]:
            return "out_of_range", _NO_VALUE
        planned = dict(self._staged)
        planned[name] = value
        if name == "frequency_hz" and value not in regions.CHANNELS_HZ and value != self._home[0]:
            return "refused", _NO_VALUE
        if "frequency_hz" in planned and "power_dbm" in planned and not self._lawful(planned):
            return "refused", _NO_VALUE
        self._staged = planned
        self._staged_ms = now_ms
        return "done", commands.setting_argument(name, value)

    def _confirm(self, check: bytes, now_ms: int) -> str:
        if not self._staged:
            # The answer to a confirmation was lost, and it comes again.
            return "done" if self._done and check == self._done else "nothing_staged"
        if check != check_of(self._staged):
            return "mismatch"
        if self._change or not self._lawful(self._staged):
            return "refused"
        if [name for name in commands.RADIO_SETTINGS if name in self._staged]:
            self._change = self._staged
            self._change_ms = now_ms + _SWITCH_MS
        elif self._save(self._staged):
            overlay.put(self._conf, self._staged)
        else:
            return "refused"
        self._staged = {}
        self._done = check
        return "done"

    def _roll_back(self, now_ms: int) -> None:
        self._staged = {}
        self._done = _NO_VALUE
        if not self._old:
            self._change = {}
        elif self._undo_ms is None:
            self._undo_ms = now_ms + _SWITCH_MS

    def _undo(self, now_ms: int) -> dict:
        overlay.put(self._conf, self._old)
        self._change, self._old = {}, {}
        self._undo_ms = None
        self._done = _NO_VALUE
        self._contact_ms = now_ms
        self._stay = self._channel()
        return self.phy()

    def _expire(self, now_ms: int) -> None:
        if self._staged and now_ms - self._staged_ms >= _STAGED_MS:
            self._staged = {}

    def _channel(self) -> tuple:
        radio = self._conf["radio"]
        return radio["frequency_hz"], radio["power_dbm"]

    def _legal_dbm(self, frequency_hz: int) -> int:
        """Most that the law allows this site there; below what a radio can do where nothing is allowed."""
        radio = self._conf["radio"]
        try:
            band = regions.sub_band(frequency_hz, radio["bandwidth_khz"])
        except ValueError:
            return regions.RADIO_DBM[0] - 1
        return regions.legal_dbm(band[3], radio.get("antenna_gain_cdbi"), radio.get("cable_loss_cdb", 0))

    def _lawful(self, values: dict) -> bool:
        """Whether the radio may be used with these values, the others as they are in force."""
        frequency_hz, power_dbm = self._channel()
        return values.get("power_dbm", power_dbm) <= self._legal_dbm(values.get("frequency_hz", frequency_hz))

    def _save(self, change: dict) -> bool:
        values = dict(self._saved)
        values.update(change)
        if not self._files.replace(overlay.FILE, overlay.pack(self._base, values)):
            return False
        self._saved = values
        return True

    def _wanted(self, now_ms: int) -> tuple:
        """(Hz, dBm): where the gateway was heard last, or after a day of silence the plan's channels in turn.

        Home lies between any two of them, since a gateway that comes back comes back there.
        """
        lost = now_ms - self._contact_ms - _LOST_MS
        if lost < 0:
            return self._stay
        others = [hz for hz in regions.CHANNELS_HZ if hz != self._home[0] and self._legal_dbm(hz) >= regions.RADIO_DBM[0]]
        step = lost // _VISIT_MS
        if step % 2 or not others:
            return self._home
        frequency_hz = others[step // 2 % len(others)]
        return frequency_hz, min(self._home[1], self._legal_dbm(frequency_hz))
