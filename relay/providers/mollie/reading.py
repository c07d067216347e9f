"""What a webhook of Mollie's is about: in it, or asked of Mollie.

The older webhooks name an object and say nothing of it, and they repeat that for its refunds and chargebacks. What
Mollie then tells is read as the newer events that would have said the same.
https://docs.mollie.com/reference/webhooks
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from relay.formats.money import from_decimal
from relay.formats.times import timestamp
from relay.sdk.fields import Object, an_object, dig, objects, text
from relay.sdk.inbound import Inbound
from relay.sdk.provider import Question, segment
from relay.security.verification import fingerprint

_PATHS = {"tr": "payments", "pl": "payment-links", "invoice": "sales-invoices", "ord": "orders"}
"""What an id begins with, and where Mollie's API has what it names."""

_RESOURCES = {"tr": "payment", "pl": "payment-link", "invoice": "sales-invoice", "ord": "order"}


def named(inbound: Inbound) -> str:
    """The id of what a webhook is about."""
    payload = an_object(inbound.payload)
    return text(payload.get("entityId"), None if "entityId" in payload else payload.get("id")) or ""


def entity(inbound: Inbound) -> Object:
    """The object that a webhook is about: in it, or as Mollie told it."""
    return an_object(dig(inbound.payload, "_embedded", "entity")) or an_object(inbound.looked_up.get("entity"))


def paying(inbound: Inbound) -> Object:
    """The payment that a webhook is about, or that its refund or chargeback is of."""
    found = entity(inbound)
    if "paymentId" not in found:
        return found
    return an_object(inbound.looked_up.get("payment") or inbound.looked_up.get("entity"))


def is_older(inbound: Inbound) -> bool:
    return text(an_object(inbound.payload).get("type")) is None


def questions(inbound: Inbound) -> Mapping[str, Question]:
    asked: dict[str, str] = {}
    kind, found = named(inbound).partition("_")[0], entity(inbound)
    if not dig(inbound.payload, "_embedded", "entity") and kind in _PATHS:
        asked["entity"] = f"{_PATHS[kind]}/{segment(named(inbound))}"
    if text(found.get("paymentId")) and "entity" not in inbound.looked_up:
        asked["payment"] = f"payments/{segment(found['paymentId'])}"
    payment = paying(inbound)
    customer, subscription = text(payment.get("customerId")), text(payment.get("subscriptionId"))
    if customer:
        asked["customer"] = f"customers/{segment(customer)}"
        if subscription and payment is found:
            asked["subscription"] = f"customers/{segment(customer)}/subscriptions/{segment(subscription)}"
    if is_older(inbound):
        asked |= {name: f"payments/{segment(named(inbound))}/{name}" for name in _given_back(found)}
    headers = {"authorization": f"Bearer {inbound.settings.get('api_key', '')}"}
    return {name: Question(f"/v2/{path}", headers) for name, path in asked.items()}


def split(inbound: Inbound) -> Sequence[Inbound]:
    """An older webhook of a payment, and each of its refunds and chargebacks as an event of its own."""
    if not is_older(inbound):
        return (inbound,)
    payment = entity(inbound)
    told = []
    if "refunds" in _given_back(payment):
        told += [(f"refund.{each.get('status')}", each) for each in _each(inbound, "refunds", "amountRefunded")]
    if "chargebacks" in _given_back(payment):
        for each in _each(inbound, "chargebacks", "amountChargedBack"):
            told.append(("chargeback.received", each))
            if each.get("reversedAt"):
                told.append(("chargeback.reversed", each))
    return (inbound, *(replace(inbound, payload=_event(name, each)) for name, each in told))


def event_name(inbound: Inbound) -> str:
    """Mollie's name of the event; for the older webhooks what it would be, from the state that was asked for."""
    name = text(an_object(inbound.payload).get("type"))
    if name is not None:
        return name
    found = entity(inbound)
    resource = text(found.get("resource")) or _RESOURCES.get(named(inbound).partition("_")[0], "object")
    if not found:
        return f"{resource} (not looked up)"
    # A payment link has no status.
    status = "paid" if resource == "payment-link" and found.get("paidAt") else found.get("status")
    return f"{resource}.{text(status) or 'open'}"


def event_id(inbound: Inbound) -> str | None:
    """The older webhooks repeat the same id at each change, so that each is known by when it came."""
    payload = an_object(inbound.payload)
    if not is_older(inbound) and text(payload.get("id")):
        return text(payload.get("id"))
    return f"{named(inbound)}:{int(inbound.received_at.timestamp() * 1000)}:{fingerprint(inbound.body)[:16]}"


def subject(inbound: Inbound) -> Object:
    return {
        "entity": entity(inbound),
        "payment": paying(inbound),
        "customer": an_object(inbound.looked_up.get("customer")),
        "subscription": an_object(inbound.looked_up.get("subscription")),
        "id": named(inbound) or None,
        "at": timestamp(an_object(inbound.payload).get("createdAt")),
    }


def livemode(inbound: Inbound) -> bool | None:
    modes = (each.get("mode") for each in (entity(inbound), paying(inbound)))
    return next((mode == "live" for mode in modes if mode in ("live", "test")), None)


def _given_back(payment: Object) -> list[str]:
    """Which of refunds and chargebacks a payment has. After a reversal only the link still tells of a chargeback."""
    amounts = {"refunds": "amountRefunded", "chargebacks": "amountChargedBack"}
    return [
        name for name, amount in amounts.items() if _is_more_than_nothing(payment.get(amount)) or _linked(payment, name)
    ]


def _linked(payment: Object, name: str) -> bool:
    return bool(payment.get("resource") == "payment" and dig(payment, "_links", name))


def _is_more_than_nothing(value: object) -> bool:
    amount = from_decimal(dig(value, "value"), dig(value, "currency"))["amount"]
    return amount is not None and amount > 0


def _each(inbound: Inbound, name: str, total: str) -> list[Object]:
    """A payment's refunds or chargebacks, one by one; what it says of all together where these could not be had."""
    payment = entity(inbound)
    found = objects(dig(inbound.looked_up.get(name), "_embedded", name))
    if found or not _is_more_than_nothing(payment.get(total)):
        return [each | {"paymentId": payment.get("id")} for each in found]
    return [
        {"status": "refunded", "amount": payment[total], "paymentId": payment.get("id"), "mode": payment.get("mode")}
    ]


def _event(name: str, found: Object) -> Object:
    return {"type": name, "entityId": found.get("id"), "_embedded": {"entity": found}}
