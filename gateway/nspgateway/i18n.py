"""Languages of the page: gettext catalogues, and how times, numbers and ages are written.

Message ids are the English text, so English needs no catalogue. The ``.po``
files are read as they stand at start: nothing is compiled, nothing can be
forgotten. Every moment comes in as aware UTC and goes out as Dutch local time.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_datetime
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

ZONE = ZoneInfo("Europe/Amsterdam")
LOCALE_DIR = Path(__file__).parent / "locale"
# Language code -> how Babel writes its dates and numbers.
LANGUAGES: Mapping[str, str] = {"nl": "nl_NL", "en": "en_GB"}

_MINUTE = 60
_HOUR = 3600
_DAY = 86400
# Further away a day of the week could be taken for another one.
_NEAR = timedelta(days=6)


def N_(message: str) -> str:  # noqa: N802 - the name that gettext tools look for
    """Mark a message that is translated later, where it is used."""
    return message


@dataclass(frozen=True, slots=True)
class Language:
    """One language: its words (``gettext``, ``ngettext``) and its way of writing values."""

    code: str
    locale: Locale
    translations: NullTranslations

    def gettext(self, message: str) -> str:
        """The message in this language; the English id when it has no translation."""
        return self.translations.gettext(message)

    def ngettext(self, singular: str, plural: str, count: int) -> str:
        """The singular or plural message for ``count``."""
        return self.translations.ngettext(singular, plural, count)

    def number(self, value: float, digits: int = 0) -> str:
        """A number with ``digits`` decimals, rounded half up as people do."""
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        # The tiny nudge keeps 0.25 from being written as 0.2 by half-even rounding.
        return format_decimal(round(value + 1e-9, digits), format=pattern, locale=self.locale)

    def clock(self, at: datetime) -> str:
        """Hours and minutes, such as 03:40."""
        return at.astimezone(ZONE).strftime("%H:%M")

    def seconds_clock(self, at: datetime) -> str:
        """Hours, minutes and seconds, such as 03:40:05."""
        return at.astimezone(ZONE).strftime("%H:%M:%S")

    def date(self, at: datetime, pattern: str = "EEE d MMM") -> str:
        """The local date, such as "za 16 jan."."""
        return format_datetime(at.astimezone(ZONE), pattern, locale=self.locale)

    def moment(self, at: datetime, reference: datetime) -> str:
        """The clock time, with the date as soon as that is not the reference's."""
        if same_day(at, reference):
            return self.clock(at)
        return f"{self.date(at)} {self.clock(at)}"

    def day_and_clock(self, at: datetime, reference: datetime) -> str:
        """The clock time, with the day of the week when it is another day, beyond six days the date."""
        if same_day(at, reference):
            return self.clock(at)
        near = abs(at - reference) <= _NEAR
        return f"{self.date(at, 'EEE' if near else 'd MMM')} {self.clock(at)}"

    def duration(self, seconds: float) -> str:
        """A length of time in at most two units, rounded down: 40 s, 12 min, 3 h 20 min, 4 days."""
        whole = max(0, int(seconds))
        if whole < _MINUTE:
            return self.gettext("{n} s").format(n=whole)
        if whole < 2 * _HOUR:
            return self.gettext("{n} min").format(n=whole // _MINUTE)
        if whole < 2 * _DAY:
            hours, minutes = divmod(whole // _MINUTE, 60)
            return self.gettext("{hours} h {minutes} min").format(hours=hours, minutes=minutes)
        return self.gettext("{n} days").format(n=whole // _DAY)

    def ago(self, seconds: float) -> str:
        """How long ago something was."""
        return self.gettext("{duration} ago").format(duration=self.duration(seconds))


def same_day(one: datetime, other: datetime) -> bool:
    """True when both moments fall on one local date."""
    return one.astimezone(ZONE).date() == other.astimezone(ZONE).date()


@cache
def load_languages() -> Mapping[str, Language]:
    """All languages of the page by code, read once. OSError when a catalogue is missing."""
    return {
        code: Language(code, Locale.parse(locale), _translations(code)) for code, locale in LANGUAGES.items()
    }


def _translations(code: str) -> NullTranslations:
    """Return the words of all catalogues of a language: each area of the pages has its own."""
    if code == "en":
        return NullTranslations()
    whole = Catalog(locale=code)
    for path in sorted((LOCALE_DIR / code / "LC_MESSAGES").glob("*.po")):
        with path.open("rb") as file:
            catalogue = read_po(file, locale=code)
        for message in catalogue:
            if message.id:
                whole[message.id] = message
    if not len(whole):
        raise FileNotFoundError(f"no catalogue for {code!r}")
    compiled = io.BytesIO()
    write_mo(compiled, whole)
    compiled.seek(0)
    return GNUTranslations(compiled)
