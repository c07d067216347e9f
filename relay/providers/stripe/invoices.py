"""Invoices in our words, from the shapes before and after basil."""

from typing import Any

from relay.formats.times import timestamp
from relay.providers.stripe import prices
from relay.providers.stripe.reading import (
    Object,
    days_from,
    expanded,
    first,
    identity,
    listed,
    money,
    number,
    subject,
    text,
    told_at,
    whole,
)
from relay.providers.stripe.subscriptions import subscription_of
from relay.sdk.entities import Data, Invoice, LineItem, Payment, Subscription, named
from relay.sdk.fields import dig

_STATUSES = {name: name for name in ("draft", "open", "paid", "void", "uncollectible")}
_NOT_YET_PAID = ("draft", "open", "overdue", "partially_paid")


def read(event: Object) -> Data:
    """The invoice, and the subscription it is for."""
    bill = subject(event)
    return {"invoice": invoice_of(bill, event), "subscription": subscription_in(bill, event)}


def overdue(event: Object) -> Data:
    """The same, said overdue: to Stripe it is still open."""
    bill = subject(event)
    return {"invoice": invoice_of(bill, event) | {"status": "overdue"}, "subscription": subscription_in(bill, event)}


def paid(event: Object) -> Data:
    """The same with what was paid for it, which is nothing where a credit or a free period covered it all."""
    bill = subject(event)
    invoice = invoice_of(bill, event)
    paid_at = invoice["paid_at"] or told_at(event)
    data: Data = {"invoice": invoice | {"paid_at": paid_at}, "subscription": subscription_in(bill, event)}
    if has_money(bill):
        data["payment"] = _payment_for(bill, "succeeded", bill.get("amount_paid")) | {"paid_at": paid_at}
    return data


def unpaid(event: Object) -> Data:
    """The same with the payment that failed, and when the next one will be tried."""
    bill, data = subject(event), read(event)
    data["payment"] = _payment_for(bill, "failed", _outstanding(bill))
    if data["subscription"]:
        data["subscription"]["failed_payments"] = number(bill.get("attempt_count"))
    return data


def awaiting_customer(event: Object) -> Data:
    """The same with the payment that only the customer can complete, on the page that `url` names."""
    bill = subject(event)
    return read(event) | {"payment": _payment_for(bill, "action_required", _outstanding(bill))}


def upcoming(event: Object) -> Data:
    """What a renewal will cost and when. The invoice is a preview: if it has an id, that is thrown away."""
    bill = subject(event)
    preview = invoice_of(bill, event) | {"id": None, "number": None, "issued_at": None, "paid_at": None}
    renews_at = timestamp(bill.get("next_payment_attempt")) or timestamp(bill.get("period_end"))
    renewed: Subscription = {
        **(subscription_in(bill, event) or {}),
        **money(bill.get("amount_due"), bill.get("currency")),
        # The invoice's own period is the one that ends; its lines charge for the one to come.
        "current_period_start": timestamp(bill.get("period_start")),
        "current_period_end": timestamp(bill.get("period_end")),
        "renews_at": renews_at,
        "days_until_renewal": days_from(event, renews_at),
    }
    return {"invoice": preview, "subscription": renewed}


def has_money(bill: Object) -> bool:
    """Whether anything was paid for this invoice."""
    return whole(bill.get("amount_paid")) > 0


def is_renewal(bill: Object) -> bool:
    """Whether it is for the next period of a running subscription, and not for its first."""
    return bill.get("billing_reason") == "subscription_cycle" and _subscription_id(bill) is not None


def invoice_of(bill: Object, event: Object) -> Invoice:
    """An invoice in our words."""
    currency = bill.get("currency")
    status = _status(bill)
    due_at = timestamp(bill.get("due_date"))
    start, end = _service_period(bill)
    # Stripe's `amount_due` is the total less credit on the account, and stays when it is paid.
    total = bill.get("amount_due") if bill.get("total") is None else bill["total"]
    return {
        **money(total, currency),
        **named("amount_due", money(_outstanding(bill), currency)),
        **named("amount_paid", money(bill.get("amount_paid"), currency)),
        **named("tax", money(_tax(bill), currency)),
        "id": identity(bill),
        "number": text(bill.get("number")),
        "status": status,
        "description": text(bill.get("description")),
        "billing_reason": text(bill.get("billing_reason")),
        "issued_at": timestamp(_issued(bill)),
        "due_at": due_at,
        "paid_at": timestamp(dig(bill, "status_transitions", "paid_at")),
        "period_start": start,
        "period_end": end,
        "attempt_count": number(bill.get("attempt_count")),
        "next_attempt_at": timestamp(bill.get("next_payment_attempt")),
        "failure_reason": _failure_reason(bill),
        "days_until_due": days_from(event, due_at) if status in _NOT_YET_PAID else None,
        "url": text(bill.get("hosted_invoice_url")),
        "pdf_url": text(bill.get("invoice_pdf")),
        "subscription_id": _subscription_id(bill),
        "items": [_line_item(line, bill) for line in listed(bill.get("lines"))],
    }


