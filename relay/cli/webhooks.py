"""Why a webhook was refused, and what it would become."""

from collections.abc import Mapping
from pathlib import Path

import click

from relay.cli.context import read_settings
from relay.develop.signature_vectors import judge
from relay.errors import ConfigError, NotFound, Unreadable
from relay.formats import jsontext
from relay.inbound.identity import read
from relay.inbound.normalize import UNVERIFIED, Origin, normalize
from relay.model import Inbound, Source
from relay.providers import get as get_provider


@click.command("verify")
@click.argument("provider")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--id", "vector_id", help="Only the vector with this id.")
def verify_command(provider: str, file: Path, vector_id: str | None) -> None:
    """Why was this refused? Judge the vectors in FILE: a JSON line for each."""
    known = get_provider(provider)
    held = jsontext.loads(file.read_bytes())
    verdicts = []
    for vector in held if isinstance(held, list) else [held]:
        if not isinstance(vector, Mapping):
            raise Unreadable(f"{file.name} must hold a vector or a list of vectors, each a JSON object.")
        names = (known.name, *known.aliases)
        if vector.get("provider", provider) in names and vector_id in (None, vector.get("id")):
            verdict, reason = judge(known, vector)
            verdicts.append({"id": vector.get("id"), "verdict": verdict, "reason": reason})
    if not verdicts:
        raise NotFound(
            f"{file.name} holds no vector of {known.name}" + (f" with the id {vector_id}." if vector_id else ".")
        )
    for each in verdicts:
        click.echo(jsontext.dumps(each).decode())


@click.command("normalize")
@click.argument("provider")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--event", "native", help="The native event's name, where only a header or an argument carries it.")
@click.option("--header", "headers", multiple=True, metavar="NAME:VALUE", help="A header of the webhook.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="A setting of the source.")
def normalize_command(
    provider: str, file: Path, native: str | None, headers: tuple[str, ...], settings: tuple[str, ...]
) -> None:
    """What would this become? Print the events that the body in FILE gives; store nothing."""
    known = get_provider(provider)
    webhook = Inbound(
        body=file.read_bytes(),
        headers=_read_headers(headers),
        native=native,
        settings={**known.usual_settings, **read_settings(settings)},
    )
    source = Source(f"src_{known.name}", "ws_local", known.name, known.label)
    origin = Origin(source, place=1, verified_by=UNVERIFIED)
    made = normalize(known, read(known, webhook), origin)
    click.echo(jsontext.pretty([dict(event.envelope) for event in made]), nl=False)
    for event in made:
        if event.defect is not None:
            click.echo(f"relay: {event.type} has a defect and would not be delivered: {event.defect}", err=True)


def _read_headers(pairs: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        name, colon, value = pair.partition(":")
        if not colon:
            raise ConfigError(f"--header takes NAME:VALUE; it is {pair[:60]!r}.")
        found[name.strip().lower()] = value.strip()
    return found


COMMANDS = (
    verify_command,
    normalize_command,
)
