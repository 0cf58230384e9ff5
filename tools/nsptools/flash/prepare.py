"""Fetches once, with a network, what flashing needs later without one. Nothing is kept that is not what was asked for.

Packages come from an index in MicroPython's own form (micropython.org/pi/v2, as mip reads it): the first
digits of each file's SHA-256 are its name there, so a changed file is noticed.
"""

from __future__ import annotations

import hashlib
import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from nsptools.flash.cache import IMAGES, PACKAGES, Cache, PreparedImage, PreparedPackage, is_inside, put
from nsptools.flash.errors import NotFetched, NotPrepared
from nsptools.flash.image import read, sha256_of

INDEX = "https://micropython.org/pi/v2"
_WITHIN_S = 30.0
_MOST_BYTES = 32 * 1024 * 1024
_SHORT = re.compile(r"[0-9a-f]{8,64}")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
Say = Callable[[str], None]


class _Listing(Struct, frozen=True):
    """One package on the index; what else it says is not ours."""

    version: str
    hashes: list[tuple[str, str]] = []
    urls: list[tuple[str, str]] = []
    deps: list[tuple[str, str]] = []


def image(cache: Cache, source: str, sha256: str | None, say: Say) -> None:
    """Keep a MicroPython image from a file or an https address. Raises NotPrepared, ImageUnfit or OSError."""
    is_address = "://" in source
    if is_address and sha256 is None:
        raise NotPrepared(
            f"{source}: give the SHA-256 that its maker names, with --sha256: without it nobody can tell whether the "
            "download is what it should be."
        )
    name = urlsplit(source).path.rpartition("/")[2] if is_address else Path(source).name
    if not name:
        raise NotPrepared(f"{source}: it names no file. Give the whole address of the .bin.")
    if is_address:
        data = fetch(source)
    else:
        try:
            data = Path(source).read_bytes()
        except OSError as error:
            raise NotPrepared(f"{source}: {error.strerror}. Name the image's file with --image.") from error
    wanted = hashlib.sha256(data).hexdigest() if sha256 is None else sha256_of(sha256)
    target = cache.folder / IMAGES / name
    beside = target.with_name(name + ".unchecked")
    put(beside, data)
    try:
        made = read(beside, wanted)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
    cache.prepared.images[name] = PreparedImage(sha256=wanted, source=source)
    cache.save()
    say(f"image {name} for {made.chip}, SHA-256 {wanted}")


def packages(cache: Cache, index: str, say: Say) -> None:
    """Keep the packages for a radio chip on SPI, and what they need. Raises NotPrepared or OSError."""
    queue = list(PACKAGES)
    kept: dict[str, PreparedPackage] = {}
    while queue:
        name = queue.pop(0)
        if name not in kept:
            kept[name], needs = _package(cache, index.rstrip("/"), name)
            queue += needs
            say(f"package {name} {kept[name].version}, {len(kept[name].files)} files")
    cache.prepared.packages = kept
    cache.save()


def _package(cache: Cache, index: str, name: str) -> tuple[PreparedPackage, list[str]]:
    path = f"package/{cache.prepared.mpy}/{name}/latest.json"
    address = f"{index}/{path}"
    data = fetch(address)
    try:
        listing = msgspec.json.decode(data, type=_Listing)
    except msgspec.MsgspecError as error:
        raise NotFetched(f"{address}: no list of a package ({error}). Is {index} an index of mip?") from error
    if listing.urls:
        raise NotFetched(f"{address}: it has files without hashes; they are not taken.")
    files: dict[str, str] = {}
    for target, short in listing.hashes:
        if not is_inside(target) or not _SHORT.fullmatch(short):
            raise NotFetched(f"{address}: {target!r} with hash {short!r} is not taken.")
        where = f"{index}/file/{short[:2]}/{short}"
        content = fetch(where)
        digest = hashlib.sha256(content).hexdigest()
        if not digest.startswith(short):
            raise NotFetched(f"{where}: its SHA-256 begins with {digest[:8]}: it is another file. Try again.")
        cache.put_file(content, short)
        files[target] = digest
    put(cache.folder / path, data)
    return PreparedPackage(listing.version, files), [needed for needed, _ in listing.deps]


def fetch(address: str) -> bytes:
    """Return what is at an https address; http is taken from this computer alone. Raises NotPrepared or NotFetched."""
    _check_address(address)
    opener = urllib.request.build_opener(
        _OnlySafe(), urllib.request.HTTPSHandler(context=ssl.create_default_context())
    )
    try:
        with opener.open(address, timeout=_WITHIN_S) as answer:
            data: bytes = answer.read(_MOST_BYTES + 1)
    except urllib.error.HTTPError as error:
        with error:
            raise NotFetched(f"{address}: the server says {error.code} {error.reason}.") from error
    except (OSError, ValueError) as error:
        why = getattr(error, "reason", error)
        raise NotFetched(
            f"{address}: cannot be fetched ({why}). Preparing needs a network, this once."
        ) from error
    if len(data) > _MOST_BYTES:
        raise NotFetched(f"{address}: larger than {_MOST_BYTES >> 20} MB; that is no image and no package.")
    return data


def _check_address(address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return
    raise NotPrepared(f"{address}: only https:// is taken: on the way nobody may change it.")


class _OnlySafe(urllib.request.HTTPRedirectHandler):
    """Follows no redirection to an unprotected address."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        """Check where it leads to first."""
        _check_address(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)
