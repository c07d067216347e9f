"""Whose key it is: PayPal's signing certificate, taken from PayPal alone and proved by its chain.

The address of the certificate comes with the webhook, from a sender who is not proved yet. So it is matched
against the only form PayPal uses before anything is fetched, and what comes back counts only when it leads to
a root that this machine trusts and bears the name that PayPal signs under. Revocation is not asked for.
"""

import re
import ssl
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from threading import Lock

import certifi
from cachetools import FIFOCache
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import verification as chains

from relay.sdk.errors import Unreachable, VerificationError, VerificationUnavailable
from relay.sdk.network import fetch

# From an address to the PEM that it serves. Raises `VerificationUnavailable`.
Fetch = Callable[[str], bytes]
Roots = Callable[[], Sequence[x509.Certificate]]

LIVE, SANDBOX = "live", "sandbox"
NAMES = {
    LIVE: "messageverificationcerts.paypal.com",
    SANDBOX: "messageverificationcerts.sandbox.paypal.com",
}

# Behind the folder only letters, digits, - and _: no dots, no percent signs, no query, no fragment.
_ADDRESS = re.compile(r"https://api(?:-m)?(?:\.sandbox)?\.paypal\.com(?::443)?/v1/notifications/certs/[A-Za-z0-9_-]+")
_TIMEOUT = 5.0
_MAX_BYTES = 64 * 1024
_KEPT = 64
_KEPT_SECONDS = 6 * 3600
_MISSING_KEPT = 1000
_MISSING_SECONDS = 60


@dataclass(frozen=True, slots=True)
class ProvenKey:
    """A public key that is known to be PayPal's from `since` to `until` (Unix seconds)."""

    key: RSAPublicKey
    since: float
    until: float


class KeyCache:
    """The keys proved last, by address and name. Only proven ones come in, so strangers push none out."""

    def __init__(self) -> None:
        self._kept: FIFOCache[tuple[str, ...], ProvenKey] = FIFOCache(_KEPT)
        self._lock = Lock()

    def get(self, name: tuple[str, ...], now: float) -> RSAPublicKey | None:
        with self._lock:
            proven = self._kept.get(name)
        return proven.key if proven is not None and proven.since <= now < proven.until else None

    def knew(self, name: tuple[str, ...]) -> bool:
        """Whether there was a proven key, though its time may be over."""
        with self._lock:
            return name in self._kept

    def put(self, name: tuple[str, ...], proven: ProvenKey) -> None:
        with self._lock:
            self._kept[name] = proven


class Shop:
    """Fetches certificates, for strangers too: each once at a time, one that is not proved at a time, and one that is
    not there not again for a minute.

    Whoever comes while another is fetched is told to come later, so that no thread waits for what strangers make up;
    but for addresses that had a proven certificate before.
    """

    def __init__(self) -> None:
        self._missing: FIFOCache[tuple[str, ...], tuple[VerificationError, float]] = FIFOCache(_MISSING_KEPT)
        self._under_way: dict[tuple[str, ...], Future[RSAPublicKey]] = {}
        self._lock = Lock()

    def get(
        self,
        name: tuple[str, ...],
        fetch: Fetch,
        use: Callable[[bytes], RSAPublicKey],
        now: float,
        *,
        kept: Callable[[], RSAPublicKey | None],
        trusted: bool,
    ) -> RSAPublicKey:
        """What is `kept`, or what `use` makes of the PEM at the address that `name` begins with."""
        with self._lock:
            missing = self._missing.get(name)
            if missing is not None and now < missing[1]:
                raise copy(missing[0])  # its own would grow by each time that it is raised
            found = self._under_way.get(name)
            if found is None:
                if self._under_way and not trusted:
                    raise VerificationUnavailable("PayPal is being asked for another certificate. Send it again.")
                own = self._under_way[name] = Future()
        if found is not None:
            try:
                return found.result(timeout=2 * _TIMEOUT)
            except TimeoutError:
                raise VerificationUnavailable("PayPal's signing certificate could not be fetched in time.") from None
        try:
            # Another may have had it just before.
            key = kept() or use(self._fetched(name, fetch, now))
        except BaseException as error:
            own.set_exception(error)
            raise
        else:
            own.set_result(key)
            return key
        finally:
            with self._lock:
                del self._under_way[name]

    def _fetched(self, name: tuple[str, ...], fetch: Fetch, now: float) -> bytes:
        try:
            return fetch(name[0])
        except VerificationUnavailable:
            raise
        except VerificationError as error:
            with self._lock:
                self._missing[name] = (error, now + _MISSING_SECONDS)
            raise


