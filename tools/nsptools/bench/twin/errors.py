"""What can go wrong with a twin. VmError is the root: a twin is a VM with a board around it."""

from nsptools.bench.vm import VmError


class TwinError(VmError):
    """The twin could not be started, or did not do in time what was waited for."""


class ImageError(TwinError):
    """A flash image does not exist, does not mount, is in use, or lacks the file asked for."""
