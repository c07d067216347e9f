"""The action `notification.send`: the first of the named channels that takes the message now gets it, once."""

import hashlib
import re
from dataclasses import replace
from typing import Any

from relay.actions.callers import asked_by_program
from relay.actions.task import BuiltinTask
from relay.formats import jsontext
from relay.model import iso, now_ms
from relay.notify import message, quiet_hours, sending
from relay.notify.channel_urls import CHAT, MAIL, SMS, Way
from relay.notify.message import Message
from relay.notify.people import person
from relay.sdk.outcomes import Deferred, Done, Failed, NotReached, Uncertain
from relay.storage import channels, events, sent_messages
from relay.storage.channels import Channel
from relay.storage.sent_messages import SENT, UNKNOWN, Notice

MOST_CHANNELS = 5
_LINK = re.compile(r"https?://[^ ]*/approvals/[^ ]*")
_SENT, _SENT_BEFORE, _PUT_OFF = "sent", "sent_before", "put_off"


def send(task: BuiltinTask) -> Done:
    """Raises `Failed`, `NotReached`, `Uncertain`, or `Deferred` while every channel is quiet or has had enough.

    After an outcome that nobody knows no other channel is tried: the message may be there already.
    """
    if task.run.told:
        raise Uncertain("The relay stopped while the message was being sent. It may have been sent.")
    given = task.input
    found = _channels(task)
    envelope = _event(task)
    troubles: list[Failed] = []
    closed: list[int] = []
    for channel in found:
        said = _message(given, channel, envelope)
        try:
            way = sending.way_of(channel, given.get("to"))
            until = _closed_until(channel, urgent=bool(given.get("urgent")))
            if until is None:
                outcome = _over(task, channel, way, said, envelope)
                if isinstance(outcome, Done):
                    return outcome
                until = outcome
            closed.append(until)
        except Failed as error:
            troubles.append(_named(error, channel))
    if closed:
        until = min(closed)
        raise Deferred(until, f"The message is delayed until {iso(until)}.", {"delivery_status": _PUT_OFF})
    later = [each for each in troubles if isinstance(each, NotReached)]
    text = " ".join(each.message for each in troubles)
    if later:
        raise NotReached(text, after=max(each.after or 0 for each in later), code=later[0].code)
    raise Failed(text, code=troubles[-1].code)


def dry_run(task: BuiltinTask) -> list[dict[str, Any]]:
    """What would be sent, over the first of these channels that takes it. Raises `Failed`."""
    envelope, would = _event(task), []
    for channel in _channels(task):
        said = _message(task.input, channel, envelope)
        way = sending.way_of(channel, task.input.get("to"))
        would.append(
            {
                "channel": channel.name,
                "service": way.label,
                "to": None if way.kind == CHAT else task.input.get("to"),
                "not_before": iso(_closed_until(channel, urgent=bool(task.input.get("urgent")))),
                "subject": None if way.kind == SMS else said.subject,
                "text": said.short if way.kind == SMS else said.text,
            }
        )
    return would


def _over(task: BuiltinTask, channel: Channel, way: Way, said: Message, envelope: dict[str, Any] | None) -> Done | int:
    """Send over one channel; or, if its recipient or API keys have had enough, when it can be tried again (Unix ms)."""
    notice = _notice(task, channel, way, said)
    with task.database.write() as connection:
        claim = sent_messages.claim(
            connection,
            task.run.workspace_id,
            notice,
            now_ms(),
            per_hour=channel.per_hour,
            per_channel_hour=channel.per_channel_hour,
        )
    if claim.before:
        text = f"The same message was sent over {channel.name} within the last day. It was not sent again."
        return Done(text, _output(channel, _SENT_BEFORE, said))
    if claim.until is not None:
        return claim.until
    task.lease.extend()
    post = sending.Post(task.run.id, task.allow_private, task.lease)
    link = _link(task, channel, way, envelope)
    try:
        sending.send(channel, way, _with_link(said, link), post)
    except Failed as error:
        with task.database.write() as connection:
            sent_messages.release(connection, notice)
        # A service may repeat in its refusal what it was sent.
        error.message = _LINK.sub("(link)", error.message)
        raise
    except Uncertain as error:
        with task.database.write() as connection:
            sent_messages.settle(connection, notice, UNKNOWN)
        raise Uncertain(f"{channel.name}: {error.message}") from None
    with task.database.write() as connection:
        sent_messages.settle(connection, notice, SENT)
    return Done(f"The message was sent over {channel.name} ({way.label}).", _output(channel, _SENT, said))


