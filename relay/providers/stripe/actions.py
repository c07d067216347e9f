"""What Stripe does for us, through its own library. https://docs.stripe.com/api

Every change carries an idempotency key, which Stripe keeps for a day at least: doing it again changes nothing more. The
library is read when it is first needed, sends through our own door, and tries nothing again by itself.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from relay.formats import charsets, jsontext
from relay.formats.times import timestamp
from relay.providers.stripe import reading
from relay.sdk import amounts
from relay.sdk.actions import Adapter, Task
from relay.sdk.client import Vendor
from relay.sdk.outcomes import Declined, Done, Failed, Uncertain
from relay.sdk.subscriptions import still_to_come

if TYPE_CHECKING:
    # What Stripe's own generator made of its API's description, which the type check holds us to.
    from stripe import RequestOptions
    from stripe._v1_services import V1Services
    from stripe.params import (
        CreditNoteCreateParams,
        CustomerBalanceTransactionCreateParams,
        InvoiceCreateParams,
        InvoiceItemCreateParams,
        InvoicePayParams,
        PaymentLinkCreateParams,
        PaymentLinkCreateParamsLineItemPriceData,
        RefundCreateParams,
        SubscriptionUpdateParams,
    )
    from stripe.params.billing_portal import SessionCreateParams

_NEEDS = ("api_url", "api_key")
_KEPT = timedelta(hours=24)
_NEEDS_CUSTOMER = (
    "invoice_payment_intent_requires_action",
    "authentication_required",
    "payment_intent_authentication_failure",
)
_REASONS = ("duplicate", "fraudulent", "requested_by_customer")
_USUAL_DAYS = 14

Function = Callable[["Account", Task], Done]


class Account:
    """One Stripe account as a run meets it: reads, and changes each under a key of its own."""

    def __init__(self, task: Task) -> None:
        import stripe

        self._key, self._steps = task.key, 0
        self._client = stripe.StripeClient(
            str(task.settings["api_key"]),
            base_addresses={"api": task.vendor.base},
            http_client=_through(task.vendor),
            max_network_retries=0,
        )

    @property
    def api(self) -> "V1Services":
        return self._client.v1

    def keyed(self) -> "RequestOptions":
        """The options of the next change: the same at each try, since the steps are."""
        self._steps += 1
        return {"idempotency_key": f"{self._key}-{self._steps}"}


def _through(vendor: Vendor) -> Any:
    import stripe

    class Through(stripe.HTTPClient):
        """Sends what the library wants to send."""

        name = "relay"

        def request(
            self,
            method: str,
            url: str,
            headers: Mapping[str, str] | None,
            post_data: Any = None,
            *,
            _usage: list[str] | None = None,
        ) -> tuple[str, int, Mapping[str, str]]:
            if method.lower() == "get":
                reply = vendor.read(url, headers=headers)
            else:
                body = post_data.encode() if isinstance(post_data, str) else post_data or b""
                reply = vendor.change(method.upper(), url, headers=headers, body=body)
            if reply.pretended is not None:
                return jsontext.dumps({"id": reply.pretended["id"], "object": "thing"}).decode(), 200, {}
            if not reply.ok:
                return charsets.text(reply.body), reply.status, reply.headers
            # What cannot be read says nothing: the library would call it an error of Stripe's, or break.
            found = reply.json()
            if not isinstance(found, dict) or "object" not in found:
                raise reply.not_understood("is no object of Stripe's")
            return jsontext.dumps(found).decode(), reply.status, reply.headers

        def close(self) -> None:
            """Nothing is kept open."""

    return Through()


def _doing(function: Function) -> Callable[[Task], Done]:
    """The function with Stripe's errors as outcomes."""

    def run(task: Task) -> Done:
        import stripe

        try:
            return function(Account(task), task)
        except stripe.CardError as error:
            if error.code in _NEEDS_CUSTOMER:
                text = "The bank requires the customer to confirm this payment. Send the invoice: its page asks for it."
                raise Failed(text, code="needs_customer") from None
            raise Declined(f"The card was declined: {error.user_message or error.code}") from None
        except stripe.IdempotencyError:
            raise Uncertain("This idempotency key was used for another request at Stripe.") from None
        except stripe.AuthenticationError:
            text = "Stripe refused the API key. Set a valid one: relay source set SOURCE_ID api_key=rk_..."
            raise Failed(text, code="credentials_refused") from None
        except stripe.PermissionError as error:
            raise Failed(f"The API key lacks a permission: {error.user_message}", code="not_permitted") from None
        except stripe.InvalidRequestError as error:
            code = "no_such_thing" if error.code == "resource_missing" else "refused"
            raise Failed(f"Stripe refused the request: {error.user_message or error.code}", code=code) from None
        except stripe.APIError as error:
            raise Uncertain(f"Stripe answered with status {error.http_status}. The result is unknown.") from None

    return run


