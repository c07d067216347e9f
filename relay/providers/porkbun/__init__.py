"""Porkbun: a registrar.

Its webhooks: https://porkbun.com/llms/guides/verify-a-webhook

An event may come more than once and in any order; it keeps its id. `domain.expiring` comes 60, 30 and 5 days before.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from relay.formats.times import days_until, local, local_timestamp
from relay.sdk.entities import Data
from relay.sdk.fields import Object, an_object, scalar
from relay.sdk.inbound import Inbound
from relay.sdk.provider import On, Provider
from relay.security.verification import Bare, HmacSignature


@dataclass(frozen=True, slots=True)
class Told:
    data: Object
    at: datetime


def subject(inbound: Inbound) -> Told:
    return Told(an_object(inbound.payload.get("data")), inbound.received_at)


def domain(told: Told) -> Data:
    found = told.data
    expires = local_timestamp(found.get("expireDate"), "UTC")
    name = scalar(found.get("domain"))
    return {
        "domain": {
            "name": name.lower() if name else None,
            "status": scalar(found.get("status")),
            "registrar": "Porkbun",
            "registered_at": local_timestamp(found.get("createDate"), "UTC"),
            "expires_at": expires,
            "days_until_expiry": days_until(expires, told.at),
            "period_years": _whole(found.get("years")),
            "auto_renew": _yes(found.get("autoRenew")),
        }
    }


def _whole(value: Any) -> int | None:
    found = scalar(value) or ""
    return int(found) if found.isascii() and found.isdigit() and len(found) < 4 else None


def _yes(value: Any) -> bool | None:
    """Its API writes 0 and 1, as numbers or as text."""
    if isinstance(value, bool):
        return value
    return {"1": True, "0": False, "yes": True, "no": False}.get(scalar(value) or "")


PROVIDER = Provider(
    name="porkbun",
    label="Porkbun",
    kind="registrar",
    homepage="https://porkbun.com",
    verification=HmacSignature(
        name="porkbun_signature",
        header="x-porkbun-signature",
        form=Bare("sha256="),
        signed="{stamp}.{body}",
        window=300,
        stamp_header="x-porkbun-webhook-timestamp",
    ),
    event_name=lambda inbound: inbound.payload.get("event") or inbound.native,
    event_id=lambda inbound: inbound.payload.get("id") or inbound.headers.get("x-porkbun-webhook-id"),
    occurred_at=lambda inbound: local(inbound.payload.get("createdAt"), "UTC"),
    subject=subject,
    events={
        "domain.registered": On("domain.added", domain),
        "domain.renewed": On("domain.renewed", domain),
        "domain.expiring": On("domain.expiring", domain),
        "domain.transfer.completed": On("domain.transferred", domain),
    },
    ignored=frozenset(
        (
            # no event type of ours
            "cloudflare.connect.completed",
            "cloudflare.connect.failed",
            "dns.record.created",
            "dns.record.deleted",
            "dns.record.updated",
            # sent by a test of the address
            "webhook.test",
        )
    ),
    secret_fields=frozenset(("authcode", "auth_code")),
)
