"""An order, an invoice and a help desk."""

from typing import Any

from actions.fake_vendor import Request

KEYS = {"api_key": "k3y", "helpdesk": "1"}
GIVEN: dict[str, dict[str, Any]] = {
    "service.suspend": {"service_id": "88"},
    "service.unsuspend": {"service_id": "88"},
    "subscription.cancel": {"subscription_id": "88", "at_period_end": False},
    "subscription.renew": {"subscription_id": "88"},
    "invoice.send": {"invoice_id": "7"},
    "ticket.open": {"customer_id": "41"},
}


class Account:
    def __init__(self) -> None:
        self.order = {"id": 88, "title": "Business", "status": "active"}
        self.refusal: str | None = None
        self.effects: list[str] = []

    def __call__(self, request: Request) -> Any:
        assert request.headers["authorization"] == "Basic YWRtaW46azN5"  # admin:k3y
        function = request.path.removeprefix("/api/admin/")
        if function.endswith("/get"):
            if request.form["id"] not in ("88", "7"):
                return {"result": None, "error": {"message": "Order not found", "code": 404}}
            return {"result": self.order if function == "order/get" else {"id": 7, "serie_nr": "FB7"}, "error": None}
        if self.refusal:
            return {"result": None, "error": {"message": self.refusal, "code": 500}}
        self.effects.append(function)
        states = {"order/suspend": "suspended", "order/unsuspend": "active", "order/cancel": "canceled"}
        self.order["status"] = states.get(function, self.order["status"])
        return {"result": 310 if "ticket" in function else True, "error": None}

    def prepare(self, action: str) -> None:
        if action == "service.unsuspend":
            self.order["status"] = "suspended"
