"""What FOSSBilling does for us: its API for administrators. https://fossbilling.org/docs/api

Every call is a POST to `/api/admin/MODULE/FUNCTION`; its answer has `result`, or `error` with `message`.
"""

from collections.abc import Mapping
from typing import Any

from relay.formats.times import day
from relay.sdk.account_switch import Account, AccountSwitch
from relay.sdk.actions import Adapter, Task
from relay.sdk.client import basic
from relay.sdk.fields import an_object, dig, scalar
from relay.sdk.outcomes import Done, Failed, not_shown

_NEEDS = ("api_url", "api_key")


def suspend(task: Task, account: Account) -> None:
    _tell(task, "order/suspend", id=account.id, reason=task.input.get("reason"))


def unsuspend(task: Task, account: Account) -> None:
    _tell(task, "order/unsuspend", id=account.id)


def switched(task: Task) -> Account:
    order = _order(task)
    output = {"service_id": order["id"], "domain": None, "plan": scalar(order.get("title"))}
    return Account(order["id"], _name(order), scalar(order.get("status")), output)


def cancel(task: Task) -> Done:
    order = _order(task, "subscription_id")
    if order.get("status") == "canceled":
        return Done(f"{_name(order)} was already canceled.", _term(order, "canceled"))
    if task.input.get("at_period_end"):
        raise Failed("FOSSBilling can only cancel an order immediately. Leave At Period End off.")
    _tell(task, "order/cancel", id=order["id"], reason=task.input.get("reason"))
    return Done(f"{_name(order)} was canceled.", _term(order, "canceled"))


def renew(task: Task) -> Done:
    """Whether it was renewed, nobody can tell afterwards from the order alone: an unknown outcome stays one."""
    order = _order(task, "subscription_id")
    if order.get("status") != "active":
        raise Failed(
            f"{_name(order)} is {order.get('status')}; only an active order can be renewed.", code="wrong_state"
        )
    _tell(task, "order/renew", id=order["id"])
    return Done(f"{_name(order)} was renewed.", _term({**order, "expires_at": None}, "active"))


def remind(task: Task) -> Done:
    invoice = _invoice(task)
    _tell(task, "invoice/send_reminder", id=invoice["id"])
    return Done(f"A reminder was sent for invoice {_number(invoice)}.", _shown(invoice))


def open_ticket(task: Task) -> Done:
    given = task.input
    desk = given.get("department") or task.settings.get("helpdesk")
    if not given.get("customer_id") or not desk:
        raise Failed("FOSSBilling requires customer_id, and the id of a help desk as department.")
    said = _tell(
        task,
        "support/ticket_create",
        client_id=given["customer_id"],
        support_helpdesk_id=desk,
        subject=given["subject"],
        content=given["message"],
    )
    number = scalar(said.get("result"))
    return Done(f"Ticket {number} was opened.", {"ticket_id": number, "ticket_number": number, "ticket_status": "open"})


def reply_to_ticket(task: Task) -> Done:
    number = str(task.input["ticket_id"])
    if task.input.get("internal"):
        _tell(task, "support/note_create", ticket_id=number, note=task.input["message"])
    else:
        _tell(task, "support/ticket_reply", id=number, content=task.input["message"])
    return Done(f"The reply was added to ticket {number}.", {"ticket_id": number, "ticket_number": number})


def _ask(task: Task, function: str, **fields: Any) -> dict[str, Any]:
    reply = task.vendor.read(f"/api/admin/{function}", method="POST", headers=_headers(task), form=fields)
    said = reply.expect(_reason).object()
    found = an_object(said.get("result"))
    if not found or said.get("error"):
        raise not_shown(f"FOSSBilling refused {function}", _reason(said))
    return found


def _tell(task: Task, function: str, **fields: Any) -> dict[str, Any]:
    said = (
        task.vendor.change("POST", f"/api/admin/{function}", headers=_headers(task), form=fields)
        .expect(_reason)
        .object()
    )
    if not task.vendor.dry and said.get("error"):
        raise Failed(f"FOSSBilling refused {function}: {_reason(said) or 'no reason was given'}")
    return said


def _headers(task: Task) -> dict[str, str]:
    return basic("admin", str(task.settings["api_key"]))


def _reason(said: Any) -> str | None:
    return scalar(dig(said, "error", "message"))


def _order(task: Task, field: str = "service_id") -> dict[str, Any]:
    number = str(task.input[field]).strip()
    return {**_ask(task, "order/get", id=number), "id": number}


def _invoice(task: Task) -> dict[str, Any]:
    number = str(task.input["invoice_id"]).strip()
    return {**_ask(task, "invoice/get", id=number), "id": number}


def _name(order: Mapping[str, Any]) -> str:
    return scalar(order.get("title")) or f"Order {order['id']}"


def _term(order: Mapping[str, Any], status: str) -> dict[str, Any]:
    until = None if status == "canceled" else day(order.get("expires_at"))
    return {"subscription_id": order["id"], "subscription_status": status, "renews_at": until}


def _number(invoice: Mapping[str, Any]) -> str:
    return scalar(invoice.get("serie_nr")) or str(invoice["id"])


def _shown(invoice: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "invoice_id": invoice["id"],
        "invoice_number": scalar(invoice.get("serie_nr")),
        "invoice_status": scalar(invoice.get("status")),
    }


ACTIONS: Mapping[str, Adapter] = {
    **AccountSwitch(switched, suspend, unsuspend, _NEEDS).actions(),
    "subscription.cancel": Adapter(cancel, repeatable=True, needs=_NEEDS),
    "subscription.renew": Adapter(renew, needs=_NEEDS),
    "invoice.send": Adapter(remind, needs=_NEEDS),
    "ticket.open": Adapter(open_ticket, needs=_NEEDS),
    "ticket.reply": Adapter(reply_to_ticket, needs=_NEEDS),
}
