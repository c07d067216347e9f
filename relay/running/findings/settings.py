"""The settings of an installation, and its data directory."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from relay.areas.findings import BROKEN, FINE, LOOK, Finding, OfSettings
from relay.config import Config
from relay.config.data_directory import LEAST_FREE, free_bytes
from relay.security.vault import is_weak

_MOST_NAMED = 5


def secret_key(config: Config) -> Iterator[Finding]:
    key = config.data_dir / "secret.key"
    if key.exists() and stat.S_IMODE(key.stat().st_mode) & 0o077:
        yield Finding(BROKEN, "secret key", "others on this machine can read it", f"chmod 600 {key}")
    if any(is_weak(each) for each in config.secret_keys):
        found = "RELAY_SECRET_KEY looks typed, not drawn: whoever has the database can guess it"
        remedy = "put a new one in front (openssl rand -base64 48), then relay vault rotate"
        yield Finding(LOOK, "secret key", found, remedy)


def data_directory(config: Config) -> Iterator[Finding]:
    yield from readable_by_others(config.data_dir)
    free = free_bytes(config.data_dir)
    if free is not None and free < LEAST_FREE:
        found = f"{free // 2**20} MiB are free at {config.data_dir}: webhooks are about to be answered 503"
        yield Finding(BROKEN, "disk", found, "make room: senders try again, and it goes on by itself")


def readable_by_others(data_dir: Path) -> Iterator[Finding]:
    """What others on this machine can read, though it holds people's events."""
    if not data_dir.is_dir() or not stat.S_IMODE(data_dir.stat().st_mode) & 0o077:
        return
    names = sorted(each.name for each in data_dir.iterdir() if stat.S_IMODE(each.lstat().st_mode) & 0o077)
    if names:
        found = f"others on this machine can read {', '.join(names[:_MOST_NAMED])}"
        yield Finding(BROKEN, "data directory", found, f"chmod -R go-rwx {data_dir}")


def public_address(config: Config) -> Iterator[Finding]:
    if not os.environ.get("RELAY_PUBLIC_URL"):
        remedy = "set RELAY_PUBLIC_URL to the https address that providers reach"
        yield Finding(LOOK, "public address", f"sources show {config.public_url}", remedy)
    elif not config.public_url.startswith("https://"):
        yield Finding(LOOK, "public address", config.public_url, "providers and Zapier need https")
    else:
        yield Finding(FINE, "public address", config.public_url)


def private_hosts(config: Config) -> Iterator[Finding]:
    if config.allow_private:
        yield Finding(FINE, "private targets", f"allowed: {', '.join(sorted(config.allow_private))}")
    if alone := config.allow_private_sources - config.allow_private:
        yield Finding(FINE, "private sources", f"allowed: {', '.join(sorted(alone))}")


FINDINGS = (OfSettings(secret_key), OfSettings(data_directory), OfSettings(public_address), OfSettings(private_hosts))
