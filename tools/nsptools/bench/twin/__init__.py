"""The kit twin: the firmware's own files on a real MicroPython VM, with a board around it."""

from nsptools.bench.twin.display import Ssd1306
from nsptools.bench.twin.errors import ImageError, TwinError
from nsptools.bench.twin.image import make_image, read_files, read_image, remove_from_image, write_image
from nsptools.bench.twin.observed import ResetCause
from nsptools.bench.twin.supervisor import Twin

__all__ = [
    "ImageError",
    "ResetCause",
    "Ssd1306",
    "Twin",
    "TwinError",
    "make_image",
    "read_files",
    "read_image",
    "remove_from_image",
    "write_image",
]
