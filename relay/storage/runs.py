"""Runs of actions: what was asked for, who allowed it, and what came of it. What a run holds is sealed."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, delete, func, or_, select, update

from relay.errors import DoesNotOpen
from relay.formats import jsontext
from relay.security.vault import Vault
from relay.storage.bulk import insert_once, upsert
from relay.storage.tables import action_policies, action_runs

PENDING, QUEUED, RUNNING, UNKNOWN = "pending_approval", "queued", "running", "unknown"
SUCCEEDED, FAILED, REJECTED, EXPIRED = "succeeded", "failed", "rejected", "expired"
OVER = (SUCCEEDED, FAILED, REJECTED, EXPIRED)
COUNTED = (PENDING, QUEUED, RUNNING, UNKNOWN, SUCCEEDED)
"""What counts towards the sum of a day: all that was done, or may be."""

DAY_MS = 24 * 3600 * 1000
STATES = (PENDING, QUEUED, RUNNING, UNKNOWN, *OVER)
KEPT_MS = 400 * 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Run:
    """One call of an action. `source_id` is None for what the relay itself does.

    `told` since the first request that changes something left; `due_at` (Unix ms) is when a worker is to look at it:
    it lies ahead while one is at it. `content` holds `input`, `fallback`, and of the outcome `output`, `text`, `code`.
    `amount_minor` and `currency` are the money that it moves, as far as is known.
    """

    id: str
    workspace_id: str
    action: str
    risk: str
    source_id: str | None
    state: str
    requested_by: str
    created_at: int
    due_at: int | None
    content: Mapping[str, Any] = field(repr=False)
    key: str | None = None
    request_hash: str = ""
    decided_by: str | None = None
    expires_at: int | None = None
    attempts: int = 0
    told: bool = False
    on_fallback: bool = False
    finished_at: int | None = None
    amount_minor: int | None = None
    currency: str | None = None

    @property
    def is_over(self) -> bool:
        return self.state in OVER


@dataclass(frozen=True, slots=True)
class Policy:
    """When a person has to approve an action: `never`, `always`, or `above` an amount in a currency.

    With `per_day` also above that sum of all its runs within 24 hours.
    """

    action: str
    mode: str
    amount: str | None = None
    currency: str | None = None
    per_day: str | None = None


def add(connection: Connection, vault: Vault, run: Run) -> bool:
    """Whether it was added: a run of the same key is not added again."""
    return insert_once(connection, action_runs, **_row(vault, run))


def get(connection: Connection, vault: Vault, run_id: str) -> Run | None:
    row = connection.execute(select(action_runs).where(action_runs.c.id == run_id)).first()
    return _read(vault, row) if row else None


def with_key(connection: Connection, vault: Vault, workspace_id: str, actor: str, key: str) -> Run | None:
    """The run that an idempotency key was used for by this API key, or by the command line."""
    row = connection.execute(
        select(action_runs).where(
            action_runs.c.workspace_id == workspace_id,
            action_runs.c.requested_by == actor,
            action_runs.c.key == key,
        )
    ).first()
    return _read(vault, row) if row else None


def search(
    connection: Connection, vault: Vault, workspace_id: str, *, state: str | None, action: str | None,
    before: str | None, limit: int,
) -> list[Run]:  # fmt: skip
    """Newest first, without those that do not open."""
    statement = select(action_runs).where(action_runs.c.workspace_id == workspace_id)
    for column, value in ((action_runs.c.state, state), (action_runs.c.action, action)):
        if value is not None:
            statement = statement.where(column == value)
    if before is not None:
        statement = statement.where(action_runs.c.id < before)
    found: list[Run] = []
    for row in connection.execute(statement.order_by(action_runs.c.id.desc())):
        with suppress(DoesNotOpen):
            found.append(_read(vault, row))
        if len(found) == limit:
            break
    return found


def count(connection: Connection, workspace_id: str) -> int:
    ours = select(func.count()).where(action_runs.c.workspace_id == workspace_id)
    return int(connection.execute(ours).scalar_one())


def any_due(connection: Connection, now: int) -> bool:
    return connection.execute(select(action_runs.c.id).where(action_runs.c.due_at <= now).limit(1)).first() is not None


def take(connection: Connection, vault: Vault, now: int, lease_until: int, limit: int, holder: str) -> list[Run]:
    """What is due, oldest first, the holder's until the lease ends. Its state is the one before it was taken."""
    due = select(action_runs).where(action_runs.c.due_at <= now).order_by(action_runs.c.due_at).limit(limit)
    rows = list(connection.execute(due.with_for_update(skip_locked=True)))
    taken = []
    for row in rows:
        held = update(action_runs).where(action_runs.c.id == row.id, action_runs.c.due_at == row.due_at)
        if connection.execute(held.values(due_at=lease_until, held_by=holder)).rowcount:
            # One that does not open waits for its key, and keeps no other from being done.
            with suppress(DoesNotOpen):
                taken.append(replace(_read(vault, row), due_at=lease_until))
    return taken