def subscription_in(bill: Object, event: Object) -> Subscription | None:
    """What an invoice tells of its subscription: what is charged, and the period it pays for."""
    if _subscription_id(bill) is None:
        return None
    if isinstance(_subscription(bill), dict):
        return subscription_of(_subscription(bill), event)
    lines = _recurring_lines(bill)
    line = lines[0] if lines else {}
    start, end = _service_period(bill)
    # An event carries ten lines at most.
    all_told = bool(lines) and not dig(bill, "lines", "has_more")
    minor = sum(whole(each.get("amount")) for each in lines) if all_told else bill.get("total")
    return {
        **money(minor, bill.get("currency")),
        **prices.sold(line),
        "id": _subscription_id(bill),
        "plan": prices.name_of(line),
        "description": text(line.get("description")),
        "quantity": number(line.get("quantity")) if len(lines) == 1 else None,
        "current_period_start": start,
        "current_period_end": end,
        "domain": _noted(line, bill, "domain"),
    }


def _subscription(bill: Object) -> Any:
    return bill.get("subscription") or dig(bill, "parent", "subscription_details", "subscription")


def _subscription_id(bill: Object) -> str | None:
    return identity(_subscription(bill))


def _payment_for(bill: Object, status: str, minor: Any) -> Payment:
    """The payment of an invoice, as far as the invoice knows it: since basil it seldom names the payment."""
    paid = expanded(first(bill.get("payments")).get("payment"))
    intent = identity(bill.get("payment_intent")) or identity(paid.get("payment_intent"))
    elsewhere = bill.get("paid_out_of_band") is True or whole(bill.get("amount_paid_off_stripe")) > 0
    return {
        **money(minor, bill.get("currency")),
        "id": intent or identity(bill.get("charge")) or identity(paid.get("charge")),
        "status": status,
        "method": "out_of_band" if elsewhere else None,
        "failure_reason": _failure_reason(bill) if status == "failed" else None,
        "attempt_count": number(bill.get("attempt_count")),
        "next_attempt_at": timestamp(bill.get("next_payment_attempt")),
        "description": text(bill.get("description")),
        "gateway": "Stripe",
        "invoice_id": identity(bill),
        "invoice_number": text(bill.get("number")),
        "subscription_id": _subscription_id(bill),
        "url": text(bill.get("hosted_invoice_url")),
    }


def _outstanding(bill: Object) -> Any:
    remaining = bill.get("amount_remaining")
    return bill.get("amount_due") if remaining is None else remaining


def _status(bill: Object) -> str | None:
    status = _STATUSES.get(str(bill.get("status")))
    if status == "open" and has_money(bill) and whole(_outstanding(bill)) > 0:
        return "partially_paid"
    if status is None and bill.get("paid") is True:  # API versions before 2018-11-08 have no `status`
        return "paid"
    return status


def _issued(bill: Object) -> Any:
    """The date printed on it; a draft is not issued yet."""
    if bill.get("status") == "draft":
        return None
    finalized = dig(bill, "status_transitions", "finalized_at")
    return bill.get("effective_at") or finalized or bill.get("created") or bill.get("date")


def _tax(bill: Object) -> Any:
    """`tax` until basil, the sum of `total_taxes` since."""
    taxes = bill.get("total_taxes")
    if bill.get("tax") is not None or not isinstance(taxes, list):
        return bill.get("tax")
    return sum(whole(dig(each, "amount")) for each in taxes)


def _failure_reason(bill: Object) -> str | None:
    errors = (dig(bill, "payment_intent", "last_payment_error"), bill.get("last_finalization_error"))
    return next(filter(None, (text(dig(error, "message")) for error in errors)), None)


def _line_item(line: Object, bill: Object) -> LineItem:
    return {
        **named("amount", money(line.get("amount"), line.get("currency") or bill.get("currency"))),
        "description": text(line.get("description")),
        "kind": "subscription" if _is_recurring(line) else "other",
        "quantity": number(line.get("quantity")),
        "service_id": _noted(line, bill, "service_id"),
        "domain": _noted(line, bill, "domain"),
        "period_start": timestamp(dig(line, "period", "start")),
        "period_end": timestamp(dig(line, "period", "end")),
    }


def _is_recurring(line: Object) -> bool:
    """Whether a line charges a period of a subscription, rather than an item put onto its invoice."""
    kind = dig(line, "parent", "type") or line.get("type")
    return kind in ("subscription_item_details", "subscription")


def _is_proration(line: Object) -> bool:
    since_basil = dig(line, "parent", "subscription_item_details", "proration")
    return line.get("proration") is True or since_basil is True


def _recurring_lines(bill: Object) -> list[Object]:
    lines = listed(bill.get("lines"))
    return [line for line in lines if _is_recurring(line) and not _is_proration(line)]


def _service_period(bill: Object) -> tuple[str | None, str | None]:
    """What an invoice pays for. Its own `period_start` and `period_end` tell when its items were gathered."""
    lines = _recurring_lines(bill) or listed(bill.get("lines"))
    period = expanded(lines[0].get("period")) if lines else {}
    return timestamp(period.get("start")), timestamp(period.get("end"))


def _noted(line: Object, bill: Object, name: str) -> str | None:
    """What the account's owner noted in the metadata of the line or of the subscription that it is for."""
    return text(
        dig(line, "metadata", name)
        or dig(bill, "parent", "subscription_details", "metadata", name)
        or dig(bill, "subscription_details", "metadata", name)
    )
