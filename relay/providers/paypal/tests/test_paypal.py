"""What is peculiar to PayPal: its certificates, its postback, and two versions of everything it sends."""

import json
import threading
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from corpus import files, of_corpus, published, rows
from kit.cases import cases
from kit.provider import ProviderUnderTest
from kit.waiting import PATIENCE_SECONDS
from relay.errors import ConfigError, Unreachable, Unreadable, VerificationError, VerificationUnavailable
from relay.formats import jsontext
from relay.http import Answer, fetch
from relay.inbound.identity import read, repeat_key
from relay.model import Inbound
from relay.providers import get
from relay.providers.paypal import certificates
from relay.providers.paypal.certificates import NAMES, SANDBOX, check_address, fetch_certificate, system_roots
from relay.providers.paypal.postback import Postback
from relay.providers.paypal.tests.authority import WEBHOOK_ID, authority
from relay.providers.paypal.tests.forgery import with_checksum
from relay.providers.paypal.verification import PayPalSignature, scheme_for
from relay.security.verification import Credentials

PAYPAL = ProviderUnderTest("paypal")
NOW = 1795330801.0  # 2026-11-22T07:00:01Z
HOUR, DAY = 3600, 86400
BODY = b'{"id": "WH-1", "event_type": "PAYMENT.SALE.COMPLETED", "amount": 1.10, "who": "M\\u00fcller \xc3\xa9"}'


def settings(**more: str) -> Credentials:
    return Credentials(settings={"webhook_id": WEBHOOK_ID, "mode": "live", "verify_with": "certificate", **more})


def signed(scheme: PayPalSignature, *, webhook_id: str = WEBHOOK_ID, at: float = NOW) -> Inbound:
    return scheme.sign(Inbound(body=BODY), settings(webhook_id=webhook_id), at)


def with_header(inbound: Inbound, **headers: str) -> Inbound:
    changed = {f"paypal-{name.replace('_', '-')}": value for name, value in headers.items()}
    return replace(inbound, headers={**inbound.headers, **changed})


def refusal(scheme: PayPalSignature, inbound: Inbound, credentials: Credentials, now: float = NOW) -> str:
    with pytest.raises(VerificationError) as refused:
        scheme.verify(inbound, credentials, now)
    return refused.value.code


# Vectors


CONDEMNED_BY_HEADERS = [
    each
    for each in rows("gateways/signature_vectors.json")
    if each["reason"] in ("cert_url_not_allowed", "unsupported_algorithm")
]


@of_corpus
@pytest.mark.parametrize("vector", CONDEMNED_BY_HEADERS, ids=lambda vector: vector["id"])
def test_nothing_is_fetched_for_a_vector_that_its_headers_condemn(vector: dict[str, Any]) -> None:
    fetched: list[str] = []
    scheme = replace(scheme_for(vector), fetch=lambda url: fetched.append(url) or b"")
    headers = {name.lower(): value for name, value in vector["headers"].items()}

    with pytest.raises(VerificationError):
        scheme.verify(Inbound(body=vector["body"].encode(), headers=headers), settings(), vector["now"])

    assert fetched == []


# By certificate


def test_what_paypal_signed_is_accepted() -> None:
    scheme = authority().scheme()

    assert scheme.verify(signed(scheme), settings(), NOW) == "paypal_certificate"


@pytest.mark.parametrize(
    "url",
    [
        "https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-1d93a270",
        "https://api-m.paypal.com/v1/notifications/certs/CERT-1",
        "https://api.sandbox.paypal.com:443/v1/notifications/certs/CERT-1",
        "https://api-m.sandbox.paypal.com/v1/notifications/certs/CERT-1",
    ],
)
def test_an_address_of_paypals_certificates_passes(url: str) -> None:
    check_address(url)


@cases(
    "url",
    [
        "",
        "http://api.paypal.com/v1/notifications/certs/CERT-1",
        "https://api.paypal.com.evil.example/v1/notifications/certs/CERT-1",
        "https://evil.example/v1/notifications/certs/CERT-1?https://api.paypal.com/v1/notifications/certs/CERT-1",
        "https://api.paypal.com@evil.example/v1/notifications/certs/CERT-1",
        "https://user:pass@api.paypal.com/v1/notifications/certs/CERT-1",
        "https://api.paypal.com:8443/v1/notifications/certs/CERT-1",
        "https://api.paypal.com:443@evil.example/v1/notifications/certs/CERT-1",
        "https://apixpaypal.com/v1/notifications/certs/CERT-1",
        "https://www.paypal.com/v1/notifications/certs/CERT-1",
        "https://api.paypal.com./v1/notifications/certs/CERT-1",
        "https://api.paypal.com\\@evil.example/v1/notifications/certs/CERT-1",
        "https://api.paypal.com/v1/notifications/certs/",
        "https://api.paypal.com/v1/notifications/certs/../../oauth2/token",
        "https://api.paypal.com/v1/notifications/certs/%2e%2e/CERT-1",
        "https://api.paypal.com/v1/notifications/certs/CERT-1/../../x",
        "https://api.paypal.com/v1/notifications/certs/CERT-1?x=1",
        "https://api.paypal.com/v1/notifications/certs/CERT-1#x",
        "https://api.paypal.com/v1/notifications/certs/CERT-1\n",
        "https://api.paypal.com/v1/notifications/certs/CERT-1\t",
        "https://api.paypal.com/v1/notifications//certs/CERT-1",
        "https://api.paypal.com/v1/notifications/certs/CERT-\u0661",
    ],
)
def test_any_other_address_is_refused(url: str) -> None:
    with pytest.raises(VerificationError) as refused:
        check_address(url)

    assert refused.value.code == "cert_url_not_allowed"


