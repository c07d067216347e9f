"""Answers: JSON written by the one serializer, and every error in the one form."""

import traceback
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from relay.areas.resources import Answer
from relay.errors import RelayError
from relay.logs import Logger
from relay.web.framework.headers import HEADERS

_TRY_AGAIN_SECONDS = "5"
_WORDS = {
    400: ("bad_request", "The request could not be read as HTTP."),
    404: ("not_found", "This address does not exist. /docs lists all addresses."),
    405: ("method_not_allowed", "This address does not support that method. /docs lists the methods."),
    413: ("too_large", "The request is too large for this address."),
    414: ("too_large", "The address is too long."),
    431: ("too_large", "The headers are too large."),
}
log = Logger("api")


def respond(answer: Answer) -> Response:
    """An answer as it goes out."""
    response = Response(answer.body(), status=answer.status, mimetype="application/json")
    if answer.status == 204:
        del response.headers["Content-Type"]
    response.headers.update(answer.headers)
    return response


def refused(error: RelayError) -> Answer:
    """The answer to an error that was raised on purpose."""
    headers = {}
    retry_after = getattr(error, "retry_after", None)
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    elif error.status == 503:
        headers["Retry-After"] = _TRY_AGAIN_SECONDS
    if error.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="relay"'
    return Answer(_content(error.code, error.message), error.status, headers=headers)


def refusal(error: RelayError) -> Response:
    """The answer to an error that was raised on purpose, for Flask."""
    return respond(refused(error))


def install(app: Flask) -> None:
    """Have every error of the application answered in the one form, and every answer carry its headers."""
    install_errors(app)
    app.after_request(_with_headers)


def install_errors(app: Flask) -> None:
    """Have every error of the application answered in the one form."""
    app.register_error_handler(RelayError, refusal)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unexpected)


def _content(code: str, message: str) -> Any:
    return {"error": {"code": code, "message": message}}


def _error(status: int, code: str, message: str) -> Response:
    return respond(Answer(_content(code, message), status))


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    code, message = _WORDS.get(status, (f"http_{status}", error.description or error.name))
    response = _error(status, code, message)
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    return response


def unexpected(error: Exception, endpoint: str | None) -> Answer:
    """The answer to a fault of ours. The log says where, not why: foreign messages may hold a body's words."""
    places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
    log.error("unexpected", error=type(error).__name__, at=places[-8:], endpoint=endpoint)
    return Answer(_content("internal_error", "An internal error occurred and was logged. Try again."), 500)


def _unexpected(error: Exception) -> Response:
    return respond(unexpected(error, request.endpoint))


def _with_headers(response: Response) -> Response:
    # On the way of every webhook: asking werkzeug for a header that is not there makes an error page each time.
    said = {name.lower() for name in response.headers.keys()}  # noqa: SIM118  it is no dict
    response.headers.extend([(name, value) for name, value in HEADERS.items() if name.lower() not in said])
    return response
