"""Adjustments in our words: refunds, and disputes, which Paddle calls chargebacks.

https://developer.paddle.com/api-reference/adjustments/overview
"""

from collections.abc import Sequence

from relay.formats.money import Money
from relay.formats.times import timestamp
from relay.providers.paddle.reading import Object, entity, money, plain, told_at
from relay.sdk.entities import Data
from relay.sdk.fields import dig, text
from relay.sdk.inbound import Inbound
from relay.sdk.provider import On, by

_REFUND_STATUSES = {
    "pending_approval": "pending",
    "approved": "succeeded",
    "rejected": "failed",
    "reversed": "canceled",
}
_CHARGEBACKS = ("chargeback", "chargeback_warning")
_REVERSALS = ("chargeback_reverse", "chargeback_warning_reverse")


def means(inbound: Inbound) -> Sequence[On]:
    """What a new or changed adjustment means. Credit, which is set off against an invoice, is no refund."""
    adjustment = entity(inbound.payload)
    action, status = adjustment.get("action"), adjustment.get("status")
    if action == "refund":
        return _REFUNDS.get(str(status), ())
    if action in _REVERSALS or (action in _CHARGEBACKS and status == "reversed"):
        return (_WON,)
    if action in _CHARGEBACKS:
        return (_OPENED,) if inbound.payload.get("event_type") == "adjustment.created" else (_UPDATED,)
    return ()


def refund(event: Object) -> Data:
    adjustment = entity(event)
    status = _REFUND_STATUSES.get(str(adjustment.get("status")))
    return {
        "refund": {
            **_amount(adjustment),
            "id": text(adjustment.get("id")),
            "status": status,
            "reason": text(adjustment.get("reason")),
            "failure_reason": "Paddle did not approve it" if status == "failed" else None,
            "payment_id": text(adjustment.get("transaction_id")),
            "invoice_id": text(adjustment.get("transaction_id")),
            "created_at": timestamp(adjustment.get("created_at")),
        }
    }


def dispute(event: Object) -> Data:
    adjustment = entity(event)
    return {
        "dispute": {
            **_amount(adjustment),
            "id": text(adjustment.get("id")),
            "status": "open",
            "reason": text(adjustment.get("reason")) or plain(adjustment.get("action")),
            "payment_id": text(adjustment.get("transaction_id")),
            "opened_at": timestamp(adjustment.get("created_at")),
        }
    }


def won(event: Object) -> Data:
    """The reversal is an adjustment of its own, and the reversed one changes: the transaction joins them."""
    data = dispute(event)
    data["dispute"] |= {"status": "won", "closed_at": told_at(event)}
    if entity(event).get("action") in _REVERSALS:
        data["dispute"]["opened_at"] = None
    return data


def _amount(adjustment: Object) -> Money:
    currency = dig(adjustment, "totals", "currency_code") or adjustment.get("currency_code")
    return money(dig(adjustment, "totals", "total"), currency)


_SAID = by("refund", "id", "status")
_REFUNDS = {
    "pending_approval": (On("refund.created", refund, once=_SAID),),
    "approved": (On("refund.succeeded", refund, once=_SAID),),
    "rejected": (On("refund.failed", refund, once=_SAID),),
}
_OPENED = On("dispute.opened", dispute)
_UPDATED = On("dispute.updated", dispute)
_WON = On("dispute.won", won, once=by("dispute", "payment_id"))