# Invoices


def retry_payment(account: Account, task: Task) -> Done:
    found = _invoice(account, task)
    if found.status == "paid":
        return Done(f"Invoice {_number(found)} was already paid.", _shown(found) | _payment(found))
    if found.status != "open":
        raise Failed(
            f"Invoice {_number(found)} is {found.status}; only an open invoice can be paid.", code="wrong_state"
        )
    params: InvoicePayParams = {"off_session": True}
    if task.input.get("payment_method_id"):
        params["payment_method"] = task.input["payment_method_id"]
    paid = account.api.invoices.pay(found.id, params=params, options=account.keyed())
    return Done(f"Invoice {_number(found)} was paid.", _shown(paid) | _payment(paid))


def create(account: Account, task: Task) -> Done:
    given = task.input
    amounts.made(task)
    amount = _minor(given["amount"], given["currency"])
    params: InvoiceCreateParams = {
        "customer": given["customer_id"],
        "currency": given["currency"].lower(),
        "collection_method": "send_invoice",
        "days_until_due": given.get("days_until_due", _USUAL_DAYS),
        "auto_advance": False,
    }
    draft = account.api.invoices.create(params=params, options=account.keyed())
    line: InvoiceItemCreateParams = {
        "customer": given["customer_id"],
        "invoice": draft.id,
        "amount": amount,
        "currency": given["currency"].lower(),
        "description": given["description"],
    }
    account.api.invoice_items.create(params=line, options=account.keyed())
    made = account.api.invoices.finalize_invoice(draft.id, options=account.keyed())
    if given.get("send"):
        made = account.api.invoices.send_invoice(draft.id, options=account.keyed())
    how = "made and sent" if given.get("send") else "made"
    return Done(f"Invoice {_number(made)} was {how}.", _shown(made))


def send(account: Account, task: Task) -> Done:
    found = _invoice(account, task)
    sent = account.api.invoices.send_invoice(found.id, options=account.keyed())
    return Done(f"Invoice {_number(found)} was sent.", _shown(sent))


def void(account: Account, task: Task) -> Done:
    found = _invoice(account, task)
    if found.status == "void":
        return Done(f"Invoice {_number(found)} was already void.", _shown(found))
    voided = account.api.invoices.void_invoice(found.id, options=account.keyed())
    return Done(f"Invoice {_number(found)} was voided.", _shown(voided))


def mark_uncollectible(account: Account, task: Task) -> Done:
    found = _invoice(account, task)
    if found.status == "uncollectible":
        return Done(f"Invoice {_number(found)} was already marked uncollectible.", _shown(found))
    marked = account.api.invoices.mark_uncollectible(found.id, options=account.keyed())
    return Done(f"Invoice {_number(found)} was marked uncollectible.", _shown(marked))


def record_payment(account: Account, task: Task) -> Done:
    """Stripe marks a whole invoice as paid elsewhere, so the amount has to be what is due."""
    found = _invoice(account, task)
    if found.status == "paid":
        return Done(f"Invoice {_number(found)} was already paid.", _shown(found))
    given = task.input
    amounts.agreed(task, f"Invoice {_number(found)}", getattr(found, "currency", None))
    due = reading.money(getattr(found, "amount_remaining", None), found.currency)
    if (due["amount"], due["currency"]) != (Decimal(str(given["amount"])), given["currency"].upper()):
        raise Failed(
            f"Invoice {_number(found)} is due with {due['amount']} {due['currency']}, and Stripe records whole payments"
            f" only; {given['amount']} {given['currency']} was given."
        )
    paid = account.api.invoices.pay(found.id, params={"paid_out_of_band": True}, options=account.keyed())
    return Done(f"Invoice {_number(found)} was marked as paid.", _shown(paid))


