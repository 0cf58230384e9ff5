"""Work on the files of an image: ``image_tool.py IMAGE VERB [HOST_FOLDER]``.

``make`` formats first, then does ``put``. ``put`` copies the tree below HOST_FOLDER
into the image, ``get`` copies the whole image into HOST_FOLDER, ``remove`` removes the
paths listed in HOST_FOLDER/names. The image is mounted at /flash, the PC stays the root.
"""

import os
import sys

import blockdev
import vfs

_FOLDER = 0x4000
_MOUNT = "/flash"


def _copy_tree(source, target) -> None:
    for name, kind, *_ in list(os.ilistdir(source)):
        if kind == _FOLDER:
            try:
                os.mkdir(target + "/" + name)
            except OSError:  # it is there already
                pass
            _copy_tree(source + "/" + name, target + "/" + name)
        else:
            _copy_file(source + "/" + name, target + "/" + name)


def _copy_file(source, target) -> None:
    with open(source, "rb") as reader, open(target, "wb") as writer:
        while True:
            data = reader.read(blockdev.BLOCK_BYTES)
            if not data:
                break
            writer.write(data)


def _remove(list_file) -> None:
    with open(list_file) as names:
        for name in names:
            os.remove(_MOUNT + "/" + name.rstrip("\n"))


def _main(image, verb, folder) -> None:
    with open(image, "r+b") as file:
        _work(blockdev.FlashFile(file), verb, folder)


def _work(device, verb, folder) -> None:
    if verb == "make":
        vfs.VfsLfs2.mkfs(device)
    vfs.mount(vfs.VfsLfs2(device), _MOUNT)
    if verb == "remove":
        _remove(folder + "/names")
    elif verb == "get":
        _copy_tree(_MOUNT, folder)
    else:
        _copy_tree(folder, _MOUNT)
    vfs.umount(_MOUNT)


_main(*sys.argv[1:])
