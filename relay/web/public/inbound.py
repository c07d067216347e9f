"""`/in/<source_id>`: where providers post. Raw bytes first; everything else is the receiver's work."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request

from relay.areas.resources import Answer, Resource
from relay.errors import RelayError
from relay.inbound.receive import Accepted, Receiver
from relay.logs import Logger
from relay.model import Inbound, Source
from relay.providers import of_source
from relay.sdk.provider import Reply
from relay.web.framework import body, openapi, responses
from relay.web.framework.responses import respond

log = Logger("receive")


def blueprint(receiver: Receiver) -> Blueprint:
    """The inbound address over one receiver."""
    pages = Blueprint("inbound", __name__)

    @pages.route("/<source_id>", methods=["POST", "PUT", "GET", "HEAD"])
    def take(source_id: str) -> Response:
        try:
            source = receiver.source(source_id)
            webhook = _webhook()
            greeting = receiver.greet(source, webhook)
            if greeting is not None:
                return respond(_plain(greeting))
            accepted = receiver.accept(source, webhook)
        except RelayError as error:
            return respond(refused(source_id, error))
        return respond(taken(source, accepted))

    return pages


def _webhook() -> Inbound:
    posted = b""
    if request.method not in ("GET", "HEAD"):
        body.expect_plain("; signatures cover the plain bytes")
        posted = body.read()
    return Inbound(
        body=posted,
        headers=_headers(request.environ),
        method=request.method,
        query=request.args.to_dict() if request.query_string else {},
    )


def _headers(environ: Mapping[str, Any]) -> dict[str, str]:
    """Header names in lower case and values as they came."""
    headers = {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_")}
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers[name.replace("_", "-").lower()] = environ[name]
    return headers


def refused(source_id: str, error: RelayError) -> Answer:
    """The answer to a webhook that is not taken, and why in the log."""
    log.info("refused", source=source_id[:64], reason=error.code)
    return responses.refused(error)


def taken(source: Source, accepted: Accepted) -> Answer:
    """The answer to a webhook that is stored: the relay's own, or the one its provider needs."""
    wanted = of_source(source.provider).accepted
    if wanted is not None:
        return _plain(wanted)
    if accepted.repeat:
        return Answer({"id": accepted.id, "status": "repeat"})
    return Answer({"id": accepted.id, "status": "accepted"}, 202)


def _plain(reply: Reply) -> Answer:
    return Answer(raw=reply.text.encode(), status=reply.status, headers={"Content-Type": "text/plain; charset=utf-8"})


_ANSWER = {"type": "object", "required": ["id", "status"], "properties": {"id": {"type": "string"}}}

RESOURCE = Resource(
    "Inbound",
    "Where providers post to.",
    place=90,
    outside={
        "/in/{source_id}": {
            "post": {
                "operationId": "receive_webhook",
                "summary": "Receive a webhook",
                "description": "What a provider posts to: its own body, proved its own way. Some providers need other"
                " answers and get them.",
                "requestBody": {"required": False, "content": {"*/*": {}}},
                "responses": {
                    "202": openapi.answered("Kept.", schema=_ANSWER),
                    "200": openapi.answered("A repeat of one that is kept: the id is the first one's.", schema=_ANSWER),
                    "401": openapi.error("The sender could not be proved."),
                    "404": openapi.error("There is no such source."),
                    **openapi.refused(400, 413, 415, 503),
                },
            }
        }
    },
)
