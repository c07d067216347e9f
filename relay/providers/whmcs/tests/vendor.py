"""WHMCS with an invoice, a service and a domain."""

from collections.abc import Mapping
from typing import Any

from actions.fake_vendor import Request

KEYS = {"api_identifier": "ident", "api_secret": "s3cret", "admin_user": "zoe", "department": "1"}
_INVOICE, _SERVICE = {"invoice_id": "1042"}, {"service_id": "88"}
GIVEN: dict[str, dict[str, Any]] = {
    **dict.fromkeys(("invoice.retry_payment", "invoice.send", "invoice.void", "invoice.fetch"), _INVOICE),
    **dict.fromkeys(("invoice.record_payment", "invoice.change_due_date"), _INVOICE),
    **dict.fromkeys(("service.suspend", "service.unsuspend", "service.fetch"), _SERVICE),
    "service.change_package": {**_SERVICE, "package": "7"},
    "customer.fetch": {"email": "zoe@acme.example"},
    "customer.add_credit": {"customer_id": "41"},
    "customer.send_email": {"customer_id": "41"},
    "domain.renew": {"domain": "acme.example"},
    "ticket.open": {"email": "zoe@acme.example"},
}


class Account:
    """WHMCS with an invoice, a service and a domain."""

    def __init__(self) -> None:
        self.invoice: dict[str, Any] = {
            "invoiceid": "1042",
            "invoicenum": "INV-1042",
            "status": "Unpaid",
            "paymentmethod": "stripe",
            "transactions": "",
            "userid": 41,
            "total": "24.00",
            "balance": "4.00",
            "duedate": "2026-12-06",
        }
        self.service = {"id": 88, "domain": "acme.example", "name": "Business", "status": "Active", "pid": 5}
        self.service |= {"diskusage": "1830", "disklimit": "0"}
        self.client = {"userid": 41, "firstname": "Zoë", "lastname": "Müller", "email": "zoe@acme.example"}
        self.client |= {"companyname": "Acme", "currency_code": "EUR"}
        self.credits: list[dict[str, str]] = []
        self.refusal: str | None = None
        self.captured = 0
        self.effects: list[str] = []

    def __call__(self, request: Request) -> Any:
        form = request.form
        assert (form["identifier"], form["secret"], form["responsetype"]) == ("ident", "s3cret", "json")
        found = self._read(form)
        if found is not None:
            return found
        if self.refusal:
            return {"result": "error", "message": self.refusal}
        return {"result": "success", **self._change(form)}

    def _read(self, form: Mapping[str, str]) -> Any:
        missing = {"result": "error", "message": "Not Found"}
        match form["action"]:
            case "GetInvoice":
                return {"result": "success", **self.invoice} if form["invoiceid"] == "1042" else missing
            case "GetClientsProducts":
                found = [self.service] if form["serviceid"] == "88" else []
                return {"result": "success", "products": {"product": found}}
            case "GetClientsDetails":
                asked = form.get("clientid", form.get("email"))
                return {"result": "success", "client": self.client} if asked in ("41", "zoe@acme.example") else missing
            case "GetCredits":
                return {"result": "success", "credits": {"credit": self.credits}}
            case "GetClientsDomains":
                return {"result": "success", "domains": {"domain": [{"id": 5, "domainname": "acme.example"}]}}
        return None

    def _change(self, form: Mapping[str, str]) -> dict[str, Any]:
        self.did(form)
        match form["action"]:
            case "CapturePayment":
                self.captured += 1
                self.invoice["status"] = "Paid"
            case "UpdateInvoice":
                self.invoice |= {name: form[name] for name in ("status", "duedate") if name in form}
            case "AddCredit":
                self.credits.append({"description": form["description"], "amount": form["amount"]})
            case "UpdateClientProduct":
                self.service["pid"] = int(form["pid"])
            case "AddInvoicePayment":
                self.invoice["transactions"] = {"transaction": [{"transid": form["transid"]}]}
            case "ModuleSuspend":
                self.service["status"] = "Suspended"
            case "ModuleUnsuspend":
                self.service["status"] = "Active"
            case "OpenTicket":
                return {"id": 310, "tid": "310-42"}
        return {}

    def did(self, form: Mapping[str, str]) -> None:
        """To give a service the product that it has changes nothing more."""
        what = form["action"]
        if what not in ("UpdateClientProduct", "ModuleChangePackage") or what not in self.effects:
            self.effects.append(what)

    def prepare(self, action: str) -> None:
        if action == "service.unsuspend":
            self.service["status"] = "Suspended"
