"""Money, days and times as people write them, by the Unicode CLDR (Babel). What is not there is an empty text.

A language is a file in `languages/`, beside its templates: its locale in the CLDR, and what the CLDR does not say.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_currency, get_currency_symbol
from babel.units import format_unit

from relay.formats import jsontext
from relay.formats.money import exponent
from relay.formats.times import instant

FOLDER = Path(__file__).parent / "languages"
LANGUAGES = tuple(sorted(path.stem for path in FOLDER.glob("*.json")))
NARROW, FIXED = "\u202f", "\u00a0"
"""The spaces at which no line is broken: between thousands, and before a unit."""

_DECIMALS = re.compile(r"0\.0+")
_LETTER_AND_DIGIT = re.compile(r"(?<=[^\W\d_])(?=\d)")
_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


@dataclass(frozen=True, slots=True)
class Language:
    locale: str
    """Of the CLDR."""
    day: str
    """A date, in the letters of https://unicode.org/reports/tr35/tr35-dates.html#Date_Field_Symbol_Table."""
    first_day: str
    """The same on the first of a month."""
    moment: str
    """With `{day}`, `{time}` and `{zone}`."""
    symbols: Mapping[str, str]
    """Of currencies, where another than the CLDR's is the usual one."""
    kept_with_the_word_before: str
    """The marks before which stands a space at which no line is broken."""
    kept_with_the_word_after: str
    test_subject: str
    test_text: str
    """What a channel's test says; with `{name}`."""

    def typeset(self, sentence: str) -> str:
        """The sentence with the spaces that its marks need."""
        for mark in self.kept_with_the_word_before:
            sentence = sentence.replace(f" {mark}", f"{FIXED}{mark}")
        for mark in self.kept_with_the_word_after:
            sentence = sentence.replace(f"{mark} ", f"{mark}{FIXED}")
        return sentence


@cache
def language_of(name: str) -> Language:
    return Language(**jsontext.loads((FOLDER / f"{name}.json").read_bytes()))


def money(amount: Any, currency: Any, language: str) -> str:
    """`€1,234.50` and `CHF 24.00`, or `1 234,50 €` and `24,00 CHF`."""
    if isinstance(amount, bool) or not isinstance(amount, int | float | Decimal) or not isinstance(currency, str):
        return ""
    known = language_of(language)
    # The currency's decimals are ours (ISO 4217), as the integers in minor units are; the CLDR's are those of cash.
    zeros = "0." + "0" * exponent(currency)
    pattern = _DECIMALS.sub(zeros.removesuffix("."), Locale.parse(known.locale).currency_formats["standard"].pattern)
    said = format_currency(Decimal(str(amount)), currency, pattern, locale=known.locale, currency_digits=False)
    if currency in known.symbols:
        said = said.replace(get_currency_symbol(currency, known.locale), known.symbols[currency])
    # https://unicode.org/reports/tr35/tr35-numbers.html#Currencies: `currencySpacing`, which Babel leaves out.
    return _LETTER_AND_DIGIT.sub(FIXED, said)


def day(value: Any, language: str, zone: ZoneInfo) -> str:
    """`22 November 2026`, `1er décembre 2026`. Midnight in UTC is a civil date, the same in every zone."""
    moment = instant(value)
    if moment is None:
        return ""
    return _day(moment if _is_civil(moment) else moment.astimezone(zone), language)


def time(value: Any, language: str, zone: ZoneInfo) -> str:
    """`22 November 2026 at 07:57 (Europe/Paris)`."""
    moment = instant(value)
    if moment is None:
        return ""
    local = moment.astimezone(zone)
    return language_of(language).moment.format(day=_day(local, language), time=f"{local:%H:%M}", zone=zone.key)


def month(year: Any, number: Any, language: str) -> str:
    """`November 2026`: how cards say when they end."""
    if not isinstance(year, int) or not isinstance(number, int) or not 1 <= number <= 12 or not 1 <= year <= 9999:
        return ""
    return format_date(date(year, number, 1), "LLLL y", language_of(language).locale)


def duration(seconds: Any, language: str) -> str:
    """The two largest units: `1 hour 5 minutes`."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | Decimal | float) or seconds < 0:
        return ""
    left = int(seconds)
    said: list[str] = []
    for size, unit in _UNITS:
        count, left = divmod(left, size)
        if count and len(said) < 2:
            said.append(_counted(count, unit, language))
    return " ".join(said) or _counted(0, "second", language)


def _counted(count: int, unit: str, language: str) -> str:
    return format_unit(count, f"duration-{unit}", locale=language_of(language).locale).replace(" ", FIXED)


def _is_civil(moment: datetime) -> bool:
    return (moment.hour, moment.minute, moment.second, moment.microsecond) == (0, 0, 0, 0)


def _day(moment: datetime, language: str) -> str:
    known = language_of(language)
    return format_date(moment, known.first_day if moment.day == 1 else known.day, known.locale)
