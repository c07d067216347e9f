"""The tables. Instants are Unix milliseconds; `sealed` columns are opened with the vault.

`due_at` is one idea in three tables: when a row wants work. It lies ahead while a worker works on it (a lease, and
`held_by` names the worker) or while it waits for a retry, and is null once there is nothing left to do.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData()
_Id = String(64)
_Ms = BigInteger
# SQLite counts up by itself only in a column that is an INTEGER to the letter.
_Counter = BigInteger().with_variant(Integer, "sqlite")

workspaces = Table(
    "workspaces",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("name", String(200), nullable=False),
    Column("created_at", _Ms, nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("workspace_id", _Id, nullable=False),
    Column("name", String(200), nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
    Column("scopes", Text, nullable=False),
    Column("created_at", _Ms, nullable=False),
    Column("revoked_at", _Ms),
    Index("api_keys_by_workspace", "workspace_id", "id"),
)

sources = Table(
    "sources",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("workspace_id", _Id, nullable=False),
    Column("provider", String(64), nullable=False),
    Column("name", String(200), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("monitor", Boolean, nullable=False, default=False),
    Column("created_at", _Ms, nullable=False),
    Column("deleted_at", _Ms),
    Index("sources_by_workspace", "workspace_id", "id"),
)

inbound = Table(
    "inbound",
    metadata,
    Column("place", _Counter, primary_key=True, autoincrement=True),
    Column("id", _Id, nullable=False, unique=True),
    Column("workspace_id", _Id, nullable=False),
    Column("source_id", _Id, nullable=False),
    Column("dedupe_key", String(255), nullable=False),
    Column("verified_by", String(64), nullable=False),
    Column("received_at", _Ms, nullable=False),
    Column("due_at", _Ms),
    Column("put_off", Integer, nullable=False, server_default="0"),
    Column("sealed", LargeBinary),
    Column("held_by", _Id),
    UniqueConstraint("source_id", "dedupe_key", name="inbound_once"),
    sqlite_autoincrement=True,
)
Index(
    "inbound_due",
    inbound.c.due_at,
    postgresql_where=text("due_at IS NOT NULL"),
    sqlite_where=text("due_at IS NOT NULL"),
)
Index("inbound_by_source", inbound.c.source_id, inbound.c.place)
Index(
    "inbound_by_age",
    inbound.c.received_at,
    postgresql_where=text("sealed IS NOT NULL"),
    sqlite_where=text("sealed IS NOT NULL"),
)

events = Table(
    "events",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("id", _Id, nullable=False, unique=True),
    Column("workspace_id", _Id, nullable=False),
    Column("source_id", _Id, nullable=False),
    Column("place", BigInteger, nullable=False),
    Column("type", String(64), nullable=False),
    Column("received_at", _Ms, nullable=False),
    Column("customer_id", String(255)),
    Column("customer_email", String(320)),
    Column("defect", Text),
    Column("body", LargeBinary, nullable=False),
    Column("hops", SmallInteger),
    Index("events_by_workspace", "workspace_id", "sequence"),
    Index("events_by_type", "workspace_id", "type", "sequence"),
    Index("events_by_source", "workspace_id", "source_id", "sequence"),
)

customer_events = Table(
    "customer_events",
    metadata,
    Column("workspace_id", _Id, nullable=False),
    Column("known_by", String(5), nullable=False),
    Column("name", String(320), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    PrimaryKeyConstraint("workspace_id", "known_by", "name", "sequence"),
    sqlite_with_rowid=False,
)

hooks = Table(
    "hooks",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("workspace_id", _Id, nullable=False),
    Column("target_url", Text, nullable=False),
    Column("event_types", Text, nullable=False),
    Column("filters", Text, nullable=False),
    Column("platform", String(32)),
    Column("ordered", Boolean, nullable=False, default=False),
    Column("rate_limit", Float),
    Column("status", String(32), nullable=False, default="active"),
    Column("status_reason", Text),
    Column("sealed", LargeBinary, nullable=False),
    Column("failures", Integer, nullable=False, default=0),
    Column("open_until", _Ms, nullable=False, default=0),
    Column("created_at", _Ms, nullable=False),
    Column("updated_at", _Ms, nullable=False),
    Column("approval_links_by", String(255)),
    Index("hooks_by_workspace", "workspace_id", "id"),
    Index("hooks_by_status", "status"),
    Index("hooks_by_change", "updated_at"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("workspace_id", _Id, nullable=False),
    Column("event_id", _Id, nullable=False),
    Column("event_sequence", BigInteger, nullable=False),
    Column("hook_id", _Id, nullable=False),
    Column("order_key", String(255)),
    Column("state", String(16), nullable=False, default="pending"),
    Column("attempts", Integer, nullable=False, default=0),
    Column("due_at", _Ms),
    Column("created_at", _Ms, nullable=False),
    Column("finished_at", _Ms),
    Column("status_code", Integer),
    Column("error", Text),
    Column("held_by", _Id),
    Index("deliveries_by_workspace", "workspace_id", "id"),
    Index("deliveries_by_event", "event_sequence", "id"),
    Index("deliveries_by_hook", "hook_id", "id"),
)
Index(
    "deliveries_due",
    deliveries.c.hook_id,
    deliveries.c.due_at,
    postgresql_where=text("due_at IS NOT NULL"),
    sqlite_where=text("due_at IS NOT NULL"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("delivery_id", _Id, nullable=False),
    Column("number", Integer, nullable=False),
    Column("started_at", _Ms, nullable=False),
    Column("duration_ms", Integer, nullable=False),
    Column("status_code", Integer),
    Column("error", Text),
    PrimaryKeyConstraint("delivery_id", "number"),
    sqlite_with_rowid=False,
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("workspace_id", _Id, nullable=False),
    Column("api_key_id", _Id, nullable=False),
    Column("key", String(255), nullable=False),
    Column("request_hash", String(64), nullable=False),
    Column("status_code", Integer),
    Column("sealed", LargeBinary),
    Column("created_at", _Ms, nullable=False),
    PrimaryKeyConstraint("workspace_id", "api_key_id", "key"),
    Index("idempotency_by_age", "created_at"),
)

audit = Table(
    "audit",
    metadata,
    Column("number", _Counter, primary_key=True, autoincrement=True),
    Column("workspace_id", _Id, nullable=False),
    Column("at", _Ms, nullable=False),
    Column("actor", String(255), nullable=False),
    Column("action", String(64), nullable=False),
    Column("object", String(255), nullable=False),
    Column("outcome", String(64), nullable=False),
    Column("previous_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("seal", String(80)),
    sqlite_autoincrement=True,
)

audit_anchors = Table(
    "audit_anchors",
    metadata,
    Column("workspace_id", _Id, primary_key=True),
    Column("entries", _Ms, nullable=False),
    Column("head", String(64), nullable=False),
    Column("seal", String(80), nullable=False),
)

alerts = Table(
    "alerts",
    metadata,
    Column("source_id", _Id, nullable=False),
    Column("key", String(255), nullable=False),
    Column("open", Boolean, nullable=False),
    Column("severity", String(16), nullable=False),
    Column("changed_at", _Ms),
    Column("heard_at", _Ms, nullable=False, server_default="0"),
    Column("type", String(64)),
    Column("outage", String(255)),
    PrimaryKeyConstraint("source_id", "key"),
    sqlite_with_rowid=False,
)

checks = Table(
    "checks",
    metadata,
    Column("source_id", _Id, primary_key=True),
    Column("expected_at", _Ms),
    Column("started_at", _Ms),
    Column("succeeded_at", _Ms),
    Column("missed", Boolean, nullable=False, server_default=text("false")),
    Index("checks_due", "expected_at"),
)

check_runs = Table(
    "check_runs",
    metadata,
    Column("source_id", _Id, primary_key=True),
    Column("run", _Id, primary_key=True),
    Column("started_at", _Ms, nullable=False),
    Column("expected_at", _Ms),
)

polls = Table(
    "polls",
    metadata,
    Column("source_id", _Id, primary_key=True),
    Column("due_at", _Ms, nullable=False),
    Column("failures", Integer, nullable=False, server_default="0"),
)

installers = Table(
    "installers",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("source_id", _Id, nullable=False),
    Column("expires_at", _Ms, nullable=False),
    Index("installers_by_age", "expires_at"),
)

records = Table(
    "records",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("workspace_id", _Id, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("source_id", _Id, nullable=False),
    Column("native_id", String(255), nullable=False),
    Column("number", String(255)),
    Column("status", String(32)),
    Column("email", String(320)),
    Column("customer_id", String(255)),
    Column("domain", String(255)),
    Column("occurred_at", _Ms, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("moments", LargeBinary, nullable=False),
    Index("records_by_kind", "workspace_id", "kind", "sequence"),
    Index("records_by_native_id", "workspace_id", "kind", "native_id"),
)
for _name in ("number", "email", "customer_id", "domain"):
    Index(
        f"records_by_{_name}",
        records.c.workspace_id,
        records.c.kind,
        records.c[_name],
        records.c.sequence,
        postgresql_where=text(f"{_name} IS NOT NULL"),
        sqlite_where=text(f"{_name} IS NOT NULL"),
    )

action_runs = Table(
    "action_runs",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("workspace_id", _Id, nullable=False),
    Column("action", String(64), nullable=False),
    Column("risk", String(16), nullable=False),
    Column("source_id", _Id),
    Column("state", String(32), nullable=False),
    Column("requested_by", String(255), nullable=False),
    Column("created_at", _Ms, nullable=False),
    Column("due_at", _Ms),
    Column("sealed", LargeBinary, nullable=False),
    Column("key", String(255)),
    Column("request_hash", String(64), nullable=False),
    Column("decided_by", String(255)),
    Column("expires_at", _Ms),
    Column("attempts", Integer, nullable=False),
    Column("told", Boolean, nullable=False),
    Column("on_fallback", Boolean, nullable=False),
    Column("finished_at", _Ms),
    Column("held_by", _Id),
    Column("amount_minor", BigInteger),
    Column("currency", String(3)),
    UniqueConstraint("workspace_id", "requested_by", "key", name="action_runs_once"),
    Index("action_runs_by_workspace", "workspace_id", "id"),
    Index("action_runs_by_action", "workspace_id", "action", "created_at"),
)
Index(
    "action_runs_due",
    action_runs.c.due_at,
    postgresql_where=text("due_at IS NOT NULL"),
    sqlite_where=text("due_at IS NOT NULL"),
)

workers = Table(
    "workers",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("beats", BigInteger, nullable=False),
)

action_policies = Table(
    "action_policies",
    metadata,
    Column("workspace_id", _Id, nullable=False),
    Column("action", String(64), nullable=False),
    Column("mode", String(16), nullable=False),
    Column("amount", String(32)),
    Column("currency", String(3)),
    Column("per_day", String(32)),
    PrimaryKeyConstraint("workspace_id", "action"),
    sqlite_with_rowid=False,
)

channels = Table(
    "channels",
    metadata,
    Column("workspace_id", _Id, nullable=False),
    Column("name", String(64), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("created_at", _Ms, nullable=False),
    PrimaryKeyConstraint("workspace_id", "name"),
    sqlite_with_rowid=False,
)

notices = Table(
    "notices",
    metadata,
    Column("run_id", _Id, nullable=False),
    Column("channel", String(64), nullable=False),
    Column("recipient", String(64), nullable=False),
    Column("text", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("at", _Ms, nullable=False),
    Column("asked_over", String(64)),
    PrimaryKeyConstraint("run_id", "channel"),
    Index("notices_by_recipient", "recipient", "at"),
    Index("notices_by_asked_over", "asked_over", "at"),
    Index("notices_by_age", "at"),
    sqlite_with_rowid=False,
)

cursors = Table(
    "cursors",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("position", BigInteger, nullable=False),
)

unlearnt = Table(
    "unlearnt",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
)

locks = Table(
    "locks",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("holder", String(255), nullable=False),
    Column("until", _Ms, nullable=False),
)
