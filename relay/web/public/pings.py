"""`/ping/<token>` and `/api/push/<token>`: checks, asked as one asks Healthchecks or Uptime Kuma.

The token is `SOURCE_ID.SECRET`. https://healthchecks.io/docs/http_api/ names the first address and its endings
(`/start`, `/fail`, `/log`, an exit code); the second is that of Uptime Kuma's push monitors.
"""

import re

from flask import Blueprint, Response, request

from relay.accounts.sources import ping_parts
from relay.errors import InvalidRequest, NotFound, RelayError, TooLarge, VerificationError
from relay.formats import charsets, hops
from relay.inbound.receive import Receiver
from relay.logs import Logger
from relay.model import Inbound, Source, iso
from relay.providers import of_source
from relay.sdk.checks import FAIL, LOG, START, SUCCESS, Check
from relay.security.redaction import REMOVED, text_without_secrets
from relay.security.verification import TOKEN
from relay.web.framework import body
from relay.web.framework.responses import refusal

LONGEST_LOG = 10_000
_ENDINGS = {"": SUCCESS, START: START, FAIL: FAIL, LOG: LOG}
_METHODS = ["GET", "HEAD", "POST"]
_HIGHEST_CODE = 255
_LONGEST_CODE = 10
_LONGEST_RUN = 64
_BEGINS = re.compile(r"\s*(?:start(?:ed|ing)?|begin|begun)\W*", re.IGNORECASE)

log = Logger("receive")


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
        check = of_source(source.provider).check
        if check is None:
            raise NotFound("This source is not a check.")
        printed, run = _log(secret), request.args.get("rid", "")[:_LONGEST_RUN]
        begun = receiver.begun(source, run) if action in (SUCCESS, FAIL) else None
        did = None if begun is None else _did(check, source, action, printed)
        started_at = None if begun is None else iso(begun.started_at)
        known = {"code": code, "msg": text_without_secrets(message or ""), "ran": did, "started_at": started_at}
        query = {TOKEN: secret, "action": action, "check": source.id, "name": source.name}
        query |= {name: text for name, text in known.items() if text}
        came_from = {name: value for name, value in request.headers.items() if name.lower() == hops.HEADER}
        webhook = Inbound(body=printed, headers=came_from, method=request.method, query=query)
        receiver.accept(source, webhook)
        at = webhook.received_at
        if action == START:
            receiver.begin(source, run, at, at + check.grace(source.settings))
        elif begun is not None:
            # What borgmatic prints is whole: a run of it without a backup leaves the backup expected as it was.
            counts = did is None or not begun.has_succeeded or not _is_borgmatic()
            by = check.expected_by(source.settings, at) if counts else None
            receiver.end(source, run, by, succeeded_at=at if action == SUCCESS and did is None else None)
    except (NotFound, VerificationError) as error:
        log.info("refused", source=source_id[:64], reason=error.code)
        # One answer for both, so that ids cannot be probed.
        raise NotFound("No check has this address. Compare it with the address that the relay shows.") from None


def _did(check: Check, source: Source, action: str, printed: bytes) -> str | None:
    """What a run of a backup's check did, where it printed that it was something else; of a cut log nobody knows.

    borgmatic does one action after the other, and ends with the one that fails.
    """
    if len(printed) >= LONGEST_LOG:
        return None
    read = check.broke_off if action == FAIL and _is_borgmatic() else check.ran
    return read(source.settings, printed.decode(errors="replace"))


def _is_borgmatic() -> bool:
    return request.headers.get("User-Agent", "").lower().startswith("borgmatic")


def _log(secret: str) -> bytes:
    """The end of what the job printed: that is where errors stand. Without the secrets that jobs like to print, the
    token of this very address among them."""
    if request.method != "POST":
        return b""
    try:
        posted = body.read()
    except TooLarge as error:
        return f"(The log is not kept. {error.message})".encode()  # the job ran all the same
    # A shell of Windows prints UTF-16. Twice as much is looked at, so that no name is cut from its secret.
    text = charsets.text(posted, "utf-8", charsets.named(request.headers.get("Content-Type", "")))
    end = text[-2 * LONGEST_LOG :]
    return text_without_secrets(end.replace(secret, REMOVED) if secret else end)[-LONGEST_LOG:].encode()
