"""Proof of who sent a webhook: schemes that are data where they can be, `sign` beside `verify`.

A scheme is asked with the bytes as they came, the live secrets of the source and the time; it names the proof
or raises `VerificationError`, whose `code` is one of:

missing_signature, malformed_header, no_supported_signature, unsupported_algorithm, signature_mismatch,
timestamp_too_old, timestamp_in_future, no_secret; a provider's own scheme may add to them.

Rules for all: the raw body is signed text, comparison takes constant time, every signature offered may match
any live secret, and a stamp is refused when it is too old and when it is too far ahead.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, ClassVar, Literal, Protocol

from relay.errors import ConfigError, VerificationError
from relay.model import Inbound, Secret, Source, inbound_url, new_id

LONGEST_HEADER = 8 * 1024
LONGEST_STAMP = 16


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a scheme may use: the live secrets (newest first) and the settings of one source, and the address that the
    relay gave for it (empty where there is no source, as for a vector).
    """

    secrets: tuple[str, ...] = field(repr=False, default=())
    settings: Mapping[str, Any] = field(repr=False, default_factory=dict)
    address: str = ""


def credentials_of(source: Source, public_url: str, now: float) -> Credentials:
    """What a scheme may use of a source at `now` (Unix seconds)."""
    return Credentials(live_secrets(source.secrets, now), source.settings, inbound_url(public_url, source.id))


Coverage = Literal["fully", "partly", "not", "fetched"]
"""How much of a webhook a proof covers. `partly`: the rest was not proved. `not`: a token or a password shows who
sent it, and no signature covers the body. `fetched`: whatever is proved, nothing but an id is taken from it; the rest
is asked of the provider itself."""


class Scheme(Protocol):
    """One way of giving proof. `name` is its usual proof's; the proof given is what an event's `verified_by` says."""

    @property
    def name(self) -> str: ...

    blocking: ClassVar[bool]
    """Whether proving may wait for anybody: the network, or the database, which counts what is `fetched`. Such webhooks
    are proved in a thread of their own. A scheme that does not say is taken to wait."""

    def covers(self, proof: str) -> Coverage:
        """What one of its proofs covers."""

    def verify(self, inbound: Inbound, credentials: Credentials, now: float) -> str:
        """The proof by which the sender is known at `now` (Unix seconds); raise `VerificationError` without one."""

    def sign(self, inbound: Inbound, credentials: Credentials, now: float) -> Inbound:
        """The same webhook as its sender would sign it at `now`."""


def live_secrets(secrets: tuple[Secret, ...], now: float) -> tuple[str, ...]:
    """The secrets that count at `now` (Unix seconds)."""
    return tuple(each.value for each in secrets if each.not_after is None or now < each.not_after)


@dataclass(frozen=True, slots=True)
class Signatures:
    """What a signature header says: the stamp's text, if it holds one, and every signature offered."""

    offered: tuple[str, ...]
    stamp: str | None = None


@dataclass(frozen=True, slots=True)
class Bare:
    """The header is the signature, perhaps behind a prefix such as `sha256=`, and a blank."""

    prefix: str = ""
    prefix_required: bool = True

    def read(self, value: str) -> Signatures:
        if value.startswith(self.prefix):
            return Signatures((value.removeprefix(self.prefix).strip(),))
        return Signatures(() if self.prefix_required else (value,))

    def write(self, signature: str, stamp: str) -> str:
        return self.prefix + signature


@dataclass(frozen=True, slots=True)
class Pairs:
    """`t=1789200942,v1=9f2f…`: named parts; unknown names (a `v0`) are passed over."""

    stamp: str
    signature: str
    separator: str = ","

    def read(self, value: str) -> Signatures:
        pairs = [part.strip().partition("=") for part in value.split(self.separator)]
        stamps = [text for name, _, text in pairs if name == self.stamp]
        if len(stamps) != 1:
            raise VerificationError(
                f"The signature header must hold one `{self.stamp}=`; it holds {len(stamps)}.",
                code="malformed_header",
            )
        return Signatures(tuple(text for name, _, text in pairs if name == self.signature), stamps[0])

    def write(self, signature: str, stamp: str) -> str:
        return f"{self.stamp}={stamp}{self.separator}{self.signature}={signature}"


@dataclass(frozen=True, slots=True)
class Versioned:
    """`v1,base64 v1,base64`: blanks between, other versions are passed over."""

    version: str = "v1"

    def read(self, value: str) -> Signatures:
        tokens = [token.partition(",") for token in value.split()]
        return Signatures(tuple(text for version, _, text in tokens if version == self.version and text))

    def write(self, signature: str, stamp: str) -> str:
        return f"{self.version},{signature}"


