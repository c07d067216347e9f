"""The forms of settings: how the text of a variable is read, and what it must be."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from relay.formats.values import Form, Unfit, is_host, url
from relay.security.proxies import Proxies

_BRACKETED = re.compile(r"\[(.+)\](?::(.*))?")
_LONGEST_PORT, _HIGHEST_PORT = 6, 65535
_ADDRESS = url("https://relay.example.com")


@dataclass(frozen=True, slots=True)
class Parsed:
    """A form whose value is more than a text."""

    expected: str
    read: Callable[[str], Any]


def _database(text: str) -> str:
    """It may hold a password, so what came is not repeated."""
    for plain in ("postgres://", "postgresql://"):
        if text.startswith(plain):
            text = "postgresql+psycopg://" + text.removeprefix(plain)
    if text.startswith("sqlite:///"):
        if text.partition("?")[0] in ("sqlite:///", "sqlite:///:memory:"):
            raise Unfit("it has no path")
    elif not text.startswith("postgresql+psycopg://"):
        raise Unfit("it begins otherwise")
    else:
        _check_server(text)
    return text


def _redis(text: str) -> str:
    if not text.startswith(("redis://", "rediss://", "unix://")):
        raise Unfit("it begins otherwise")
    if not text.startswith("unix://"):
        _check_server(text)
        number = urlsplit(text).path.strip("/")
        if number and not (number.isascii() and number.isdigit()):
            raise Unfit("its port is not a number")
    return text


def _check_server(text: str) -> None:
    """Raises `Unfit` where the place of a server cannot be read."""
    try:
        readable = urlsplit(text).port != 0
    except ValueError:
        readable = False
    if not readable:
        raise Unfit(
            "its host or its port cannot be read", " In a password, / ? # and @ are written %2F %3F %23 and %40."
        )


def _egress_proxy(text: str) -> str | None:
    """The address of a proxy. It may hold no password: whoever can use the proxy is said by the network."""
    if not text:
        return None
    host, _, port = text.removeprefix("http://").removesuffix("/").rpartition(":")
    if not text.startswith("http://") or not is_host(host) or not _is_port(port):
        raise Unfit("what came is not")
    return f"http://{host}:{port}"


def _keys(text: str) -> tuple[str, ...]:
    return tuple(key.strip() for key in text.split(",") if key.strip())


def _proxies(text: str) -> Proxies:
    try:
        return Proxies.read(text)
    except ValueError as error:
        raise Unfit(str(error)) from None


def _hosts(text: str) -> frozenset[str]:
    found = frozenset(each.strip().lower() for each in text.split(",") if each.strip())
    for each in sorted(found):
        bracketed = _BRACKETED.fullmatch(each)
        host, _, port = (bracketed[1], "", bracketed[2] or "") if bracketed else each.partition(":")
        plain = each.count(":") > 1 and is_host(each, bracketed=True)
        if not plain and not (is_host(host, bracketed=bool(bracketed)) and _is_port(port or "1")):
            raise Unfit(f"one is {each.rpartition('@')[2][:60]!r}")
    return found


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < _LONGEST_PORT and 0 < int(text) <= _HIGHEST_PORT


DIRECTORY = Parsed("a directory", lambda text: Path(text).absolute())
PUBLIC_URL = Form(_ADDRESS.expected, _ADDRESS.example, lambda text: _ADDRESS.check(text).rstrip("/"))
DATABASE_URL = Form(
    "postgresql://USER:PASSWORD@HOST/NAME or sqlite:///PATH", "sqlite:////var/lib/relay/relay.db", _database
)
REDIS_URL = Form("redis://HOST:6379/0, rediss://HOST:6379/0 or unix://PATH", "redis://valkey:6379/0", _redis)
KEYS = Parsed("keys between commas", _keys)
PROXIES = Parsed("addresses or networks between commas, such as 127.0.0.1 or 172.16.0.0/12, or none", _proxies)
EGRESS_PROXY = Parsed("a proxy's address as http://host:port, such as http://egress:3128", _egress_proxy)
HOSTS = Parsed("hosts between commas, each as host or host:port, such as n8n.internal:5678", _hosts)
