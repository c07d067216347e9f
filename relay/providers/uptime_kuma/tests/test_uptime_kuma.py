"""What is peculiar to Uptime Kuma: three ways to send the same, and notices that have only words."""

from urllib.parse import quote, urlencode

import pytest

from kit.cases import cases
from kit.provider import ProviderUnderTest
from relay.develop.samples import find
from relay.formats import jsontext
from relay.inbound.identity import read
from relay.model import Event, Inbound
from relay.providers.uptime_kuma import PROVIDER

UPTIME_KUMA = ProviderUnderTest("uptime_kuma")
JSON = find("uptime_kuma:down").inbound.body
PAYLOAD = jsontext.loads(JSON)
BOUNDARY = "--------------------------026589216742"
PARTS = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="data"\r\n\r\n'.encode()
    + JSON
    + f"\r\n--{BOUNDARY}--\r\n".encode()
)


def said(message: str) -> Event:
    return UPTIME_KUMA.event({"heartbeat": None, "monitor": None, "msg": message})


GET = {
    "msg": PAYLOAD["msg"],
    "heartbeat": jsontext.dumps(PAYLOAD["heartbeat"]).decode(),
    "monitor": jsontext.dumps(PAYLOAD["monitor"]).decode(),
    "token": "of the address",
}


@pytest.mark.parametrize(
    "webhook",
    [
        Inbound(PARTS, headers={"content-type": f"multipart/form-data; boundary={BOUNDARY}"}),
        Inbound(PARTS),
        Inbound(urlencode({"data": JSON.decode()}, quote_via=quote).encode()),
        Inbound(b"", method="GET", query=GET),
        Inbound(b"", method="GET", query={"data": JSON.decode()}),
    ],
    ids=["multipart", "multipart without a header", "form", "address", "address with data"],
)
def test_the_same_is_told_however_it_is_sent(webhook: Inbound) -> None:
    (event,), (expected,) = UPTIME_KUMA.events(webhook), UPTIME_KUMA.events(JSON)

    assert (event.type, event.envelope["data"]) == ("monitor.down", expected.envelope["data"])
    assert event.id == expected.id


def test_what_is_stored_of_form_data_is_without_secrets_and_tells_the_same() -> None:
    part = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="api_key"\r\n\r\nhunter2\r\n'.encode()
    webhook = read(PROVIDER, Inbound(part + PARTS))

    kept = PROVIDER.storable(webhook)

    assert b"hunter2" not in kept
    assert UPTIME_KUMA.types(kept) == ["monitor.down"]


@pytest.mark.parametrize("body", [b"--", b"--\r\n", b'--"\r\n\r\n', b"--x\r\n\r\n--x--", b"--x\n\xff\xfe"])
def test_form_data_without_a_field_is_unknown(body: bytes) -> None:
    assert UPTIME_KUMA.types(body) == ["unknown"]


@cases(
    ("message", "domain", "days"),
    [
        ("[Acme shop][https://acme.example/shop] server certificate acme will expire in 7 days", "acme.example", 7),
        ("[Acme shop][https://acme.example] intermediate CA certificate R3 will expire in 21 days", "acme.example", 21),
        ("[Acme shop][https://acme.example] Certificate will expire in -2 days", "acme.example", -2),
        ("[Acme shop] Certificate will expire in 14 days", "Acme shop", 14),
        (
            "[[Prod] Shop][https://acme.example] server certificate acme.example will expire in 7 days",
            "acme.example",
            7,
        ),
        ("[[Prod] Shop] Certificate will expire in 7 days", "[Prod] Shop", 7),
        ("[Shop][HTTPS://Shop.Acme.example:8443/a] server certificate x will expire in 1 day", "shop.acme.example", 1),
        (
            "[Shop][https://deploy:pw@acme.example./?f[a][b]=1] server certificate x will expire in 7 days",
            "acme.example",
            7,
        ),
        ("[Shop][https://[2001:DB8::1]:8443/] server certificate x will expire in 7 days", "2001:db8::1", 7),
        ('[Zoë\'s "new"\nshop: ü][https://bücher.example:443] Certificate will expire in 7 days', "bücher.example", 7),
        (
            "[a][b] certificate will expire in 3 days][https://c.example] Certificate will expire in 7 days",
            "c.example",
            7,
        ),
        ("[Mail][null] server certificate *.acme.example will expire in 7 days", "*.acme.example", 7),
        ("[Mail][https://] server certificate Mail.Acme.example will expire in 7 days", "mail.acme.example", 7),
        ("[Mail][] intermediate CA certificate ca.example.com will expire in 7 days", "Mail", 7),
        ("[Certificate of acme][https://acme.example] Certificate will expire in 7 days", "acme.example", 7),
    ],
)
def test_a_certificate_that_expires_is_known_by_its_words(message: str, domain: str, days: int) -> None:
    event = said(message)

    told = event.envelope["data"]["certificate"]
    assert (event.type, told["domain"], told["days_until_expiry"]) == ("certificate.expiring", domain, days)


def test_a_domain_that_expires_is_known_by_its_words() -> None:
    event = said("Domain name acme.example will expire in 30 days")

    told = event.envelope["data"]["domain"]
    assert (event.type, told["name"], told["days_until_expiry"]) == ("domain.expiring", "acme.example", 30)


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (0, ["monitor.down"]),
        ("0", ["monitor.down"]),
        (1, ["monitor.up"]),
        (2, []),
        (3, []),
        (9, ["unknown"]),
        (True, ["unknown"]),
    ],
)
def test_the_heartbeats_status_decides(status: object, told: list[str]) -> None:
    payload = PAYLOAD | {"heartbeat": PAYLOAD["heartbeat"] | {"status": status}}

    assert UPTIME_KUMA.types(payload) == told
