"""GoCardless: direct debits. One webhook holds up to 250 events, each with ids and no amounts.

Their events: https://developer.gocardless.com/api-reference/#core-endpoints-events
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from relay.model import Inbound
from relay.money import from_minor
from relay.providers.base import Data, LookUp, On, Provider, Question, Setting, segment
from relay.providers.reading import Object, an_object, listed, text, under
from relay.times import day, instant, timestamp
from relay.verification import HmacSignature

_VERSION = "2015-07-06"
_LOOKED_UP = {"payments": "payment", "subscriptions": "subscription", "refunds": "refund", "mandates": "mandate"}
_PLACES = {"payment": "payments", "subscription": "subscriptions", "refund": "refunds", "mandate": "mandates"}


def split(inbound: Inbound) -> Sequence[Inbound]:
    events = listed(inbound.payload.get("events"))
    return [replace(inbound, payload=event) for event in events] or (inbound,)


def questions(inbound: Inbound) -> Mapping[str, Question]:
    """The object of each event; then the payment's mandate, and of the mandate its customer."""
    headers = {
        "authorization": f"Bearer {inbound.settings.get('api_key', '')}",
        "gocardless-version": _VERSION,
    }
    asked = {}

    def ask(kind: str, own_id: Any) -> Object:
        name = f"{kind}:{own_id}"
        if not isinstance(own_id, str) or not own_id:
            return {}
        asked[name] = Question(f"/{'customers' if kind == 'customer' else _PLACES[kind]}/{segment(own_id)}", headers)
        return an_object(under(inbound.looked_up.get(name), "customers" if kind == "customer" else _PLACES[kind]))

    for event in listed(inbound.payload.get("events")) or [inbound.payload]:
        kind = _LOOKED_UP.get(str(event.get("resource_type")))
        if kind is None:
            continue
        found = ask(kind, under(event, "links", kind))
        if kind == "refund":
            found = ask("payment", under(event, "links", "payment") or under(found, "links", "payment"))
        mandate = found if kind == "mandate" else ask("mandate", under(found, "links", "mandate"))
        ask("customer", under(mandate, "links", "customer"))
    return asked


def subject(inbound: Inbound) -> Object:
    """The event, with what was looked up of its payment, subscription, refund, mandate and customer."""
    event = an_object(inbound.payload)

    def known(kind: str, own_id: Any) -> Object:
        place = "customers" if kind == "customer" else _PLACES[kind]
        return an_object(under(inbound.looked_up.get(f"{kind}:{own_id}"), place))

    links = an_object(event.get("links"))
    found = {kind: known(kind, links.get(kind)) for kind in _PLACES}
    payment = found["payment"] or known("payment", under(found["refund"], "links", "payment"))
    of = payment or found["subscription"]
    mandate = found["mandate"] or known("mandate", under(of, "links", "mandate"))
    customer = known("customer", under(mandate, "links", "customer"))
    return {"event": event, "links": links, **found, "payment": payment, "mandate": mandate, "customer": customer}


def who(told: Object) -> Data | None:
    customer, links = told["customer"], told["links"]
    names = [text(customer.get("given_name")), text(customer.get("family_name"))]
    return {
        "id": text(customer.get("id"))
        or text(under(told["mandate"], "links", "customer"))
        or text(links.get("customer")),
        "name": " ".join(name for name in names if name) or None,
        "email": text(customer.get("email")),
        "company": text(customer.get("company_name")),
    }


def _because(told: Object) -> Data:
    details = an_object(told["event"].get("details"))
    return {
        "failure_code": text(details.get("reason_code")) or text(details.get("cause")),
        "failure_reason": text(details.get("description")),
    }


def payment(status: str) -> Any:
    def read(told: Object) -> Data:
        found = told["payment"]
        subscription = text(under(found, "links", "subscription"))
        own = {
            "id": text(told["links"].get("payment")) or text(found.get("id")),
            "status": status,
            **from_minor(found.get("amount"), found.get("currency")),
            "method": "direct_debit",
            **(_because(told) if status == "failed" else {}),
            "paid_at": timestamp(told["event"].get("created_at")) if status == "succeeded" else None,
            "description": text(found.get("description")),
            "reference": text(found.get("reference")),
            "gateway": "GoCardless",
            "subscription_id": subscription,
        }
        return {"payment": own, **({"subscription": {"id": subscription}} if subscription else {})}

    return read


def _retries(inbound: Inbound) -> bool:
    return under(inbound.payload, "details", "will_attempt_retry") is True


def _of_subscription(inbound: Inbound) -> bool:
    return text(under(subject(inbound)["payment"], "links", "subscription")) is not None


def dispute(status: str) -> Any:
    def read(told: Object) -> Data:
        found = told["payment"]
        own_id = text(told["links"].get("payment"))
        return {
            "dispute": {
                "id": own_id,
                "status": status,
                **from_minor(found.get("amount"), found.get("currency")),
                "reason": _because(told)["failure_reason"],
                "payment_id": own_id,
                "opened_at": timestamp(told["event"].get("created_at")) if status == "open" else None,
                "closed_at": timestamp(told["event"].get("created_at")) if status != "open" else None,
            }
        }

    return read


