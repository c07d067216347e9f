"""How much an action is about, exactly."""

from decimal import Decimal

from relay.actions.adapter import Task
from relay.actions.outcomes import Failed
from relay.money import Money, exponent, from_decimal


def wanted(task: Task) -> Money | None:
    """What the input says; None for all that there is. Raises `Failed` for an amount without its currency, or of a
    smaller unit."""
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