def credit(account: Account, task: Task) -> Done:
    """What of it was paid already goes to the customer's balance, and off the next invoice."""
    found, given = _invoice(account, task), task.input
    amounts.agreed(task, f"Invoice {_number(found)}", getattr(found, "currency", None))
    amount = _minor(given["amount"], given["currency"])
    params: CreditNoteCreateParams = {"invoice": found.id, "amount": amount}
    if found.status == "paid":
        params["credit_amount"] = amount
    if given.get("reason"):
        params["memo"] = given["reason"]
    made = account.api.credit_notes.create(params=params, options=account.keyed())
    output = {
        "credit_note_id": made.id,
        "credit_note_number": getattr(made, "number", None),
        "invoice_id": found.id,
        **_money(getattr(made, "amount", None), getattr(made, "currency", None)),
    }
    return Done(f"A credit note was created for invoice {_number(found)}.", output)


def change_due_date(account: Account, task: Task) -> Done:
    """Stripe lets only a draft, of those that are sent, be due on another day."""
    found, due = _invoice(account, task), _stamp(task.input["due_at"])
    if getattr(found, "due_date", None) == due:
        return Done(f"Invoice {_number(found)} already has this due date.", _shown(found) | {"due_at": timestamp(due)})
    if found.status != "draft":
        raise Failed(
            f"Invoice {_number(found)} is {found.status}; Stripe can only change the due date of a draft.",
            code="wrong_state",
        )
    changed = account.api.invoices.update(found.id, params={"due_date": due}, options=account.keyed())
    return Done(f"The due date of invoice {_number(found)} was changed.", _shown(changed) | {"due_at": timestamp(due)})


def fetch_invoice(account: Account, task: Task) -> Done:
    found = _invoice(account, task)
    due = reading.money(getattr(found, "amount_remaining", None), getattr(found, "currency", None))["amount"]
    output = {
        **_shown(found),
        **_money(getattr(found, "total", None), getattr(found, "currency", None)),
        "amount_due": due,
        "due_at": timestamp(getattr(found, "due_date", None)),
        "customer_id": _id(getattr(found, "customer", None)),
    }
    return Done(f"Invoice {_number(found)} is {found.status}.", output)


# Refunds


def refund(account: Account, task: Task) -> Done:
    given, own_id = task.input, str(task.input["payment_id"]).strip()
    params: RefundCreateParams = {"payment_intent": own_id} if own_id.startswith("pi_") else {"charge": own_id}
    currency, taken = _taken(account, own_id)
    part = amounts.agreed(task, f"The payment {own_id}", currency, reading.money(taken, currency))
    if given.get("amount") is not None:
        params["amount"] = _minor(part["amount"], str(part["currency"]))
    if given.get("reason") in _REASONS:
        params["reason"] = given["reason"]
    made = account.api.refunds.create(params=params, options=account.keyed())
    output = {"refund_id": made.id, "refund_status": getattr(made, "status", None)}
    money = _money(getattr(made, "amount", None), getattr(made, "currency", None))
    return Done(f"Refund {made.id} was created.", output | money)


def _taken(account: Account, own_id: str) -> tuple[Any, int]:
    """The currency of a payment, and what of it can go back at most, in Stripe's smallest unit."""
    if own_id.startswith("pi_"):
        intent = account.api.payment_intents.retrieve(own_id)
        return getattr(intent, "currency", None), getattr(intent, "amount_received", 0)
    charge = account.api.charges.retrieve(own_id)
    return getattr(charge, "currency", None), getattr(charge, "amount", 0) - getattr(charge, "amount_refunded", 0)


# Subscriptions


def cancel(account: Account, task: Task) -> Done:
    found = _subscription(account, task)
    if found.status == "canceled":
        return Done(f"Subscription {found.id} was already canceled.", _term(found))
    if task.input.get("at_period_end"):
        params: SubscriptionUpdateParams = {"cancel_at_period_end": True}
        ending = account.api.subscriptions.update(found.id, params=params, options=account.keyed())
        return Done(f"Subscription {found.id} will end with its current period.", _term(ending))
    ended = account.api.subscriptions.cancel(found.id, options=account.keyed())
    return Done(f"Subscription {found.id} was canceled.", _term(ended))


