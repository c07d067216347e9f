"""What is peculiar to Adyen: items with signatures of their own, text for booleans, exponents of its own."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from corpus import of_corpus, published
from kit.cases import cases
from kit.provider import ProviderUnderTest
from relay.model import Inbound
from relay.providers.adyen import PROVIDER
from relay.providers.adyen.verification import BODY_PROOF, ITEM_PROOF
from relay.security.verification import Credentials

ADYEN = ProviderUnderTest("adyen", subject="notificationItems.0.NotificationRequestItem")
FOLDER = Path(__file__).parents[1]
NOW = 1_795_330_800
KEY, OTHER = "A1" * 32, "B2" * 32


def signed(payload: Any, secret: str = KEY) -> Inbound:
    return PROVIDER.verification.sign(Inbound(json.dumps(payload).encode()), Credentials((secret,)), NOW)


def test_every_item_is_verified():
    payload = json.loads(signed(ADYEN.payload("AUTHORISATION--batch")).body)
    payload["notificationItems"][2]["NotificationRequestItem"]["amount"]["value"] = 1

    assert ADYEN.refusal(Inbound(json.dumps(payload).encode()), KEY, now=NOW) == "signature_mismatch"


def test_an_unsigned_item_among_signed_ones_is_refused():
    payload = json.loads(signed(ADYEN.payload("AUTHORISATION--batch")).body)
    payload["notificationItems"].append({"NotificationRequestItem": {"eventCode": "REFUND", "success": "true"}})

    assert ADYEN.refusal(Inbound(json.dumps(payload).encode()), KEY, now=NOW) == "missing_signature"


def test_what_is_signed_says_how_much_is_proved():
    proofs = [
        PROVIDER.verification.verify(signed(ADYEN.payload(name)), Credentials((OTHER, KEY)), NOW)
        for name in ("AUTHORISATION", "recurring.token.created")
    ]

    assert proofs == [ITEM_PROOF, BODY_PROOF]
    assert [PROVIDER.verification.covers(proof) for proof in proofs] == ["partly", "fully"]


@pytest.mark.parametrize(
    "body",
    [b"", b"no json", b"[]", b"null", b'{"notificationItems":[]}', b'{"notificationItems":{"a":1}}', b'{"type":"x"}'],
)
def test_a_body_without_a_signature_is_refused(body):
    assert ADYEN.refusal(Inbound(body), KEY, now=NOW) == "missing_signature"


@pytest.mark.parametrize("item", [None, 7, {}, {"additionalData": "x"}, {"additionalData": {"hmacSignature": 7}}])
def test_an_item_without_a_signature_is_refused(item):
    body = json.dumps({"notificationItems": [{"NotificationRequestItem": item}]}).encode()

    assert ADYEN.refusal(Inbound(body), KEY, now=NOW) == "missing_signature"


def test_without_a_key_nothing_is_accepted():
    assert ADYEN.refusal(signed(ADYEN.payload("AUTHORISATION")), now=NOW) == "no_secret"


@cases(
    ("value", "currency", "amount", "minor"),
    [
        (2400, "EUR", "24.00", 2400),
        (2400, "JPY", "2400", 2400),
        (12500, "KWD", "12.500", 12500),
        (240000, "CLP", "2400", 2400),
        (240000, "ISK", "2400", 2400),
        (2400, "IDR", "2400.00", 240000),
        (2400, "CVE", "2400.00", 240000),
        ("2400", "eur", "24.00", 2400),
    ],
)
def test_money_is_counted_as_adyen_counts_it(value, currency, amount, minor):
    event = ADYEN.event(ADYEN.changed("AUTHORISATION", amount={"value": value, "currency": currency}))

    payment = event.envelope["data"]["payment"]

    assert str(payment["amount"]) == amount
    assert payment["amount"] == Decimal(amount)
    assert payment["amount_minor"] == minor


@pytest.mark.parametrize(
    ("success", "told"),
    [("true", "payment.succeeded"), ("false", "payment.failed"), (True, "payment.succeeded"), (None, "payment.failed")],
)
def test_success_is_text(success, told):
    assert ADYEN.types(ADYEN.changed("AUTHORISATION", success=success)) == [told]


def test_a_payment_is_told_once_though_its_capture_follows():
    paid, captured = ADYEN.events(ADYEN.payload("AUTHORISATION")), ADYEN.events(ADYEN.payload("CAPTURE"))

    assert [event.id for event in paid] == [event.id for event in captured]


def test_where_captures_pay_an_authorisation_is_pending():
    assert ADYEN.types(ADYEN.payload("AUTHORISATION"), settings={"paid_when": "captured"}) == ["payment.pending"]
    assert ADYEN.types(ADYEN.payload("CAPTURE"), settings={"paid_when": "captured"}) == ["payment.succeeded"]


def test_a_check_of_a_card_is_no_payment():
    assert ADYEN.types(ADYEN.changed("AUTHORISATION", amount={"value": 0, "currency": "EUR"})) == []


@cases(
    ("native", "success", "action", "told"),
    [
        ("CANCEL_OR_REFUND", "true", "cancel", ["payment.failed"]),
        ("CANCEL_OR_REFUND", "true", "refund", ["refund.succeeded"]),
        ("CANCEL_OR_REFUND", "false", "refund", ["refund.failed"]),
        ("CANCELLATION", "false", None, []),
        ("AUTORESCUE", "true", None, ["payment.succeeded"]),
        ("RECURRING_CONTRACT", "true", None, ["payment_method.added"]),
        ("CHARGEBACK", "true", None, ["dispute.opened"]),
        ("REPORT_AVAILABLE", "true", None, []),
        ("SOMETHING_NEW", "true", None, ["unknown"]),
    ],
)
def test_what_a_code_means(native, success, action, told):
    extra = {} if action is None else {"modification.action": action}

    assert ADYEN.types(ADYEN.changed("CANCELLATION", eventCode=native, success=success, additionalData=extra)) == told


def test_a_dispute_is_opened_once():
    first, second = (
        ADYEN.events(ADYEN.changed("NOTIFICATION_OF_CHARGEBACK", eventCode=name))
        for name in ("NOTIFICATION_OF_CHARGEBACK", "CHARGEBACK")
    )

    assert first[0].id == second[0].id


def test_a_shopper_who_is_not_signed_is_not_told():
    event = ADYEN.event(ADYEN.payload("RECURRING_CONTRACT"), verified_by=ITEM_PROOF)

    assert event.envelope["customer"] is None


@cases("name", sorted(path.stem for path in (FOLDER / "samples").glob("*.http")))
@cases("odd", [None, "", 7, [], {}, "x"])
def test_no_field_is_needed(name, odd):
    payload = ADYEN.payload(name)
    whole = payload.get("data") or payload["notificationItems"][0]["NotificationRequestItem"]

    for field in [each for each in whole if each != "eventCode"]:
        kept, whole[field] = whole[field], odd
        found = [(event.defect, event.envelope["data"].get("unknown")) for event in ADYEN.events(payload)]
        whole[field] = kept
        assert set(found) <= {(None, None)}, field


TOLD = {
    "authorisation.colon.item.json": "payment.succeeded",
    "authorisation.forwardslash.item.json": "payment.succeeded",
    "authorisation.oas.json": "payment.succeeded",
    "autorescue.oas.json": "payment.succeeded",
    "cancellation.oas.json": "payment.failed",
    "capture.captureFalse.json": "payment.failed",
    "capture_failed.oas.json": "payment.failed",
    "recurring_contract.oas.json": "payment_method.added",
    "refund.refundTrue.json": "refund.succeeded",
    "refund_failed.oas.json": "refund.failed",
}


@of_corpus
@pytest.mark.parametrize(("name", "told"), TOLD.items())
def test_a_published_payload_is_told_without_a_defect(name, told):
    found = ADYEN.events(json.loads(published(f"gateways/adyen/{name}")))

    assert [(event.type, event.defect) for event in found] == [(told, None)]
