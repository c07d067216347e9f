"""what runs of actions move, and a policy's sum for a day"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("action_runs", sa.Column("amount_minor", sa.BigInteger(), nullable=True))
    op.add_column("action_runs", sa.Column("currency", sa.String(length=3), nullable=True))
    op.create_index("action_runs_by_action", "action_runs", ["workspace_id", "action", "created_at"])
    op.add_column("action_policies", sa.Column("per_day", sa.String(length=32), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("action_policies") as batch:
        batch.drop_column("per_day")
    op.drop_index("action_runs_by_action", table_name="action_runs")
    with op.batch_alter_table("action_runs") as batch:
        batch.drop_column("currency")
        batch.drop_column("amount_minor")
