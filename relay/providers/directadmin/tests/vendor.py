"""A user."""

from typing import Any

from actions.fake_vendor import Request

KEYS = {"api_user": "relay", "api_key": "k3y"}
GIVEN: dict[str, dict[str, Any]] = {
    key: {"service_id": "acme"}
    for key in ("service.suspend", "service.unsuspend", "service.change_package", "service.fetch")
}


class Account:
    def __init__(self) -> None:
        self.user = {"username": "acme", "domain": "acme.example", "package": "starter", "suspended": "no"}
        self.user |= {"usertype": "user", "quota": "10000", "email": "zoe@acme.example"}
        self.refusal: str | None = None
        self.effects: list[str] = []

    def __call__(self, request: Request) -> Any:
        assert request.headers["authorization"] == "Basic cmVsYXk6azN5"  # relay:k3y
        given = request.query if request.method == "GET" else request.form
        assert given["json"] == "yes"
        if given.get("user", given.get("select0")) != "acme":
            return {"error": "1", "text": "Unable to show user", "details": "That user does not exist"}
        if request.method == "GET":
            return {"quota": "1830.4"} if request.path == "/CMD_API_SHOW_USER_USAGE" else self.user
        if self.refusal:
            return {"error": "1", "text": "Cannot do it", "details": self.refusal}
        self.effects.append(request.path)
        if request.path == "/CMD_API_SELECT_USERS":
            assert given["location"] == "CMD_SELECT_USERS"
            self.user["suspended"] = {"Suspend": "yes", "Unsuspend": "no"}[given["suspend"]]
        else:
            assert (request.path, given["action"]) == ("/CMD_API_MODIFY_USER", "package")
            self.user["package"] = given["package"]
        return {"success": "Saved"}

    def prepare(self, action: str) -> None:
        if action == "service.unsuspend":
            self.user["suspended"] = "yes"