def test_an_address_that_is_refused_is_not_asked() -> None:
    maker = authority()
    scheme = maker.scheme()
    elsewhere = with_header(signed(scheme), cert_url="https://evil.example/v1/notifications/certs/CERT-1")

    assert refusal(scheme, elsewhere, settings()) == "cert_url_not_allowed"
    assert maker.fetched == []


@cases(
    ("header", "value", "code"),
    [
        ("transmission_id", "", "missing_signature"),
        ("transmission_time", "", "missing_signature"),
        ("transmission_sig", "", "missing_signature"),
        ("cert_url", "", "missing_signature"),
        ("auth_algo", "", "missing_signature"),
        ("auth_algo", "SHA1withRSA", "unsupported_algorithm"),
        ("auth_algo", "sha256withrsa", "unsupported_algorithm"),
        ("transmission_time", "yesterday", "malformed_header"),
        ("transmission_time", "2026-11-22T07:00:01", "malformed_header"),
        ("transmission_sig", "not base64!", "malformed_header"),
        ("transmission_sig", "MüllerÄ=", "malformed_header"),
        ("transmission_sig", "A" * 9000, "malformed_header"),
        ("transmission_sig", "AAAA", "signature_mismatch"),
        ("transmission_id", "another", "signature_mismatch"),
        ("transmission_time", "2026-11-22T07:00:02Z", "signature_mismatch"),
    ],
)
def test_a_header_that_is_wrong_is_refused_with_its_reason(header: str, value: str, code: str) -> None:
    scheme = authority().scheme()

    assert refusal(scheme, with_header(signed(scheme), **{header: value}), settings()) == code


@cases(
    ("age", "tolerance", "code"),
    [
        (0, None, None),
        (3 * DAY, None, None),
        (4 * DAY + 1, None, "timestamp_too_old"),
        (-299, None, None),
        (-301, None, "timestamp_in_future"),
        (-HOUR, None, "timestamp_in_future"),
        (HOUR, "300", "timestamp_too_old"),
        (299, "300", None),
        (-11, "10", "timestamp_in_future"),
    ],
)
def test_a_webhook_may_be_four_days_old_and_five_minutes_ahead(
    age: int, tolerance: str | None, code: str | None
) -> None:
    scheme = authority().scheme()
    kept = settings(tolerance=tolerance) if tolerance else settings()
    webhook = signed(scheme, at=NOW - age)

    if code is None:
        scheme.verify(webhook, kept, NOW)
    else:
        assert refusal(scheme, webhook, kept) == code


def test_a_tolerance_that_is_no_number_is_the_operators_to_mend() -> None:
    scheme = authority().scheme()

    with pytest.raises(ConfigError, match="tolerance"):
        scheme.verify(signed(scheme), settings(tolerance="4 days"), NOW)


def test_a_source_without_a_webhook_id_accepts_nothing_and_asks_nobody() -> None:
    maker = authority()
    scheme = maker.scheme()

    assert refusal(scheme, signed(scheme, webhook_id="WEBHOOK_ID"), Credentials()) == "no_webhook_id"
    assert maker.fetched == []


def test_a_sandbox_certificate_is_refused_on_a_live_source_and_the_other_way_round() -> None:
    live, sandbox = authority().scheme(), authority(NAMES[SANDBOX]).scheme()

    sandbox.verify(signed(sandbox), settings(mode="sandbox"), NOW)

    assert refusal(sandbox, signed(sandbox), settings()) == "certificate_name"
    assert refusal(live, signed(live), settings(mode="sandbox")) == "certificate_name"


def test_a_certificate_of_another_authority_is_refused() -> None:
    ours, stranger = authority(), authority()
    scheme = ours.scheme(fetch=stranger.fetch)
    stranger_root = replace(scheme, roots=list)

    assert refusal(stranger_root, signed(scheme), settings()) == "certificate_untrusted"
    assert refusal(replace(scheme, roots=system_roots), signed(scheme), settings()) == "certificate_untrusted"


def test_a_certificate_that_has_expired_is_refused() -> None:
    scheme = authority(until=datetime(2026, 11, 22, 7, 0, 0, tzinfo=UTC)).scheme()

    assert refusal(scheme, signed(scheme), settings()) == "certificate_untrusted"
    scheme.verify(signed(scheme, at=NOW - 60), settings(), NOW - 60)


def test_a_certificate_for_another_kind_of_key_is_refused() -> None:
    signer = authority().scheme()
    scheme = authority(key=ec.generate_private_key(ec.SECP256R1())).scheme()

    assert refusal(scheme, signed(signer), settings()) == "certificate_untrusted"


def test_what_is_no_certificate_is_refused() -> None:
    scheme = authority().scheme(fetch=lambda _: b"<html>")

    assert refusal(scheme, signed(scheme), settings()) == "certificate_untrusted"


def test_a_certificate_is_fetched_once_for_six_hours() -> None:
    maker = authority()
    scheme = maker.scheme()

    for later in (0, 1, HOUR, 6 * HOUR - 1, 6 * HOUR):
        scheme.verify(signed(scheme, at=NOW + later), settings(), NOW + later)

    assert len(maker.fetched) == 2


