"""Freshdesk: tickets of a help desk.

What an automation rule posts: https://support.freshdesk.com/support/solutions/articles/132589

The rule's webhook carries what its owner chose, under `freshdesk_webhook`. What happened stands in `triggered_event`,
which looks like JSON and is none: `{ticket_action:created}`, `{status:{from:2,to:5}}`. Nothing is signed or numbered.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from relay.formats.times import timestamp
from relay.formats.values import KEY
from relay.sdk.api_settings import own_api
from relay.sdk.entities import Customer, Data
from relay.sdk.fields import Object, an_object, scalar
from relay.sdk.inbound import Inbound
from relay.sdk.provider import ANY, On, Provider, Route, Setting, by_arrival
from relay.security.verification import SharedToken

_CHANGE = re.compile(r"(\w+)\s*:\s*(\{[^{}]*\}|[^{},]+)")
_SIDE = re.compile(r"\b(from|to)\s*:\s*([^,}]*)")
_LONGEST = 2000
# https://developers.freshdesk.com/api/#tickets: these four are everybody's, higher numbers are an account's own.
_STATUSES = {"2": "Open", "3": "Pending", "4": "Resolved", "5": "Closed"}
_OVER = frozenset(("resolved", "closed"))
UNNAMED = "ticket"


@dataclass(frozen=True, slots=True)
class Change:
    """`status:{from:2,to:5}`, or `ticket_action:created`, of which only `to` is known."""

    name: str
    before: str | None
    now: str | None


def posted(inbound: Inbound) -> Object:
    """The fields, in the wrapping that Freshdesk gives them, or bare where the rule has its own JSON."""
    payload = an_object(inbound.payload)
    return an_object(payload.get("freshdesk_webhook")) or payload


def changes(ticket: Object) -> list[Change]:
    text = (scalar(ticket.get("triggered_event")) or "")[:_LONGEST].replace('"', "").strip()
    inner = text.removeprefix("{").removesuffix("}")
    return [_change(name, value.strip()) for name, value in _CHANGE.findall(inner)]


def _change(name: str, value: str) -> Change:
    sides = dict(_SIDE.findall(value))
    if sides:
        return Change(name, sides.get("from", "").strip() or None, sides.get("to", "").strip() or None)
    return Change(name, None, value or None)


def event_name(inbound: Inbound) -> str | None:
    """What changed, in their words; a rule that does not post it tells of a ticket, if it names one."""
    ticket = posted(inbound)
    said = [f"{each.name}:{each.now}" if each.name == "ticket_action" else each.name for each in changes(ticket)]
    return ",".join(said) or (UNNAMED if _field(ticket, "id", "subject") else None)


def meant(inbound: Inbound) -> tuple[On]:
    """Opened, or closed by the last of its states, which is also how a resolved ticket ends. Else it changed."""
    ticket = posted(inbound)
    for each in changes(ticket):
        if each.name == "ticket_action" and each.now == "created":
            return (On("ticket.opened", told),)
        if each.name == "status" and _is_over(each.now) and not _is_over(each.before):
            return (On("ticket.closed", told),)
    return (On("ticket.updated", told),)


def told(ticket: Object) -> Data:
    number = _field(ticket, "id")
    return {
        "ticket": {
            "id": number,
            "number": number,
            "subject": _field(ticket, "subject"),
            "status": _named(_field(ticket, "status")) or _status_now(ticket),
            "priority": _field(ticket, "priority"),
            "department": _field(ticket, "group_name", "group", "product_specific_group", "type"),
            "url": _field(ticket, "url", "public_url", "portal_url"),
            "created_at": timestamp(_field(ticket, "created_at", "created_on")),
            "updated_at": timestamp(_field(ticket, "updated_at", "latest_update")),
        }
    }


def customer(ticket: Object) -> Customer:
    return {
        "id": _person(ticket, "id"),
        "name": _person(ticket, "name"),
        "email": _person(ticket, "email"),
        "company": _person(ticket, "company_name") or scalar(ticket.get("company_name")),
    }


def _field(ticket: Object, *names: str) -> str | None:
    found = (scalar(ticket.get(f"ticket_{name}")) or scalar(ticket.get(name)) for name in names)
    return next(filter(None, found), None)


def _person(ticket: Object, name: str) -> str | None:
    """The requester, who is a contact in newer accounts."""
    places = (f"requester_{name}", f"ticket_requester_{name}", f"contact_{name}", f"ticket_contact_{name}")
    return next(filter(None, (scalar(ticket.get(place)) for place in places)), None)


def _named(status: str | None) -> str | None:
    return _STATUSES.get(status or "", status)


def _status_now(ticket: Object) -> str | None:
    return next((_named(each.now) for each in changes(ticket) if each.name == "status"), None)


def _is_over(status: str | None) -> bool:
    return (_named(status) or "").lower() in _OVER


class EveryEvent(Mapping[str, Route]):
    """Whatever changed, it is read by what it says of itself."""

    def __getitem__(self, _: str) -> Route:
        return meant

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


PROVIDER = Provider(
    name="freshdesk",
    label="Freshdesk",
    kind="help_desk",
    homepage="https://www.freshworks.com/freshdesk/",
    verification=SharedToken(),
    event_name=event_name,
    event_id=by_arrival,
    subject=posted,
    customer=customer,
    events=EveryEvent(),
    body=ANY,
    settings=(
        own_api(
            "Freshdesk address",
            "For actions: such as https://acme.freshdesk.com.",
            "https://acme.freshdesk.com",
            "*.freshdesk.com",
        ),
        Setting("api_key", "API key", "For actions: from the agent's profile settings.", secret=True, form=KEY),
    ),
    secret="ours",
)
