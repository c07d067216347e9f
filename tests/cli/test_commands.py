"""Each command is found without loading the others."""

import subprocess
import sys
from importlib import import_module

import click

from relay.cli import ROOT, main, modules


def test_each_command_is_found_by_the_text_of_its_file() -> None:
    with_commands = {path.stem for path in ROOT.glob("*.py") if "\nCOMMANDS = " in path.read_text()}

    found = {each.name: name for name in with_commands for each in import_module(f"relay.cli.{name}").COMMANDS}

    assert modules() == found
    assert main.list_commands(click.Context(main)) == sorted(str(name) for name in found)


def test_what_is_no_command_of_any_file_is_none() -> None:
    assert main.get_command(click.Context(main), "edge") is None


def test_a_part_starts_without_what_the_others_need() -> None:
    others = {"aiohttp", "alembic", "flask", "psycopg", "rq"}
    script = f"import sys, relay.cli.run; print(*sorted({others} & set(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.split() == []
