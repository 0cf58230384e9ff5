"""A provisioning station's folder: what a list of sites makes of it, and the files that make a board one kit.

    station.toml      the coordinating point
    station.db        the register, sealed
    keys.db           the keys, sealed: the only place with keys, and what the gateway gets
    points.toml       for the gateway
    gateway.toml      for the gateway; made once, then a technician's
    kits/<slug>/settings.json   as it goes to the board; no key is in it

Everything is checked before anything is written, and what is right already stays as it is.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

from msgspec import structs

from nspgateway import region
from nspgateway.config import KitInput, PointConfig, load_gateway, load_points
from nspgateway.errors import GatewayError
from nspgateway.keys import KeyRegister, KitKey
from nspgateway.region import Region
from nspkit import settings as kit_checks
from nsplink import frame
from nsptools.provision import (
    LINE,
    DeviceSpec,
    SiteSpec,
    gateway_toml,
    kit_files,
    kit_settings,
    points_toml,
)
from nsptools.station import against, cp, sealed
from nsptools.station import folder as folders
from nsptools.station.register import KitRow, Register
from nsptools.station.sitelist import Finding, SiteListError, SiteRow

DEFAULT_BOARD = "rak3172-devkit-s3"
# What the page's card of a point says, as the list has it.
_CARD = ("address", "backup", "filler", "access", "supplier")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a list changed, by slug. ``gone``: in the register and not in the list: left as they are."""

    new: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    gone: tuple[str, ...]


