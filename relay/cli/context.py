"""What commands share: the database of this machine, its workspace, tables and JSON."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import click

from relay.config import Config
from relay.context import Relay, Workspace
from relay.errors import ConfigError
from relay.formats import jsontext
from relay.formats.visible import visible
from relay.model import now_ms
from relay.security.vault import Vault
from relay.storage import Database, workspaces
from relay.storage.migrate import upgrade

ACTOR = "command line"

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")


@contextmanager
def here(actor: str = ACTOR) -> Iterator[Workspace]:
    """The workspace of the relay that the environment points at, its database at the newest schema."""
    config = Config.load()
    vault = Vault(config.secret_keys)
    database = Database(config.database_url, vault)
    try:
        upgrade(database)
        with database.write() as connection:
            workspace = workspaces.first(connection) or workspaces.add(connection, "My hosting", now_ms())
        yield Relay(config, database, vault, partial(_wake, config.redis_url)).workspace(workspace.id, actor)
    finally:
        database.close()


def _wake(redis_url: str, lane: str) -> None:
    """Wake the lane's workers now: a command ends before a thread in the background would."""
    from relay.queue.wakeups import Wakeups  # most commands wake nobody, and the parts of a relay pass here too

    if not Wakeups(redis_url).wake_now(lane):
        click.echo(
            "relay: Redis does not answer. The request is stored and runs within seconds after Redis returns.", err=True
        )


def show(value: Mapping[str, Any], as_json: bool) -> None:
    """One thing: JSON, or a line for each field that has a value."""
    if as_json:
        click.echo(jsontext.dumps(value).decode())
        return
    width = max(len(name) for name in value)
    for name, item in value.items():
        if item not in (None, "", [], {}):
            click.echo(f"{click.style(name.ljust(width), bold=True)}  {_text(item)}")


def table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], as_json: bool, nothing: str) -> None:
    """Many things: a JSON list, or a table as wide as its words; `nothing` is said when there are none."""
    if as_json:
        click.echo(jsontext.dumps([dict(row) for row in rows]).decode())
        return
    if not rows:
        click.echo(nothing)
        return
    cells = [[_text(row.get(name)) for name in columns] for row in rows]
    widths = [max(len(line[index]) for line in [list(columns), *cells]) for index in range(len(columns))]
    click.echo(
        "  ".join(click.style(name.ljust(width), bold=True) for name, width in zip(columns, widths, strict=True))
    )
    for line in cells:
        click.echo("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())


def none_of(total: int, nothing: str) -> str:
    """What is said of an empty list that a filter was given for: `nothing` only where there is nothing without it."""
    return f"Nothing matches. Without the filter there are {total}." if total else nothing


def settings_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--set name=value`, as often as needed."""
    return click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="A setting of the provider.")(
        command
    )


def read_settings(pairs: Sequence[str]) -> dict[str, str]:
    """Raises `ConfigError` for a pair without `=`."""
    found = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise ConfigError(f"--set takes NAME=VALUE; it is {pair[:60]!r}.")
        found[name] = value
    return found


def _flat(value: Any) -> str:
    """What stands within a line of its own kind is JSON, so that it can be told apart."""
    return jsontext.dumps(value).decode() if isinstance(value, Mapping | list | tuple) else _text(value)


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={_flat(item)}" for name, item in value.items())
    return visible(str(value))
