"""Transactions in our words: each is an invoice, with the payments that were tried for it.

https://developer.paddle.com/api-reference/transactions/overview
"""

from calendar import monthrange
from datetime import datetime, timedelta
from typing import Any

from relay.formats.money import NO_MONEY, Money, from_minor
from relay.formats.times import instant, iso, timestamp
from relay.providers.paddle import prices
from relay.providers.paddle.reading import Object, days_from, entity, minor_of, money, plain, told_at, whole
from relay.sdk.entities import Data, Invoice, LineItem, Payment, Subscription, named
from relay.sdk.fields import an_object, dig, first, id_text, objects, text
from relay.sdk.inbound import Inbound

_STATUSES = {
    "draft": "draft",
    "ready": "open",
    "billed": "open",
    "paid": "paid",
    "completed": "paid",
    "canceled": "void",
    "past_due": "overdue",
}
_BRANDS = {"american_express": "amex", "diners_club": "diners"}
_DAYS = {"day": 1, "week": 7}
_MONTHS = {"month": 1, "year": 12}


def read(event: Object) -> Data:
    """The invoice, and the subscription it is for."""
    return _read(event, {})


def _read(event: Object, known: Invoice) -> Data:
    """The same, with what is `known` of the invoice beside what it says itself."""
    bill = entity(event)
    return {"invoice": _invoice(bill, event) | known, "subscription": _subscription(bill)}


def overdue(event: Object) -> Data:
    return _read(event, {"status": "overdue"})


def paid(event: Object) -> Data:
    """The same with what was paid for it, which is nothing where a trial or a credit covered it all."""
    bill = entity(event)
    paid_at = timestamp(_captured(bill).get("captured_at")) or told_at(event)
    data = _read(event, {"status": "paid", "paid_at": paid_at})
    if _has_money(bill):
        data["payment"] = _payment(bill, _captured(bill), "succeeded", _paid(bill)) | {"paid_at": paid_at}
    return data


def unpaid(event: Object) -> Data:
    """The same with the payment that failed: the newest is the first of the list."""
    bill = entity(event)
    tried = first(bill.get("payments"))
    asked = money(tried.get("amount"), _currency(bill))
    outstanding = asked if asked["amount_minor"] is not None else _owed(bill)
    reason = plain(tried.get("error_code"))
    why: Payment = {"failure_code": text(tried.get("error_code")), "failure_reason": reason}
    payment = _payment(bill, tried, "failed", outstanding) | why
    return _read(event, {"failure_reason": reason}) | {"payment": payment}


def was_paid_for(inbound: Inbound) -> bool:
    return _has_money(entity(inbound.payload))


def renews(inbound: Inbound) -> bool:
    """Whether Paddle made it for the next period of a subscription."""
    bill = entity(inbound.payload)
    return bill.get("origin") == "subscription_recurring" and text(bill.get("subscription_id")) is not None


def _invoice(bill: Object, event: Object) -> Invoice:
    # `invoice_id` is left from Paddle's older API for invoices and goes; it is null until the transaction is billed.
    status = _STATUSES.get(str(bill.get("status")))
    due_at = _due(bill)
    return {
        **_total(bill),
        **named("amount_due", _owed(bill)),
        **named("amount_paid", _paid(bill)),
        **named("tax", money(_tax(bill), _currency(bill))),
        "id": text(bill.get("id")),
        "number": text(bill.get("invoice_number")),
        "status": status,
        "description": text(dig(bill, "billing_details", "additional_information")),
        "billing_reason": text(bill.get("origin")),
        "issued_at": timestamp(bill.get("billed_at")),
        "due_at": due_at,
        "paid_at": timestamp(_captured(bill).get("captured_at")) if status == "paid" else None,
        "period_start": timestamp(dig(bill, "billing_period", "starts_at")),
        "period_end": timestamp(dig(bill, "billing_period", "ends_at")),
        "attempt_count": _attempts(bill),
        "days_until_due": days_from(event, due_at) if status in ("open", "overdue") else None,
        "url": text(dig(bill, "checkout", "url")),
        "subscription_id": text(bill.get("subscription_id")),
        "items": [_line_item(line, bill) for line in objects(dig(bill, "details", "line_items"))],
    }


def _subscription(bill: Object) -> Subscription | None:
    """What a transaction tells of its subscription."""
    if text(bill.get("subscription_id")) is None:
        return None
    items = [item for item in objects(bill.get("items")) if prices.is_recurring(item)]
    lines = [line for line in objects(dig(bill, "details", "line_items")) if prices.is_recurring(_item(line, bill))]
    return {
        **prices.cost(items, _currency(bill)),
        **prices.rhythm(dig(first(items), "price", "billing_cycle")),
        "id": text(bill.get("subscription_id")),
        "plan": prices.names_of(lines) or prices.names_of(items),
        "product_id": text(dig(first(items), "price", "product_id")),
        "description": text(dig(first(items), "price", "description")),
        "quantity": whole(items[0].get("quantity")) if len(items) == 1 else None,
        "current_period_start": timestamp(dig(bill, "billing_period", "starts_at")),
        "current_period_end": timestamp(dig(bill, "billing_period", "ends_at")),
        "domain": id_text(dig(bill, "custom_data", "domain")),
    }


