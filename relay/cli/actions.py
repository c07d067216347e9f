"""Actions: what can be done, by whom, what was done, and who has to say yes."""

from typing import Any

import click

from relay.actions import adapters, policy
from relay.actions.planned import in_words
from relay.actions.requests import Desk
from relay.actions.shown import shown
from relay.actions.source_choice import label_of
from relay.catalogue.action_types import actions
from relay.catalogue.action_types import get as get_action
from relay.cli.context import ACTOR, here, json_option, none_of, read_settings, settings_option, show, table
from relay.context import Workspace
from relay.errors import NotFound
from relay.formats import jsontext
from relay.formats.nearest import did_you_mean
from relay.providers import get as get_provider
from relay.security.approval_links import Link
from relay.storage import runs
from relay.storage.runs import Run
from relay.web.framework import requests

_COLUMNS = ("id", "status", "asked_for", "created_at", "message")
_FOR_PEOPLE = ("id", "status", "created_at", "message", "approve_url")


@click.group("action")
def action_group() -> None:
    """What the relay does for you at gateways, panels and desks."""


@action_group.command("list")
@json_option
def list_actions(as_json: bool) -> None:
    """The actions, what is at risk, when somebody has to approve, and which providers do them."""
    with here() as workspace, workspace.database.read() as connection:
        decided = runs.policies(connection, workspace.id)
    rows = [
        {
            "name": action.name,
            "risk": action.risk,
            "approval": policy.words(decided.get(action.name) or policy.usual(action)),
            "done by": "the relay" if action.own else [get_provider(name).label for name in adapters.able(action.name)],
        }
        for action in actions().values()
    ]
    table(rows, ("name", "risk", "approval", "done by"), as_json, "There are no actions.")


@action_group.command("runs")
@click.option("--status", type=click.Choice(runs.STATES), help="Only in this state.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
@json_option
def list_runs(status: str | None, limit: int, as_json: bool) -> None:
    """What was asked for and what came of it, newest first."""
    with here() as workspace:
        with workspace.database.read() as connection:
            found = runs.search(
                connection, workspace.vault, workspace.id, state=status, action=None, before=None, limit=limit
            )
            total = 0 if found else runs.count(connection, workspace.id)
        rows = [_shown(workspace, run, as_json) for run in found]
    table(rows, _COLUMNS, as_json, none_of(total, "No runs yet."))


@action_group.command("run")
@click.argument("name")
@settings_option
@click.option("--dry-run", is_flag=True, help="Show what would be sent, send nothing.")
@click.option("--key", help="A repeat with the same key has no second effect.")
@json_option
def run_action(name: str, settings: tuple[str, ...], dry_run: bool, key: str | None, as_json: bool) -> None:
    """Ask for an action: relay action run service.suspend --set service_id=acmeshop"""
    given: dict[str, Any] = {field: _value(name, field, text) for field, text in read_settings(settings).items()}
    given = requests.json_object(jsontext.dumps(given), get_action(name).input)
    with here() as workspace:
        if dry_run:
            show(Desk(workspace).dry_run(name, given), as_json)
            return
        run = Desk(workspace).request(name, given, key=key)
        show(_shown(workspace, run, as_json), as_json)


@action_group.command("approve")
@click.argument("run_id")
def approve(run_id: str) -> None:
    """Say yes to a run that waits for it."""
    with here() as workspace:
        run = Desk(workspace).decide(run_id, approve=True)
        asked_for = _asked_for(workspace, run)
    click.echo(f"Approved: {asked_for} It runs now. `relay action runs` shows the result.")


@action_group.command("reject")
@click.argument("run_id")
def reject(run_id: str) -> None:
    """Say no to a run that waits for approval."""
    with here() as workspace:
        Desk(workspace).decide(run_id, approve=False)
    click.echo("Rejected. Nothing was done.")


@action_group.command("policy")
@click.argument("name")
@click.argument("mode", type=click.Choice(policy.MODES))
@click.argument("amount", required=False)
@click.argument("currency", required=False)
@click.option("--per-day", metavar="AMOUNT", help="Also when all runs come to more than this within 24 hours.")
def set_policy(name: str, mode: str, amount: str | None, currency: str | None, per_day: str | None) -> None:
    """When somebody has to approve an action: relay action policy payment.refund above 50 EUR --per-day 500"""
    rule = policy.checked(name, mode, amount, currency, per_day)
    with here() as workspace:
        Desk(workspace).set_policy(rule)
    click.echo(f"From now on {name} needs approval: {policy.words(rule)}.")


def _shown(workspace: Workspace, run: Run, as_json: bool) -> dict[str, Any]:
    """The run as the API shows it, or what a person needs of it."""
    links = Desk(workspace).links
    found = shown(workspace, run, lambda: links.url(Link(run.id, f"shown on the {ACTOR}", ACTOR)))
    if as_json:
        return found
    return {**{name: found[name] for name in _FOR_PEOPLE}, "asked_for": _asked_for(workspace, run)}


def _asked_for(workspace: Workspace, run: Run) -> str:
    with workspace.database.read() as connection:
        return in_words(run, lambda source_id: label_of(source_id, connection, workspace.vault))


def _value(name: str, field: str, text: str) -> Any:
    """A field's text as its type. Raises `NotFound` for an action or a field that there is not."""
    known = get_action(name)
    wanted = known.input["properties"].get(field)
    if wanted is None:
        fields = ", ".join(known.input["properties"])
        hint = did_you_mean(field, known.input["properties"])
        raise NotFound(f"{name} has no field {field[:80]!r}.{hint} It has: {fields}.")
    return text if wanted["type"] == "string" else jsontext.loads(text.encode())


COMMANDS = (action_group,)
