"""Schemes that are data: what they accept, what they refuse, and the reason they give."""

import base64
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from kit.cases import cases
from relay.errors import ConfigError, VerificationError
from relay.model import Inbound, Secret
from relay.security import verification
from relay.security.verification import (
    KEY_FORMS,
    LONGEST_HEADER,
    STANDARD_WEBHOOKS,
    SVIX,
    Bare,
    ConfiguredHmac,
    Credentials,
    FirstOffered,
    HmacSignature,
    Pairs,
    Scheme,
    Versioned,
    base64_key,
    fingerprint,
    live_secrets,
    text_key,
)

NOW = 1795330800
BODY = '{"name":"Zoë","amount":24.00}\n'.encode()
# "the key" in each of its forms
TEXT, BASE64, HEX = "the key", "whsec_dGhlIGtleQ==", "746865206b6579"
OTHER_BASE64 = "whsec_YW5vdGhlcg=="

STRIPE_LIKE = HmacSignature(
    name="pairs", header="x-signature", form=Pairs("t", "v1"), signed="{stamp}.{body}", window=300
)
EITHER = FirstOffered((STANDARD_WEBHOOKS, SVIX))
PADDLE_LIKE = HmacSignature(
    name="semicolons",
    header="paddle-signature",
    form=Pairs("ts", "h1", ";"),
    signed="{stamp}:{body}",
    window=5,
)
POLAR_LIKE = replace(STANDARD_WEBHOOKS, name="polar", keys=(base64_key, text_key))
BARE = HmacSignature(name="bare", header="x-signature")
PREFIXED = HmacSignature(name="prefixed", header="x-signature", form=Bare("sha256="))
OPTIONAL_PREFIX = HmacSignature(
    name="optional_prefix", header="x-mollie-signature", form=Bare("sha256=", prefix_required=False)
)
UPPER_SHA512 = HmacSignature(
    name="upper", header="x-anet-signature", form=Bare("sha512="), algorithm="sha512", any_case=True
)

SCHEMES: Mapping[str, tuple[Scheme, Credentials, Credentials]] = {
    # name: (scheme, the right credentials, the credentials of somebody else)
    "standard": (STANDARD_WEBHOOKS, Credentials((BASE64,)), Credentials((OTHER_BASE64,))),
    "polar with text": (POLAR_LIKE, Credentials(("polar_whs_!",)), Credentials(("polar_whs_?",))),
    "pairs": (STRIPE_LIKE, Credentials((TEXT,)), Credentials(("another",))),
    "semicolons": (PADDLE_LIKE, Credentials((TEXT,)), Credentials(("another",))),
    "older names": (SVIX, Credentials((BASE64,)), Credentials((OTHER_BASE64,))),
    "either names": (EITHER, Credentials((BASE64,)), Credentials((OTHER_BASE64,))),
    "bare": (BARE, Credentials((TEXT,)), Credentials(("another",))),
    "prefixed": (PREFIXED, Credentials((TEXT,)), Credentials(("another",))),
    "optional prefix": (OPTIONAL_PREFIX, Credentials((TEXT,)), Credentials(("another",))),
    "sha512": (UPPER_SHA512, Credentials((TEXT,)), Credentials(("another",))),
    "configured": (
        ConfiguredHmac(),
        Credentials((TEXT,), {"header": "X-Signature"}),
        Credentials(("another",), {"header": "X-Signature"}),
    ),
}
WINDOWS = {
    "standard": 300,
    "older names": 300,
    "either names": 300,
    "polar with text": 300,
    "pairs": 300,
    "semicolons": 5,
}
STAMPED = {name: SCHEMES[name] for name in WINDOWS}


def webhook(body: bytes = BODY, **headers: str) -> Inbound:
    return Inbound(body=body, headers={name.replace("_", "-"): value for name, value in headers.items()})


def with_header(signed: Inbound, name: str, value: str) -> Inbound:
    return replace(signed, headers={**signed.headers, name: value})


def refusal(scheme: Scheme, inbound: Inbound, credentials: Credentials, now: float = NOW) -> str:
    with pytest.raises(VerificationError) as caught:
        scheme.verify(inbound, credentials, now)
    return caught.value.code


@cases("name", SCHEMES)
def test_what_a_scheme_signs_it_accepts(name: str) -> None:
    scheme, credentials, _ = SCHEMES[name]

    signed = scheme.sign(webhook(), credentials, NOW)

    scheme.verify(signed, credentials, NOW)
    assert signed.body == BODY


@cases("name", SCHEMES)
def test_a_changed_body_is_refused(name: str) -> None:
    scheme, credentials, _ = SCHEMES[name]

    signed = scheme.sign(webhook(), credentials, NOW)

    assert refusal(scheme, replace(signed, body=BODY.rstrip()), credentials) == "signature_mismatch"


