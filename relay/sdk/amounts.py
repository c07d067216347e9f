"""How much an action is about, exactly, and in the currency of the thing that it is done to."""

from decimal import Decimal
from typing import Any

from relay.formats.money import NO_MONEY, Money, currency_code, exponent, from_decimal
from relay.sdk.actions import Task
from relay.sdk.outcomes import Failed


def wanted(task: Task) -> Money | None:
    """What the input says; None for all that there is. Raises `Failed` for an amount without its currency, or of a
    smaller unit."""
    given = task.input
    if given.get("amount") is None:
        return None
    if not given.get("currency"):
        raise Failed("currency is required with amount.")
    found = from_decimal(Decimal(str(given["amount"])), given["currency"])
    if found["amount_minor"] is None:
        raise Failed(f"{given['amount']} {given['currency']} is not a whole number of the currency's smallest unit.")
    return found


def agreed(task: Task, what: str, currency: Any, left: Money | None = None) -> Money:
    """What is moved: what the input says, or what is `left` of the thing, where the input names no amount.

    Called once the thing was read and before anything is told. `what` names it and `currency` is its own: gateways are
    told smallest units alone, so another currency's number would be another amount. Raises `Failed` for one, also where
    the thing tells none. What is read is judged by the policy once more (`Task.judge`).
    """
    asked, own, named = wanted(task), currency_code(currency), currency_code(task.input.get("currency"))
    if own is None:
        raise Failed(f"The currency of {what} could not be read. Nothing was done.", code="other_currency")
    if named not in (None, own):
        amount = "" if asked is None else f"{task.input['amount']} "
        raise Failed(f"{what} is in {own}; {amount}{named} was requested.", code="other_currency")
    money = asked or left or NO_MONEY | {"currency": own}
    task.judge(money)
    return money


def made(task: Task) -> Money:
    """What something new is to cost, told to the gateway with its currency. Raises `Failed`."""
    money = wanted(task)
    if money is None:
        raise Failed("amount is required.")
    task.judge(money)
    return money


def text_of(money: Money) -> str:
    """Decimal text, with as many places as the currency has."""
    assert money["amount"] is not None
    assert money["currency"] is not None
    return str(money["amount"].quantize(Decimal(1).scaleb(-exponent(money["currency"]))))
