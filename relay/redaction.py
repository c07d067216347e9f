"""Secrets that ride in payloads are gone before anything is stored, shown or logged.

Normalized events need no redaction, since they are made by allow-list; this is for the raw body, of which
everything else is kept.
"""

import re
from functools import cache
from typing import Any

REMOVED = "[removed]"

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
_NAMED = re.compile(r"""([A-Za-z][A-Za-z0-9_-]{0,60})(["']?\s{0,3}[=:]\s{0,3})("[^"\n]*"|'[^'\n]*'|[^\s"',;&]+)""")
_NAMES_REMEMBERED = 10_000
_SHORTEST_KEY = 30
_PRIVATE_KEY_MARK = "PRIVATE KEY-----"
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.S)


def is_secret_name(name: str) -> bool:
    """Whether a field of this name holds a secret, judged by whole words: `NEW_PASSWORD`, `key_pem`, `apiKey`."""
    words = [word.lower() for word in _WORD.findall(name[:200])]
    if not _SECRET_WORDS.isdisjoint(words):
        return True
    if "key" in words and len(words) > 1:
        return _HARMLESS_KEYS.isdisjoint(word for word in words if word != "key")
    return name.lower().endswith(_SECRET_ENDINGS)


class _Judge(dict[str, bool]):
    """Remembers which names are secret: a dictionary look-up for each field of every webhook."""

    def __init__(self, names: frozenset[str], plain: frozenset[str]) -> None:
        super().__init__()
        self._names = names
        self._plain = plain

    def __missing__(self, name: str) -> bool:
        if len(self) >= _NAMES_REMEMBERED:
            self.clear()
        lower = name.lower()
        secret = self[name] = lower in self._names or (lower not in self._plain and is_secret_name(name))
        return secret


@cache
def _judge(names: frozenset[str], plain: frozenset[str]) -> _Judge:
    return _Judge(names, plain)


def without_secrets(
    value: Any, names: frozenset[str] = frozenset(), plain: frozenset[str] = frozenset()
) -> tuple[Any, bool]:
    """A payload without its secrets, and whether any were removed; if none were it is the payload itself.

    `names` are the provider's own (compared in lower case), removed at any depth beside those that
    `is_secret_name` knows; `plain` are those of its names that only look like one. What a secret name holds is
    replaced whole, unless it is null, true, false or "".
    """
    judge = _judge(names, plain)
    # Most bodies hold none, and looking costs far less than copying.
    if not _holds_secret(value, judge):
        return value, False
    return _cleaned(value, judge), True


def text_without_secrets(text: str) -> str:
    """Free text without what stands behind a secret's name, as in `--password=x`, `Token: x` or `api_key = "x"`."""

    def judged(found: re.Match[str]) -> str:
        return f"{found[1]}{found[2]}{REMOVED}" if is_secret_name(found[1]) else found[0]

    return _PRIVATE_KEY.sub(REMOVED, _NAMED.sub(judged, text))


def _says_something(item: Any) -> bool:
    return not (item is None or item is True or item is False or item == "")


def _holds_secret(value: Any, judge: _Judge) -> bool:
    """Asked of every webhook, so without recursion and with the cheapest question first."""
    waiting = [value]
    while waiting:
        held = waiting.pop()
        kind = type(held)
        if kind is dict:
            for name, item in held.items():
                if judge[name] and _says_something(item):
                    return True
            waiting += held.values()
        elif kind is list:
            waiting += held
        elif kind is str and len(held) > _SHORTEST_KEY and _PRIVATE_KEY_MARK in held:
            return True
    return False


def _cleaned(value: Any, judge: _Judge) -> Any:
    if isinstance(value, dict):
        return {
            name: REMOVED if judge[name] and _says_something(item) else _cleaned(item, judge)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [_cleaned(item, judge) for item in value]
    if isinstance(value, str) and _PRIVATE_KEY_MARK in value:
        return _PRIVATE_KEY.sub(REMOVED, value)
    return value
