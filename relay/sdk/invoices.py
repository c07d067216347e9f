"""Collecting, voiding and reading invoices, for gateways whose API differs in words only.

Each reads the invoice first: what is so already is done. Whether a lost collection was made, the invoice says.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from relay.sdk.actions import Adapter, Task
from relay.sdk.entities import Invoice
from relay.sdk.fields import Object, an_object, dig
from relay.sdk.outcomes import Declined, Done, Failed, shown
from relay.sdk.provider import segment
from relay.sdk.subscriptions import SubscriptionApi

_OUTPUT = ("amount", "currency", "amount_due", "due_at")


@dataclass(frozen=True, slots=True)
class InvoiceApi:
    """How a gateway is asked for an invoice, and told to collect it or to make it void.

    `path` is that of an invoice (with `{id}`), `inside` where it lies in answers. `collect` is the last word of the
    path that collects it, told by `method`. `read` puts an invoice into our words, but for its status, which is the
    gateway's own. `named` writes what people name an invoice by as the API takes it.
    """

    gateway: SubscriptionApi
    path: str
    method: str
    collect: str
    read: Callable[[Object], Invoice]
    customer_id: Callable[[Object], str | None]
    inside: tuple[str, ...] = ()
    named: Callable[[str], str] = lambda name: name

    def actions(self) -> dict[str, Adapter]:
        needs = self.gateway.needs
        return {
            "invoice.retry_payment": Adapter(self._retry_payment, look_up_outcome=self._was_paid, needs=needs),
            "invoice.fetch": Adapter(self._fetch, repeatable=True, needs=needs),
            "invoice.void": Adapter(self._void, repeatable=True, needs=needs),
        }

    def _retry_payment(self, task: Task) -> Done:
        found = self._found(task)
        invoice = self.read(found)
        if invoice["status"] == "paid":
            return _paid(invoice, "was already paid")
        try:
            said = self._change(task, invoice, self.collect)
        except Failed as error:
            if error.code in ("refused", "declined"):
                raise Declined(f"The payment of invoice {_number(invoice)} failed: {error.message}") from None
            raise
        return _paid(self.read({**found, **self._inside(said)}), "was paid")

    def _was_paid(self, task: Task) -> Done | None:
        invoice = self.read(self._found(task))
        return _paid(invoice, "was paid, as was found out") if invoice["status"] == "paid" else None

    def _void(self, task: Task) -> Done:
        invoice = self.read(self._found(task))
        output = _shown(invoice) | {"invoice_status": "void"}
        if invoice["status"] == "voided":
            return Done(f"Invoice {_number(invoice)} was already void.", output)
        self._change(task, invoice, "void")
        return Done(f"Invoice {_number(invoice)} is void.", output)

    def _fetch(self, task: Task) -> Done:
        found = self._found(task)
        invoice = self.read(found)
        known: Mapping[str, Any] = {**invoice}
        output = {**_shown(invoice), **{name: known[name] for name in _OUTPUT}, "customer_id": self.customer_id(found)}
        return Done(f"Invoice {_number(invoice)} is {invoice['status']}.", output)

    def _found(self, task: Task) -> Object:
        name = str(task.input["invoice_id"]).strip().removeprefix("#")
        asked = self.named(name)
        found = self._inside(self.gateway.read(task, self.path.format(id=segment(asked))))
        return {"id": asked, **shown(found, f"invoice {name}")}

    def _change(self, task: Task, invoice: Invoice, what: str) -> Object:
        path = f"{self.path.format(id=segment(invoice['id']))}/{what}"
        return self.gateway.change(task, self.method, path, {}).object()

    def _inside(self, said: Mapping[str, Any]) -> Object:
        return an_object(dig(said, *self.inside))


def _number(invoice: Invoice) -> str | None:
    return invoice["number"] or invoice["id"]


def _shown(invoice: Invoice) -> dict[str, Any]:
    return {
        "invoice_id": invoice["id"],
        "invoice_number": invoice["number"],
        "invoice_status": invoice["status"],
    }


def _paid(invoice: Invoice, how: str) -> Done:
    output = {**_shown(invoice), "amount": invoice["amount_paid"], "currency": invoice["currency"]}
    return Done(f"Invoice {_number(invoice)} {how}.", output)