class HeaderForm(Protocol):
    """How a signature header is written and read."""

    def read(self, value: str) -> Signatures: ...

    def write(self, signature: str, stamp: str) -> str: ...


def text_key(secret: str) -> bytes:
    """The key is the whole text of the secret."""
    return secret.encode()


@lru_cache(maxsize=4096)
def base64_key(secret: str) -> bytes:
    """Standard Webhooks: `whsec_` and base64, whose padding may be missing."""
    encoded = secret.removeprefix("whsec_")
    try:
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ConfigError("The secret must be `whsec_` followed by base64; it is not.") from None


def hex_key(secret: str) -> bytes:
    """The key is written in hexadecimal."""
    try:
        return bytes.fromhex(secret)
    except ValueError:
        raise ConfigError("The secret must be hexadecimal; it is not.") from None


KEY_FORMS: Mapping[str, Callable[[str], bytes]] = {"text": text_key, "base64": base64_key, "hex": hex_key}
_ENCODINGS: Mapping[str, Callable[[bytes], str]] = {
    "hex": lambda digest: digest.hex(),
    "base64": lambda digest: base64.b64encode(digest).decode(),
}
_PLACEHOLDER = re.compile(r"\{([a-z0-9-]+)\}")


@dataclass(frozen=True, slots=True)
class HmacSignature:
    """Nearly every vendor's scheme, as data.

    `header` carries the signature, written as `form` says. `signed` is the signed text: `{body}` is the raw
    body, `{stamp}` the stamp, any other name in braces is that header's value. `stamp_header` holds the stamp
    where `form` does not. `window` is how many seconds the stamp may lie in the past and in the future; it
    is None where the vendor signs no stamp. `keys` are tried one after the other (Polar has two).
    """

    name: str
    header: str
    form: HeaderForm = field(default_factory=Bare)
    signed: str = "{body}"
    algorithm: str = "sha256"
    encoding: str = "hex"
    keys: tuple[Callable[[str], bytes], ...] = (text_key,)
    window: int | None = None
    stamp_header: str | None = None
    any_case: bool = False

    blocking: ClassVar[bool] = False

    def covers(self, proof: str) -> Coverage:
        return "fully"

    def verify(self, inbound: Inbound, credentials: Credentials, now: float) -> str:
        value = signature_header(inbound, self.header)
        signatures = self.form.read(value)
        stamp = signatures.stamp
        if self.stamp_header is not None:
            stamp = signature_header(inbound, self.stamp_header)
        if not signatures.offered:
            raise VerificationError(
                f"The header {self.header} offers no signature of the kind expected.",
                code="no_supported_signature",
            )
        if not credentials.secrets:
            raise VerificationError(
                "This source has no secret yet, so it accepts no webhooks. Add the sender's secret to it.",
                code="no_secret",
            )
        moment = read_stamp(stamp) if stamp is not None else None
        text = self._signed_text(inbound, stamp or "")
        # Made once for each key: a header may offer thousands of signatures, and a body be long.
        expected = [
            self._comparable(self._mac(key(secret), text))
            for secret in credentials.secrets
            for key in self._usable_keys(secret)
        ]
        offered = [self._comparable(signature) for signature in signatures.offered]
        if not any(hmac.compare_digest(mine, theirs) for mine in expected for theirs in offered):
            raise VerificationError(
                "The signature does not match: the body was changed on the way, or it was signed with another"
                " secret than the one kept for this source.",
                code="signature_mismatch",
            )
        if self.window is not None and moment is not None:
            check_window(moment, now, tolerance(credentials.settings, self.window))
        return self.name

    def sign(self, inbound: Inbound, credentials: Credentials, now: float) -> Inbound:
        stamp = str(int(now))
        headers = dict(inbound.headers)
        if self.stamp_header is not None:
            headers[self.stamp_header] = stamp
        for name in _PLACEHOLDER.findall(self.signed):
            if name not in ("body", "stamp"):
                headers.setdefault(name, new_id("msg"))
        stamped = replace(inbound, headers=headers)
        secret = credentials.secrets[0]
        mac = self._mac(self._usable_keys(secret)[0](secret), self._signed_text(stamped, stamp))
        headers[self.header] = self.form.write(mac, stamp)
        return replace(inbound, headers=headers)

    def _usable_keys(self, secret: str) -> list[Callable[[str], bytes]]:
        """A scheme with several key forms takes those that the secret can be read as."""
        if len(self.keys) == 1:
            return list(self.keys)
        usable = []
        for key in self.keys:
            try:
                key(secret)
            except ConfigError:
                continue
            usable.append(key)
        return usable

    def _signed_text(self, inbound: Inbound, stamp: str) -> bytes:
        pieces = _PLACEHOLDER.split(self.signed)
        text = pieces[0].encode()
        for name, literal in zip(pieces[1::2], pieces[2::2], strict=True):
            if name == "body":
                text += inbound.body
            elif name == "stamp":
                text += stamp.encode()
            else:
                text += signature_header(inbound, name).encode()
            text += literal.encode()
        return text

    def _mac(self, key: bytes, text: bytes) -> str:
        return _ENCODINGS[self.encoding](hmac.digest(key, text, self.algorithm))

    def _comparable(self, signature: str) -> bytes:
        return (signature.lower() if self.any_case else signature).encode()