def test_a_kept_certificate_does_not_outlive_its_own_end() -> None:
    maker = authority(until=datetime(2026, 11, 22, 7, 30, 0, tzinfo=UTC))
    scheme = maker.scheme()
    scheme.verify(signed(scheme), settings(), NOW)

    assert refusal(scheme, signed(scheme), settings(), NOW + HOUR) == "certificate_untrusted"


def test_a_certificate_that_was_not_proved_is_not_kept() -> None:
    maker = authority(NAMES[SANDBOX])
    scheme = maker.scheme()

    for _ in range(2):
        refusal(scheme, signed(scheme), settings())

    assert len(maker.fetched) == 2


def test_a_certificate_that_is_not_there_is_not_asked_for_again_for_a_minute() -> None:
    asked: list[str] = []

    def nothing(url: str) -> bytes:
        asked.append(url)
        raise VerificationError("PayPal has no certificate at this address.", code="certificate_untrusted")

    scheme = authority().scheme(fetch=nothing)
    codes = [refusal(scheme, signed(scheme, at=NOW + later), settings(), NOW + later) for later in (0, 1, 59, 60, 61)]

    assert codes == ["certificate_untrusted"] * 5
    assert len(asked) == 2


def test_one_certificate_is_fetched_at_a_time_and_whoever_wants_the_same_shares_it() -> None:
    maker = authority()
    begun, go_on = threading.Event(), threading.Event()

    def slowly(url: str) -> bytes:
        begun.set()
        assert go_on.wait(PATIENCE_SECONDS)
        return maker.fetch(url)

    scheme = maker.scheme(fetch=slowly)
    genuine = signed(scheme)
    elsewhere = with_header(
        genuine, cert_url="https://api.paypal.com/v1/notifications/certs/CERT-made-up-by-a-stranger"
    )
    with ThreadPoolExecutor(5) as pool:
        proofs = [pool.submit(scheme.verify, genuine, settings(), NOW) for _ in range(5)]
        assert begun.wait(PATIENCE_SECONDS)
        with pytest.raises(VerificationUnavailable):
            scheme.verify(elsewhere, settings(), NOW)
        go_on.set()

    assert [each.result() for each in proofs] == ["paypal_certificate"] * 5
    assert len(maker.fetched) == 1


def test_only_so_many_certificates_are_kept() -> None:
    maker = authority()
    scheme = maker.scheme()
    folder = "https://api.paypal.com/v1/notifications/certs/"

    for number in [*range(65), 0]:
        scheme.verify(with_header(signed(scheme), cert_url=f"{folder}CERT-{number}"), settings(), NOW)

    assert maker.fetched == [f"{folder}CERT-{number}" for number in [*range(65), 0]]


def test_a_certificate_that_cannot_be_had_leaves_the_webhook_to_a_later_try() -> None:
    def away(url: str) -> bytes:
        raise VerificationUnavailable("PayPal's signing certificate could not be fetched: timeout.")

    scheme = authority().scheme(fetch=away)

    with pytest.raises(VerificationUnavailable) as refused:
        scheme.verify(signed(scheme), settings(), NOW)

    assert refused.value.status == 503


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (301, "certificate_untrusted"),
        (404, "certificate_untrusted"),
        (429, "verification_unavailable"),
        (500, "verification_unavailable"),
        (503, "verification_unavailable"),
        (None, "verification_unavailable"),
    ],
)
def test_every_answer_but_a_certificate_is_a_refusal(
    monkeypatch: pytest.MonkeyPatch, status: int | None, code: str
) -> None:
    def answer(method: str, url: str, **limits: Any) -> Answer:
        if status is None:
            raise Unreachable("https://api.paypal.com:443 gave no complete answer within 5 s.", code="timeout")
        return Answer(status, {}, b"")

    monkeypatch.setattr(certificates, "fetch", answer)

    with pytest.raises(VerificationError) as refused:
        fetch_certificate("https://api.paypal.com/v1/notifications/certs/CERT-1")

    assert refused.value.code == code


def test_a_certificate_is_fetched_through_the_one_door_within_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(
        certificates,
        "fetch",
        lambda method, url, **limits: asked.append((method, url, limits)) or Answer(200, {}, b"pem"),
    )

    pem = fetch_certificate("https://api.paypal.com/v1/notifications/certs/CERT-1")

    assert pem == b"pem"
    assert asked == [
        (
            "GET",
            "https://api.paypal.com/v1/notifications/certs/CERT-1",
            {"timeout": 5.0, "max_bytes": 65536},
        )
    ]


def test_the_systems_authorities_can_be_read() -> None:
    assert len(system_roots()) > 50


def test_only_paypal_can_sign() -> None:
    with pytest.raises(ConfigError, match="monitor mode"):
        PAYPAL.provider.verification.sign(Inbound(body=BODY), settings(), NOW)


def test_the_simulator_is_accepted_only_where_it_is_allowed() -> None:
    scheme = authority().scheme()
    simulated = signed(scheme, webhook_id="WEBHOOK_ID")

    assert refusal(scheme, simulated, settings()) == "signature_mismatch"
    assert refusal(scheme, simulated, settings(allow_simulator="no")) == "signature_mismatch"
    scheme.verify(simulated, settings(allow_simulator="yes"), NOW)
    scheme.verify(signed(scheme), settings(allow_simulator="yes"), NOW)


def test_where_the_simulator_is_allowed_strangers_still_are_not() -> None:
    scheme = authority().scheme()

    assert (
        refusal(scheme, signed(scheme, webhook_id="ANOTHER"), settings(allow_simulator="yes")) == "signature_mismatch"
    )


