"""Zendesk: tickets of a help desk.

Its webhooks: https://developer.zendesk.com/documentation/webhooks/
Events of tickets: https://developer.zendesk.com/api-reference/webhooks/event-types/ticket-events

A webhook is subscribed to events, which come in one documented shape, or it belongs to a trigger, which posts what its
owner wrote: for this setup.md has a body, whose `event` is one of our own names.
"""

import hmac
from base64 import b64encode
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, ClassVar

from relay.formats.times import instant, iso, timestamp
from relay.formats.values import EMAIL, KEY
from relay.sdk.api_settings import own_api
from relay.sdk.entities import Customer, CustomerDetails, Data
from relay.sdk.errors import VerificationError
from relay.sdk.fields import Object, an_object, scalar
from relay.sdk.inbound import Inbound
from relay.sdk.provider import On, Provider, Setting
from relay.security.verification import Coverage, Credentials, check_window, signature_header

_SIGNATURE = "x-zendesk-webhook-signature"
_STAMP = "x-zendesk-webhook-signature-timestamp"
_INVOCATION = "x-zendesk-webhook-invocation-id"
_PREFIX = "zen:event-type:"
_OVER = frozenset(("solved", "closed"))


@dataclass(frozen=True, slots=True)
class ZendeskSignature:
    """The base64 of an HMAC-SHA256 of the timestamp and the body, with nothing between them.

    https://developer.zendesk.com/documentation/webhooks/verifying/: the timestamp is ISO 8601.
    """

    name: str = "zendesk_signature"
    window: int = 300

    blocking: ClassVar[bool] = False

    def covers(self, proof: str) -> Coverage:
        return "fully"

    def verify(self, inbound: Inbound, credentials: Credentials, now: float) -> str:
        offered, stamp = signature_header(inbound, _SIGNATURE), signature_header(inbound, _STAMP)
        moment = instant(stamp)
        if moment is None:
            raise VerificationError(
                "The timestamp of the signature must be a time in ISO 8601 with an offset.", code="malformed_header"
            )
        if not credentials.secrets:
            raise VerificationError(
                "This source has no secret yet, so it accepts no webhooks. Add the sender's secret to it.",
                code="no_secret",
            )
        expected = [_mac(secret, stamp, inbound.body) for secret in credentials.secrets]
        if not any(hmac.compare_digest(mine.encode(), offered.encode()) for mine in expected):
            raise VerificationError(
                "The signature does not match: the body was changed on the way, or it was signed with another"
                " secret than the one kept for this source.",
                code="signature_mismatch",
            )
        check_window(moment.timestamp(), now, int(credentials.settings.get("tolerance") or self.window))
        return self.name

    def sign(self, inbound: Inbound, credentials: Credentials, now: float) -> Inbound:
        stamp = iso(datetime.fromtimestamp(int(now), UTC)) or ""
        signature = _mac(credentials.secrets[0], stamp, inbound.body)
        return replace(inbound, headers={**inbound.headers, _STAMP: stamp, _SIGNATURE: signature})


def _mac(secret: str, stamp: str, body: bytes) -> str:
    return b64encode(hmac.digest(secret.encode(), stamp.encode() + body, "sha256")).decode()


def event_name(inbound: Inbound) -> str | None:
    """`ticket.created` of `zen:event-type:ticket.created`; what a trigger posts is named by its `event`."""
    named = scalar(inbound.payload.get("type")) or scalar(inbound.payload.get("event")) or inbound.native
    return named.removeprefix(_PREFIX) if named else None


def event_id(inbound: Inbound) -> str | None:
    """An event has an id. What a trigger posts is known by its invocation, which a retry repeats."""
    is_event = (scalar(inbound.payload.get("type")) or "").startswith(_PREFIX)
    return scalar(inbound.payload.get("id")) if is_event else inbound.headers.get(_INVOCATION)


def ticket(payload: Object) -> Data:
    found = an_object(payload.get("detail")) or an_object(payload.get("ticket"))
    number = scalar(found.get("id"))
    status, priority = scalar(found.get("status")), scalar(found.get("priority"))
    return {
        "ticket": {
            "id": number,
            "number": number,
            "subject": scalar(found.get("subject")) or scalar(found.get("title")),
            "status": status and status.lower(),
            "priority": priority and priority.lower(),
            "department": scalar(found.get("group")),
            "url": _address(found.get("url")),
            "created_at": timestamp(found.get("created_at")),
            "updated_at": timestamp(found.get("updated_at")),
        }
    }


