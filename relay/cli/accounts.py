"""Sources, hooks and keys."""

import sys
import time
from typing import Any

import click

from relay.accounts import fields, hooks, keys, sources
from relay.accounts.setup_steps import steps
from relay.cli.context import here, json_option, read_settings, settings_option, show, table
from relay.cli.named import hook_named, key_named, source_named
from relay.model import OWN_PROVIDER, inbound_url, iso
from relay.outbound import platforms
from relay.providers import get as get_provider
from relay.storage import hooks as hook_rows
from relay.storage import inbound, workspaces
from relay.storage import sources as source_rows
from relay.storage.workspaces import SCOPES

_source = click.argument("source")
_hook = click.argument("hook")
_overlap = click.option(
    "--overlap-hours",
    default=24.0,
    show_default=True,
    type=click.FloatRange(0, fields.OVERLAP["maximum"] / 3600),
    help="How long the old secret still counts.",
)


@click.group("source")
def source_group() -> None:
    """Who may post to the relay."""


@source_group.command("add")
@click.argument("provider")
@click.option("--name", help="What you call it, such as 'Stripe EU'.")
@click.option("--secret", help="The sender's signing secret, where the sender makes it.")
@click.option("--monitor", is_flag=True, help="Accept unverified webhooks and mark them as such.")
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
    with here() as workspace:
        _, shown = sources.create(
            workspace, provider, name=name, secret=secret, settings=read_settings(settings), monitor=monitor
        )
    if as_json:
        show(shown, as_json)
        return
    show(_plain(shown), as_json)
    if shown["secret"] is None and get_provider(shown["provider"]).secret != "none":
        click.echo(f"It accepts no webhooks yet. Set its secret: relay source secret {shown['id']} SECRET")
    click.echo(f"Set up the sender: relay source setup {shown['id']}")


def _plain(shown: dict[str, Any]) -> dict[str, Any]:
    """A new source in words: what is as usual is left out."""
    usual = ("monitor", "secrets")
    marked = {"monitor": "accepts unverified webhooks: for testing only"} if shown["monitor"] else {}
    return {**{name: value for name, value in shown.items() if name not in usual}, **marked}


@source_group.command("setup")
@_source
@click.option("--reveal", is_flag=True, help="With the source's secret in its place.")
def show_steps(source: str, reveal: bool) -> None:
    """Print the exact steps at the sender, with the source's own address."""
    with here() as workspace:
        with workspace.database.read() as connection:
            found = source_named(workspace, connection, source)
        click.echo(steps(found, workspace.config.public_url, reveal=reveal))