def pause(account: Account, task: Task) -> Done:
    found = _subscription(account, task)
    if getattr(found, "pause_collection", None):
        return Done(f"Subscription {found.id} was already paused.", _term(found, "paused"))
    params: SubscriptionUpdateParams = {"pause_collection": {"behavior": "void"}}
    paused = account.api.subscriptions.update(found.id, params=params, options=account.keyed())
    return Done(f"Subscription {found.id} was paused.", _term(paused, "paused"))


def resume(account: Account, task: Task) -> Done:
    found = _subscription(account, task)
    if not getattr(found, "pause_collection", None):
        return Done(f"Subscription {found.id} was not paused.", _term(found))
    resumed = account.api.subscriptions.update(found.id, params={"pause_collection": ""}, options=account.keyed())
    return Done(f"Subscription {found.id} was resumed.", _term(resumed))


def change_plan(account: Account, task: Task) -> Done:
    found = _subscription(account, task)
    item = found["items"].data[0]
    if item.price.id == task.input["plan_id"]:
        return Done(f"Subscription {found.id} already has this plan.", _term(found))
    params: SubscriptionUpdateParams = {
        "items": [{"id": item.id, "price": task.input["plan_id"]}],
        "proration_behavior": "create_prorations" if task.input.get("prorate", True) else "none",
    }
    changed = account.api.subscriptions.update(found.id, params=params, options=account.keyed())
    return Done(f"The plan of subscription {found.id} was changed.", _term(changed))


def extend(account: Account, task: Task) -> Done:
    """By a trial, which is Stripe's way to move the next period without charging for the days between."""
    found, until = _subscription(account, task), _stamp(task.input["until"])
    if getattr(found, "trial_end", None) == until:
        return Done(f"Subscription {found.id} already runs until then.", _term(found))
    if found.status == "canceled":
        raise Failed(f"Subscription {found.id} is canceled.", code="wrong_state")
    params: SubscriptionUpdateParams = {"trial_end": until, "proration_behavior": "none"}
    later = account.api.subscriptions.update(found.id, params=params, options=account.keyed())
    return Done(f"The renewal of subscription {found.id} was moved.", _term(later) | {"renews_at": timestamp(until)})


def retry_outstanding(account: Account, task: Task) -> Done:
    """What is outstanding is the latest invoice."""
    found = _subscription(account, task)
    latest = _id(getattr(found, "latest_invoice", None))
    if latest is None:
        raise Failed(f"Subscription {found.id} has no invoice.", code="wrong_state")
    invoice = account.api.invoices.retrieve(latest)
    if invoice.status == "paid":
        return Done(f"Subscription {found.id} has no outstanding balance.", _term(found))
    paid = account.api.invoices.pay(latest, params={"off_session": True}, options=account.keyed())
    return Done(f"Invoice {_number(paid)} of subscription {found.id} was paid.", _term(found) | _payment(paid))


# Customers


def portal_link(account: Account, task: Task) -> Done:
    params: SessionCreateParams = {"customer": task.input["customer_id"]}
    if task.input.get("return_url"):
        params["return_url"] = task.input["return_url"]
    made = account.api.billing_portal.sessions.create(params=params, options=account.keyed())
    output = {"url": getattr(made, "url", None), "customer_id": task.input["customer_id"]}
    return Done("The link was created. It expires soon.", output)


def fetch_customer(account: Account, task: Task) -> Done:
    """By its address the list is asked: it is exact and up to date, which the search is not."""
    given = task.input
    if given.get("customer_id"):
        found = account.api.customers.retrieve(str(given["customer_id"]).strip())
    elif given.get("email"):
        some = account.api.customers.list(params={"email": given["email"].strip(), "limit": 1}).data
        if not some:
            raise Failed(f"Stripe has no customer with the e-mail address {given['email']}.", code="no_such_thing")
        found = some[0]
    else:
        raise Failed("customer_id or email is required.")
    if getattr(found, "deleted", False):
        raise Failed(f"Customer {found.id} was deleted.", code="no_such_thing")
    output = {"customer_id": found.id, "name": getattr(found, "name", None), "email": getattr(found, "email", None)}
    return Done(f"The customer is {output['name'] or output['email'] or found.id}.", output)


