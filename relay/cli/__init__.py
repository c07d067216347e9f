"""The `relay` command. Every look and every `add` takes `--json`; errors say what to do and exit with 1.

A command's module is loaded when the command is asked for: each part of a running relay is a process of its own, and
starts sooner without what the others need.
"""

from importlib import import_module

import click

from relay import __version__
from relay.cli.edge import Edge

MODULES = {
    "run": ("up", "web", "work", "clock"),
    "accounts": ("source", "hook", "key"),
    "channels": ("channel",),
    "inspect": ("events", "deliveries", "replay", "doctor", "audit"),
    "vault": ("vault",),
    "actions": ("action",),
    "developer": ("samples", "send", "verify", "normalize", "new-provider", "generate"),
    "make": ("make",),
}
"""The commands of each module, as its `COMMANDS` has them."""

_MODULE_OF = {command: module for module, commands in MODULES.items() for command in commands}


class _Relay(Edge):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_MODULE_OF)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = _MODULE_OF.get(cmd_name)
        if module is None:
            return None
        commands: tuple[click.Command, ...] = import_module(f"relay.cli.{module}").COMMANDS
        return next(each for each in commands if each.name == cmd_name)


@click.group(cls=_Relay, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="relay")
def main() -> None:
    """Webhooks of a hosting business: proved, kept, said in one vocabulary, delivered."""