@source_group.command("list")
@json_option
def list_sources(as_json: bool) -> None:
    """The sources, newest first, and when each last sent something."""
    with here() as workspace, workspace.database.read() as connection:
        kept = source_rows.search(connection, workspace.vault, workspace.id, limit=1000)
        found = [source for source in kept if source.provider != OWN_PROVIDER]
        last = inbound.last_received(connection, [source.id for source in found])
    rows = [
        {
            "id": source.id,
            "provider": source.provider,
            "name": source.name,
            "url": inbound_url(workspace.config.public_url, source.id),
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
@_source
@click.argument("secret", required=False)
@_overlap
@json_option
def add_secret(source: str, secret: str | None, overlap_hours: float, as_json: bool) -> None:
    """Give a source its sender's secret, or a new one beside the old; - reads it from standard input.

    Without SECRET a new one is made and printed, this once, where the relay may choose it.
    """
    given = sys.stdin.readline() if secret == "-" else secret
    with here() as workspace:
        with workspace.database.read() as connection:
            found = source_named(workspace, connection, source)
        changed, kept = sources.add_secret(workspace, found.id, given, old_until=time.time() + overlap_hours * 3600)
    if secret is not None and not as_json:
        click.echo("The secret was saved. Webhooks signed with it are accepted from now on.")
        return
    old_until = max((each.not_after or 0.0 for each in changed.secrets[1:]), default=None)
    answer = {
        "id": changed.id,
        "secret": kept,
        "paste": sources.to_paste(changed, kept, workspace.config.public_url),
        "old_until": None if old_until is None else iso(int(old_until * 1000)),
    }
    show(answer, as_json)


@source_group.command("install")
@_source
@json_option
def make_installer(source: str, as_json: bool) -> None:
    """Print the line that installs the agent of a source on its panel. It works once, for an hour."""
    with here() as workspace:
        with workspace.database.read() as connection:
            found = source_named(workspace, connection, source)
        shown = sources.new_installer(workspace, found.id)
    show(shown, as_json)


@source_group.command("set")
@_source
@click.argument("pairs", nargs=-1, required=True, metavar="NAME=VALUE...")
def change_settings(source: str, pairs: tuple[str, ...]) -> None:
    """Change settings of a source. With another address go the credentials that were given for the old one."""
    with here() as workspace:
        with workspace.database.read() as connection:
            found = source_named(workspace, connection, source)
        _, lost = sources.change(workspace, found.id, {"settings": read_settings(pairs)})
    click.echo("The settings were saved.")
    if lost:
        again = " ".join(f"{name}=VALUE" for name in lost)
        click.echo(f"Credentials for the old address were removed. Set them: relay source set {found.id} {again}")


@source_group.command("remove")
@_source
def remove_source(source: str) -> None:
    """Remove a source: its address answers 404 from now on; its events stay."""
    with here() as workspace:
        with workspace.database.read() as connection:
            found = source_named(workspace, connection, source)
        sources.delete(workspace, found.id)
    click.echo(f"Source {found.name} was removed.")


@click.group("hook")
def hook_group() -> None:
    """Who is told of events."""


@hook_group.command("add")
@click.argument("url")
@click.option("--events", required=True, help="Event types, separated by commas; * is all.")
@click.option("--platform", type=click.Choice(list(platforms.known())))
@click.option("--ordered", is_flag=True, help="One customer's events in the order they came in.")
@click.option("--rate-limit", type=float, help="Requests per second at most.")
@click.option("--approval-links", is_flag=True, help="Send it the links to approve actions by.")
@json_option
def add_hook(
    url: str,
    events: str,
    platform: str | None,
    ordered: bool,
    rate_limit: float | None,
    approval_links: bool,
    as_json: bool,
) -> None:
    """Add a hook: prints its signing secret and token, this once."""
    body: dict[str, Any] = {
        "target_url": url,
        "event_types": [each.strip() for each in events.split(",") if each.strip()],
        "platform": platform,
        "ordered": ordered,
        "rate_limit": rate_limit,
        "approval_links": approval_links,
    }
    with here() as workspace:
        _, shown = hooks.create(
            workspace, {name: value for name, value in body.items() if value is not None}, admin=True
        )
    show(shown, as_json)


@hook_group.command("list")
@json_option
def list_hooks(as_json: bool) -> None:
    """The hooks, newest first."""
    with here() as workspace, workspace.database.read() as connection:
        found = hook_rows.search(connection, workspace.vault, workspace.id, limit=1000)
    rows = [
        {
            "id": hook.id,
            "target_url": hook.target_url,
            "event_types": list(hook.event_types),
            "platform": hook.platform,
            "status": hook.status,
            "failures": hook.failures,
            "approval_links": hook.approval_links_by is not None,
        }
        for hook in found
    ]
    table(
        rows,
        ("id", "target_url", "event_types", "status", "failures"),
        as_json,
        "No hooks yet. Add one: relay hook add URL --events invoice.paid",
    )


@hook_group.command("set")
@_hook
@click.option("--approval-links/--no-approval-links", required=True, help="Send it the links to approve actions by.")
@json_option
def set_hook(hook: str, approval_links: bool, as_json: bool) -> None:
    """Change a hook: relay hook set HOOK --approval-links"""
    with here() as workspace:
        with workspace.database.read() as connection:
            found = hook_named(workspace, connection, hook)
        changed, _ = hooks.change(workspace, found.id, {"approval_links": approval_links}, admin=True)
    show(hooks.shown(changed), as_json)


@hook_group.command("rotate")
@_hook
@_overlap
@json_option
def rotate_hook(hook: str, overlap_hours: float, as_json: bool) -> None:
    """Give a hook a new secret: prints it, this once. For a while the old one signs beside it."""
    with here() as workspace:
        with workspace.database.read() as connection:
            found = hook_named(workspace, connection, hook)
        changed, secret = hooks.rotate_secret(workspace, found.id, overlap_seconds=int(overlap_hours * 3600))
    old_until = changed.secrets[1].not_after or 0.0
    show({"id": changed.id, "secret": secret, "old_until": iso(int(old_until) * 1000)}, as_json)


@hook_group.command("remove")
@_hook
def remove_hook(hook: str) -> None:
    """Remove a hook; what is left for it is not sent."""
    with here() as workspace:
        with workspace.database.read() as connection:
            found = hook_named(workspace, connection, hook)
        hooks.delete(workspace, found.id)
    click.echo(f"Hook {found.id} was removed.")


@click.group("key")
def key_group() -> None:
    """Who may use the API."""


@key_group.command("add")
@click.option("--name", default="key", show_default=True)
@click.option("--scopes", default="events:read,hooks:write,actions:run", show_default=True, help=", ".join(SCOPES))
@json_option
def add_key(name: str, scopes: str, as_json: bool) -> None:
    """Add an API key: prints it, this once."""
    with here() as workspace:
        key, text = keys.create(workspace, name, [each.strip() for each in scopes.split(",")])
    show({"id": key.id, "key": text, "name": key.name, "scopes": list(key.scopes)}, as_json)


@key_group.command("list")
@json_option
def list_keys(as_json: bool) -> None:
    """The live keys, newest first. Their texts are not kept."""
    with here() as workspace, workspace.database.read() as connection:
        found = workspaces.keys(connection, workspace.id)
    rows = [{"id": key.id, "name": key.name, "scopes": list(key.scopes)} for key in found]
    table(rows, ("id", "name", "scopes"), as_json, "No keys yet. Add one: relay key add")


@key_group.command("revoke")
@click.argument("key")
def revoke_key(key: str) -> None:
    """Revoke a key at once."""
    with here() as workspace:
        with workspace.database.read() as connection:
            found = key_named(workspace, connection, key)
        keys.revoke(workspace, found.id)
    click.echo(f"Key {found.name} was revoked.")


COMMANDS = (source_group, hook_group, key_group)
