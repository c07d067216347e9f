"""A subscription."""

from typing import Any

from actions.fake_vendor import Request

KEYS = {"api_key": "k3y"}
GIVEN: dict[str, dict[str, Any]] = {
    key: {"subscription_id": "sub_1"} for key in ("subscription.renew", "subscription.cancel", "subscription.resume")
}


class Account:
    def __init__(self) -> None:
        self.subscription = {
            "id": "sub_1",
            "name": "KVM 2",
            "status": "active",
            "is_auto_renewed": True,
            "next_billing_at": "2026-12-22T07:00:00Z",
        }
        self.order: Any = {"id": 9, "status": "completed"}
        self.effects: list[str] = []

    def __call__(self, request: Request) -> Any:
        assert request.headers["authorization"] == "Bearer k3y"
        path = "/api/billing/v1/subscriptions"
        if (request.method, request.path) == ("GET", path):
            return [{"id": "sub_0"}, self.subscription]
        self.effects.append(f"{request.method} {request.path.removeprefix(path)}")
        match self.effects[-1]:
            case "POST /sub_1/renew":
                return self.order
            case "PATCH /sub_1/auto-renewal/enable":
                self.subscription["is_auto_renewed"] = True
            case "DELETE /sub_1/auto-renewal/disable":
                self.subscription["is_auto_renewed"] = False
            case _:
                return 404
        return self.subscription

    def prepare(self, action: str) -> None:
        self.subscription["is_auto_renewed"] = action != "subscription.resume"
