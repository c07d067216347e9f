"""What is peculiar to gateways that say little: what is proved, what is refused, and what is asked of whom."""

import hmac
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from kit.vendor import Vendor
from kit.waiting import PATIENCE_SECONDS
from relay.errors import VerificationError
from relay.formats import jsontext
from relay.http import GuardedClient
from relay.inbound.identity import read
from relay.inbound.lookups import ApiReader
from relay.inbound.normalize import Origin, normalize
from relay.model import Inbound, Source
from relay.providers import get
from relay.security.verification import Credentials

NOW = 1_795_330_800


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor() as made:
        yield made


def told(name: str, body: bytes, vendor: Vendor, *, query: dict[str, str] | None = None) -> list[tuple[str, Any, Any]]:
    """Type, amount in minor units and customer's address of each event, after the vendor was asked."""
    provider = get(name)
    settings = {**provider.usual_settings, "api_url": vendor.url, "api_key": "key_1"}
    webhook = read(provider, Inbound(body, query=query or {}, settings=settings))
    api_reader = ApiReader(lambda: GuardedClient(allow_private=frozenset(["127.0.0.1"])))
    assert provider.look_up is not None
    answers = api_reader.look_up(provider.look_up, webhook).result(timeout=PATIENCE_SECONDS)
    api_reader.close()
    origin = Origin(Source("src_1", "ws_1", name, "Ours"), 1, provider.verification.name)
    events = normalize(provider, replace(webhook, looked_up=answers.told), origin)
    assert [event.defect for event in events if event.defect] == []
    return [(e.type, next(iter(e.envelope["data"].values())).get("amount_minor"), e.customer_email) for e in events]


def refusal(name: str, inbound: Inbound, secret: str = "secret", now: float = NOW) -> str:
    with pytest.raises(VerificationError) as caught:
        get(name).verification.verify(inbound, Credentials((secret,)), now)
    return caught.value.code


def test_mollies_older_webhooks_are_told_by_what_mollie_answers(vendor: Vendor) -> None:
    vendor.answers = {
        "/v2/payments/tr_1": {
            "resource": "payment",
            "id": "tr_1",
            "status": "paid",
            "amount": {"value": "24.00", "currency": "EUR"},
            "amountChargedBack": {"value": "24.00", "currency": "EUR"},
            "customerId": "cst_1",
        },
        "/v2/customers/cst_1": {"email": "zoe@example.com"},
    }

    found = told("mollie", b"id=tr_1", vendor)

    assert found == [("payment.succeeded", 2400, "zoe@example.com"), ("dispute.opened", 2400, "zoe@example.com")]
    assert {each.headers["authorization"] for each in vendor.asked} == {"Bearer key_1"}


@pytest.mark.parametrize("answer", [404, 500, {}])
def test_what_mollie_does_not_answer_is_kept_as_unknown(vendor: Vendor, answer: Any) -> None:
    vendor.answers = {"/v2/payments/tr_1": answer}

    assert [event_type for event_type, _, _ in told("mollie", b"id=tr_1", vendor)] == ["unknown"]


@pytest.mark.parametrize(
    ("body", "headers", "code"),
    [
        (b'{"resource":"event","id":"event_1"}', {}, "missing_signature"),
        (b"id=tr_1&amount=1", {}, "missing_signature"),
        (b"id=../admin", {}, "missing_signature"),
        (b"id=tr_1", {"x-mollie-signature": "sha256=00"}, "malformed_header"),
        (b"", {}, "missing_signature"),
    ],
)
def test_what_only_looks_like_an_older_webhook_of_mollies_is_refused(
    body: bytes, headers: dict[str, str], code: str
) -> None:
    assert refusal("mollie", Inbound(body, headers=headers)) == code


def test_a_batch_of_gocardless_asks_for_each_thing_once_and_tells_each_event(vendor: Vendor) -> None:
    events = [
        {"id": f"EV{n}", "resource_type": "payments", "action": action, "links": {"payment": "PM1"}, "details": {}}
        for n, action in enumerate(("confirmed", "charged_back", "something_new"))
    ]
    vendor.answers = {
        "/payments/PM1": {"payments": {"id": "PM1", "amount": 1200, "currency": "JPY", "links": {"mandate": "MD1"}}},
        "/mandates/MD1": {"mandates": {"id": "MD1", "links": {"customer": "CU1"}}},
        "/customers/CU1": {"customers": {"id": "CU1", "email": "zoe@example.com"}},
    }

    found = told("gocardless", jsontext.dumps({"events": events}), vendor)

    assert found == [
        ("payment.succeeded", 1200, "zoe@example.com"),
        ("dispute.opened", 1200, "zoe@example.com"),
        ("unknown", None, None),
    ]
    assert sorted(vendor.paths) == ["/customers/CU1", "/mandates/MD1", "/payments/PM1"]


