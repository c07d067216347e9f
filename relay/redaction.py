"""Secrets that ride in payloads are gone before anything is read, stored, shown or logged.

They are known by the names of their fields, as private keys, and as credentials inside of addresses, which may stand
anywhere (relay/credentials.py). Events are made by allow-list; addresses in them are looked at again.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from relay.credentials import REMOVED, is_secret_parameter, may_hold, without_credentials

__all__ = ["REMOVED", "is_secret_name", "text_without_secrets", "without_secrets"]

_SECRET_WORDS = frozenset(
    [
        "pass",
        "passwd",
        "passwords",
        "password",
        "passphrase",
        "pwd",
        "secret",
        "secrets",
        "token",
        "tokens",
        "hash",
        "cvv",
        "cvc",
        "cvv2",
        "cardnum",
        "eppcode",
        "authcode",
        "authdata",
    ]
)
_SECRET_ENDINGS = (
    "password",
    "passwd",
    "passphrase",
    "secret",
    "accesshash",
    "privatekey",
    "apikey",
    "authtoken",
)
# A key is a secret when something is said of it, unless what is said makes it a name of something.
_HARMLESS_KEYS = frozenset(
    [
        "idempotency",
        "dedupe",
        "dedup",
        "deduplication",
        "alert",
        "group",
        "incident",
        "unique",
        "public",
        "publishable",
        "item",
        "object",
        "sort",
        "cache",
        "monitor",
        "check",
        "key",
    ]
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
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
_SHORTEST_KEY = 30
_PRIVATE_KEY_MARK = "PRIVATE KEY-----"
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.S)
_HARMLESS, _SECRET, _WITH_ADDRESS = range(3)
"""What a name of a field is: that of a secret, or an address with credentials itself."""


def is_secret_name(name: str) -> bool:
    """Whether a field of this name holds a secret, judged by whole words: `NEW_PASSWORD`, `key_pem`, `apiKey`."""
    words = [word.lower() for word in _WORD.findall(name[:200])]
    if not _SECRET_WORDS.isdisjoint(words):
        return True
    if "key" in words and len(words) > 1:
        return _HARMLESS_KEYS.isdisjoint(word for word in words if word != "key")
    return name.lower().endswith(_SECRET_ENDINGS)


class _Judge(dict[str, int]):
    """Remembers which names are secret: a dictionary look-up for each field of every webhook."""

    def __init__(self, names: frozenset[str], plain: frozenset[str], plain_parameters: frozenset[str]) -> None:
        super().__init__()
        self._names = names
        self._plain = plain
        self._plain_parameters = plain_parameters

    def __missing__(self, name: str) -> int:
        if len(self) >= _NAMES_REMEMBERED:
            self.clear()
        lower = name.lower()
        if lower in self._names or (lower not in self._plain and is_secret_name(name)):
            kind = _SECRET
        else:
            kind = _HARMLESS if self.text(name) == name else _WITH_ADDRESS
        self[name] = kind
        return kind

    def text(self, text: str) -> str:
        """A text without private keys and without credentials in addresses."""
        if _PRIVATE_KEY_MARK in text:
            text = _PRIVATE_KEY.sub(REMOVED, text)
        return without_credentials(text, self._is_secret_parameter) if may_hold(text) else text

    def _is_secret_parameter(self, name: str) -> bool:
        lower = name.lower()
        if lower in self._plain_parameters:
            return False
        return lower in self._names or is_secret_name(name) or is_secret_parameter(name)


@cache
def _judge(names: frozenset[str], plain: frozenset[str], plain_parameters: frozenset[str]) -> _Judge:
    return _Judge(names, plain, plain_parameters)


_NONE: frozenset[str] = frozenset()


def without_secrets(
    value: Any,
    names: frozenset[str] = _NONE,
    plain: frozenset[str] = _NONE,
    plain_parameters: frozenset[str] = _NONE,
) -> tuple[Any, bool]:
    """A payload without its secrets, and whether any were removed; if none were it is the payload itself.

    `names` are the provider's own (compared in lower case), removed at any depth beside those that
    `is_secret_name` knows; `plain` are those of its names that only look like one. What a secret name holds is
    replaced whole, unless it is null, true, false or "". Addresses lose user, password and secret parameters, but for
    `plain_parameters`.
    """
    judge = _judge(names, plain, plain_parameters)
    # Most bodies hold none, and looking costs far less than copying.
    if not _holds_secret(value, judge):
        return value, False
    return _cleaned(value, judge), True


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

    text = _judge(_NONE, _NONE, _NONE).text(text)
    text = _LOGIN.sub(rf"\1{REMOVED}", text)
    return _behind_names(_ELEMENT.sub(element, _PART.sub(part, text)), is_secret)


def _behind_names(text: str, is_secret: Callable[[str], bool]) -> str:
    kept: list[str] = []
    at = 0
    for name in _NAME.finditer(text):
        if name.start() < at or not is_secret(name[1]):
            continue
        value = _VALUE.match(text, name.end())
        if value is not None:
            kept += (text[at : name.end()], REMOVED)
            at = value.end()
    return "".join([*kept, text[at:]])


def _says_something(item: Any) -> bool:
    return not (item is None or item is True or item is False or item == "" or item == REMOVED)


def _holds_secret(value: Any, judge: _Judge) -> bool:
    """Asked of every webhook, so without recursion and with the cheapest question first."""
    waiting = [value]
    while waiting:
        held = waiting.pop()
        kind = type(held)
        if kind is str:
            if may_hold(held) and judge.text(held) != held:
                return True
            if len(held) > _SHORTEST_KEY and _PRIVATE_KEY_MARK in held:
                return True
        elif kind is dict:
            for name, item in held.items():
                if judge[name] and (judge[name] == _WITH_ADDRESS or _says_something(item)):
                    return True
            waiting += held.values()
        elif kind is list:
            waiting += held
    return False


def _cleaned(value: Any, judge: _Judge) -> Any:
    if isinstance(value, dict):
        return {
            judge.text(name): REMOVED if judge[name] == _SECRET and _says_something(item) else _cleaned(item, judge)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [_cleaned(item, judge) for item in value]
    return judge.text(value) if isinstance(value, str) else value
