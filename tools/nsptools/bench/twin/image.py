"""Flash images: LittleFS in a file, made and read by running the VM's own LittleFS.

Every call takes about 0.1 s and blocks. Writing to the image of a running twin is
refused; reading one sees the files as a power cut at this moment would leave them.
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from nsptools.bench.twin.errors import ImageError
from nsptools.bench.vm import command, run_vm, write_tree

BLOCK_BYTES = 4096
DEFAULT_BYTES = 1024 * 1024

_TOOL = Path(__file__).parent / "board" / "image_tool.py"
_HEAP = "1M"
_PRIVATE = 0o600
_TIMEOUT_S = 120.0
_LOCK_TRIES, _LOCK_PAUSE_S = 25, 0.02


def make_image(image: Path, files: Mapping[str, bytes], size: int = DEFAULT_BYTES) -> None:
    """Create (or replace) ``image`` of ``size`` bytes, a multiple of 4,096, holding ``files``.

    ``files`` maps a path on the flash ("nspkit/app.py") to its content.
    Raises ImageError when they do not fit or a running twin uses the image.
    """
    if size % BLOCK_BYTES or size <= 0:
        raise ValueError(f"size must be a multiple of {BLOCK_BYTES} bytes, not {size}")
    # A kit's key is in it.
    image.touch(mode=_PRIVATE)
    image.chmod(_PRIVATE)
    with _locked(image), tempfile.TemporaryDirectory(prefix="nsp-image-") as folder:
        image.write_bytes(b"\xff" * size)
        write_tree(Path(folder), files)
        _run_tool(image, "make", folder)


def write_image(image: Path, files: Mapping[str, bytes]) -> None:
    """Write or replace ``files`` in an existing ``image``. Raises ImageError."""
    with _locked(image), tempfile.TemporaryDirectory(prefix="nsp-image-") as folder:
        write_tree(Path(folder), files)
        _run_tool(image, "put", folder)


def remove_from_image(image: Path, names: Iterable[str]) -> None:
    """Remove files from ``image``. Raises ImageError when one is not there."""
    with _locked(image), tempfile.TemporaryDirectory(prefix="nsp-image-") as folder:
        (Path(folder) / "names").write_text("\n".join(names), encoding="utf-8")
        _run_tool(image, "remove", folder)


def read_files(image: Path) -> dict[str, bytes]:
    """All files of ``image``: path -> content. Raises ImageError when it does not mount."""
    if not image.is_file():
        raise ImageError(f"no image at {image}")
    with tempfile.TemporaryDirectory(prefix="nsp-image-") as scratch:
        # Mounting a copy: a twin may be writing to the original.
        copy, folder = Path(scratch) / "copy", Path(scratch) / "files"
        shutil.copyfile(image, copy)
        folder.mkdir()
        _run_tool(copy, "get", str(folder), shown=image)
        found = (path for path in folder.rglob("*") if path.is_file())
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def read_image(image: Path, name: str) -> bytes:
    """Content of one file of ``image``. Raises ImageError naming the files that are there."""
    files = read_files(image)
    if name not in files:
        raise ImageError(f"{image} has no file {name!r}; it has {sorted(files)}")
    return files[name]


def lock_image(image: Path) -> int:
    """Take the image for one user alone; a descriptor that holds the lock until it is closed.

    Raises ImageError when another one has it, or there is no such file.
    """
    try:
        descriptor = os.open(image, os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        raise ImageError(f"cannot open image {image}: {error.strerror}") from error
    for left in reversed(range(_LOCK_TRIES)):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if not left:
                os.close(descriptor)
                raise ImageError(f"{image} is in use by a running twin; stop it first") from error
            # A process that is just being forked holds copies of all our descriptors until its exec.
            time.sleep(_LOCK_PAUSE_S)
        else:
            break
    return descriptor


@contextmanager
def _locked(image: Path) -> Iterator[None]:
    descriptor = lock_image(image)
    try:
        yield
    finally:
        os.close(descriptor)


def _run_tool(image: Path, verb: str, folder: str, shown: Path | None = None) -> None:
    arguments = command(_TOOL, image.resolve(), verb, folder, heap=_HEAP)
    status, said = run_vm(arguments, folder, _TIMEOUT_S)
    if status:
        last_line = said.strip().rpartition("\n")[2]
        raise ImageError(f"{shown or image}: {verb} failed: {last_line}")