class Station:
    """One station. Raises SealedError, KeyRegisterError or ConfigError when its files cannot be used."""

    def __init__(self, folder: Path, passphrase: str | None, *, demo: bool = False) -> None:
        self.folder = folder
        self.config = cp.load(folder)
        self._passphrase = passphrase
        self._demo = demo
        self.register = Register.open(folder / "station.db", passphrase, demo=demo)
        self.keys = KeyRegister.load(folder / "keys.db", passphrase, demo=demo)

    @classmethod
    def create(cls, folder: Path, given: dict[str, Any], passphrase: str | None, *, demo: bool) -> Station:
        """Make a new station's folder. Outside a demo a passphrase is mandatory."""
        if passphrase is None and not demo:
            raise sealed.SealedError("The keys are encrypted: give --passphrase-file, a file of mode 0600.")
        if passphrase is not None:
            sealed.check_passphrase(passphrase)
        config = cp.checked(folder, given)
        folders.make(folder)
        _forget_a_beginning(folder, passphrase)
        # station.toml last: without it there is no station yet, and what a full disk has left half made goes again.
        made = [folder / name for name in ("station.db", "keys.db") if not (folder / name).exists()]
        try:
            Register.create(folder / "station.db", passphrase).close()
            KeyRegister.create(folder / "keys.db", passphrase)
            cp.write(folder, config)
        except GatewayError:
            for path in made:
                path.unlink(missing_ok=True)
            raise
        return cls(folder, passphrase, demo=demo)

    def apply(self, path: Path, rows: Sequence[SiteRow], passphrase_file: Path | None = None) -> Outcome:
        """Bring the station up to date with a list. Raises SiteListError with nothing changed."""
        known = self.register.kits()
        kits, findings = against.kit_numbers(rows, known)
        findings += against.taken_numbers(rows, known)
        if findings:
            raise SiteListError(path, findings)
        before = {row.slug: row for row in known}
        sites = {row.slug: _site(row, kits[row.slug]) for row in rows}
        settings = self._checked(path, rows, sites)
        self._tried(path, {**{row.slug: _site_of(row) for row in known}, **sites}, passphrase_file)
        self._issue([frame.address(self.config.cp_number, 0)])
        self._issue([frame.address(self.config.cp_number, kit) for kit in kits.values()])
        new: list[str] = []
        changed: list[str] = []
        same: list[str] = []
        for row in rows:
            values = json.loads(json.dumps(dict(row.values)))
            old = before.get(row.slug)
            written = self._write_settings(row.slug, settings[row.slug])
            if old is None or (old.kit, old.site) != (kits[row.slug], values):
                self.register.put(row.slug, kits[row.slug], values)
                (new if old is None else changed).append(row.slug)
            else:
                (changed if written else same).append(row.slug)
        self._write_points()
        self._write_gateway(passphrase_file)
        gone = tuple(slug for slug in before if slug not in sites)
        return Outcome(tuple(new), tuple(changed), tuple(same), gone)

    # For the flasher

    def address(self, slug: str) -> int:
        """Return a kit's address on air."""
        return frame.address(self.config.cp_number, self.register.kit(slug).kit)

    def settings(self, slug: str) -> dict[str, object]:
        """Return a kit's settings as they go to its board."""
        return self._settings(_site_of(self.register.kit(slug)))

    def board(self, slug: str) -> str:
        """Return the board that a kit is made of."""
        return str(self.register.kit(slug).site.get("board") or DEFAULT_BOARD)

    def key_in_use(self, slug: str) -> KitKey | None:
        """Return the key that was last on its way to a board; None = none yet, or it is withdrawn."""
        for key in self.keys.of_kit(self.address(slug)):
            if key.withdrawn is None and self.register.is_used(slug, key.generation):
                return key
        return None

    def new_key(self, slug: str, mac: str) -> KitKey:
        """Return a key that was never on its way to any board; from now on it counts as used.

        The one before it stays valid until the gateway has heard the new one.
        """
        address = self.address(slug)
        fresh = [
            key
            for key in self.keys.of_kit(address)
            if key.withdrawn is None and not self.register.is_used(slug, key.generation)
        ]
        key = fresh[0] if fresh else self.keys.issue([address], datetime.now(UTC))[0]
        self.register.use(slug, key.generation)
        self.register.note(slug, "new key", f"generation {key.generation} for the board {mac}")
        return key

    def kit_files(self, slug: str, key: KitKey) -> dict[str, bytes]:
        """Return the files that make a board this kit, secret ones among them: never to a log, never as an argument."""
        group = self.keys.of_kit(frame.address(self.config.cp_number, 0))[0]
        return kit_files(key, group, self.settings(slug))

    def withdraw(self, slug: str, why: str) -> int:
        """Refuse every key of a kit that is lost or stolen; return how many. Its point and number stay its own."""
        address, now = self.address(slug), datetime.now(UTC)
        found = [key for key in self.keys.of_kit(address) if key.withdrawn is None]
        for key in found:
            self.keys.withdraw(address, key.generation, now)
        self.register.withdraw(slug, why)
        return len(found)

    # How a list is taken in

    def _checked(
        self, path: Path, rows: Sequence[SiteRow], sites: Mapping[str, SiteSpec]
    ) -> dict[str, dict[str, object]]:
        """Return the settings of every kit, as the kit's own checks let them through."""
        made: dict[str, dict[str, object]] = {}
        findings = []
        for row in rows:
            try:
                made[row.slug] = self._settings(sites[row.slug])
                _as_the_kit_reads_it(made[row.slug])
            except (kit_checks.SettingsError, GatewayError, ValueError) as error:
                said = str(error).rstrip(".")
                column = "devices" if "devices" in said else ""
                findings.append(Finding(row.line, column, said, "Correct the line."))
        if findings:
            raise SiteListError(path, findings)
        return made

    def _tried(self, path: Path, sites: Mapping[str, SiteSpec], passphrase_file: Path | None) -> None:
        """Let the gateway's own checks read what the list would make of its files. Raises SiteListError."""
        with tempfile.TemporaryDirectory() as folder:
            points, settings = Path(folder) / "points.toml", self.folder / "gateway.toml"
            points.write_text(self._points_text(sites))
            if not settings.exists():
                settings = Path(folder) / settings.name
                settings.write_text(self._gateway_text(passphrase_file))
            try:
                load_points(points, load_gateway(settings))
            except GatewayError as error:
                said = str(error).replace(f"{folder}/", "the new ").rstrip(".")
                cure = "Correct the list, or what is named here."
                raise SiteListError(
                    path, [Finding(None, "", f"the gateway would refuse it ({said})", cure)]
                ) from error

    def _settings(self, site: SiteSpec) -> dict[str, object]:
        config = self.config
        spec = replace(config.spec(), words=self._words())
        key = KitKey(
            address=frame.address(config.cp_number, site.kit),
            generation=1,
            key=bytes(16),
            created=datetime.now(UTC),
        )
        return kit_settings(site, spec, key, config.phy(), config.heartbeat_s, config.full_s, 1.0)

    def _words(self) -> Region:
        """Return the words of the region, whose own file stands in the gateway's settings."""
        path = self.folder / "gateway.toml"
        return region.load(load_gateway(path).region_file if path.exists() else None)

    def _issue(self, addresses: Sequence[int]) -> None:
        """Draw a key for whoever has none that counts."""
        lacking = [a for a in addresses if not any(k.withdrawn is None for k in self.keys.of_kit(a))]
        withdrawn = {
            self.address(row.slug) for row in self.register.kits() if row.state in ("withdrawn", "moved")
        }
        lacking = [address for address in lacking if address not in withdrawn]
        if lacking:
            self.keys.issue(lacking, datetime.now(UTC))

    def _write_settings(self, slug: str, settings: Mapping[str, object]) -> bool:
        """Write a kit's settings where they are not so already; tell whether they were not."""
        target = self.folder / "kits" / slug
        folders.make(target.parent)
        folders.make(target)
        return folders.put(target / "settings.json", (json.dumps(settings, indent=1) + "\n").encode())

    def _write_points(self) -> None:
        sites = {row.slug: _site_of(row) for row in self.register.kits()}
        folders.put(self.folder / "points.toml", self._points_text(sites).encode())

    def _write_gateway(self, passphrase_file: Path | None) -> None:
        path = self.folder / "gateway.toml"
        if not path.exists():
            folders.put(path, self._gateway_text(passphrase_file).encode())

    def _points_text(self, sites: Mapping[str, SiteSpec]) -> str:
        ordered = sorted(sites.values(), key=lambda site: site.kit)
        return points_toml([_point(site, self.config) for site in ordered])

    def _gateway_text(self, passphrase_file: Path | None) -> str:
        return gateway_toml(self.config.spec(), self.config.phy(), passphrase_file)


