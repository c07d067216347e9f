"""what is told once: alerts, checks, polls, installers"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("inbound", schema=None) as batch_op:
        batch_op.add_column(sa.Column("put_off", sa.Integer(), server_default="0", nullable=False))
    op.create_table(
        "alerts",
        sa.Column("source_id", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("source_id", "key"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "checks",
        sa.Column("source_id", sa.String(length=64), nullable=False),
        sa.Column("expected_at", sa.BigInteger(), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("succeeded_at", sa.BigInteger(), nullable=True),
        sa.Column("missed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("source_id"),
    )
    op.create_index("checks_due", "checks", ["expected_at"])
    op.create_table(
        "polls",
        sa.Column("source_id", sa.String(length=64), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("source_id"),
    )
    op.create_table(
        "installers",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("source_id", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    op.create_index("installers_by_age", "installers", ["expires_at"])


def downgrade() -> None:
    for table in ("installers", "polls", "checks", "alerts"):
        op.drop_table(table)
    with op.batch_alter_table("inbound", schema=None) as batch_op:
        batch_op.drop_column("put_off")
