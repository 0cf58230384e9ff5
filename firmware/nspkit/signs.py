"""What the kit shows of itself: flashes, sounds and words. Data; docs/faults.md explains the codes to people.

Tables of text, because that is what costs least heap: a name, then what belongs to it.
"""

# Short flashes in a row, then a pause; the fault first in this list is shown. A kit in order gives one flash a second.
# "settings" and "needs_key" are shown by a kit that does not start, for ever.
CODES = {
    "settings": 3,
    "needs_key": 4,
    "button": 6,
    "radio": 2,
    "gateway": 8,
    "device": 5,
    "cell": 7,
}
# Milliseconds on, off, on, off, ...; then again. What a machine said flickers, what a person said stays on long.
LIGHTS = """
running 50 950
asking 250 250
sent 100 100
stored 100 100 100 700
human 1600 400
not_arrived 500 500
testing 50 50
passed 3000 500
"""
# A self-test that found a fault: one long flash, then as many short ones as the place of the first part that failed.
_LONG = (1500, 500)

# As LIGHTS, for the buzzer; the last two until silenced or over. Never for a call for security.
SOUNDS = """
taken 80 80
asking 80 200 80 200 80 200
refused 400 100
human 300 100 300 100
not_arrived 600 200 600 200 600 200
passed 80 80 80 80
danger 500 250 500 250 500 4000
warning 200 4800
"""
DANGERS = ("input_1", "input_2")
WARNINGS = ("generator_failed", "power_lost", "fuel_low", "battery_low", "overload")

# At most four lines of at most 16 letters. A machine may only say "BINNEN BIJ CP": all from there on is a person's word.
WORDS = """
call_112 BEL 112
ready HULP? 3 SEC DRUK
waiting WORDT VERZONDEN
sent VERSTUURD...
stored BINNEN BIJ CP/NIET GELEZEN
read GELEZEN
passed_on MELDKAMER
help_comes HULP KOMT
no_unit GEEN EENHEID/LEES OPDRACHT
answered ANTWOORD VAN CP
call_back CP BELT TERUG
not_arrived NIET AANGEKOMEN/GEBRUIK %s
withdrawn INGETROKKEN/CP BELT TERUG
closed AFGESLOTEN
asking ECHT OF OEFENING/HULP = ECHT/STIL = OEFENING/OVER %d S: ECHT
exercise OEFENING
real GEEN OEFENING
wifi %s/%s/SLEUTEL: ETIKET/NOG %d MIN
no_wifi GEEN WIFI
old_paper HANGT ER NOG:/BERICHT %d/HAAL HET WEG
testing ZELFTEST...
passed ZELFTEST GOED
failed ZELFTEST FOUT
"""
AGO = "%d MIN GELEDEN"
RESERVE = "PORTO"  # the path to take when the radio fails, where the settings name no other
LETTERS, LINES = 16, 4

# The letters of the display are those of ASCII: each of these is followed by what it becomes.
_PLAIN = "\u00e9e\u00ebe\u00e8e\u00eae\u00efi\u00f6o\u00f3o\u00fcu\u00e1a\u00e0a\u00e4a\u00e7c\u2026.\u2013-\u2019'\n \t \r "


def row(table: str, name: str) -> str | None:
    """What a table has behind a name, None where it is not there."""
    start = table.find("\n" + name + " ")
    return None if start < 0 else table[start + len(name) + 2 : table.find("\n", start + 1)]


def pattern(table: str, name: str) -> tuple:
    """A row of LIGHTS or SOUNDS in milliseconds."""
    return tuple([int(ms) for ms in (row(table, name) or "").split()])


def words(name: str) -> tuple:
    """A row of WORDS in lines."""
    return tuple((row(WORDS, name) or "").split("/"))


def pages(text: str) -> list:
    """A text as screens of lines: words are kept whole where they fit, letters that the display lacks are made plain."""
    lines: list = [""]
    for word in "".join([_plain(one) for one in text]).split():
        for start in range(0, len(word), LETTERS):
            part = word[start : start + LETTERS]
            if not lines[-1] or len(lines[-1]) + 1 + len(part) > LETTERS:
                lines.append(part)
            else:
                lines[-1] += " " + part
    return [tuple(lines[index : index + LINES]) for index in range(1, len(lines), LINES)]


def _plain(letter: str) -> str:
    if " " <= letter <= "~":
        return letter
    at = _PLAIN.find(letter)
    return "?" if at < 0 else _PLAIN[at + 1]


def level(steps: tuple, since_ms: int) -> int:
    """1 while a pattern that began so long ago is on, else 0; it repeats."""
    if not steps:
        return 0
    at, index = since_ms % sum(steps), 0
    while at >= steps[index]:
        at -= steps[index]
        index += 1
    return 1 - index % 2


def code(flashes: int, long: bool = False) -> tuple:
    """The pattern of a fault's code; ``long``: of the self-test's."""
    return (_LONG if long else ()) + (200, 200) * (flashes - 1) + (200, 1500)
