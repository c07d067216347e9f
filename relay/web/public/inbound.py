"""`/in/<source_id>`: where providers post. Raw bytes first; everything else is the receiver's work."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request

from relay.areas.resources import Resource
from relay.errors import RelayError
from relay.formats import jsontext
from relay.inbound.receive import Accepted, Receiver
from relay.logs import Logger
from relay.model import Inbound
from relay.providers import get as get_provider
from relay.sdk.provider import Reply
from relay.web.framework import body
from relay.web.framework.openapi import answered, error, refused
from relay.web.framework.responses import refusal

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
                return _plain(greeting)
            accepted = receiver.accept(source, webhook)
        except RelayError as error:
            log.info("refused", source=source_id[:64], reason=error.code)
            return refusal(error)
        wanted = get_provider(source.provider).accepted
        return _answer(accepted) if wanted is None else _plain(wanted)

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


def _answer(accepted: Accepted) -> Response:
    if accepted.repeat:
        return _json(200, {"id": accepted.id, "status": "repeat"})
    return _json(202, {"id": accepted.id, "status": "accepted"})


def _plain(reply: Reply) -> Response:
    return Response(reply.text, status=reply.status, mimetype="text/plain")


def _json(status: int, content: Mapping[str, object]) -> Response:
    return Response(jsontext.dumps(content) + b"\n", status=status, mimetype="application/json")


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
                    "202": answered("Kept.", schema=_ANSWER),
                    "200": answered("A repeat of one that is kept: the id is the first one's.", schema=_ANSWER),
                    "401": error("The sender could not be proved."),
                    "404": error("There is no such source."),
                    **refused(400, 413, 415, 503),
                },
            }
        }
    },
)
