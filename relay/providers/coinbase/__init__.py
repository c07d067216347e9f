"""Coinbase: payments in crypto through Coinbase Business, and through Commerce, which it replaced in 2026.

https://docs.cdp.coinbase.com/coinbase-business/checkout-apis/webhooks
https://docs.cdp.coinbase.com/commerce/webhooks
"""

from datetime import datetime
from typing import Any

from relay.formats.money import Money, currency_code, from_decimal
from relay.formats.times import instant, timestamp
from relay.providers.coinbase.verification import CoinbaseSignature, covered_header
from relay.sdk.entities import Customer, Data, Payment, named
from relay.sdk.inbound import Inbound
from relay.sdk.provider import On, Provider, by

Object = dict[str, Any]

_PAYMENT = by("payment", "id")
_DONE = ("COMPLETED", "RESOLVED", "CONFIRMED")


def text(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value) or None


def part(value: Any, *path: str) -> Object:
    """The object below these names; empty where there is none."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def event_name(inbound: Inbound) -> str | None:
    commerce = part(inbound.payload, "event").get("type")
    return text(commerce) or text(inbound.payload.get("eventType")) or covered_header(inbound, "x-event-type")


def event_id(inbound: Inbound) -> str | None:
    """Commerce writes it into the body, Business into a header; the body's own id is that of the checkout."""
    return text(part(inbound.payload, "event").get("id")) or covered_header(inbound, "x-event-id")


def occurred_at(inbound: Inbound) -> datetime | None:
    return instant(_told_at(inbound.payload))


def paid(payload: Object) -> Data:
    return {"payment": _payment(payload, "succeeded") | {"paid_at": _paid_at(payload)}}


def pending(payload: Object) -> Data:
    return {"payment": _payment(payload, "pending")}


def unresolved(payload: Object) -> Data:
    """Something was paid, but late, or too much or too little: a person has to look."""
    return {"payment": _payment(payload, "pending") | {"failure_reason": _reason(payload)}}


def failed(payload: Object) -> Data:
    return {"payment": _payment(payload, "failed") | {"failure_reason": _reason(payload)}}


def customer(payload: Object) -> Customer | None:
    """What the merchant wrote into the metadata, or the payer into Coinbase's own form."""
    told = part(_about(payload), "metadata")
    return {
        "id": told.get("customer_id"),
        "name": told.get("customer_name") or told.get("name"),
        "email": told.get("customer_email") or told.get("email"),
    }


def _about(payload: Object) -> Object:
    """A charge of Commerce; in Business the body is itself the checkout or link."""
    return part(payload, "event", "data") if "event" in payload else payload


def _told_at(payload: Object) -> Any:
    return part(payload, "event").get("created_at") or payload.get("updatedAt") or payload.get("createdAt")


def _payment(payload: Object, status: str) -> Payment:
    about = _about(payload)
    metadata = part(about, "metadata")
    return {
        **_money(about),
        **_fee(about),
        "id": text(about.get("id")) or text(about.get("code")),
        "status": status,
        "method": _coin(about),
        "description": text(about.get("description")) or text(about.get("name")),
        "reference": text(about.get("code")),
        "gateway": "Coinbase",
        "invoice_number": text(metadata.get("invoice_number")) or text(metadata.get("invoice")),
        "url": text(about.get("hosted_url")) or text(about.get("url")),
    }


def _money(about: Object) -> Money:
    """The price in money. A price in a coin is told with no currency, since that is no ISO 4217 code; see `method`."""
    given = next((part(each, "value", "local") for each in _listed(about.get("payments"))), {})
    local = part(about, "pricing", "local") or given or about
    if currency_code(local.get("currency")):
        return from_decimal(local.get("amount"), local.get("currency"))
    # Read as some currency with two decimals, only for the number.
    amount = from_decimal(local.get("amount"), "USD")["amount"]
    return {"amount": amount, "amount_minor": None, "currency": None}


def _fee(about: Object) -> Payment:
    settled = part(about, "settlement")
    if settled.get("currency") != about.get("currency"):
        return {}
    return {**named("fee", from_decimal(settled.get("feeAmount"), settled.get("currency")))}


def _coin(about: Object) -> str | None:
    """The coin that the price is in, or the network that a charge was paid on."""
    currency = text(about.get("currency"))
    if currency and not currency_code(currency):
        return currency.lower()
    for each in _listed(about.get("payments")):
        return text(each.get("network"))
    return None


def _paid_at(payload: Object) -> str | None:
    done = [each.get("time") for each in _timeline(payload) if each.get("status") in _DONE]
    return timestamp(done[-1] if done else _told_at(payload))


def _reason(payload: Object) -> str | None:
    """How it ended: `expired`, or `unresolved: delayed`."""
    said = next(reversed(_timeline(payload)), _about(payload))
    words = (text(said.get("status")), text(said.get("context")))
    return ": ".join(word.lower() for word in words if word) or None


def _timeline(payload: Object) -> list[Object]:
    return _listed(_about(payload).get("timeline"))


def _listed(value: Any) -> list[Object]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


_PAID = On("payment.succeeded", paid, once=_PAYMENT)
_FAILED = On("payment.failed", failed)

PROVIDER = Provider(
    name="coinbase",
    label="Coinbase",
    kind="payment_gateway",
    homepage="https://www.coinbase.com/business",
    verification=CoinbaseSignature(),
    event_name=event_name,
    event_id=event_id,
    occurred_at=occurred_at,
    customer=customer,
    events={
        # Business
        "checkout.payment.success": _PAID,
        "checkout.payment.failed": _FAILED,
        "checkout.payment.expired": _FAILED,
        "payment_link.payment.success": _PAID,
        "payment_link.payment.failed": _FAILED,
        "payment_link.payment.expired": _FAILED,
        # Commerce
        "charge:pending": On("payment.pending", pending),
        "charge:delayed": On("payment.pending", unresolved, severity="warning"),
        "charge:confirmed": _PAID,
        "charge:resolved": _PAID,
        "charge:failed": _FAILED,
    },
    ignored=frozenset(["charge:created"]),
)
