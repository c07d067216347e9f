"""Proof that a webhook is PayPal's, in either of the two ways PayPal offers.

https://developer.paypal.com/api/rest/webhooks/rest/

Signed is `transmission id|time|webhook id|CRC32 of the body`. The webhook's ID is in no header but in the
source's own settings, and so another merchant's event, genuine as it is, does not pass here.

A checksum is no proof of a body: who has one genuine webhook can make another that fits its signature, for as long as
that is accepted. So the proof is said to be partial, and a repeat is known by the transmission's id. With the app's
credentials PayPal is asked for the event itself (fetching.py), and nothing of the body but its id is believed.
"""

import base64
import binascii
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import uuid4

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from relay.formats.times import instant, iso
from relay.providers.paypal.certificates import (
    LIVE,
    NAMES,
    Fetch,
    KeyCache,
    Roots,
    Shop,
    check_address,
    fetch_certificate,
    prove,
    system_roots,
)
from relay.providers.paypal.postback import App, Postback
from relay.sdk.errors import ConfigError, VerificationError
from relay.sdk.inbound import Inbound
from relay.security.verification import Coverage, Credentials, check_window, signature_header, tolerance

CERTIFICATE, POSTBACK = "certificate", "postback"
ALGORITHM = "SHA256withRSA"
SIMULATED = "WEBHOOK_ID"
"""What the webhook simulator signs in place of a webhook's ID."""
SIMULATOR = "paypal_simulator"
"""The proof of what the simulator sent: PayPal knows no such event when it is asked."""

PAST_SECONDS = 4 * 24 * 3600
"""PayPal prescribes no window. It tries for three days, and whether a later try has a time of its own is not
documented; a repeat of what was stored is told by its event id."""
FUTURE_SECONDS = 300

# From the signed text to its signature. Only PayPal has one; tests make their own.
Signer = Callable[[bytes], bytes]

_MADE_UP_CERTIFICATE = "https://api.paypal.com/v1/notifications/certs/CERT-made-up"


@dataclass(frozen=True, slots=True)
class Transmission:
    """What the five headers say, checked as far as that goes without anybody else."""

    id: str
    time: str
    signature: str
    cert_url: str
    algorithm: str

    @classmethod
    def of(cls, inbound: Inbound) -> "Transmission":
        values = [signature_header(inbound, name) for name in _HEADERS]
        if not all(value.isascii() for value in values):
            raise VerificationError("The headers of PayPal's signature must be in ASCII.", code="malformed_header")
        sent = cls(*values)
        if sent.algorithm != ALGORITHM:
            raise VerificationError(
                f"The header paypal-auth-algo must be {ALGORITHM}; no other algorithm is accepted.",
                code="unsupported_algorithm",
            )
        check_address(sent.cert_url)
        return sent

    @property
    def moment(self) -> float:
        """When it was sent, in Unix seconds."""
        sent = instant(self.time)
        if sent is None:
            raise VerificationError(
                "The header paypal-transmission-time must be a time such as 2026-11-22T07:00:00Z.",
                code="malformed_header",
            )
        return sent.timestamp()

    @property
    def signature_bytes(self) -> bytes:
        try:
            return base64.b64decode(self.signature, validate=True)
        except (binascii.Error, ValueError):
            raise VerificationError(
                "The header paypal-transmission-sig must be base64.", code="malformed_header"
            ) from None

    def signed_text(self, webhook_id: str, body: bytes) -> bytes:
        """The CRC32 is over the bytes as they came, and printed without a sign."""
        return f"{self.id}|{self.time}|{webhook_id}|{zlib.crc32(body)}".encode()


_HEADERS = (
    "paypal-transmission-id",
    "paypal-transmission-time",
    "paypal-transmission-sig",
    "paypal-cert-url",
    "paypal-auth-algo",
)