def check_address(url: str) -> None:
    """Refuse an address that is not one of PayPal's certificates, without asking anybody."""
    if not _ADDRESS.fullmatch(url):
        raise VerificationError(
            "The header paypal-cert-url must be an address of PayPal's API below /v1/notifications/certs/; "
            "it is another, so nothing was fetched from it.",
            code="cert_url_not_allowed",
        )


def fetch_certificate(url: str) -> bytes:
    """The PEM at an address that `check_address` let pass."""
    try:
        answer = fetch("GET", url, timeout=_TIMEOUT, max_bytes=_MAX_BYTES)
    except Unreachable as error:
        raise VerificationUnavailable(f"PayPal's signing certificate could not be fetched: {error.message}") from None
    if answer.status == 429 or answer.status >= 500:
        raise VerificationUnavailable(
            f"PayPal's signing certificate could not be fetched: it answered {answer.status}."
        )
    if answer.status != 200:
        raise _untrusted(f"PayPal has no certificate at this address: it answered {answer.status}.")
    return answer.body


@cache
def system_roots() -> Sequence[x509.Certificate]:
    """The certificate authorities that this machine trusts, or those of certifi where it names none."""
    found = ssl.create_default_context().get_ca_certs(binary_form=True)
    if not found:
        found = ssl.create_default_context(cafile=certifi.where()).get_ca_certs(binary_form=True)
    return [root for der in found if (root := _root(der)) is not None]


def prove(pem: bytes, names: Sequence[str], roots: Sequence[x509.Certificate], now: float) -> ProvenKey:
    """The key of the first certificate in `pem`, once the others lead from it to one of `roots`.

    It must be a server's certificate under one of `names`, valid at `now`. Raises `VerificationError`.
    """
    leaf, *intermediates = _read(pem)
    chain = _chain(leaf, intermediates, names, roots, now)
    key = leaf.public_key()
    if not isinstance(key, RSAPublicKey):
        raise _untrusted("PayPal signs with RSA, and this certificate is for another kind of key.")
    return ProvenKey(
        key,
        since=max(each.not_valid_before_utc for each in chain).timestamp(),
        until=min(now + _KEPT_SECONDS, min(each.not_valid_after_utc for each in chain).timestamp()),
    )


def _chain(
    leaf: x509.Certificate,
    intermediates: list[x509.Certificate],
    names: Sequence[str],
    roots: Sequence[x509.Certificate],
    now: float,
) -> list[x509.Certificate]:
    if not roots:
        raise _untrusted("There is no certificate authority to trust on this machine.")
    builder = chains.PolicyBuilder().store(chains.Store(list(roots))).time(datetime.fromtimestamp(now, UTC))
    for name in names:
        try:
            return builder.build_server_verifier(x509.DNSName(name)).verify(leaf, intermediates)
        except chains.VerificationError:
            continue
    if not set(names) & set(_names(leaf)):
        raise VerificationError(
            f"The certificate must be issued to {' or '.join(names)}; it is issued to another name. Check "
            "whether the source's mode (live or sandbox) is that of the PayPal app.",
            code="certificate_name",
        )
    raise _untrusted(
        "The certificate leads to no authority that this machine trusts, or it is out of date. "
        "If it is PayPal's, bring the system's certificates and its clock up to date."
    )


def _read(pem: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise _untrusted("What was served as PayPal's certificate is no certificate in PEM.") from None


def _names(leaf: x509.Certificate) -> list[str]:
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    return names.get_values_for_type(x509.DNSName)


def _root(der: bytes) -> x509.Certificate | None:
    """One authority, or None where it cannot be read. Some that are widely trusted have the serial number 0,
    of which the library warns; a single bad one must not cost all the others."""
    with warnings.catch_warnings(action="ignore"):
        try:
            return x509.load_der_x509_certificate(der)
        except ValueError:
            return None


def _untrusted(message: str) -> VerificationError:
    return VerificationError(message, code="certificate_untrusted")
