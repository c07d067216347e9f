"""`/ping/<token>` and `/api/push/<token>`: checks, asked as one asks Healthchecks or Uptime Kuma.

The token is `SOURCE_ID.SECRET`. https://healthchecks.io/docs/http_api/ names the first address and its endings
(`/start`, `/fail`, `/log`, an exit code); the second is that of Uptime Kuma's push monitors.
"""

import re

import structlog
from flask import Blueprint, Response, request

from relay import charsets
from relay.accounts import ping_parts
from relay.api import body
from relay.api.answers import refusal
from relay.errors import InvalidRequest, NotFound, RelayError, TooLarge, VerificationError
from relay.model import Inbound
from relay.providers.ping import FAIL, LOG, PROVIDER, START, SUCCESS
from relay.providers.ping.schedule import expected_by, grace_of
from relay.receive import Receiver
from relay.redaction import text_without_secrets
from relay.verification import TOKEN

LONGEST_LOG = 10_000
_ENDINGS = {"": SUCCESS, START: START, FAIL: FAIL, LOG: LOG}
_METHODS = ["GET", "HEAD", "POST"]
_HIGHEST_CODE = 255
_LONGEST_CODE = 10
_BEGINS = re.compile(r"\s*(?:start(?:ed|ing)?|begin|begun)\W*", re.IGNORECASE)

log = structlog.get_logger(stage="receive")


def ping_blueprint(receiver: Receiver) -> Blueprint:
    """The addresses that speak as Healthchecks does."""
    pages = Blueprint("ping", __name__)

    @pages.route("/<token>", methods=_METHODS, defaults={"ending": ""})
    @pages.route("/<token>/<ending>", methods=_METHODS)
    def ping(token: str, ending: str) -> Response:
        try:
            _take(receiver, token, *_action(ending), None)
        except RelayError as error:
            return refusal(error)
        return Response("OK", mimetype="text/plain")

    return pages


def push_blueprint(receiver: Receiver) -> Blueprint:
    """The address that speaks as Uptime Kuma does."""
    pages = Blueprint("push", __name__)

    @pages.route("/<token>", methods=_METHODS)
    def push(token: str) -> Response:
        try:
            _take(receiver, token, _pushed(), None, request.args.get("msg"))
        except RelayError as error:
            return refusal(error)
        return Response('{"ok": true}\n', mimetype="application/json")

    return pages


def _pushed() -> str:
    """What a push says: Uptime Kuma knows up and down; that a run begins, clients say in the message.

    https://github.com/borgmatic-collective/borgmatic (hooks/monitoring/uptime_kuma.py) has `status=up&msg=start`.
    """
    if request.args.get("status") == "down":
        return FAIL
    return START if _BEGINS.fullmatch(request.args.get("msg", "")) else SUCCESS


def _action(ending: str) -> tuple[str, str | None]:
    """What an address' ending says: an action, and the exit code that says it."""
    if ending in _ENDINGS:
        return _ENDINGS[ending], None
    if ending.isascii() and ending.isdigit() and len(ending) < _LONGEST_CODE and int(ending) <= _HIGHEST_CODE:
        return (SUCCESS if int(ending) == 0 else FAIL), ending
    raise InvalidRequest(
        f"The address of a ping ends with its token, /start, /fail, /log or an exit code up to {_HIGHEST_CODE}."
    )


def _take(receiver: Receiver, token: str, action: str, code: str | None, message: str | None) -> None:
    source_id, secret = ping_parts(token)
    try:
        source = receiver.source(source_id)
        if source.provider != PROVIDER.name:
            raise NotFound("This source is no check.")
        query = {TOKEN: secret, "action": action, "check": source.id, "name": source.name}
        query |= {name: text for name, text in (("code", code), ("msg", message)) if text}
        webhook = Inbound(body=_log(), method=request.method, query=query)
        receiver.accept(source, webhook)
        if action != LOG:
            by = webhook.received_at + grace_of(source.settings)
            if action != START:
                by = expected_by(source.settings, webhook.received_at)
            receiver.expect(source, by, succeeded_at=webhook.received_at if action == SUCCESS else None)
    except (NotFound, VerificationError) as error:
        log.info("refused", source=source_id[:64], reason=error.code)
        # One answer for both, so that ids cannot be probed.
        raise NotFound("There is no check with this address. Compare it with the one the relay shows.") from None


def _log() -> bytes:
    """The end of what the job printed: that is where errors stand. Without the secrets that jobs like to print."""
    if request.method != "POST":
        return b""
    try:
        posted = body.read()
    except TooLarge as error:
        return f"(The log is not kept. {error.message})".encode()  # the job ran all the same
    # A shell of Windows prints UTF-16. Twice as much is looked at, so that no name is cut from its secret.
    text = charsets.text(posted, "utf-8", charsets.named(request.headers.get("Content-Type", "")))
    return text_without_secrets(text[-2 * LONGEST_LOG :])[-LONGEST_LOG:].encode()
