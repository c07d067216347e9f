"""workers, and who holds a lease, so that a lease ends with the worker that holds it"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "workers",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("beats", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    for table in ("inbound", "deliveries", "action_runs"):
        op.add_column(table, sa.Column("held_by", sa.String(length=64), nullable=True))


def downgrade() -> None:
    for table in ("action_runs", "deliveries", "inbound"):
        with op.batch_alter_table(table) as batch:
            batch.drop_column("held_by")
    op.drop_table("workers")
