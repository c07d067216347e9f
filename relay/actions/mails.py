"""Mails that a vendor sends for us. API keys have so many sent in an hour, as over a channel of our own."""

import hashlib
from collections.abc import Sequence

from relay.actions.callers import asked_by_program
from relay.formats import jsontext
from relay.model import Source, iso, now_ms
from relay.sdk.outcomes import Deferred
from relay.storage import Database, sent_messages
from relay.storage.runs import Run
from relay.storage.sent_messages import PER_CHANNEL_HOUR, Notice

_MAILS = ("customer.send_email",)


def take_place(database: Database, run: Run, source: Source) -> None:
    """Count a mail before it is sent. Raises `Deferred` when API keys have had enough of them sent by this source."""
    if run.action not in _MAILS or not asked_by_program(run.requested_by):
        return
    whom = str(run.content["input"].get("customer_id"))
    place = _hash((run.workspace_id, source.id))
    notice = Notice(run.id, source.id, _hash((run.workspace_id, source.id, whom)), _hash((run.id,)), place)
    with database.write() as connection:
        claim = sent_messages.claim(
            connection,
            run.workspace_id,
            notice,
            now_ms(),
            per_hour=PER_CHANNEL_HOUR,
            per_channel_hour=PER_CHANNEL_HOUR,
        )
    if claim.until is not None:
        raise Deferred(
            claim.until,
            f"The run is delayed until {iso(claim.until)}: source {source.name} has reached its limit of e-mails.",
            {},
        )


def _hash(parts: Sequence[str]) -> str:
    return hashlib.sha256(jsontext.dumps(list(parts))).hexdigest()
