"""Emits an event for each check whose success did not come in time."""

from relay.areas.rules import Rule, each_turn
from relay.context import Relay
from relay.inbound.own_events import keep
from relay.logs import Logger
from relay.model import OWN_PROVIDER, Inbound, iso
from relay.queue.lanes import FRESH
from relay.sdk.checks import MISSED
from relay.security.vault import Vault
from relay.storage import Connection, checks, sources

_AT_ONCE = 100

log = Logger("clock")


def report_missed(relay: Relay, now: int) -> None:
    with relay.database.read() as connection:
        due = checks.due(connection, now, _AT_ONCE)
    if not due:
        return
    with relay.database.write() as connection:
        for check in due:
            _report(connection, relay.vault, check)
    relay.wake(FRESH)


def _report(connection: Connection, vault: Vault, check: checks.Check) -> None:
    source = sources.get(connection, vault, check.source_id, even_shut=True)
    if source is None:
        checks.forget(connection, check.source_id)
        return
    assert check.expected_at is not None
    # In one transaction: reported if it was missed, and missed only if it is reported.
    if checks.miss(connection, check.source_id, check.expected_at):
        query = {"action": MISSED, "check": source.id, "name": source.name}
        if check.succeeded_at is not None:
            query["last_success_at"] = iso(check.succeeded_at) or ""
        keep(connection, vault, source, Inbound(body=b"", query=query), f"missed:{check.expected_at}", OWN_PROVIDER)
        log.info("missed", source=source.id)


RULES = (Rule("missed", 0, each_turn(report_missed)),)
