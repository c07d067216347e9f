"""What is peculiar to Recurly: JSON that holds ids, XML that holds everything and proves nothing."""

import hmac
from typing import Any

import pytest

from corpus import files, of_corpus, published
from kit.cases import cases
from kit.fake_api import KEY, ask, complete, failing, vendor
from kit.provider import ProviderUnderTest, brief
from kit.vendor import Vendor
from relay.errors import VerificationError
from relay.formats import jsontext
from relay.model import Event, Inbound
from relay.providers import get
from relay.security.verification import Credentials

__all__ = ["failing", "vendor"]

RECURLY = ProviderUnderTest("recurly")

NOW = 1_795_330_800
VERENA = ("1", "Verena Example", "verena@example.com")

PUBLISHED: dict[str, tuple[Any, ...]] = {
    "account.created.json": ("customer.created", {"id": "adfas23zzz14123"}, ("adfas23zzz14123", None, None)),
    "billing_info.updated.json": ("payment_method.updated", {"id": None}, ("client-17", None, None)),
    "billing_info_updated_notification.xml": ("payment_method.updated", {"id": None}, VERENA),
    "canceled_subscription_notification.xml": (
        "subscription.cancellation_scheduled",
        {
            "id": "dccd742f4710e78515714d275839f891",
            "status": "canceled",
            "plan": "Subscription One",
            "amount_minor": None,
            "currency": None,
            "cancel_at": "2010-09-24T22:05:03Z",
        },
        VERENA,
    ),
    "charge_invoice.past_due.json": (
        "invoice.overdue",
        {"number": "1031", "status": "overdue", "amount_minor": None, "currency": None},
        None,
    ),
    "charge_invoice_notification.xml": (
        "invoice.finalized",
        {
            "id": "42feb03ce368c0e1ead35d4bfa89b82e",
            "number": "2405",
            "amount_minor": 100000,
            "amount_due_minor": 100000,
            "currency": "USD",
            "due_at": "2018-03-16T15:00:04Z",
            "issued_at": "2018-02-13T16:00:04Z",
            "subscription_id": "40b8f5e99df03b8684b99d4993b6e089",
        },
        ("1234", None, None),
    ),
    "failed_payment_notification.xml": (
        "payment.failed",
        {
            "id": "a5143c1d3a6f4a8287d0e2cc1d4c0427",
            "amount_minor": None,
            "currency": None,
            "invoice_number": "2059",
            "failure_reason": "This transaction has been declined",
        },
        VERENA,
    ),
    "renewed_subscription_notification.xml": (
        "subscription.renewed",
        {
            "id": "6ab458a887d38070807ebb3bed7ac1e5",
            "amount_minor": None,
            "current_period_end": "2010-10-22T20:42:05Z",
            "days_until_renewal": 30,
        },
        VERENA,
    ),
    "subscription.renewal.scheduled.json": (
        "subscription.renewal_upcoming",
        {"id": "63ab531e1d5b1d47eaf1ef44eeb853c9"},
        None,
    ),
    "subscription.renewed.json": ("subscription.renewed", {"id": "63ab531e1d5b1d47eaf1ef44eeb853c9"}, None),
    "successful_refund_notification.xml": (
        "refund.succeeded",
        {"id": "a5143c1d3a6f4a8287d0e2cc1d4c0427", "amount_minor": None, "created_at": "2010-10-06T20:37:55Z"},
        VERENA,
    ),
}


@of_corpus
@pytest.mark.parametrize(("name", "expected"), PUBLISHED.items(), ids=PUBLISHED)
def test_a_published_payload_is_told(name: str, expected: tuple[Any, ...]) -> None:
    [event] = RECURLY.events(published(f"gateways/recurly/{name}"))

    entity = next(iter(event.envelope["data"].values()))
    who = event.envelope["customer"]
    assert (
        event.type,
        {field: entity[field] for field in expected[1]},
        who and (who["id"], who["name"], who["email"]),
    ) == expected


@of_corpus
def test_every_published_payload_is_in_the_table() -> None:
    assert {path.name for path in files("gateways/recurly/*")} <= set(PUBLISHED)


