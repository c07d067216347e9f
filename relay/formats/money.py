"""Money, exact: a decimal amount, the integer in minor units and the ISO 4217 currency.

Exponents are those of ISO 4217; everything not listed has two decimals. A gateway that counts differently
(Stripe sends UGX and ISK as if they had two) passes its own exponent to `from_minor`.

A sender that reckons in binary floats writes 59.990000000000002 and means 59.99: such noise is taken away. A real part
of the smallest unit, as in 59.995, stays, and has no integer.
"""

import re
from collections.abc import Mapping
from decimal import Context, Decimal, InvalidOperation
from typing import Any

from typing_extensions import TypedDict

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
# A double has 15 to 17 digits; what was reckoned with some is a little further off than its last one.
_NOISY_DIGITS = 14
_SURE = Context(prec=15)
_MEANT_DIGITS = 12
_NOISE = Decimal("1e-12")
"""Of the value; never more than a hundredth of the smallest unit, nor less than a hundred-millionth of it."""
# Python also reads underscores, other scripts' digits, "NaN" and "Infinity", which no vendor means as money.
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


class Money(TypedDict, closed=True):
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
    whole = None if whole is None else _without_noise(whole, Decimal(1))
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


def money_of(entity: Mapping[str, Any]) -> Money:
    """What an entity costs, to be said of another one too; nothing where it does not say."""
    return {
        "amount": entity.get("amount"),
        "amount_minor": entity.get("amount_minor"),
        "currency": entity.get("currency"),
    }


def named(prefix: str, money: Money) -> dict[str, Any]:
    """The same money under other keys: `named("tax", m)` is {"tax": ..., "tax_minor": ...}."""
    return {prefix: money["amount"], f"{prefix}_minor": money["amount_minor"]}


def in_both_forms(name: str, entity: Mapping[str, Any], currency: str) -> dict[str, Any]:
    """An amount that an entity tells in one form only, such as `tax` without `tax_minor`, in both; nothing where it is
    no amount, or where the two say different things."""
    minor = entity.get(f"{name}_minor")
    found = from_minor(minor, currency) if entity.get(name) is None else from_decimal(entity[name], currency)
    if found["amount"] is None or minor not in (None, found["amount_minor"]):
        return {}
    return named(name, found)


def _money(value: Decimal, code: str) -> Money:
    quantum = Decimal(1).scaleb(-exponent(code))
    value = _without_noise(value, quantum)
    minor = value / quantum
    if minor != minor.to_integral_value():
        return {"amount": value, "amount_minor": None, "currency": code}
    return {"amount": value.quantize(quantum), "amount_minor": int(minor), "currency": code}


def _without_noise(value: Decimal, unit: Decimal) -> Decimal:
    """The value without what binary floats leave behind its digits, in whole units where it means whole ones."""
    if len(value.as_tuple().digits) < _NOISY_DIGITS:
        return value
    near = value.quantize(unit)
    if abs(value - near) <= min(max(abs(value) * _NOISE, unit.scaleb(-8)), unit.scaleb(-2)):
        return near
    shorter = _SURE.plus(value).normalize()
    return shorter if len(shorter.as_tuple().digits) <= _MEANT_DIGITS else value


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
