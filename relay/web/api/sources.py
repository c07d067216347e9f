"""`/sources`: who may post to the relay."""

import time
from collections.abc import Iterable
from typing import Any

from relay.accounts import sources
from relay.accounts.setup_steps import steps
from relay.errors import InvalidRequest
from relay.model import OWN_PROVIDER, Source, iso
from relay.storage import Connection, inbound
from relay.storage import sources as rows
from relay.web.api import schemas
from relay.web.api.parameters import CURSOR, LIMIT, USUAL_LIMIT
from relay.web.framework import cursors, requests
from relay.web.framework.responses import Answer
from relay.web.framework.routes import Call, Route

_LISTING = "sources"
EXAMPLE: dict[str, Any] = {
    "id": "src_019aa9d3b2c07f4e81d25a6c3b9e04f4",
    "provider": "whmcs",
    "name": "WHMCS Berlin",
    "url": "https://relay.example.com/in/src_019aa9d3b2c07f4e81d25a6c3b9e04f4",
    "settings": {},
    "monitor": False,
    "secrets": [{"not_after": None}],
    "last_received_at": None,
}
_PASTE = "curl -fsS https://relay.example.com/install/Vx3kq2T8mJ0sY7bN1cR5wZ9dL4fH6gPa | sh"
_SECRET = {"secret": "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}


def _list(call: Call) -> Answer:
    limit = call.query.get("limit", USUAL_LIMIT)
    before = cursors.read_id(_LISTING, call.query.get("cursor"))
    with call.workspace.database.read() as connection:
        # One more tells whether there is a next page, another makes up for the relay's own source.
        found = rows.search(connection, call.workspace.vault, call.workspace.id, before=before, limit=limit + 2)
        found = [source for source in found if source.provider != OWN_PROVIDER]
        items = _shown(call, connection, found[:limit])
    more = len(found) > limit
    return Answer({"items": items, "next_cursor": cursors.write(_LISTING, items[-1]["id"]) if more else None})


def _create(call: Call) -> Answer:
    _, shown = sources.create(
        call.workspace,
        call.body["provider"],
        name=call.body.get("name"),
        secret=call.body.get("secret"),
        settings=call.body.get("settings"),
        monitor=call.body.get("monitor", False),
    )
    return Answer(shown | {"last_received_at": None}, status=201)


def _get(call: Call) -> Answer:
    with call.workspace.database.read() as connection:
        source = sources.get(call.workspace, connection, call.path["source_id"])
        return Answer(_shown(call, connection, [source])[0])


def _change(call: Call) -> Answer:
    source, lost = sources.change(call.workspace, call.path["source_id"], call.body)
    with call.workspace.database.read() as connection:
        shown = _shown(call, connection, [source])[0]
    return Answer(shown | {"dropped_settings": lost} if lost else shown)


def _delete(call: Call) -> Answer:
    sources.delete(call.workspace, call.path["source_id"])
    return Answer(status=204)


def _add_secret(call: Call) -> Answer:
    source, secret = sources.add_secret(
        call.workspace, call.path["source_id"], call.body.get("secret"), old_until=_old_until(call)
    )
    with call.workspace.database.read() as connection:
        shown = _shown(call, connection, [source])[0]
    paste = sources.to_paste(source, secret, call.workspace.config.public_url)
    return Answer(shown | {"secret": secret, "paste": paste}, status=201)


def _steps(call: Call) -> Answer:
    with call.workspace.database.read() as connection:
        source = sources.get(call.workspace, connection, call.path["source_id"])
    return Answer({"markdown": steps(source, call.workspace.config.public_url)})


def _make_installer(call: Call) -> Answer:
    made = sources.new_installer(call.workspace, call.path["source_id"])
    return Answer(made, status=201)


def _old_until(call: Call) -> float | None:
    overlap, end = call.body.get("overlap_seconds"), call.body.get("old_until")
    if overlap is not None and end is not None:
        raise InvalidRequest("old_until and overlap_seconds say the same: give one of them.")
    if end is not None:
        return requests.moment("old_until", end) / 1000
    return None if overlap is None else time.time() + float(overlap)


def _shown(call: Call, connection: Connection, found: Iterable[Source]) -> list[dict[str, Any]]:
    listed = list(found)
    last = inbound.last_received(connection, [source.id for source in listed])
    return [
        sources.shown(source, call.workspace.config.public_url) | {"last_received_at": iso(last.get(source.id))}
        for source in listed
    ]


ROUTES = (
    Route(
        "GET", "/sources", "list_sources", "List sources", "Sources", _list, "events:read",
        "Newest first, without secrets.",
        parameters=(LIMIT, CURSOR),
        answer="SourcePage",
        example={"items": [EXAMPLE], "next_cursor": None},
    ),
    Route(
        "POST", "/sources", "create_source", "Create a source", "Sources", _create, "admin",
        "Gives the address that the provider posts to. Where the provider lets us choose the signing secret,"
        " it is made here and shown this once; where the provider makes it, give it now or add it later."
        " Until there is one, nothing is accepted.",
        body=schemas.NEW_SOURCE,
        body_example={"provider": "whmcs", "name": "WHMCS Berlin"},
        status=201,
        answer="SourceWithSecret",
        example=EXAMPLE | _SECRET | {"paste": _PASTE},
    ),
    Route(
        "GET", "/sources/{source_id}", "get_source", "Get a source", "Sources", _get, "events:read",
        answer="Source",
        example=EXAMPLE,
    ),
    Route(
        "GET", "/sources/{source_id}/setup", "get_source_setup", "Get the steps at a source's sender", "Sources",
        _steps, "events:read",
        "What its owner does there, step by step, with the source's own address. The secret is not in it.",
        answer="SourceSetup",
        example={"markdown": "# WHMCS\n\n1. ..."},
    ),
    Route(
        "PATCH", "/sources/{source_id}", "change_source", "Change a source", "Sources", _change, "admin",
        "Only what is given changes; a setting that is null goes back to its default. With another address, such as"
        " `api_url`, go the credentials that were given for the old one, unless they come in the same call:"
        " `dropped_settings` names them.",
        body=schemas.SOURCE_CHANGES,
        body_example={"name": "WHMCS Hamburg"},
        answer="ChangedSource",
        example=EXAMPLE | {"name": "WHMCS Hamburg"},
    ),
    Route(
        "DELETE", "/sources/{source_id}", "delete_source", "Delete a source", "Sources", _delete, "admin",
        "Its address answers 404 from now on; its events stay. Also 204 when it is gone already.",
        status=204,
    ),
    Route(
        "POST", "/sources/{source_id}/secrets", "add_source_secret", "Give a source a new secret", "Sources",
        _add_secret, "admin",
        "Webhooks signed with it are accepted from now on. The older ones count for another day, or until"
        " `old_until`, or for `overlap_seconds`. Without `secret` one is made, where we may choose it.",
        body=schemas.NEW_SOURCE_SECRET,
        body_example={"overlap_seconds": 3600},
        status=201,
        answer="SourceWithSecret",
        example=EXAMPLE | _SECRET | {"paste": None},
    ),
    Route(
        "POST", "/sources/{source_id}/installers", "make_installer", "Make a link to a sender's installer", "Sources",
        _make_installer, "admin",
        "For a panel that signs nothing: the line to paste on its server, which installs our sender there. It works"
        " once, within an hour.",
        status=201,
        answer="Installer",
        example={"paste": _PASTE, "expires_at": "2026-11-22T08:00:00Z"},
    ),
)  # fmt: skip
