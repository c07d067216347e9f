"""The forms of what people set: an address, a time zone, a number, a key. Checked when it is set, not when it is used.

A form says in words what it expects, so that a refusal, the documentation and `relay doctor` say the same. What came
instead is repeated only where it is no secret: of a secret nothing is told but the public mark that it was known by.
"""

import re
import secrets
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from types import MappingProxyType
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from relay.errors import InvalidRequest
from relay.formats.nearest import did_you_mean, nearest

_BLANK = ("Zs", "Zl", "Zp", "Cf")
_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HOST = re.compile(r"(?=.{1,253}$)[^\W](?:[\w-]{0,61}[^\W])?(?:\.[^\W](?:[\w-]{0,61}[^\W])?)*\.?")
_BRACKETED = re.compile(r"[0-9a-f:.]+", re.IGNORECASE)
_EMAIL = re.compile(r"[^@\s,;<>/]+@[^\W_](?:[\w-]*[^\W_])?(?:\.[^\W_](?:[\w-]*[^\W_])?)+")
_CURRENCY = re.compile(r"[A-Za-z]{3}")
_NOT_ZONES = {"Factory", "localtime"}
_LONGEST_NUMBER = 12


class Unfit(Exception):
    """A text that is not of the form. `came` says what came instead, `hint` what to do; both begin as in a sentence."""

    def __init__(self, came: str, hint: str = "") -> None:
        super().__init__(came)
        self.came = came
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Form:
    """`expected` ends the sentence "it must be ..."; `example` is a text that fits. `check` gets a text without blanks
    around it and answers it as it is kept, or raises `Unfit`. `make` gives a new one, where we may choose it.
    """

    expected: str
    example: str
    check: Callable[[str], str]
    make: Callable[[], str] | None = None

    def read(self, text: str) -> str:
        """The text as it is kept. Raises `Unfit`."""
        return self.check(_tidy(text))

    def complaint(self, name: str, unfit: Unfit) -> str:
        """What is said of a text that does not fit, under the name that it is set by."""
        return f"{name} must be {self.expected}; {unfit.came}.{unfit.hint}"

    def fit(self, name: str, text: str) -> str:
        """`read`, for somebody who sets it. Raises `InvalidRequest`."""
        try:
            return self.read(text)
        except Unfit as unfit:
            raise InvalidRequest(self.complaint(name, unfit)) from None


def _tidy(text: str) -> str:
    """Without what came along by copying: blanks at the ends, seen or not. Inside, nothing may be unseen."""
    start, end = 0, len(text)
    while start < end and _is_blank(text[start]):
        start += 1
    while end > start and _is_blank(text[end - 1]):
        end -= 1
    for each in text[start:end]:
        if unicodedata.category(each) in _UNSEEN:
            raise Unfit(f"a character in it cannot be seen (U+{ord(each):04X})", " Copy it anew, or type it.")
    return text[start:end]


def _is_blank(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) in _BLANK


def _is(text: str) -> str:
    return f"it is {text[:60]!r}"


# Plain texts


def _any(text: str) -> str:
    return text


TEXT = Form("a text on one line", "text", _any)


def matching(expected: str, example: str, pattern: str, *, written: Callable[[str], str] = _any) -> Form:
    """A text that a regular expression matches as a whole, kept as `written`."""
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if compiled.fullmatch(text) is None:
            raise Unfit(_is(text))
        return written(text)

    return Form(expected, example, check)


WORD = matching("a word without blanks", "word", r"(?!.*://)\S+")
HEADER = matching("the name of a header, such as X-Signature", "X-Signature", _HEADER.pattern)
EMAIL = matching("an e-mail address, such as zoe@example.com", "zoe@example.com", _EMAIL.pattern)
CURRENCY = matching("a currency of three letters, such as EUR", "EUR", _CURRENCY.pattern, written=str.upper)


def one_of(choices: Iterable[str]) -> Form:
    """One of several words, in any case."""
    known = tuple(choices)
    by_lower = {each.lower(): each for each in known}

    def check(text: str) -> str:
        if text.lower() not in by_lower:
            raise Unfit(_is(text), did_you_mean(text, known))
        return by_lower[text.lower()]

    return Form(f"one of {', '.join(known)}", known[0], check)


def whole(expected: str, example: int, *, lowest: int = 0, highest: int | None = None) -> Form:
    """A whole number in digits."""

    def check(text: str) -> str:
        if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER):
            raise Unfit(_is(text))
        number = int(text)
        if number < lowest or (highest is not None and number > highest):
            raise Unfit(_is(text))
        return str(number)

    return Form(expected, str(example), check)


_MONTH = 31 * 24 * 3600
SECONDS = whole(f"a number of seconds from 1 to {_MONTH}, in digits", 300, lowest=1, highest=_MONTH)


ID = whole("an id in digits", 1, lowest=1)


