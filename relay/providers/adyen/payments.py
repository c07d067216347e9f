"""Payments and refunds in our words.

A payment's id is the reference of its authorisation: what happens to it later has a reference of its own and names
the payment's as the original.
"""

import re

from relay.providers.adyen.reading import Item, extra, last4, money, text, told_at
from relay.sdk.entities import Data, Payment, Refund

_EXPIRY = re.compile(r"(0?[1-9]|1[0-2])/(20\d\d)")


def succeeded(item: Item) -> bool:
    """`success` is text."""
    return str(item.get("success")).lower() == "true"


def is_of_nothing(item: Item) -> bool:
    return money(item)["amount_minor"] == 0


def will_retry(item: Item) -> bool:
    return extra(item, "retry.rescueScheduled") == "true"


def was_cancelled(item: Item) -> bool:
    return extra(item, "modification.action") == "cancel"


def paid(item: Item) -> Data:
    return {"payment": _payment(item, "succeeded", _own_id(item)) | {"paid_at": told_at(item)}}


def authorised(item: Item) -> Data:
    return {"payment": _payment(item, "pending", _own_id(item))}


def failed(item: Item) -> Data:
    return {"payment": _payment(item, "failed", _own_id(item)) | _why(item)}


def captured(item: Item) -> Data:
    return {"payment": _payment(item, "succeeded", _payment_id(item)) | {"paid_at": told_at(item)}}


def failed_capture(item: Item) -> Data:
    return {"payment": _payment(item, "failed", _payment_id(item)) | _why(item)}


def cancelled(item: Item) -> Data:
    return {"payment": _payment(item, "canceled", _payment_id(item)) | _why(item)}


def refunded(item: Item) -> Data:
    return {"refund": _refund(item, "succeeded")}


def awaited_refund(item: Item) -> Data:
    return {"refund": _refund(item, "pending")}


def failed_refund(item: Item) -> Data:
    return {"refund": _refund(item, "failed") | {"failure_reason": text(item.get("reason"))}}


def _own_id(item: Item) -> str | None:
    return text(item.get("pspReference"))


def _payment_id(item: Item) -> str | None:
    return text(item.get("originalReference")) or _own_id(item)


def _payment(item: Item, status: str, id_: str | None) -> Payment:
    return {
        **money(item),
        **_card(item),
        "id": id_,
        "status": status,
        "reference": text(item.get("merchantReference")),
        "gateway": "Adyen",
    }


def _why(item: Item) -> Payment:
    return {
        "failure_code": extra(item, "refusalCodeRaw", "refusalReasonRaw"),
        "failure_reason": text(item.get("reason")),
    }


def _card(item: Item) -> Payment:
    """What only describes: none of it is signed. A card is named by its brand, all else by its kind."""
    kind, digits = text(item.get("paymentMethod")), last4(item)
    if digits is None:
        return {"method": kind}
    month, year = expiry(item)
    return {"method": "card", "card_brand": kind, "card_last4": digits, "card_exp_month": month, "card_exp_year": year}


def expiry(item: Item) -> tuple[int | None, int | None]:
    """Month and year of `03/2030`."""
    found = _EXPIRY.fullmatch(extra(item, "expiryDate") or "")
    return (int(found[1]), int(found[2])) if found else (None, None)


def _refund(item: Item, status: str) -> Refund:
    return {
        **money(item),
        "id": _own_id(item),
        "status": status,
        "payment_id": text(item.get("originalReference")),
        "created_at": told_at(item),
    }
