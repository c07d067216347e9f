"""The `relay` command. Every look and every `add` takes `--json`; errors say what to do and exit with 1.

A file here with `COMMANDS` is found by itself, and loaded when one of its commands is asked for: each part of a running
relay is a process of its own, and starts sooner without what the others need.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path

import click

from relay import __version__
from relay.cli.edge import Edge

ROOT = Path(__file__).parent
_COMMAND = re.compile(r'^@click\.(?:command|group)\("([^"]+)"', re.MULTILINE)


@cache
def modules() -> Mapping[str, str]:
    """The module of each command. A module is a file here that has `COMMANDS`; its text says what they are called."""
    texts = {path.stem: path.read_text() for path in ROOT.glob("*.py")}
    return {name: module for module, text in texts.items() for name in _COMMAND.findall(text)}


class _Relay(Edge):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(modules())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = modules().get(cmd_name)
        if module is None:
            return None
        commands: tuple[click.Command, ...] = import_module(f"relay.cli.{module}").COMMANDS
        return next(each for each in commands if each.name == cmd_name)


@click.group(cls=_Relay, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="relay")
def main() -> None:
    """Webhooks of a hosting business: proved, kept, said in one vocabulary, delivered."""
