"""`/in/<source_id>`: where providers post. Raw bytes first; everything else is the receiver's work."""

from collections.abc import Mapping

import structlog
from flask import Blueprint, Response, request

from relay import jsontext
from relay.errors import RelayError, TooLarge, UnsupportedEncoding
from relay.model import Inbound
from relay.receive import Accepted, Receiver

LARGEST_BODY = 1024 * 1024
_TOO_LARGE = f"The body is larger than {LARGEST_BODY} bytes, the most this address takes."
_RETRY_AFTER_SECONDS = "5"

log = structlog.get_logger(stage="receive")


def blueprint(receiver: Receiver) -> Blueprint:
    """The inbound address over one receiver."""
    pages = Blueprint("inbound", __name__)

    @pages.route("/in/<source_id>", methods=["POST", "PUT", "GET", "HEAD"])
    def take(source_id: str) -> Response:
        try:
            source = receiver.source(source_id)
            accepted = receiver.accept(source, _webhook())
        except RelayError as error:
            log.info("refused", source=source_id[:64], reason=error.code)
            return _refusal(error)
        return _answer(accepted)

    return pages


def _webhook() -> Inbound:
    if request.method in ("GET", "HEAD"):
        body = b""
    else:
        body = _body()
    return Inbound(
        body=body,
        headers={name.lower(): value for name, value in request.headers.items()},
        method=request.method,
        query=request.args.to_dict() if request.query_string else {},
    )


def _body() -> bytes:
    """The raw body, read once. Raises `TooLarge` or `UnsupportedEncoding`."""
    if request.content_length is not None and request.content_length > LARGEST_BODY:
        raise TooLarge(_TOO_LARGE)
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnsupportedEncoding(
            "The body is compressed; signatures cover the plain bytes. Send it without Content-Encoding."
        )
    body: bytes = request.stream.read(LARGEST_BODY + 1)
    if len(body) > LARGEST_BODY:
        raise TooLarge(_TOO_LARGE)
    return body


def _answer(accepted: Accepted) -> Response:
    if accepted.repeat:
        return _json(200, {"id": accepted.id, "status": "repeat"})
    return _json(202, {"id": accepted.id, "status": "accepted"})


def _refusal(error: RelayError) -> Response:
    response = _json(error.status, {"error": {"code": error.code, "message": error.message}})
    if error.status == 503:
        response.headers["Retry-After"] = _RETRY_AFTER_SECONDS
    return response


def _json(status: int, content: Mapping[str, object]) -> Response:
    return Response(jsontext.dumps(content) + b"\n", status=status, mimetype="application/json")
