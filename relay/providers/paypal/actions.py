"""What PayPal does for us: its REST API, with the app's own credentials. https://developer.paypal.com/api/rest/

A token is asked for in each run. Payments know an idempotency key, `PayPal-Request-Id`; invoices do not, so ours carry
the run in their number, and are looked for by it.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from relay.formats.money import exponent, from_decimal
from relay.formats.times import day, timestamp
from relay.providers.paypal.postback import api_address
from relay.sdk import amounts
from relay.sdk.actions import Adapter, Task
from relay.sdk.client import Reply, basic, bearer
from relay.sdk.fields import an_object, dig, first, objects, scalar
from relay.sdk.outcomes import Declined, Done, Failed, shown
from relay.sdk.provider import segment

_NEEDS = ("client_id", "client_secret")
_STATES = {"ACTIVE": "active", "SUSPENDED": "paused", "CANCELLED": "canceled", "EXPIRED": "expired"}
_USUAL_REASON = "Requested by the merchant"
_LONGEST_NUMBER = 25
_KEPT = timedelta(hours=24)
"""How long we trust PayPal to know our request's id; it says that it keeps them for longer."""

_WHOLE = ("HUF", "JPY", "TWD")
"""Currencies that PayPal takes without decimals, whatever ISO says."""


class Account:
    """PayPal's API with a token of one run."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._base = api_address(task.settings)
        credentials = basic(str(task.settings["client_id"]), str(task.settings["client_secret"]))
        form = {"grant_type": "client_credentials"}
        reply = task.vendor.read(self._base + "/v1/oauth2/token", method="POST", headers=credentials, form=form)
        token = scalar(reply.expect(_reason).object().get("access_token"))
        if token is None:
            raise Failed("PayPal did not return an access token for these credentials.", code="credentials_refused")
        self._headers = bearer(token)

    def ask(self, path: str, **more: Any) -> Reply:
        return self._task.vendor.read(self._base + path, headers=self._headers, **more).expect(_reason)

    def tell(self, path: str, body: Any, *, key: str | None = None) -> Reply:
        headers = self._headers | ({"paypal-request-id": key} if key else {})
        reply = self._task.vendor.change("POST", self._base + path, headers=headers, json=body)
        if reply.status == 422 and _issue(reply) in ("INSTRUMENT_DECLINED", "TRANSACTION_REFUSED"):
            raise Declined(f"PayPal declined the payment: {_reason(reply.json())}")
        return reply.expect(_reason)


# Subscriptions


def pause(task: Task) -> Done:
    return _move(task, "SUSPENDED", "suspend", "paused")


def resume(task: Task) -> Done:
    return _move(task, "ACTIVE", "activate", "resumed")


def cancel(task: Task) -> Done:
    if task.input.get("at_period_end"):
        raise Failed("PayPal can only cancel immediately. Leave At Period End off.")
    return _move(task, "CANCELLED", "cancel", "canceled")


def change_plan(task: Task) -> Done:
    account = Account(task)
    found, plan = _subscription(account, task), str(task.input["plan_id"])
    if found.get("plan_id") == plan:
        return Done(f"Subscription {found['id']} already has this plan.", _term(found))
    said = account.tell(f"{_path(found)}/revise", {"plan_id": plan}).object()
    link = next((each.get("href") for each in objects(said.get("links")) if each.get("rel") == "approve"), None)
    asks = f" The customer must approve the change: {link}" if link else ""
    return Done(f"The plan of subscription {found['id']} was changed.{asks}", _term(found))


def retry_outstanding(task: Task) -> Done:
    """Under the run's own key, which PayPal keeps."""
    account = Account(task)
    found = _subscription(account, task)
    owed = an_object(dig(found, "billing_info", "outstanding_balance"))
    money = from_decimal(owed.get("value"), owed.get("currency_code"))
    if not money["amount"]:
        return Done(f"Subscription {found['id']} has no outstanding balance.", _term(found))
    body = {"note": _USUAL_REASON, "capture_type": "OUTSTANDING_BALANCE", "amount": owed}
    said = account.tell(f"{_path(found)}/capture", body, key=task.key).object()
    output = {"payment_id": scalar(said.get("id")), "amount": money["amount"], "currency": money["currency"]}
    asked = "is being collected" if scalar(said.get("status")) in (None, "PENDING") else "was collected"
    return Done(f"The outstanding balance of subscription {found['id']} {asked}.", _term(found) | output)


def _path(subscription: Mapping[str, Any]) -> str:
    return f"/v1/billing/subscriptions/{segment(subscription['id'])}"


