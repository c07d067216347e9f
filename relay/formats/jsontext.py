"""JSON in and out, exact: numbers with a fraction become `Decimal`, and are written with their own digits (24.00 stays
24.00), never through a float.

`loads` is strict, for what is our own and what callers of the API send: UTF-8 only, no NaN or Infinity, no key twice,
no half of a character, 200 levels at most. `read` is for what others post and answer: it takes whatever can mean one
thing only.
"""

import json
from decimal import Decimal, InvalidOperation
from typing import Any

import jiter
import orjson

from relay.errors import Unreadable
from relay.formats import charsets

_DEEPEST = 200
_LONGEST_INTEGER = 1000


def loads(body: bytes) -> Any:
    """Parse one JSON document. Raises `Unreadable` that says where and why it is not one."""
    try:
        return jiter.from_json(
            body,
            allow_inf_nan=False,
            catch_duplicate_keys=True,
            float_mode="decimal",
            cache_mode="keys",
        )
    except ValueError as error:
        raise Unreadable(f"The body must be one JSON document in UTF-8: {error}.") from None


def read(body: bytes, charset: str | None = None) -> Any:
    """Parse one JSON document of somebody else's, as leniently as is safe. Raises `Unreadable`.

    Beside what `loads` takes: a byte order mark, UTF-16 and UTF-32, bytes in the charset named (see `charsets.named`)
    or in none, control characters in a text, NaN and Infinity as null, half of a character as U+FFFD, integers of any
    length, and a key that says the same twice. One that says two things means another thing to every reader.
    """
    try:
        return loads(body)
    except Unreadable:
        text = charsets.text(body, "utf-8", charset).strip("\ufeff\0 \t\r\n")
    try:
        return _sound(_LENIENT.decode(text), 0)
    except RecursionError:
        raise _too_deep() from None
    except ValueError as error:
        why = str(error) if text else "it is empty"
        raise Unreadable(f"The body must be one JSON document: {why}.") from None


def _sound(value: Any, level: int) -> Any:
    """What was read, in text that every encoding has, and not deeper than what writes it can follow."""
    if isinstance(value, str):
        return charsets.sound(value)
    if level == _DEEPEST and isinstance(value, dict | list):
        raise _too_deep()
    if isinstance(value, dict):
        return {charsets.sound(name): _sound(item, level + 1) for name, item in value.items()}
    if isinstance(value, list):
        return [_sound(item, level + 1) for item in value]
    return value


def _too_deep() -> Unreadable:
    return Unreadable(f"The body must be one JSON document: it has more than {_DEEPEST} levels.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if repr(found.setdefault(name, value)) != repr(value):
            raise ValueError(f"the key {name[:60]!r} stands twice and says two things")
    return found


def _integer(digits: str) -> int | Decimal:
    return int(digits) if len(digits) <= _LONGEST_INTEGER else Decimal(digits)


def _fraction(digits: str) -> Decimal:
    try:
        return Decimal(digits)
    except InvalidOperation:
        raise ValueError("a number has an exponent that is too large") from None


_LENIENT = json.JSONDecoder(
    strict=False,
    parse_float=_fraction,
    parse_int=_integer,
    parse_constant=lambda _: None,
    object_pairs_hook=_object,
)


def dumps(value: Any) -> bytes:
    """Compact JSON, keys in the order given."""
    return _dumped(value, None)


def _dumped(value: Any, option: int | None) -> bytes:
    try:
        return orjson.dumps(value, default=_exact, option=option)
    except TypeError:
        return orjson.dumps(_with_big_integers(value), default=_exact, option=option)


def floats(value: Any) -> Any:
    """The same value as a plain JSON reader would see it, numbers as floats."""
    return plain(dumps(value))


def plain(body: bytes) -> Any:
    """JSON of our own as a plain reader would see it, numbers as floats, for validators that know no `Decimal`."""
    return orjson.loads(body)


def pretty(value: Any) -> str:
    """JSON for people and for files: indented, keys as given, final newline."""
    return _dumped(value, orjson.OPT_INDENT_2).decode() + "\n"


def _exact(value: Any) -> Any:
    if isinstance(value, Decimal):
        return orjson.Fragment(str(value))
    raise TypeError(f"{type(value).__name__} is not JSON")


def _with_big_integers(value: Any) -> Any:
    """orjson stops at 64 bits; a foreign body may hold more digits than that."""
    if isinstance(value, dict):
        return {key: _with_big_integers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_big_integers(item) for item in value]
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return orjson.Fragment(str(value))
    return value
