"""Messages to residents: put together from fragments, shown once the kit's own release fits them. No I/O of its own.

Fragments come under the group key, which every kit holds and a stolen one gives
away: they are noise until the digest of the ``release``, which is sealed for this
kit alone, fits the whole text. What lacks or does not fit is asked for again
with a ``receipt``, at intervals that grow whatever comes in, so that nobody can
make a kit talk by sending fragments.

When a whole text does not fit, all of it is asked for once more. When it does not
fit again, somebody forges: the kit keeps what it has and says "mismatch" with
nothing lacking, and the gateway answers with a release for each fragment but the
last: same number and revision, ``bulletin_bytes`` where the fragment ends, and the
fragment's own digest. From then on a wrong fragment takes no place any more, and
the last one is what the whole digest tells. So a holder of the group key costs a
town one repeat and each kit at most 15 short frames a message; to keep a text away
he must jam, which no key prevents and which the receipts make seen.
"""

import binascii
import hashlib

from nsplink import message, timing

SHOWN = "bulletin.bin"
RELEASE = "release.bin"
FRAGMENT_BYTES = 96  # each but the last: so a fragment has its place and its length from the release alone
MAX_FRAGMENTS = 16
_PAYLOAD = 14  # bytes of a release
_FIRST_PAUSE_MS = 30_000  # fragments may still be on their way; each further pause is twice as long
_DOUBLINGS = 10  # 8.5 hours at most
_SPREAD_MS = 20_000  # what one broadcast causes in forty kits
_MAX_RECEIPTS = 6
_MAX_HANGING = 3
_MODULO = 65_535  # of utc_min


def newer(a: tuple, b: tuple) -> bool:
    """Whether message ``a`` (number, revision) is later than ``b``; both count on from their end to 0."""
    ahead = (a[0] - b[0]) & 255
    if ahead:
        return ahead < 128
    return 0 < (a[1] - b[1]) & 15 < 8


def digest_of(parts) -> int:
    """First 8 bytes of the SHA-256 of a text in parts, as a ``release`` carries them."""
    state = hashlib.sha256()
    for part in parts:
        state.update(part)
    return int.from_bytes(state.digest()[:8], "big")