STANDARD_WEBHOOKS = HmacSignature(
    name="standard_webhooks",
    header="webhook-signature",
    form=Versioned("v1"),
    signed="{webhook-id}.{stamp}.{body}",
    encoding="base64",
    keys=(base64_key,),
    window=300,
    stamp_header="webhook-timestamp",
)
"""https://www.standardwebhooks.com: what our panel senders post and what we deliver with."""


SVIX = replace(
    STANDARD_WEBHOOKS,
    header="svix-signature",
    signed="{svix-id}.{stamp}.{body}",
    stamp_header="svix-timestamp",
)
"""The same under the names that Svix had before the standard, and has still: https://docs.svix.com/receiving"""


@dataclass(frozen=True, slots=True)
class FirstOffered:
    """Schemes that differ in their headers only. A webhook is judged by the first one whose signature it brings, and by
    that alone: a header of one is no part of another's proof. `sign` signs by the first."""

    schemes: tuple[HmacSignature, ...]

    @property
    def name(self) -> str:
        return self.schemes[0].name

    @property
    def window(self) -> int | None:
        return self.schemes[0].window

    @property
    def keys(self) -> tuple[Callable[[str], bytes], ...]:
        return self.schemes[0].keys

    blocking: ClassVar[bool] = False

    def covers(self, proof: str) -> Coverage:
        return self.schemes[0].covers(proof)

    def chosen(self, inbound: Inbound) -> HmacSignature:
        """The scheme that this webhook is judged by."""
        return next((each for each in self.schemes if inbound.headers.get(each.header, "").strip()), self.schemes[0])

    def verify(self, inbound: Inbound, credentials: Credentials, now: float) -> str:
        return self.chosen(inbound).verify(inbound, credentials, now)

    def sign(self, inbound: Inbound, credentials: Credentials, now: float) -> Inbound:
        return self.schemes[0].sign(inbound, credentials, now)


@dataclass(frozen=True, slots=True)
class ConfiguredHmac:
    """A scheme that each source describes in its settings: header, algorithm, encoding, prefix, key_form."""

    name: str = "hmac"

    blocking: ClassVar[bool] = False

    def covers(self, proof: str) -> Coverage:
        return "fully"

    def verify(self, inbound: Inbound, credentials: Credentials, now: float) -> str:
        return self._scheme(credentials).verify(inbound, credentials, now)

    def sign(self, inbound: Inbound, credentials: Credentials, now: float) -> Inbound:
        return self._scheme(credentials).sign(inbound, credentials, now)

    def _scheme(self, credentials: Credentials) -> HmacSignature:
        settings = {"algorithm": "sha256", "encoding": "hex", "key_form": "text", **credentials.settings}
        if not settings.get("header"):
            raise ConfigError("The source must say in its setting `header` which header carries the signature.")
        return HmacSignature(
            name=self.name,
            header=str(settings["header"]).strip().lower(),
            form=Bare(str(settings.get("prefix") or "")),
            algorithm=str(settings["algorithm"]),
            encoding=str(settings["encoding"]),
            keys=(KEY_FORMS[str(settings["key_form"])],),
            any_case=settings["encoding"] == "hex",
        )


@dataclass(frozen=True, slots=True)
class SharedToken:
    """A secret that comes along, for senders that sign nothing.

    It is taken from the first that is there: the header named `header`, if any; `Authorization: Bearer TOKEN`;
    `Authorization: Basic` with the token as password, whatever the user; the query's `token`. `sign` writes the
    header, if one is named, else the query.
    """

    name: str = "shared_token"
    header: str | None = None

    blocking: ClassVar[bool] = False

    def covers(self, proof: str) -> Coverage:
        return "not"

    def verify(self, inbound: Inbound, credentials: Credentials, now: float) -> str:
        offered = self._offered(inbound)
        if not offered:
            places = [f"the header {self.header}"] if self.header else []
            places += ["`Authorization: Bearer`", "the password of `Authorization: Basic`", "`?token=` of the address"]
            raise VerificationError(
                f"This address wants its token in {', '.join(places[:-1])} or {places[-1]}; it was not found there.",
                code="missing_signature",
            )
        match_token((offered,), credentials)
        return self.name

    def sign(self, inbound: Inbound, credentials: Credentials, now: float) -> Inbound:
        token = credentials.secrets[0]
        if self.header is None:
            return replace(inbound, query={**inbound.query, TOKEN: token})
        return replace(inbound, headers={**inbound.headers, self.header: token})

    def _offered(self, inbound: Inbound) -> str:
        if self.header is not None and inbound.headers.get(self.header):
            return inbound.headers[self.header].strip()
        kind, _, value = inbound.headers.get("authorization", "").strip().partition(" ")
        if kind.lower() == "bearer":
            return value.strip()
        if kind.lower() == "basic":
            return read_basic(inbound)[1]
        return inbound.query.get(TOKEN, "")


