"""An account with an invoice and a subscription."""

from typing import Any

from actions.fake_vendor import Answer, Request

KEYS = {"api_key": "rk_test_s3cret"}
GIVEN: dict[str, dict[str, Any]] = {
    "invoice.retry_payment": {"invoice_id": "in_1"},
    "invoice.create": {
        "customer_id": "cus_1",
        "amount": 24.0,
        "currency": "EUR",
        "description": "Backup",
        "send": True,
    },
    "invoice.send": {"invoice_id": "in_1"},
    "invoice.void": {"invoice_id": "in_1"},
    "invoice.mark_uncollectible": {"invoice_id": "in_1"},
    "invoice.record_payment": {"invoice_id": "in_1", "amount": 24.0, "currency": "eur", "reference": "SEPA 1"},
    "payment.refund": {"payment_id": "pi_1", "amount": 1200, "currency": "JPY"},
    "subscription.cancel": {"subscription_id": "sub_1", "at_period_end": True},
    "subscription.pause": {"subscription_id": "sub_1"},
    "subscription.resume": {"subscription_id": "sub_1"},
    "subscription.change_plan": {"subscription_id": "sub_1", "plan_id": "price_2"},
    "invoice.credit": {"invoice_id": "in_1", "amount": 6, "currency": "EUR", "reason": "Two days off"},
    "invoice.change_due_date": {"invoice_id": "in_draft", "due_at": "2199-01-01T00:00:00Z"},
    "invoice.fetch": {"invoice_id": "in_1"},
    "subscription.extend": {"subscription_id": "sub_1", "until": "2199-01-01T01:00:00+01:00"},
    "subscription.retry_payment": {"subscription_id": "sub_1"},
    "customer.portal_link": {"customer_id": "cus_1"},
    "customer.fetch": {"email": "zoe@acme.example"},
    "customer.add_credit": {"customer_id": "cus_1", "amount": 6, "currency": "EUR", "description": "Two days off"},
    "payment_link.create": {"amount": 24, "currency": "EUR", "description": "Backup"},
}


class Account:
    """An account with an invoice and a subscription. A key that was seen gets the first answer again."""

    def __init__(self) -> None:
        self.invoice: dict[str, Any] = {
            "id": "in_1",
            "object": "invoice",
            "number": "INV-1042",
            "status": "open",
            "currency": "eur",
            "amount_remaining": 2400,
            "amount_paid": 0,
            "total": 2400,
            "customer": "cus_1",
            "due_date": 1798000000,
            "hosted_invoice_url": "https://invoice.stripe.example/in_1",
        }
        self.subscription: dict[str, Any] = {
            "id": "sub_1",
            "object": "subscription",
            "status": "active",
            "cancel_at_period_end": False,
            "pause_collection": None,
            "latest_invoice": "in_1",
            "items": {
                "object": "list",
                "data": [
                    {
                        "id": "si_1",
                        "object": "subscription_item",
                        "price": {"id": "price_1", "object": "price"},
                        "current_period_end": 1798000000,
                    }
                ],
            },
        }
        self.error: Answer | None = None
        self.effects: list[str] = []
        self._kept: dict[str, Any] = {}

    def __call__(self, request: Request) -> Any:
        assert request.headers["authorization"] == "Bearer rk_test_s3cret"
        assert request.headers["stripe-version"]
        if request.method == "GET":
            return self._read(request)
        key = request.headers["idempotency-key"]
        if key not in self._kept:
            self._kept[key] = self.error or self._change(request)
        return self._kept[key]

    def _read(self, request: Request) -> Any:
        zoe = {"id": "cus_1", "object": "customer", "name": "Zoë", "email": "zoe@acme.example"}
        if request.path == "/v1/customers":
            found = [zoe] if request.query == {"email": "zoe@acme.example", "limit": "1"} else []
            return {"object": "list", "data": found}
        known = {
            "/v1/invoices/in_1": self.invoice,
            "/v1/invoices/in_draft": {**self.invoice, "id": "in_draft", "status": "draft"},
            "/v1/subscriptions/sub_1": self.subscription,
            "/v1/customers/cus_1": zoe,
            "/v1/payment_intents/pi_1": {
                "id": "pi_1",
                "object": "payment_intent",
                "currency": "jpy",
                "amount_received": 2400,
            },
            "/v1/customers/cus_gone": {"id": "cus_gone", "object": "customer", "deleted": True},
        }
        missing = {"error": {"type": "invalid_request_error", "code": "resource_missing", "message": "No such thing"}}
        return dict(known[request.path]) if request.path in known else Answer(404, missing)

    def _change(self, request: Request) -> Any:
        path, form = request.path.removeprefix("/v1/"), request.form
        self.effects.append(f"{request.method} {path}")
        if path == "invoices/in_draft":
            return {**self.invoice, "id": "in_draft", "status": "draft", "due_date": int(form["due_date"])}
        if path.startswith("invoices"):
            states = {"pay": "paid", "void": "void", "mark_uncollectible": "uncollectible"}
            verb = path.rpartition("/")[2]
            self.invoice["status"] = states.get(verb, "open")
            self.invoice["amount_paid"] = 2400 if verb == "pay" else 0
            return dict(self.invoice)
        if path == "subscriptions/sub_1":
            if request.method == "DELETE":
                self.subscription["status"] = "canceled"
            if "cancel_at_period_end" in form:
                self.subscription["cancel_at_period_end"] = True
            if "pause_collection[behavior]" in form:
                self.subscription["pause_collection"] = {"behavior": "void"}
            if "trial_end" in form:
                assert form["proration_behavior"] == "none"
                self.subscription["trial_end"] = int(form["trial_end"])
            if form.get("pause_collection") == "":
                self.subscription["pause_collection"] = None
            return dict(self.subscription)
        if path == "refunds":
            return {
                "id": "re_1",
                "object": "refund",
                "status": "succeeded",
                "amount": int(form["amount"]),
                "currency": "jpy",
            }
        if path == "credit_notes":
            return {"id": "cn_1", "object": "credit_note", "number": "CN-1", "amount": 600, "currency": "eur"}
        if path == "payment_links":
            return {"id": "plink_1", "object": "payment_link", "url": "https://buy.stripe.example/1"}
        if path == "billing_portal/sessions":
            return {"id": "bps_1", "object": "billing_portal.session", "url": "https://billing.stripe.example/p/1"}
        return {"id": "ii_1", "object": "invoiceitem"}

    def prepare(self, action: str) -> None:
        if action == "subscription.resume":
            self.subscription["pause_collection"] = {"behavior": "void"}
