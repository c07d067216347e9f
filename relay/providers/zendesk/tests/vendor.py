"""Tickets."""

from typing import Any

from actions.fake_vendor import Answer, Request

KEYS = {"api_email": "zoe@acme.example", "api_token": "t0ken"}
GIVEN: dict[str, dict[str, Any]] = {}


class Account:
    def __init__(self) -> None:
        self.tickets: list[dict[str, Any]] = []
        self.effects: list[str] = []

    def __call__(self, request: Request) -> Any:
        assert request.headers["authorization"] == "Basic em9lQGFjbWUuZXhhbXBsZS90b2tlbjp0MGtlbg=="
        if request.method == "GET":
            return {"tickets": [each for each in self.tickets if each["external_id"] == request.query["external_id"]]}
        if request.method == "PUT":
            if request.path != "/api/v2/tickets/310.json":
                return Answer(404, {"error": "RecordNotFound", "description": "Not found"})
            self.effects.append("reply")
            return {"ticket": {"id": 310, "status": "open"}}
        self.effects.append("open")
        self.tickets.append({**request.json["ticket"], "id": 310, "status": "new"})
        return Answer(201, {"ticket": self.tickets[-1]})
