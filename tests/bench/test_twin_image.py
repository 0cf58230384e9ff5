"""Flash images: files go in and come out unchanged, and no power cut makes one unreadable."""

import random

import pytest

from nsptools.bench.twin import ImageError, make_image, read_files, read_image, remove_from_image, write_image
from small_board import twin_of


def test_files_come_back_as_they_went_in(tmp_path):
    """The firmware on a twin's flash is byte for byte the firmware of the repository."""
    image = tmp_path / "flash.img"
    files = {"main.py": b"print()\n", "a/deep/tree.bin": bytes(range(256)) * 40, "empty": b""}
    make_image(image, files)
    assert read_files(image) == files
    write_image(image, {"settings.json": b"{}", "main.py": b"pass\n"})
    assert read_image(image, "main.py") == b"pass\n"
    remove_from_image(image, ["settings.json"])
    assert read_files(image) == files | {"main.py": b"pass\n"}
    assert image.stat().st_size == 1024 * 1024
    assert image.stat().st_mode & 0o777 == 0o600  # a kit's key is in it


def test_wrong_images_are_named(tmp_path):
    """What cannot be read, written or found says which file, so a bench's set-up error is seen at once."""
    image = tmp_path / "flash.img"
    with pytest.raises(ImageError, match="no image"):
        read_files(image)
    with pytest.raises(ImageError, match="make failed"):
        make_image(image, {"big": bytes(20_000)}, size=4 * 4096)
    with pytest.raises(ValueError, match="multiple of 4096"):
        make_image(image, {}, size=1000)
    make_image(image, {"key.json": b""})
    with pytest.raises(ImageError, match=r"no file 'settings.json'; it has \['key.json'\]"):
        read_image(image, "settings.json")
    with pytest.raises(ImageError, match="remove failed"):
        remove_from_image(image, ["settings.json"])
    image.write_bytes(bytes(65536))
    with pytest.raises(ImageError, match=r"flash.img: get failed"):
        read_files(image)


async def test_power_cuts_never_break_the_image(tmp_path):
    """After a SIGKILL at any moment of writing the flash mounts and holds the last finished step."""
    twin = twin_of(
        tmp_path,
        """
        import os
        try:
            with open("counter") as file:
                count = int(file.read())
        except OSError:
            count = 0
        while True:
            count += 1
            with open("counter.new", "w") as file:
                file.write(str(count))
            os.rename("counter.new", "counter")
            print("step", count)
        """,
    )
    dice = random.Random(1)
    for _ in range(20):
        twin.log.clear()
        await twin.start()
        enough = dice.randrange(1, 40)
        await twin.wait_for(lambda enough=enough: len(twin.log) >= enough)
        await twin.kill()
        shown = [int(line.split()[1]) for line in twin.log if line.startswith("step ")]
        assert shown == list(range(shown[0], shown[0] + len(shown)))
        assert int(read_image(twin.image, "counter")) - shown[-1] in {0, 1}
    assert twin.boots == 20
