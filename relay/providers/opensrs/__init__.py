"""OpenSRS (Tucows): domains of a reseller.

Its event notifications: https://support.opensrs.com/support/solutions/articles/201000063405-event-notifications
Its webhooks, which are signed: https://domains.opensrs.guide/docs/webhooks-overview

An event belongs to an object: a domain, an order or a transfer. Events of domains are known by their own name, the
others by that of the object before it, as in `TRANSFER.STATUS_CHANGE`; webhooks write `opensrs.transfer.status_change`.
All times are UTC, some of them without saying so.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from relay.formats.times import days_until, local, local_timestamp
from relay.sdk.entities import Data, Domain
from relay.sdk.errors import VerificationError
from relay.sdk.fields import Object, an_object, scalar
from relay.sdk.inbound import Inbound
from relay.sdk.provider import On, Provider, by
from relay.security.verification import TOKEN, Coverage, Credentials, HmacSignature, SharedToken

_DOTTED = re.compile(r"OPENSRS\.([A-Z]+)\.([A-Z_]+)")
_DONE = frozenset(("completed", "complete", "successful", "success"))
_UNDONE = frozenset(("declined", "cancelled", "canceled", "failed"))


@dataclass(frozen=True, slots=True)
class Told:
    """What an event holds of its object, and when it came."""

    event: str | None
    data: Object
    at: datetime


_SIGNED = HmacSignature("opensrs_signature", header="hmac-signature", any_case=True)
_TOKEN = SharedToken()


@dataclass(frozen=True, slots=True)
class OpenSrsProof:
    """The signature of a webhook, or the address' token: what is handed on from e-mails is not signed.

    A token proves what it proves without a signature, too. So it also counts where OpenSRS has begun to sign, and its
    secret is not kept here yet.
    """

    name: str = _SIGNED.name

    blocking: ClassVar[bool] = False

    def covers(self, proof: str) -> Coverage:
        return "fully" if proof == self.name else "not"

    def verify(self, inbound: Inbound, credentials: Credentials, now: float) -> str:
        if _SIGNED.header not in inbound.headers:
            return _TOKEN.verify(inbound, credentials, now)
        try:
            return _SIGNED.verify(inbound, credentials, now)
        except VerificationError:
            if TOKEN not in inbound.query:
                raise
        return _TOKEN.verify(inbound, credentials, now)

    def sign(self, inbound: Inbound, credentials: Credentials, now: float) -> Inbound:
        return _SIGNED.sign(inbound, credentials, now)


def event_name(inbound: Inbound) -> str | None:
    event, owner = _word(inbound.payload.get("event")), _word(inbound.payload.get("object"))
    dotted = _DOTTED.fullmatch(event or "")
    if dotted:
        owner, event = dotted.groups()
    return event if owner in (None, "DOMAIN") or event is None else f"{owner}.{event}"


def subject(inbound: Inbound) -> Told:
    return Told(event_name(inbound), an_object(inbound.payload.get("object_data")), inbound.received_at)


def domain(told: Told, status: str | None = None) -> Data:
    return {"domain": _domain(told, status)}


def _domain(told: Told, status: str | None) -> Domain:
    found = told.data
    expires = local_timestamp(found.get("expiration_date"), "UTC")
    return {
        "id": scalar(found.get("domain_id")),
        "name": _host(found.get("domain_name")),
        "status": status,
        "registrar": "OpenSRS",
        "expires_at": expires,
        "days_until_expiry": days_until(expires, told.at),
        "period_years": _whole(found.get("period")),
    }


def expired(told: Told) -> Data:
    return domain(told, "expired")


def unrenewed(told: Told) -> Data:
    return {"domain": _domain(told, None) | {"failure_reason": f"The order's status is {_status(told)}."}}


def deleted(told: Told) -> Data:
    return _notice(told, "was deleted")


def verification(told: Told) -> Data:
    """A registrant who does not confirm his address in time loses the domain's service."""
    return _notice(told, f"has another status of its registrant's verification: {_status(told) or 'not named'}")