def requester(payload: Object) -> Customer:
    """An event names its requester by an id alone; our body for triggers has the rest."""
    person = an_object(payload.get("requester"))
    return {
        "id": scalar(person.get("id")) or scalar(an_object(payload.get("detail")).get("requester_id")),
        "name": scalar(person.get("name")),
        "email": scalar(person.get("email")),
        "company": scalar(person.get("organization")),
    }


def changed_status(inbound: Inbound) -> tuple[On]:
    """Solved is the end for the customer. That Zendesk closes a solved ticket days later is no second one."""
    event = an_object(inbound.payload.get("event"))
    over = _is_over(event.get("current")) and not _is_over(event.get("previous"))
    return (CLOSED,) if over else (UPDATED,)


def user(payload: Object) -> Data:
    found = an_object(payload.get("detail"))
    return {
        "customer": {
            "id": scalar(found.get("id")),
            "name": scalar(found.get("name")),
            "email": scalar(found.get("email")),
            "created_at": timestamp(found.get("created_at")),
        }
    }


def who(payload: Object) -> CustomerDetails:
    return user(payload)["customer"]


def of_customers(inbound: Inbound) -> bool:
    """Agents and administrators are users as well."""
    return an_object(inbound.payload.get("detail")).get("role") in ("end-user", None)


def _is_over(status: Any) -> bool:
    return (scalar(status) or "").lower() in _OVER


def _address(value: Any) -> str | None:
    """Zendesk's placeholder for it leaves the scheme away."""
    found = scalar(value)
    return found if found is None or "://" in found else f"https://{found}"


OPENED, UPDATED, CLOSED = (On(f"ticket.{how}", ticket) for how in ("opened", "updated", "closed"))

PROVIDER = Provider(
    name="zendesk",
    label="Zendesk",
    kind="help_desk",
    homepage="https://www.zendesk.com",
    verification=ZendeskSignature(),
    event_name=event_name,
    event_id=event_id,
    occurred_at=lambda inbound: instant(inbound.payload.get("time")),
    customer=requester,
    events={
        # Events of tickets
        "ticket.created": OPENED,
        "ticket.status_changed": changed_status,
        "ticket.agent_assignment_changed": UPDATED,
        "ticket.comment_added": UPDATED,
        "ticket.group_assignment_changed": UPDATED,
        "ticket.merged": UPDATED,
        "ticket.priority_changed": UPDATED,
        "ticket.requester_changed": UPDATED,
        "ticket.subject_changed": UPDATED,
        # Users
        "user.created": On("customer.created", user, customer=who, when=of_customers),
        "user.email_changed": On("customer.updated", user, customer=who, when=of_customers),
        "user.name_changed": On("customer.updated", user, customer=who, when=of_customers),
        # What a trigger posts with the body of setup.md
        "ticket.opened": OPENED,
        "ticket.updated": UPDATED,
        "ticket.closed": CLOSED,
    },
    # No event type of ours, or the agents' own bookkeeping
    ignored=frozenset(
        (
            "ticket.attachment_linked_to_comment",
            "ticket.attachment_redacted_from_comment",
            "ticket.brand_changed",
            "ticket.comment_made_private",
            "ticket.comment_redacted",
            "ticket.custom_field_changed",
            "ticket.custom_status_changed",
            "ticket.description_changed",
            "ticket.email_ccs_changed",
            "ticket.external_id_changed",
            "ticket.followers_changed",
            "ticket.form_changed",
            "ticket.marked_as_spam",
            "ticket.organization_changed",
            "ticket.permanently_deleted",
            "ticket.problem_link_changed",
            "ticket.schedule_changed",
            "ticket.soft_deleted",
            "ticket.submitter_changed",
            "ticket.tags_changed",
            "ticket.task_due_at_changed",
            "ticket.type_changed",
            "ticket.undeleted",
        )
    ),
    settings=(
        own_api(
            "Zendesk address",
            "For actions: such as https://acme.zendesk.com.",
            "https://acme.zendesk.com",
            "*.zendesk.com",
        ),
        Setting(
            "api_email",
            "Agent",
            "For actions: the e-mail address of the agent in whose name it is done.",
            form=EMAIL,
        ),
        Setting("api_token", "API token", "For actions: from Admin Center, under APIs.", secret=True, form=KEY),
    ),
)