@cases("name", SCHEMES)
def test_a_foreign_secret_is_refused(name: str) -> None:
    scheme, credentials, foreign = SCHEMES[name]

    signed = scheme.sign(webhook(), foreign, NOW)

    assert refusal(scheme, signed, credentials) == "signature_mismatch"


@cases("name", SCHEMES)
def test_without_a_signature_it_is_refused(name: str) -> None:
    scheme, credentials, _ = SCHEMES[name]

    assert refusal(scheme, webhook(), credentials) == "missing_signature"


@cases("name", SCHEMES)
def test_a_source_without_a_secret_accepts_nothing(name: str) -> None:
    scheme, credentials, _ = SCHEMES[name]

    signed = scheme.sign(webhook(), credentials, NOW)

    assert refusal(scheme, signed, replace(credentials, secrets=())) == "no_secret"


@cases("name", SCHEMES)
def test_every_live_secret_counts(name: str) -> None:
    scheme, credentials, foreign = SCHEMES[name]

    signed = scheme.sign(webhook(), foreign, NOW)

    both = replace(credentials, secrets=credentials.secrets + foreign.secrets)
    assert scheme.verify(signed, both, NOW) == scheme.verify(signed, foreign, NOW) == scheme.name


@pytest.mark.parametrize("name", STAMPED)
def test_a_stamp_counts_up_to_the_edge_of_its_window_and_no_further(name: str) -> None:
    scheme, credentials, _ = STAMPED[name]
    window = WINDOWS[name]

    signed = scheme.sign(webhook(), credentials, NOW)

    scheme.verify(signed, credentials, NOW + window)
    scheme.verify(signed, credentials, NOW - window)
    assert refusal(scheme, signed, credentials, NOW + window + 0.001) == "timestamp_too_old"
    assert refusal(scheme, signed, credentials, NOW - window - 0.001) == "timestamp_in_future"


@pytest.mark.parametrize("name", STAMPED)
def test_a_source_may_have_a_window_of_its_own(name: str) -> None:
    scheme, credentials, _ = STAMPED[name]
    patient = replace(credentials, settings={"tolerance": "900"})

    signed = scheme.sign(webhook(), credentials, NOW)

    scheme.verify(signed, patient, NOW + 900)
    assert refusal(scheme, signed, patient, NOW + 901) == "timestamp_too_old"


@cases("stamp", ["0", "99999999999999999", "-1", "1e9", "1795330800.5", "٣", "now", "+1795330800"])
def test_a_stamp_that_is_none_is_refused(stamp: str) -> None:
    signed = STANDARD_WEBHOOKS.sign(webhook(), Credentials((BASE64,)), NOW)

    code = refusal(STANDARD_WEBHOOKS, with_header(signed, "webhook-timestamp", stamp), Credentials((BASE64,)))

    assert code in ("malformed_header", "signature_mismatch")


def test_a_stamp_that_was_put_forward_is_refused() -> None:
    signed = STANDARD_WEBHOOKS.sign(webhook(), Credentials((BASE64,)), NOW - 3600)

    renewed = with_header(signed, "webhook-timestamp", str(NOW))

    assert refusal(STANDARD_WEBHOOKS, renewed, Credentials((BASE64,))) == "signature_mismatch"


