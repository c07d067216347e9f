"""What is removed from a body before it is kept, and what is left alone."""

from decimal import Decimal
from typing import Any

import pytest

from kit.cases import cases
from relay.security.redaction import (
    REMOVED,
    is_secret_name,
    parameters_without_secrets,
    text_without_secrets,
    without_secrets,
)

# Names seen in panels and gateways, from both sides of the line.
SECRET = [
    "pass",
    "passwd",
    "password",
    "Password2",
    "NEW_PASSWORD",
    "NEW_SYSTEM_USER_PASSWORD",
    "VIRTUALSERVER_PASS",
    "new_password",
    "newpassword",
    "serverpassword",
    "serveraccesshash",
    "system_password",
    "key_pem",
    "privateKey",
    "private_key",
    "apiKey",
    "api_key",
    "APIKey",
    "api-key",
    "license_key",
    "secret",
    "client_secret",
    "clientSecret",
    "token",
    "access_token",
    "reg_hash",
    "cvv",
    "cvv2",
    "card_cvc",
    "cardnum",
    "eppcode",
    "authcode",
    "authdata",
    "webhook.secret",
    "card_number",
    "cardNumber",
    "card.number",
    "card[number]",
    "creditCardNumber",
    "cc-num",
    "securityCode",
    "security_code",
    "card_code",
    "iban",
    "IBAN",
    "account_iban",
    "authorization",
    "HTTP_AUTHORIZATION",
    "proxyAuthorization",
    "accesskey",
    "accessKey",
    "credentials",
    "awsCredentials",
    "sessionid",
    "session_id",
    "PHPSESSID",
    "set-cookie",
    "otp",
    "pin",
    "userPin",
    "ssn",
    "social_security_number",
    "licensekey",
    "api_keys",
    "accesstoken",
    "jwt",
    # French, German, Spanish, Portuguese, Italian
    "mot_de_passe",
    "motDePasse",
    "clé_secrète",
    "cle_api",
    "jeton",
    "identifiants",
    "numéro_de_carte",
    "numero_carte",
    "code_de_sécurité",
    "cryptogramme",
    "Passwort",
    "neues_passwort",
    "Kennwort",
    "Zugangsdaten",
    "Kartennummer",
    "Kreditkartennummer",
    "Prüfnummer",
    "Sicherheitscode",
    "API-Schlüssel",
    "Lizenzschluessel",
    "contraseña",
    "contrasena_nueva",
    "clave",
    "clave_secreta",
    "numero_de_tarjeta",
    "codigo_de_seguridad",
    "senha",
    "chave_privada",
    "número_do_cartão",
    "código_de_segurança",
    "palavra_passe",
    "credenciais",
    "parola",
    "parola_d_ordine",
    "chiave_api",
    "numero_della_carta",
    "codice_di_sicurezza",
    "credenziali",
]
HARMLESS = [
    "",
    "id",
    "user",
    "passenger",
    "compass",
    "bypass_cache",
    "key",
    "keyboard",
    "monkey",
    "idempotency_key",
    "dedup_key",
    "alert_key",
    "groupKey",
    "public_key",
    "publishableKey",
    "hashtag",
    "tokenizer",
    "secretary",
    "passive",
    "cardbrand",
    "expires_at",
    "card_last4",
    "cardBrand",
    "masked_card_number",
    "cardNumberLast4",
    "checkout_session_id",
    "authorization_id",
    "authorized_at",
    "cookie_consent",
    "spinner",
    "pinned",
    "company",
    "sort_keys",
    "public_keys",
    "palabra_clave",
    "mot_cle",
    "carte",
    "código_postal",
    "Rechnungsnummer",
    "numero_de_factura",
]


@cases("name", SECRET)
def test_a_secret_is_known_by_its_name(name: str) -> None:
    assert is_secret_name(name)


@cases("name", HARMLESS)
def test_a_name_that_only_looks_like_one_is_left(name: str) -> None:
    assert not is_secret_name(name)


