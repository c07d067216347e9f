"""A certificate authority for tests, which signs as PayPal does: root, intermediate and PayPal's own name."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from relay.providers.paypal.certificates import LIVE, NAMES
from relay.providers.paypal.verification import PayPalSignature

FROM, UNTIL = datetime(2020, 1, 1, tzinfo=UTC), datetime(2045, 1, 1, tzinfo=UTC)
WEBHOOK_ID = "8PT597110X687430LKGECATA"

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass
class Authority:
    """One leaf below a root of its own. `fetched` lists the addresses that were asked for."""

    root: x509.Certificate
    pem: bytes
    key: Key
    fetched: list[str] = field(default_factory=list)

    def fetch(self, url: str) -> bytes:
        self.fetched.append(url)
        return self.pem

    def sign(self, text: bytes) -> bytes:
        assert isinstance(self.key, rsa.RSAPrivateKey)
        return self.key.sign(text, PKCS1v15(), SHA256())

    def scheme(self, *, fetch: Callable[[str], bytes] | None = None) -> PayPalSignature:
        """PayPal's scheme, trusting this authority alone and able to sign."""
        return PayPalSignature(fetch=fetch or self.fetch, roots=lambda: [self.root], signer=self.sign)


def authority(name: str = NAMES[LIVE], *, until: datetime = UNTIL, key: Key | None = None) -> Authority:
    """An authority whose leaf is issued to `name`. The keys are made once in a process."""
    root = _certificate("Test Root", None, _key("root"), _key("root"), ca=True)
    middle = _certificate("Test Intermediate", root, _key("middle"), _key("root"), ca=True)
    leaf_key = key or _key("leaf")
    leaf = _certificate(name, middle, leaf_key, _key("middle"), ca=False, until=until)
    pem = leaf.public_bytes(Encoding.PEM) + middle.public_bytes(Encoding.PEM)
    return Authority(root, pem, leaf_key)


@cache
def _key(_: str) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _certificate(
    name: str,
    issuer: x509.Certificate | None,
    key: Key,
    issuer_key: rsa.RSAPrivateKey,
    *,
    ca: bool,
    until: datetime = UNTIL,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only"), False
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(FROM, until - timedelta(days=1)))
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .add_extension(
            x509.KeyUsage(digital_signature=not ca, key_cert_sign=ca, crl_sign=ca, decipher_only=False, **usage),
            critical=True,
        )
    )
    if not ca:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False
        ).add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return builder.sign(issuer_key, SHA256())


AUTHORITY = authority()
SCHEME = AUTHORITY.scheme()
"""For the suite of every provider."""
