"""What is peculiar to Braintree: XML in a form, signatures for several keys, a challenge for a new address."""

import base64
import json
from urllib.parse import parse_qsl, urlencode

import pytest

from corpus import of_every_file
from kit.cases import cases
from kit.provider import ProviderUnderTest
from relay.errors import VerificationError
from relay.inbound.identity import read
from relay.model import Inbound
from relay.providers.braintree import PROVIDER
from relay.sdk.provider import Reply
from relay.security.verification import Credentials

BRAINTREE = ProviderUnderTest("braintree")
KEYS = Credentials(settings={"public_key": "public_of_ours", "private_key": "private_of_ours"})
THEIRS = Credentials(settings={"public_key": "public_of_theirs", "private_key": "private_of_theirs"})
NOW = 1_795_330_800


def form(xml: str) -> bytes:
    return urlencode({"bt_payload": base64.encodebytes(xml.encode()).decode()}).encode()


def notification(kind: str, subject: str) -> bytes:
    stamp = '<timestamp type="datetime">2026-11-22T07:00:00Z</timestamp>'
    return form(f"<notification><kind>{kind}</kind>{stamp}<subject>{subject}</subject></notification>")


def signed(inbound: Inbound, credentials: Credentials = KEYS) -> Inbound:
    return PROVIDER.verification.sign(inbound, credentials, NOW)


def code(body: bytes, credentials: Credentials = KEYS) -> str:
    return BRAINTREE.refusal(Inbound(body), now=NOW, settings=credentials.settings)


def with_signature(signature: str) -> bytes:
    fields = dict(parse_qsl(signed(BRAINTREE.sample("dispute_opened")).body.decode()))
    return urlencode(fields | {"bt_signature": signature}).encode()


def test_the_part_of_our_own_key_is_looked_for():
    ours, theirs = (
        dict(parse_qsl(signed(BRAINTREE.sample("dispute_opened"), each).body.decode()))["bt_signature"]
        for each in (KEYS, THEIRS)
    )

    PROVIDER.verification.verify(Inbound(with_signature(f"{theirs}&{ours}")), KEYS, NOW)
    assert code(with_signature(theirs)) == "signature_mismatch"


@pytest.mark.parametrize(
    ("signature", "why"),
    [
        ("", "missing_signature"),
        ("nothing", "malformed_header"),
        ("public_of_ours|", "signature_mismatch"),
        ("public_of_ours|é", "signature_mismatch"),
        ("é|00&|", "signature_mismatch"),
    ],
)
def test_an_odd_signature_is_refused_with_its_reason(signature, why):
    assert code(with_signature(signature)) == why


def test_a_source_without_keys_accepts_nothing():
    assert code(signed(BRAINTREE.sample("dispute_opened")).body, Credentials()) == "no_secret"


def challenge(text: str, method: str = "GET", credentials: Credentials = KEYS) -> Reply | None:
    assert PROVIDER.handshake is not None
    return PROVIDER.handshake(Inbound(b"", method=method, query={"bt_challenge": text}), credentials)


def test_only_a_question_is_answered_as_one():
    assert challenge("a" * 32, method="POST") is None
    assert challenge("a" * 32) is not None


@pytest.mark.parametrize("text", ["", "a" * 19, "a" * 33, "A" * 20, "g" * 20, "a" * 20 + "\n", "<script>"])
def test_a_false_challenge_is_not_signed(text):
    with pytest.raises(VerificationError) as refusal:
        challenge(text)

    assert refusal.value.code == "bad_challenge"


def test_without_keys_a_challenge_is_not_answered():
    with pytest.raises(VerificationError) as refusal:
        challenge("a" * 32, credentials=Credentials())

    assert refusal.value.code == "no_secret"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"bt_signature=a%7Cb",
        b"bt_payload=%21%21",
        b"bt_payload=bm8geG1s",
        form("<notification/>"),
        form("<other><kind>check</kind></other>"),
        form('<!DOCTYPE x [<!ENTITY e "x">]><notification><kind>&e;</kind></notification>'),
    ],
)
def test_what_is_no_notification_is_unreadable(body):
    assert read(PROVIDER, Inbound(body)).unreadable is not None


