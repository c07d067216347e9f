"""Adyen: payments, refunds, disputes and stored means of payment. It knows no subscriptions and no invoices.

Their event codes: https://docs.adyen.com/development-resources/webhooks/webhook-types
"""

from collections.abc import Sequence
from dataclasses import replace
from secrets import token_hex
from typing import Any

from relay.formats.values import secret
from relay.providers.adyen import disputes, payments, tokens
from relay.providers.adyen.reading import Item, item_of, text, when
from relay.providers.adyen.verification import AdyenSignature, items_of
from relay.sdk.inbound import Inbound
from relay.sdk.provider import On, Provider, Reply, Setting, by

_PAYMENT = by("payment", "id")
_DISPUTE = by("dispute", "id")
AUTHORISED, CAPTURED = "authorised", "captured"


def split(inbound: Inbound) -> Sequence[Inbound]:
    """Each item by itself, in the same wrapping."""
    payload = inbound.payload
    return [
        replace(inbound, payload=payload | {"notificationItems": [{"NotificationRequestItem": item}]})
        for item in items_of(payload)
    ]


def event_name(inbound: Inbound) -> str | None:
    return text(item_of(inbound.payload).get("eventCode")) or text(inbound.payload.get("type"))


def event_id(inbound: Inbound) -> str | None:
    """Adyen gives a standard item no id; these fields, all of them signed, are the same when it comes again."""
    if len(items_of(inbound.payload)) > 1:
        return None
    item = item_of(inbound.payload)
    if not text(item.get("pspReference")):
        return text(inbound.payload.get("eventId"))
    told = ("merchantAccountCode", "pspReference", "originalReference", "eventCode", "success")
    return ":".join(str(item.get(name) or "") for name in told)


def livemode(inbound: Inbound) -> bool | None:
    """`live` is text; the newer families name their environment."""
    told = inbound.payload.get("live") or inbound.payload.get("environment")
    return {"true": True, "false": False, "live": True, "test": False}.get(str(told).lower())


def _item(inbound: Inbound) -> Item:
    return item_of(inbound.payload)


def _succeeded(inbound: Inbound) -> bool:
    return payments.succeeded(_item(inbound))


def _failed(inbound: Inbound) -> bool:
    return not payments.succeeded(_item(inbound))


def _pays_when_captured(inbound: Inbound) -> bool:
    return inbound.settings.get("paid_when") == CAPTURED


def authorisation(inbound: Inbound) -> Sequence[On]:
    """Whether an authorisation is the payment, the merchant decides. One of nothing only checks a card."""
    item = _item(inbound)
    if not payments.succeeded(item):
        failed = On("payment.failed", payments.failed)
        return (failed, On("payment.retry_scheduled", payments.failed)) if payments.will_retry(item) else (failed,)
    if payments.is_of_nothing(item):
        return ()
    if _pays_when_captured(inbound):
        return (On("payment.pending", payments.authorised),)
    return (On("payment.succeeded", payments.paid, once=_PAYMENT),)


def capture(inbound: Inbound) -> Sequence[On]:
    """A payment that its authorisation told of is not told again."""
    if not payments.succeeded(_item(inbound)):
        return (On("payment.failed", payments.failed_capture),)
    return (On("payment.succeeded", payments.captured, once=None if _pays_when_captured(inbound) else _PAYMENT),)


def cancel_or_refund(inbound: Inbound) -> Sequence[On]:
    """Either way the money is not kept. Which it was stands in a field that is not signed."""
    if not payments.succeeded(_item(inbound)):
        return (On("refund.failed", payments.failed_refund),)
    if payments.was_cancelled(_item(inbound)):
        return (On("payment.failed", payments.cancelled),)
    return (On("refund.succeeded", payments.refunded),)


_CANCELLED = On("payment.failed", payments.cancelled, when=_succeeded)
_REFUND = (
    On("refund.succeeded", payments.refunded, when=_succeeded),
    On("refund.failed", payments.failed_refund, when=_failed),
)
_REFUND_FAILED = On("refund.failed", payments.failed_refund)
_OPENED = On("dispute.opened", disputes.opened, once=_DISPUTE)
_UPDATED = On("dispute.updated", disputes.open_, severity="warning")
_WON = On("dispute.won", disputes.won)
_LOST = On("dispute.lost", disputes.lost)


def _subject(inbound: Inbound) -> Any:
    """The item, or the body of a newer family."""
    return _item(inbound) or inbound.payload


