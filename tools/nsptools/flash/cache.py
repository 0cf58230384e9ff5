"""What was prepared with a network, for flashing without one: images and MicroPython packages, each with its hash.

prepared.json                 what is here: images by name, packages by compiled form, SHA-256 of every file
images/NAME.bin
package/6/NAME/latest.json    as on MicroPython's own index: the folder can be served to ``mpremote mip install``
file/ab/abcdef01
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import msgspec
from msgspec import Struct

from nspgateway.folder import replace_private
from nsptools.flash import firmware
from nsptools.flash.errors import NotPrepared

FILE = "prepared.json"
IMAGES = "images"
# For the chip itself on SPI; a radio that speaks AT commands needs none of them.
PACKAGES = ("lora", "lora-sx126x", "lora-async", "lora-sync")
# Where MicroPython looks for packages.
LIBRARY = "lib/"


class PreparedImage(Struct, frozen=True, forbid_unknown_fields=True):
    """``source``: the address or file that it is from."""

    sha256: str
    source: str


class PreparedPackage(Struct, frozen=True, forbid_unknown_fields=True):
    """``files``: path below the library -> SHA-256; dependencies are packages of their own."""

    version: str
    files: dict[str, str]


class Prepared(Struct, forbid_unknown_fields=True):
    """Contents of ``prepared.json``. ``format``: of this file; ``mpy``: compiled form of the packages."""

    format: int = 1
    mpy: int = firmware.MPY_VERSION
    images: dict[str, PreparedImage] = {}
    packages: dict[str, PreparedPackage] = {}


class Cache:
    """One folder. Raises NotPrepared when it cannot be read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self.prepared = msgspec.json.decode((folder / FILE).read_bytes(), type=Prepared)
        except FileNotFoundError:
            self.prepared = Prepared()
        except (OSError, msgspec.MsgspecError) as error:
            raise NotPrepared(f"{folder / FILE}: {error}. Prepare again: nsp flash prepare.") from error

    def save(self) -> None:
        """Write down what is here. Raises OSError."""
        replace_private(self.folder / FILE, msgspec.json.format(msgspec.json.encode(self.prepared), indent=1))

    def image_sha256(self, path: Path) -> str | None:
        """Return what was recorded of an image by its name; None = nothing."""
        known = self.prepared.images.get(path.name)
        return None if known is None else known.sha256

    def library(self, mpy: int) -> Mapping[str, bytes]:
        """Return path on the flash -> content of all packages. Raises NotPrepared."""
        if mpy != self.prepared.mpy:
            raise NotPrepared(
                f"{self.folder}: the packages are compiled in form {self.prepared.mpy}, and the board's MicroPython reads "
                f"form {mpy}. Write a current image: --image."
            )
        missing = [name for name in PACKAGES if name not in self.prepared.packages]
        if missing:
            raise NotPrepared(
                f"{self.folder}: {', '.join(missing)} is not there. Prepare it once, with a network: "
                f"nsp flash prepare --cache {self.folder}"
            )
        found: dict[str, bytes] = {}
        for package in self.prepared.packages.values():
            for path, sha256 in package.files.items():
                found[LIBRARY + path] = self._file(sha256)
        return found

    def put_file(self, content: bytes, short: str) -> None:
        """Keep a file under the name that MicroPython's index gives it. Raises OSError."""
        put(self.folder / "file" / short[:2] / short, content)

    def _file(self, sha256: str) -> bytes:
        """Return a file by its whole hash. The index names it by its first digits, eight of them or more."""
        folder = self.folder / "file" / sha256[:2]
        path = next(
            (one for one in sorted(folder.glob(f"{sha256[:8]}*")) if sha256.startswith(one.name)), folder
        )
        try:
            content = path.read_bytes()
        except OSError as error:
            raise NotPrepared(f"{path}: {error.strerror}. Prepare again: nsp flash prepare.") from error
        if hashlib.sha256(content).hexdigest() != sha256:
            raise NotPrepared(
                f"{path}: it is not what was prepared. Take the folder away and prepare again: nsp flash prepare."
            )
        return content


def put(path: Path, content: bytes) -> None:
    """Put a file in its place, whole or not at all. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_private(path, content)


def is_inside(path: str) -> bool:
    """Tell whether a path that an index names stays inside the library."""
    parts = PurePosixPath(path)
    return bool(path) and not parts.is_absolute() and ".." not in parts.parts and "\\" not in path