def _payment(bill: Object, tried: Object, status: str, amount: Money) -> Payment:
    """A payment of a transaction. Refunds name the transaction, so that is its id; the fee is Paddle's."""
    details = an_object(tried.get("method_details"))
    return {
        **amount,
        **named("fee", money(_totals(bill).get("fee"), _currency(bill)) if status == "succeeded" else NO_MONEY),
        **_card(details.get("card")),
        "id": text(bill.get("id")),
        "status": status,
        "method": text(details.get("type")),
        "attempt_count": _attempts(bill),
        "reference": text(dig(bill, "billing_details", "purchase_order_number")),
        "gateway": "Paddle",
        "invoice_id": text(bill.get("id")),
        "invoice_number": text(bill.get("invoice_number")),
        "subscription_id": text(bill.get("subscription_id")),
        "url": text(dig(bill, "checkout", "url")),
    }


def _card(card: Any) -> Payment:
    month, year = whole(dig(card, "expiry_month")) or 0, whole(dig(card, "expiry_year")) or 0
    valid = 1 <= month <= 12 and 2000 <= year < 2200
    brand = text(dig(card, "type")) or ""
    return {
        "card_brand": _BRANDS.get(brand, brand) or None,
        "card_last4": (text(dig(card, "last4")) or "")[-4:] or None,
        "card_exp_month": month if valid else None,
        "card_exp_year": year if valid else None,
    }


def _captured(bill: Object) -> Object:
    """The newest payment that came through."""
    return next((each for each in objects(bill.get("payments")) if each.get("status") == "captured"), {})


def _attempts(bill: Object) -> int | None:
    return len(bill["payments"]) if isinstance(bill.get("payments"), list) else None


def _totals(bill: Object) -> Object:
    return an_object(dig(bill, "details", "totals"))


def _currency(bill: Object) -> Any:
    return bill.get("currency_code") or _totals(bill).get("currency_code")


def _total(bill: Object) -> Money:
    """What is to be paid after credit; `balance` is what is left of it."""
    totals = _totals(bill)
    grand = totals.get("grand_total")
    return money(totals.get("total") if grand is None else grand, _currency(bill))


def _tax(bill: Object) -> Any:
    totals = _totals(bill)
    grand = totals.get("grand_total_tax")
    return totals.get("tax") if grand is None else grand


def _owed(bill: Object) -> Money:
    return money(_totals(bill).get("balance"), _currency(bill))


def _paid(bill: Object) -> Money:
    """What is no longer owed; the captured payments where the balance is not told."""
    total, owed = _total(bill)["amount_minor"], _owed(bill)["amount_minor"]
    if total is not None and owed is not None:
        return from_minor(total - owed, _currency(bill))
    captured = [each for each in objects(bill.get("payments")) if each.get("status") == "captured"]
    if not captured:
        return _total(bill) if bill.get("status") in ("paid", "completed") else NO_MONEY
    return from_minor(sum(minor_of(money(each.get("amount"), _currency(bill))) for each in captured), _currency(bill))


def _has_money(bill: Object) -> bool:
    return minor_of(_paid(bill)) > 0


def _due(bill: Object) -> str | None:
    """Only what is billed by hand has terms, counted from its billing."""
    billed = instant(bill.get("billed_at"))
    terms = dig(bill, "billing_details", "payment_terms")
    unit, count = text(dig(terms, "interval")), whole(dig(terms, "frequency"))
    if billed is None or count is None:
        return None
    try:
        if unit in _DAYS:
            return iso(billed + timedelta(days=_DAYS[unit] * count))
        return iso(_months_on(billed, _MONTHS[unit] * count)) if unit in _MONTHS else None
    except (OverflowError, ValueError):  # after the year 9999
        return None


def _months_on(moment: datetime, months: int) -> datetime:
    """The same day so many months on, or the last one of a shorter month."""
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))


def _item(line: Object, bill: Object) -> Object:
    """The item that a line charges for: it holds the price."""
    items = objects(bill.get("items"))
    return next((item for item in items if dig(item, "price", "id") == line.get("price_id")), {})


def _line_item(line: Object, bill: Object) -> LineItem:
    item = _item(line, bill)
    recurring = prices.is_recurring(item)
    period = dig(line, "proration", "billing_period") or (bill.get("billing_period") if recurring else None)
    return {
        **named("amount", money(dig(line, "totals", "total"), _currency(bill))),
        "description": text(dig(line, "product", "name"), dig(item, "price", "description")),
        "kind": "subscription" if recurring else "other",
        "quantity": whole(line.get("quantity")),
        "service_id": id_text(dig(bill, "custom_data", "service_id")),
        "domain": id_text(dig(bill, "custom_data", "domain")),
        "period_start": timestamp(dig(period, "starts_at")),
        "period_end": timestamp(dig(period, "ends_at")),
    }