# By postback


class FakePayPal:
    """Answers as PayPal's API does, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, bytes]] = []
        self.tokens = 0
        self.expires_in = 32400
        self.token_answer: tuple[int, Any] | None = None
        self.answers: list[tuple[int, Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.asked.append((self.path, self.headers["authorization"], body))
                status, answer = outer.answer(self.path)
                content = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=partial(self.server.serve_forever, 0.01), daemon=True).start()

    def answer(self, path: str) -> tuple[int, Any]:
        if path == "/v1/oauth2/token":
            self.tokens += 1
            token = {"access_token": f"A21-{self.tokens}", "expires_in": self.expires_in}
            return self.token_answer or (200, token)
        return self.answers.pop(0) if self.answers else (200, {"verification_status": "SUCCESS"})

    def paths(self) -> list[str]:
        return [path.rpartition("/")[2] for path, _, _ in self.asked]

    def scheme(self) -> PayPalSignature:
        return PayPalSignature(postback=Postback(post=self._post))

    def _post(self, url: str, headers: Any, body: bytes) -> Answer:
        allowed = frozenset({self.host})
        return fetch("POST", url, headers=headers, body=body, timeout=5, allow_private=allowed)


@pytest.fixture
def fake() -> Iterator[FakePayPal]:
    paypal = FakePayPal()
    yield paypal
    paypal.server.shutdown()
    paypal.server.server_close()


def asking(paypal: FakePayPal, **more: str) -> Credentials:
    app = {"client_id": "app", "client_secret": "pass:word", "api_base": f"http://{paypal.host}"}
    return settings(verify_with="postback", **{**app, **more})


def webhook(body: bytes = BODY) -> Inbound:
    return replace(signed(authority().scheme()), body=body)


def test_paypal_is_asked_with_the_body_byte_for_byte(fake: FakePayPal) -> None:
    sent = webhook()

    fake.scheme().verify(sent, asking(fake), NOW)

    (_, login, form), (path, bearer, question) = fake.asked
    assert (login, form) == ("Basic YXBwOnBhc3M6d29yZA==", b"grant_type=client_credentials")
    assert (path, bearer) == ("/v1/notifications/verify-webhook-signature", "Bearer A21-1")
    assert question.endswith(b',"webhook_event":' + BODY + b"}")
    assert json.loads(question) == {
        "auth_algo": "SHA256withRSA",
        "cert_url": sent.headers["paypal-cert-url"],
        "transmission_id": sent.headers["paypal-transmission-id"],
        "transmission_sig": sent.headers["paypal-transmission-sig"],
        "transmission_time": "2026-11-22T07:00:01Z",
        "webhook_id": WEBHOOK_ID,
        "webhook_event": json.loads(BODY),
    }


@pytest.mark.parametrize(
    "body",
    [
        b'{"id": "WH-1"},"webhook_id":"ANOTHER"',
        b'{"id": "WH-1"}} {',
        b'{"id": "WH-1", "id": "WH-2"}',
        b"[]",
        b'"text"',
        b"",
    ],
)
def test_a_body_that_is_more_or_less_than_one_object_is_not_asked_about(fake: FakePayPal, body: bytes) -> None:
    with pytest.raises(Unreadable):
        fake.scheme().verify(webhook(body), asking(fake), NOW)

    assert fake.asked == []


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((200, {"verification_status": "FAILURE"}), "signature_mismatch"),
        ((200, {"verification_status": "MAYBE"}), "verification_unavailable"),
        ((200, {}), "verification_unavailable"),
        ((200, ["SUCCESS"]), "verification_unavailable"),
        ((202, {"verification_status": "SUCCESS"}), "verification_unavailable"),
        ((400, {"name": "VALIDATION_ERROR", "debug_id": "f1"}), "malformed_header"),
        ((403, {"name": "NOT_AUTHORIZED"}), "verification_unavailable"),
        ((404, {}), "verification_unavailable"),
        ((429, {"name": "RATE_LIMIT_REACHED"}), "verification_unavailable"),
        ((500, {"name": "INTERNAL_SERVER_ERROR"}), "verification_unavailable"),
        ((503, None), "verification_unavailable"),
    ],
)
def test_anything_but_success_is_a_refusal(fake: FakePayPal, answer: tuple[int, Any], code: str) -> None:
    fake.answers = [answer]

    assert refusal(fake.scheme(), webhook(), asking(fake)) == code


def test_a_token_is_kept_until_shortly_before_its_end(fake: FakePayPal) -> None:
    scheme = fake.scheme()

    for later in (0, 100, 32400 - 61, 32400 - 59):
        scheme.verify(signed(authority().scheme(), at=NOW + later), asking(fake), NOW + later)

    verify = "verify-webhook-signature"
    assert fake.paths() == ["token", verify, verify, verify, "token", verify]


def test_another_secret_asks_for_another_token(fake: FakePayPal) -> None:
    scheme = fake.scheme()

    scheme.verify(webhook(), asking(fake), NOW)
    scheme.verify(webhook(), asking(fake, client_secret="new"), NOW)

    assert fake.tokens == 2


def test_a_token_that_ended_early_is_replaced_once(fake: FakePayPal) -> None:
    fake.answers = [(401, {"name": "AUTHENTICATION_FAILURE"}), (200, {"verification_status": "SUCCESS"})]

    fake.scheme().verify(webhook(), asking(fake), NOW)

    assert fake.tokens == 2


def test_a_token_that_is_refused_again_is_no_proof(fake: FakePayPal) -> None:
    fake.answers = [(401, {"name": "AUTHENTICATION_FAILURE"})] * 2

    assert refusal(fake.scheme(), webhook(), asking(fake)) == "verification_unavailable"
    assert fake.tokens == 2


def test_an_app_that_paypal_does_not_know_is_named_in_the_refusal(fake: FakePayPal) -> None:
    fake.token_answer = (401, {"error": "invalid_client", "error_description": "Client Authentication failed"})

    with pytest.raises(VerificationUnavailable, match=r"401, invalid_client.*client_secret"):
        fake.scheme().verify(webhook(), asking(fake), NOW)


def test_while_paypal_is_away_nothing_is_accepted(fake: FakePayPal) -> None:
    fake.server.shutdown()
    fake.server.server_close()

    assert refusal(fake.scheme(), webhook(), asking(fake)) == "verification_unavailable"


@pytest.mark.parametrize("missing", ["client_id", "client_secret"])
def test_without_an_app_paypal_is_not_asked(fake: FakePayPal, missing: str) -> None:
    assert refusal(fake.scheme(), webhook(), asking(fake, **{missing: ""})) == "no_client_credentials"
    assert fake.asked == []


def test_paypal_is_not_asked_about_a_webhook_that_is_too_old(fake: FakePayPal) -> None:
    old = signed(authority().scheme(), at=NOW - 5 * DAY)

    assert refusal(fake.scheme(), old, asking(fake)) == "timestamp_too_old"
    assert fake.asked == []


def test_secrets_do_not_print(fake: FakePayPal) -> None:
    scheme = fake.scheme()
    scheme.verify(webhook(), asking(fake), NOW)

    shown = repr((scheme, asking(fake)))

    assert "pass:word" not in shown
    assert "A21-1" not in shown


# Events


def events_of(body: bytes) -> list[dict[str, Any]]:
    """The events of a body as type, customer and data without nulls; none of them may have a defect."""
    return [
        {
            "type": event.type,
            "customer": known(event.envelope["customer"]),
            **known(event.envelope["data"]),
        }
        for event in PAYPAL.events(body)
    ]


def known(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: known(item) for name, item in value.items() if item is not None}
    return [known(item) for item in value] if isinstance(value, list) else value


def example(name: str) -> bytes:
    return published(f"gateways/paypal/{name}.json")


PUBLISHED = {
    "billing.plan.created": [],
    "billing.subscription.activated.v2": ["subscription.activated"],
    "billing.subscription.cancelled": ["subscription.canceled"],
    "billing.subscription.cancelled.v2": ["subscription.canceled"],
    "billing.subscription.created": ["subscription.created"],
    "billing.subscription.expired.v2": ["subscription.expired"],
    "billing.subscription.payment.failed.v2": [
        "invoice.payment_failed",
        "payment.failed",
        "subscription.renewal_failed",
        "payment.retry_scheduled",
    ],
    "billing.subscription.suspended": ["subscription.paused"],
    "billing.subscription.updated": ["subscription.updated"],
    "customer.dispute.created": ["dispute.opened"],
    "customer.dispute.created--2019-11": ["dispute.opened"],
    "customer.dispute.created--ppra214": ["dispute.opened"],
    "customer.dispute.resolved": ["dispute.lost"],
    "invoicing.invoice.cancelled": ["invoice.voided"],
    "invoicing.invoice.created": ["invoice.created"],
    "invoicing.invoice.paid": ["invoice.paid", "payment.succeeded"],
    "payment.authorization.voided": [],
    "payment.capture.completed": ["payment.succeeded"],
    "payment.capture.denied": ["payment.failed"],
    "payment.capture.refunded": ["refund.succeeded"],
    "payment.sale.completed--from-subscription": ["payment.succeeded", "subscription.renewed"],
    "payment.sale.refunded": ["refund.succeeded"],
    "payment.sale.reversed": ["dispute.updated"],
    "vault.credit-card.created": ["payment_method.added"],
    "vault.credit-card.deleted": ["payment_method.removed"],
    "vault.credit-card.updated": ["payment_method.updated"],
    "verify-webhook-signature.request": ["unknown"],
}


def happening(event_type: str, resource: dict[str, Any], kind: str = "sale") -> bytes:
    return jsontext.dumps({"id": "WH-1", "event_type": event_type, "resource_type": kind, "resource": resource})


LINK = "https://api.paypal.com/v{}/payments/{}"


@pytest.mark.parametrize(
    ("kind", "resource", "payment_id"),
    [
        ("refund", {"id": "R1", "links": [{"rel": "up", "href": LINK.format(2, "captures/C1")}]}, "C1"),
        ("capture", {"id": "C1", "links": [{"rel": "self", "href": LINK.format(2, "captures/C1")}]}, "C1"),
        ("capture", {"id": "C1"}, "C1"),
        ("sale", {"id": "R1", "sale_id": "S1", "parent_payment": "PAY-1"}, "S1"),
        ("sale", {"id": "R1", "parent_payment": "PAY-1"}, "PAY-1"),
        ("sale", {"id": "S1", "links": [{"rel": "self", "href": LINK.format(1, "refund/S1")}]}, "S1"),
        ("refund", {"id": "R1"}, None),
    ],
)
def test_a_reversal_names_the_payment_that_it_takes_back(
    kind: str, resource: dict[str, Any], payment_id: str | None
) -> None:
    [event] = events_of(happening("PAYMENT.CAPTURE.REVERSED", resource, kind))

    assert event["dispute"].get("payment_id") == payment_id
    assert event.get("payment", {}).get("id") == payment_id


def test_the_retired_event_of_a_dispute_names_payment_buyer_and_time() -> None:
    claim = {
        "dispute_id": "PP-1",
        "dispute_creation_date": 1430132049000,
        "dispute_amount": {"currency": "USD", "value": "1001"},
        "buyer_account_number": "1680371069474696023",
        "buyer_email": "zoe@example.com",
        "seller_email": "billing@host.example",
        "seller_payment_id": "93U280418G152174E",
        "dispute_reason": 2,
        "dispute_status": 1000,
    }

    assert events_of(happening("RISK.DISPUTE.CREATED", claim, "dispute")) == [
        {
            "type": "dispute.opened",
            "customer": {"id": "1680371069474696023", "email": "zoe@example.com"},
            "dispute": {
                "id": "PP-1",
                "amount": jsontext.loads(b"1001.00"),
                "amount_minor": 100100,
                "currency": "USD",
                "payment_id": "93U280418G152174E",
                "opened_at": "2015-04-27T10:54:09Z",
            },
            "payment": {"id": "93U280418G152174E", "gateway": "PayPal"},
        }
    ]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("COMPLETED", "succeeded"),
        ("PENDING", "pending"),
        ("DECLINED", "failed"),
        ("REFUNDED", "refunded"),
        (None, None),
    ],
)
def test_the_payment_of_a_checkout_is_as_it_says_and_no_other(status: str | None, expected: str | None) -> None:
    unit = {"payments": {"captures": [{"id": "C1", "status": status}]}}

    [event] = events_of(happening("CHECKOUT.ORDER.COMPLETED", {"id": "O1", "purchase_units": [unit]}, "checkout-order"))

    assert event["payment"].get("status") == expected


@of_corpus
def test_every_published_payload_is_in_the_table() -> None:
    assert {path.stem for path in files("gateways/paypal/*.json")} == set(PUBLISHED)


@of_corpus
@pytest.mark.parametrize(("name", "types"), PUBLISHED.items(), ids=PUBLISHED)
def test_a_published_payload_becomes_these_events(name: str, types: list[str]) -> None:
    assert [event["type"] for event in events_of(example(name))] == types


@of_corpus
def test_an_agreement_of_the_older_kind_is_a_subscription() -> None:
    assert events_of(example("billing.subscription.suspended")) == [
        {
            "type": "subscription.paused",
            "customer": {"id": "XLHKRXRA4H7QY", "name": "Cool Buyer", "email": "coolbuyer@example.com"},
            "subscription": {
                "id": "I-PE7JWXKGVN0R",
                "status": "paused",
                "description": "desc",
                "amount": jsontext.loads(b"10.00"),
                "amount_minor": 1000,
                "currency": "USD",
                "interval": "month",
                "interval_count": 1,
                "started_at": "2016-04-30T07:00:00Z",
                "failed_payments": 0,
            },
        }
    ]


@of_corpus
def test_a_failed_renewal_says_why_and_when_it_is_tried_again() -> None:
    failed = events_of(example("billing.subscription.payment.failed.v2"))[2]
    twelve = {"amount": jsontext.loads(b"12.00"), "amount_minor": 1200, "currency": "USD"}

    assert failed == {
        "type": "subscription.renewal_failed",
        "customer": {"id": "2J6QB8YJQSJRJ", "name": "John Doe", "email": "customer@example.com"},
        "subscription": {
            **twelve,
            "id": "I-BW452GLLEP1G",
            "status": "past_due",
            "product_id": "P-5ML4271244454362WXNWU5NQ",
            "quantity": 20,
            "started_at": "2018-11-01T00:00:00Z",
            "current_period_end": "2026-10-12T10:00:00Z",
            "renews_at": "2026-10-12T10:00:00Z",
            "days_until_renewal": 30,
            "failed_payments": 1,
        },
        "invoice": {
            **twelve,
            "status": "open",
            "amount_due": jsontext.loads(b"12.00"),
            "amount_due_minor": 1200,
            "attempt_count": 1,
            "next_attempt_at": "2026-09-17T10:00:00Z",
            "failure_reason": "Payment denied",
            "subscription_id": "I-BW452GLLEP1G",
            "items": [],
        },
        "payment": {
            **twelve,
            "status": "failed",
            "failure_code": "PAYMENT_DENIED",
            "failure_reason": "Payment denied",
            "attempt_count": 1,
            "next_attempt_at": "2026-09-17T10:00:00Z",
            "gateway": "PayPal",
            "subscription_id": "I-BW452GLLEP1G",
        },
    }


@of_corpus
def test_an_invoice_of_the_older_kind_keeps_its_unreadable_dates_empty() -> None:
    one = {"amount": jsontext.loads(b"1.00"), "amount_minor": 100}

    assert events_of(example("invoicing.invoice.paid"))[0] == {
        "type": "invoice.paid",
        "customer": {"email": "example@example.com", "company": "Medical Professionals LLC"},
        "invoice": {
            **one,
            "id": "INV2-8FSD-3HT6-BRHR-UHYV",
            "number": "MM00063",
            "status": "paid",
            "currency": "USD",
            "amount_due": jsontext.loads(b"0.00"),
            "amount_due_minor": 0,
            "amount_paid": jsontext.loads(b"1.00"),
            "amount_paid_minor": 100,
            "paid_at": "2015-09-25T23:14:14Z",
            "items": [{**one, "description": "Sample Item", "kind": "other", "quantity": 1}],
        },
        "payment": {
            **one,
            "id": "22592127VV907111U",
            "status": "succeeded",
            "currency": "USD",
            "method": "paypal",
            "paid_at": "2015-09-25T23:14:14Z",
            "gateway": "PayPal",
            "invoice_id": "INV2-8FSD-3HT6-BRHR-UHYV",
            "invoice_number": "MM00063",
        },
    }


@of_corpus
def test_what_was_given_back_or_taken_has_no_sign() -> None:
    refund = events_of(example("payment.capture.refunded"))[0]
    reversal = events_of(example("payment.sale.reversed"))[0]

    assert refund["refund"] == {
        "id": "8VC964970N548345V",
        "status": "succeeded",
        "amount": jsontext.loads(b"0.15"),
        "amount_minor": 15,
        "currency": "USD",
        "payment_id": "5LK72275CG489890D",
        "created_at": "2014-10-22T23:48:57Z",
    }
    assert reversal["dispute"] == {
        "amount": jsontext.loads(b"0.49"),
        "amount_minor": 49,
        "currency": "USD",
        "payment_id": "77689802DL785834G",
        "opened_at": "2014-10-23T00:19:12Z",
    }


@of_corpus
def test_a_deadline_without_a_zone_is_taken_as_utc() -> None:
    dispute = events_of(example("customer.dispute.created--2019-11"))[0]["dispute"]

    assert (dispute["respond_by"], dispute["status"]) == ("2016-07-10T20:38:52Z", "under_review")


@of_corpus
def test_a_vaulted_card_is_read_in_spite_of_the_blanks_in_paypals_sample() -> None:
    assert events_of(example("vault.credit-card.created"))[0]["payment_method"] == {
        "id": "CARD - 2 XR99321JH288614BK7SF2ZY",
        "type": "card",
        "brand": "amex",
        "last4": "4009",
        "exp_month": 7,
        "exp_year": 2027,
        "expires_at": "2027-07-31T23:59:59Z",
        "holder_name": "Cool Buyer",
        "country": "US",
        "days_until_expiry": 4394,
    }


def event(event_type: str, **resource: Any) -> bytes:
    return jsontext.dumps(
        {
            "id": "WH-1",
            "event_type": event_type,
            "create_time": "2026-11-22T07:00:00.000Z",
            "resource": resource,
        }
    )


def types_of(event_type: str, **resource: Any) -> list[str]:
    return [made["type"] for made in events_of(event(event_type, **resource))]


def test_a_first_payment_that_fails_is_no_failed_renewal() -> None:
    never_paid = {"cycle_executions": [{"tenure_type": "REGULAR", "sequence": 1, "cycles_completed": 0}]}

    types = types_of("BILLING.SUBSCRIPTION.PAYMENT.FAILED", id="I-1", billing_info=never_paid)

    assert types == ["invoice.payment_failed", "payment.failed"]


def test_after_the_last_try_no_retry_is_said() -> None:
    last = {"failed_payments_count": 3, "last_failed_payment": {"next_payment_retry_time": None}}

    types = types_of("BILLING.SUBSCRIPTION.PAYMENT.FAILED", id="I-1", billing_info=last)

    assert types == ["invoice.payment_failed", "payment.failed", "subscription.renewal_failed"]


@pytest.mark.parametrize(
    ("resource", "types"),
    [
        ({}, ["payment.succeeded"]),
        ({"billing_agreement_id": "I-1"}, ["payment.succeeded", "subscription.renewed"]),
        ({"billing_agreement_id": "B-1"}, ["payment.succeeded"]),
        (
            {"billing_agreement_id": "I-1", "payment_hold_status": "HELD"},
            ["payment.succeeded", "subscription.renewed"],
        ),
        ({"billing_agreement_id": "I-1", "payment_hold_status": "RELEASED"}, []),
    ],
)
def test_a_sale_renews_a_subscription_once(resource: dict[str, Any], types: list[str]) -> None:
    assert types_of("PAYMENT.SALE.COMPLETED", id="S-1", **resource) == types


@pytest.mark.parametrize(
    ("status", "types"),
    [
        ("PAID", ["invoice.paid", "payment.succeeded"]),
        ("MARKED_AS_PAID", ["invoice.paid", "payment.succeeded"]),
        ("PARTIALLY_PAID", ["payment.succeeded"]),
        ("PAYMENT_PENDING", ["payment.pending"]),
    ],
)
def test_paypals_word_paid_is_said_of_a_part_too(status: str, types: list[str]) -> None:
    assert types_of("INVOICING.INVOICE.PAID", invoice={"id": "INV2-1", "status": status, "detail": {}}) == types


@cases(
    ("outcome", "type_name", "status"),
    [
        ("RESOLVED_BUYER_FAVOUR", "dispute.lost", "lost"),
        ("ACCEPTED", "dispute.lost", "lost"),
        ("RESOLVED_SELLER_FAVOUR", "dispute.won", "won"),
        ("CANCELED_BY_BUYER", "dispute.won", "won"),
        ("DENIED", "dispute.won", "won"),
        ("RESOLVED_WITH_PAYOUT", "dispute.updated", "closed"),
        ("NONE", "dispute.updated", "closed"),
        (None, "dispute.updated", "closed"),
    ],
)
def test_a_dispute_is_won_or_lost_by_its_outcome(outcome: str | None, type_name: str, status: str) -> None:
    resolved = event("CUSTOMER.DISPUTE.RESOLVED", status="RESOLVED", dispute_outcome={"outcome_code": outcome})

    made = events_of(resolved)

    assert [(each["type"], each["dispute"]["status"]) for each in made] == [(type_name, status)]


def test_an_order_of_several_units_costs_their_sum_in_one_currency() -> None:
    units = [{"amount": {"currency_code": "EUR", "value": value}} for value in ("49.00", "10.00")]
    foreign = {"amount": {"currency_code": "USD", "value": "1.00"}}

    (same,) = events_of(event("CHECKOUT.ORDER.COMPLETED", purchase_units=units))
    (mixed,) = events_of(event("CHECKOUT.ORDER.COMPLETED", purchase_units=[*units, foreign]))

    assert (same["checkout"]["amount_minor"], same["checkout"]["currency"]) == (5900, "EUR")
    assert mixed["checkout"] == {"mode": "payment"}


def test_a_refund_under_way_is_created_and_not_yet_through() -> None:
    assert types_of("PAYMENT.CAPTURE.REFUNDED", id="R-1", status="PENDING") == ["refund.created"]
    assert types_of("PAYMENT.CAPTURE.REFUNDED", id="R-1", status="COMPLETED") == ["refund.succeeded"]


def test_what_several_events_tell_is_told_once() -> None:
    """The payment of an invoice is a sale or a capture, which tells of itself; so is its refund."""
    paid = {"status": "PAID", "detail": {}, "payments": {"transactions": [{"type": "PAYPAL", "payment_id": "P-1"}]}}
    back = paid | {"status": "REFUNDED", "refunds": {"transactions": [{"type": "PAYPAL", "refund_id": "R-1"}]}}
    bodies = [
        event("PAYMENT.CAPTURE.PENDING", id="P-1"),
        event("PAYMENT.CAPTURE.COMPLETED", id="P-1"),
        event("INVOICING.INVOICE.PAID", invoice={"id": "INV2-1"} | paid),
        event("PAYMENT.CAPTURE.DENIED", id="P-2"),
        event("PAYMENT.CAPTURE.DECLINED", id="P-2"),
        event("PAYMENT.CAPTURE.REFUNDED", id="R-1", status="PENDING"),
        event("PAYMENT.REFUND.PENDING", id="R-1", status="PENDING"),
        event("PAYMENT.CAPTURE.REFUNDED", id="R-1", status="COMPLETED"),
        event("INVOICING.INVOICE.REFUNDED", invoice={"id": "INV2-1"} | back),
    ]

    told = {
        each.id: each.type
        for index, body in enumerate(bodies)
        for each in PAYPAL.events(body.replace(b"WH-1", b"WH-1%d" % index))
    }

    assert list(told.values()) == [
        "payment.pending",
        "payment.succeeded",
        "invoice.paid",
        "payment.failed",
        "refund.created",
        "refund.succeeded",
        "invoice.refunded",
    ]


def test_a_merchant_is_not_taken_for_the_customer() -> None:
    payer = {"email_address": "shop@example.com", "merchant_id": "M1"}

    assert events_of(event("PAYMENT.CAPTURE.REFUNDED", id="R-1", payer=payer))[0]["customer"] is None


@cases("native", PAYPAL.provider.events)
def test_an_event_that_tells_nothing_is_still_said(native: str) -> None:
    assert "unknown" not in types_of(native)


@of_corpus
@pytest.mark.parametrize("name", PUBLISHED)
def test_no_field_of_a_wrong_kind_makes_an_event_that_our_schema_refuses(name: str) -> None:
    payload = json.loads(example(name))

    for path in paths(payload.get("resource", {})):
        for wrong in (None, True, 7, -1, "x", [], {}, [{}], 10**30):
            changed = deepcopy(payload)
            put(changed["resource"], path, wrong)

            events_of(json.dumps(changed).encode())


def paths(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items: Any = value.items() if isinstance(value, dict) else enumerate(value)
    for name, item in items:
        yield (*above, name)
        if isinstance(item, dict | list):
            yield from paths(item, (*above, name))


def put(value: Any, path: tuple[Any, ...], item: Any) -> None:
    for name in path[:-1]:
        value = value[name]
    value[path[-1]] = item


# A body that fits the signature of another


def test_a_forged_body_that_fits_a_genuine_signature_is_a_repeat_and_its_proof_is_partial() -> None:
    scheme, provider = authority().scheme(), get("paypal")
    genuine = signed(scheme)
    resource = b'"resource":{"id":"1","amount":{"total":"99999.00","currency":"EUR"}}'
    before = b'{"id":"WH-forged","event_type":"PAYMENT.SALE.COMPLETED",' + resource + b',"x":"'
    forged = replace(genuine, body=with_checksum(before, b"a" * 12, b'"}', zlib.crc32(genuine.body)))

    proof = scheme.verify(forged, settings(), NOW)

    assert json.loads(forged.body)["resource"]["amount"]["total"] == "99999.00"
    assert (scheme.covers(proof), scheme.covers("paypal_postback")) == ("partly", "partly")
    assert repeat_key(provider, read(provider, forged)) == repeat_key(provider, read(provider, genuine))
    assert repeat_key(provider, read(provider, signed(scheme))) != repeat_key(provider, read(provider, genuine))
