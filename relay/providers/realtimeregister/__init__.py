"""Realtime Register: domains and certificates of a reseller.

Its notifications by webhook: https://dm.realtimeregister.com/docs/api/notifications/webhook

A notification is a message for a person, with the names of what happened beside it. Of these, `eventType` has no
published list, so it is read by its words, together with the state of the subject. What they do not say beyond doubt is
told as the message that it is.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from relay.formats.times import days_until, instant, timestamp
from relay.sdk.entities import Certificate, Data, Domain
from relay.sdk.inbound import Inbound
from relay.sdk.provider import On, Provider, Route
from relay.security.verification import HmacSignature, Signatures

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_HEX_DIGEST = re.compile(rb"[0-9a-f]{64}")
_DONE = frozenset(("OK", "COMPLETED", ""))
_FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class DigestText:
    """The base64 of the digest, or of its hexadecimal text: the documentation says the one, and shows the other."""

    def read(self, value: str) -> Signatures:
        try:
            decoded = base64.b64decode(value, validate=True).strip()
        except (binascii.Error, ValueError):
            return Signatures((value,))
        if not _HEX_DIGEST.fullmatch(decoded):
            return Signatures((value,))
        return Signatures((base64.b64encode(bytes.fromhex(decoded.decode())).decode(),))

    def write(self, signature: str, stamp: str) -> str:
        return signature


@dataclass(frozen=True, slots=True)
class Told:
    notification: Data
    at: datetime

    def text(self, name: str) -> str | None:
        value = self.notification.get(name)
        if isinstance(value, bool) or not isinstance(value, str | int):
            return None
        return str(value).strip() or None


def subject(inbound: Inbound) -> Told:
    return Told(inbound.payload, inbound.received_at)


def meant(inbound: Inbound) -> Sequence[On]:
    """What a notification tells, by the words of its type and of its process, and by how that went."""
    told = subject(inbound)
    said = {word.lower() for name in ("eventType", "processType") for word in _WORD.findall(told.text(name) or "")}
    status = (told.text("subjectStatus") or "").upper()
    if told.text("certificateId"):
        return _certificate_event(told, said, status)
    if told.text("domainName") or "domain" in said:
        return _domain_event(told, said, status)
    return (NOTICE,)


def _domain_event(told: Told, said: set[str], status: str) -> Sequence[On]:
    if said & {"renew", "renewed", "renewal"}:
        if status == _FAILED or "failed" in said:
            return (On("domain.renewal_failed", unrenewed),)
        return (On("domain.renewed", domain),) if status in _DONE else (NOTICE,)
    if said & {"expired", "expiry", "expiring", "expire", "expires", "expiration"}:
        left = days_until(timestamp(told.notification.get("expiryDate")), told.at)
        if (left is not None and left < 0) or (left is None and "expired" in said):
            return (On("domain.expired", expired),)
        return (On("domain.expiring", domain),)
    if status in _DONE and "failed" not in said:
        if said & {"transfer", "transferred"}:
            return (On("domain.transferred", domain),)
        if said & {"create", "created", "register", "registered", "registration"}:
            return (On("domain.added", domain),)
    return (NOTICE,)


def _certificate_event(told: Told, said: set[str], status: str) -> Sequence[On]:
    if said & {"renew", "renewed", "renewal", "reissue", "reissued"}:
        if status == _FAILED or "failed" in said:
            return (On("certificate.renewal_failed", unrenewed_certificate),)
        return (On("certificate.renewed", certificate),) if status in _DONE else (NOTICE,)
    if said & {"expiry", "expiring", "expire", "expires", "expiration"}:
        return (On("certificate.expiring", certificate),)
    return (NOTICE,)


def domain(told: Told, status: str | None = None) -> Data:
    return {"domain": _domain(told, status)}


def _domain(told: Told, status: str | None) -> Domain:
    expires = timestamp(told.notification.get("expiryDate"))
    return {
        "name": _domain_name(told),
        "status": status,
        # Of a transfer away it is not told to whom.
        "registrar": None if (told.text("transferType") or "").upper() == "OUT" else "Realtime Register",
        "expires_at": expires,
        "days_until_expiry": days_until(expires, told.at),
    }


def expired(told: Told) -> Data:
    return domain(told, "expired")


def unrenewed(told: Told) -> Data:
    return {"domain": _domain(told, None) | {"failure_reason": _reason(told)}}


def certificate(told: Told) -> Data:
    return {"certificate": _certificate(told)}


def _certificate(told: Told) -> Certificate:
    expires = timestamp(told.notification.get("expiryDate"))
    return {
        "id": told.text("certificateId"),
        "domain": _domain_name(told),
        "expires_at": expires,
        "days_until_expiry": days_until(expires, told.at),
    }


def unrenewed_certificate(told: Told) -> Data:
    return {"certificate": _certificate(told) | {"failure_reason": _reason(told)}}


def notice(told: Told) -> Data:
    return {
        "notice": {
            "title": told.text("message") or told.text("eventType"),
            "text": "\n".join(filter(None, (told.text("message"), told.text("reason")))) or None,
            "origin": "Realtime Register",
        }
    }


def _domain_name(told: Told) -> str | None:
    """A process of a domain is identified by its name."""
    name = told.text("domainName") or told.text("processIdentifier")
    return name.lower() if name and "." in name else None


def _reason(told: Told) -> str | None:
    return told.text("reason") or told.text("statusDetail") or told.text("message")


class EveryEvent(Mapping[str, Route]):
    """Whatever the type is called, it is read by its words."""

    def __getitem__(self, _: str) -> Route:
        return meant

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


NOTICE = On("notice.received", notice)

PROVIDER = Provider(
    name="realtimeregister",
    label="Realtime Register",
    kind="registrar",
    homepage="https://www.realtimeregister.com",
    verification=HmacSignature(
        name="realtimeregister_signature",
        header="signature",
        form=DigestText(),
        encoding="base64",
    ),
    event_name=lambda inbound: subject(inbound).text("eventType") or inbound.native,
    event_id=lambda inbound: subject(inbound).text("id"),
    occurred_at=lambda inbound: instant(inbound.payload.get("fireDate")),
    subject=subject,
    events=EveryEvent(),
    secret_fields=frozenset(("authcode", "authinfo")),
)
