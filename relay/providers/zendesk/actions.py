"""What Zendesk does for us: tickets. https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/

A ticket carries the run as its `external_id`, by which it is found again.
"""

from collections.abc import Mapping
from typing import Any

from relay.sdk.actions import Adapter, Task
from relay.sdk.client import basic
from relay.sdk.fields import an_object, dig, first, scalar
from relay.sdk.outcomes import Done
from relay.sdk.provider import segment

_NEEDS = ("api_url", "api_email", "api_token")


def open_ticket(task: Task) -> Done:
    given = task.input
    ticket: dict[str, Any] = {
        "subject": given["subject"],
        "comment": {"body": given["message"]},
        "priority": given.get("priority", "normal"),
        "external_id": task.key,
    }
    if given.get("email"):
        ticket["requester"] = {"email": given["email"], "name": given["email"]}
    if given.get("department"):
        ticket["group_id"] = given["department"]
    said = task.vendor.change("POST", "/api/v2/tickets.json", headers=_headers(task), json={"ticket": ticket})
    made = an_object(said.expect(_reason).object().get("ticket"))
    return Done(f"Ticket {made.get('id')} was opened.", _shown(task, made))


def was_opened(task: Task) -> Done | None:
    reply = task.vendor.read("/api/v2/tickets.json", query={"external_id": task.key}, headers=_headers(task))
    found = first(reply.expect(_reason).object().get("tickets"))
    return Done(f"Ticket {found.get('id')} was opened.", _shown(task, found)) if found else None


def reply_to_ticket(task: Task) -> Done:
    number = str(task.input["ticket_id"]).strip()
    comment = {"body": task.input["message"], "public": not task.input.get("internal", False)}
    path = f"/api/v2/tickets/{segment(number)}.json"
    said = task.vendor.change("PUT", path, headers=_headers(task), json={"ticket": {"comment": comment}})
    kept = an_object(said.expect(_reason).object().get("ticket"))
    return Done(f"The reply was added to ticket {number}.", _shown(task, {**kept, "id": number}))


def _headers(task: Task) -> dict[str, str]:
    return basic(f"{task.settings['api_email']}/token", str(task.settings["api_token"]))


def _shown(task: Task, ticket: Mapping[str, Any]) -> dict[str, Any]:
    number = scalar(ticket.get("id"))
    return {
        "ticket_id": number,
        "ticket_number": number,
        "ticket_status": scalar(ticket.get("status")),
        "ticket_url": f"{task.vendor.base}/agent/tickets/{number}" if number else None,
    }


def _reason(said: Any) -> str | None:
    return scalar(an_object(said).get("description")) or scalar(dig(said, "error", "message"))


ACTIONS: Mapping[str, Adapter] = {
    "ticket.open": Adapter(open_ticket, look_up_outcome=was_opened, needs=_NEEDS),
    "ticket.reply": Adapter(reply_to_ticket, needs=_NEEDS),
}
