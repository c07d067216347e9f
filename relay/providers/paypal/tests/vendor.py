"""An account with a subscription and an invoice."""

from typing import Any

from actions.fake_vendor import Answer, Request

KEYS = {"client_id": "id", "client_secret": "s3cret", "mode": "live"}
LOGIN = "/v1/oauth2/token"
GIVEN: dict[str, dict[str, Any]] = {
    "subscription.pause": {"subscription_id": "I-1", "reason": "unpaid"},
    "subscription.resume": {"subscription_id": "I-1"},
    "subscription.cancel": {"subscription_id": "I-1", "at_period_end": False},
    "subscription.change_plan": {"subscription_id": "I-1", "plan_id": "P-2"},
    "invoice.create": {
        "customer_id": "zoe@acme.example",
        "amount": 24,
        "currency": "EUR",
        "description": "Backup",
        "send": True,
    },
    "invoice.send": {"invoice_id": "INV2-1"},
    "invoice.void": {"invoice_id": "INV2-1"},
    "invoice.record_payment": {"invoice_id": "INV2-1", "amount": 24, "currency": "EUR", "reference": "SEPA 1"},
    "payment.refund": {"payment_id": "CAP1", "amount": 1200, "currency": "JPY"},
    "subscription.retry_payment": {"subscription_id": "I-1"},
    "invoice.fetch": {"invoice_id": "INV2-1"},
}


class Account:
    """An account with a subscription and an invoice. A request id that was seen gets the first answer again."""

    def __init__(self) -> None:
        self.subscription: dict[str, Any] = {
            "id": "I-1",
            "status": "ACTIVE",
            "plan_id": "P-1",
            "billing_info": {"outstanding_balance": {"value": "24.00", "currency_code": "EUR"}},
        }
        self.invoice: dict[str, Any] = {
            "id": "INV2-1",
            "status": "DRAFT",
            "detail": {"invoice_number": "INV-1042", "currency_code": "EUR"},
        }
        self.capture = {"id": "CAP1", "amount": {"currency_code": "JPY", "value": "2400"}}
        self.made: dict[str, Any] | None = None
        self.error: Answer | None = None
        self.effects: list[str] = []
        self._kept: dict[str, Any] = {}

    def __call__(self, request: Request) -> Any:
        if request.path == "/v1/oauth2/token":
            assert request.headers["authorization"] == "Basic aWQ6czNjcmV0"  # id:s3cret
            assert request.form == {"grant_type": "client_credentials"}
            return {"access_token": "A21", "expires_in": 300}
        assert request.headers["authorization"] == "Bearer A21"
        if request.path == "/v2/invoicing/search-invoices":
            wanted = request.json["invoice_number"]
            is_it = self.made is not None and self.made["detail"]["invoice_number"] == wanted
            return {"items": [self.made] if is_it else []}
        if request.method == "GET":
            known = {
                "/v1/billing/subscriptions/I-1": self.subscription,
                "/v2/invoicing/invoices/INV2-1": self.invoice,
                "/v2/payments/captures/CAP1": self.capture,
            }
            missing = {"name": "RESOURCE_NOT_FOUND", "message": "The resource does not exist.", "debug_id": "x"}
            return dict(known[request.path]) if request.path in known else Answer(404, missing)
        key = request.headers.get("paypal-request-id")
        if key in self._kept:
            return self._kept[key]
        answer = self.error or self._change(request)
        if key:
            self._kept[key] = answer
        return answer

    def _change(self, request: Request) -> Any:
        self.effects.append(request.path)
        verb = request.path.rpartition("/")[2]
        states = {"suspend": "SUSPENDED", "activate": "ACTIVE", "cancel": "CANCELLED"}
        if request.path.startswith("/v1/billing"):
            if verb in states:
                self.subscription["status"] = states[verb]
                return 204
            if verb == "capture":
                assert request.json["amount"] == self.subscription["billing_info"].pop("outstanding_balance")
                assert request.json["capture_type"] == "OUTSTANDING_BALANCE"
                return {"id": "CAP2", "status": "COMPLETED"}
            self.subscription["plan_id"] = request.json["plan_id"]
            return {"plan_id": "P-2", "links": [{"rel": "approve", "href": "https://paypal.example/agree"}]}
        if verb == "invoices":
            self.made = {"id": "INV2-9", "status": "DRAFT", "detail": request.json["detail"]}
            return Answer(201, {"rel": "self", "href": "https://api.paypal.example/v2/invoicing/invoices/INV2-9"})
        if verb == "refund":
            return Answer(201, {"id": "R1", "status": "COMPLETED", "amount": request.json["amount"]})
        if verb == "payments":
            self.invoice["payments"] = {"transactions": [{"note": request.json["note"]}]}
            return {"payment_id": "EXTR-1"}
        found = self.made if self.made and "INV2-9" in request.path else self.invoice
        found["status"] = {"send": "SENT", "cancel": "CANCELLED"}.get(verb, found["status"])
        return 204 if verb != "send" else {"href": "x"}

    def prepare(self, action: str) -> None:
        if action == "subscription.resume":
            self.subscription["status"] = "SUSPENDED"
