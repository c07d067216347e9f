"""The `relay` command. Every look and every `add` takes `--json`; errors say what to do and exit with 1."""

import click

from relay import __version__
from relay.cli import act, explain, look, make, manage, notify, serve
from relay.cli.edge import Edge


@click.group(cls=Edge, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="relay")
def main() -> None:
    """Webhooks of a hosting business: proved, kept, said in one vocabulary, delivered."""


for part in (serve, manage, notify, look, act, explain, make):
    for command in part.COMMANDS:
        main.add_command(command)
