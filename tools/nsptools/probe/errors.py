"""What stops the probe, in one line that a technician can act on."""

from __future__ import annotations


class ProbeError(Exception):
    """The probe cannot do what was asked; the text says what to do."""

    exit_code = 2


class PortError(ProbeError):
    """The serial port: missing, denied, in use, or gone while it was read."""


class UsageError(ProbeError):
    """Options that do not go together, or name what there is not."""


class NotARead(ProbeError):
    """Something other than a read was about to be sent; a fault of ours, stopped in time."""
