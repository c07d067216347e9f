"""`relay up --demo`: a source of each provider, a subscriber that prints what it is told, and samples sent to them."""

import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import click

from relay import providers
from relay.accounts import hooks, sources
from relay.accounts.settings import fitting_secret
from relay.context import Workspace
from relay.develop import samples
from relay.develop.post import post_sample
from relay.errors import ConfigError, RelayError
from relay.formats import jsontext
from relay.model import Source, inbound_url
from relay.sdk.provider import Provider
from relay.security.verification import Credentials
from relay.storage import hooks as hook_rows
from relay.storage import sources as source_rows

_SETTINGS = {"hmac": {"header": "x-signature", "algorithm": "sha256", "encoding": "hex"}}
_COLOURS = {"info": "green", "warning": "yellow", "critical": "red"}


def prepare(workspace: Workspace, address: str, subscriber: str, say: Callable[[str], None]) -> None:
    """Add what the demo needs where it is missing, then send every sample once."""
    with workspace.database.read() as connection:
        known = {each.name: each for each in source_rows.search(connection, workspace.vault, workspace.id, limit=1000)}
        listening = {
            each.target_url for each in hook_rows.search(connection, workspace.vault, workspace.id, limit=1000)
        }
    if subscriber not in listening:
        hooks.create(workspace, {"target_url": subscriber, "event_types": ["*"]})
    say("sending our samples, signed as each provider signs; events arrive below")
    for provider in providers.load().values():
        found = samples.all_samples(provider.name)
        if not found or provider.poll is not None:
            continue
        name = f"Demo {provider.label}"
        source = known.get(name) or _source(workspace, provider, name, found[0])
        for sample in found:
            if _names_only(provider, sample):
                continue
            status, answer = post_sample(sample, source, inbound_url(address, source.id), workspace.config.public_url)
            if status not in (200, 202):
                say(f"{sample.id}: {status} {answer}")


def _source(workspace: Workspace, provider: Provider, name: str, sample: samples.Sample) -> Source:
    """A source with made-up credentials. Where only the provider itself can sign, it takes samples unproved."""
    # Without what its API is asked with, nothing of a demo leaves this machine.
    asked_with = provider.look_up.needs if provider.look_up else ()
    made_up = {
        each.name: each.takes.example
        for each in provider.settings
        if each.default is None and each.name not in asked_with
    }
    settings = _SETTINGS.get(provider.name) or made_up
    whole = {**provider.usual_settings, **settings}
    secret = None if provider.secret == "none" else fitting_secret(provider, whole)
    credentials = Credentials(() if secret is None else (secret,), whole)
    try:
        provider.verification.sign(sample.inbound, credentials, 0.0)
        alone = False
    except ConfigError:
        alone = True
    source, _ = sources.create(workspace, provider.name, name=name, secret=secret, settings=settings, monitor=alone)
    return source


def _names_only(provider: Provider, sample: samples.Sample) -> bool:
    """Whether a sample proves nothing but is asked about, which a demo does not do."""
    try:
        proof = provider.verification.verify(sample.inbound, Credentials(("made up",)), 0.0)
    except RelayError:
        return False
    return provider.verification.covers(proof) == "fetched"


class _Subscriber(BaseHTTPRequestHandler):
    """Prints one line for each event."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        event = jsontext.loads(self.rfile.read(int(self.headers["Content-Length"])))
        colour = _COLOURS[event["severity"]]
        click.echo(
            f"event  {click.style(event['type'].ljust(32), fg=colour)} {event['summary']}",
            color=sys.stdout.isatty(),
        )
        sys.stdout.flush()
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """The event's own line says enough."""


def main(address: str) -> None:
    """Listen on `host:port` until the process is told to stop."""
    host, _, port = address.partition(":")
    ThreadingHTTPServer((host, int(port)), _Subscriber).serve_forever()


if __name__ == "__main__":
    main(sys.argv[1])
