"""What came in, what went out, and whether all is well."""

import re
from typing import Any

import click

from relay.areas.findings import BROKEN
from relay.cli.context import here, json_option, none_of, show, table
from relay.cli.named import check_types, event_named, hook_named, source_named
from relay.errors import Broken, InvalidRequest
from relay.formats.times import instant
from relay.inbound.lookups import asking
from relay.model import iso
from relay.outbound import replay
from relay.running import anchors, doctor
from relay.storage import audit, deliveries, events

_ANCHOR = re.compile(r"([1-9]\d{0,17}):([0-9a-fA-F]{12,64})")


@click.command("events")
@click.option("--type", "types", multiple=True, help="Only this event type; may be repeated.")
@click.option("--source", help="Only this source.")
@click.option("--customer", help="Only this customer, by id or e-mail.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
@json_option
def events_command(types: tuple[str, ...], source: str | None, customer: str | None, limit: int, as_json: bool) -> None:
    """The newest events."""
    check_types(types)
    with here() as workspace, workspace.database.read() as connection:
        source_id = source and source_named(workspace, connection, source, own_too=True).id
        query = events.EventQuery(types=types, source_id=source_id, customer=customer, limit=limit)
        found = events.search(connection, workspace.id, query)
        total = 0 if found else events.count(connection, workspace.id)
    if as_json:
        click.echo("[" + ",".join(event.body.decode() for event in found) + "]")
        return
    rows = [
        {
            "received_at": iso(event.received_at),
            "id": event.id,
            "type": event.type,
            "summary": (event.defect and f"DEFECT: {event.defect}") or events.summary(event),
        }
        for event in found
    ]
    table(
        rows,
        ("received_at", "id", "type", "summary"),
        False,
        none_of(total, "No events yet. See them flow: relay up --demo, or relay send SAMPLE --to SOURCE"),
    )


@click.command("deliveries")
@click.option("--event", help="Only of this event.")
@click.option("--hook", help="Only to this hook.")
@click.option("--state", type=click.Choice(deliveries.STATES))
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
@json_option
def deliveries_command(event: str | None, hook: str | None, state: str | None, limit: int, as_json: bool) -> None:
    """The newest deliveries and how they stand."""
    with here() as workspace, workspace.database.read() as connection:
        found = deliveries.search(
            connection,
            workspace.id,
            event_id=event and event_named(workspace, connection, event),
            hook_id=hook and hook_named(workspace, connection, hook).id,
            state=state,
            limit=limit,
        )
        total = 0 if found else deliveries.count(connection, workspace.id)
    rows = [
        {
            "id": each.id,
            "event": each.event_id,
            "hook": each.hook_id,
            "state": each.state,
            "attempts": each.attempts,
            "status_code": each.status_code,
            "error": each.error,
            "next_attempt_at": iso(each.due_at),
            "created_at": iso(each.created_at),
            "finished_at": iso(each.finished_at),
        }
        for each in found
    ]
    table(
        rows,
        ("created_at", "event", "hook", "state", "attempts", "status_code", "error"),
        as_json,
        none_of(total, "No deliveries yet. A hook gets events that come in after it was added."),
    )


@click.command("replay")
@click.argument("event_id", required=False)
@click.option("--since", help="All events received since then: ISO 8601, such as 2026-11-22T07:00:00Z.")
@click.option("--hook", help="Only to this hook.")
@click.option("--dry-run", is_flag=True, help="Say what would be sent, send nothing.")
@json_option
def replay_command(event_id: str | None, since: str | None, hook: str | None, dry_run: bool, as_json: bool) -> None:
    """Send an event again, or all since an instant."""
    if (event_id is None) == (since is None):
        raise InvalidRequest("Give either an EVENT_ID or --since with an instant.")
    with here() as workspace:
        if hook is not None:
            with workspace.database.read() as connection:
                hook = hook_named(workspace, connection, hook).id
        if event_id is not None:
            with asking(workspace.config.allow_private_sources) as api_reader:
                summary = replay.one(workspace, event_id, hook_id=hook, dry_run=dry_run, api_reader=api_reader)
        else:
            moment = instant(since)
            if moment is None:
                raise InvalidRequest("--since must be an instant with its zone, such as 2026-11-22T07:00:00Z.")
            selection = replay.Selection(int(moment.timestamp() * 1000), hook_id=hook)
            summary = replay.since(workspace, selection, dry_run=dry_run)
    show(summary, as_json)


@click.command("doctor")
@json_option
def doctor_command(as_json: bool) -> None:
    """What is configured, reachable, stale or silent, and what to do."""
    findings = doctor.examine()
    rows = [{"state": each.state, "what": each.what, "found": each.found, "do": each.remedy} for each in findings]
    table(rows, ("state", "what", "found", "do"), as_json, "")
    if any(each.state == BROKEN for each in findings):
        raise click.exceptions.Exit(1)


@click.group("audit")
def audit_group() -> None:
    """Who did what."""


@audit_group.command("verify")
@click.option("--expect", metavar="N:HASH", help="An anchor that was noted before: the log must go through it.")
@json_option
def verify_audit(expect: str | None, as_json: bool) -> None:
    """Check that no entry of the audit log was changed or removed, also at its end.

    Prints an anchor, N:HASH. Noted elsewhere, it shows later that the log was not put back: relay audit verify --expect
    12:9f86d081884c7d65
    """
    with here() as workspace:
        noted = [*_places(expect), *anchors.noted(workspace.config.data_dir).values()]
        with workspace.database.read() as connection:
            verdict = audit.verify(connection, noted)
            here_it_ends = audit.places(connection).get(workspace.id)
    if verdict.wrong is not None:
        raise Broken(
            f"{verdict.wrong}: the audit log was changed, or is an older copy. Compare it with your backups"
            f" ({anchors.path(workspace.config.data_dir)} and what you noted say how far it went)."
        )
    told: dict[str, Any] = {
        "entries": verdict.count,
        "chain": "whole",
        "anchor": f"{here_it_ends.count}:{here_it_ends.head}" if here_it_ends else None,
    }
    if verdict.unsealed:
        told["unsealed"] = f"the first {verdict.unsealed}, from before entries were sealed"
    show(told, as_json)


def _places(text: str | None) -> list[audit.Place]:
    if text is None:
        return []
    found = _ANCHOR.fullmatch(text.strip())
    if found is None:
        raise InvalidRequest(
            "--expect must be N:HASH, as `relay audit verify` printed it, such as 12:9f86d081884c7d65."
        )
    return [audit.Place(int(found[1]), found[2].lower())]


COMMANDS = (events_command, deliveries_command, replay_command, doctor_command, audit_group)
