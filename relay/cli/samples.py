"""Samples of what providers post, and how to send one."""

import click

from relay.cli import outcome
from relay.cli.context import here, json_option, table
from relay.cli.named import source_named
from relay.develop import samples
from relay.develop.post import post_sample
from relay.errors import Unreachable
from relay.formats.values import URL
from relay.model import inbound_url

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
@click.option("--to", "source", required=True, help="The source to post to.")
@click.option("--url", help="The relay's address.  [default: its public address]")
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
            where = "relay send ... --url http://127.0.0.1:8080 sets its address"
            raise Unreachable(f"{error.message} Is the relay up? If it is, {where}.") from None
        click.echo(f"{status} {answer}")
        if status >= _REFUSED:
            raise click.exceptions.Exit(1)
        for line in outcome.lines(workspace, found, before):
            click.echo(line)


COMMANDS = (
    samples_command,
    send_command,
)
