"""A virtual server."""

from typing import Any

from actions.fake_vendor import Request

KEYS = {"api_user": "relay", "api_password": "s3cret"}
GIVEN: dict[str, dict[str, Any]] = {
    key: {"service_id": "acme.example"}
    for key in (
        "service.suspend",
        "service.unsuspend",
        "service.change_package",
        "service.change_limits",
        "service.fetch",
    )
}


class Account:
    def __init__(self) -> None:
        self.values: dict[str, Any] = {"plan": ["Starter"]}
        self.refusal: str | None = None
        self.effects: list[str] = []
        self._told: list[dict[str, str]] = []

    def __call__(self, request: Request) -> Any:
        form = request.form
        assert request.headers["authorization"] == "Basic cmVsYXk6czNjcmV0"  # relay:s3cret
        assert (request.path, form["json"]) == ("/virtual-server/remote.cgi", "1")
        if form["domain"] != "acme.example":
            return {"status": "failure", "error": f"Virtual server {form['domain']} does not exist"}
        if form["program"] == "list-domains":
            return {"status": "success", "data": [{"name": "acme.example", "values": self.values}]}
        if self.refusal:
            return {"status": "failure", "error": self.refusal}
        # What is so already changes nothing.
        if form not in self._told:
            self.effects.append(form["program"])
        self._told.append(form)
        match form["program"]:
            case "disable-domain":
                self.values["disabled"] = ["Manually disabled"]
            case "enable-domain":
                del self.values["disabled"]
            case "modify-domain":
                self.values["plan"] = [form.get("apply-plan", "Starter")]
        return {"status": "success"}

    def prepare(self, action: str) -> None:
        if action == "service.unsuspend":
            self.values["disabled"] = ["Manually disabled"]
