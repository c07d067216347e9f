"""What WHMCS does for us: its external API. https://developers.whmcs.com/api/

Every call is a POST of fields, and its answer has `result`: success, or error with `message`.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from relay.formats.money import from_decimal
from relay.formats.times import day
from relay.providers.whmcs.reading import row, rows
from relay.sdk import amounts
from relay.sdk.account_switch import Account, AccountSwitch
from relay.sdk.actions import Adapter, Task
from relay.sdk.fields import an_object, scalar
from relay.sdk.outcomes import Declined, Done, Failed, not_shown
from relay.sdk.sizes import megabytes

_NEEDS = ("api_url", "api_identifier", "api_secret")
_STATES = {"Active": "active", "Suspended": "suspended", "Terminated": "terminated", "Cancelled": "canceled"}
_PRIORITIES = {"low": "Low", "normal": "Medium", "high": "High", "urgent": "High"}


# Invoices


def retry_payment(task: Task) -> Done:
    invoice = _invoice(task)
    if invoice.get("status") == "Paid":
        return _paid(invoice, "was already paid")
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
    return _paid(invoice, "was paid; a look-up confirmed it") if invoice.get("status") == "Paid" else None


def send(task: Task) -> Done:
    invoice = _invoice(task)
    _tell(task, "SendEmail", messagename="Invoice Created", id=invoice["invoiceid"])
    return Done(f"Invoice {_number(invoice)} was sent to the customer.", _shown(invoice))


def void(task: Task) -> Done:
    invoice = _invoice(task)
    if invoice.get("status") == "Cancelled":
        return Done(f"Invoice {_number(invoice)} was already canceled.", _shown(invoice, "void"))
    if invoice.get("status") == "Paid":
        raise Failed(f"Invoice {_number(invoice)} is paid: refund it instead.", code="wrong_state")
    _tell(task, "UpdateInvoice", invoiceid=invoice["invoiceid"], status="Cancelled")
    return Done(f"Invoice {_number(invoice)} was canceled.", _shown(invoice, "void"))


def record_payment(task: Task) -> Done:
    """A reference that is on the invoice already is this payment."""
    invoice, reference = _invoice(task), str(task.input["reference"])
    if any(scalar(each.get("transid")) == reference for each in rows(invoice.get("transactions"), "transaction")):
        return _paid(invoice, "already has this payment")
    # WHMCS tells an invoice's number alone: its currency is the customer's.
    currency = _client(task, clientid=scalar(invoice.get("userid")) or "").get("currency_code")
    amounts.agreed(task, f"Invoice {_number(invoice)}", currency)
    _tell(
        task,
        "AddInvoicePayment",
        invoiceid=invoice["invoiceid"],
        transid=reference,
        gateway=scalar(invoice.get("paymentmethod")) or "banktransfer",
        amount=str(Decimal(str(task.input["amount"]))),
    )
    return Done(f"Payment {reference} was recorded on invoice {_number(invoice)}.", _shown(invoice))


def change_due_date(task: Task) -> Done:
    invoice, due = _invoice(task), day(task.input["due_at"])
    if day(invoice.get("duedate")) == due:
        return Done(f"Invoice {_number(invoice)} already has this due date.", _shown(invoice) | {"due_at": due})
    _tell(task, "UpdateInvoice", invoiceid=invoice["invoiceid"], duedate=(due or "")[:10])
    return Done(f"The due date of invoice {_number(invoice)} was changed.", _shown(invoice) | {"due_at": due})


def fetch_invoice(task: Task) -> Done:
    """WHMCS tells no currency here: it is the customer's."""
    invoice = _invoice(task)
    output = {
        **_shown(invoice),
        "amount": _number_of(invoice.get("total")),
        "amount_due": _number_of(invoice.get("balance")),
        "due_at": day(invoice.get("duedate")),
        "customer_id": scalar(invoice.get("userid")),
    }
    return Done(f"Invoice {_number(invoice)} is {output['invoice_status']}.", output)


# Customers


def fetch_customer(task: Task) -> Done:
    given = task.input
    if not given.get("customer_id") and not given.get("email"):
        raise Failed("customer_id or email is required.")
    wanted = {"clientid": given["customer_id"]} if given.get("customer_id") else {"email": given["email"]}
    client = _client(task, **wanted)
    name = " ".join(filter(None, (scalar(client.get("firstname")), scalar(client.get("lastname")))))
    output = {
        "customer_id": scalar(client.get("userid")) or scalar(client.get("id")),
        "name": name or None,
        "email": scalar(client.get("email")),
        "company": scalar(client.get("companyname")),
    }
    return Done(f"The customer is {name or output['email'] or output['customer_id']}.", output)


