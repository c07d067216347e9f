"""A subscription. What is so already changes nothing."""

from typing import Any

from actions.fake_vendor import Request

KEYS = {"api_key": "k3y", "contact_email": "ops@host.example"}
GIVEN: dict[str, dict[str, Any]] = {
    key: {"service_id": "acme.example"}
    for key in (
        "service.suspend",
        "service.unsuspend",
        "service.change_package",
        "service.change_limits",
        "certificate.renew",
    )
}


class Account:
    def __init__(self) -> None:
        self.refusal: str | None = None
        self.effects: list[str] = []

    def __call__(self, request: Request) -> Any:
        assert request.headers["x-api-key"] == "k3y"
        command = request.path.removeprefix("/api/v2/cli/").removesuffix("/call")
        words = request.json["params"]
        if self.refusal is None and command in ("extension", "subscription_settings"):
            self.did(" ".join((command, *words)))
            return {"code": 0, "stdout": "", "stderr": ""}
        assert command == "subscription"
        if words[1] != "acme.example":
            return {"code": 1, "stdout": "", "stderr": f"An error occurred: Unable to find {words[1]}"}
        if self.refusal:
            return {"code": 1, "stdout": "", "stderr": self.refusal}
        if not self.effects or self.effects[-1] != words[0]:
            self.effects.append(words[0])
        return {"code": 0, "stdout": "SUCCESS", "stderr": ""}

    def did(self, what: str) -> None:
        if what not in self.effects or "extension" in what:
            self.effects.append(what)
