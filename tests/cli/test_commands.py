"""Each command is found without loading the others."""

import subprocess
import sys
from importlib import import_module

import click

from relay.cli import MODULES, main


def test_each_module_has_the_commands_that_it_is_asked_for() -> None:
    found = {module: import_module(f"relay.cli.{module}").COMMANDS for module in MODULES}

    assert {module: sorted(each.name for each in commands) for module, commands in found.items()} == {
        module: sorted(names) for module, names in MODULES.items()
    }
    assert main.list_commands(click.Context(main)) == sorted(name for names in MODULES.values() for name in names)


def test_a_part_starts_without_what_the_others_need() -> None:
    others = {"aiohttp", "alembic", "flask", "psycopg", "rq"}
    script = f"import sys, relay.cli.run; print(*sorted({others} & set(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.split() == []
