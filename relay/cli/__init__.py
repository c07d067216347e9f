"""The `relay` command. Every look and every `add` takes `--json`; errors say what to do and exit with 1."""

import sys
from typing import Any

import click

from relay import __version__
from relay.cli import act, explain, look, make, manage, notify, serve
from relay.errors import RelayError


class _Relay(click.Group):
    """Turns the relay's own errors into one line; anything else is a fault and shows its traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except RelayError as error:
            click.echo(f"relay: {error.message}", err=True)
            sys.exit(1)


@click.group(cls=_Relay, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="relay")
def main() -> None:
    """Webhooks of a hosting business: proved, kept, said in one vocabulary, delivered."""


for part in (serve, manage, notify, look, act, explain, make):
    for command in part.COMMANDS:
        main.add_command(command)
