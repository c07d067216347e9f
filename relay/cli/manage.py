"""Sources, hooks and keys."""

import time
from typing import Any

import click

from relay import accounts
from relay.cli.shared import ACTOR, here, json_option, read_settings, settings_option, show, table
from relay.errors import NotFound
from relay.model import inbound_url, iso, now_ms
from relay.steps import steps
from relay.storage import hooks, inbound, sources, workspaces
from relay.storage.workspaces import SCOPES


@click.group("source")
def source_group() -> None:
    """Who may post to the relay."""


@source_group.command("add")
@click.argument("provider")
@click.option("--name", help="What you call it, such as 'Stripe EU'.")
@click.option("--secret", help="The sender's signing secret, where the sender makes it.")
@click.option("--monitor", is_flag=True, help="Accept what cannot be verified, marked so.")
@settings_option
@json_option
def add_source(
    provider: str,
    name: str | None,
    secret: str | None,
    monitor: bool,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Add a source: prints its address, its secret if we make it, and what to paste at the sender."""
    with here() as relay:
        _, shown = accounts.create_source(
            relay.database,
            relay.vault,
            relay.workspace.id,
            provider,
            name=name,
            secret=secret,
            settings=read_settings(settings),
            monitor=monitor,
            actor=ACTOR,
            public_url=relay.config.public_url,
        )
    show(shown, as_json)
    if not as_json:
        click.echo(f"What to do at the sender: relay source setup {shown['id']}")


@source_group.command("setup")
@click.argument("source_id")
@click.option("--reveal", is_flag=True, help="With the source's secret in its place.")
def show_steps(source_id: str, reveal: bool) -> None:
    """Print the exact steps at the sender, with the source's own address."""
    with here() as relay:
        with relay.database.read() as connection:
            source = accounts.get_source(connection, relay.vault, relay.workspace.id, source_id)
        click.echo(steps(source, relay.config.public_url, reveal=reveal))


@source_group.command("list")
@json_option
def list_sources(as_json: bool) -> None:
    """The sources, newest first, and when each last sent something."""
    with here() as relay, relay.database.read() as connection:
        found = sources.search(connection, relay.vault, relay.workspace.id, limit=1000)
        last = inbound.last_received(connection, [source.id for source in found])
    rows = [
        {
            "id": source.id,
            "provider": source.provider,
            "name": source.name,
            "url": inbound_url(relay.config.public_url, source.id),
            "monitor": source.monitor,
            "last_received_at": iso(last.get(source.id)),
        }
        for source in found
    ]
    table(
        rows,
        ("id", "provider", "name", "url", "last_received_at"),
        as_json,
        "No sources yet. Add one: relay source add PROVIDER",
    )


@source_group.command("secret")
@click.argument("source_id")
@click.argument("secret")
@click.option("--overlap-hours", default=24.0, show_default=True, help="How long the old secret still counts.")
def add_secret(source_id: str, secret: str, overlap_hours: float) -> None:
    """Give a source its sender's secret, or a new one beside the old."""
    with here() as relay:
        accounts.add_source_secret(
            relay.database,
            relay.vault,
            relay.workspace.id,
            source_id,
            secret,
            old_until=time.time() + overlap_hours * 3600,
            actor=ACTOR,
        )
    click.echo("The secret is kept; webhooks signed with it are accepted from now on.")


@source_group.command("install")
@click.argument("source_id")
@json_option
def make_installer(source_id: str, as_json: bool) -> None:
    """Print the line that installs the sender of a source on its panel. It works once, for an hour."""
    with here() as relay:
        shown = accounts.new_installer(
            relay.database,
            relay.vault,
            relay.workspace.id,
            source_id,
            actor=ACTOR,
            public_url=relay.config.public_url,
        )
    show(shown, as_json)


@source_group.command("set")
@click.argument("source_id")
@click.argument("pairs", nargs=-1, required=True, metavar="NAME=VALUE...")
def change_settings(source_id: str, pairs: tuple[str, ...]) -> None:
    """Change settings of a source."""
    with here() as relay:
        accounts.change_source(
            relay.database,
            relay.vault,
            relay.workspace.id,
            source_id,
            {"settings": read_settings(pairs)},
            actor=ACTOR,
        )
    click.echo("The settings are kept.")


@source_group.command("remove")
@click.argument("source_id")
def remove_source(source_id: str) -> None:
    """Remove a source: its address answers 404 from now on; its events stay."""
    with here() as relay:
        accounts.delete_source(relay.database, relay.workspace.id, source_id, actor=ACTOR)
    click.echo("The source is removed.")


@click.group("hook")
def hook_group() -> None:
    """Who is told of events."""


@hook_group.command("add")
@click.argument("url")
@click.option("--events", required=True, help="Event types, separated by commas; * is all.")
@click.option("--platform", type=click.Choice(["zapier", "make"]))
@click.option("--ordered", is_flag=True, help="One customer's events in the order they came in.")
@click.option("--rate-limit", type=float, help="Requests per second at most.")
@json_option
def add_hook(
    url: str, events: str, platform: str | None, ordered: bool, rate_limit: float | None, as_json: bool
) -> None:
    """Add a hook: prints its signing secret and token, this once."""
    body: dict[str, Any] = {
        "target_url": url,
        "event_types": [each.strip() for each in events.split(",") if each.strip()],
        "platform": platform,
        "ordered": ordered,
        "rate_limit": rate_limit,
    }
    with here() as relay:
        _, shown = accounts.create_hook(
            relay.database,
            relay.vault,
            relay.workspace.id,
            {name: value for name, value in body.items() if value is not None},
            actor=ACTOR,
            allow_private=relay.config.allow_private,
        )
    show(shown, as_json)


@hook_group.command("list")
@json_option
def list_hooks(as_json: bool) -> None:
    """The hooks, newest first."""
    with here() as relay, relay.database.read() as connection:
        found = hooks.search(connection, relay.vault, relay.workspace.id, limit=1000)
    rows = [
        {
            "id": hook.id,
            "target_url": hook.target_url,
            "event_types": list(hook.event_types),
            "platform": hook.platform,
            "status": hook.status,
            "failures": hook.failures,
        }
        for hook in found
    ]
    table(
        rows,
        ("id", "target_url", "event_types", "status", "failures"),
        as_json,
        "No hooks yet. Add one: relay hook add URL --events invoice.paid",
    )


@hook_group.command("remove")
@click.argument("hook_id")
def remove_hook(hook_id: str) -> None:
    """Remove a hook; what is left for it is not sent."""
    with here() as relay:
        accounts.delete_hook(relay.database, relay.vault, relay.workspace.id, hook_id, actor=ACTOR)
    click.echo("The hook is removed.")


@click.group("key")
def key_group() -> None:
    """Who may use the API."""


@key_group.command("add")
@click.option("--name", default="key", show_default=True)
@click.option("--scopes", default="events:read,hooks:write,actions:run", show_default=True, help=", ".join(SCOPES))
@json_option
def add_key(name: str, scopes: str, as_json: bool) -> None:
    """Add an API key: prints it, this once."""
    with here() as relay:
        key, text = accounts.create_key(
            relay.database,
            relay.workspace.id,
            name,
            [each.strip() for each in scopes.split(",")],
            actor=ACTOR,
        )
    show({"id": key.id, "key": text, "name": key.name, "scopes": list(key.scopes)}, as_json)


@key_group.command("list")
@json_option
def list_keys(as_json: bool) -> None:
    """The live keys, newest first. Their texts are not kept."""
    with here() as relay, relay.database.read() as connection:
        found = workspaces.keys(connection, relay.workspace.id)
    rows = [{"id": key.id, "name": key.name, "scopes": list(key.scopes)} for key in found]
    table(rows, ("id", "name", "scopes"), as_json, "No keys yet. Add one: relay key add")


@key_group.command("revoke")
@click.argument("key_id")
def revoke_key(key_id: str) -> None:
    """Revoke a key at once."""
    with here() as relay, relay.database.write() as connection:
        if not workspaces.revoke_key(connection, relay.workspace.id, key_id, now_ms()):
            raise NotFound(f"There is no live key {key_id[:64]!r}. `relay key list` shows them.")
    click.echo("The key is revoked.")


COMMANDS = (source_group, hook_group, key_group)
