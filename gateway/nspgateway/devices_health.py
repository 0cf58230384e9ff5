"""How the devices of a point do on the kit's bus, in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from nspgateway import cells, words
from nspgateway.config import PointConfig
from nspgateway.forecast import measures_fuel
from nspgateway.i18n import N_, Language
from nspgateway.quantities import VOUCHERS
from nspgateway.view import Point, Quality
from nspgateway.vouchers import SOURCES

# What the kit's word for a device means, and the shape beside it.
ANSWERS: Mapping[int | str | None, tuple[Quality, words.Word]] = {
    "good": ("good", words.Word(N_("Answers"), "check")),
    "stale": ("stale", words.Word(N_("Answers late, its readings are old"), "triangle")),
    "none": ("none", words.Word(N_("The kit does not know this device"), "box")),
}
SILENT: tuple[Quality, words.Word] = ("unknown", words.Word(N_("Does not answer the kit"), "cross"))
UNHEARD: tuple[Quality, words.Word] = (
    "unknown",
    words.Word(N_("Unknown: no contact with the kit"), "question"),
)
_DEVICES = {"generator": "q_generator", "battery": "q_battery", "meter": "q_meter"}


@dataclass(frozen=True, slots=True)
class Device:
    """One device: ``text`` how it does, ``age`` when it last gave a good reading."""

    id: str
    name: str
    quality: Quality
    text: str
    shape: str
    age: str


def devices(lang: Language, point: Point, config: PointConfig, now: datetime) -> tuple[Device, ...]:
    """Return the devices that the point has; all there can be where nobody named them."""
    names = [_DEVICES[name] for name in config.devices] if config.devices else [*_DEVICES.values()]
    if measures_fuel(config):
        names.append("q_tank")
    return tuple(_device(lang, point, name, now) for name in names)


def _device(lang: Language, point: Point, name: str, now: datetime) -> Device:
    _ = lang.gettext
    told = point.readings.get(name, cells.NEVER)
    is_heard = point.link != "none" and point.last_heard is not None
    quality, word = ANSWERS.get(told.value, SILENT) if is_heard else UNHEARD
    last = max(
        (
            reading.good_at
            for quantity, voucher in SOURCES.items()
            if voucher == name and (reading := point.readings.get(quantity)) and reading.good_at
        ),
        default=None,
    )
    age = _("no reading yet")
    if last is not None:
        age = _("last reading {ago}").format(ago=cells.ago(lang, cells.seconds_since(last, now)))
    label = _(VOUCHERS[name])
    return Device(name, label[0].upper() + label[1:], quality, _(word.text), word.shape, age)
