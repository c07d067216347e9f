"""Money, exact: a decimal amount, the integer in minor units and the ISO 4217 currency.

Exponents are those of ISO 4217; everything not listed has two decimals. A gateway that counts differently
(Stripe sends UGX and ISK as if they had two) passes its own exponent to `from_minor`.
"""

import re
from decimal import Decimal, InvalidOperation
from typing import Any, TypedDict

ZERO_DECIMAL = frozenset(
    [
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "UYI",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    ]
)
THREE_DECIMAL = frozenset(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"])
_LARGEST = Decimal(10) ** 15
# Python also reads underscores, other scripts' digits, "NaN" and "Infinity", which no vendor means as money.
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


class Money(TypedDict):
    """`amount` has the currency's decimals; `amount_minor` is None when it would not be whole."""

    amount: Decimal | None
    amount_minor: int | None
    currency: str | None


NO_MONEY: Money = {"amount": None, "amount_minor": None, "currency": None}


def exponent(currency: str) -> int:
    """Decimals of an upper-case ISO 4217 code."""
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


def currency_code(text: Any) -> str | None:
    """Upper-case three-letter code, or None for anything else."""
    if isinstance(text, str) and len(text) == 3 and text.isascii() and text.isalpha():
        return text.upper()
    return None


def from_minor(minor: Any, currency: Any, *, vendor_exponent: int | None = None) -> Money:
    """Money from an integer (or its text) in the vendor's smallest unit.

    Returns `NO_MONEY` with the currency kept when the integer is missing or not one.
    """
    code = currency_code(currency)
    whole = _decimal(minor)
    if whole is None or code is None or whole != whole.to_integral_value():
        return NO_MONEY | {"currency": code}
    places = exponent(code) if vendor_exponent is None else vendor_exponent
    return _money(whole.scaleb(-places), code)


def from_decimal(amount: Any, currency: Any) -> Money:
    """Money from a decimal number or text ("24.00", Decimal, int). A thousands comma is no number."""
    code = currency_code(currency)
    value = _decimal(amount)
    if value is None or code is None:
        return NO_MONEY | {"currency": code}
    return _money(value, code)


def named(prefix: str, money: Money) -> dict[str, Any]:
    """The same money under other keys: `named("tax", m)` is {"tax": ..., "tax_minor": ...}."""
    return {prefix: money["amount"], f"{prefix}_minor": money["amount_minor"]}


def _money(value: Decimal, code: str) -> Money:
    quantum = Decimal(1).scaleb(-exponent(code))
    minor = value / quantum
    if minor != minor.to_integral_value():
        return {"amount": value, "amount_minor": None, "currency": code}
    return {"amount": value.quantize(quantum), "amount_minor": int(minor), "currency": code}


def _decimal(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        return None
    if isinstance(value, str) and not _NUMBER.fullmatch(value.strip()):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    # Compared without arithmetic, which overflows on 1e9999999.
    if not number.is_finite() or number.copy_abs() >= _LARGEST:
        return None
    return number
