"""GoCardless: direct debits. One webhook holds up to 250 events, each with ids and no amounts.

Their events: https://developer.gocardless.com/api-reference/#core-endpoints-events
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from relay.formats.money import from_minor
from relay.formats.times import day, days_until, instant, timestamp
from relay.formats.values import KEY, secret
from relay.sdk.api_settings import vendor_api
from relay.sdk.entities import Customer, Data, Payment, Subscription
from relay.sdk.fields import Object, an_object, dig, integer, objects, text
from relay.sdk.inbound import Inbound
from relay.sdk.provider import LookUp, On, Provider, Question, Reader, Setting, by, segment
from relay.security.verification import HmacSignature

_VERSION = "2015-07-06"
_PLACES = {
    "payment": "payments",
    "subscription": "subscriptions",
    "refund": "refunds",
    "mandate": "mandates",
    "customer": "customers",
}
"""What an event links to, and where the API has it; its answer stands below the same word."""

_TOLD = frozenset(["payments", "subscriptions", "refunds", "mandates"])
_STATUSES = {
    "pending_customer_approval": "pending",
    "customer_approval_denied": "canceled",
    "active": "active",
    "paused": "paused",
    "cancelled": "canceled",
    "finished": "expired",
}
_UNITS = {"weekly": "week", "monthly": "month", "yearly": "year"}


def split(inbound: Inbound) -> Sequence[Inbound]:
    events = objects(inbound.payload.get("events"))
    return [replace(inbound, payload=event) for event in events] or (inbound,)


def _name(event: Object) -> str | None:
    kind, action = text(event.get("resource_type")), text(event.get("action"))
    return f"{kind}.{action}" if kind and action else None


def _linked(event: Object, known: Callable[[str, str], Object]) -> dict[str, Object]:
    """What an event is about, each found by `known`: what it links to, and what these link to in turn."""
    links = an_object(event.get("links"))
    found: dict[str, Object] = {}

    def find(kind: str, *ids: Any) -> None:
        own_id = text(*ids)
        found[kind] = known(kind, own_id) if own_id else {}

    def of(name: str, kind: str) -> Any:
        return dig(found[name], "links", kind)

    find("refund", links.get("refund"))
    find("payment", links.get("payment"), of("refund", "payment"))
    of_payment = of("payment", "subscription") if event.get("resource_type") == "payments" else None
    find("subscription", links.get("subscription"), of_payment)
    find(
        "mandate",
        links.get("new_mandate"),
        links.get("mandate"),
        of("payment", "mandate"),
        of("subscription", "mandate"),
    )
    find("customer", links.get("customer"), of("mandate", "customer"))
    return found


def questions(inbound: Inbound) -> Mapping[str, Question]:
    """The objects that events link to, and those that these link to in turn; each once for the whole batch."""
    headers = {
        "authorization": f"Bearer {inbound.settings.get('api_key', '')}",
        "gocardless-version": _VERSION,
    }
    asked: dict[str, Question] = {}

    def ask(kind: str, own_id: str) -> Object:
        asked[f"{kind}:{own_id}"] = Question(f"/{_PLACES[kind]}/{segment(own_id)}", headers)
        return _answer(inbound, kind, own_id)

    for event in objects(inbound.payload.get("events")) or [inbound.payload]:
        if text(event.get("resource_type")) in _TOLD and _name(event) not in _IGNORED:
            _linked(event, ask)
    return asked


def _answer(inbound: Inbound, kind: str, own_id: str) -> Object:
    return an_object(dig(inbound.looked_up.get(f"{kind}:{own_id}"), _PLACES[kind]))


def subject(inbound: Inbound) -> Object:
    """The event, with what was looked up of its payment, subscription, refund, mandate and customer."""
    event = an_object(inbound.payload)
    found = _linked(event, lambda kind, own_id: _answer(inbound, kind, own_id))
    return {**found, "event": event, "links": an_object(event.get("links"))}


def who(told: Object) -> Customer | None:
    customer = told["customer"]
    names = [text(customer.get("given_name")), text(customer.get("family_name"))]
    return {
        "id": text(customer.get("id"), told["links"].get("customer"), dig(told["mandate"], "links", "customer")),
        "name": " ".join(name for name in names if name) or None,
        "email": text(customer.get("email")),
        "company": text(customer.get("company_name")),
    }


def _because(told: Object) -> Payment:
    details = an_object(told["event"].get("details"))
    return {
        "failure_code": text(details.get("reason_code"), details.get("cause")),
        "failure_reason": text(details.get("description")),
    }


def _at(told: Object) -> str | None:
    return timestamp(told["event"].get("created_at"))


def payment(status: str) -> Reader:
    def read(told: Object) -> Data:
        found = told["payment"]
        of = text(told["links"].get("subscription"), dig(found, "links", "subscription"))
        own: Payment = {
            "id": text(told["links"].get("payment"), found.get("id")),
            "status": status,
            **from_minor(found.get("amount"), found.get("currency")),
            "method": "direct_debit",
            **(_because(told) if status in ("failed", "canceled") else {}),
            "paid_at": _at(told) if status == "succeeded" else None,
            "description": text(found.get("description")),
            "reference": text(found.get("reference")),
            "gateway": "GoCardless",
            "subscription_id": of,
        }
        return {"payment": own, **({"subscription": _subscription(told, None)} if of else {})}

    return read


def _retries(inbound: Inbound) -> bool:
    return dig(inbound.payload, "details", "will_attempt_retry") is True


def _is_asked_for(inbound: Inbound) -> bool:
    """A payment that GoCardless tries again by itself was told as such when it failed.

    https://developer.gocardless.com/introduction/success-plus/
    """
    return text(dig(inbound.payload, "details", "cause")) != "payment_autoretried"


def _of_subscription(inbound: Inbound) -> bool:
    told = subject(inbound)
    return text(told["links"].get("subscription"), dig(told["payment"], "links", "subscription")) is not None


def dispute(status: str) -> Reader:
    """GoCardless numbers no chargebacks: a payment has one at most."""

    def read(told: Object) -> Data:
        found = told["payment"]
        own_id = text(told["links"].get("payment"), found.get("id"))
        return {
            "dispute": {
                "id": own_id,
                "status": status,
                **from_minor(found.get("amount"), found.get("currency")),
                "reason": _because(told)["failure_reason"],
                "payment_id": own_id,
                "opened_at": _at(told) if status == "open" else None,
                "closed_at": _at(told) if status != "open" else None,
            }
        }

    return read


def refund(status: str) -> Reader:
    def read(told: Object) -> Data:
        found = told["refund"]
        return {
            "refund": {
                "id": text(told["links"].get("refund"), found.get("id")),
                "status": status,
                **from_minor(found.get("amount"), found.get("currency")),
                "failure_reason": _because(told)["failure_reason"] if status == "failed" else None,
                "payment_id": text(told["links"].get("payment"), dig(found, "links", "payment")),
                "created_at": timestamp(found.get("created_at")),
            }
        }

    return read


def mandate(told: Object) -> Data:
    """A mandate is what stands for a card here. One that replaces another is the one that counts."""
    found = told["mandate"]
    return {
        "payment_method": {
            "id": text(told["links"].get("new_mandate"), told["links"].get("mandate"), found.get("id")),
            "type": "direct_debit",
            "brand": text(found.get("scheme"), dig(told["event"], "details", "scheme")),
        }
    }


def _subscription(told: Object, status: str | None) -> Subscription:
    found = told["subscription"]
    at = _at(told)
    # Those days that lie behind are of payments that were taken.
    planned = [day(each.get("charge_date")) for each in (told["payment"], *objects(found.get("upcoming_payments")))]
    renews = next((each for each in planned if each and at and each[:10] >= at[:10]), None)
    ended = status in ("canceled", "expired")
    return {
        "id": text(told["links"].get("subscription"), found.get("id"), dig(told["payment"], "links", "subscription")),
        "status": status or _STATUSES.get(str(found.get("status"))),
        "plan": text(found.get("name")),
        **from_minor(found.get("amount"), found.get("currency")),
        "interval": _UNITS.get(str(found.get("interval_unit"))),
        "interval_count": max(integer(found.get("interval")) or 0, 0) or None,
        "started_at": day(found.get("start_date")),
        "renews_at": None if ended else renews,
        "days_until_renewal": days_until(renews, now) if not ended and (now := instant(at)) else None,
        "canceled_at": at if status == "canceled" else None,
        "ended_at": at if ended else None,
        "cancel_reason": _because(told)["failure_reason"] if status == "canceled" else None,
    }


def subscription(status: str | None) -> Reader:
    return lambda told: {"subscription": _subscription(told, status)}


# A payment waits twice, and a mandate is set up in two steps: each is said once.
_PENDING = On("payment.pending", payment("pending"), once=by("payment", "id", "status"))
_MANDATE_ADDED = On("payment_method.added", mandate, once=by("payment_method", "id"))

_ACTIONS: Mapping[str, tuple[str, ...]] = {
    # What was told as paid, charged back, failed or refunded before, now reaches or leaves the account.
    "payments": (
        "paid_out",
        "chargeback_settled",
        "late_failure_settled",
        "surcharge_fee_debited",
        "sds_settlement_delayed",
        "customer_approval_granted",
    ),
    "refunds": ("refund_settled", "funds_returned", "bounced"),
    "payouts": ("paid", "fx_rate_confirmed", "tax_exchange_rates_confirmed"),
    "mandates": (
        "submitted",
        "customer_approval_granted",
        "customer_approval_skipped",
        "resubmission_requested",
        "blocked",
        "consumed",
    ),
    "subscriptions": (
        "customer_approval_granted",
        "customer_approval_denied",
        "scheduled_pause",
        "scheduled_pause_cancelled",
        "scheduled_resume",
    ),
    "instalment_schedules": ("created", "creation_failed", "cancelled", "errored", "resumed", "completed"),
    "billing_requests": (
        "created",
        "flow_created",
        "flow_visited",
        "flow_exited",
        "collect_customer_details",
        "select_institution",
        "collect_bank_account",
        "collect_amount",
        "choose_currency",
        "payer_details_confirmed",
        "payer_geo_blocked",
        "bank_authorisation_visited",
        "bank_authorisation_authorised",
        "bank_authorisation_denied",
        "bank_authorisation_expired",
        "bank_authorisation_failed",
        "fulfilled",
        "cancelled",
        "failed",
    ),
    "creditors": (
        "updated",
        "new_payout_currency_added",
        "account_auto_frozen",
        "account_auto_frozen_reverted",
        "bounced_payout",
    ),
    "customers": ("approved", "under_review", "request_for_information_required"),
    "payer_authorisations": ("completed", "failed"),
    "exports": ("started", "completed", "failed"),
    "scheme_identifiers": ("activated",),
    "outbound_payments": (
        "created",
        "cancelled",
        "failed",
        "set_to_pending_approval",
        "set_to_executing",
        "executed",
    ),
    "payment_account_transaction": ("created",),
}
_IGNORED = frozenset(f"{kind}.{action}" for kind, actions in _ACTIONS.items() for action in actions)

_ACCESS_TOKENS = dict.fromkeys(("live_", "sandbox_"), "an access token of GoCardless")

PROVIDER = Provider(
    name="gocardless",
    label="GoCardless",
    kind="payment_gateway",
    homepage="https://developer.gocardless.com/api-reference/#core-endpoints-events",
    # https://developer.gocardless.com/api-reference/#webhooks-signing-webhooks
    verification=HmacSignature(name="gocardless_signature", header="webhook-signature"),
    secret_form=secret("the secret of the webhook endpoint", never=_ACCESS_TOKENS),
    event_name=lambda inbound: _name(inbound.payload),
    event_id=lambda inbound: text(inbound.payload.get("id"), dig(inbound.payload, "meta", "webhook_id")),
    occurred_at=lambda inbound: instant(inbound.payload.get("created_at")),
    split=split,
    subject=subject,
    customer=who,
    look_up=LookUp(questions),
    events={
        "payments.created": _PENDING,
        "payments.submitted": _PENDING,
        "payments.confirmed": (
            On("payment.succeeded", payment("succeeded")),
            On("subscription.renewed", payment("succeeded"), when=_of_subscription),
        ),
        "payments.failed": (
            On("payment.failed", payment("failed")),
            On("subscription.renewal_failed", payment("failed"), when=_of_subscription),
            On("payment.retry_scheduled", payment("failed"), when=_retries),
        ),
        "payments.resubmission_requested": On("payment.retry_scheduled", payment("pending"), when=_is_asked_for),
        "payments.cancelled": On("payment.failed", payment("canceled")),
        "payments.customer_approval_denied": On("payment.failed", payment("canceled")),
        "payments.charged_back": On("dispute.opened", dispute("open")),
        "payments.chargeback_cancelled": On("dispute.won", dispute("won")),
        "mandates.created": _MANDATE_ADDED,
        "mandates.active": _MANDATE_ADDED,
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
    ignored=_IGNORED,
    settings=(
        vendor_api("Where GoCardless' API is.", "https://api.gocardless.com", "api-sandbox.gocardless.com"),
        Setting(
            "api_key",
            "Access token",
            "A read-only access token: amounts and customers are asked with it.",
            secret=True,
            form=KEY,
        ),
    ),
)