def _channels(task: BuiltinTask) -> list[Channel]:
    """Those that are named, in order. Raises `Failed` that names one that is not there."""
    names = list(dict.fromkeys(each.strip() for each in str(task.input["channel"]).split(",") if each.strip()))
    if not 1 <= len(names) <= MOST_CHANNELS:
        raise Failed(f"channel must name one to {MOST_CHANNELS} channels, between commas.", code="invalid_request")
    with task.database.read() as connection:
        found = channels.named(connection, task.vault, task.run.workspace_id, names)
    for name in names:
        if name not in found:
            raise Failed(f"There is no channel {name[:64]!r}: the operator sets them up.", code="no_such_thing")
    opening = [found[name] for name in names if found[name].opens]
    if not opening:
        raise Failed(
            f"{', '.join(names)}: these channels cannot be decrypted. Ask the operator of the relay.",
            code="no_such_thing",
        )
    return opening


def _event(task: BuiltinTask) -> dict[str, Any] | None:
    event_id = task.input.get("event_id")
    if event_id is None:
        return None
    with task.database.read() as connection:
        stored = events.get(connection, task.run.workspace_id, event_id)
    if stored is None:
        raise Failed(f"There is no event {event_id[:64]!r} in this workspace.", code="no_such_thing")
    envelope: dict[str, Any] = jsontext.loads(stored.body)
    return envelope


def _message(given: Any, channel: Channel, envelope: dict[str, Any] | None) -> Message:
    if given.get("template"):
        return message.filled(
            given["template"],
            given.get("language") or channel.language,
            envelope,
            zone=channel.zone,
            signature=channel.signature,
            subject=given.get("subject"),
            note=given.get("message"),
        )
    text = given.get("message") or _in_words(envelope)
    if not text or not text.strip():
        raise Failed("template or message is required: the message is empty.", code="invalid_request")
    return message.own(given.get("subject"), text)


def _link(task: BuiltinTask, channel: Channel, way: Way, envelope: dict[str, Any] | None) -> str | None:
    """The link to approve by of a message about a run that waits, for a chat that the operator chose for it. To an
    address that the caller chose there goes none."""
    if task.links is None or envelope is None or way.kind != CHAT or not channel.approval_links:
        return None
    return task.links.over_channel(channel.name, envelope)


def _with_link(said: Message, link: str | None) -> Message:
    return said if link is None else replace(said, text=f"{said.text}\n\nApprove or reject: {link}")


def _in_words(envelope: dict[str, Any] | None) -> str | None:
    """What an event says of itself; of a run that waits, all that may be done."""
    if envelope is None:
        return None
    asked_for = (envelope["data"].get("action") or {}).get("asked_for")
    return f"{envelope['summary']} {asked_for}" if asked_for else envelope["summary"]


def _closed_until(channel: Channel, *, urgent: bool) -> int | None:
    return None if urgent else quiet_hours.quiet_until(channel.quiet, channel.zone, now_ms())


def _notice(task: BuiltinTask, channel: Channel, way: Way, said: Message) -> Notice:
    to = "" if way.kind == CHAT else str(task.input.get("to") or "").strip().lower()
    whom = person(way.kind, to) if to else ""
    over = (task.run.workspace_id, channel.name)
    what = (said.short,) if way.kind == SMS else (said.subject, said.text)
    # Addresses of one mailbox count as one, and yet each gets its own text.
    text = (*what, to) if way.kind == MAIL and whom != to else what
    return Notice(
        task.run.id,
        channel.name,
        _hash((*over, whom)),
        _hash(text),
        _hash(over) if asked_by_program(task.run.requested_by) else None,
    )


def _hash(parts: tuple[str, ...]) -> str:
    return hashlib.sha256(jsontext.dumps(parts)).hexdigest()


def _named(error: Failed, channel: Channel) -> Failed:
    text = f"{channel.name}: {error.message}"
    if isinstance(error, NotReached):
        return NotReached(text, after=error.after, code=error.code)
    return Failed(text, code=error.code)


def _output(channel: Channel, status: str, said: Message) -> dict[str, Any]:
    return {"channel": channel.name, "delivery_status": status, "subject": said.subject}
