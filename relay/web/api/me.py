"""`/me`: what a connection test asks."""

from urllib.parse import urlsplit

from relay import __version__
from relay.areas.resources import PREFIX, Answer, Call, Resource, Route
from relay.areas.schemas import many, record, text
from relay.errors import Unauthorized
from relay.storage import workspaces
from relay.storage.workspaces import SCOPES
from relay.web.framework.openapi import answered, refused


def _me(call: Call) -> Answer:
    with call.workspace.database.read() as connection:
        workspace = workspaces.get(connection, call.workspace.id)
    if workspace is None:
        raise Unauthorized("The workspace of this API key no longer exists.")
    account = {"id": workspace.id, "name": workspace.name}
    return Answer(
        {
            "workspace": account,
            "workspace_name": workspace.name,
            "account": account,
            "key": {"id": call.key.id, "name": call.key.name, "scopes": list(call.key.scopes)},
            "product": "relay",
            "version": __version__,
            "public_url": call.workspace.config.public_url,
            "host": urlsplit(call.workspace.config.public_url).netloc,
        }
    )


_ACCOUNT = {"id": "ws_019aa9d3b2c07f4e81d25a6c3b9e04f5", "name": "Example Hosting"}


RESOURCE = Resource(
    "Connection",
    "For testing a connection.",
    place=10,
    routes=(
        Route(
            "GET", "/me", "get_me", "Who am I", _me, None,
            "The workspace and the API key of this call: for testing a connection and labelling it.",
            answer="Me",
            example={
                "workspace": _ACCOUNT,
                "workspace_name": "Example Hosting",
                "account": _ACCOUNT,
                "key": {
                    "id": "key_019aa9d3b2c07f4e81d25a6c3b9e04f6",
                    "name": "Zapier",
                    "scopes": ["events:read", "hooks:write"],
                },
                "product": "relay",
                "version": __version__,
                "public_url": "https://relay.example.com",
                "host": "relay.example.com",
            },
        ),
    ),
    schemas={
        "Me": record(
            {
                "workspace": record({"id": text("`ws_...`"), "name": text("Its name.")}),
                "workspace_name": text("The workspace's name, for connection labels."),
                "account": record({"id": text("The workspace's id."), "name": text("The workspace's name.")}),
                "key": record(
                    {
                        "id": text("`key_...`"),
                        "name": text("What it is called."),
                        "scopes": many({"type": "string", "enum": list(SCOPES)}, "What it may do."),
                    }
                ),
                "product": {"const": "relay"},
                "version": text("The relay's version."),
                "public_url": text("Where the relay is reached.", format="uri"),
                "host": text("The same, host and port only."),
            }
        ),
    },
    example_of=lambda _: {},
    outside={
        f"{PREFIX}/openapi.json": {
            "get": {
                "operationId": "get_openapi",
                "summary": "This description",
                "responses": {"200": answered("OpenAPI 3.1."), **refused(429)},
            }
        }
    },
)  # fmt: skip