def _forget_a_beginning(folder: Path, passphrase: str | None) -> None:
    """Take away what a command that was killed has left of a station: its own files, without one kit in them."""
    register, keys = folder / "station.db", folder / "keys.db"
    if (folder / "station.toml").exists() or not register.exists():
        return
    demo = passphrase is None
    # One that is not ours, or not to be opened, stays, and is named by whoever finds it in the way.
    with contextlib.suppress(GatewayError):
        if Register.open(register, passphrase, demo=demo).kits():
            return
        if keys.exists() and KeyRegister.load(keys, passphrase, demo=demo).keys:
            return
        keys.unlink(missing_ok=True)
        register.unlink()


def settings_hash(settings: Mapping[str, object]) -> str:
    """Return the SHA-256 of settings as they go to a board."""
    return hashlib.sha256((json.dumps(settings, indent=1) + "\n").encode()).hexdigest()


def _as_the_kit_reads_it(settings: Mapping[str, object]) -> None:
    """Let the kit's own checks read the settings. Raises SettingsError."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "settings.json").write_text(json.dumps(settings))
        kit_checks.load(f"{folder}/")


def _site_of(row: KitRow) -> SiteSpec:
    return _site(SiteRow(0, row.site), row.kit)


def _site(row: SiteRow, kit: int) -> SiteSpec:
    values = row.values
    devices = tuple(
        DeviceSpec(one["name"], one["model"], one["unit"], line=one.get("line")) for one in values["devices"]
    )
    named = tuple(d.name for d in devices if d.name in ("generator", "battery", "meter"))
    point = PointConfig(
        slug=row.slug,
        name=values["name"],
        number=values["number"],
        municipality=values["municipality"],
        latitude=values["latitude"],
        longitude=values["longitude"],
        tank_litres=values.get("tank_litres"),
        dead_litres=values.get("dead_litres", 0.0),
        fuel_kind=values.get("fuel", "diesel"),
        rated_w=round(values["rated_kw"] * 1000) if "rated_kw" in values else None,
        burn_idle_l_per_kwh=values.get("burn_idle_l_per_kwh", 0.035),
        burn_l_per_kwh=values.get("burn_l_per_kwh", 0.255),
        battery_wh=round(values["battery_kwh"] * 1000) if "battery_kwh" in values else None,
        lead_time_h=values.get("lead_time_h", 3.0),
        **{name: values[name] for name in _CARD if name in values},
        instructions=tuple(values.get("instructions", ())),
        contacts=tuple(values.get("contacts", ())),
        sources=tuple(values.get("sources", ())),
        devices=named,  # type: ignore[arg-type]  # the three words of it
        antenna_gain_dbi=values.get("antenna_gain_dbi"),
        cable_loss_db=values.get("cable_loss_db", 0.0),
        inputs={name: values[name] for name in get_args(KitInput) if name in values},
    )
    return SiteSpec(point, kit, devices, line=values.get("bus") or dict(LINE))


def _point(site: SiteSpec, config: cp.StationConfig) -> PointConfig:
    return structs.replace(
        site.point,
        kit_address=frame.address(config.cp_number, site.kit),
        interval_s=float(config.heartbeat_s),
        full_interval_s=float(config.full_s),
    )
