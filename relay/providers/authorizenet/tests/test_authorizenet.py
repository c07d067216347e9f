"""What is peculiar to Authorize.Net: the key is text, response codes decide, money has no currency."""

import json
from pathlib import Path
from typing import Any

import pytest

from corpus import of_corpus, published
from kit.cases import cases
from kit.provider import ProviderUnderTest
from relay.develop.samples import read_http
from relay.errors import VerificationError
from relay.model import Inbound
from relay.providers.authorizenet import PROVIDER
from relay.security.verification import Credentials

AUTHORIZENET = ProviderUnderTest("authorizenet")
FOLDER = Path(__file__).parents[1]
KEY = "0A1B2C3D" * 16
NOW = 1_795_330_800


def notification(name: str, **payload: Any) -> dict[str, Any]:
    return {"eventType": f"net.authorize.{name}", "payload": payload}


@pytest.mark.parametrize("case", [str.upper, str.lower])
def test_the_signature_may_be_written_in_either_case(case):
    signed = PROVIDER.verification.sign(Inbound(b"{}"), Credentials((KEY,)), NOW)
    digits = signed.headers["x-anet-signature"].removeprefix("sha512=")
    inbound = Inbound(b"{}", headers={"x-anet-signature": "sha512=" + case(digits)})

    assert PROVIDER.verification.verify(inbound, Credentials((KEY,)), NOW) == "authorizenet_signature"


@pytest.mark.parametrize(
    ("header", "code"),
    [("", "missing_signature"), ("sha256=00", "no_supported_signature"), ("sha512=é", "signature_mismatch")],
)
def test_an_odd_header_is_refused_with_its_reason(header, code):
    with pytest.raises(VerificationError) as refusal:
        PROVIDER.verification.verify(Inbound(b"{}", headers={"x-anet-signature": header}), Credentials((KEY,)), NOW)

    assert refusal.value.code == code


@cases(
    ("name", "code", "expected"),
    [
        ("payment.authcapture.created", 1, "payment.succeeded"),
        ("payment.authcapture.created", "1", "payment.succeeded"),
        ("payment.authcapture.created", 2, "payment.failed"),
        ("payment.authcapture.created", 3, "payment.failed"),
        ("payment.authcapture.created", 4, "payment.pending"),
        ("payment.authcapture.created", None, "payment.failed"),
        ("payment.authorization.created", 1, "payment.pending"),
        ("payment.authorization.created", 2, "payment.failed"),
        ("payment.refund.created", 1, "refund.succeeded"),
        ("payment.refund.created", 3, "refund.failed"),
        ("payment.refund.created", 4, "refund.created"),
    ],
)
def test_the_response_code_decides(name, code, expected):
    assert AUTHORIZENET.types(notification(name, responseCode=code)) == [expected]


@pytest.mark.parametrize(
    ("amount", "currency", "minor"), [("7.67", "USD", 767), ("23", "CAD", 2300), ("50000.0", "USD", 5_000_000)]
)
def test_money_is_counted_in_the_merchants_currency(amount, currency, minor):
    body = b'{"eventType":"net.authorize.payment.void.created","payload":{"authAmount":%s}}' % amount.encode()

    event = AUTHORIZENET.event(body, settings={"currency": currency})

    payment = event.envelope["data"]["payment"]
    assert (payment["amount_minor"], payment["currency"]) == (minor, currency)


def test_without_the_merchants_currency_nothing_is_told_of_an_amount():
    event = AUTHORIZENET.event(notification("payment.authcapture.created", responseCode=1, id="60", authAmount=59.5))

    payment = event.envelope["data"]["payment"]
    assert (payment["amount"], payment["amount_minor"], payment["currency"]) == (None, None, None)
    assert event.envelope["summary"] == "Payment succeeded."


def test_a_profiles_description_is_no_name():
    event = AUTHORIZENET.event(
        notification("customer.created", entityName="customerProfile", id="394", description="VIP, pays late")
    )

    assert event.envelope["customer"] == {"id": "394", "name": None, "email": None, "company": None}
    assert event.envelope["data"]["customer"]["name"] is None


@pytest.mark.parametrize(("code", "by_the_filter"), [(4, "payment.fraud.held"), (2, "payment.fraud.declined")])
def test_what_the_fraud_filter_tells_too_is_told_once(code, by_the_filter):
    [charge], [filtered] = (
        AUTHORIZENET.events(notification(name, responseCode=code, id="60"))
        for name in ("payment.authcapture.created", by_the_filter)
    )

    assert (filtered.type, filtered.id) == (charge.type, charge.id)


def test_a_payment_is_told_once_though_it_is_reserved_held_and_captured():
    captured, approved = (
        AUTHORIZENET.events(notification(name, responseCode=1, id="60"))
        for name in ("payment.priorAuthCapture.created", "payment.fraud.approved")
    )

    assert captured[0].id == approved[0].id


@cases("path", sorted((FOLDER / "samples").glob("*.http")), ids=lambda path: path.stem)
@cases("odd", [None, "", [], {}, "x", True])
def test_no_field_is_needed(path, odd):
    webhook = json.loads(read_http(path)[1].body)

    for field in webhook["payload"]:
        changed = webhook | {"payload": webhook["payload"] | {field: odd}}
        found = AUTHORIZENET.events(changed)
        assert {(each.defect, each.envelope["data"].get("unknown")) for each in found} == {(None, None)}, field


def test_an_event_without_a_payload_is_told():
    assert [event.defect for event in AUTHORIZENET.events(b'{"eventType":"net.authorize.payment.void.created"}')] == [
        None
    ]


TOLD = {
    "net.authorize.customer.subscription.cancelled": ["subscription.canceled"],
    "net.authorize.customer.subscription.created": ["subscription.created"],
    "net.authorize.customer.subscription.expiring": ["subscription.renewal_upcoming"],
    "net.authorize.customer.subscription.failed": ["payment.failed", "subscription.renewal_failed"],
    "net.authorize.customer.subscription.terminated": ["subscription.canceled"],
    "net.authorize.foobar.stuff": ["unknown"],
    "net.authorize.payment.authorization.created": ["payment.pending"],
    "net.authorize.payment.fraud.held": ["payment.pending"],
}


@of_corpus
@pytest.mark.parametrize(("name", "expected"), TOLD.items())
def test_a_published_payload_is_told_without_a_defect(name, expected):
    found = AUTHORIZENET.events(published(f"gateways/authorizenet/{name}.json"))

    assert [(event.type, event.defect) for event in found] == [(each, None) for each in expected]
