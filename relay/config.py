"""Settings, all from the environment; without them the data directory holds everything."""

import hashlib
import os
import secrets
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from relay.errors import ConfigError

DEFAULT_DATA_DIR = "var"
_LONGEST_SOCKET_PATH = 100
LOG_LEVELS = ("debug", "info", "warning", "error")


@dataclass(frozen=True, slots=True)
class Config:
    """`allow_private` are hosts that may be reached although they are private or speak plain http."""

    data_dir: Path
    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    secret_keys: tuple[str, ...] = field(repr=False)
    public_url: str
    allow_private: frozenset[str]
    log_level: str

    @classmethod
    def load(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read the environment. Raises `ConfigError` that names the variable."""
        given = os.environ if environment is None else environment
        data_dir = Path(given.get("RELAY_DATA_DIR") or DEFAULT_DATA_DIR).absolute()
        level = (given.get("RELAY_LOG_LEVEL") or "info").lower()
        if level not in LOG_LEVELS:
            raise ConfigError(f"RELAY_LOG_LEVEL must be one of {', '.join(LOG_LEVELS)}; it is {level!r}.")
        keys = given.get("RELAY_SECRET_KEY") or _kept_key(data_dir)
        return cls(
            data_dir=data_dir,
            database_url=_database_url(given.get("RELAY_DATABASE_URL"), data_dir),
            redis_url=given.get("RELAY_REDIS_URL") or f"unix://{_socket(data_dir)}",
            secret_keys=tuple(key.strip() for key in keys.split(",") if key.strip()),
            public_url=(given.get("RELAY_PUBLIC_URL") or "http://127.0.0.1:8080").rstrip("/"),
            allow_private=frozenset(
                host.strip().lower()
                for host in (given.get("RELAY_ALLOW_PRIVATE_TARGETS") or "").split(",")
                if host.strip()
            ),
            log_level=level,
        )


def _socket(data_dir: Path) -> Path:
    """Where the embedded Redis listens. A socket's path may have about 100 bytes; a longer one moves to /tmp."""
    path = data_dir / "redis.sock"
    if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
        return path
    name = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"relay-{os.getuid()}-{name}" / "redis.sock"


def _database_url(url: str | None, data_dir: Path) -> str:
    if not url:
        return f"sqlite:///{data_dir / 'relay.db'}"
    for plain in ("postgres://", "postgresql://"):
        if url.startswith(plain):
            return "postgresql+psycopg://" + url.removeprefix(plain)
    if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise ConfigError("RELAY_DATABASE_URL must start with postgresql:// or sqlite:///.")
    return url


def _kept_key(data_dir: Path) -> str:
    """The key in the data directory, made at the first start and readable by its owner alone."""
    path = data_dir / "secret.key"
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        pass
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Written whole before it has its name: another part of the relay, starting at the same moment, may read it.
    own = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    with open(os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(48) + "\n")
    with suppress(FileExistsError):
        os.link(own, path)
    own.unlink()
    return path.read_text().strip()