def _notice(told: Told, what: str) -> Data:
    name = _host(told.data.get("domain_name"))
    text = f"The domain {name} {what}." if name else f"A domain {what}."
    return {"notice": {"title": text, "text": text, "origin": "OpenSRS"}}


def moved(inbound: Inbound) -> tuple[On, ...]:
    """A transfer goes through many states; it is news once it is done."""
    return (On("domain.transferred", domain),) if _status(subject(inbound)) in _DONE else ()


def ordered(inbound: Inbound) -> tuple[On, ...]:
    """What an order brings about is told by its domain. A renewal that was declined is told by the order alone."""
    told = subject(inbound)
    is_renewal = told.data.get("order_reg_type") == "renewal"
    return (On("domain.renewal_failed", unrenewed),) if is_renewal and _status(told) in _UNDONE else ()


def written_to(inbound: Inbound) -> tuple[On, ...]:
    """A message went to the registrant or the reseller. Those that remind of a renewal tell that the domain expires."""
    told = subject(inbound)
    kind = scalar(told.data.get("message_type")) or ""
    if "confirmation" in kind or not ("renew" in kind or "expir" in kind):
        return ()
    expires = local(told.data.get("expiration_date"), "UTC")
    if expires is not None and expires < told.at:
        return (On("domain.expired", expired),)
    return (On("domain.expiring", domain),)


def _status(told: Told) -> str | None:
    names = ("transfer_status", "order_status", "verification_status", "registrant_verification_status", "status")
    found = next(filter(None, (scalar(told.data.get(name)) for name in names)), None)
    return found and found.lower()


def _host(value: Any) -> str | None:
    found = scalar(value)
    return found.lower().rstrip(".") if found else None


def _whole(value: Any) -> int | None:
    found = scalar(value) or ""
    return int(found) if found.isascii() and found.isdigit() and len(found) < 4 else None


def _word(value: Any) -> str | None:
    found = scalar(value)
    return found.upper() if found else None


ADDED = On("domain.added", domain, once=by("domain", "id", "name"))

PROVIDER = Provider(
    name="opensrs",
    label="OpenSRS",
    kind="registrar",
    homepage="https://opensrs.com",
    verification=OpenSrsProof(),
    event_name=event_name,
    event_id=lambda inbound: inbound.payload.get("event_id"),
    occurred_at=lambda inbound: local(inbound.payload.get("event_date"), "UTC"),
    subject=subject,
    events={
        # A registration is told twice: that it is in the account, and that the registry has it.
        "CREATED": ADDED,
        "REGISTERED": ADDED,
        "RENEWED": On("domain.renewed", domain),
        "EXPIRED": On("domain.expired", expired),
        "DELETED": On("notice.received", deleted, severity="warning"),
        "REGISTRANT_VERIFICATION_STATUS_CHANGE": On("notice.received", verification, severity="warning"),
        "MESSAGE_STATUS_CHANGE": written_to,
        "TRANSFERRED": On("domain.transferred", domain),
        "TRANSFER.STATUS_CHANGE": moved,
        "ORDER.STATUS_CHANGE": ordered,
    },
    ignored=frozenset(
        (
            # no event type of ours
            "CLAIM_STATUS_CHANGE",
            "ICANN_TRADE_STATUS_CHANGE",
            "NAMESERVER_UPDATE",
            "STATUS_CHANGE",
            "ZONE_CHECK_STATUS_CHANGE",
            # an order or a transfer that has only begun
            "ORDER.CLAIM_STATUS_CHANGE",
            "ORDER.CREATED",
            "TRANSFER.CREATED",
        )
    ),
    # By its code a domain can be moved away.
    secret_fields=frozenset(("auth_info", "domain_auth_info", "transfer_code")),
    secret="ours",
)
