"""Money, days and times as people write them, in English and in French.

The forms are those of the Unicode CLDR (https://cldr.unicode.org). What is not there is an empty text.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from relay.formats.money import exponent
from relay.formats.times import instant

LANGUAGES = ("en", "fr")
NARROW, FIXED = "\u202f", "\u00a0"
"""The spaces at which no line is broken: between thousands, and before a unit."""

_MONTHS: Mapping[str, tuple[str, ...]] = {
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
    "fr": (
        *("janvier", "février", "mars", "avril", "mai", "juin"),
        *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
    ),
}
_SYMBOLS: Mapping[str, Mapping[str, str]] = {
    "en": {"EUR": "€", "GBP": "£", "USD": "$", "JPY": "¥", "INR": "₹", "CAD": "CA$", "AUD": "A$", "NZD": "NZ$"},
    "fr": {"EUR": "€", "GBP": "£", "USD": "$US", "CAD": "$CA", "AUD": "$AU"},
}
_UNITS: Mapping[str, tuple[tuple[int, str, str], ...]] = {
    "en": ((86400, "day", "days"), (3600, "hour", "hours"), (60, "minute", "minutes"), (1, "second", "seconds")),
    "fr": ((86400, "jour", "jours"), (3600, "heure", "heures"), (60, "minute", "minutes"), (1, "seconde", "secondes")),
}


def money(amount: Any, currency: Any, language: str) -> str:
    """`€1,234.50` and `CHF 24.00`, or `1 234,50 €` and `24,00 CHF`."""
    if isinstance(amount, bool) or not isinstance(amount, int | float | Decimal) or not isinstance(currency, str):
        return ""
    plain = f"{Decimal(str(amount)):,.{exponent(currency)}f}"
    sign, digits = ("-", plain[1:]) if plain.startswith("-") else ("", plain)
    symbol = _SYMBOLS[language].get(currency, currency)
    if language == "fr":
        return f"{sign}{digits.replace(',', NARROW).replace('.', ',')}{FIXED}{symbol}"
    return f"{sign}{symbol}{FIXED if symbol == currency else ''}{digits}"


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
    return f"{_day(local, language)} {'à' if language == 'fr' else 'at'} {local:%H:%M} ({zone.key})"


def month(year: Any, number: Any, language: str) -> str:
    """`November 2026`: how cards say when they end."""
    if not isinstance(year, int) or not isinstance(number, int) or not 1 <= number <= 12:
        return ""
    return f"{_MONTHS[language][number - 1]} {year}"


def duration(seconds: Any, language: str) -> str:
    """The two largest units: `1 hour 5 minutes`."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | Decimal | float) or seconds < 0:
        return ""
    left = int(seconds)
    said: list[str] = []
    for size, one, many in _UNITS[language]:
        count, left = divmod(left, size)
        if count and len(said) < 2:
            said.append(f"{count}{FIXED}{one if count == 1 else many}")
    return " ".join(said) or f"0{FIXED}{_UNITS[language][-1][2]}"


def _is_civil(moment: datetime) -> bool:
    return (moment.hour, moment.minute, moment.second, moment.microsecond) == (0, 0, 0, 0)


def _day(moment: datetime, language: str) -> str:
    first = "1er" if language == "fr" and moment.day == 1 else str(moment.day)
    return f"{first} {_MONTHS[language][moment.month - 1]} {moment.year}"
