"""Why was this refused, what would this become, what does theirs look like; and the derived files."""

from collections.abc import Mapping
from pathlib import Path

import click

from relay.cli import outcome
from relay.cli.context import here, json_option, read_settings, table
from relay.cli.named import source_named
from relay.develop import generate, samples, scaffold
from relay.develop.post import post_sample
from relay.develop.signature_vectors import judge
from relay.errors import ConfigError, NotFound, Unreachable, Unreadable
from relay.formats import jsontext
from relay.formats.values import URL
from relay.inbound.identity import read
from relay.inbound.normalize import UNVERIFIED, Origin, normalize
from relay.model import Inbound, Source, inbound_url
from relay.providers import get as get_provider

_REFUSED = 300


@click.command("samples")
@click.argument("provider", required=False)
@json_option
def samples_command(provider: str | None, as_json: bool) -> None:
    """Our samples of what providers post."""
    rows = [
        {
            "sample": sample.id,
            "events": [event["type"] for event in samples.events_of(sample)],
            "origin": sample.origin,
        }
        for sample in samples.all_samples(provider)
    ]
    table(rows, ("sample", "events"), as_json, "This provider has no samples.")


@click.command("send")
@click.argument("sample")
@click.option("--to", "source", required=True, help="The source that gets it.")
@click.option("--url", help="Where the relay listens.  [default: its public address]")
def send_command(sample: str, source: str, url: str | None) -> None:
    """Sign a sample as its provider would, now, post it to a source, and say what became of it."""
    chosen = samples.find(sample)
    base = url and URL.fit("--url", url)
    with here() as workspace:
        with workspace.database.read() as connection:
            found = source_named(workspace, connection, source)
        address = inbound_url(base or workspace.config.public_url, found.id)
        before = outcome.newest(workspace, found)
        try:
            status, answer = post_sample(chosen, found, address, workspace.config.public_url)
        except Unreachable as error:
            where = "relay send ... --url http://127.0.0.1:8080 names where it listens"
            raise Unreachable(f"{error.message} Is the relay up? If it is, {where}.") from None
        click.echo(f"{status} {answer}")
        if status >= _REFUSED:
            raise click.exceptions.Exit(1)
        for line in outcome.lines(workspace, found, before):
            click.echo(line)


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
            raise ConfigError(f"--header takes NAME:VALUE; it was given {pair[:60]!r}.")
        found[name.strip().lower()] = value.strip()
    return found


@click.command("generate")
@click.option("--check", is_flag=True, help="Write nothing; say what is not up to date.")
def generate_command(check: bool) -> None:
    """Write the derived files: docs and goldens follow from schemas and providers."""
    drift = generate.run(click.get_current_context().find_root().command, write=not check)
    for each in drift:
        click.echo(f"{each.state:8} {each.path}")
    if check and drift:
        click.echo("relay: derived files are not up to date; mend them with: relay generate", err=True)
        raise click.exceptions.Exit(1)
    if not drift:
        click.echo("All derived files are up to date.")


@click.command("new-provider")
@click.argument("name")
@click.option("--label", prompt="What its owner calls it", help="As its owner spells it, such as PayPal.")
@click.option("--kind", type=click.Choice(scaffold.KINDS), prompt="What it is", help="What it is.")
@click.option(
    "--homepage", prompt="Where its events are documented (https://...)", help="Where its events are documented."
)
@click.option(
    "--proof",
    type=click.Choice(list(scaffold.PROOFS)),
    prompt="How it proves itself",
    help="hmac: it signs the body. standard: by Standard Webhooks. token, basic: it signs nothing.",
)
def new_provider_command(name: str, label: str, kind: str, homepage: str, proof: str) -> None:
    """Begin a provider's folder. Then run the tests: each failure says what comes next."""
    for path in scaffold.write(name, label, kind, homepage, proof):
        click.echo(f"written  {path.relative_to(generate.ROOT)}")
    click.echo(f"Next: make test ONLY={name}")


COMMANDS = (
    samples_command,
    send_command,
    verify_command,
    normalize_command,
    generate_command,
    new_provider_command,
)