class Bulletins:
    """The message that is shown and the one that is being put together; at most one of each.

    ``files``: files.Files of the kit's folder; ``random_ms(bound)``: uniform below it.
    All but ``shown``, ``hangs`` and ``hanging`` may write flash.
    """

    def __init__(self, files, random_ms, now_ms: int) -> None:
        self._files = files
        self._random_ms = random_ms
        self._parts: list = [None] * MAX_FRAGMENTS
        self._heard: tuple | None = None  # (number, revision) of the parts
        self._release: dict | None = None  # of the text that is wanted; None: parts are kept in case of one
        self._bytes = 0  # of the wanted text
        self._count = 0  # its fragments
        self._asked = 0
        self._ask_ms = 0
        self._digests: list = [None] * MAX_FRAGMENTS  # of single fragments, as released for this kit
        self._misfits = 0
        self._receipts: list = []  # (number, revision, stage), oldest first
        self._tell_ms = now_ms + random_ms(timing.SPREAD_MS)  # and not before: the mains may be back everywhere
        self._time: tuple | None = None  # utc_min, and when it was that
        self._shown: dict | None = None
        self._text = b""
        self._displayed = False
        self._hanging: list = []  # (number, revision) of what a person hung up and what is not to be shown any more
        self._take_up(now_ms)

    def shown(self) -> tuple | None:
        """(number, revision, text, expires_min or None) of the message to show, None when there is none."""
        held = self._shown
        if held is None or not self._text:
            return None
        return held["bulletin"], held["revision"], self._text, held["expires_min"]

    def displayed(self, key: tuple) -> bool:
        """A person has hung up message ``key`` (number, revision); whether that is the one that is shown."""
        held = self._shown
        if held is None or not self._text or _key(held) != key:
            return False
        self._displayed = True
        self._store()
        self._tell(key, "displayed")
        return True

    def hangs(self) -> bool:
        """Whether a person has said that the message that is shown hangs."""
        return self._displayed

    def hanging(self) -> list:
        """(number, revision) of what hangs and is not to be shown any more, the newest first."""
        return self._hanging[::-1]

    def taken_down(self, key: tuple) -> bool:
        """A person has taken ``key`` (number, revision) off the wall; whether it was there and had to go."""
        if key not in self._hanging:
            return False
        self._hanging.remove(key)
        self._store()
        self._tell(key, "removed")
        return True

    def time(self, utc_min: int, now_ms: int) -> None:
        """Trusted time came, so that a message can end."""
        self._time = (utc_min, now_ms)

    def fragment(self, values: dict, now_ms: int) -> None:
        """Keep a fragment that fits what is wanted, or what may be wanted soon; anyone may have sent it."""
        key = (values["bulletin"], values["revision"])
        index, last, data = values["fragment"], values["last_fragment"], values["data"]
        if index > last or len(data) > FRAGMENT_BYTES or not data or (index < last and len(data) < FRAGMENT_BYTES):
            return
        if self._release is None:
            if self._shown is not None and not newer(key, _key(self._shown)):
                return
            if key != self._heard:
                if self._heard is not None and not newer(key, self._heard):
                    return
                self._clear(key)
        elif key != self._heard or last + 1 != self._count or len(data) != self._length(index):
            return
        if self._parts[index] is None:
            self._parts[index] = bytes(data)
            self._judge(index)
            if self._finish():
                self._tell_ms = now_ms + self._random_ms(_SPREAD_MS)  # forty kits have it at this moment

    def release(self, values: dict, now_ms: int) -> str:
        """The kit's own release: this text, and no other, is to be shown. The word of ``fields.RESULTS`` for the answer."""
        if values["bulletin_bytes"] > MAX_FRAGMENTS * FRAGMENT_BYTES:
            return "out_of_range"
        if self._expired(values, now_ms):
            return "refused"
        shown, wanted = self._shown, self._release
        for held in (shown, wanted):
            if held is not None and _key(held) == _key(values) and values["bulletin_bytes"] < held["bulletin_bytes"]:
                return self._release_part(values, now_ms)
        if shown is not None and _same(shown, values) and len(self._text) == values["bulletin_bytes"]:
            self._tell(_key(shown), "received")
            return "done"
        if wanted is not None and _same(wanted, values):
            self._ask_from(now_ms)  # asked by a person once more: so is what lacks
            return "done"
        for held in (shown, wanted):
            if held is not None and not newer(_key(values), _key(held)) and values["replaces"] != held["bulletin"]:
                return "refused"
        self._want(values, now_ms)
        payload = message.encode("release", values)
        self._files.replace(RELEASE, _sealed(payload))
        self._finish()
        return "done"

    def due(self, now_ms: int) -> dict | None:
        """Values of the receipt to send now, each once; None when there is none."""
        if self._release is not None and self._expired(self._release, now_ms):
            self._drop_release()
        if self._text and self._shown is not None and self._expired(self._shown, now_ms):
            self._is_over(self._shown)
            self._text, self._displayed = b"", False
            self._store()
        if self._receipts and now_ms >= self._tell_ms:
            number, revision, stage = self._receipts.pop(0)
            return {"bulletin": number, "revision": revision, "receipt_stage": stage, "lacking": 0}
        if self._release is None or now_ms < self._ask_ms:
            return None
        return self._ask(now_ms)

    def _ask(self, now_ms: int) -> dict:
        """The request for what lacks; when nothing lacks and it does not fit, for all of it or for the fragments' digests."""
        lacking = self._lacking()
        stage = "incomplete" if lacking else "mismatch"
        if not lacking:
            self._misfits += 1
            if self._misfits == 1:
                self._clear(self._heard)
                lacking = self._lacking()
        self._asked = min(self._asked + 1, _DOUBLINGS)
        self._ask_from(now_ms, self._asked)
        key = _key(self._release)
        return {"bulletin": key[0], "revision": key[1], "receipt_stage": stage, "lacking": lacking}

    def _ask_from(self, now_ms: int, asked: int = 0) -> None:
        self._asked = asked
        self._ask_ms = now_ms + (_FIRST_PAUSE_MS << asked) + self._random_ms(_SPREAD_MS)

    def _want(self, values: dict, now_ms: int) -> None:
        """Put this text together from now on, with what was heard of it already."""
        self._release = values
        self._bytes = values["bulletin_bytes"]
        self._count = -(-self._bytes // FRAGMENT_BYTES)
        if self._heard != _key(values):
            self._clear(_key(values))
        self._digests = [None] * MAX_FRAGMENTS
        self._misfits = 0
        for index in range(MAX_FRAGMENTS):
            part = self._parts[index]
            if part is not None and len(part) != self._length(index):
                self._parts[index] = None
        self._ask_from(now_ms)

    def _release_part(self, values: dict, now_ms: int) -> str:
        """The digest of one fragment: what does not fit it is dropped, now and when it comes."""
        length = values["bulletin_bytes"]
        if not length or length % FRAGMENT_BYTES:
            return "refused"
        if self._release is not None and self._heard == _key(values):
            index = length // FRAGMENT_BYTES - 1
            self._digests[index] = values["digest"]
            self._judge(index)
            self._ask_from(now_ms)
            self._finish()
        return "done"

    def _judge(self, index: int) -> None:
        part, digest = self._parts[index], self._digests[index]
        if part is not None and digest is not None and digest_of((part,)) != digest:
            self._parts[index] = None

    def _length(self, index: int) -> int:
        """Bytes of a fragment of the wanted text; 0 for one that it has not."""
        return max(0, min(FRAGMENT_BYTES, self._bytes - index * FRAGMENT_BYTES))

    def _lacking(self) -> int:
        bits = 0
        for index in range(self._count):
            if self._parts[index] is None:
                bits |= 1 << index
        return bits

    def _finish(self) -> bool:
        """Show the text if it is whole and is what was released; whether it is."""
        wanted = self._release
        if wanted is None or self._lacking():
            return False
        parts = self._parts[: self._count]
        if digest_of(parts) != wanted["digest"]:
            if None not in self._digests[: self._count - 1]:
                self._parts[self._count - 1] = None  # all others are right
            return False
        old = self._shown
        if old is not None and self._text and (self._displayed or old["bulletin"] != wanted["bulletin"]):
            self._is_over(old)
        self._shown, self._text, self._displayed = wanted, b"".join(parts), False
        # The text before its release: a cut in between leaves both, and the release is dropped at the start.
        if self._store():
            self._files.remove(RELEASE)
        self._drop_release(keep_file=True)
        self._tell(_key(wanted), "received")
        return True

    def _is_over(self, old: dict) -> None:
        """It is not shown any more: the kit's own display says so at once, paper on a wall only by a person."""
        if self._displayed:
            self._hanging = self._hanging[1 - _MAX_HANGING :] + [_key(old)]
        else:
            self._tell(_key(old), "removed")

    def _drop_release(self, keep_file: bool = False) -> None:
        self._release = None
        self._clear(None)
        if not keep_file:
            self._files.remove(RELEASE)

    def _clear(self, key: tuple | None) -> None:
        self._heard = key
        for index in range(MAX_FRAGMENTS):
            self._parts[index] = None

    def _tell(self, key: tuple, stage: str) -> None:
        receipt = key + (stage,)
        if receipt not in self._receipts:
            self._receipts = self._receipts[1 - _MAX_RECEIPTS :] + [receipt]

    def _expired(self, values: dict, now_ms: int) -> bool:
        """Whether the end of a message has come; never while the time is not known. Right for 22 days on either side."""
        end = values["expires_min"]
        if end is None or self._time is None:
            return False
        now_min = self._time[0] + (now_ms - self._time[1]) // 60_000
        return (now_min - end) % _MODULO < _MODULO // 2

    def _store(self) -> bool:
        """Write what is shown; without flash it is shown all the same, until the next start."""
        payload = message.encode("release", self._shown or {})
        # One bit: it hangs; the others: how many older ones do, which follow.
        old = bytes([self._displayed | len(self._hanging) << 1] + [number for key in self._hanging for number in key])
        return bool(self._files.replace(SHOWN, _sealed(payload + old + self._text)))

    def _take_up(self, now_ms: int) -> None:
        """What was shown and what was wanted before the start."""
        body = _unsealed(self._files.read(SHOWN), _PAYLOAD + 1)
        if body is not None:
            self._shown = _decoded(body)
            self._displayed = bool(body[_PAYLOAD] & 1)
            end = _PAYLOAD + 1 + (body[_PAYLOAD] >> 1) * 2
            self._hanging = [(body[at], body[at + 1]) for at in range(_PAYLOAD + 1, end, 2)]
            self._text = body[end:]
            if self._text:
                # Its receipt may have been lost with the start.
                self._tell(_key(self._shown), "displayed" if self._displayed else "received")
        body = _unsealed(self._files.read(RELEASE), _PAYLOAD)
        if body is not None:
            wanted = _decoded(body)
            if self._shown is None or not _same(self._shown, wanted):
                self._want(wanted, now_ms)


def _key(values) -> tuple:
    return values["bulletin"], values["revision"]


def _same(a: dict, b: dict) -> bool:
    """Whether two releases are of one and the same text."""
    return _key(a) == _key(b) and a["digest"] == b["digest"] and a["bulletin_bytes"] == b["bulletin_bytes"]


def _sealed(body: bytes) -> bytes:
    return body + binascii.crc32(body).to_bytes(4, "big")


def _unsealed(data: bytes | None, least: int) -> bytes | None:
    if data is None or len(data) < least + 4 or _sealed(data[:-4]) != data:
        return None
    return data[:-4]


def _decoded(body: bytes) -> dict:
    return message.decode("release", body[:_PAYLOAD])
