"""Card numbers in text, known by what they are: digits at the length of a scheme, that begin as the scheme's do, and
whose check digit is right. Luhn alone would take one of ten numeric ids.

Ranges and lengths: https://en.wikipedia.org/wiki/Payment_card_number and ISO/IEC 7812.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from relay.security.credentials import REMOVED

SHORTEST, _LONGEST = 13, 19
SHORTEST_NUMBER, _LONGEST_NUMBER = 10 ** (SHORTEST - 1), 10**_LONGEST

# First digits from, to; lengths.
_SCHEMES = (
    ("4", "4", (13, 16, 19)),  # Visa
    ("51", "55", (16,)),  # Mastercard
    ("2221", "2720", (16,)),
    ("34", "34", (15,)),  # American Express
    ("37", "37", (15,)),
    ("300", "305", (14, 16, 17, 18, 19)),  # Diners Club
    ("3095", "3095", (14, 16, 17, 18, 19)),
    ("36", "36", (14, 15, 16, 17, 18, 19)),
    ("38", "39", (14, 16, 17, 18, 19)),
    ("3528", "3589", (16, 17, 18, 19)),  # JCB
    ("60", "60", (16, 17, 18, 19)),  # Discover, RuPay, Hipercard
    ("644", "659", (16, 17, 18, 19)),  # Discover, Elo, Troy, Verve
    ("62", "62", (16, 17, 18, 19)),  # UnionPay
    ("8100", "8171", (16, 17, 18, 19)),
    ("50", "50", (13, 14, 15, 16, 17, 18, 19)),  # Maestro, Elo, RuPay, Verve
    ("5610", "5610", (16,)),  # Bankcard
    ("5893", "5893", (13, 14, 15, 16, 17, 18, 19)),  # Maestro
    ("6304", "6304", (13, 14, 15, 16, 17, 18, 19)),
    ("6362", "6363", (16, 17, 18, 19)),  # Elo
    ("67", "67", (13, 14, 15, 16, 17, 18, 19)),
    ("2200", "2205", (16, 17, 18, 19)),  # Mir, Borica
    ("8600", "8600", (16,)),  # Uzcard
    ("9792", "9792", (16,)),  # Troy
    ("9860", "9860", (16,)),  # Humo
)
_BY_FIRST_DIGIT = [[each for each in _SCHEMES if each[0].startswith(str(first))] for first in range(10)]
_BLANK = "[ \\t\xa0\xad\u1680\u2000-\u200d\u202f\u205f\u2060\u3000\ufeff\\-\u2010-\u2015\u2043\u2212\ufe58\ufe63\uff0d]"
_LIKELY = re.compile(rf"\d[\d{_BLANK[1:-1]}]{{{SHORTEST - 1}}}")
_RUN = re.compile(rf"\d(?:{_BLANK}{{0,3}}\d){{{SHORTEST - 1},}}")
_GROUP = re.compile(r"\d+")
# How numbers are printed on cards: only so grouped is one looked for among other digits.
_PRINTED_FIRST = 4
_PRINTED = frozenset(
    [(4, 6, 5), (4, 6, 4), (4, 3, 3, 3)]
    + [(*[4] * fours, rest) for fours in (3, 4) for rest in (1, 2, 3, 4) if SHORTEST <= 4 * fours + rest <= _LONGEST]
)
_LETTERS_BEFORE = re.compile(r"[0-9A-Za-z]*\Z")
_LETTERS_BEHIND = re.compile(r"[0-9A-Za-z]*")
_LONGEST_PHONE = 15
_LONGEST_ID = 40
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def may_hold(text: str) -> bool:
    """A quick look: false means that there is certainly none."""
    return _LIKELY.search(text) is not None and _RUN.search(text) is not None


def is_card_number(digits: str) -> bool:
    """Whether these digits are those of a card."""
    if not SHORTEST <= len(digits) <= _LONGEST or not digits.isdecimal():
        return False
    numbers = [int(digit) for digit in reversed(digits)]
    plain = digits if digits.isascii() else "".join(map(str, reversed(numbers)))
    schemes = _BY_FIRST_DIGIT[numbers[-1]]
    if not any(len(plain) in lengths and low <= plain[: len(low)] <= high for low, high, lengths in schemes):
        return False
    return (sum(numbers[::2]) + sum(_DOUBLED[digit] for digit in numbers[1::2])) % 10 == 0


def in_text(text: str) -> bool:
    """Whether a text holds a card's number."""
    return may_hold(text) and next(_places(text), None) is not None


def without(text: str) -> str:
    """The text without card numbers, however they are spelled with blanks and dashes."""
    if not may_hold(text):
        return text
    kept: list[str] = []
    at = 0
    for start, end in _places(text):
        kept += (text[at:start], REMOVED)
        at = end
    return "".join([*kept, text[at:]])


def is_number(value: Any) -> bool:
    """Whether a number (whole, or a decimal one without a fraction) is that of a card."""
    if isinstance(value, Decimal):
        return (
            value.is_finite()
            and SHORTEST_NUMBER <= value < _LONGEST_NUMBER
            and value == value.to_integral_value()
            and is_card_number(str(int(value)))
        )
    return SHORTEST_NUMBER <= value < _LONGEST_NUMBER and is_card_number(str(value))


def _places(text: str) -> Iterator[tuple[int, int]]:
    """Where card numbers stand, in order, none over another."""
    for run in _RUN.finditer(text):
        groups = [group.span() for group in _GROUP.finditer(text, run.start(), run.end())]
        if _is_card(text, groups):
            yield run.span()
            continue
        number = 0
        while number < len(groups):
            windows = (groups[number : number + size] for size in _sizes(groups[number]))
            size = next((len(each) for each in windows if _is_printed(each) and _is_card(text, each)), 0)
            if size:
                yield groups[number][0], groups[number + size - 1][1]
            number += size or 1


def _sizes(first: tuple[int, int]) -> tuple[int, ...]:
    """Of how many groups a number may be that begins with this one."""
    length = first[1] - first[0]
    if length >= SHORTEST:
        return (1,)
    return (3, 4, 5) if length == _PRINTED_FIRST else ()


def _is_printed(groups: list[tuple[int, int]]) -> bool:
    return len(groups) == 1 or tuple(end - start for start, end in groups) in _PRINTED


def _is_card(text: str, groups: list[tuple[int, int]]) -> bool:
    sizes = [end - start for start, end in groups]
    if not SHORTEST <= sum(sizes) <= _LONGEST:
        return False
    digits = "".join(text[start:end] for start, end in groups)
    return is_card_number(digits) and _stands_alone(text, groups[0][0], groups[-1][1], len(digits))


def _stands_alone(text: str, start: int, end: int, length: int) -> bool:
    """Whether the digits are no piece of a fraction, a telephone number or an id in letters and digits."""
    before = text[max(0, start - 2) : start]
    if before[-1:] == "+" and length <= _LONGEST_PHONE:
        return False
    if before[-1:] == "." and before[:1].isdigit():
        return False
    left = _LETTERS_BEFORE.search(text, max(0, start - _LONGEST_ID), start)
    right = _LETTERS_BEHIND.match(text, end, end + _LONGEST_ID)
    return not any(found and _GROUP.search(found[0]) for found in (left, right))
