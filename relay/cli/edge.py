"""The edge of the command line: trouble that is known is one sentence, a defect a few lines and a report.

What fails exits with a status that is not 0 and says so on standard error alone, in at most six lines. The report of a
defect goes to a file, since nothing of it may be lost and few can read it at a terminal; the words that a command was
given are left out of it, as they may be secrets.
"""

import errno
import getpass
import os
import platform
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from click.exceptions import NoArgsIsHelpError

from relay import __version__, logs
from relay.config import DEFAULT_DATA_DIR
from relay.errors import RelayError, StorageUnavailable

_LONGEST = 600
_MOST_LINES = 4
_FAILED = 1
_REPORTS = "reports"
_HIDDEN = "[argument]"
_SHORTEST_HIDDEN = 4
_FULL = (errno.ENOSPC, errno.EDQUOT)


class Edge(click.Group):
    """The outermost group: nothing leaves it but an exit status."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        given = list(sys.argv[1:] if args is None else args)
        if not standalone_mode:
            return super().main(given, prog_name, complete_var, standalone_mode=False, **extra)
        if args is None:
            logs.be_quiet()
        try:
            if any("\udc80" <= character <= "\udcff" for word in given for character in word):
                raise click.UsageError("An argument is not valid UTF-8.")
            status = super().main(given, prog_name, complete_var, standalone_mode=False, **extra)
        except NoArgsIsHelpError as error:
            click.echo(error.format_message())
            sys.exit(0)
        except click.ClickException as error:
            _complain(error)
            sys.exit(error.exit_code)
        except click.Abort:
            click.echo("relay: stopped.", err=True)
            sys.exit(_FAILED)
        except Exception as error:  # noqa: BLE001  the last place that could say what happened
            click.echo(f"relay: {_short(sentence(error) or _reported(self, error, given))}", err=True)
            sys.exit(_FAILED)
        sys.exit(status if isinstance(status, int) else 0)


def sentence(error: BaseException) -> str | None:
    """What is wrong and what to do, where it is no defect of the relay; else None."""
    if isinstance(error, StorageUnavailable):
        return f"{error.reason or error.message} `relay doctor` says more."
    if isinstance(error, RelayError):
        return error.message
    if isinstance(error, OSError):
        return _of_the_system(error)
    return None


def _of_the_system(error: OSError) -> str | None:
    """What the system refuses. Without a file's name it is known only where that says enough."""
    if error.errno in _FULL:
        return f"The disk is full{_at(error)}: nothing was written. Free some space and try again."
    if error.filename is None:
        return None
    why = os.strerror(error.errno) if error.errno else type(error).__name__
    text = f"{os.fsdecode(error.filename)}: {why}."
    if isinstance(error, PermissionError):
        text += f" You are {_user()}: run it as the user that the relay runs as, or set RELAY_DATA_DIR."
    return text


def _at(error: OSError) -> str:
    return f" ({os.fsdecode(error.filename)})" if error.filename is not None else ""


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user without a name, as in containers
        return str(os.getuid())


def _complain(error: click.ClickException) -> None:
    """As click does, but bounded: what was typed may be long."""
    if isinstance(error, click.UsageError) and error.ctx is not None:
        click.echo(error.ctx.get_usage().splitlines()[0][:200], err=True)
        click.echo(f"Try '{error.ctx.command_path} --help' for help.", err=True)
    click.echo(f"Error: {_short(error.format_message())}", err=True)


def _short(text: str) -> str:
    lines = text.strip().splitlines()[:_MOST_LINES]
    joined = "\n".join(lines)
    return joined if len(joined) <= _LONGEST else f"{joined[:_LONGEST]} ..."


def _reported(main: click.Group, error: Exception, given: Sequence[str]) -> str:
    """Write down a defect; returns what is said of it."""
    where = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(where[-1].filename).name}, line {where[-1].lineno})" if where else ""
    said = f"this is a bug in the relay: {type(error).__name__}{place}."
    try:
        path = _write(main, error, given)
    except OSError as trouble:
        why = os.strerror(trouble.errno) if trouble.errno else type(trouble).__name__
        return f"{said}\nNo report could be written: {why}."
    return f"{said}\nThe report is in {path}. Please attach it to a bug report."


def _write(main: click.Group, error: Exception, given: Sequence[str]) -> Path:
    text = "".join(traceback.format_exception(error))
    known = _known_words(main)
    words = [word for word in given if word in known]
    told = {each for word in given for each in (word, word.partition("=")[2]) if each not in known}
    for each in sorted(told, key=len, reverse=True):
        if len(each) >= _SHORTEST_HIDDEN and not each.startswith("--"):
            text = text.replace(each, _HIDDEN)
    head = (
        f"relay {__version__}, Python {platform.python_version()}, {platform.platform()}\nrelay {' '.join(words)}\n\n"
    )
    name = f"defect-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{os.getpid()}.txt"
    path = _folder() / name
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", errors="replace") as file:
        file.write(head + text)
    return path


def _known_words(main: click.Group) -> set[str]:
    """The names of commands: they say what was done, and hold no secret."""
    context = click.Context(main)
    commands = {name: main.get_command(context, name) for name in main.list_commands(context)}
    below = {name for each in commands.values() if isinstance(each, click.Group) for name in each.commands}
    return commands.keys() | below


def _folder() -> Path:
    """Below the data directory, if there is one that this user may write to."""
    data = Path(os.environ.get("RELAY_DATA_DIR") or DEFAULT_DATA_DIR).absolute()
    if data.is_dir() and os.access(data, os.W_OK | os.X_OK):
        folder = data / _REPORTS
        folder.mkdir(exist_ok=True, mode=0o700)
        return folder
    return Path(tempfile.gettempdir())