def add_credit(account: Account, task: Task) -> Done:
    """Credit is a negative balance."""
    given = task.input
    amount, customer = _minor(given["amount"], given["currency"]), str(given["customer_id"]).strip()
    # A customer who never paid has no currency yet, and takes that of the first.
    own = getattr(account.api.customers.retrieve(customer), "currency", None)
    amounts.agreed(task, f"The balance of customer {customer}", own or given["currency"])
    params: CustomerBalanceTransactionCreateParams = {
        "amount": -amount,
        "currency": given["currency"].lower(),
        "description": given["description"],
    }
    account.api.customers.balance_transactions.create(customer, params=params, options=account.keyed())
    output = {"customer_id": customer, **_money(amount, given["currency"])}
    return Done(f"The credit was added to customer {customer}.", output)


def create_payment_link(account: Account, task: Task) -> Done:
    given = task.input
    amounts.made(task)
    amount = _minor(given["amount"], given["currency"])
    price: PaymentLinkCreateParamsLineItemPriceData = {
        "currency": given["currency"].lower(),
        "unit_amount": amount,
        "product_data": {"name": given["description"]},
    }
    params: PaymentLinkCreateParams = {"line_items": [{"price_data": price, "quantity": 1}]}
    made = account.api.payment_links.create(params=params, options=account.keyed())
    output = {"url": getattr(made, "url", None), "payment_link_id": made.id}
    return Done("The payment link was created.", output | _money(amount, given["currency"]))


# Reading


def _invoice(account: Account, task: Task) -> Any:
    return account.api.invoices.retrieve(str(task.input["invoice_id"]).strip())


def _subscription(account: Account, task: Task) -> Any:
    return account.api.subscriptions.retrieve(str(task.input["subscription_id"]).strip())


def _minor(amount: Any, currency: str) -> int:
    found = reading.minor(Decimal(str(amount)), currency)
    if found is None:
        raise Failed(f"{amount} {currency} is not a whole number of the currency's smallest unit at Stripe.")
    return found


def _stamp(text: str) -> int:
    """Unix seconds of an instant that is still to come."""
    return int(still_to_come(text).timestamp())


def _id(thing: Any) -> str | None:
    """An id, of a thing that may have been expanded."""
    found: str | None = getattr(thing, "id", thing)
    return found


def _money(minor: Any, currency: Any) -> dict[str, Any]:
    money = reading.money(minor, currency)
    return {"amount": money["amount"], "currency": money["currency"]}


def _number(invoice: Any) -> str:
    return str(getattr(invoice, "number", None) or invoice.id)


def _shown(invoice: Any) -> dict[str, Any]:
    return {
        "invoice_id": invoice.id,
        "invoice_number": getattr(invoice, "number", None),
        "invoice_status": getattr(invoice, "status", None),
        "invoice_url": getattr(invoice, "hosted_invoice_url", None),
    }


def _payment(invoice: Any) -> dict[str, Any]:
    return _money(getattr(invoice, "amount_paid", None), getattr(invoice, "currency", None))


def _term(subscription: Any, status: str | None = None) -> dict[str, Any]:
    """Since basil, the period's end is told for each item."""
    until = getattr(subscription, "current_period_end", None)
    if until is None and "items" in subscription and subscription["items"].data:
        until = getattr(subscription["items"].data[0], "current_period_end", None)
    ends = getattr(subscription, "cancel_at_period_end", False) or getattr(subscription, "status", None) == "canceled"
    return {
        "subscription_id": subscription.id,
        "subscription_status": status or getattr(subscription, "status", None),
        "renews_at": None if ends else timestamp(until),
    }


ACTIONS: Mapping[str, Adapter] = {
    name: Adapter(_doing(function), repeatable=True, kept=_KEPT, needs=_NEEDS)
    for name, function in {
        "invoice.retry_payment": retry_payment,
        "invoice.create": create,
        "invoice.send": send,
        "invoice.void": void,
        "invoice.mark_uncollectible": mark_uncollectible,
        "invoice.record_payment": record_payment,
        "invoice.credit": credit,
        "invoice.change_due_date": change_due_date,
        "invoice.fetch": fetch_invoice,
        "payment.refund": refund,
        "subscription.cancel": cancel,
        "subscription.pause": pause,
        "subscription.resume": resume,
        "subscription.change_plan": change_plan,
        "subscription.extend": extend,
        "subscription.retry_payment": retry_outstanding,
        "customer.portal_link": portal_link,
        "customer.fetch": fetch_customer,
        "customer.add_credit": add_credit,
        "payment_link.create": create_payment_link,
    }.items()
}
