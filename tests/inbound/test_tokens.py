"""Proof by a secret that comes along, for senders that sign nothing."""

import base64

import pytest

from kit.cases import cases
from relay.errors import VerificationError
from relay.inbound.stored import pack, unpack
from relay.model import Inbound
from relay.providers import load
from relay.security.verification import BasicAuth, Credentials, Scheme, SharedToken

NOW = 1795330800
MINE = Credentials(("a-token_of.mine", "the-old-one"))
PLAIN, NAMED = SharedToken(), SharedToken("named", header="x-relay-token")


def basic(text: str) -> dict[str, str]:
    return {"authorization": f"Basic {base64.b64encode(text.encode()).decode()}"}


@cases(
    ("scheme", "webhook"),
    [
        (PLAIN, Inbound(b"", query={"token": "a-token_of.mine"})),
        (PLAIN, Inbound(b"", query={"token": "the-old-one"})),
        (PLAIN, Inbound(b"", headers={"authorization": "Bearer a-token_of.mine"})),
        (PLAIN, Inbound(b"", headers={"authorization": "bearer  a-token_of.mine "})),
        (PLAIN, Inbound(b"", headers=basic("anybody:a-token_of.mine"))),
        (NAMED, Inbound(b"", headers={"x-relay-token": "a-token_of.mine"})),
        (NAMED, Inbound(b"", query={"token": "a-token_of.mine"})),
        (BasicAuth(), Inbound(b"", headers=basic("anybody:a-token_of.mine"))),
    ],
)
def test_a_token_is_taken_from_where_senders_can_put_it(scheme: Scheme, webhook: Inbound) -> None:
    assert scheme.verify(webhook, MINE, NOW) == scheme.name
    assert scheme.covers(scheme.name) == "not"


@cases(
    ("scheme", "webhook", "code"),
    [
        (PLAIN, Inbound(b""), "missing_signature"),
        (PLAIN, Inbound(b"", query={"token": ""}), "missing_signature"),
        (PLAIN, Inbound(b"", query={"token": "another"}), "signature_mismatch"),
        (PLAIN, Inbound(b"", query={"token": "A-TOKEN_OF.MINE"}), "signature_mismatch"),
        (PLAIN, Inbound(b"", query={"token": "tökén"}), "signature_mismatch"),
        (PLAIN, Inbound(b"", headers={"x-relay-token": "a-token_of.mine"}), "missing_signature"),
        (PLAIN, Inbound(b"", headers={"authorization": "Digest a-token_of.mine"}), "missing_signature"),
        (PLAIN, Inbound(b"", headers={"authorization": "Basic ***"}), "malformed_header"),
        # What is offered first counts: a wrong header is not mended by the address.
        (PLAIN, Inbound(b"", headers=basic("a:b"), query={"token": "a-token_of.mine"}), "signature_mismatch"),
        (BasicAuth(), Inbound(b""), "missing_signature"),
        (BasicAuth(), Inbound(b"", headers=basic("no colon")), "malformed_header"),
        (BasicAuth(), Inbound(b"", headers={"authorization": "Bearer a-token_of.mine"}), "malformed_header"),
        (BasicAuth(), Inbound(b"", headers=basic("a:b")), "signature_mismatch"),
    ],
)
def test_anything_else_is_refused_with_its_reason(scheme: Scheme, webhook: Inbound, code: str) -> None:
    with pytest.raises(VerificationError) as caught:
        scheme.verify(webhook, MINE, NOW)

    assert caught.value.code == code


def test_user_and_password_may_both_be_the_secret() -> None:
    credentials = Credentials(("billing:p:with:colons-ü",))

    assert BasicAuth().verify(Inbound(b"", headers=basic("billing:p:with:colons-ü")), credentials, NOW)
    with pytest.raises(VerificationError):
        BasicAuth().verify(Inbound(b"", headers=basic("other:p:with:colons-ü")), credentials, NOW)


@pytest.mark.parametrize("scheme", [PLAIN, NAMED, BasicAuth()])
def test_without_a_secret_nothing_is_accepted(scheme: Scheme) -> None:
    signed = scheme.sign(Inbound(b""), MINE, NOW)

    with pytest.raises(VerificationError) as caught:
        scheme.verify(signed, Credentials(), NOW)

    assert caught.value.code == "no_secret"


@pytest.mark.parametrize("scheme", [PLAIN, NAMED, BasicAuth()])
def test_what_a_scheme_signs_it_accepts(scheme: Scheme) -> None:
    assert scheme.verify(scheme.sign(Inbound(b""), MINE, NOW), MINE, NOW) == scheme.name


def test_a_token_is_compared_and_never_kept() -> None:
    webhook = Inbound(
        b"{}",
        headers={"authorization": "Bearer secret-1", "x-api-key": "secret-2", "x-event": "kept"},
        query={"token": "secret-3", "apikey": "secret-4", "status": "up"},
        payload={},
    )

    kept = pack(load()["hmac"], webhook)

    assert b"secret-" not in kept
    assert unpack(kept).query == {"apikey": "[removed]", "status": "up"}
    assert unpack(kept).headers == {"x-api-key": "[removed]", "x-event": "kept"}