@cases(
    ("payload", "expected"),
    [
        ({"password": "hunter2", "user": "jane"}, {"password": REMOVED, "user": "jane"}),
        ({"a": [{"b": {"api_key": "k"}}, 1]}, {"a": [{"b": {"api_key": REMOVED}}, 1]}),
        ({"token": {"value": "t", "type": "x"}}, {"token": REMOVED}),
        ({"secrets": ["a", "b"]}, {"secrets": REMOVED}),
        ({"pin_hash": 12345}, {"pin_hash": REMOVED}),
        ({"cardcvv": 123}, {"cardcvv": REMOVED}),
        ({"CardCVV": "123"}, {"CardCVV": REMOVED}),
        ([[{"pass": "x"}]], [[{"pass": REMOVED}]]),
    ],
)
def test_what_a_secret_name_holds_is_removed_at_any_depth(payload: Any, expected: Any) -> None:
    assert without_secrets(payload, frozenset({"cardcvv"})) == (expected, True)


@pytest.mark.parametrize("nothing", [None, True, False, ""])
def test_a_secret_that_says_nothing_stays(nothing: Any) -> None:
    payload = {"password": nothing, "has_token": nothing}

    cleaned, removed = without_secrets(payload)

    assert cleaned is payload
    assert not removed


@pytest.mark.parametrize("kind", ["", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED "])
def test_a_private_key_is_removed_wherever_it_stands(kind: str) -> None:
    key = f"-----BEGIN {kind}PRIVATE KEY-----\nMIIEvQIBADANBgkqh\n-----END {kind}PRIVATE KEY-----"

    cleaned, removed = without_secrets({"output": [f"before {key} after", "nothing here"]})

    assert cleaned == {"output": [f"before {REMOVED} after", "nothing here"]}
    assert removed


def test_a_private_key_that_was_cut_short_is_removed_to_the_end() -> None:
    cleaned, _ = without_secrets("log: -----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqh")

    assert cleaned == f"log: {REMOVED}"


def test_an_address_loses_its_credentials_at_any_depth_and_as_a_name() -> None:
    payload = {"a": [{"https://u:p@host/": "down", "note": "see https://u:p@host/?token=x"}], "b": 1}

    assert without_secrets(payload) == (
        {"a": [{"https://host/": "down", "note": "see https://host/?token=[removed]"}], "b": 1},
        True,
    )


def test_parameters_of_a_providers_own_pages_stay_where_it_says_so() -> None:
    page = {"url": "https://store.example/billing?expires=1&signature=s&token=t"}

    cleaned, _ = without_secrets(page, plain_parameters=frozenset(["signature"]))

    assert cleaned == {"url": "https://store.example/billing?expires=1&signature=s&token=[removed]"}


def test_what_was_cleaned_before_is_left_as_it_is() -> None:
    payload = {"password": REMOVED, "url": "https://host/?token=[removed]"}

    assert without_secrets(payload) == (payload, False)


def test_a_certificate_stays() -> None:
    certificate = "-----BEGIN CERTIFICATE-----\nMIIBszCCARw\n-----END CERTIFICATE-----"

    assert without_secrets({"certificate_pem": certificate}) == ({"certificate_pem": certificate}, False)


def test_a_payload_is_not_changed_under_its_owner() -> None:
    payload = {"user": {"password": "hunter2"}}

    without_secrets(payload)

    assert payload == {"user": {"password": "hunter2"}}


def test_names_of_one_provider_do_not_reach_another() -> None:
    without_secrets({"expdate": "1228"}, frozenset({"expdate"}))

    assert without_secrets({"expdate": "1228"}) == ({"expdate": "1228"}, False)


def test_a_document_as_deep_as_any_that_is_read_is_cleaned() -> None:
    payload: Any = {"password": "hunter2"}
    for _ in range(200):
        payload = [payload]

    cleaned, removed = without_secrets(payload)

    for _ in range(200):
        cleaned = cleaned[0]
    assert cleaned == {"password": REMOVED}
    assert removed


@cases(
    ("printed", "kept"),
    [
        ("pg_dump --password=hunter2 acme", "pg_dump --password=[removed] acme"),
        ('API_KEY = "k 1" and more', "API_KEY = [removed] and more"),
        ("Authorization token: abc123; retrying", "Authorization token: [removed]; retrying"),
        ('{"secret": "s3"}', '{"secret": [removed]}'),
        ('"password": "a\\"b", "c": 1', '"password": [removed], "c": 1'),
        ('"password": "cut', '"password": [removed]'),
        ('data: {"password": "x", "a": 1}', 'data: {"password": [removed], "a": 1}'),
        ('{"token": {"value": 1}, "user": 2', '{"token": [removed], "user": 2'),
        ('{"token": {"value": {"deep": 1}}, "user": 2', '{"token": [removed]'),
        ("<password>x</password><user>y</user>", "<password>[removed]</password><user>y</user>"),
        ('name="password"\r\n\r\nx\r\n--', 'name="password"\r\n\r\n[removed]\r\n--'),
        ("Authorization: Bearer abc.def", "Authorization: Bearer [removed]"),
        ("rsync to https://u:p@host/ failed", "rsync to https://host/ failed"),
        ("done: 12 files, size=4096, key: 3", "done: 12 files, size=4096, key: 3"),
        ("-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\nok", "[removed]\nok"),
    ],
)
def test_what_a_job_prints_loses_what_stands_behind_a_secrets_name(printed: str, kept: str) -> None:
    assert text_without_secrets(printed) == kept


CARD = "4111 1111 1111 1111"


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"note": f"charged {CARD}"}, {"note": f"charged {REMOVED}"}),
        ({"order_id": "4111111111111111"}, {"order_id": REMOVED}),
        ({"a": [4111111111111111, 5]}, {"a": [REMOVED, 5]}),
        ({"x": Decimal("4111111111111111.0")}, {"x": REMOVED}),
        ({CARD: "kept"}, {REMOVED: "kept"}),
        ({"reference": "4222222222222"}, {"reference": REMOVED}),
    ],
)
def test_a_cards_number_is_removed_under_any_name(payload: Any, expected: Any) -> None:
    assert without_secrets(payload) == (expected, True)


