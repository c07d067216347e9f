"""WHM with one account."""

from collections.abc import Mapping
from typing import Any

from actions.fake_vendor import Request

KEYS = {"api_token": "t0ken"}
GIVEN: dict[str, dict[str, Any]] = {
    key: {"service_id": "acme"}
    for key in (
        "service.suspend",
        "service.unsuspend",
        "service.change_package",
        "service.change_limits",
        "service.fetch",
        "certificate.renew",
        "backup.start",
    )
}


class Account:
    """WHM with one account; 200 whatever happens."""

    def __init__(self) -> None:
        self.account = {"user": "acme", "domain": "acme.example", "plan": "starter", "suspended": 0}
        self.account |= {"email": "zoe@acme.example", "diskused": "1830M", "disklimit": "unlimited"}
        self.limits: dict[str, str] = {}
        self.refusal: str | None = None
        self.effects: list[str] = []

    def __call__(self, request: Request) -> Any:
        assert request.headers["authorization"] == "whm root:t0ken"
        assert request.query["api.version"] == "1"
        function = request.path.removeprefix("/json-api/")
        if function == "cpanel":
            status = 0 if self.refusal else 1
            self.effects += [] if self.refusal else ["fullbackup_to_homedir"]
            return {
                "result": {"status": status, "errors": [self.refusal] if self.refusal else None, "data": {"pid": 9}}
            }
        if function == "servicestatus":
            known = [{"name": "httpd", "running": 1, "enabled": 1, "display_name": "Apache"}]
            return {
                "metadata": {"result": 1},
                "data": {"service": known if request.query["service"] == "httpd" else []},
            }
        if function == "restartservice":
            self.did("restartservice")
            return {"metadata": {"result": 0 if self.refusal else 1, "reason": self.refusal or "OK"}}
        if request.query.get("user", request.query.get("username")) != "acme":
            return {"metadata": {"result": 0, "reason": "Account does not exist."}}
        if function == "accountsummary":
            return {"metadata": {"result": 1, "reason": "OK"}, "data": {"acct": [self.account]}}
        if self.refusal:
            return {"metadata": {"result": 0, "reason": self.refusal}}
        changes: Mapping[str, dict[str, Any]] = {
            "suspendacct": {"suspended": 1},
            "unsuspendacct": {"suspended": 0},
            "changepackage": {"plan": request.query.get("pkg")},
            "start_autossl_check_for_one_user": {},
            "editquota": {},
            "limitbw": {},
        }
        self.did(f"{function} {sorted(request.query.items())}")
        self.limits |= {name: request.query[name] for name in ("quota", "bwlimit") if name in request.query}
        self.account |= changes[function]
        return {"metadata": {"result": 1, "reason": "OK"}}

    def did(self, what: str) -> None:
        """The same again changes nothing more."""
        if what not in self.effects:
            self.effects.append(what)

    def prepare(self, action: str) -> None:
        if action == "service.unsuspend":
            self.account["suspended"] = 1