TOKEN = "token"
"""The part of an inbound address' query that is a secret: it is compared, and never kept."""


def match_token(offered: tuple[str, ...], credentials: Credentials) -> None:
    """Raise `VerificationError` unless a text offered is one of the live secrets."""
    if not credentials.secrets:
        raise VerificationError(
            "This source has no secret yet, so it accepts no webhooks. Add the sender's secret to it.", code="no_secret"
        )
    pairs = [(mine.encode(), theirs.encode()) for mine in credentials.secrets for theirs in offered]
    if not any(hmac.compare_digest(mine, theirs) for mine, theirs in pairs):
        raise VerificationError(
            "The token or password does not match this source's. Copy it to the sender again.",
            code="signature_mismatch",
        )


def read_basic(inbound: Inbound) -> tuple[str, str]:
    """User and password of `Authorization: Basic`; the password may hold colons. Raises `VerificationError`."""
    kind, _, encoded = signature_header(inbound, "authorization").partition(" ")
    try:
        if kind.lower() != "basic":
            raise ValueError
        user, colon, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
        if not colon:
            raise ValueError
    except ValueError:
        raise VerificationError(
            "The header authorization must be `Basic` and base64 of USER:PASSWORD; it is not.", code="malformed_header"
        ) from None
    return user, password


@dataclass(frozen=True, slots=True)
class BasicAuth:
    """User and password set at the sender: the secret is `USER:PASSWORD`, or the password alone for any user."""

    name: str = "basic_auth"

    blocking: ClassVar[bool] = False

    def covers(self, proof: str) -> Coverage:
        return "not"

    def verify(self, inbound: Inbound, credentials: Credentials, now: float) -> str:
        match_token((":".join(read_basic(inbound)), read_basic(inbound)[1]), credentials)
        return self.name

    def sign(self, inbound: Inbound, credentials: Credentials, now: float) -> Inbound:
        secret = credentials.secrets[0]
        encoded = base64.b64encode((secret if ":" in secret else f"relay:{secret}").encode()).decode()
        return replace(inbound, headers={**inbound.headers, "authorization": f"Basic {encoded}"})


def signature_header(inbound: Inbound, name: str) -> str:
    """The value of a header that proof needs, without blanks around it."""
    value = inbound.headers.get(name, "").strip()
    if not value:
        raise VerificationError(f"The header {name} is missing or empty.", code="missing_signature")
    if len(value) > LONGEST_HEADER:
        raise VerificationError(f"The header {name} is longer than {LONGEST_HEADER} bytes.", code="malformed_header")
    return value


def read_stamp(text: str) -> float:
    """A stamp in whole Unix seconds."""
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_STAMP):
        raise VerificationError(
            "The timestamp of the signature must be Unix seconds in digits.", code="malformed_header"
        )
    return float(text)


def tolerance(settings: Mapping[str, Any], usual: int) -> int:
    """The window that a source's setting `tolerance` says, in seconds. Raises `ConfigError`."""
    text = str(settings.get("tolerance") or usual)
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_STAMP):
        raise ConfigError("The setting tolerance must be a number of seconds in digits.")
    return int(text)


def check_window(moment: float, now: float, window: int) -> None:
    """Refuse a stamp more than `window` seconds behind or ahead of `now`."""
    if moment < now - window:
        raise VerificationError(
            f"The signature is {now - moment:.0f} s old; at most {window} s are accepted. If the sender is"
            " not repeating an old webhook, set this server's clock.",
            code="timestamp_too_old",
        )
    if moment > now + window:
        raise VerificationError(
            f"The signature is dated {moment - now:.0f} s ahead; at most {window} s are accepted."
            " Set the clocks of both servers.",
            code="timestamp_in_future",
        )


def fingerprint(body: bytes) -> str:
    """Stands in for an event's id where the vendor sends none: SHA-256 of the body, hexadecimal."""
    return hashlib.sha256(body).hexdigest()
