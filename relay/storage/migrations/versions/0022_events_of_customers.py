"""which events are about a customer is a table of its own, filled beside the way of events

The events of now are put into it by the clock: copying them here would hold up all others.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "customer_events",
        sa.Column("workspace_id", sa.String(length=64), nullable=False),
        sa.Column("known_by", sa.String(length=5), nullable=False),
        sa.Column("name", sa.String(length=320), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "known_by", "name", "sequence"),
        sqlite_with_rowid=False,
    )
    op.execute("INSERT INTO cursors (name, position) SELECT 'customers', position FROM cursors WHERE name = 'registry'")
    for name in ("customer_id", "customer_email"):
        op.drop_index(f"events_by_{name}", "events")


def downgrade() -> None:
    for name in ("customer_id", "customer_email"):
        op.create_index(
            f"events_by_{name}",
            "events",
            ["workspace_id", name, "sequence"],
            postgresql_where=sa.text(f"{name} IS NOT NULL"),
            sqlite_where=sa.text(f"{name} IS NOT NULL"),
        )
    op.execute("DELETE FROM cursors WHERE name = 'customers'")
    op.drop_table("customer_events")
