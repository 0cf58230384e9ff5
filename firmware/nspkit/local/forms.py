"""What was filled in on the local page: read and checked. Pure; a form is a dict of strings."""

from nspkit.local.words import word
from nsplink import calltext
from nsplink.fields import DEPLOYMENTS, HELP_KINDS, VISITORS

KINDS = HELP_KINDS[:4]  # the silent one is no matter for a page
LETTERS = (("place", 58), ("what", 80), ("victims", 48), ("danger", 48), ("waiting", 38))  # all full, they just fit
OPEN = DEPLOYMENTS[2:]
TOPICS = 3
NOTE_BYTES = 40
_PEOPLE = ("staff", "staff_needed")
_MOST_PEOPLE = 62
_MOST_COUNT = 62
_MOST_QUARTERS = 254


class Wrong(ValueError):
    """What was filled in cannot be sent; says in a person's words what to do."""


def kind(form: dict) -> str:
    """The help that was asked for; nothing chosen is "not known"."""
    chosen = form.get("kind", "")
    return chosen if chosen in KINDS else "not_known"


def typed(form: dict) -> dict:
    """What was typed of a call, by the names of nsplink.calltext; empty fields are not in it."""
    found = {name: " ".join(form.get(name, "").split()) for name, _ in LETTERS}
    return {name: text for name, text in found.items() if text}


def tails(values: dict, edition: int) -> list:
    """The parts that carry what was typed. Raises Wrong when it is too long."""
    try:
        return calltext.split(calltext.packed(values), edition)
    except calltext.TextTooLong as error:
        raise Wrong(word("too_long") % error.over) from None


def report(form: dict, stock: list, topics: list) -> dict:
    """Values of a point report, by the names of nsplink.fields; what was left empty is None. Raises Wrong."""
    values: dict = {name: _whole(form, name, _MOST_PEOPLE) for name in _PEOPLE}
    values["deployment"] = _one_of(form, "deployment", OPEN)
    values["visitors"] = _one_of(form, "visitors", VISITORS)
    values["relief_quarters"] = _quarters(form)
    values["stock_low"] = sum([1 << index for index in range(len(stock)) if form.get("stock_%d" % index)])
    chosen: list = []
    for place in range(1, TOPICS + 1):
        topic = _one_of(form, "topic_%d" % place, tuple([str(index) for index in range(len(topics))]))
        count = form.get("count_%d" % place, "").strip()
        if topic is None and not count:
            continue
        if topic is None or topic in chosen or not is_number(count) or not 1 <= int(count) <= _MOST_COUNT:
            raise Wrong(word("bad_topic"))
        chosen.append(topic)
        values["topic_%d" % len(chosen)], values["count_%d" % len(chosen)] = int(topic), int(count)
    text = " ".join(form.get("note", "").split()).encode()
    if len(text) > NOTE_BYTES:
        raise Wrong(word("too_long") % (len(text) - NOTE_BYTES))
    values["text"] = text
    return values


def _one_of(form: dict, name: str, words: tuple) -> str | None:
    chosen = form.get(name, "")
    return chosen if chosen in words else None


def is_number(text: str) -> bool:
    """Whether a text is a whole number of at most four digits."""
    return 0 < len(text) <= 4 and all("0" <= letter <= "9" for letter in text)


def _whole(form: dict, name: str, most: int) -> int | None:
    text = form.get(name, "").strip()
    if not text:
        return None
    if not is_number(text) or int(text) > most:
        raise Wrong(word("bad_number") % (word(name), 0, most))
    return int(text)


def _quarters(form: dict) -> int | None:
    """Hours with at most two decimals behind comma or point, as quarters of an hour, to the nearest."""
    text = form.get("relief", "").strip().replace(",", ".")
    if not text:
        return None
    hours, _, part = text.partition(".")
    if not is_number(hours) or (part and not is_number(part)) or len(part) > 2 or int(hours) * 4 > _MOST_QUARTERS - 2:
        raise Wrong(word("bad_hours") % word("relief"))
    return int(hours) * 4 + (int((part + "0")[:2]) * 4 + 50) // 100