@cases(
    ("scheme", "value", "code"),
    [
        (STANDARD_WEBHOOKS, "   ", "missing_signature"),
        (STANDARD_WEBHOOKS, "garbage", "no_supported_signature"),
        (STANDARD_WEBHOOKS, "v1,", "no_supported_signature"),
        (STANDARD_WEBHOOKS, "v2,abc v1a,abc", "no_supported_signature"),
        (STANDARD_WEBHOOKS, "v1,não", "signature_mismatch"),
        (STANDARD_WEBHOOKS, "v1," + "A" * LONGEST_HEADER, "malformed_header"),
        (STANDARD_WEBHOOKS, "v1,A " * (LONGEST_HEADER // 5), "signature_mismatch"),
        (STRIPE_LIKE, f"t={NOW}", "no_supported_signature"),
        (STRIPE_LIKE, f"t={NOW},v0=abc", "no_supported_signature"),
        (STRIPE_LIKE, "v1=abc", "malformed_header"),
        (STRIPE_LIKE, f"t={NOW},t={NOW},v1=abc", "malformed_header"),
        (STRIPE_LIKE, "t=soon,v1=abc", "malformed_header"),
        (STRIPE_LIKE, f"t={NOW},v1=ÿþ", "signature_mismatch"),
        (STRIPE_LIKE, ",=,,==", "malformed_header"),
        (PREFIXED, "abc", "no_supported_signature"),
        (PREFIXED, "sha1=abc", "no_supported_signature"),
        (OPTIONAL_PREFIX, "abc", "signature_mismatch"),
        (BARE, "\x00", "signature_mismatch"),
    ],
)
def test_a_header_that_proves_nothing_is_refused(scheme: HmacSignature, value: str, code: str) -> None:
    credentials = Credentials((BASE64 if scheme is STANDARD_WEBHOOKS else TEXT,))
    signed = scheme.sign(webhook(), credentials, NOW)

    assert refusal(scheme, with_header(signed, scheme.header, value), credentials) == code


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp"])
def test_a_header_that_is_signed_must_be_there(name: str) -> None:
    signed = STANDARD_WEBHOOKS.sign(webhook(), Credentials((BASE64,)), NOW)

    assert refusal(STANDARD_WEBHOOKS, with_header(signed, name, ""), Credentials((BASE64,))) == ("missing_signature")


@pytest.mark.parametrize(
    ("scheme", "credentials", "more"),
    [
        (STANDARD_WEBHOOKS, Credentials((BASE64,)), "v1,b2xk v1a,xyz {}"),
        (STANDARD_WEBHOOKS, Credentials((BASE64,)), "  {}   v1,b2xk"),
        (STRIPE_LIKE, Credentials((TEXT,)), "{},v1=0000,v0=1111"),
        (STRIPE_LIKE, Credentials((TEXT,)), "v1=0000, {}"),
        (PADDLE_LIKE, Credentials((TEXT,)), "{};h9=abc;h1=0000"),
    ],
)
def test_one_good_signature_among_others_is_enough(scheme: HmacSignature, credentials: Credentials, more: str) -> None:
    signed = scheme.sign(webhook(), credentials, NOW)

    value = more.format(signed.headers[scheme.header])

    assert scheme.verify(with_header(signed, scheme.header, value), credentials, NOW) == scheme.name


def test_a_header_full_of_signatures_costs_no_more_than_one(monkeypatch: pytest.MonkeyPatch) -> None:
    credentials = Credentials((BASE64,))
    signed = STANDARD_WEBHOOKS.sign(webhook(), credentials, NOW)
    made = []
    digest = verification.hmac.digest
    monkeypatch.setattr(verification.hmac, "digest", lambda *args: made.append(args) or digest(*args))

    code = refusal(STANDARD_WEBHOOKS, with_header(signed, "webhook-signature", "v1,A " * 1000), credentials)

    assert code == "signature_mismatch"
    assert len(made) == 1


def test_hexadecimal_may_come_in_capitals_where_the_scheme_allows_it() -> None:
    credentials = Credentials((TEXT,))
    upper = UPPER_SHA512.sign(webhook(), credentials, NOW).headers["x-anet-signature"].upper()
    strict = BARE.sign(webhook(), credentials, NOW).headers["x-signature"].upper()

    UPPER_SHA512.verify(webhook(x_anet_signature=upper.replace("SHA512=", "sha512=")), credentials, NOW)
    assert refusal(BARE, webhook(x_signature=strict), credentials) == "signature_mismatch"


def test_a_repeat_keeps_its_id_when_it_is_signed_again() -> None:
    credentials = Credentials((BASE64,))
    first = STANDARD_WEBHOOKS.sign(webhook(), credentials, NOW)

    again = STANDARD_WEBHOOKS.sign(first, credentials, NOW + 3600)

    assert again.headers["webhook-id"] == first.headers["webhook-id"]
    assert again.headers["webhook-signature"] != first.headers["webhook-signature"]


# The secret's end, in seconds from now, and whether the secret still counts.
@pytest.mark.parametrize(("seconds", "counts"), [(None, True), (0.001, True), (0, False), (-1, False)])
def test_a_secret_counts_until_it_ends(seconds: float | None, counts: bool) -> None:
    secrets = (Secret("new"), Secret("old", None if seconds is None else NOW + seconds))

    assert live_secrets(secrets, NOW) == (("new", "old") if counts else ("new",))


def test_during_a_rotation_both_secrets_count_and_afterwards_only_the_new_one() -> None:
    secrets = (Secret(BASE64), Secret(OTHER_BASE64, not_after=NOW + 60))
    signed = STANDARD_WEBHOOKS.sign(webhook(), Credentials((OTHER_BASE64,)), NOW + 59)

    STANDARD_WEBHOOKS.verify(signed, Credentials(live_secrets(secrets, NOW + 59)), NOW + 59)
    code = refusal(STANDARD_WEBHOOKS, signed, Credentials(live_secrets(secrets, NOW + 60)), NOW + 60)

    assert code == "signature_mismatch"


def test_secrets_do_not_show_when_they_are_printed() -> None:
    shown = f"{Secret(BASE64)!r} {Credentials((BASE64,), {'basic_auth': TEXT})!r}"

    assert BASE64 not in shown
    assert TEXT not in shown


@pytest.mark.parametrize(
    ("form", "secret"),
    [("text", TEXT), ("base64", BASE64), ("base64", "dGhlIGtleQ"), ("hex", HEX), ("hex", HEX.upper())],
)
def test_a_key_is_read_in_its_form(form: str, secret: str) -> None:
    assert KEY_FORMS[form](secret) == b"the key"


@pytest.mark.parametrize(("form", "secret"), [("base64", "whsec_not base64!"), ("base64", "é"), ("hex", "xyz")])
def test_a_key_that_is_not_in_its_form_is_the_operators_mistake(form: str, secret: str) -> None:
    with pytest.raises(ConfigError, match="The secret must be"):
        KEY_FORMS[form](secret)


@cases("algorithm", ["sha1", "sha256", "sha384", "sha512"])
@cases("encoding", ["hex", "base64"])
@cases(("key_form", "secret"), [("text", TEXT), ("base64", BASE64), ("hex", HEX)])
def test_a_configured_scheme_takes_what_its_settings_say(
    algorithm: str, encoding: str, key_form: str, secret: str
) -> None:
    settings = {
        "header": "X-Hub-Signature",
        "algorithm": algorithm,
        "encoding": encoding,
        "key_form": key_form,
        "prefix": f"{algorithm}=",
    }
    credentials = Credentials((secret,), settings)

    signed = ConfiguredHmac().sign(webhook(), credentials, NOW)

    ConfiguredHmac().verify(signed, credentials, NOW)
    assert signed.headers["x-hub-signature"].startswith(f"{algorithm}=")


def test_a_configured_scheme_agrees_with_a_published_example() -> None:
    """https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries"""
    credentials = Credentials(("It's a Secret to Everybody",), {"header": "X-Hub-Signature-256", "prefix": "sha256="})

    signed = webhook(
        b"Hello, World!",
        x_hub_signature_256="sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
    )

    assert ConfiguredHmac().verify(signed, credentials, NOW) == "hmac"


def test_a_configured_scheme_that_names_no_header_says_so() -> None:
    with pytest.raises(ConfigError, match="which header"):
        ConfiguredHmac().verify(webhook(), Credentials((TEXT,)), NOW)


def test_the_standards_own_example_is_accepted() -> None:
    """https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md"""
    example = webhook(
        b'{"test": 2432232314}',
        webhook_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        webhook_timestamp="1614265330",
        webhook_signature="v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    )

    secret = Credentials(("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",))
    assert STANDARD_WEBHOOKS.verify(example, secret, 1614265330) == "standard_webhooks"


@pytest.mark.parametrize("body", [b"{}", BODY, b""])
def test_the_standards_own_library_signs_the_same(body: bytes) -> None:
    secret = "whsec_" + base64.b64encode(bytes(range(24))).decode()

    ours = STANDARD_WEBHOOKS.sign(webhook(body, webhook_id="msg_1"), Credentials((secret,)), NOW)
    theirs = Webhook(secret).sign("msg_1", datetime.fromtimestamp(NOW, UTC), body.decode())

    assert ours.headers["webhook-signature"] == theirs


def test_a_version_that_is_not_ours_is_passed_over() -> None:
    assert Versioned("v1").read("v2,abc v1,def v1a,ghi v1,jkl").offered == ("def", "jkl")


def test_a_fingerprint_tells_bodies_apart() -> None:
    assert fingerprint(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert fingerprint(BODY) != fingerprint(BODY.rstrip())


def by_svix(webhook: Inbound) -> Inbound:
    return SVIX.sign(webhook, Credentials((BASE64,)), NOW)


def test_the_names_of_svix_are_those_that_its_own_library_signs_under() -> None:
    ours = by_svix(webhook())
    official = Webhook(BASE64).sign(ours.headers["svix-id"], datetime.fromtimestamp(NOW, UTC), BODY.decode())

    assert ours.headers == {
        "svix-id": ours.headers["svix-id"],
        "svix-timestamp": str(NOW),
        "svix-signature": official,
    }
    assert EITHER.verify(ours, Credentials((BASE64,)), NOW) == "standard_webhooks"


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp"])
def test_a_header_of_one_family_takes_the_place_of_none_of_another(name: str) -> None:
    headers = dict(by_svix(webhook()).headers)
    headers[name] = headers.pop(f"svix-{name.partition('-')[2]}")

    with pytest.raises(VerificationError) as caught:
        EITHER.verify(Inbound(BODY, headers=headers), Credentials((BASE64,)), NOW)

    assert caught.value.code == "missing_signature"


def test_a_family_that_is_there_is_the_one_that_counts() -> None:
    both = Inbound(BODY, headers={**by_svix(webhook()).headers, "webhook-signature": "v1,bm90aGluZw=="})

    with pytest.raises(VerificationError):
        EITHER.verify(both, Credentials((BASE64,)), NOW)
