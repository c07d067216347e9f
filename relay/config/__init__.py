"""Settings, all from the environment; without them the data directory holds everything.

A setting is one field of `Config`: its type, and a `Setting` that says the rest. How it is read and refused, and what
`docs/how-to/production.md`, `.env.example` and `compose.yaml` say of it, follow from there (`relay generate`).
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Self, get_type_hints

from relay.config import data_directory, forms
from relay.config.setting import Setting
from relay.errors import ConfigError
from relay.formats.values import one_of
from relay.security.addresses import ALLOW_PRIVATE_SOURCES, ALLOW_PRIVATE_TARGETS
from relay.security.proxies import Proxies

DEFAULT_DATA_DIR = "var"
_ALIKE = 0.87


@dataclass(frozen=True, slots=True, repr=False)
class Config:
    """The settings of an installation. Printed without what may be secret."""

    public_url: Annotated[
        str,
        Setting(
            "RELAY_PUBLIC_URL",
            forms.PUBLIC_URL,
            means="the https address that providers reach",
            default=data_directory.left_address,
            without="that of the last `relay up` on the data directory, else `http://127.0.0.1:8080`",
            refused={"relay.example.com": "it is 'relay.example.com', without its scheme"},
            in_compose="${RELAY_PUBLIC_URL:?set it in .env}",
            in_example="https://relay.example.com",
        ),
    ]
    data_dir: Annotated[
        Path,
        Setting(
            "RELAY_DATA_DIR",
            forms.DIRECTORY,
            means="database, key and queue of one machine",
            default=DEFAULT_DATA_DIR,
            in_compose="",
        ),
    ]
    database_url: Annotated[
        str,
        Setting(
            "RELAY_DATABASE_URL",
            forms.DATABASE_URL,
            means="`postgresql://user:password@host/name`",
            default=lambda data_dir: f"sqlite:///{data_dir / 'relay.db'}",
            without="SQLite in the data directory",
            secret=True,
            refused={
                "mysql://db/relay": "it begins otherwise",
                "sqlite:///": "it has no path",
                "postgresql://relay:pass/word@db/relay": "its host or its port cannot be read",
            },
            in_compose="postgresql://relay:${POSTGRES_PASSWORD:?set it in .env}@postgres/relay",
        ),
    ]
    redis_url: Annotated[
        str,
        Setting(
            "RELAY_REDIS_URL",
            forms.REDIS_URL,
            means="`redis://host:6379/0`, or `rediss://` for TLS",
            default=data_directory.redis_url,
            without="`relay up` starts one",
            secret=True,
            refused={
                "http://valkey:6379": "it begins otherwise",
                "redis://:pass/word@valkey:6379": "its host or its port cannot be read",
                "redis://valkey:6379/first": "its port is not a number",
            },
            in_compose="redis://:${VALKEY_PASSWORD:?set it in .env}@valkey:6379/0",
        ),
    ]
    secret_keys: Annotated[
        tuple[str, ...],
        Setting(
            "RELAY_SECRET_KEY",
            forms.KEYS,
            means="encrypts secrets and raw webhooks; at least 32 characters: `openssl rand -base64 48`",
            default=data_directory.kept_key,
            without="`secret.key` in the data directory",
            secret=True,
            in_compose="${RELAY_SECRET_KEY:?set it in .env}",
            in_example="",
        ),
    ]
    trusted_proxies: Annotated[
        Proxies,
        Setting(
            "RELAY_TRUSTED_PROXIES",
            forms.PROXIES,
            means="addresses or networks between commas whose `X-Forwarded-For` is believed, or `none`; behind Docker's"
            " bridge `172.16.0.0/12`",
            default="127.0.0.1",
            refused={"the proxy": "'the proxy' does not appear to be an IPv4 or IPv6 network"},
            in_compose="127.0.0.1,172.16.0.0/12,192.168.0.0/16",
        ),
    ]
    egress_proxy: Annotated[
        str | None,
        Setting(
            "RELAY_EGRESS_PROXY",
            forms.EGRESS_PROXY,
            means="[a proxy that deliveries leave by](#deliveries-by-way-of-a-proxy), as `http://egress:3128`",
            without="they go straight",
            secret=True,
            refused={
                "egress:3128": "what came is not",
                "https://egress:3128": "what came is not",
                "http://egress": "what came is not",
                "http://u:p@egress:1": "what came is not",
                "http://e:0": "what came is not",
            },
        ),
    ]
    log_level: Annotated[
        str,
        Setting(
            "RELAY_LOG_LEVEL",
            one_of(("debug", "info", "warning", "error")),
            means="how much is logged: `debug`, `info`, `warning` or `error`",
            default="info",
            refused={"chatty": "it is 'chatty'"},
        ),
    ]
    allow_private: Annotated[
        frozenset[str],
        Setting(
            ALLOW_PRIVATE_TARGETS,
            forms.HOSTS,
            means="hosts between commas that may be private and speak plain http, as `host` or `host:port`: an n8n or"
            " Node-RED in your own network. Every hook may reach them, too",
            without="none",
            refused={"http://10.0.0.5": "one is 'http://10.0.0.5'", "zoe:pass@10.0.0.5:0": "one is '10.0.0.5:0'"},
        ),
    ]
    allow_private_sources: Annotated[
        frozenset[str],
        Setting(
            ALLOW_PRIVATE_SOURCES,
            forms.HOSTS,
            means="the same, but for sources, watches and channels alone: a panel or a mail server in your own network,"
            " which no hook reaches",
            without="none",
            refused={"10.0.0.0/8": "one is '10.0.0.0/8'"},
        ),
    ]
    """With those of `allow_private`, as they are read."""

    @classmethod
    def load(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read the environment. Raises `ConfigError` that names the variable."""
        environ = os.environ if environment is None else environment
        _check_names(environ)
        texts = {field: setting.text(environ) for field, setting in SETTINGS.items()}
        found: dict[str, Any] = {field: SETTINGS[field].read(text) for field, text in texts.items() if text}
        data_dir = found.get("data_dir") or SETTINGS["data_dir"].read(DEFAULT_DATA_DIR)
        # Afterwards, as a key may have to be made: not where a setting does not fit.
        found = {field: setting.usual(data_dir) for field, setting in SETTINGS.items() if field not in found} | found
        found["allow_private_sources"] |= found["allow_private"]
        return cls(**found)

    def __repr__(self) -> str:
        shown = (f"{field}={getattr(self, field)!r}" for field, setting in SETTINGS.items() if not setting.secret)
        return f"Config({', '.join(shown)})"


