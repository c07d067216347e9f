"""Suspending and unsuspending accounts, for panels and billing systems whose API differs in words only.

Each reads the account first: what is so already is done. So doing it again changes nothing more.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from relay.sdk.actions import Adapter, Task
from relay.sdk.outcomes import Done

ACTIVE, SUSPENDED = "active", "suspended"


@dataclass(frozen=True, slots=True)
class Account:
    """An account as it is. `id` is what the panel knows it by, `name` begins a sentence about it, such as `User acme`;
    `status` is in our words. `output` has what is told of it beside its status."""

    id: str
    name: str
    status: str | None
    output: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AccountSwitch:
    """How a panel reads an account, suspends it and lets it go on. `needs` are the source's settings for it."""

    read: Callable[[Task], Account]
    suspend: Callable[[Task, Account], None]
    unsuspend: Callable[[Task, Account], None]
    needs: tuple[str, ...]

    def actions(self) -> dict[str, Adapter]:
        return {
            "service.suspend": Adapter(self._suspend, repeatable=True, needs=self.needs),
            "service.unsuspend": Adapter(self._unsuspend, repeatable=True, needs=self.needs),
        }

    def _suspend(self, task: Task) -> Done:
        account = self.read(task)
        if account.status == SUSPENDED:
            return _done(account, "was already suspended", SUSPENDED)
        self.suspend(task, account)
        return _done(account, "was suspended", SUSPENDED)

    def _unsuspend(self, task: Task) -> Done:
        account = self.read(task)
        if account.status == ACTIVE:
            return _done(account, "was not suspended", ACTIVE)
        self.unsuspend(task, account)
        return _done(account, "was unsuspended", ACTIVE)


def _done(account: Account, what: str, status: str) -> Done:
    return Done(f"{account.name} {what}.", {**account.output, "service_status": status})
