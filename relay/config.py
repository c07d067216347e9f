"""Settings, all from the environment; without them the data directory holds everything."""

import hashlib
import os
import re
import secrets
import shutil
import stat
import tempfile
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from relay.errors import ConfigError
from relay.formats.values import Form, Unfit, is_host, one_of
from relay.formats.values import url as address
from relay.security.proxies import Proxies

DEFAULT_DATA_DIR = "var"
ALLOW_PRIVATE_TARGETS, ALLOW_PRIVATE_SOURCES = "RELAY_ALLOW_PRIVATE_TARGETS", "RELAY_ALLOW_PRIVATE_SOURCES"
"""Lists of hosts that may be private: for every outgoing request, and for those of sources, watches and channels."""

_LONGEST_SOCKET_PATH = 100
_HERE = "http://127.0.0.1:8080"
_ADDRESS = "address"
_PUBLIC = address("https://relay.example.com")
_BRACKETED = re.compile(r"\[(.+)\](?::(.*))?")
_LONGEST_PORT, _HIGHEST_PORT = 6, 65535
_SECRET = ("RELAY_DATABASE_URL", "RELAY_EGRESS_PROXY", "RELAY_REDIS_URL", "RELAY_SECRET_KEY")
VARIABLES = (
    "RELAY_ALLOW_PRIVATE_SOURCES",
    "RELAY_ALLOW_PRIVATE_TARGETS",
    "RELAY_DATA_DIR",
    "RELAY_LOG_LEVEL",
    "RELAY_PUBLIC_URL",
    "RELAY_TRUSTED_PROXIES",
    *_SECRET,
    *(f"{name}_FILE" for name in _SECRET),
)
"""What the relay reads of its environment. What may hold a secret may also lie in a file, named by `..._FILE`."""

_ALIKE = 0.87
LEAST_FREE = 16 * 2**20
"""With less room the next webhooks may not be stored."""

_LEAST_SIGNS = 10
_LEAST_COMPRESSED = 0.75
LOG_LEVELS = ("debug", "info", "warning", "error")


