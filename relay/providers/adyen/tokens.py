"""Stored means of payment in our words, in the standard shape and in that of the newer family.

https://docs.adyen.com/online-payments/tokenization/create-and-use-tokens
"""

from relay.providers.adyen.reading import Item, last4, text
from relay.sdk.entities import Customer, Data


def contract(item: Item) -> Data:
    """RECURRING_CONTRACT: the reference that is signed is that of the stored details."""
    return {
        "payment_method": {
            "id": text(item.get("pspReference")),
            "type": text(item.get("paymentMethod")),
            "last4": last4(item),
        }
    }


def token(body: Item) -> Data:
    told = _data(body)
    return {"payment_method": {"id": text(told.get("storedPaymentMethodId")), "type": text(told.get("type"))}}


def customer(body: Item) -> Customer | None:
    """Who it is, only the newer families say under a signature. `shopperReference` of an item is not covered."""
    shopper = text(_data(body).get("shopperReference"))
    return {"id": shopper} if shopper else None


def _data(body: Item) -> Item:
    held = body.get("data")
    return held if isinstance(held, dict) else {}