def _move(task: Task, state: str, verb: str, words: str) -> Done:
    account = Account(task)
    found = _subscription(account, task)
    if found.get("status") == state:
        return Done(f"Subscription {found['id']} was already {words}.", _term(found))
    reason = (task.input.get("reason") or _USUAL_REASON)[:128]
    account.tell(f"{_path(found)}/{verb}", {"reason": reason})
    return Done(f"Subscription {found['id']} was {words}.", _term({**found, "status": state}))


def _subscription(account: Account, task: Task) -> dict[str, Any]:
    own_id = str(task.input["subscription_id"]).strip()
    return {"id": own_id, **account.ask(f"/v1/billing/subscriptions/{segment(own_id)}").object()}


def _term(found: Mapping[str, Any]) -> dict[str, Any]:
    state = scalar(found.get("status")) or ""
    return {
        "subscription_id": scalar(found.get("id")),
        "subscription_status": _STATES.get(state, state.lower() or None),
        "renews_at": timestamp(dig(found, "billing_info", "next_billing_time")) if state == "ACTIVE" else None,
    }


# Invoices


def create(task: Task) -> Done:
    given, account = task.input, Account(task)
    known = _by_number(account, task)
    if known is None:
        currency = str(amounts.made(task)["currency"])
        item = {
            "name": given["description"][:200],
            "quantity": "1",
            "unit_amount": {"currency_code": currency, "value": _value(given["amount"], currency)},
        }
        body = {
            "detail": {"invoice_number": _own_number(task), "currency_code": currency},
            "primary_recipients": [{"billing_info": {"email_address": given["customer_id"]}}],
            "items": [item],
        }
        said = account.tell("/v2/invoicing/invoices", body).object()
        own_id = scalar(said.get("id")) or (scalar(said.get("href")) or "").rpartition("/")[2]
        known = {"id": own_id, "status": "DRAFT"}
    if given.get("send") and known.get("status") == "DRAFT":
        account.tell(f"/v2/invoicing/invoices/{segment(known['id'])}/send", {"send_to_recipient": True})
        known = {**known, "status": "SENT"}
    return Done(f"Invoice {_own_number(task)} was created.", _shown(known) | {"invoice_number": _own_number(task)})


def was_created(task: Task) -> Done | None:
    known = _by_number(Account(task), task)
    return Done(f"Invoice {_own_number(task)} was created.", _shown(known)) if known else None


def send(task: Task) -> Done:
    """A draft is sent; of one that was sent before, the customer is reminded."""
    account = Account(task)
    found = _invoice(account, task)
    verb, words = ("send", "sent") if found.get("status") == "DRAFT" else ("remind", "reminded of")
    account.tell(f"/v2/invoicing/invoices/{segment(found['id'])}/{verb}", {"send_to_recipient": True})
    return Done(f"Invoice {_number(found)} was {words}.", _shown(found))


def void(task: Task) -> Done:
    account = Account(task)
    found = _invoice(account, task)
    if found.get("status") == "CANCELLED":
        return Done(f"Invoice {_number(found)} was already canceled.", _shown(found))
    account.tell(f"/v2/invoicing/invoices/{segment(found['id'])}/cancel", {"send_to_recipient": True})
    return Done(f"Invoice {_number(found)} was canceled.", _shown({**found, "status": "CANCELLED"}))


def record_payment(task: Task) -> Done:
    """Its note is the reference: one that is there already is this payment."""
    given, account = task.input, Account(task)
    found = _invoice(account, task)
    noted = [each.get("note") for each in objects(dig(found, "payments", "transactions"))]
    if given["reference"] in noted:
        return Done(f"Invoice {_number(found)} already has this payment.", _shown(found))
    own = dig(found, "amount", "currency_code") or dig(found, "detail", "currency_code")
    currency = str(amounts.agreed(task, f"Invoice {_number(found)}", own)["currency"])
    body = {
        "method": "BANK_TRANSFER",
        "payment_date": datetime.now(UTC).date().isoformat(),
        "amount": {"currency_code": currency, "value": _value(given["amount"], currency)},
        "note": given["reference"],
    }
    account.tell(f"/v2/invoicing/invoices/{segment(found['id'])}/payments", body)
    return Done(f"Payment {given['reference']} was recorded on invoice {_number(found)}.", _shown(found))