def hold(connection: Connection, run: Run, lease_until: int, *, told: bool) -> bool:
    """Hold a taken run longer, and note whether something was told by now; false if another has it."""
    values = {"due_at": lease_until, "state": RUNNING, "told": told}
    held = update(action_runs).where(action_runs.c.id == run.id, action_runs.c.due_at == run.due_at)
    return connection.execute(held.values(**values)).rowcount > 0


def free(connection: Connection, holder: str, now: int) -> int:
    """What a dead worker held is due; returns how many runs that is. Whoever takes one looks up what became of it."""
    held = update(action_runs).where(action_runs.c.due_at > now, action_runs.c.held_by == holder)
    return int(connection.execute(held.values(due_at=now, held_by=None)).rowcount)


def save(connection: Connection, vault: Vault, run: Run, *, was_due: int | None) -> bool:
    """Write a run over, unless it changed hands since its `due_at` was `was_due`; returns whether it was written."""
    row = _row(vault, run)
    del row["id"]
    mine = action_runs.c.due_at.is_(None) if was_due is None else action_runs.c.due_at == was_due
    done = connection.execute(update(action_runs).where(action_runs.c.id == run.id, mine).values(**row))
    return done.rowcount > 0


def prune(connection: Connection, now: int) -> int:
    """Remove what ended long ago, of which the audit log keeps that it was; returns how many runs those were."""
    old = action_runs.c.created_at < now - KEPT_MS
    ended = or_(action_runs.c.due_at.is_(None), action_runs.c.due_at < now)
    return connection.execute(delete(action_runs).where(old, ended)).rowcount


def policies(connection: Connection, workspace_id: str) -> dict[str, Policy]:
    """Those that were set, by action."""
    rows = connection.execute(select(action_policies).where(action_policies.c.workspace_id == workspace_id))
    return {row.action: _policy(row) for row in rows}


def policy_of(connection: Connection, workspace_id: str, action: str, *, lock: bool = False) -> Policy | None:
    """What was set for one action. With `lock`, nobody else gets past this before the transaction ends: then what they
    add to the day's sum is seen."""
    statement = select(action_policies).where(
        action_policies.c.workspace_id == workspace_id, action_policies.c.action == action
    )
    row = connection.execute(statement.with_for_update() if lock else statement).first()
    return _policy(row) if row else None


def sum_of_day(
    connection: Connection, workspace_id: str, action: str, currency: str, now: int, *, before: str | None = None
) -> int:
    """What runs of an action moved within a day in a currency, or may move, in its smallest unit. With `before` only
    those asked for before that run."""
    statement = select(func.coalesce(func.sum(action_runs.c.amount_minor), 0)).where(
        action_runs.c.workspace_id == workspace_id,
        action_runs.c.action == action,
        action_runs.c.created_at > now - DAY_MS,
        action_runs.c.currency == currency,
        action_runs.c.state.in_(COUNTED),
    )
    if before is not None:
        statement = statement.where(action_runs.c.id < before)
    return int(connection.execute(statement).scalar_one())


def note_money(connection: Connection, run: Run) -> None:
    """Keep what a run was found to move."""
    changed = update(action_runs).where(action_runs.c.id == run.id)
    connection.execute(changed.values(amount_minor=run.amount_minor, currency=run.currency))


def set_policy(connection: Connection, workspace_id: str, policy: Policy) -> None:
    values = {
        "mode": policy.mode,
        "amount": policy.amount,
        "currency": policy.currency,
        "per_day": policy.per_day,
    }
    upsert(connection, action_policies, {"workspace_id": workspace_id, "action": policy.action}, values)


def _row(vault: Vault, run: Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "workspace_id": run.workspace_id,
        "action": run.action,
        "risk": run.risk,
        "source_id": run.source_id,
        "state": run.state,
        "requested_by": run.requested_by,
        "created_at": run.created_at,
        "due_at": run.due_at,
        "sealed": vault.seal(jsontext.dumps(run.content), run.id),
        "key": run.key,
        "request_hash": run.request_hash,
        "decided_by": run.decided_by,
        "expires_at": run.expires_at,
        "attempts": run.attempts,
        "told": run.told,
        "on_fallback": run.on_fallback,
        "finished_at": run.finished_at,
        "held_by": None,
        "amount_minor": run.amount_minor,
        "currency": run.currency,
    }


def _policy(row: Any) -> Policy:
    return Policy(row.action, row.mode, row.amount, row.currency, row.per_day)


def _read(vault: Vault, row: Any) -> Run:
    return Run(
        id=row.id,
        workspace_id=row.workspace_id,
        action=row.action,
        risk=row.risk,
        source_id=row.source_id,
        state=row.state,
        requested_by=row.requested_by,
        created_at=row.created_at,
        due_at=row.due_at,
        content=jsontext.loads(vault.open(row.sealed, row.id)),
        key=row.key,
        request_hash=row.request_hash,
        decided_by=row.decided_by,
        expires_at=row.expires_at,
        attempts=row.attempts,
        told=row.told,
        on_fallback=row.on_fallback,
        finished_at=row.finished_at,
        amount_minor=row.amount_minor,
        currency=row.currency,
    )


PRUNE = prune
