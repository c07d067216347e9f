"""`/sources`: who may post to the relay."""

import time
from collections.abc import Iterable
from typing import Any

from relay.accounts import settings, sources
from relay.accounts.fields import LONGEST_NAME, OVERLAP
from relay.accounts.setup_steps import steps
from relay.areas import paging
from relay.areas.paging import CURSOR, LIMIT, page_of
from relay.areas.resources import Answer, Call, PathParameter, Resource, Route, Sandbox
from relay.areas.schemas import Schema, many, moment, nullable, record, request, shown_once, text, truth
from relay.errors import InvalidRequest
from relay.model import OWN_PROVIDER, Source, iso
from relay.storage import Connection, inbound
from relay.storage import sources as rows
from relay.web.framework import requests

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
_UNFIT = {422: "A setting, or the secret, is not one that the provider has."}
_SECRET = {"secret": "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}


def _list(call: Call) -> Answer:
    asked = paging.by_id(call, "sources")
    with call.workspace.database.read() as connection:
        # Another one makes up for the relay's own source.
        found = rows.search(
            connection, call.workspace.vault, call.workspace.id, before=asked.before, limit=asked.one_more + 1
        )
        found = [source for source in found if source.provider != OWN_PROVIDER]
        sources_here, cursor = asked.cut(found, lambda source: source.id)
        return paging.page(_shown(call, connection, sources_here), cursor)


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
        raise InvalidRequest("old_until and overlap_seconds exclude each other: give only one.")
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


_NAME = text(
    "What you call it.",
    minLength=1,
    maxLength=LONGEST_NAME,
    pattern=r"^[^\u0000-\u001f\u007f]*[^\u0000-\u0020\u007f][^\u0000-\u001f\u007f]*$",
    **{"x-hint": f"must be a text of 1 to {LONGEST_NAME} characters on one line."},
)
_SECRET_TEXT = text(
    "The sender's signing secret, where the sender makes it.",
    minLength=1,
    maxLength=settings.LONGEST_VALUE,
    **{"x-hint": f"must be a text of 1 to {settings.LONGEST_VALUE} characters on one line."},
)
_SETTINGS: Schema = {
    "type": ["object", "null"],
    "description": "The provider's own settings, by name.",
    "additionalProperties": {
        "type": ["string", "integer", "boolean", "null"],
        "maxLength": settings.LONGEST_VALUE,
        "x-hint": f"must be a text of at most {settings.LONGEST_VALUE} characters.",
    },
}
_NEW = request(
    {
        "provider": {
            "type": "string",
            "enum": [each.name for each in sources.creatable_providers()],
            "description": "Whose webhooks come in.",
        },
        "name": nullable(_NAME),
        "secret": nullable(_SECRET_TEXT),
        "settings": _SETTINGS,
        "monitor": truth("Accept what cannot be verified, marked `unverified`. Never act on it."),
    },
    ("provider",),
)
_CHANGES = request(
    {"name": _NAME, "monitor": truth("See `POST /sources`."), "settings": {**_SETTINGS, "type": "object"}}
)
_NEW_SECRET = request(
    {
        "secret": _SECRET_TEXT,
        "old_until": moment("When the older secrets end; instead of `overlap_seconds`."),
        "overlap_seconds": OVERLAP,
    }
)
_SOURCE: Schema = {
    "id": text("`src_...`"),
    "provider": text("Whose webhooks come in."),
    "name": text("What you call it."),
    "url": text("Where the sender posts to.", format="uri"),
    "settings": {
        "type": "object",
        "description": "The provider's settings without secret ones.",
        "additionalProperties": {"type": "string"},
    },
    "monitor": truth("Whether what cannot be verified is accepted too."),
    "secrets": many(
        record({"not_after": nullable(moment("When it ends; null is never."))}),
        "The secrets that count now, newest first, without their text.",
    ),
    "last_received_at": nullable(moment("When it last sent something.")),
}
_SOURCE_SECRET = nullable(
    shown_once("What webhooks are signed with; null where it is still to be added, or none is needed.")
)
_PASTE_TEXT = nullable(
    shown_once(
        "What to paste at the sender: a command that installs ours on a panel (it works once, within an hour),"
        " or an address that carries its token; null where the address and the secret are all it takes."
    )
)


def example_of(sandbox: Sandbox) -> dict[str, str]:
    return {"source_id": sandbox.call("POST", "/sources", {"provider": EXAMPLE["provider"]})["id"]}


RESOURCE = Resource(
    "Sources",
    "Who may post to the relay.",
    place=70,
    routes=(
        Route(
            "GET", "/sources", "list_sources", "List sources", _list, "events:read",
            "Newest first, without secrets.",
            parameters=(LIMIT, CURSOR),
            answer="SourcePage",
            example={"items": [EXAMPLE], "next_cursor": None},
        ),
        Route(
            "POST", "/sources", "create_source", "Create a source", _create, "admin",
            "Gives the address that the provider posts to. Where the provider lets us choose the signing secret,"
            " it is made here and shown this once; where the provider makes it, give it now or add it later."
            " Until there is one, nothing is accepted.",
            body=_NEW,
            body_example={"provider": "whmcs", "name": "WHMCS Berlin"},
            status=201,
            answer="SourceWithSecret",
            example=EXAMPLE | _SECRET | {"paste": _PASTE},
            errors=_UNFIT,
        ),
        Route(
            "GET", "/sources/{source_id}", "get_source", "Get a source", _get, "events:read",
            answer="Source",
            example=EXAMPLE,
        ),
        Route(
            "GET", "/sources/{source_id}/setup", "get_source_setup", "Get the steps at a source's sender",
            _steps, "events:read",
            "What its owner does there, step by step, with the source's own address. The secret is not in it.",
            answer="SourceSetup",
            example={"markdown": "# WHMCS\n\n1. ..."},
        ),
        Route(
            "PATCH", "/sources/{source_id}", "change_source", "Change a source", _change, "admin",
            "Only what is given changes; a setting that is null goes back to its default. With another address, such as"
            " `api_url`, go the credentials that were given for the old one, unless they come in the same call:"
            " `dropped_settings` names them.",
            body=_CHANGES,
            body_example={"name": "WHMCS Hamburg"},
            answer="ChangedSource",
            example=EXAMPLE | {"name": "WHMCS Hamburg"},
            errors=_UNFIT,
        ),
        Route(
            "DELETE", "/sources/{source_id}", "delete_source", "Delete a source", _delete, "admin",
            "Its address answers 404 from now on; its events stay. Also 204 when it is gone already.",
            status=204,
        ),
        Route(
            "POST", "/sources/{source_id}/secrets", "add_source_secret", "Give a source a new secret",
            _add_secret, "admin",
            "Webhooks signed with it are accepted from now on. The older ones count for another day, or until"
            " `old_until`, or for `overlap_seconds`. Without `secret` one is made, where we may choose it.",
            body=_NEW_SECRET,
            body_example={"overlap_seconds": 3600},
            status=201,
            answer="SourceWithSecret",
            example=EXAMPLE | _SECRET | {"paste": None},
            errors=_UNFIT,
        ),
        Route(
            "POST", "/sources/{source_id}/installers", "make_installer", "Make a link to an agent's installer",
            _make_installer, "admin",
            "For a panel that signs nothing: the line to paste on its server, which installs our agent there. It works"
            " once, within an hour.",
            status=201,
            answer="Installer",
            example={"paste": _PASTE, "expires_at": "2026-11-22T08:00:00Z"},
        ),
    ),
    schemas={
        "Source": record(_SOURCE),
        "ChangedSource": record(
            {**_SOURCE, "dropped_settings": many({"type": "string"}, "Credentials that went with the old address.")},
            optional=("dropped_settings",),
        ),
        "SourceWithSecret": record({**_SOURCE, "secret": _SOURCE_SECRET, "paste": _PASTE_TEXT}),
        "SourceSetup": record({"markdown": text("The steps, in Markdown.")}),
        "Installer": record(
            {
                "paste": shown_once("The line to paste on the panel's server; it works once."),
                "expires_at": moment("When it stops to work."),
            }
        ),
        "SourcePage": page_of("Source", "sources"),
    },
    example_of=example_of,
    path_parameters={
        "source_id": PathParameter("The source's id.", EXAMPLE["id"]),
    },
)  # fmt: skip
