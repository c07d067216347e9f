"""What is peculiar to Coinbase: two signatures, headers that one of them covers, coins that are no currency."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from corpus import of_corpus, published
from kit.cases import cases
from kit.provider import ProviderUnderTest
from relay.develop.samples import read_http
from relay.inbound.identity import read
from relay.model import Inbound
from relay.providers.coinbase import PROVIDER, event_id
from relay.security.verification import Credentials

COINBASE = ProviderUnderTest("coinbase")
FOLDER = Path(__file__).parents[1]
OLD, NEW = "subscription-secret-1", "subscription-secret-2"
NOW = 1_795_330_800


def signed(name: str = "checkout.payment.success", secret: str = NEW, now: int = NOW) -> Inbound:
    return PROVIDER.verification.sign(COINBASE.sample(name), Credentials((secret,)), now)


def header(value: str) -> Inbound:
    return replace(signed(), headers={**signed().headers, "x-hook0-signature": value})


def test_while_a_secret_is_changed_either_one_proves():
    proofs = [PROVIDER.verification.verify(signed(secret=each), Credentials((NEW, OLD)), NOW) for each in (OLD, NEW)]

    assert proofs == ["coinbase_signature", "coinbase_signature"]


def test_a_header_that_is_covered_cannot_be_changed_or_left_out():
    headers = dict(signed().headers)
    without = {name: value for name, value in headers.items() if name != "x-event-id"}

    assert (
        COINBASE.refusal(replace(signed(), headers=headers | {"x-event-id": "another"}), NEW, now=NOW)
        == "signature_mismatch"
    )
    assert COINBASE.refusal(replace(signed(), headers=without), NEW, now=NOW) == "signature_mismatch"


@pytest.mark.parametrize(("off", "why"), [(-301, "timestamp_too_old"), (301, "timestamp_in_future")])
def test_a_signature_of_business_grows_old(off, why):
    assert COINBASE.refusal(signed(now=NOW + off), NEW, now=NOW) == why


@cases(
    ("value", "why"),
    [
        ("t=1795330800,v0=00", "no_supported_signature"),
        ("t=1795330800,h=content-type,v0=00", "no_supported_signature"),
        ("h=content-type,v1=00", "malformed_header"),
        ("t=1,t=2,h=a,v1=00", "malformed_header"),
        ("t=1795330800,h=a,h=b,v1=00", "malformed_header"),
        ("t=soon,h=content-type,v1=00", "malformed_header"),
        ("t=1795330800,h=" + "a " * 21 + ",v1=00", "malformed_header"),
        ("t=1795330800,v1=00", "signature_mismatch"),
        ("t=1795330800,h=content-type,v1=é", "signature_mismatch"),
        ("x" * 9000, "malformed_header"),
    ],
)
def test_an_odd_header_is_refused_with_its_reason(value, why):
    assert COINBASE.refusal(header(value), NEW, now=NOW) == why


def test_without_a_secret_nothing_is_accepted():
    assert COINBASE.refusal(signed(), now=NOW) == "no_secret"


def test_an_id_that_is_not_covered_is_not_taken():
    known, other = signed(), header("t=1795330800,h=content-type,v1=00")

    assert event_id(read(PROVIDER, known)) == known.headers["x-event-id"]
    assert event_id(read(PROVIDER, other)) is None


def test_a_charge_that_is_paid_and_then_resolved_is_told_once():
    confirmed = COINBASE.events(COINBASE.sample("charge.confirmed").body)
    resolved = COINBASE.events(
        COINBASE.sample("charge.confirmed").body.replace(b"charge:confirmed", b"charge:resolved")
    )

    assert [event.id for event in confirmed] == [event.id for event in resolved]


@pytest.mark.parametrize(
    ("amount", "currency", "told"),
    [
        ("12.00", "USDC", ("12.00", None, None, "usdc")),
        ("12.5", "EUR", ("12.50", 1250, "EUR", None)),
        ("2400", "JPY", ("2400", 2400, "JPY", None)),
        ("0.00271", "USDC", ("0.00271", None, None, "usdc")),
        ("much", "USDC", (None, None, None, "usdc")),
        (None, None, (None, None, None, None)),
    ],
)
def test_a_coin_is_no_currency(amount, currency, told):
    event = COINBASE.event(
        json.dumps({"eventType": "checkout.payment.success", "amount": amount, "currency": currency}).encode()
    )

    payment = event.envelope["data"]["payment"]
    exact = None if payment["amount"] is None else str(payment["amount"])
    assert (exact, payment["amount_minor"], payment["currency"], payment["method"]) == told


@cases("path", sorted((FOLDER / "samples").glob("*.http")), ids=lambda path: path.stem)
@cases("odd", [None, "", 7, [], {}, ["x"]])
def test_no_field_is_needed(path, odd):
    webhook = json.loads(read_http(path)[1].body)
    about = webhook["event"]["data"] if "event" in webhook else webhook

    for field in [each for each in about if each != "eventType"]:
        kept, about[field] = about[field], odd
        found = COINBASE.events(webhook)
        about[field] = kept
        assert {(each.defect, each.envelope["data"].get("unknown")) for each in found} == {(None, None)}, field


TOLD = {
    "charge_confirmed.json": ["payment.succeeded"],
    "charge_created.json": [],
    "charge_created.list.json": [],
    "charge_delayed.json": ["payment.pending"],
    "charge_pending.json": ["payment.pending"],
    "checkout.payment.success.json": ["payment.succeeded"],
}


@of_corpus
@pytest.mark.parametrize(("name", "expected"), TOLD.items())
def test_a_published_payload_is_told_without_a_defect(name, expected):
    found = COINBASE.events(published(f"gateways/coinbase/{name}"))

    assert [(event.type, event.defect) for event in found] == [(each, None) for each in expected]