def posted(kind: str, happened: str, **fields: Any) -> bytes:
    told = {"id": "r1", "object_type": kind, "event_type": happened, "event_time": "2026-11-22T06:59:58Z"}
    return jsontext.dumps(told | fields)


def xml(root: str, inner: str = "") -> bytes:
    return f"<?xml version='1.0'?><{root}_notification><account/>{inner}</{root}_notification>".encode()


@cases(
    ("native", "notification", "expected"),
    [
        ("subscription.created", "new_subscription", "subscription.created"),
        ("subscription.updated", "updated_subscription", "subscription.updated"),
        ("subscription.renewed", "renewed_subscription", "subscription.renewed"),
        ("subscription.paused", "subscription_paused", "subscription.paused"),
        ("subscription.resumed", "subscription_resumed", "subscription.resumed"),
        ("subscription.canceled", "canceled_subscription", "subscription.cancellation_scheduled"),
        ("subscription.reactivated", "reactivated_account", "subscription.resumed"),
        ("subscription.expired", "expired_subscription", "subscription.expired"),
        ("subscription.renewal.scheduled", "prerenewal", "subscription.renewal_upcoming"),
        ("charge_invoice.created", "new_charge_invoice", "invoice.finalized"),
        ("charge_invoice.past_due", "past_due_charge_invoice", "invoice.overdue"),
        ("charge_invoice.paid", "paid_charge_invoice", "invoice.paid"),
        ("charge_invoice.failed", "failed_charge_invoice", "invoice.uncollectible"),
        ("dunning_event.created", "new_dunning_event", "payment.retry_scheduled"),
        ("payment.succeeded", "successful_payment", "payment.succeeded"),
        ("payment.failed", "failed_payment", "payment.failed"),
        ("payment.processing", "processing_payment", "payment.pending"),
        ("payment.refunded", "successful_refund", "refund.succeeded"),
        ("payment.voided", "void_payment", "refund.succeeded"),
        ("billing_info.updated", "billing_info_updated", "payment_method.updated"),
        ("account.created", "new_account", "customer.created"),
        ("account.updated", "updated_account", "customer.updated"),
    ],
)
def test_both_kinds_of_webhook_become_the_same(native: str, notification: str, expected: str) -> None:
    kind, _, happened = native.partition(".")

    assert RECURLY.types(posted(kind, happened)) == RECURLY.types(xml(notification)) == [expected]


@pytest.mark.parametrize(
    ("state", "expected"), [("collected", ["invoice.paid"]), ("failed", ["invoice.uncollectible"]), ("open", [])]
)
def test_an_older_invoice_is_closed_paid_or_not(state: str, expected: list[str]) -> None:
    body = xml("closed_invoice", f"<invoice><invoice_number>7</invoice_number><state>{state}</state></invoice>")

    assert RECURLY.types(body) == expected


def test_the_last_reminder_promises_no_other_attempt() -> None:
    inner = "<invoice><final_dunning_event type='boolean'>{}</final_dunning_event></invoice>"

    assert RECURLY.types(xml("new_dunning_event", inner.format("true"))) == []
    assert RECURLY.types(xml("new_dunning_event", inner.format("false"))) == ["payment.retry_scheduled"]


MANUAL = "<invoice><invoice_number>7</invoice_number><collection_method>manual</collection_method>{}</invoice>"


@pytest.mark.parametrize("final", ["", "<final_dunning_event type='boolean'>true</final_dunning_event>"])
def test_an_invoice_that_is_paid_by_hand_is_overdue_and_not_tried_again(final: str) -> None:
    [past_due] = RECURLY.events(xml("past_due_charge_invoice", MANUAL.format("")))

    [reminded] = RECURLY.events(xml("new_dunning_event", MANUAL.format(final)))

    assert brief(reminded, "number", "status") == ("invoice.overdue", "7", "overdue")
    assert reminded.envelope["data"].get("payment") is None
    assert reminded.id == past_due.id