def add_credit(task: Task) -> Done:
    """The run stands in the description, by which it is found again."""
    given = task.input
    customer = str(given["customer_id"]).strip()
    currency = _client(task, clientid=customer).get("currency_code")
    amounts.agreed(task, f"The account of customer {customer}", currency)
    amount = str(Decimal(str(given["amount"])))
    description = f"{given['description']} ({task.key})"
    _tell(task, "AddCredit", clientid=customer, description=description, amount=amount, type="add")
    return _credited(task)


def was_credited(task: Task) -> Done | None:
    said = _ask(task, "GetCredits", clientid=str(task.input["customer_id"]).strip())
    known = rows(said.get("credits"), "credit")
    found = any(task.key in (scalar(each.get("description")) or "") for each in known)
    return _credited(task) if found else None


def _credited(task: Task) -> Done:
    given, customer = task.input, str(task.input["customer_id"]).strip()
    output = {"customer_id": customer, "amount": given["amount"], "currency": given["currency"].upper()}
    return Done(f"The credit was added to customer {customer}.", output)


def send_email(task: Task) -> Done:
    """By one of WHMCS's own templates, or with words that are given."""
    given, customer = task.input, str(task.input["customer_id"]).strip()
    if given.get("template"):
        mail, subject = {"messagename": given["template"]}, given["template"]
    elif given.get("subject") and given.get("message"):
        subject = given["subject"]
        mail = {"customtype": "general", "customsubject": subject, "custommessage": given["message"]}
    else:
        raise Failed("template, or subject and message, are required.")
    _tell(task, "SendEmail", id=customer, **mail)
    return Done(f"The e-mail was sent to customer {customer}.", {"customer_id": customer, "subject": subject})


# Services and domains


def suspend(task: Task, account: Account) -> None:
    _tell(task, "ModuleSuspend", serviceid=account.id, suspendreason=task.input.get("reason"))


def unsuspend(task: Task, account: Account) -> None:
    _tell(task, "ModuleUnsuspend", serviceid=account.id)


def switched(task: Task) -> Account:
    service = _service(task)
    return Account(str(service["id"]), _name(service), _status(service), _hosting(service))


def change_package(task: Task) -> Done:
    """The product of the service, then what its server has of it. Telling the server again changes nothing more.

    What the customer pays stays as it is.
    """
    service, product = _service(task), str(task.input["package"]).strip()
    if not (product.isascii() and product.isdigit()):
        raise Failed(f"package must be the number of a WHMCS product; it is {product}. The product's address has it.")
    if scalar(service.get("pid")) != product:
        _tell(task, "UpdateClientProduct", serviceid=service["id"], pid=product)
    _tell(task, "ModuleChangePackage", serviceid=service["id"])
    return Done(f"{_name(service)} was moved to product {product}.", _hosting(service) | {"plan": product})


def fetch_service(task: Task) -> Done:
    """WHMCS counts space in megabytes; 0 is no limit."""
    service = _service(task)
    output = {
        **_hosting(service),
        "disk_used_mb": megabytes(service.get("diskusage")),
        "disk_limit_mb": megabytes(service.get("disklimit")) or None,
    }
    return Done(f"{_name(service)} is {_status(service)}.", output)


def renew_domain(task: Task) -> Done:
    name = str(task.input["domain"]).strip().lower()
    found = _domain(task, name)
    _tell(task, "DomainRenew", domainid=found["id"], regperiod=task.input.get("years", 1))
    return Done(f"{name} was renewed.", {"domain": name})


# Tickets


def open_ticket(task: Task) -> Done:
    department = task.input.get("department") or task.settings.get("department")
    if not department:
        raise Failed(
            "WHMCS requires the id of a department. Give it, or set a default: relay source set ... department=1"
        )
    given = task.input
    who: dict[str, Any] = {"clientid": given["customer_id"]} if given.get("customer_id") else {}
    if not who:
        if not given.get("email"):
            raise Failed("WHMCS requires customer_id or email to open a ticket.")
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
    return Done(f"Ticket {number} was opened.", output)