@cases(
    ("kind", "subject", "told"),
    [
        ("check", '<check type="boolean">true</check>', []),
        ("granted_payment_instrument_update", "<granted-payment-instrument-update/>", []),
        ("transaction_disbursed", "<transaction><id>1</id></transaction>", []),
        ("transaction_settled", "<transaction><id>1</id><type>credit</type></transaction>", ["refund.succeeded"]),
        ("transaction_settlement_declined", "<transaction><type>credit</type></transaction>", ["refund.failed"]),
        (
            "transaction_retried",
            "<transaction><status>submitted_for_settlement</status></transaction>",
            ["payment.succeeded"],
        ),
        ("transaction_retried", "<transaction><status>processor_declined</status></transaction>", ["payment.failed"]),
        ("local_payment_completed", "<local-payment><payment-id>1</payment-id></local-payment>", ["payment.pending"]),
        (
            "local_payment_funded",
            "<local-payment-funded><payment-id>1</payment-id></local-payment-funded>",
            ["payment.succeeded"],
        ),
        ("local_payment_expired", "<local-payment-expired/>", ["payment.failed"]),
        ("subscription_billing_skipped", "<subscription><id>1</id></subscription>", ["subscription.updated"]),
        ("subscription_trial_ended", "<subscription><id>1</id></subscription>", ["subscription.activated"]),
        ("dispute_accepted", "<dispute><id>1</id></dispute>", ["dispute.lost"]),
        ("dispute_expired", "<dispute><id>1</id></dispute>", ["dispute.lost"]),
        ("dispute_under_review", "<dispute><id>1</id></dispute>", ["dispute.updated"]),
        (
            "granted_payment_method_revoked",
            "<venmo-account><token>x</token></venmo-account>",
            ["payment_method.removed"],
        ),
        ("something_new", "<thing/>", ["unknown"]),
    ],
)
def test_what_a_kind_means(kind, subject, told):
    assert BRAINTREE.types(notification(kind, subject)) == told


def test_a_first_charge_is_no_renewal():
    subject = """<subscription><id>1</id><current-billing-cycle type="integer">1</current-billing-cycle>
        <transactions type="array"><transaction><id>2</id></transaction></transactions></subscription>"""

    assert BRAINTREE.types(notification("subscription_charged_successfully", subject)) == ["payment.succeeded"]
    assert BRAINTREE.types(notification("subscription_charged_unsuccessfully", subject)) == [
        "payment.failed",
        "invoice.payment_failed",
    ]


def test_a_charge_that_settles_is_told_once():
    charged = BRAINTREE.events(BRAINTREE.sample("subscription_charged_successfully").body)[0]
    [settled] = BRAINTREE.events(notification("transaction_settled", "<transaction><id>7h2m9qxk</id></transaction>"))

    assert charged.type == settled.type == "payment.succeeded"
    assert charged.id == settled.id


def test_money_without_a_currency_takes_that_of_the_account():
    body = notification("transaction_settled", "<transaction><id>1</id><amount>49.99</amount></transaction>")

    amounts = [
        event.envelope["data"]["payment"]["amount_minor"]
        for settings in ({}, {"currency": "usd"}, {"currency": "JPY"})
        for event in BRAINTREE.events(body, settings=settings)
    ]

    assert amounts == [None, 4999, None]


def test_numbers_and_tokens_of_cards_are_not_kept():
    card = "<credit-card><number>4111111111111111</number><cvv>123</cvv><token>k7mx2q</token></credit-card>"
    body = notification("transaction_settled", f"<transaction><id>1</id>{card}</transaction>")

    kept = PROVIDER.storable(read(PROVIDER, Inbound(body)))

    transaction = json.loads(kept)["notification"]["subject"]["transaction"]
    assert transaction["credit_card"] == {"number": "[removed]", "cvv": "[removed]", "token": "[removed]"}
    assert BRAINTREE.types(kept) == ["payment.succeeded"]


@cases("kind", sorted(PROVIDER.events))
@cases("subject", ["", "odd", "<subscription/>", "<transaction>x</transaction>", "<dispute><transaction/></dispute>"])
def test_no_part_of_a_subject_is_needed(kind, subject):
    found = BRAINTREE.events(notification(kind, subject))

    assert [(event.defect, event.envelope["data"].get("unknown")) for event in found] == [(None, None)] * len(found)


TOLD = {
    "dispute_opened": ["dispute.opened"],
    "refund_failed": ["refund.failed"],
    "subscription_canceled": ["subscription.canceled"],
    "subscription_charged_successfully": ["payment.succeeded", "subscription.renewed"],
    "subscription_charged_unsuccessfully": ["payment.failed", "invoice.payment_failed", "subscription.renewal_failed"],
    "subscription_trial_ended": ["subscription.activated"],
    "subscription_went_past_due": ["subscription.past_due"],
}


@of_every_file("gateways/braintree/*.form")
def test_a_published_payload_is_told_without_a_defect(path):
    found = BRAINTREE.events(path.read_bytes())

    assert [(event.type, event.defect) for event in found] == [(name, None) for name in TOLD[path.name.split(".")[0]]]
