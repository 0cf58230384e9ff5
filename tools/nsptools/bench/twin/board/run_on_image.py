"""Run one script on a mounted image: ``run_on_image.py IMAGE SCRIPT`` (host paths)."""

import sys

import blockdev

_host = blockdev.host_files()
_image, _script = sys.argv[1], sys.argv[2]
with _host.open(_script, "r") as _file:
    _code = compile(_file.read(), "script.py", "exec")
blockdev.mount_as_root(blockdev.open_image(_host, _image))
sys.argv[:] = ["script.py"]
del sys.modules["blockdev"]
exec(_code, {"__name__": "__main__"})  # noqa: S102  the script of a test
