"""The `relay` command. Every look and every `add` takes `--json`; errors say what to do and exit with 1.

A file here with `COMMANDS` is found by itself, and loaded when one of its commands is asked for: each part of a running
relay is a process of its own, and starts sooner without what the others need.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

import click

from relay import __version__
from relay.cli.edge import Edge

ROOT = Path(__file__).parent
# Nothing of a command's own text stands between its decorator and its first sentence but options and parameters.
_COMMAND = re.compile(r'^@click\.(?:command|group)\("([^"]+)".*?\n    """(.+?)(?:"""|\n\n)', re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Written:
    """What the text of a module says of a command, without loading it."""

    module: str
    about: str


@cache
def commands() -> Mapping[str, _Written]:
    """The commands by name. A module is a file here that has `COMMANDS`."""
    texts = {path.stem: path.read_text() for path in sorted(ROOT.glob("*.py"))}
    return {
        name: _Written(module, " ".join(about.split()))
        for module, text in texts.items()
        for name, about in _COMMAND.findall(text)
    }


class _Relay(Edge):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(commands())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        written = commands().get(cmd_name)
        if written is None:
            return None
        loaded: tuple[click.Command, ...] = import_module(f"relay.cli.{written.module}").COMMANDS
        return next(each for each in loaded if each.name == cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = formatter.width - 6 - max(map(len, commands()))
        rows = [
            (name, click.Command(name, help=commands()[name].about).get_short_help_str(width))
            for name in self.list_commands(ctx)
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@click.group(cls=_Relay, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="relay")
def main() -> None:
    """Webhooks of a hosting business: proved, kept, said in one vocabulary, delivered."""
