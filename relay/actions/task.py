"""What an action that the relay does itself is given."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from relay.sdk.lease import Lease
from relay.security.approval_links import Links
from relay.security.vault import Vault
from relay.storage import Database
from relay.storage.runs import Run


@dataclass(frozen=True, slots=True)
class BuiltinTask:
    """One run of an action that needs no vendor.

    `links` makes links to approve by, for messages; a dry run has none. The `lease` is told of what leaves the relay.
    """

    run: Run
    database: Database
    vault: Vault
    allow_private: frozenset[str] = frozenset()
    links: Links | None = None
    lease: Lease = field(default_factory=Lease)

    @property
    def input(self) -> Mapping[str, Any]:
        given: Mapping[str, Any] = self.run.content["input"]
        return given
