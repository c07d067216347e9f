"""What refunds have in common: how much goes back, exactly."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from relay.actions.adapter import Task
from relay.actions.outcomes import Done, Failed
from relay.money import Money, exponent, from_decimal


def wanted(task: Task) -> Money | None:
    """What is to go back; None for all of it. Raises `Failed` for a part without its currency, or of a smaller unit."""
    given = task.input
    if given.get("amount") is None:
        return None
    if not given.get("currency"):
        raise Failed("A part of a payment needs its currency too.")
    found = from_decimal(Decimal(str(given["amount"])), given["currency"])
    if found["amount_minor"] is None:
        raise Failed(f"{given['amount']} {given['currency']} is no whole number of the currency's smallest unit.")
    return found


def text_of(money: Money) -> str:
    """Decimal text, with as many places as the currency has."""
    assert money["amount"] is not None
    assert money["currency"] is not None
    return str(money["amount"].quantize(Decimal(1).scaleb(-exponent(money["currency"]))))


def made(refund_id: str | None, status: str | None, money: Money | None) -> Done:
    known: Mapping[str, Any] = money or {"amount": None, "currency": None}
    output = {
        "refund_id": refund_id,
        "refund_status": status,
        "amount": known["amount"],
        "currency": known["currency"],
    }
    return Done(f"The refund {refund_id or ''} was made.".replace("  ", " "), output)
