"""idempotency keys belong to the API key that used them"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0013"
branch_labels = None
depends_on = None

_OLD = ("workspace_id", "key")
_NEW = ("workspace_id", "api_key_id", "key")
_KEPT = "workspace_id, key, request_hash, status_code, sealed, created_at"


def upgrade() -> None:
    # Whose the kept ones are is not known any more: they belong to no API key.
    _make("idempotency_anew", _NEW, sa.Column("api_key_id", sa.String(length=64), nullable=False))
    op.execute(f"INSERT INTO idempotency_anew (api_key_id, {_KEPT}) SELECT '', {_KEPT} FROM idempotency")
    _replace()
    _once("workspace_id", "requested_by", "key")


def downgrade() -> None:
    _make("idempotency_anew", _OLD)
    _replace()
    # What several API keys used would be one; without it, it may be asked for again.
    op.execute("UPDATE action_runs SET key = NULL")
    _once("workspace_id", "key")


def _make(name: str, key: tuple[str, ...], *more: sa.Column) -> None:
    op.create_table(
        name,
        sa.Column("workspace_id", sa.String(length=64), nullable=False),
        *more,
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("status_code", sa.Integer(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(*key),
    )


def _replace() -> None:
    op.drop_table("idempotency")
    op.rename_table("idempotency_anew", "idempotency")
    op.create_index("idempotency_by_age", "idempotency", ["created_at"])


def _once(*columns: str) -> None:
    with op.batch_alter_table("action_runs") as batch:
        batch.drop_constraint("action_runs_once", type_="unique")
        batch.create_unique_constraint("action_runs_once", list(columns))
