"""`relay up` and the parts it is made of. Each part is a process, which loads what it runs and nothing else.

Those that `relay up` starts are copies of it, made once it has loaded what they run.
"""

import os
import signal
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from functools import partial

import click

from relay import logs
from relay.cli.context import here
from relay.config import SETTINGS, Config
from relay.config.data_directory import leave_address
from relay.queue.lanes import ACT, FRESH, LANES, LATE
from relay.running.garbage import keep_what_is_loaded
from relay.running.listening import reached_at
from relay.running.redis_server import forget, redis_command, redis_log
from relay.running.supervisor import Part, Supervisor, name_process
from relay.security.addresses import ALLOW_PRIVATE_TARGETS
from relay.storage import Database, workspaces
from relay.storage.migrate import upgrade

PRIVATE = 0o077
"""What the parts of the relay make is for their own user alone, in a directory that others may enter, too."""

_FIRST_KEY = "first-api-key"
_READY_SECONDS = 30.0
_SUBSCRIBER_PORT_OFFSET = 1
_PORT = click.IntRange(1, 65535)


def _ready(config: Config) -> Config:
    """Logging set up and the schema at its newest: what every part does first."""
    os.umask(PRIVATE)
    logs.set_up(config.log_level)
    database = Database(config.database_url)
    upgrade(database)
    database.close()
    return config


@click.command("web")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8080, show_default=True, type=_PORT)
@click.option(
    "--workers",
    default=os.cpu_count() or 2,
    show_default="one for each core",
    type=click.IntRange(1, 256),
    help="Web processes.",
)
def web_command(host: str, port: int, workers: int) -> None:
    """Serve the inbound addresses and the API."""
    from relay.running import web

    name_process("relay: web")
    web.run(_ready(Config.load()), host, port, workers)


@click.command("work")
@click.option(
    "--lane",
    "lanes",
    type=click.Choice(LANES),
    multiple=True,
    help="Only this lane, in this process. Without it processes for all lanes run, one for each core.",
)
def work_command(lanes: tuple[str, ...]) -> None:
    """Turn webhooks into events and deliver them."""
    from relay.running import worker

    config = _ready(Config.load())
    if lanes:
        name_process(f"relay: {'+'.join(lanes)}")
        worker.run(config, lanes)
        return
    keep_what_is_loaded()
    Supervisor(_workers(), os.environ, _say).run(lambda: None)


@click.command("clock")
def clock_command() -> None:
    """Ring for work that nobody announced, forget what is too old."""
    from relay.running import clock

    name_process("relay: clock")
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    clock.run(_ready(Config.load()), stopped)


@click.command("up")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8080, show_default=True, type=_PORT)
@click.option("--data-dir", type=click.Path(file_okay=False), help="The data directory.  [default: var]")
@click.option("--demo", is_flag=True, help="Add a source for each provider and show sample events.")
def up_command(host: str, port: int, data_dir: str | None, demo: bool) -> None:
    """Everything on one machine: database, Redis, web, workers, clock. Ctrl-C stops it."""
    from relay.running import clock, web, worker  # noqa: F401  loaded once for all parts

    os.umask(PRIVATE)
    environment = dict(os.environ)
    if data_dir:
        environment["RELAY_DATA_DIR"] = data_dir
    environment.setdefault("RELAY_PUBLIC_URL", f"http://{reached_at(host)}:{port}")
    subscriber = f"127.0.0.1:{port + _SUBSCRIBER_PORT_OFFSET}"
    if demo:
        allowed = [environment.get(ALLOW_PRIVATE_TARGETS, ""), subscriber]
        environment[ALLOW_PRIVATE_TARGETS] = ",".join(filter(None, allowed))
    config = Config.load(environment)
    environment["RELAY_DATA_DIR"] = str(config.data_dir)
    environment["PYTHONUNBUFFERED"] = "1"
    os.environ.update(environment)
    parts = [
        *([] if SETTINGS["redis_url"].text(os.environ) else [_redis(config)]),
        *_workers(),
        _part("clock", "clock"),
        _part("web", "web", "--host", host, "--port", str(port)),
        *([Part("demo subscriber", [sys.executable, "-m", "relay.develop.demo", subscriber])] if demo else []),
    ]
    _ready(config)
    leave_address(config.data_dir, config.public_url)
    _say(f"data in {config.data_dir}")
    key = _first_key(config)
    keep_what_is_loaded()
    supervisor = Supervisor(parts, environment, _say)

    def started() -> None:
        if _wait_until(lambda: _answers(f"http://{reached_at(host)}:{port}/readyz"), supervisor):
            _welcome(config, key)
            if demo:
                from relay.develop.demo import prepare

                with here("demo") as workspace:
                    prepare(workspace, f"http://{reached_at(host)}:{port}", f"http://{subscriber}/", _say)

    supervisor.run(started)


def _redis(config: Config) -> Part:
    return Part("redis", redis_command(config), mend=lambda: forget(config), log=redis_log(config))


def _part(name: str, *words: str) -> Part:
    """One that runs a command of ours, in a copy of this process."""
    relay = click.get_current_context().find_root().command
    return Part(name, partial(relay.main, list(words), prog_name="relay"))


def _workers() -> list[Part]:
    """A worker of fresh webhooks for each core, as they cost most, and one for everything late and for actions."""
    fresh = [f"work fresh {number}" for number in range(1, (os.cpu_count() or 1) + 1)]
    return [
        *(_part(name, "work", "--lane", FRESH) for name in fresh),
        _part("work late", "work", "--lane", LATE, "--lane", ACT),
    ]


def _first_key(config: Config) -> str | None:
    """What is said of the API key that the first start makes; None afterwards.

    On a terminal the key itself. What is not one is kept, as a journal is: there the key lies in a file.
    """
    from relay.accounts import keys  # at the first start alone: each part of the relay passes here

    with here("relay") as workspace:
        with workspace.database.read() as connection:
            if workspaces.keys(connection, workspace.id):
                return None
        _, text = keys.create(workspace, "first key", ("admin",))
    if sys.stdout.isatty():
        return f"{text}     (shown this once)"
    place = config.data_dir / _FIRST_KEY
    place.unlink(missing_ok=True)
    with open(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text + "\n")
    return f"in {place}     (read it, then remove the file)"


def _welcome(config: Config, key: str | None) -> None:
    url = config.public_url
    _say("ready")
    click.echo()
    click.echo(f"  Status   {url}/")
    click.echo(f"  API      {url}/api/v1     Docs  {url}/docs")
    if key:
        click.echo(f"  API key  {key}")
    click.echo()
    click.echo("  Next: add a source, for example")
    click.echo("    relay source add stripe --name 'Stripe EU'")
    click.echo("  then a hook that receives paid invoices")
    click.echo("    relay hook add https://hooks.zapier.com/... --events invoice.paid")
    click.echo()


def _wait_until(check: Callable[[], bool], supervisor: Supervisor) -> bool:
    end = time.monotonic() + _READY_SECONDS
    while time.monotonic() < end and not supervisor.stopping:
        if check():
            return True
        time.sleep(0.1)
    if not supervisor.stopping:
        _say(f"not ready after {_READY_SECONDS:.0f} s; run `relay doctor` to find the reason")
    return False


def _answers(url: str) -> bool:
    """Whether our own web part is ready. Loopback, and not an address that anybody gave us."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _say(line: str) -> None:
    click.echo(f"{click.style('relay', fg='cyan')}  {line}")
    sys.stdout.flush()


COMMANDS = (up_command, web_command, work_command, clock_command)
