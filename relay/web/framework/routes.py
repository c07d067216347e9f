"""The table of routes becomes an application. One row is one operation: its routing, checks and docs."""

import re
from collections.abc import Callable, Iterable
from functools import partial

from flask import Blueprint, Response, g, request
from flask_limiter.util import get_remote_address

from relay.areas.resources import PREFIX, Call, Route
from relay.areas.schemas import Schema
from relay.context import Relay
from relay.errors import Forbidden, NotFound, Unauthorized
from relay.web.framework import idempotency, requests
from relay.web.framework.audit_notes import Notes
from relay.web.framework.auth import Keys, require
from relay.web.framework.responses import respond

_ID = re.compile(r"[A-Za-z0-9_]{1,64}")
_NO_FIELDS: Schema = {"type": "object", "properties": {}, "additionalProperties": False}


def blueprint(relay: Relay, notes: Notes, routes: Iterable[Route]) -> Blueprint:
    """The routes below `/api/v1`. They expect `authenticate` to have run."""
    pages = Blueprint("api", __name__, url_prefix=PREFIX)
    for route in routes:
        pages.add_url_rule(
            route.path.replace("{", "<").replace("}", ">"),
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
            raise g.no_key or Unauthorized("An API key is required.")
        try:
            require(g.key, route.scope)
        except Forbidden:
            notes.refused(g.key.workspace_id, g.key.id, what, f"lacks {route.scope}")
            raise
        for name, value in path.items():
            if name.endswith("_id") and not _ID.fullmatch(value):
                raise NotFound(f"There is no {name.removesuffix('_id')} with this id in this workspace.")
        workspace = relay.workspace(g.key.workspace_id, g.key.id)
        note_seen = partial(notes.seen, workspace.id, g.key.id)
        if route.method not in ("POST", "PATCH"):
            call = Call(workspace, g.key, note_seen, path, requests.query(route.parameters), {})
            return respond(route.work(call))
        sent = requests.raw_body()
        body = requests.json_object(sent, route.body or _NO_FIELDS, blank_is_absent=route.blank_is_absent)
        key = requests.idempotency_key() if route.method == "POST" else None
        call = Call(workspace, g.key, note_seen, path, requests.query(route.parameters), body, key)
        if key is None or route.keeps_key:
            return respond(route.work(call))
        whole = b"\0".join((route.method.encode(), request.path.encode(), sent))
        return respond(
            idempotency.once(
                relay.database, relay.vault, workspace.id, call.key.id, key, whole, lambda: route.work(call)
            )
        )

    return view
