"""How much space or traffic a hosting account has, as panels write it down."""

from decimal import Decimal, InvalidOperation
from typing import Any

_LARGEST = Decimal(10) ** 15


def megabytes(value: Any, *, of: int = 1) -> Decimal | None:
    """Megabytes from a number, perhaps as text and with an `M` behind it, such as `1830M`. `of` is how many make one.

    None for what is no number: panels write `unlimited` or `*` where there is no limit.
    """
    text = str(value).strip().removesuffix("M").strip()
    try:
        found = Decimal(text) if text.isascii() and not isinstance(value, bool) else None
    except InvalidOperation:
        return None
    if found is None or not found.is_finite() or not 0 <= found < _LARGEST:
        return None
    return (found / of).quantize(Decimal("0.01")).normalize() + 0
