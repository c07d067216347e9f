"""Findings: what `relay doctor` says of an installation. An area hands out as `FINDINGS` where to look."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from relay.config import Config
from relay.model import Source
from relay.security.vault import Vault
from relay.storage import Connection

FINE, LOOK, BROKEN = "ok", "look", "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """`state` is ok, look or broken; `remedy` is empty where there is nothing to do."""

    state: str
    what: str
    found: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Stored:
    """A database that answers, and what is needed to read it."""

    config: Config
    connection: Connection
    vault: Vault
    now: int
    """In Unix ms."""

    workspace_id: str | None
    """None before the first start has made one."""


@dataclass(frozen=True, slots=True)
class OfSettings:
    """Looks at the settings and at what they point to, also where no database answers."""

    look: Callable[[Config], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class OfStored:
    """Looks at what is stored."""

    look: Callable[[Stored], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class OfSource:
    """Looks at each source that opens: `start` reads what is needed for all of them, and returns what looks at one."""

    start: Callable[[Stored], Callable[[Source], Iterable[Finding]]]