def reply_to_ticket(task: Task) -> Done:
    """Written in the name of the administrator who is set up for it."""
    given = task.input
    ticket = {"ticketid": given["ticket_id"], "adminusername": task.settings["admin_user"]}
    if given.get("internal"):
        _tell(task, "AddTicketNote", message=given["message"], ticketid=given["ticket_id"])
    else:
        _tell(task, "AddTicketReply", message=given["message"], **ticket)
    number = str(given["ticket_id"])
    return Done(f"The reply was added to ticket {number}.", {"ticket_id": number, "ticket_number": number})


# The API


def _ask(task: Task, action: str, **fields: Any) -> dict[str, Any]:
    reply = task.vendor.read("", method="POST", form=_form(task, action, fields))
    said = reply.expect(_reason).object()
    if not _is_done(said):
        raise not_shown(f"WHMCS refused {action}", _reason(said))
    return said


def _tell(task: Task, action: str, **fields: Any) -> dict[str, Any]:
    reply = task.vendor.change("POST", "", form=_form(task, action, fields))
    said = reply.expect(_reason).object()
    if not task.vendor.dry and not _is_done(said):
        raise Failed(f"WHMCS refused {action}: {_reason(said) or 'no reason was given'}")
    return said


def _form(task: Task, action: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    settings = task.settings
    known = {"identifier": settings["api_identifier"], "secret": settings["api_secret"], "action": action}
    return {**known, "accesskey": settings.get("api_access_key"), "responsetype": "json", **fields}


def _is_done(said: Mapping[str, Any]) -> bool:
    return said.get("result") == "success"


def _reason(said: Any) -> str | None:
    return scalar(an_object(said).get("message"))


def _invoice(task: Task) -> dict[str, Any]:
    number = str(task.input["invoice_id"]).strip().removeprefix("#")
    found = _ask(task, "GetInvoice", invoiceid=number)
    return {**found, "invoiceid": scalar(found.get("invoiceid")) or number}


def _client(task: Task, **wanted: str) -> dict[str, Any]:
    """Older versions give a client's fields at the top only, newer ones in `client` too."""
    said = _ask(task, "GetClientsDetails", stats="false", **wanted)
    return {**said, **row(said.get("client"))}


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


def _number_of(value: Any) -> Decimal | None:
    """A number as it is written, such as `24.00`."""
    return from_decimal(scalar(value), "EUR")["amount"]


def _name(service: Mapping[str, Any]) -> str:
    return scalar(service.get("domain")) or scalar(service.get("name")) or f"Service {service['id']}"


def _status(service: Mapping[str, Any]) -> str | None:
    status = scalar(service.get("status"))
    return _STATES.get(status or "", status)


def _hosting(service: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "service_id": scalar(service.get("id")),
        "service_status": _status(service),
        "domain": scalar(service.get("domain")),
        "plan": scalar(service.get("name")),
    }


ACTIONS: Mapping[str, Adapter] = {
    "invoice.retry_payment": Adapter(retry_payment, look_up_outcome=was_paid, needs=_NEEDS),
    "invoice.send": Adapter(send, needs=_NEEDS),
    "invoice.void": Adapter(void, repeatable=True, needs=_NEEDS),
    "invoice.record_payment": Adapter(record_payment, repeatable=True, needs=_NEEDS),
    "invoice.change_due_date": Adapter(change_due_date, repeatable=True, needs=_NEEDS),
    "invoice.fetch": Adapter(fetch_invoice, repeatable=True, needs=_NEEDS),
    "customer.fetch": Adapter(fetch_customer, repeatable=True, needs=_NEEDS),
    "customer.add_credit": Adapter(add_credit, look_up_outcome=was_credited, needs=_NEEDS),
    "customer.send_email": Adapter(send_email, needs=_NEEDS),
    **AccountSwitch(switched, suspend, unsuspend, _NEEDS).actions(),
    "service.change_package": Adapter(change_package, repeatable=True, needs=_NEEDS),
    "service.fetch": Adapter(fetch_service, repeatable=True, needs=_NEEDS),
    "domain.renew": Adapter(renew_domain, needs=_NEEDS),
    "ticket.open": Adapter(open_ticket, needs=_NEEDS),
    "ticket.reply": Adapter(reply_to_ticket, needs=(*_NEEDS, "admin_user")),
}
