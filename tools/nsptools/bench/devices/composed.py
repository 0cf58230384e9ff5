"""Devices with named values that have no register of their own: half a word, or a switch of the simulation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nsptools.bench.registers import Device, Kind, Value

BYTE = 0xFF


class Composed(Device):
    """A device whose `inner` names can be read and overridden like registers.

    `live` gives a value for every register and inner name; `composed` then makes the registers that follow
    from inner values. A register that is overridden itself stays as it is.
    """

    inner: Sequence[str] = ()

    def composed(self, values: Mapping[str, Value]) -> Mapping[str, Value]:
        """Registers that follow from other values of the moment; none unless a device says so."""
        del values  # a device that composes nothing has no use for them
        return {}

    def values(self) -> dict[str, Value]:
        """As in Device, with the composed registers made from what is shown now."""
        shown = super().values()
        return {**shown, **self.composed(shown), **self.overrides}

    def names(self) -> tuple[str, ...]:
        """As in Device, and the inner names."""
        return (*super().names(), *self.inner)

    def kind(self, name: str) -> Kind:
        """As in Device; an inner value may be any whole number of 32 bits."""
        return Kind.S32 if name in self.inner else super().kind(name)


def high_low(high: Value, low: Value) -> int:
    """One word of two bytes; each is held between 0 and 255."""
    return held(high) << 8 | held(low)


def held(value: Value) -> int:
    """A value as one byte, held at the ends of its range."""
    return min(max(round(value), 0), BYTE)