def numbers(expected: str, example: str, *, highest: int) -> Form:
    """Whole numbers between commas."""

    def check(text: str) -> str:
        found = [each.strip() for each in text.split(",")]
        if not all(each.isascii() and each.isdigit() and len(each) <= _LONGEST_NUMBER for each in found):
            raise Unfit(_is(text))
        if max(map(int, found)) > highest:
            raise Unfit(_is(text))
        return ",".join(found)

    return Form(expected, example, check)


# Addresses and zones


def url(example: str, *, whole_address: bool = False) -> Form:
    """An http or https address. Only a `whole_address` may have a query: others are the beginning of many."""

    def check(text: str) -> str:
        if "@" in text.partition("?")[0]:
            raise Unfit("it has a user name or a password in it", " Leave it out.")
        came = _is(text.partition("?")[0])
        if any(each.isspace() or each == "\\" for each in text):
            raise Unfit(f"{came}, which has a blank or a backslash in it")
        if "://" not in text:
            known = is_host(re.split("[:/]", text, maxsplit=1)[0])
            raise Unfit(f"{came}, without its scheme", f" Did you mean https://{text[:60]}?" if known else "")
        try:
            parts = urlsplit(text)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            raise Unfit(came) from None
        if parts.scheme not in ("http", "https") or port == 0 or not is_host(host, bracketed="[" in parts.netloc):
            raise Unfit(came)
        if parts.fragment or (parts.query and not whole_address):
            raise Unfit(f"{came}, with more behind its path", " Leave it out.")
        return text

    return Form(f"an address with its scheme, such as {example}", example, check)


def is_host(text: str, *, bracketed: bool = False) -> bool:
    """Whether it is written as a host's name or an IP address. Nobody is asked whether there is one."""
    return (_BRACKETED if bracketed else _HOST).fullmatch(text) is not None


URL = url("https://example.com")


@cache
def _zones() -> Mapping[str, str]:
    return {each.lower(): each for each in available_timezones() - _NOT_ZONES}


def _zone(text: str) -> str:
    zones = _zones()
    found = zones.get(text.lower().replace(" ", "_"))
    if found is None:
        raise Unfit(_is(text), _like_zone(text))
    return found


def _like_zone(text: str) -> str:
    """By the whole name, else by the city alone."""
    if nearest(text, _zones().values()):
        return did_you_mean(text, _zones().values())
    cities = {name.rpartition("/")[2]: name for name in sorted(_zones().values(), reverse=True)}
    city = nearest(text.rpartition("/")[2].replace(" ", "_"), cities)
    return f" Did you mean {cities[city]}?" if city else ""


ZONE = Form("a time zone, such as Europe/Berlin or UTC", "Europe/Berlin", _zone)


# Secrets


_NEVER_A_SECRET = {
    **dict.fromkeys(("sk_live_", "sk_test_", "rk_live_", "rk_test_", "pk_live_", "pk_test_"), "an API key of Stripe"),
    "-----BEGIN": "a key in a file",
    "https://": "an address",
    "http://": "an address",
}
_NEVER_A_KEY = {"whsec_": "the secret of a webhook", "https://": "an address", "http://": "an address"}
_ELLIPSES = ("...", "…")


def secret(
    expected: str = "a text on one line",
    example: str = "example",
    *,
    begins: tuple[str, ...] = (),
    never: Mapping[str, str] = MappingProxyType({}),
    pattern: str = r".+",
    make: Callable[[], str] | None = None,
) -> Form:
    """What proves a webhook. `begins` are the marks of which it must have one; `never` names those of other things,
    which people take for it. Only what the provider documents: a genuine secret must not be refused.
    """
    if begins and make is None:
        make = partial(_marked, begins[0])
    return Form(expected, example, _judge(begins, {**_NEVER_A_SECRET, **never}, pattern), make)


def key(
    expected: str = "a key without blanks",
    example: str = "example",
    *,
    begins: tuple[str, ...] = (),
    never: Mapping[str, str] = MappingProxyType({}),
) -> Form:
    """What the relay proves itself with at a provider's API."""
    return Form(expected, example, _judge(begins, {**_NEVER_A_KEY, **never}, r"[!-~]+"))


def _marked(mark: str) -> str:
    return mark + secrets.token_urlsafe(32)


def _judge(begins: tuple[str, ...], never: Mapping[str, str], pattern: str) -> Callable[[str], str]:
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if text.endswith(_ELLIPSES):
            raise Unfit("what came ends in dots, which stand for the rest of an example", " Copy all of it.")
        if not any(text.startswith(start) and text != start for start in begins):
            for start, what in never.items():
                if text.startswith(start):
                    raise Unfit(f"what came begins with {start}, as {what} does")
            if begins:
                raise Unfit("what came does not")
        if compiled.fullmatch(text) is None:
            raise Unfit("what came is not")
        return text

    return check


SECRET = secret()
KEY = key()
