"""JSON in and out, exact and strict.

In: UTF-8 only, no NaN or Infinity, no key twice, no lone surrogates, about 200 levels at most; numbers with a
fraction become `Decimal`. Out: `Decimal` is written with its own digits (24.00 stays 24.00), never through
a float.
"""

from decimal import Decimal
from typing import Any

import jiter
import orjson

from relay.errors import Unreadable


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