def refund(status: str) -> Any:
    def read(told: Object) -> Data:
        found = told["refund"]
        return {
            "refund": {
                "id": text(told["links"].get("refund")),
                "status": status,
                **from_minor(found.get("amount"), found.get("currency")),
                "failure_reason": _because(told)["failure_reason"] if status == "failed" else None,
                "payment_id": text(told["links"].get("payment")) or text(under(found, "links", "payment")),
                "created_at": timestamp(found.get("created_at")),
            }
        }

    return read


def mandate(told: Object) -> Data:
    found = told["mandate"]
    return {
        "payment_method": {
            "id": text(told["links"].get("mandate")) or text(found.get("id")),
            "type": "direct_debit",
            "brand": text(found.get("scheme")) or text(under(told["event"], "details", "scheme")),
        }
    }


def subscription(status: str | None) -> Any:
    def read(told: Object) -> Data:
        found = told["subscription"]
        upcoming = listed(found.get("upcoming_payments"))
        at = timestamp(told["event"].get("created_at"))
        renews = day(under(upcoming[0], "charge_date")) if upcoming else None
        own = {
            "id": text(told["links"].get("subscription")) or text(found.get("id")),
            "status": status,
            "plan": text(found.get("name")),
            **from_minor(found.get("amount"), found.get("currency")),
            "interval": {"weekly": "week", "monthly": "month", "yearly": "year"}.get(str(found.get("interval_unit"))),
            "interval_count": found.get("interval") if isinstance(found.get("interval"), int) else None,
            "started_at": day(found.get("start_date")),
            "renews_at": renews if status not in ("canceled", "expired") else None,
            "canceled_at": at if status == "canceled" else None,
            "ended_at": at if status in ("canceled", "expired") else None,
            "cancel_reason": _because(told)["failure_reason"] if status == "canceled" else None,
        }
        return {"subscription": own}

    return read


_FAILED = (
    On("payment.failed", payment("failed")),
    On("subscription.renewal_failed", payment("failed"), when=_of_subscription),
    On("payment.retry_scheduled", payment("failed"), when=_retries),
)

PROVIDER = Provider(
    name="gocardless",
    label="GoCardless",
    kind="payment_gateway",
    homepage="https://developer.gocardless.com/api-reference/#core-endpoints-events",
    # https://developer.gocardless.com/api-reference/#webhooks-signing-webhooks
    verification=HmacSignature(name="gocardless_signature", header="webhook-signature"),
    event_name=lambda inbound: f"{inbound.payload['resource_type']}.{inbound.payload['action']}",
    event_id=lambda inbound: text(inbound.payload.get("id")) or text(under(inbound.payload, "meta", "webhook_id")),
    occurred_at=lambda inbound: instant(inbound.payload.get("created_at")),
    split=split,
    subject=subject,
    customer=who,
    look_up=LookUp(questions),
    events={
        "payments.created": On("payment.pending", payment("pending")),
        "payments.confirmed": (
            On("payment.succeeded", payment("succeeded")),
            On("subscription.renewed", payment("succeeded"), when=_of_subscription),
        ),
        "payments.failed": _FAILED,
        "payments.late_failure_settled": _FAILED[0],
        "payments.cancelled": On("payment.failed", payment("failed")),
        "payments.charged_back": On("dispute.opened", dispute("open")),
        "payments.chargeback_cancelled": On("dispute.won", dispute("won")),
        "payments.resubmission_requested": On("payment.retry_scheduled", payment("pending")),
        "mandates.created": On("payment_method.added", mandate),
        "mandates.reinstated": On("payment_method.added", mandate),
        "mandates.replaced": On("payment_method.updated", mandate),
        "mandates.transferred": On("payment_method.updated", mandate),
        "mandates.cancelled": On("payment_method.removed", mandate),
        "mandates.failed": On("payment_method.removed", mandate, severity="warning"),
        "mandates.expired": On("payment_method.expired", mandate),
        "subscriptions.created": On("subscription.created", subscription("active")),
        "subscriptions.payment_created": On("subscription.renewal_upcoming", subscription("active")),
        "subscriptions.cancelled": On("subscription.canceled", subscription("canceled")),
        "subscriptions.finished": On("subscription.expired", subscription("expired")),
        "subscriptions.paused": On("subscription.paused", subscription("paused")),
        "subscriptions.resumed": On("subscription.resumed", subscription("active")),
        "subscriptions.amended": On("subscription.updated", subscription(None)),
        "refunds.created": On("refund.created", refund("pending")),
        "refunds.paid": On("refund.succeeded", refund("succeeded")),
        "refunds.failed": On("refund.failed", refund("failed")),
    },
    # A payout is the settlement of what was told as paid before; a mandate is added once, when it is made.
    ignored=frozenset(
        [
            "payments.submitted",
            "payments.customer_approval_granted",
            "payments.customer_approval_denied",
            "payments.paid_out",
            "payments.chargeback_settled",
            "payments.surcharge_fee_debited",
            "mandates.submitted",
            "mandates.active",
            "mandates.customer_approval_granted",
            "mandates.customer_approval_skipped",
            "mandates.resubmission_requested",
            "mandates.blocked",
            "mandates.consumed",
            "payouts.paid",
            "payouts.fx_rate_confirmed",
            "payouts.tax_exchange_rates_confirmed",
            "refunds.refund_settled",
            "refunds.bounced",
        ]
    ),
    settings=(
        Setting("api_url", "API address", "Where GoCardless' API is.", default="https://api.gocardless.com"),
        Setting(
            "api_key", "Access token", "A read-only access token: amounts and customers are asked with it.", secret=True
        ),
    ),
)
