"""Secrets that ride in payloads are gone before anything is read, stored, shown or logged.

They are known by the names of their fields; as private keys, card numbers (relay/security/cards.py), and credentials
inside of addresses (relay/security/credentials.py), which may stand anywhere. Events are made by allow-list; addresses
in them are looked at again.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any, Literal

from relay.security import cards
from relay.security.credentials import REMOVED, SHORTEST_KEY, is_secret_parameter, may_hold, without_credentials
from relay.security.secret_names import is_secret_name, words_of

__all__ = ["REMOVED", "is_secret_name", "text_without_secrets", "without_secrets"]

_IDS = re.compile(r"(?:.*[^a-z])?(?:[a-z]*id|ids)")
_OTHER_NUMBERS = frozenset(
    [
        "phone",
        "phones",
        "telephone",
        "tel",
        "mobile",
        "msisdn",
        "fax",
        "cell",
        "handy",
        "whatsapp",
        "ean",
        "gtin",
        "upc",
        "barcode",
        "isbn",
        "imei",
    ]
)
_LONGEST_OTHER_NUMBER = 14
"""Cards have had more digits for decades; ids of shops, telephone numbers and barcodes have so many."""

_NAME = re.compile(r"""(?<![\w-])(-{0,2}\w[\w-]*)\\?["']?\s{0,3}[=:]\s{0,3}""")
# A text in quotes, perhaps cut short; an object or a list; the rest, where these hold others; a word.
_VALUE = re.compile(
    r"""\\?"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?|\{[^{}]*\}|\[[^\[\]]*\]|[{\[].*|[^\s"',;&<>]+""", re.DOTALL
)
_ELEMENT = re.compile(r"<([\w.:-]{1,100})((?:\s[^<>]*)?)>([^<>]+)(?=</)")
_PART = re.compile(r"""(\bname="([^"\n]{1,100})"[^\n]*\n(?:[^\r\n][^\n]*\n){0,5}\r?\n)([^\r\n]+)""")
_LOGIN = re.compile(
    r"""(\bauthorization["']?\s{0,3}[=:]\s{0,3}["']?(?:bearer|basic|token|digest)\s+)[^\s"',;]+""", re.IGNORECASE
)
_NAMES_REMEMBERED = 10_000
_SHORTEST_PRIVATE_KEY = 30
_PRIVATE_KEY_MARK = "PRIVATE KEY-----"
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.S)
_HARMLESS, _SECRET, _HOLDING = range(3)
"""What a name of a field is: that of a secret, or one that holds credentials or a card's number itself."""
_BLANK = re.compile(r"\s")


_Place = Literal["body", "headers", "address"]


class _Judge(dict[str, int]):
    """Remembers which names are secret: a dictionary look-up for each field of every webhook."""

    def __init__(
        self,
        names: frozenset[str],
        plain: frozenset[str],
        plain_parameters: frozenset[str],
        *,
        ids_stay: bool,
        of: _Place,
    ) -> None:
        super().__init__()
        self._of = of
        self._names = names
        self._plain = plain
        self._plain_parameters = plain_parameters
        self._ids_stay = ids_stay

    def __missing__(self, name: str) -> int:
        if len(self) >= _NAMES_REMEMBERED:
            self.clear()
        lower = name.lower()
        if lower in self._names or (lower not in self._plain and self._is_secret(name)):
            kind = _SECRET
        else:
            kind = _HARMLESS if self.name(name) == name else _HOLDING
        self[name] = kind
        return kind

    def text(self, text: str) -> str:
        """A text without private keys and without credentials in addresses."""
        if _PRIVATE_KEY_MARK in text:
            text = _PRIVATE_KEY.sub(REMOVED, text)
        return without_credentials(text, self._is_secret_parameter) if may_hold(text) else text

    def name(self, name: str) -> str:
        """The name of a field without what it may hold itself."""
        return cards.without(self.text(name))

    def value(self, name: str, value: Any) -> Any:
        """What a field of this name holds, without the secrets that are known by what they are."""
        if isinstance(value, str):
            text = self.text(value)
            return text if self._is_other_number(name, text) else cards.without(text)
        if isinstance(value, bool) or not isinstance(value, int | Decimal) or not cards.is_number(value):
            return value
        return value if self._is_other_number(name, str(value)) else REMOVED

    def _is_other_number(self, name: str, text: str) -> bool:
        """Whether what a field holds is an id, a telephone number or a barcode, though it looks like a card's."""
        if len(text) < cards.SHORTEST:
            return True
        if name.lower() in self._plain:
            return True
        is_id = _IDS.fullmatch(name.lower()) is not None
        if is_id and self._ids_stay:
            return _BLANK.search(text) is None
        return (
            (is_id or not _OTHER_NUMBERS.isdisjoint(words_of(name)))
            and len(text) <= _LONGEST_OTHER_NUMBER
            and text.isdecimal()
        )

    def _is_secret(self, name: str) -> bool:
        """More names are secret in an address than in a body. The signature in a header proves one body, the one in an
        address may open it."""
        if is_secret_name(name):
            return True
        if self._of == "body" or (self._of == "headers" and name.lower().endswith("signature")):
            return False
        return is_secret_parameter(name)

    def _is_secret_parameter(self, name: str) -> bool:
        lower = name.lower()
        if lower in self._plain_parameters:
            return False
        return lower in self._names or is_secret_name(name) or is_secret_parameter(name)