def _settings() -> Mapping[str, Setting]:
    hints = get_type_hints(Config, include_extras=True)
    return MappingProxyType({each.name: hints[each.name].__metadata__[0] for each in fields(Config)})


SETTINGS: Mapping[str, Setting] = _settings()
"""By the name of their field, in the order that the documentation has."""

VARIABLES = tuple(variable for setting in SETTINGS.values() for variable in setting.variables)
"""What the relay reads of its environment. What may hold a secret may also lie in a file, named by `..._FILE`."""


def private_for_sources(environ: Mapping[str, str]) -> frozenset[str]:
    """The hosts that requests of sources, watches and channels may reach although they are private."""
    targets, sources = SETTINGS["allow_private"], SETTINGS["allow_private_sources"]
    found: frozenset[str] = targets.read(targets.text(environ)) | sources.read(sources.text(environ))
    return found


def _check_names(environ: Mapping[str, str]) -> None:
    """Raises `ConfigError` for a name that one of ours was meant by: it would be passed over without a word."""
    for name in sorted(environ):
        if not name.startswith("RELAY_") or name in VARIABLES:
            continue
        if (plain := name.removesuffix("_FILE")) in VARIABLES:
            raise ConfigError(f"{name} is not a setting of the relay: it is not a secret. Set {plain} itself.")
        if meant := get_close_matches(name, VARIABLES, n=1, cutoff=_ALIKE):
            raise ConfigError(f"{name} is not a setting of the relay. Did you mean {meant[0]}?")
