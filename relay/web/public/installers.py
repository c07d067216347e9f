"""`/install/<token>`: the installer of a source's agent, ready configured. A link works once, and not for long."""

from flask import Blueprint, Response, request
from werkzeug.exceptions import MethodNotAllowed

from relay.agents import installer
from relay.context import Relay
from relay.errors import NotFound
from relay.logs import Logger
from relay.model import inbound_url, now_ms
from relay.providers import of_source
from relay.storage import installers, sources

log = Logger("install")


def blueprint(relay: Relay) -> Blueprint:
    """The one page."""
    pages = Blueprint("installers", __name__)

    @pages.get("/<token>")
    def install(token: str) -> Response:
        if request.method == "HEAD":
            # Whoever only looks, such as a program that shows what a link leads to, must not use it up.
            raise MethodNotAllowed(["GET"])
        with relay.database.write() as connection:
            source_id = installers.take(connection, token, now_ms())
        if source_id is None:
            raise NotFound(
                "This link was used, or it is older than an hour. Create a new link: relay source install SOURCE_ID"
            )
        with relay.database.read() as connection:
            source = sources.get(connection, relay.vault, source_id)
        if source is None or not source.secrets:
            raise NotFound("The source of this link was removed, or it has no secret. Create a source and a new link.")
        log.info("served", source=source.id)
        url = inbound_url(relay.config.public_url, source.id)
        script = installer(of_source(source.provider), url, source.secrets[0].value, source.id)
        return Response(script, mimetype="text/x-shellscript", headers={"Cache-Control": "no-store"})

    return pages