@pytest.mark.parametrize(
    "payload",
    [
        # Ids of shops, telephone numbers and barcodes have as many digits as cards once had.
        {"id": 4222222222222, "customer_id": "4222222222222"},
        {"phone": "4222222222222", "barcode": "4222222222222"},
    ],
)
def test_ids_telephones_and_barcodes_of_13_digits_stay(payload: Any) -> None:
    assert without_secrets(payload) == (payload, False)


def test_ids_of_a_known_product_stay_and_all_else_is_looked_at() -> None:
    payload = {"payment_id": "4111111111111111", "ids": [4111111111111111], "note": CARD, "id": f"card {CARD}"}

    cleaned, _ = without_secrets(payload, ids_stay=True)

    assert cleaned == payload | {"note": REMOVED, "id": f"card {REMOVED}"}


def test_a_field_that_its_provider_names_plain_keeps_its_digits() -> None:
    payload = {"pspReference": "4111111111111111"}

    assert without_secrets(payload, plain=frozenset(["pspreference"])) == (payload, False)


def test_more_names_are_secret_in_an_address() -> None:
    query = {"sig": "s", "x-amz-security": "t", "key": "k" * 16, "signature": "s", "card": CARD, "page": "2"}

    assert parameters_without_secrets(query) == dict.fromkeys(query, REMOVED) | {"page": "2"}


def test_headers_keep_their_signature_and_lose_their_secrets() -> None:
    headers = {"x-hub-signature": "abc", "x-card": CARD, "x-api-key": "k", "sig": "s", "key": "short", "host": "a.b"}

    assert parameters_without_secrets(headers, of="headers") == {
        "x-hub-signature": "abc",
        "x-card": REMOVED,
        "x-api-key": REMOVED,
        "sig": REMOVED,
        "key": "short",
        "host": "a.b",
    }


def test_what_a_job_prints_loses_card_numbers() -> None:
    assert text_without_secrets(f"paid with {CARD}, thanks") == f"paid with {REMOVED}, thanks"
