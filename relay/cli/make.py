"""The Make app: judged, and brought to Make."""

from collections.abc import Callable
from dataclasses import asdict
from functools import partial, wraps
from pathlib import Path
from typing import Any

import click

from relay.cli.context import json_option, table
from relay.develop import generate
from relay.develop.generate.make import FOLDER
from relay.develop.make_app import remote
from relay.develop.make_app.deploy import Changes, deploy
from relay.develop.make_app.lint import lint
from relay.develop.make_app.origin import FILE
from relay.formats import jsontext

_WORDS = {"create": "created", "update": "updated", "show": "shown"}
_folder = click.argument(
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=generate.ROOT / FOLDER,
    metavar="[FOLDER]",
)


def _account(command: Callable[..., None]) -> Callable[..., None]:
    """Which account at Make, as `account`."""

    @click.option("--zone", required=True, help="Where your account is: the first part of Make's address, such as eu1.")
    @click.option(
        "--key-file",
        required=True,
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="File with an API key of Make that has the scopes sdk-apps:read and sdk-apps:write.",
    )
    @click.option("--api", hidden=True, help="Another address of the API, on this machine: for tests.")
    @wraps(command)
    def with_account(zone: str, key_file: Path, api: str | None, **others: Any) -> None:
        command(account=remote.Account(remote.base_url(zone, api), remote.read_key(key_file)), **others)

    return with_account


@click.group("make")
def make_group() -> None:
    """The Make app in connectors/make, or in a FOLDER of yours."""


@make_group.command("lint")
@_folder
@click.option(
    "--schemas",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with the schemas of Make's editor: check by them too.",
)
@json_option
def lint_command(folder: Path, schemas: Path | None, as_json: bool) -> None:
    """Check the app by every rule of Make's that needs no account there. Exits with 1 when it finds something."""
    found = [asdict(each) for each in lint(folder, schemas)]
    table(found, ("file", "place", "rule", "do"), as_json, "The app has no errors.")
    if found:
        raise click.exceptions.Exit(1)


@make_group.command("deploy")
@_folder
@_account
@click.option("--app", "app_id", metavar="ID", help="An existing app; without it, an app is created.")
@click.option("--visible", is_flag=True, help="Make every module visible to all users of the app.")
@click.option("--dry-run", is_flag=True, help="Show what would change, change nothing.")
@json_option
def deploy_command(
    folder: Path, account: remote.Account, app_id: str | None, visible: bool, dry_run: bool, as_json: bool
) -> None:
    """Bring the app to Make: make or change what differs there. Run it again after a failure: it goes on."""
    changes = deploy(
        folder,
        account,
        app_id=app_id,
        visible=visible,
        dry_run=dry_run,
        tell=partial(click.echo, err=as_json),
    )
    if as_json:
        click.echo(jsontext.dumps(_shown(changes, dry_run)).decode())
        return
    for each in changes.left_over:
        click.echo(f"Make still has the {each}, which the app has not any more: delete it there if nobody uses it.")
    counts = ", ".join(f"{changes.count(verb)} {word}" for verb, word in _WORDS.items())
    click.echo(f"{'Would be: ' if dry_run else ''}{counts}, {changes.unchanged} unchanged.")
    if changes.app:
        click.echo(f"The app is {changes.app}. Make's names of its parts are saved in {folder / FILE}.")


def _shown(changes: Changes, dry_run: bool) -> dict[str, object]:
    return {
        "app": changes.app or None,
        "dry_run": dry_run,
        **{word: [step.what for step in changes.done if step.verb == verb] for verb, word in _WORDS.items()},
        "unchanged": changes.unchanged,
        "left_over": changes.left_over,
    }


COMMANDS = (make_group,)
