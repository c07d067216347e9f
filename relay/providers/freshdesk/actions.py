"""What Freshdesk does for us: tickets. https://developers.freshdesk.com/api/#tickets

It knows no key of ours, so what nobody knows of a ticket stays unknown, and a person looks.
"""

import html
import re
from collections.abc import Mapping
from typing import Any

from relay.sdk.actions import Adapter, Task
from relay.sdk.client import basic
from relay.sdk.fields import an_object, first, scalar
from relay.sdk.outcomes import Done, Failed
from relay.sdk.provider import segment

_NEEDS = ("api_url", "api_key")
_PRIORITIES = {"low": 1, "normal": 2, "high": 3, "urgent": 4}
_OPEN = 2


def open_ticket(task: Task) -> Done:
    given = task.input
    if not given.get("email"):
        raise Failed("Freshdesk requires the requester's e-mail address: email is missing.")
    ticket: dict[str, Any] = {
        "subject": given["subject"],
        "description": _as_html(given["message"]),
        "email": given["email"],
        "priority": _PRIORITIES[given.get("priority", "normal")],
        "status": _OPEN,
    }
    if given.get("department"):
        ticket["group_id"] = _number(given["department"])
    said = task.vendor.change("POST", "/api/v2/tickets", headers=_headers(task), json=ticket).expect(_reason).object()
    number = scalar(said.get("id"))
    return Done(f"Ticket {number} was opened.", _shown(task, number, "Open"))


def reply_to_ticket(task: Task) -> Done:
    number = str(task.input["ticket_id"]).strip()
    content: dict[str, Any] = {"body": _as_html(task.input["message"])}
    where = "reply"
    if task.input.get("internal"):
        where, content = "notes", content | {"private": True}
    task.vendor.change(
        "POST", f"/api/v2/tickets/{segment(number)}/{where}", headers=_headers(task), json=content
    ).expect(_reason)
    return Done(f"The reply was added to ticket {number}.", _shown(task, number, None))


def _headers(task: Task) -> dict[str, str]:
    return basic(str(task.settings["api_key"]), "X")


def _as_html(text: str) -> str:
    return html.escape(text, quote=False).replace("\n", "<br>")


def _number(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,18}", text.strip()):
        raise Failed("department must be the number of a Freshdesk group.")
    return int(text)


def _shown(task: Task, number: str | None, status: str | None) -> dict[str, Any]:
    url = f"{task.vendor.base}/a/tickets/{number}" if number else None
    return {"ticket_id": number, "ticket_number": number, "ticket_status": status, "ticket_url": url}


def _reason(said: Any) -> str | None:
    found = an_object(said)
    detail = first(found.get("errors"))
    words = (found.get("description") or found.get("message"), detail.get("field"), detail.get("message"))
    return " ".join(filter(None, map(scalar, words))) or None


ACTIONS: Mapping[str, Adapter] = {
    "ticket.open": Adapter(open_ticket, needs=_NEEDS),
    "ticket.reply": Adapter(reply_to_ticket, needs=_NEEDS),
}