@dataclass(frozen=True, slots=True)
class Config:
    """`allow_private` are hosts that may be reached although they are private or speak plain http;
    `allow_private_sources` are these and those that only sources, watches and channels may reach, never a hook.
    """

    data_dir: Path
    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    secret_keys: tuple[str, ...] = field(repr=False)
    public_url: str
    allow_private: frozenset[str]
    allow_private_sources: frozenset[str]
    trusted_proxies: Proxies
    log_level: str
    egress_proxy: str | None = None

    @classmethod
    def load(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read the environment. Raises `ConfigError` that names the variable."""
        environ = os.environ if environment is None else environment

        def given(name: str) -> str:
            return setting(environ, name)

        _check_names(environ)
        data_dir = Path(given("RELAY_DATA_DIR") or DEFAULT_DATA_DIR).absolute()
        return cls(
            data_dir=data_dir,
            database_url=_database_url(given("RELAY_DATABASE_URL"), data_dir),
            redis_url=_redis_url(given("RELAY_REDIS_URL"), data_dir),
            public_url=_fit("RELAY_PUBLIC_URL", _PUBLIC, given("RELAY_PUBLIC_URL") or _left(data_dir)).rstrip("/"),
            allow_private=_hosts(environ, ALLOW_PRIVATE_TARGETS),
            allow_private_sources=private_for_sources(environ),
            egress_proxy=_egress_proxy(given("RELAY_EGRESS_PROXY")),
            trusted_proxies=_proxies(given("RELAY_TRUSTED_PROXIES")),
            log_level=_fit("RELAY_LOG_LEVEL", one_of(LOG_LEVELS), given("RELAY_LOG_LEVEL") or "info"),
            # Last, as it may make the data directory: not for a setting that does not fit.
            secret_keys=_keys(given("RELAY_SECRET_KEY") or _kept_key(data_dir)),
        )

    def leave_address(self) -> None:
        """For commands in another shell, which know the data directory alone."""
        with suppress(OSError):
            (self.data_dir / _ADDRESS).write_text(self.public_url + "\n")


def setting(environ: Mapping[str, str], name: str) -> str:
    """What a variable says, or the file that `..._FILE` names; empty if neither is set. Raises `ConfigError`."""
    said = environ.get(name, "").strip()
    path = environ.get(f"{name}_FILE", "").strip() if name in _SECRET else ""
    if not path:
        return said
    if said:
        raise ConfigError(f"{name} and {name}_FILE are both set: keep one of them.")
    try:
        kept = Path(path).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise ConfigError(f"{name}_FILE names {path}, which cannot be read: {why}.") from None
    if not kept:
        raise ConfigError(f"{name}_FILE names {path}, which holds nothing.")
    return kept


def _check_names(environ: Mapping[str, str]) -> None:
    """Raises `ConfigError` for a name that one of ours was meant by: it would be passed over without a word."""
    for name in sorted(environ):
        if not name.startswith("RELAY_") or name in VARIABLES:
            continue
        if (plain := name.removesuffix("_FILE")) in VARIABLES:
            raise ConfigError(f"{name} is no setting of the relay: no secret stands there. Set {plain} itself.")
        if meant := get_close_matches(name, VARIABLES, n=1, cutoff=_ALIKE):
            raise ConfigError(f"{name} is no setting of the relay. Did you mean {meant[0]}?")


def free_bytes(directory: Path) -> int | None:
    """How much room there is for what the relay keeps; None where that cannot be known."""
    try:
        return shutil.disk_usage(directory).free
    except OSError:
        return None


def is_weak(key: str) -> bool:
    """Whether a key looks like one that was typed, not drawn: a few signs, or a piece that comes again and again."""
    repeated = len(zlib.compress(key.encode(), 9)) < _LEAST_COMPRESSED * len(key)
    return len(set(key)) < _LEAST_SIGNS or repeated


def _left(data_dir: Path) -> str:
    """The address of the relay that runs, or ran, on this data directory."""
    try:
        return _PUBLIC.read((data_dir / _ADDRESS).read_text())
    except (OSError, UnicodeDecodeError, Unfit):
        return _HERE


def _fit(name: str, form: Form, text: str) -> str:
    try:
        return form.read(text)
    except Unfit as unfit:
        raise ConfigError(form.complaint(name, unfit)) from None


def _keys(text: str) -> tuple[str, ...]:
    return tuple(key.strip() for key in text.split(",") if key.strip())


def _proxies(text: str) -> Proxies:
    try:
        return Proxies.read(text)
    except ValueError as error:
        raise ConfigError(
            "RELAY_TRUSTED_PROXIES must be addresses or networks between commas, such as 127.0.0.1 or 172.16.0.0/12,"
            f" or none; {error}."
        ) from None


def _egress_proxy(text: str) -> str | None:
    """The address of a proxy. It may hold no password: whoever can use the proxy is said by the network."""
    if not text:
        return None
    host, _, port = text.removeprefix("http://").removesuffix("/").rpartition(":")
    if not text.startswith("http://") or not is_host(host) or not _is_port(port):
        raise ConfigError(
            "RELAY_EGRESS_PROXY must be a proxy's address as http://host:port, such as http://egress:3128."
        )
    return f"http://{host}:{port}"


def private_for_sources(environ: Mapping[str, str]) -> frozenset[str]:
    """The hosts that requests of sources, watches and channels may reach although they are private."""
    return _hosts(environ, ALLOW_PRIVATE_TARGETS) | _hosts(environ, ALLOW_PRIVATE_SOURCES)


def _hosts(environ: Mapping[str, str], name: str) -> frozenset[str]:
    """Hosts between commas, each perhaps with its port."""
    found = frozenset(each.strip().lower() for each in environ.get(name, "").split(",") if each.strip())
    for each in found:
        bracketed = _BRACKETED.fullmatch(each)
        host, _, port = (bracketed[1], "", bracketed[2] or "") if bracketed else each.partition(":")
        plain = each.count(":") > 1 and is_host(each, bracketed=True)
        if not plain and not (is_host(host, bracketed=bool(bracketed)) and _is_port(port or "1")):
            raise ConfigError(
                f"{name} must be hosts between commas, each as host or host:port, such as n8n.internal:5678;"
                f" one is {each.rpartition('@')[2][:60]!r}."
            )
    return found


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < _LONGEST_PORT and 0 < int(text) <= _HIGHEST_PORT


def _socket(data_dir: Path) -> Path:
    """Where the embedded Redis listens. A socket's path may have about 100 bytes; a longer one moves to /tmp."""
    path = data_dir / "redis.sock"
    if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
        return path
    name = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"relay-{os.getuid()}-{name}" / "redis.sock"


def check_own(directory: Path) -> None:
    """Raises `ConfigError` for a directory that another user made, or may write to: whoever has our socket has us."""
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise ConfigError(
            f"{directory} must be a directory of this user alone (mode 700), since the relay's own Redis listens in it;"
            " it was made by somebody else, or others may enter it. Remove it, or set RELAY_DATA_DIR to a shorter path."
        )


def _database_url(url: str, data_dir: Path) -> str:
    if not url:
        return f"sqlite:///{data_dir / 'relay.db'}"
    for plain in ("postgres://", "postgresql://"):
        if url.startswith(plain):
            url = "postgresql+psycopg://" + url.removeprefix(plain)
    name = "RELAY_DATABASE_URL"
    # It may hold a password, so what came is not repeated.
    if url.startswith("sqlite:///"):
        if url.partition("?")[0] in ("sqlite:///", "sqlite:///:memory:"):
            raise ConfigError(f"{name} must be postgresql://USER:PASSWORD@HOST/NAME or sqlite:///PATH; it has no path.")
    elif not url.startswith("postgresql+psycopg://"):
        raise ConfigError(f"{name} must start with postgresql:// or sqlite:///; it does not.")
    else:
        _check_server(name, url, "postgresql://USER:PASSWORD@HOST/NAME")
    return url


def _redis_url(url: str, data_dir: Path) -> str:
    if not url:
        socket = _socket(data_dir)
        if socket.parent != data_dir and socket.parent.exists():
            check_own(socket.parent)
        return f"unix://{socket}"
    name = "RELAY_REDIS_URL"
    if not url.startswith(("redis://", "rediss://", "unix://")):
        raise ConfigError(f"{name} must start with redis://, rediss:// or unix://; it does not.")
    if not url.startswith("unix://"):
        _check_server(name, url, "redis://HOST:6379/0")
        number = urlsplit(url).path.strip("/")
        if number and not (number.isascii() and number.isdigit()):
            raise ConfigError(f"{name} must be of the form redis://HOST:6379/0; what follows its host is no number.")
    return url


def _check_server(name: str, url: str, form: str) -> None:
    """Whether the place of the server can be read."""
    try:
        readable = urlsplit(url).port != 0
    except ValueError:
        readable = False
    if not readable:
        raise ConfigError(
            f"{name} must be of the form {form}; its host or its port cannot be read."
            " In a password, / ? # and @ are written %2F %3F %23 and %40."
        )


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