def fetch(task: Task) -> Done:
    found = _invoice(Account(task), task)
    amount, due = (an_object(found.get(name)) for name in ("amount", "due_amount"))
    money = from_decimal(amount.get("value"), amount.get("currency_code"))
    output = {
        **_shown(found),
        "amount": money["amount"],
        "currency": money["currency"],
        "amount_due": from_decimal(due.get("value"), due.get("currency_code"))["amount"],
        "due_at": day(dig(found, "detail", "payment_term", "due_date")),
        "customer_id": scalar(dig(first(found.get("primary_recipients")), "billing_info", "email_address")),
    }
    return Done(f"Invoice {_number(found)} is {_shown(found)['invoice_status']}.", output)


def _invoice(account: Account, task: Task) -> dict[str, Any]:
    own_id = str(task.input["invoice_id"]).strip()
    found = account.ask(f"/v2/invoicing/invoices/{segment(own_id)}").object()
    return {"id": own_id, **shown(found, f"invoice {own_id}")}


def _by_number(account: Account, task: Task) -> dict[str, Any] | None:
    wanted = {"invoice_number": _own_number(task)}
    found = first(account.ask("/v2/invoicing/search-invoices", method="POST", json=wanted).object().get("items"))
    return found or None


def _own_number(task: Task) -> str:
    return f"R{task.key[-(_LONGEST_NUMBER - 1) :]}"


def _number(invoice: Mapping[str, Any]) -> str:
    return scalar(dig(invoice, "detail", "invoice_number")) or str(invoice["id"])


def _shown(invoice: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "invoice_id": scalar(invoice.get("id")),
        "invoice_number": scalar(dig(invoice, "detail", "invoice_number")),
        "invoice_status": (scalar(invoice.get("status")) or "").lower() or None,
        "invoice_url": scalar(dig(invoice, "detail", "metadata", "recipient_view_url")),
    }


# Refunds


def refund(task: Task) -> Done:
    given, account = task.input, Account(task)
    body: dict[str, Any] = {}
    own_id = str(given["payment_id"]).strip()
    path = f"/v2/payments/captures/{segment(own_id)}"
    taken = an_object(account.ask(path).object().get("amount"))
    known = from_decimal(taken.get("value"), taken.get("currency_code"))
    money = amounts.agreed(task, f"The capture {own_id}", taken.get("currency_code"), known)
    if given.get("amount") is not None:
        body["amount"] = {"currency_code": money["currency"], "value": _value(money["amount"], str(money["currency"]))}
    if given.get("reason"):
        body["note_to_payer"] = given["reason"]
    said = account.tell(f"{path}/refund", body, key=task.key).object()
    amount = an_object(said.get("amount"))
    output = {
        "refund_id": scalar(said.get("id")),
        "refund_status": (scalar(said.get("status")) or "").lower() or None,
        "amount": Decimal(amount["value"]) if scalar(amount.get("value")) else given.get("amount"),
        "currency": scalar(amount.get("currency_code")) or given.get("currency"),
    }
    return Done(f"Refund {output['refund_id']} was created.", output)


def _value(amount: Any, currency: str) -> str:
    """Decimal text, with as many places as the currency has there."""
    exact = Decimal(str(amount))
    places = 0 if currency in _WHOLE else exponent(currency)
    rounded = exact.quantize(Decimal(1).scaleb(-places))
    if rounded != exact:
        raise Failed(f"{amount} {currency} is not a whole number of the currency's smallest unit at PayPal.")
    return str(rounded)


def _issue(reply: Reply) -> str | None:
    return scalar(first(reply.object().get("details")).get("issue"))


def _reason(said: Any) -> str | None:
    found = an_object(said)
    detail = first(found.get("details"))
    words = (found.get("message"), detail.get("description"), found.get("error_description"))
    return " ".join(filter(None, map(scalar, words))) or None


ACTIONS: Mapping[str, Adapter] = {
    "subscription.pause": Adapter(pause, repeatable=True, needs=_NEEDS),
    "subscription.resume": Adapter(resume, repeatable=True, needs=_NEEDS),
    "subscription.cancel": Adapter(cancel, repeatable=True, needs=_NEEDS),
    "subscription.change_plan": Adapter(change_plan, repeatable=True, needs=_NEEDS),
    "subscription.retry_payment": Adapter(retry_outstanding, repeatable=True, kept=_KEPT, needs=_NEEDS),
    "invoice.fetch": Adapter(fetch, repeatable=True, needs=_NEEDS),
    "invoice.create": Adapter(create, look_up_outcome=was_created, needs=_NEEDS),
    "invoice.send": Adapter(send, needs=_NEEDS),
    "invoice.void": Adapter(void, repeatable=True, needs=_NEEDS),
    "invoice.record_payment": Adapter(record_payment, repeatable=True, needs=_NEEDS),
    "payment.refund": Adapter(refund, repeatable=True, kept=_KEPT, needs=_NEEDS),
}
