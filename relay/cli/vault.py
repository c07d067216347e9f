"""The keys that everything at rest is sealed with."""

import click

from relay.cli.context import ACTOR, here, json_option, show
from relay.errors import DoesNotOpen
from relay.model import now_ms
from relay.storage import audit, resealing

_MOST_NAMED = 5


@click.group("vault")
def vault_group() -> None:
    """The keys that secrets are sealed with."""


@vault_group.command("rotate")
@json_option
def rotate_vault(as_json: bool) -> None:
    """Seal everything anew with the first key of RELAY_SECRET_KEY; afterwards the others can go.

    Set NEW,OLD everywhere and restart first. It may be stopped and begun again at any time, while the relay runs:
    relay vault rotate
    """
    sealed: dict[str, int] = {}

    def progress(kind: str, count: int) -> None:
        sealed[kind] = sealed.get(kind, 0) + count
        if not as_json:
            click.echo(f"{kind}: {sealed[kind]} encrypted again", err=True)

    with here() as workspace:
        shut = resealing.reseal(workspace.database, workspace.vault, progress)
        with workspace.database.write() as connection:
            left = sum(each.count for each in resealing.left(connection, workspace.vault))
            entry = audit.Entry(workspace.id, now_ms(), ACTOR, "vault.rotated", "RELAY_SECRET_KEY", f"{left} left")
            audit.append(connection, entry)
    if shut:
        named = ", ".join(f"{each.kind} {each.name}" for each in shut[:_MOST_NAMED])
        more = f" and {len(shut) - _MOST_NAMED} more" if len(shut) > _MOST_NAMED else ""
        raise DoesNotOpen(
            f"{len(shut)} stored values cannot be decrypted with any of the keys: {named}{more}. Add the"
            " key that they were encrypted with after the others and run this again. All else is under the first key."
        )
    show(
        {"sealed_anew": sum(sealed.values()), "left": left, "next": _next(left, len(workspace.config.secret_keys))},
        as_json,
    )


def _next(left: int, keys: int) -> str:
    if left:
        return (
            "another process still encrypts with an older key: restart all with the same RELAY_SECRET_KEY, then again"
        )
    return "leave only the first key in RELAY_SECRET_KEY, and restart" if keys > 1 else "nothing: there is one key"


COMMANDS = (vault_group,)