@pytest.mark.parametrize(
    ("method", "expected"), [("manual", "invoice.overdue"), ("automatic", "payment.retry_scheduled")]
)
def test_whether_a_json_reminder_announces_a_try_is_asked(method: str, expected: str, vendor: Vendor) -> None:
    vendor.answers = {"/invoices/number-7": {"id": "i7", "number": "7", "collection_method": method}}

    [event] = ask(RECURLY, posted("dunning_event", "created", invoice_number=7), vendor).events

    assert event.type == expected


def test_an_xml_payment_without_the_sites_currency_has_no_amount() -> None:
    [event] = payment(amount_in_cents=1000)

    found = event.envelope["data"]["payment"]
    assert (found["amount"], found["amount_minor"], found["currency"]) == (None, None, None)


def payment(**fields: Any) -> list[Event]:
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
    return RECURLY.events(xml("successful_payment", f"<transaction><id>t1</id>{inner}</transaction>"))


def test_xml_that_comes_again_tells_the_same_payment() -> None:
    [first], [again] = payment(amount_in_cents=1000), payment(amount_in_cents=1000, reference="x")

    assert first.id == again.id
    assert first.envelope["provider_event"]["id"] != again.envelope["provider_event"]["id"]


def test_a_payment_is_the_same_in_xml_and_in_json() -> None:
    [by_json] = RECURLY.events(posted("payment", "succeeded", uuid="t1"))

    assert by_json.id == payment()[0].id


@pytest.mark.parametrize(
    ("currency", "cents", "expected"), [("EUR", "1000", "10.00"), ("JPY", "1000", "1000"), ("KWD", "1000", "1.000")]
)
def test_xml_payments_are_in_the_sites_currency(currency: str, cents: str, expected: str) -> None:
    body = xml("successful_payment", f"<transaction><amount_in_cents>{cents}</amount_in_cents></transaction>")

    [event] = RECURLY.events(body, settings={"currency": currency})

    found = event.envelope["data"]["payment"]
    assert (str(found["amount"]), found["amount_minor"], found["currency"]) == (expected, 1000, currency)


@pytest.mark.parametrize(("said", "expected"), [("true", False), ("false", True)])
def test_xml_payments_say_whether_they_are_tests(said: str, expected: bool) -> None:
    body = xml("failed_payment", f"<transaction><test type='boolean'>{said}</test></transaction>")

    [event] = RECURLY.events(body)

    assert event.envelope["livemode"] is expected


def test_a_repeat_is_known_by_the_header() -> None:
    body, headers = posted("subscription", "renewed", uuid="s1"), {"recurly-notification-id": "n1"}

    [event] = RECURLY.events(body, headers=headers)

    assert event.envelope["provider_event"]["id"] == "n1"


PASSWORDS = {"xml_password": "relay:of:xml"}


@pytest.mark.parametrize("password", ["relay:of:xml", "any:signing key"])
def test_xml_is_taken_with_its_own_password_or_the_signing_key(password: str) -> None:
    scheme = get("recurly").verification
    signed = scheme.sign(Inbound(xml("new_account")), Credentials((password,)), NOW)

    proof = scheme.verify(signed, Credentials(("signing key",), PASSWORDS), NOW)

    assert (proof, scheme.covers(proof)) == ("basic_auth", "not")


@pytest.mark.parametrize("body", [xml("new_account"), b" \r\n<a/>", b"{}"])
def test_a_wrong_password_proves_nothing_and_json_takes_none(body: bytes) -> None:
    scheme = get("recurly").verification
    with_password = scheme.sign(Inbound(b"<a/>"), Credentials(("wrong" if body[:1] != b"{" else "relay:of:xml",)), NOW)

    with pytest.raises(VerificationError):
        scheme.verify(Inbound(body, headers=with_password.headers), Credentials(("key",), PASSWORDS), NOW)