def test_250_events_of_gocardless_have_250_ids(vendor: Vendor) -> None:
    events = [
        {"id": f"EV{n}", "resource_type": "mandates", "action": "cancelled", "links": {"mandate": f"MD{n}"}}
        for n in range(250)
    ]
    provider = get("gocardless")
    webhook = read(provider, Inbound(jsontext.dumps({"events": events})))

    made = normalize(provider, webhook, Origin(Source("src_1", "ws_1", "gocardless", "Ours"), 1, "x"))

    assert len({event.id for event in made}) == 250


def test_mercado_pagos_body_must_not_name_another_thing_than_what_is_signed(vendor: Vendor) -> None:
    provider = get("mercadopago")
    body = b'{"id":1,"type":"payment","action":"payment.updated","data":{"id":"123"}}'
    signed = provider.verification.sign(Inbound(body, query={"data.id": "123"}), Credentials(("secret",)), NOW)

    assert provider.verification.verify(signed, Credentials(("secret",)), NOW) == "mercadopago_signature"
    assert refusal("mercadopago", replace(signed, body=body.replace(b'"123"', b'"124"'))) == "signature_mismatch"
    assert refusal("mercadopago", replace(signed, query={"data.id": "124"})) == "signature_mismatch"
    assert refusal("mercadopago", replace(signed, query={})) == "signature_mismatch"
    assert refusal("mercadopago", signed, now=NOW + 3600) == "timestamp_too_old"
    assert refusal("mercadopago", signed, now=NOW - 3600) == "timestamp_in_future"


def test_mercado_pago_is_believed_only_by_what_it_answers(vendor: Vendor) -> None:
    vendor.answers = {
        "/v1/payments/123": {"id": 123, "status": "approved", "transaction_amount": 10.5, "currency_id": "BRL"}
    }
    body = b'{"id":1,"type":"payment","data":{"id":"123"},"transaction_amount":9999}'

    assert told("mercadopago", body, vendor, query={"data.id": "123"}) == [("payment.succeeded", 1050, None)]


def test_recurlys_xml_is_taken_with_the_password_only() -> None:
    provider = get("recurly")
    xml = Inbound(b"<failed_payment_notification/>")
    signed = provider.verification.sign(xml, Credentials(("secret",)), NOW)

    proof = provider.verification.verify(signed, Credentials(("secret",)), NOW)

    assert (proof, provider.verification.covers(proof)) == ("basic_auth", "not")
    assert refusal("recurly", signed, secret="other") == "signature_mismatch"
    assert refusal("recurly", xml) == "missing_signature"


def test_recurlys_json_is_never_taken_with_a_password() -> None:
    provider = get("recurly")
    with_password = provider.verification.sign(Inbound(b"<a/>"), Credentials(("secret",)), NOW).headers

    assert refusal("recurly", Inbound(b"{}", headers=with_password)) == "missing_signature"


@pytest.mark.parametrize(("ahead", "code"), [(3600, "timestamp_too_old"), (-3600, "timestamp_in_future")])
def test_recurlys_stamp_counts_milliseconds(ahead: int, code: str) -> None:
    mac = hmac.digest(b"secret", f"{NOW * 1000}.{{}}".encode(), "sha256").hex()
    signed = Inbound(b"{}", headers={"recurly-signature": f"{NOW * 1000},{'0' * 64},{mac}"})

    assert get("recurly").verification.verify(signed, Credentials(("secret",)), NOW) == "recurly_signature"
    assert refusal("recurly", signed, now=NOW + ahead) == code


def test_recurlys_ids_become_amounts_and_names(vendor: Vendor) -> None:
    vendor.answers = {
        "/invoices/number-7": {
            "id": "inv7",
            "number": "7",
            "state": "past_due",
            "currency": "KWD",
            "total": 1.234,
            "balance": 1.234,
            "account": {"code": "17", "email": "zoe@example.com"},
        }
    }
    body = b'{"id":"r1","object_type":"charge_invoice","event_type":"past_due","invoice_number":7}'

    assert told("recurly", body, vendor) == [("invoice.overdue", 1234, "zoe@example.com")]


def test_chargebee_fetches_the_event_again_when_it_has_a_key(vendor: Vendor) -> None:
    invoice = {"id": "7", "status": "paid", "currency_code": "EUR", "total": 2400}
    genuine = {"id": "ev_1", "event_type": "invoice_updated", "content": {"invoice": invoice}}
    vendor.answers = {"/api/v2/events/ev_1": {"event": genuine}}
    posted = {**genuine, "content": {"invoice": {**invoice, "total": 1}}}

    assert told("chargebee", jsontext.dumps(posted), vendor) == [("invoice.paid", 2400, None)]
