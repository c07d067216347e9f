"""The table of routes becomes an application. One row is one operation: its routing, checks and docs."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Response, g, request
from flask_limiter.util import get_remote_address

from relay.context import Relay, Workspace
from relay.errors import Forbidden, NotFound, Unauthorized
from relay.storage.workspaces import ApiKey
from relay.web.framework import idempotency, requests
from relay.web.framework.audit_notes import Notes
from relay.web.framework.auth import Keys, require
from relay.web.framework.requests import Parameter, Schema
from relay.web.framework.responses import Answer

PREFIX = "/api/v1"
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_ID = re.compile(r"[A-Za-z0-9_]{1,64}")
_NO_FIELDS: Schema = {"type": "object", "properties": {}, "additionalProperties": False}


@dataclass(frozen=True, slots=True)
class Call:
    """One call: who makes it, in whose name and workspace, and what it says."""

    workspace: Workspace
    key: ApiKey
    notes: Notes
    path: Mapping[str, str]
    query: Mapping[str, Any]
    body: Mapping[str, Any]
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """One operation. `scope` is what its caller's key needs (None: any key).

    `answer` is the schema's name under components (None: no content), `example` an answer as it may be. One that
    `keeps_key` looks after `Idempotency-Key` itself; of the others the answer is kept. `also` are further successes.
    With `blank_is_absent` a field of the body that is null or an empty text counts as not given.
    """

    method: str
    path: str
    name: str
    summary: str
    tag: str
    work: Callable[[Call], Answer]
    scope: str | None
    description: str = ""
    parameters: Sequence[Parameter] = ()
    body: Schema | None = None
    body_example: Any = None
    status: int = 200
    answer: str | None = None
    example: Any = None
    errors: Mapping[int, str] = field(default_factory=dict)
    keeps_key: bool = False
    blank_is_absent: bool = False
    also: tuple[int, ...] = ()

    @property
    def path_parameters(self) -> list[str]:
        return _PLACEHOLDER.findall(self.path)


def blueprint(relay: Relay, notes: Notes, routes: Iterable[Route]) -> Blueprint:
    """The routes below `/api/v1`. They expect `authenticate` to have run."""
    pages = Blueprint("api", __name__, url_prefix=PREFIX)
    for route in routes:
        pages.add_url_rule(
            _PLACEHOLDER.sub(r"<\1>", route.path),
            endpoint=route.name,
            view_func=_view(relay, notes, route),
            methods=[route.method],
            provide_automatic_options=False,
        )
    return pages


def authenticate(keys: Keys, public: frozenset[str]) -> None:
    """Find the caller's key before anything else, so that the rate limit counts by it.

    Without a valid key the call goes on to the limit, by address, and is refused behind it.
    """
    g.key = g.no_key = None
    if not request.path.startswith(PREFIX) or request.path in public or request.url_rule is None:
        return
    try:
        g.key = keys.of_request()
    except Unauthorized as error:
        g.no_key = error


def _view(relay: Relay, notes: Notes, route: Route) -> Callable[..., Response]:
    def view(**path: str) -> Response:
        what = f"{route.method} {route.path}"
        if g.key is None:
            notes.refused(None, f"address {get_remote_address()}", what, "no valid key")
            raise g.no_key or Unauthorized("An API key is needed.")
        try:
            require(g.key, route.scope)
        except Forbidden:
            notes.refused(g.key.workspace_id, g.key.id, what, f"lacks {route.scope}")
            raise
        for name, value in path.items():
            if name.endswith("_id") and not _ID.fullmatch(value):
                raise NotFound(f"There is no {name.removesuffix('_id')} with this id in this workspace.")
        workspace = relay.workspace(g.key.workspace_id, g.key.id)
        if route.method not in ("POST", "PATCH"):
            return route.work(Call(workspace, g.key, notes, path, requests.query(route.parameters), {})).response()
        sent = requests.raw_body()
        body = requests.json_object(sent, route.body or _NO_FIELDS, blank_is_absent=route.blank_is_absent)
        key = requests.idempotency_key() if route.method == "POST" else None
        call = Call(workspace, g.key, notes, path, requests.query(route.parameters), body, key)
        if key is None or route.keeps_key:
            return route.work(call).response()
        whole = b"\0".join((route.method.encode(), request.path.encode(), sent))
        return idempotency.once(
            relay.database, relay.vault, workspace.id, call.key.id, key, whole, lambda: route.work(call)
        ).response()

    return view