@dataclass(frozen=True, slots=True)
class PayPalSignature:
    """By certificate, without asking PayPal; or by postback where the setting `verify_with` says so.

    All that the headers themselves condemn is refused before anybody is asked for anything.
    `fetch` serves certificates, `roots` are the authorities that are trusted. With a `signer`, whose key the
    certificates are for, it can sign as well.
    """

    fetch: Fetch = fetch_certificate
    roots: Roots = system_roots
    postback: Postback = field(default_factory=Postback)
    signer: Signer | None = None
    name: str = "paypal_certificate"
    keys: KeyCache = field(default_factory=KeyCache, repr=False, compare=False)
    shop: Shop = field(default_factory=Shop, repr=False, compare=False)

    blocking: ClassVar[bool] = True

    def covers(self, proof: str) -> Coverage:
        """Of the body only its CRC32, to which any other can be made to fit with some free characters. PayPal compares
        no more when it is asked."""
        return "partly"

    def verify(self, inbound: Inbound, credentials: Credentials, now: float) -> str:
        settings = credentials.settings
        sent = Transmission.of(inbound)
        webhook_id = _webhook_id(settings)
        _check_time(sent.moment, now, settings)
        if settings.get("verify_with") == POSTBACK:
            self.postback.verify(App.of(settings), _fields(sent, webhook_id), inbound.body, now)
            return "paypal_postback"
        return self._check_signature(sent, webhook_id, inbound.body, settings, now)

    def sign(self, inbound: Inbound, credentials: Credentials, now: float) -> Inbound:
        if self.signer is None:
            raise ConfigError(
                "Only PayPal can sign as PayPal. Post the sample to a source in monitor mode, which takes it "
                "unsigned, or send a test event from PayPal's webhook simulator."
            )
        stamp = iso(datetime.fromtimestamp(int(now), UTC)) or ""
        unsigned = Transmission(str(uuid4()), stamp, "", _MADE_UP_CERTIFICATE, ALGORITHM)
        text = unsigned.signed_text(_webhook_id(credentials.settings), inbound.body)
        signature = base64.b64encode(self.signer(text)).decode()
        values = (unsigned.id, unsigned.time, signature, unsigned.cert_url, unsigned.algorithm)
        headers = dict(zip(_HEADERS, values, strict=True)) | {"paypal-auth-version": "v2"}
        return replace(inbound, headers={**inbound.headers, **headers})

    def _check_signature(
        self, sent: Transmission, webhook_id: str, body: bytes, settings: Mapping[str, Any], now: float
    ) -> str:
        signature = sent.signature_bytes
        simulated = settings.get("allow_simulator") == "yes"
        mode = settings.get("mode") or LIVE
        names = tuple(NAMES.values()) if simulated else (NAMES[mode],)
        key = self._key(sent.cert_url, names, now)
        if _matches(key, signature, sent.signed_text(webhook_id, body)):
            return self.name
        if simulated and _matches(key, signature, sent.signed_text(SIMULATED, body)):
            return SIMULATOR
        raise VerificationError(
            "The signature does not match: the body was changed on the way, or it was sent for another "
            "webhook than the one whose ID is kept for this source.",
            code="signature_mismatch",
        )

    def _key(self, cert_url: str, names: tuple[str, ...], now: float) -> RSAPublicKey:
        name = (cert_url, *names)

        def proven(pem: bytes) -> RSAPublicKey:
            found = prove(pem, names, self.roots(), now)
            self.keys.put(name, found)
            return found.key

        def kept() -> RSAPublicKey | None:
            return self.keys.get(name, now)

        trusted = self.keys.knew(name)
        return kept() or self.shop.get(name, self.fetch, proven, now, kept=kept, trusted=trusted)


def transmission_id(inbound: Inbound) -> str | None:
    """What names one sending. It is signed, the event's id is not: one signature counts for one body, the first."""
    return inbound.headers.get(_HEADERS[0])


def scheme_for(vector: Mapping[str, Any]) -> PayPalSignature:
    """The scheme for a test vector, with the certificates and roots that it brings."""
    return PayPalSignature(fetch=_served(vector), roots=_trusted(vector))


def _served(vector: Mapping[str, Any]) -> Fetch:
    if "served_certificates_pem" not in vector:
        return fetch_certificate
    pem = str(vector["served_certificates_pem"]).encode()
    return lambda _: pem


def _trusted(vector: Mapping[str, Any]) -> Roots:
    if "trust_roots_pem" not in vector:
        return system_roots
    pems = vector["trust_roots_pem"]
    found = [root for pem in pems for root in x509.load_pem_x509_certificates(pem.encode())]
    return lambda: found


def _webhook_id(settings: Mapping[str, Any]) -> str:
    webhook_id = str(settings.get("webhook_id") or "").strip()
    if not webhook_id:
        raise VerificationError(
            "This source has no webhook_id yet, so it accepts no webhooks. Copy the Webhook ID from the PayPal "
            "app and set it: relay source set SOURCE webhook_id=...",
            code="no_webhook_id",
        )
    return webhook_id


def _fields(sent: Transmission, webhook_id: str) -> dict[str, str]:
    return {
        "auth_algo": sent.algorithm,
        "cert_url": sent.cert_url,
        "transmission_id": sent.id,
        "transmission_sig": sent.signature,
        "transmission_time": sent.time,
        "webhook_id": webhook_id,
    }


def _matches(key: RSAPublicKey, signature: bytes, text: bytes) -> bool:
    try:
        key.verify(signature, text, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


def _check_time(moment: float, now: float, settings: Mapping[str, Any]) -> None:
    past = tolerance(settings, PAST_SECONDS)
    check_window(moment, now, past if moment <= now else min(past, FUTURE_SECONDS))