def test_the_password_of_xml_signs_no_json() -> None:
    scheme = get("recurly").verification
    signed = scheme.sign(Inbound(b"{}"), Credentials(("relay:of:xml",)), NOW)

    with pytest.raises(VerificationError) as refusal:
        scheme.verify(signed, Credentials(("key",), PASSWORDS), NOW)

    assert refusal.value.code == "signature_mismatch"


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (posted("subscription", "renewed", uuid="s/1"), "/subscriptions/uuid-s%2F1"),
        (posted("payment", "failed", uuid="t1"), "/transactions/uuid-t1"),
        (posted("dunning_event", "created", invoice_number=7), "/invoices/number-7"),
        (posted("billing_info", "updated", account_code="client 17"), "/accounts/code-client%2017"),
    ],
)
def test_the_object_whose_id_came_is_asked_for(body: bytes, path: str, vendor: Vendor) -> None:
    ask(RECURLY, body, vendor)

    assert vendor.paths == [path]
    assert vendor.asked[0].headers["accept"] == "application/vnd.recurly.v2021-02-25+json"
    assert vendor.asked[0].headers["authorization"].startswith("Basic ")
    assert KEY not in vendor.asked[0].headers["authorization"]


def test_a_failed_payment_is_told_with_its_reason_and_its_card(vendor: Vendor) -> None:
    vendor.answers = {
        "/transactions/uuid-t1": {
            "id": "x",
            "uuid": "t1",
            "amount": 24.5,
            "currency": "EUR",
            "status_code": "insufficient_funds",
            "status_message": "The card has insufficient funds",
            "payment_method": {"object": "credit_card", "card_type": "Visa", "last_four": "4242"},
            "account": {"code": "17", "email": "zoe@example.com"},
        }
    }

    [event] = ask(RECURLY, posted("payment", "failed", uuid="t1"), vendor).events

    assert brief(event, "id", "amount_minor", "method", "card_last4", "failure_code") == (
        "payment.failed",
        "t1",
        2450,
        "credit_card",
        "4242",
        "insufficient_funds",
    )
    assert (event.customer_id, event.customer_email) == ("17", "zoe@example.com")


def test_without_an_answer_an_event_is_told_without_amounts(failing: Vendor) -> None:
    found = ask(RECURLY, posted("charge_invoice", "past_due", invoice_number=7), failing)

    assert [brief(each, "number", "amount", "currency") for each in found.events] == [
        ("invoice.overdue", "7", None, None)
    ]
    assert (found.enriched, found.complete) == ([False], complete(failing))


@pytest.mark.parametrize("body", [b"{}", b'{"id": "r1"}', b'{"object_type": 7, "event_type": []}', b"<a><b/></a>"])
def test_a_body_that_is_no_event_is_kept_as_unknown(body: bytes) -> None:
    [event] = RECURLY.events(body)

    assert (event.type, event.envelope["data"]["unknown"]["defect"]) == ("unknown", None)


def test_recurlys_xml_is_taken_with_the_password_only() -> None:
    provider = RECURLY.provider
    xml = Inbound(b"<failed_payment_notification/>")
    signed = provider.verification.sign(xml, Credentials(("secret",)), NOW)

    proof = provider.verification.verify(signed, Credentials(("secret",)), NOW)

    assert (proof, provider.verification.covers(proof)) == ("basic_auth", "not")
    assert RECURLY.refusal(signed, "other", now=NOW) == "signature_mismatch"
    assert RECURLY.refusal(xml, "secret", now=NOW) == "missing_signature"


def test_recurlys_json_is_never_taken_with_a_password() -> None:
    provider = RECURLY.provider
    with_password = provider.verification.sign(Inbound(b"<a/>"), Credentials(("secret",)), NOW).headers

    assert RECURLY.refusal(Inbound(b"{}", headers=with_password), "secret", now=NOW) == "missing_signature"


@pytest.mark.parametrize(("ahead", "code"), [(3600, "timestamp_too_old"), (-3600, "timestamp_in_future")])
def test_recurlys_stamp_counts_milliseconds(ahead: int, code: str) -> None:
    mac = hmac.digest(b"secret", f"{NOW * 1000}.{{}}".encode(), "sha256").hex()
    signed = Inbound(b"{}", headers={"recurly-signature": f"{NOW * 1000},{'0' * 64},{mac}"})

    assert RECURLY.provider.verification.verify(signed, Credentials(("secret",)), NOW) == "recurly_signature"
    assert RECURLY.refusal(signed, "secret", now=NOW + ahead) == code


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

    assert ask(RECURLY, body, vendor).amounts == [("invoice.overdue", 1234, "zoe@example.com")]
