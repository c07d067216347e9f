"""What became of a webhook that a command posted: its events, or why no new one came of it."""

import time

from relay.context import Workspace
from relay.inbound.identity import read
from relay.inbound.normalize import Origin, normalize
from relay.inbound.stored import open_stored
from relay.model import Source
from relay.providers import of_source
from relay.storage import events, inbound
from relay.storage.inbound import Claimed

_PATIENCE_SECONDS = 5.0
_LOOK_SECONDS = 0.05
_MOST = 10


def newest(workspace: Workspace, source: Source) -> int | None:
    """The place of the last webhook that a source has sent."""
    with workspace.database.read() as connection:
        return inbound.newest(connection, source.id)


def lines(workspace: Workspace, source: Source, before: int | None) -> list[str]:
    """What to say of the webhook that a source has sent after the one at the place `before`."""
    place = newest(workspace, source)
    if place is None or place == before:
        return ["No new event: the relay already has this webhook, or treated it as a check of the address."]
    if not _is_finished(workspace, place):
        return [
            f"Not read after {_PATIENCE_SECONDS:.0f} s: it waits for a worker, or for its provider's API."
            " Run `relay doctor` for details; `relay events` shows its events."
        ]
    with workspace.database.read() as connection:
        made = events.of_webhook(connection, place)
        kept = inbound.get(connection, place)
    if made:
        said = [f"{each.id}  {each.type}: {events.summary(each)}" for each in made[:_MOST]]
        return said + ([f"and {len(made) - _MOST} more"] if len(made) > _MOST else [])
    return [_why_none(workspace, source, kept)]


def _is_finished(workspace: Workspace, place: int) -> bool:
    end = time.monotonic() + _PATIENCE_SECONDS
    while True:
        with workspace.database.read() as connection:
            if inbound.is_finished(connection, place):
                return True
        if time.monotonic() > end:
            return False
        time.sleep(_LOOK_SECONDS)


def _why_none(workspace: Workspace, source: Source, kept: Claimed | None) -> str:
    ids = [] if kept is None else _would_be(workspace, source, kept)
    if not ids:
        return "No event: the relay ignores this kind of webhook on purpose."
    with workspace.database.read() as connection:
        known = [each for each in ids if events.get(connection, workspace.id, each) is not None]
    if known:
        return f"No new event: earlier webhooks already reported this, as {', '.join(known[:_MOST])}."
    return "No new event: the alert is already known and unchanged."


def _would_be(workspace: Workspace, source: Source, kept: Claimed) -> list[str]:
    """The ids of the events that a webhook tells of, told or not."""
    if kept.sealed is None:
        return []
    provider = of_source(source.provider)
    webhook = read(provider, open_stored(workspace.vault, kept, source))
    return [each.id for each in normalize(provider, webhook, Origin(source, kept.place, kept.verified_by))]
