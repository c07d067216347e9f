"""What came in and what went out."""

import click

from relay.cli.context import here, json_option, none_of, table
from relay.cli.named import check_types, event_named, hook_named, source_named
from relay.model import iso
from relay.storage import deliveries, events


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


COMMANDS = (
    events_command,
    deliveries_command,
)
