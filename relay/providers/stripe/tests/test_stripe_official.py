"""Every action of Stripe's against a mock that is built from Stripe's own OpenAPI description."""

from collections.abc import Iterator
from typing import Any

import pytest

from actions.fake_vendor import FakeVendor
from relay.catalogue.action_types import get as get_action
from relay.providers.stripe.actions import ACTIONS
from relay.providers.stripe.tests.official import OfficialStripe, nested
from relay.providers.stripe.tests.vendor import GIVEN, KEYS
from relay.sdk.outcomes import Done

INVOICE = {"status": "open", "currency": "eur", "amount_remaining": 2400, "amount_paid": 2400, "total": 2400}
KNOWN: dict[str, dict[str, Any]] = {
    "invoice": {**INVOICE, "id": "in_1", "number": "INV-1042", "customer": "cus_1"},
    "subscription": {"id": "sub_1", "status": "active", "latest_invoice": "in_1"},
    "customer": {"id": "cus_1", "email": "zoe@acme.example", "name": "Zoë", "currency": "eur"},
    "payment_intent": {"id": "pi_1", "amount": 2400, "amount_received": 2400, "currency": "jpy"},
    "credit_note": {"id": "cn_1", "amount": 600, "currency": "eur", "number": "CN-1"},
    "refund": {"id": "re_1", "amount": 1200, "currency": "jpy", "status": "succeeded"},
    "billing_portal.session": {"id": "bps_1", "url": "https://billing.stripe.example/p/1"},
}
NEWER = ("payment_link.create",)
"""Those that use what the description does not know yet; the type check holds them against the library's own types."""


@pytest.fixture
def stripe() -> OfficialStripe:
    return OfficialStripe({name: dict(each) for name, each in KNOWN.items()})


@pytest.fixture
def vendor(stripe: OfficialStripe) -> Iterator[FakeVendor]:
    with FakeVendor(stripe) as made:
        yield made


def does(vendor: FakeVendor, action: str) -> Done:
    return ACTIONS[action].run(vendor.task(GIVEN[action], KEYS))


@pytest.mark.stripe_description
@pytest.mark.parametrize("action", [each for each in ACTIONS if each not in NEWER])
def test_what_is_asked_and_told_is_what_the_description_says(
    vendor: FakeVendor, stripe: OfficialStripe, action: str
) -> None:
    if action == "subscription.resume":
        stripe.known("subscription")["pause_collection"] = {"behavior": "void", "resumes_at": None}
    if action == "subscription.change_plan":
        price = stripe.made("price") | {"id": "price_1"}
        item = stripe.made("subscription_item") | {"id": "si_1", "price": price}
        stripe.known("subscription")["items"] = {
            "object": "list",
            "data": [item],
            "has_more": False,
            "url": "/v1/subscription_items",
        }
    if action == "customer.fetch":
        stripe.known("list").update(data=[stripe.made("customer")], url="/v1/customers")
    if action == "invoice.change_due_date":
        stripe.known("invoice")["status"] = "draft"

    done = does(vendor, action)

    assert stripe.complaints == []
    assert stripe.taken
    assert set(done.output) <= set(get_action(action).outputs)


@pytest.mark.parametrize(
    ("pairs", "fields"),
    [
        ([("a", "1")], {"a": "1"}),
        ([("a[b]", "1"), ("a[c]", "")], {"a": {"b": "1", "c": ""}}),
        ([("a[0][b]", "1"), ("a[1][b]", "2")], {"a": [{"b": "1"}, {"b": "2"}]}),
        ([("a[0]", "x"), ("a[1]", "y")], {"a": ["x", "y"]}),
    ],
)
def test_stripes_form_is_read(pairs: list[tuple[str, str]], fields: dict[str, Any]) -> None:
    assert nested(pairs) == fields


@pytest.mark.stripe_description
def test_what_does_not_fit_the_description_is_seen(vendor: FakeVendor, stripe: OfficialStripe) -> None:
    way = vendor.task({}, KEYS).vendor
    way.change("POST", "/v1/invoices/in_1/pay", form={"off_session": "perhaps", "nonsense": "1"})
    way.change("POST", "/v1/invoices/in_1/charge", form={})
    way.read("/v1/customers", query={"mail": "zoe@acme.example"})

    said = " ".join(stripe.complaints)
    assert all(word in said for word in ("perhaps", "nonsense", "/charge is not in", "knows no mail"))
