"""docs/reference/commands.md: what each command takes, from the commands themselves."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from relay.develop.generate.marking import MARK


def files(root: Path, main: click.Command) -> Mapping[Path, str]:
    lines = [MARK, "# Commands"]
    for name, command in _all("relay", main):
        context = click.Context(command, info_name=name, terminal_width=100)
        lines += ["", f"## {name}", "", "```text", command.get_help(context), "```"]
    return {root / "docs/reference/commands.md": "\n".join(lines) + "\n"}


def _all(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for below in sorted(command.list_commands(context)):
            if found := command.get_command(context, below):
                yield from _all(f"{name} {below}", found)
