"""Events sent again."""

import click

from relay.cli.context import here, json_option, show
from relay.cli.named import hook_named
from relay.errors import InvalidRequest
from relay.formats.times import instant
from relay.inbound.lookups import asking
from relay.outbound import replay


@click.command("replay")
@click.argument("event_id", required=False)
@click.option("--since", help="All events received since this time: ISO 8601, such as 2026-11-22T07:00:00Z.")
@click.option("--hook", help="Only to this hook.")
@click.option("--dry-run", is_flag=True, help="Show what would be sent, send nothing.")
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


COMMANDS = (replay_command,)
