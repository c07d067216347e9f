"""One message over one channel: taken, certainly refused, or nobody knows."""

import re
from dataclasses import dataclass, field
from typing import Any

from relay.errors import InvalidRequest
from relay.notify import channel_urls, mail, requests_shim
from relay.notify.channel_urls import CHAT, SMS, SMTP, Way
from relay.notify.message import Message
from relay.notify.requests_shim import Exchange, Line
from relay.sdk.lease import Lease
from relay.sdk.outcomes import Failed, NotReached, Uncertain
from relay.storage.channels import Channel

_AFTER_TOO_MANY = 60.0
_CREDENTIALS = (401, 403)
_TRY_LATER = (429, 503)
# A chat would call everybody for these; what an event says must not. A space of no width is put behind the first sign.
_CALLS = re.compile(r"@(?=everyone|here|channel|all\b)|<(?=[!@#])", re.IGNORECASE)
_TONES = {"critical": "failure", "warning": "warning"}


@dataclass(frozen=True, slots=True)
class Post:
    """Where and how something is sent, and the lease of the run that it is sent for."""

    run_id: str
    allow_private: frozenset[str] = frozenset()
    lease: Lease = field(default_factory=Lease)


def way_of(channel: Channel, to: str | None) -> Way:
    """How this channel reaches `to`. Raises `Failed` if it cannot. A chat goes where the channel says."""
    try:
        if channel_urls.SCHEMES[channel.url.partition("://")[0].lower()][0] == CHAT:
            return channel_urls.read(channel.url)
        if to is None and channel_urls.needs_recipient(channel.url):
            raise InvalidRequest("to is required: this channel sends to a single recipient.")
        return channel_urls.read(channel.url, to)
    except (InvalidRequest, KeyError) as error:
        text = error.message if isinstance(error, InvalidRequest) else "Its service is no longer supported."
        raise Failed(text, code="invalid_request") from None


def send(channel: Channel, way: Way, message: Message, post: Post) -> None:
    """Returns once the service has taken it. Raises `Failed`, `NotReached` or `Uncertain`, and tells no secrets."""
    if way.scheme in SMTP:
        words = mail.Mail(message.subject, message.text, post.run_id)
        mail.post(way.plugin, words, allow_private=post.allow_private, lease=post.lease)
        return
    line = Line(post.allow_private, post.lease)
    with requests_shim.through(line):
        taken = _told(way, message)
    if line.broken is not None:
        raise line.broken
    if taken:
        return
    error = _trouble(line.exchanges, way.label, channel_urls.secrets_of(channel.url))
    if not isinstance(error, Uncertain):
        line.undo()
    raise error


def _told(way: Way, message: Message) -> bool:
    """What apprise's plugin says: whether it was taken."""
    title, text = ("", message.short) if way.kind == SMS else (message.subject, message.text)
    if way.kind == CHAT:
        title, text = _calm(title), _calm(text)
    try:
        kind = _TONES.get(message.severity, "info")
        return bool(way.plugin.notify(body=text, title=title, notify_type=_notify_type(kind), body_format="text"))
    except Exception:  # noqa: BLE001  a plugin may break on any answer; what was exchanged decides
        return False


def _notify_type(kind: str) -> Any:
    from apprise import NotifyType  # loaded when the first channel is read

    return NotifyType(kind)


def _calm(text: str) -> str:
    return _CALLS.sub(lambda found: f"{found[0]}\u200b", text)


def _trouble(exchanges: list[Exchange], label: str, secrets: list[str]) -> Failed | Uncertain:
    """What the requests of a message that was not taken come to."""
    open_ends = [each for each in exchanges if each.left and _may_have_worked(each)]
    if open_ends:
        return Uncertain(f"{label} did not confirm whether it accepted the message.")
    if not exchanges:
        return Failed(f"{label} found no recipient for this message.", code="invalid_request")
    answered = [each for each in exchanges if each.status is not None]
    if not answered:
        first = exchanges[0]
        refused = first.code == "address_refused"
        return Failed(first.trouble, code=first.code) if refused else NotReached(first.trouble, code=first.code)
    last = answered[-1]
    said = f": {_without(last.said, secrets)}" if last.said else "."
    if last.status in _TRY_LATER and all(each.status in _TRY_LATER for each in answered):
        text = f"{label} accepts no messages at the moment (status {last.status}){said}"
        return NotReached(text, after=last.after or _AFTER_TOO_MANY, code="too_many_requests")
    if last.status in _CREDENTIALS:
        text = f"{label} refused the channel's credentials (status {last.status}){said} Set the channel again."
        return Failed(text, code="credentials_refused")
    return Failed(f"{label} refused the message (status {last.status}){said}")


def _may_have_worked(exchange: Exchange) -> bool:
    status = exchange.status
    if status is None:
        return True
    if 200 <= status < 300:
        return not exchange.whole  # what the plugin missed may stand in the part that did not come
    return status >= 500 and status not in _TRY_LATER


def _without(text: str, secrets: list[str]) -> str:
    for each in secrets:
        text = text.replace(each, "•••")
    return text