@cache
def _judge(
    names: frozenset[str],
    plain: frozenset[str],
    plain_parameters: frozenset[str],
    *,
    ids_stay: bool = False,
    of: _Place = "body",
) -> _Judge:
    return _Judge(names, plain, plain_parameters, ids_stay=ids_stay, of=of)


_NONE: frozenset[str] = frozenset()


def without_secrets(
    value: Any,
    names: frozenset[str] = _NONE,
    plain: frozenset[str] = _NONE,
    plain_parameters: frozenset[str] = _NONE,
    *,
    ids_stay: bool = False,
) -> tuple[Any, bool]:
    """A payload without its secrets, and whether any were removed; if none were it is the payload itself.

    `names` are the provider's own (compared in lower case), removed at any depth beside those that
    `is_secret_name` knows; `plain` are those of its names that only look like one. What a secret name holds is
    replaced whole, unless it is null, true, false or "". Addresses lose user, password and secret parameters, but for
    `plain_parameters`. Card numbers go wherever they stand; where `ids_stay`, a field named as an id holds none.
    """
    judge = _judge(names, plain, plain_parameters, ids_stay=ids_stay)
    # Most bodies hold none, and looking costs far less than copying.
    if not _may_hold_secret(value, judge):
        return value, False
    cleaned = _cleaned(value, judge)
    return (value, False) if cleaned == value else (cleaned, True)


def parameters_without_secrets(
    parameters: Mapping[str, str],
    names: frozenset[str] = _NONE,
    plain: frozenset[str] = _NONE,
    *,
    ids_stay: bool = False,
    of: Literal["headers", "address"] = "address",
) -> dict[str, str]:
    """Headers, or the parameters of an address, without secrets."""
    judge = _judge(names, plain, _NONE, ids_stay=ids_stay, of=of)
    cleaned = dict(parameters)
    if _may_hold_secret(cleaned, judge):
        cleaned = _cleaned(cleaned, judge)
    if len(cleaned.get("key", "")) >= SHORTEST_KEY and "key" not in plain:
        # The name of many things; an API key is at least so long.
        cleaned["key"] = REMOVED
    return cleaned


def without_credentials_in_addresses(value: Any, plain_parameters: frozenset[str] = _NONE) -> Any:
    """A value of which addresses lose user, password and secret parameters, whatever its fields are called."""
    judge = _judge(_NONE, _NONE, plain_parameters)
    if isinstance(value, dict):
        return {name: without_credentials_in_addresses(item, plain_parameters) for name, item in value.items()}
    if isinstance(value, list):
        return [without_credentials_in_addresses(item, plain_parameters) for item in value]
    return judge.text(value) if isinstance(value, str) else value


def text_without_secrets(text: str, names: frozenset[str] = _NONE) -> str:
    """Free text without what stands behind a secret's name, as in `--password=x`, `Token: x`, `api_key = "x"` or
    `<password>x</password>`, and without credentials in addresses. `names` (in lower case) are secret too."""

    def is_secret(name: str) -> bool:
        return name.lstrip("-").lower() in names or is_secret_name(name)

    def element(found: re.Match[str]) -> str:
        return f"<{found[1]}{found[2]}>{REMOVED}" if is_secret(found[1]) else found[0]

    def part(found: re.Match[str]) -> str:
        return f"{found[1]}{REMOVED}" if is_secret(found[2]) else found[0]

    text = cards.without(_judge(_NONE, _NONE, _NONE).text(text))
    text = _LOGIN.sub(rf"\1{REMOVED}", text)
    return _behind_names(_ELEMENT.sub(element, _PART.sub(part, text)), is_secret)


def _behind_names(text: str, is_secret: Callable[[str], bool]) -> str:
    kept: list[str] = []
    at = 0
    for name in _NAME.finditer(text):
        if name.start() < at or not is_secret(name[1]):
            continue
        value = _VALUE.match(text, name.end())
        # `Authorization: Bearer [removed]` has lost its secret already.
        if value is not None and not text.startswith(f" {REMOVED}", value.end()):
            kept += (text[at : name.end()], REMOVED)
            at = value.end()
    return "".join([*kept, text[at:]])


def _says_something(item: Any) -> bool:
    return not (item is None or item is True or item is False or item == "" or item == REMOVED)


def _may_hold_secret(value: Any, judge: _Judge) -> bool:
    """Asked of every webhook, so without recursion and with the cheapest question first."""
    waiting = [value]
    long: list[str] = []
    while waiting:
        held = waiting.pop()
        kind = type(held)
        if kind is str:
            if len(held) >= cards.SHORTEST:
                long.append(held)
            if may_hold(held) and judge.text(held) != held:
                return True
            if len(held) > _SHORTEST_PRIVATE_KEY and _PRIVATE_KEY_MARK in held:
                return True
        elif kind is dict:
            for name, item in held.items():
                if judge[name] and (judge[name] == _HOLDING or _says_something(item)):
                    return True
            waiting += held.values()
        elif kind is list:
            waiting += held
        elif (kind is int or kind is Decimal) and held >= cards.SHORTEST_NUMBER and cards.is_number(held):
            return True
    # All at once: a search is soon done, many are not.
    return cards.in_text("\n".join(long))


def _cleaned(value: Any, judge: _Judge, of: str = "") -> Any:
    """What a field named `of` holds, or a list in it."""
    if isinstance(value, dict):
        return {
            judge.name(name): REMOVED
            if judge[name] == _SECRET and _says_something(item)
            else _cleaned(item, judge, name)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [_cleaned(item, judge, of) for item in value]
    return judge.value(of, value)
