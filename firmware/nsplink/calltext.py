"""What a volunteer typed of a call for help, as the tails of its ``details`` frames: made, split and joined. Pure.

The text has a line for each field that was filled in: the field's letter, then what was
typed. It goes in at most six parts, each a frame of the call's own event. A part begins
with one byte: two bits of edition, three of its index, three of the last one's index.
Whoever types again sends a new edition as a whole and lets go of the old one, so the
edition that was sent last is the one that counts. Letters are never cut in two.
"""

from nsplink.frame import BadPayload

# Letter, name. Append only; a letter that a reader does not know is kept under that letter.
FIELDS = (("p", "place"), ("w", "what"), ("v", "victims"), ("d", "danger"), ("t", "waiting"))
PART_BYTES = 48  # with the byte in front: the tail of a ``help`` frame
MOST_PARTS = 6
MOST_BYTES = MOST_PARTS * (PART_BYTES - 1)
GAP = "[...]"  # stands where a part has not arrived
_EDITIONS = 4


class TextTooLong(ValueError):
    """More than the parts can carry. ``over``: how many bytes too many, at least one."""

    def __init__(self, over: int) -> None:
        super().__init__("%d bytes too many, at most %d" % (over, MOST_BYTES))
        self.over = over


def packed(values: dict) -> bytes:
    """The text of the fields that are not empty, by their names in FIELDS; white space within them becomes single spaces."""
    lines = []
    for letter, name in FIELDS:
        typed = " ".join((values.get(name) or "").split())
        if typed:
            lines.append(letter + typed)
    return "\n".join(lines).encode()


def split(text: bytes, edition: int) -> list:
    """The tails that carry ``text`` (UTF-8), in order; ``edition`` counts on with each new text of a call.

    An empty text is one part, which takes back what was typed. Raises TextTooLong.
    """
    parts: list = []
    start = 0
    while start < len(text) or not parts:
        end = min(start + PART_BYTES - 1, len(text))
        while end < len(text) and text[end] & 0xC0 == 0x80:
            end -= 1
        parts.append(text[start:end])
        start = end
    if len(parts) > MOST_PARTS:
        raise TextTooLong(max(len(text) - MOST_BYTES, 1))
    head = edition % _EDITIONS << 6 | len(parts) - 1
    return [bytes((head | index << 3,)) + parts[index] for index in range(len(parts))]


def edition_of(tail: bytes) -> int:
    """Edition that a tail belongs to, 0-3. Raises BadPayload for a tail that is none."""
    return _head(tail)[0]


def joined(tails: list) -> tuple:
    """(values by the names of FIELDS, whether all parts are there) of the edition that was sent last.

    ``tails``: those of one call in the order in which they were sent (by counter), the same
    one perhaps more than once. Where a part lacks, GAP stands in the field before it (*what*
    where none is before it), and what follows up to the next line stands there too: a person
    sees that something lacks. Without tails, ({}, True). Raises BadPayload for a tail that is none.
    """
    parts: dict = {}
    newest: tuple | None = None
    for tail in reversed(tails):
        edition, index, last = _head(tail)
        if newest is None:
            newest = (edition, last)
        elif (edition, last) != newest:
            break  # an older text
        if index not in parts:
            parts[index] = str(tail[1:], "utf-8")
    if newest is None:
        return {}, True
    text = ""
    for index in range(newest[1] + 1):
        text += parts.get(index, " " + GAP + " ")
    return _values(text), len(parts) == newest[1] + 1


def _head(tail: bytes) -> tuple:
    """(edition, index, index of the last) of a tail whose text is whole letters."""
    if not tail or len(tail) > PART_BYTES:
        raise BadPayload("details of %d bytes, expected 1 to %d" % (len(tail), PART_BYTES))
    head = tail[0]
    index, last = head >> 3 & 7, head & 7
    if index > last or last >= MOST_PARTS:
        raise BadPayload("details part %d of %d, expected at most %d" % (index, last + 1, MOST_PARTS))
    try:
        str(tail[1:], "utf-8")
    except UnicodeError:
        raise BadPayload("details that are not UTF-8") from None
    return head >> 6, index, last


def _values(text: str) -> dict:
    names = dict(FIELDS)
    values: dict = {}
    name = ""
    for line in text.split("\n"):
        typed = " ".join(line.split())
        if typed.startswith(GAP):  # its letter is lost with what lacks
            name = name or "what"
            values[name] = (values.get(name, "") + " " + typed).strip()
        elif typed:
            name = names.get(typed[0], typed[0])
            values[name] = typed[1:].strip()
    return values