PROVIDER = Provider(
    name="adyen",
    label="Adyen",
    kind="payment_gateway",
    homepage="https://www.adyen.com",
    verification=AdyenSignature(),
    secret_form=secret(
        "the HMAC key of the webhook, which is hexadecimal",
        "0123456789ABCDEF",
        pattern="(?:[0-9A-Fa-f]{2})+",
        make=lambda: token_hex(32).upper(),
    ),
    event_name=event_name,
    event_id=event_id,
    occurred_at=when,
    livemode=livemode,
    subject=_subject,
    customer=tokens.customer,
    split=split,
    accepted=Reply(200, "[accepted]"),
    # Of 16 digits, in older accounts.
    plain_fields=frozenset(["pspreference", "originalreference"]),
    settings=(
        Setting(
            "paid_when",
            "Paid when",
            "authorised tells of a payment as soon as it is authorised; captured waits until the money is captured.",
            default=AUTHORISED,
            choices=(AUTHORISED, CAPTURED),
        ),
    ),
    events={
        # Payments
        "AUTHORISATION": authorisation,
        "CAPTURE": capture,
        "CAPTURE_FAILED": On("payment.failed", payments.failed_capture),
        "PENDING": On("payment.pending", payments.authorised),
        "CANCELLATION": _CANCELLED,
        "TECHNICAL_CANCEL": _CANCELLED,
        "EXPIRE": On("payment.failed", payments.cancelled),
        "OFFER_CLOSED": On("payment.failed", payments.failed),
        "CANCEL_OR_REFUND": cancel_or_refund,
        "AUTORESCUE": (
            On("payment.succeeded", payments.paid, when=_succeeded, once=_PAYMENT),
            On("payment.failed", payments.failed, when=_failed),
        ),
        "AUTORESCUE_NEXT_ATTEMPT": On("payment.retry_scheduled", payments.failed),
        # Refunds
        "REFUND": _REFUND,
        "REFUND_WITH_DATA": _REFUND,
        "POSTPONED_REFUND": On("refund.created", payments.awaited_refund),
        "VOID_PENDING_REFUND": _REFUND,
        "REFUND_FAILED": _REFUND_FAILED,
        "REFUNDED_REVERSED": _REFUND_FAILED,
        # Disputes, in the order in which one may go
        "REQUEST_FOR_INFORMATION": _UPDATED,
        "NOTIFICATION_OF_CHARGEBACK": _OPENED,
        "CHARGEBACK": _OPENED,
        "INFORMATION_SUPPLIED": On("dispute.updated", disputes.under_review),
        "ISSUER_COMMENTS": _UPDATED,
        "DISPUTE_DEFENSE_PERIOD_ENDED": _UPDATED,
        "ISSUER_RESPONSE_TIMEFRAME_EXPIRED": _WON,
        "CHARGEBACK_REVERSED": _WON,
        "SECOND_CHARGEBACK": _LOST,
        "PREARBITRATION_WON": _WON,
        "PREARBITRATION_LOST": _LOST,
        # Stored means of payment; the names in small letters are those of the newer family
        "RECURRING_CONTRACT": On("payment_method.added", tokens.contract, when=_succeeded),
        "recurring.token.created": On("payment_method.added", tokens.token),
        "recurring.token.updated": On("payment_method.updated", tokens.token),
        "recurring.token.disabled": On("payment_method.removed", tokens.token),
    },
    ignored=frozenset(
        [
            "ACH_NOTIFICATION_OF_CHANGE",
            "AUTHENTICATION",
            "AUTHORISATION_ADJUSTMENT",
            "CANCEL_AUTORESCUE",
            "DEACTIVATE_RECURRING",
            "DONATION",
            "HANDLED_EXTERNALLY",
            "INSTALLMENTS",
            "MANUAL_REVIEW_ACCEPT",
            "MANUAL_REVIEW_REJECT",
            "NOTIFICATION_OF_FRAUD",
            "ORDER_CLOSED",
            "ORDER_OPENED",
            "PAIDOUT_REVERSED",
            "PAYOUT_DECLINE",
            "PAYOUT_EXPIRE",
            "PAYOUT_THIRDPARTY",
            "POSTPONED_CAPTURE",
            "PROCESS_RETRY",
            "REPORT_AVAILABLE",
            "recurring.token.alreadyExisting",
        ]
    ),
)
