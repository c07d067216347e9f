"""Invoices, and what follows from their payment. Where the agent looked nothing up, only the id is known."""

from functools import partial

from relay.formats.money import Money
from relay.providers.whmcs.reading import Hook, date, days, ident, money, row, rows, text, web_address
from relay.providers.whmcs.subscriptions import begins, billed_services, subscription
from relay.sdk.entities import Data, Invoice, LineItem, Subscription, named
from relay.sdk.inbound import Inbound
from relay.sdk.provider import On

_STATUSES = {
    "Draft": "draft",
    "Unpaid": "open",
    "Payment Pending": "open",
    "Paid": "paid",
    "Cancelled": "void",
    "Refunded": "refunded",
    "Collections": "uncollectible",
}
_ITEM_KINDS = {"Hosting": "hosting", "Addon": "addon", "Setup": "setup", "GroupDiscount": "discount"}
_MOST_SUBSCRIPTIONS = 500
"""Told of for one invoice: far more than anybody bills together, and well below what one webhook may give."""


def invoice(hook: Hook, status: str | None = None) -> Data:
    """The invoice, in the state that the hook tells of, and its subscription where it bills exactly one."""
    return {"invoice": invoice_of(hook, status), "subscription": _only_subscription(hook)}


def created_invoice(hook: Hook) -> Data:
    return invoice(hook, _STATUSES.get(text(hook.get("status")) or ""))


def awaited_invoice(hook: Hook) -> Data:
    """An invoice near its due day: `days` counts down to it and goes on below zero."""
    return {
        "invoice": invoice_of(hook, None) | {"days_until_due": days(hook)},
        "subscription": _only_subscription(hook),
    }


def overdue_invoice(hook: Hook) -> Data:
    late = invoice_of(hook, None) | {"status": "overdue", "days_until_due": days(hook)}
    return {"invoice": late, "subscription": _only_subscription(hook)}


def _only_subscription(hook: Hook) -> Subscription | None:
    """The subscription of an invoice that bills exactly one."""
    billed = billed_services(hook)
    return subscription(hook, *next(iter(billed.items()))) if len(billed) == 1 else None


def reminded(inbound: Inbound) -> tuple[On]:
    """A reminder is sent before the day an invoice is due, or after it.

    Its kinds are not documented; the late ones have been seen with "overdue" in their names.
    """
    kind = text(inbound.payload["data"].get("type")) or ""
    if "overdue" in kind.lower():
        return (On("invoice.overdue", overdue_invoice),)
    return (On("invoice.due_soon", awaited_invoice),)


def paid(inbound: Inbound) -> list[On]:
    """The invoice is paid, and each service on it has thereby renewed, or begun where it is the first one.

    WHMCS has no hook for a renewal. A domain is renewed by its registrar afterwards, which has one.
    """
    hook = inbound.payload["data"]
    told = [On("invoice.paid", partial(invoice, status="paid"))]
    for service_id, item in list(billed_services(hook).items())[:_MOST_SUBSCRIPTIONS]:
        told.append(
            On(
                "subscription.activated" if begins(hook, service_id) else "subscription.renewed",
                partial(_paid_subscription, service_id=service_id, item=item),
                key=partial(_same, service_id),
            )
        )
    return told


def invoice_of(hook: Hook, status: str | None = None) -> Invoice:
    found = row(hook.get("invoice"))
    billed = billed_services(hook)
    total, balance = money(found.get("total"), hook), money(found.get("balance"), hook)
    return {
        "id": invoice_id(hook),
        "number": invoice_number(hook),
        "status": status or _STATUSES.get(text(found.get("status")) or ""),
        **total,
        **named("amount_due", balance),
        **named("amount_paid", _difference(total, balance, hook)),
        **named("tax", _sum(money(found.get("tax"), hook), money(found.get("tax2"), hook), hook)),
        "issued_at": date(found.get("date")),
        "due_at": date(found.get("duedate")),
        "paid_at": date(found.get("datepaid")),
        "url": web_address(hook.get("url")),
        "subscription_id": f"service-{next(iter(billed))}" if len(billed) == 1 else None,
        "items": [_item(each, hook) for each in rows(found.get("items"), "item")],
    }


def known_invoice(hook: Hook) -> Invoice | None:
    """The invoice beside a payment or an order; None where the agent did not look it up."""
    return invoice_of(hook) if row(hook.get("invoice")) else None


def invoice_id(hook: Hook) -> str | None:
    """AddTransaction spells it `invocieid`, in WHMCS's documentation too."""
    found = row(hook.get("invoice"))
    named_so = (hook.get("invoiceid"), hook.get("invocieid"), hook.get("invoiceId"), hook.get("InvoiceID"))
    return next(filter(None, map(ident, (*named_so, found.get("invoiceid"), found.get("id")))), None)


def invoice_number(hook: Hook) -> str | None:
    """The number on the invoice, which is its id where WHMCS gives it no number of its own."""
    found = row(hook.get("invoice"))
    return (text(found.get("invoicenum")) or invoice_id(hook)) if found else None


def _item(item: Hook, hook: Hook) -> LineItem:
    kind = text(item.get("type")) or ""
    amount = money(item.get("amount"), hook)
    return {
        "description": text(item.get("description")),
        "kind": _kind(kind),
        "amount": amount["amount"],
        "amount_minor": amount["amount_minor"],
        "service_id": ident(item.get("relid")) if kind == "Hosting" else None,
    }


def _kind(kind: str) -> str:
    """Items of domains and of promotions are of many types: DomainRegister, PromoHosting and so on."""
    if kind.startswith("Promo"):
        return "discount"
    if kind.startswith("Domain"):
        return "domain"
    return _ITEM_KINDS.get(kind, "other")


def _paid_subscription(hook: Hook, service_id: str, item: Hook) -> Data:
    return {"subscription": subscription(hook, service_id, item), "invoice": invoice_of(hook, "paid")}


def _difference(total: Money, balance: Money, hook: Hook) -> Money:
    if total["amount"] is None or balance["amount"] is None:
        return money(None, hook)
    return money(max(total["amount"] - balance["amount"], 0), hook)


def _sum(tax: Money, second: Money, hook: Hook) -> Money:
    """Both of WHMCS's taxes together; the second is often missing."""
    if tax["amount"] is None or second["amount"] is None:
        return tax
    return money(tax["amount"] + second["amount"], hook)


def _same(key: str, _: Hook) -> str:
    return key
