"""Tickets."""

from typing import Any

from actions.fake_vendor import Answer, Request

KEYS = {"api_key": "k3y"}
GIVEN: dict[str, dict[str, Any]] = {}


class Account:
    def __init__(self) -> None:
        self.posts: list[tuple[str, Any]] = []

    def __call__(self, request: Request) -> Any:
        assert request.headers["authorization"] == "Basic azN5Olg="  # k3y:X
        if request.json.get("email") == "not-one":
            error = {"field": "email", "message": "It should be a valid email address."}
            return Answer(400, {"description": "Validation failed", "errors": [error]})
        self.posts.append((request.path, request.json))
        return Answer(201, {"id": 310, "status": 2})

    @property
    def effects(self) -> list[str]:
        return [path for path, _ in self.posts]
