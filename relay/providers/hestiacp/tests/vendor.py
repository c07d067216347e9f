"""HestiaCP with one user."""

from typing import Any

from actions.fake_vendor import Answer, Request

KEYS = {"api_access_key": "access", "api_secret_key": "s3cret"}
GIVEN: dict[str, dict[str, Any]] = {
    key: {"service_id": "acme"}
    for key in (
        "service.suspend",
        "service.unsuspend",
        "service.change_package",
        "service.fetch",
        "certificate.renew",
        "backup.start",
    )
}


class Account:
    """HestiaCP with one user; commands are answered by a code."""

    def __init__(self) -> None:
        self.user = {"PACKAGE": "starter", "SUSPENDED": "no", "CONTACT": "zoe@acme.example"}
        self.user |= {"U_DISK": "1830", "DISK_QUOTA": "unlimited"}
        self.code: int | None = None
        self.effects: list[str] = []

    def __call__(self, request: Request) -> Any:
        form = request.form
        assert (request.method, request.path, form["hash"]) == ("POST", "/api/", "access:s3cret")
        if form["cmd"] == "v-list-user":
            return {"acme": self.user} if form["arg1"] == "acme" else Answer(200, b"Error: user nobody doesn't exist")
        if self.code is not None:
            return Answer(200, str(self.code).encode())
        self.effects.append(form["cmd"])
        match form["cmd"]:
            case "v-suspend-user":
                self.user["SUSPENDED"] = "yes"
            case "v-unsuspend-user":
                self.user["SUSPENDED"] = "no"
            case "v-change-user-package":
                self.user["PACKAGE"] = form["arg2"]
        return Answer(200, b"0")

    def prepare(self, action: str) -> None:
        if action == "service.unsuspend":
            self.user["SUSPENDED"] = "yes"
