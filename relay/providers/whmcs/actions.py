"""What WHMCS does for us: its external API. https://developers.whmcs.com/api/

Every call is a POST of fields, and its answer has `result`: success, or error with `message`.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from relay.actions.adapter import Does, Task
from relay.actions.outcomes import Declined, Done, Failed
from relay.providers.reading import an_object, scalar
from relay.providers.whmcs.reading import row, rows

_NEEDS = ("api_url", "api_identifier", "api_secret")
_STATES = {"Active": "active", "Suspended": "suspended", "Terminated": "terminated", "Cancelled": "canceled"}
_PRIORITIES = {"low": "Low", "normal": "Medium", "high": "High", "urgent": "High"}


# Invoices


def retry_payment(task: Task) -> Done:
    invoice = _invoice(task)
    if invoice.get("status") == "Paid":
        return _paid(invoice, "was paid already")
    if invoice.get("status") != "Unpaid":
        raise Failed(
            f"Invoice {_number(invoice)} is {invoice.get('status')}, so it cannot be paid.", code="wrong_state"
        )
    try:
        _tell(task, "CapturePayment", invoiceid=invoice["invoiceid"])
    except Failed as error:
        if error.code != "refused":
            raise
        raise Declined(f"The payment of invoice {_number(invoice)} failed: {error.message}") from None
    return _paid(invoice, "was paid")


def was_paid(task: Task) -> Done | None:
    invoice = _invoice(task)
    return _paid(invoice, "was paid, as was found out") if invoice.get("status") == "Paid" else None


def send(task: Task) -> Done:
    invoice = _invoice(task)
    _tell(task, "SendEmail", messagename="Invoice Created", id=invoice["invoiceid"])
    return Done(f"Invoice {_number(invoice)} was mailed to the customer.", _shown(invoice))


def void(task: Task) -> Done:
    invoice = _invoice(task)
    if invoice.get("status") == "Cancelled":
        return Done(f"Invoice {_number(invoice)} was canceled already.", _shown(invoice, "void"))
    if invoice.get("status") == "Paid":
        raise Failed(f"Invoice {_number(invoice)} is paid: refund it instead.", code="wrong_state")
    _tell(task, "UpdateInvoice", invoiceid=invoice["invoiceid"], status="Cancelled")
    return Done(f"Invoice {_number(invoice)} was canceled.", _shown(invoice, "void"))


def record_payment(task: Task) -> Done:
    """A reference that is on the invoice already is this payment."""
    invoice, reference = _invoice(task), str(task.input["reference"])
    if any(scalar(each.get("transid")) == reference for each in rows(invoice.get("transactions"), "transaction")):
        return _paid(invoice, "has this payment already")
    _tell(
        task,
        "AddInvoicePayment",
        invoiceid=invoice["invoiceid"],
        transid=reference,
        gateway=scalar(invoice.get("paymentmethod")) or "banktransfer",
        amount=str(Decimal(str(task.input["amount"]))),
    )
    return Done(f"The payment {reference} is on invoice {_number(invoice)}.", _shown(invoice))


# Services and domains


def suspend(task: Task) -> Done:
    service = _service(task)
    if service.get("status") == "Suspended":
        return Done(f"{_name(service)} was suspended already.", _hosting(service, "suspended"))
    _tell(task, "ModuleSuspend", serviceid=service["id"], suspendreason=task.input.get("reason"))
    return Done(f"{_name(service)} was suspended.", _hosting(service, "suspended"))


def unsuspend(task: Task) -> Done:
    service = _service(task)
    if service.get("status") == "Active":
        return Done(f"{_name(service)} was not suspended.", _hosting(service, "active"))
    _tell(task, "ModuleUnsuspend", serviceid=service["id"])
    return Done(f"{_name(service)} is on again.", _hosting(service, "active"))


def renew_domain(task: Task) -> Done:
    name = str(task.input["domain"]).strip().lower()
    found = _domain(task, name)
    _tell(task, "DomainRenew", domainid=found["id"], regperiod=task.input.get("years", 1))
    return Done(f"{name} was renewed.", {"domain": name})


# Tickets


def open_ticket(task: Task) -> Done:
    department = task.input.get("department") or task.settings.get("department")
    if not department:
        raise Failed("WHMCS needs a department: give its id, or set it: relay source set ... department=1")
    given = task.input
    who: dict[str, Any] = {"clientid": given["customer_id"]} if given.get("customer_id") else {}
    if not who:
        if not given.get("email"):
            raise Failed("WHMCS needs to know whose ticket it is: give the customer, or an e-mail address.")
        who = {"name": given["email"], "email": given["email"]}
    said = _tell(
        task,
        "OpenTicket",
        deptid=department,
        subject=given["subject"],
        message=given["message"],
        priority=_PRIORITIES[given.get("priority", "normal")],
        **who,
    )
    number = scalar(said.get("tid"))
    output = {"ticket_id": scalar(said.get("id")), "ticket_number": number, "ticket_status": "Open"}
    return Done(f"The ticket {number} was opened.", output)


def reply_to_ticket(task: Task) -> Done:
    """Written in the name of the administrator who is set up for it."""
    given = task.input
    ticket = {"ticketid": given["ticket_id"], "adminusername": task.settings["admin_user"]}
    if given.get("internal"):
        _tell(task, "AddTicketNote", message=given["message"], ticketid=given["ticket_id"])
    else:
        _tell(task, "AddTicketReply", message=given["message"], **ticket)
    number = str(given["ticket_id"])
    return Done(f"The ticket {number} has the reply.", {"ticket_id": number, "ticket_number": number})


# The API


def _ask(task: Task, action: str, **fields: Any) -> dict[str, Any]:
    reply = task.vendor.ask("", method="POST", form=_form(task, action, fields))
    return _checked(reply.expect(_reason).object(), action, code="no_such_thing")


def _tell(task: Task, action: str, **fields: Any) -> dict[str, Any]:
    reply = task.vendor.tell("POST", "", form=_form(task, action, fields))
    said = reply.expect(_reason).object()
    return said if task.vendor.dry else _checked(said, action)


def _form(task: Task, action: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    settings = task.settings
    known = {"identifier": settings["api_identifier"], "secret": settings["api_secret"], "action": action}
    return {**known, "accesskey": settings.get("api_access_key"), "responsetype": "json", **fields}


def _checked(said: dict[str, Any], action: str, code: str = "refused") -> dict[str, Any]:
    if said.get("result") != "success":
        raise Failed(f"WHMCS did not do {action}: {_reason(said) or 'it gives no reason'}", code=code)
    return said


def _reason(said: Any) -> str | None:
    return scalar(an_object(said).get("message"))


def _invoice(task: Task) -> dict[str, Any]:
    number = str(task.input["invoice_id"]).strip().removeprefix("#")
    found = _ask(task, "GetInvoice", invoiceid=number)
    return {**found, "invoiceid": scalar(found.get("invoiceid")) or number}


def _service(task: Task) -> dict[str, Any]:
    number = str(task.input["service_id"]).strip()
    found = rows(row(_ask(task, "GetClientsProducts", serviceid=number)).get("products"), "product")
    service = next((each for each in found if scalar(each.get("id")) == number), None)
    if service is None:
        raise Failed(f"There is no service {number} in WHMCS.", code="no_such_thing")
    return service


def _domain(task: Task, name: str) -> dict[str, Any]:
    found = rows(row(_ask(task, "GetClientsDomains", domain=name)).get("domains"), "domain")
    domain = next((each for each in found if (scalar(each.get("domainname")) or "").lower() == name), None)
    if domain is None:
        raise Failed(f"There is no domain {name} in WHMCS.", code="no_such_thing")
    return domain


def _number(invoice: Mapping[str, Any]) -> str:
    return scalar(invoice.get("invoicenum")) or str(invoice["invoiceid"])


def _shown(invoice: Mapping[str, Any], status: str | None = None) -> dict[str, Any]:
    return {
        "invoice_id": str(invoice["invoiceid"]),
        "invoice_number": _number(invoice),
        "invoice_status": status or (scalar(invoice.get("status")) or "").lower() or None,
    }


def _paid(invoice: Mapping[str, Any], how: str) -> Done:
    return Done(f"Invoice {_number(invoice)} {how}.", _shown(invoice, "paid"))


def _name(service: Mapping[str, Any]) -> str:
    return scalar(service.get("domain")) or scalar(service.get("name")) or f"Service {service['id']}"


def _hosting(service: Mapping[str, Any], status: str) -> dict[str, Any]:
    return {
        "service_id": scalar(service.get("id")),
        "service_status": status,
        "domain": scalar(service.get("domain")),
        "plan": scalar(service.get("name")),
    }


ACTIONS: Mapping[str, Does] = {
    "invoice.retry_payment": Does(retry_payment, find_out=was_paid, needs=_NEEDS),
    "invoice.send": Does(send, needs=_NEEDS),
    "invoice.void": Does(void, repeatable=True, needs=_NEEDS),
    "invoice.record_payment": Does(record_payment, repeatable=True, needs=_NEEDS),
    "service.suspend": Does(suspend, repeatable=True, needs=_NEEDS),
    "service.unsuspend": Does(unsuspend, repeatable=True, needs=_NEEDS),
    "domain.renew": Does(renew_domain, needs=_NEEDS),
    "ticket.open": Does(open_ticket, needs=_NEEDS),
    "ticket.reply": Does(reply_to_ticket, needs=(*_NEEDS, "admin_user")),
}
