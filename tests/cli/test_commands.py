"""Each command is found without loading the others."""

import subprocess
import sys
from importlib import import_module

import click

from relay.cli import ROOT, commands, main


def test_each_command_is_found_by_the_text_of_its_file() -> None:
    with_commands = {path.stem for path in ROOT.glob("*.py") if "\nCOMMANDS = " in path.read_text()}

    found = {each.name: name for name in with_commands for each in import_module(f"relay.cli.{name}").COMMANDS}

    assert {name: each.module for name, each in commands().items()} == found
    assert main.list_commands(click.Context(main)) == sorted(str(name) for name in found)


def test_the_help_says_of_each_command_what_the_command_says_itself() -> None:
    context = click.Context(main, terminal_width=100)

    shown = main.get_help(context)

    loaded = {name: main.get_command(context, name) for name in commands()}
    wanted = {name: each.get_short_help_str(200) for name, each in loaded.items() if each is not None}
    assert wanted == {
        name: click.Command(name, help=each.about).get_short_help_str(200) for name, each in commands().items()
    }
    assert [line.split()[0] for line in shown.partition("Commands:")[2].splitlines() if line[2:3].strip()] == sorted(
        wanted
    )


def test_the_help_loads_no_command() -> None:
    script = "import sys; from relay.cli import main; main(['--help'], standalone_mode=False); print(*sys.modules)"

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    loaded = {name for name in done.stdout.splitlines()[-1].split() if name.startswith("relay.cli.")}
    assert loaded == {"relay.cli.edge"}


def test_what_is_no_command_of_any_file_is_none() -> None:
    assert main.get_command(click.Context(main), "edge") is None


def test_a_part_starts_without_what_the_others_need() -> None:
    others = {"aiohttp", "alembic", "flask", "psycopg", "rq"}
    script = f"import sys, relay.cli.run; print(*sorted({others} & set(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.split() == []
