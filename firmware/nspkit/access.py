"""The local page's Wi-Fi: on for half an hour when somebody at the kit asks for it. Its page is in the heap only meanwhile."""

import asyncio
import hashlib

from nspkit import signs

ON_MS = 1_800_000
# No letter that reads like another; 32 of them, so that five bits make one.
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"


def name_of(number: int) -> str:
    """Name of the Wi-Fi of a kit, by its number at its coordinating point."""
    return "noodkit-%d" % number


def key_of(key: bytes) -> str:
    """Key of a kit's Wi-Fi, 60 bits as "abcd-efgh-jkmn": made of the kit's own key, which it does not give away."""
    bits = int.from_bytes(hashlib.sha256(b"nspkit wifi" + key).digest()[:8], "big")
    letters = [_LETTERS[bits >> 5 * at & 31] for at in range(12)]
    return "-".join(["".join(letters[at : at + 4]) for at in (0, 4, 8)])


class Access:
    """Opens it at once.

    ``kit``: app.Kit; its board's ``access_point()`` is None or has ``on(name, key)``, which gives (host, port), and
    ``off()``. ``key``: the kit's own; ``on_end(why)``: it is closed, and what went wrong, or "".
    """

    MODULES = tuple(["nspkit.local." + name for name in ("words", "html", "forms", "pages", "server")]) + (
        "nspkit.local", "microdot", "nspkit.access", "nspkit.wifi",
    )

    def __init__(self, kit, key: bytes, now: int, on_end) -> None:
        self._kit = kit
        self._name = name_of(kit.conf["address"] & 63)
        self._key = key_of(key)
        self._on_end = on_end
        self._host = ""
        self._until_ms = now + ON_MS
        self._task = asyncio.create_task(self._serve())

    def minutes_left(self, now: int) -> int:
        """Minutes until it ends, begun ones too."""
        return max(0, self._until_ms - now + 59_999) // 60_000

    def end(self) -> None:
        """Close it now."""
        self._task.cancel()

    def lines(self, now: int) -> tuple:
        """What the display says of it: name, address, where its key is, and minutes left."""
        if not self._host:
            return ()
        name, address, key, left = signs.words("wifi")
        return name % self._name, address % self._host, key, left % self.minutes_left(now)

    async def _serve(self) -> None:
        point, why = None, ""
        try:
            point = self._kit.board.access_point()
            if point is None:
                why = "this board has no Wi-Fi"
                return
            from nspkit.local import server

            self._host, port = point.on(self._name, self._key)
            self._kit.log("local page open")
            await asyncio.wait_for(server.serve(self._kit, self.minutes_left, self._host, port), ON_MS // 1000)
        except asyncio.TimeoutError:
            pass
        except (ImportError, MemoryError, OSError, RuntimeError) as error:  # the last: what the chip's Wi-Fi has no name for
            why = "%s %s" % (type(error).__name__, error)
        finally:
            try:
                if point is not None:
                    point.off()
            except (OSError, RuntimeError) as error:
                why = "it does not go off: %s" % error
            self._on_end(why)
