"""`/me`: what a connection test asks."""

from urllib.parse import urlsplit

from relay import __version__
from relay.errors import Unauthorized
from relay.storage import workspaces
from relay.web.framework.responses import Answer
from relay.web.framework.routes import Call, Route


def _me(call: Call) -> Answer:
    with call.workspace.database.read() as connection:
        workspace = workspaces.get(connection, call.workspace.id)
    if workspace is None:
        raise Unauthorized("The workspace of this API key is gone.")
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

ROUTES = (
    Route(
        "GET", "/me", "get_me", "Who am I", "Connection", _me, None,
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
)  # fmt: skip
