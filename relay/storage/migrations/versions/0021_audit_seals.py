"""entries of the audit log are sealed, and how many there are is kept beside them"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Older entries have none: no migration has the key.
    op.add_column("audit", sa.Column("seal", sa.String(length=80), nullable=True))
    op.create_table(
        "audit_anchors",
        sa.Column("workspace_id", sa.String(length=64), nullable=False),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.String(length=64), nullable=False),
        sa.Column("seal", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id"),
    )


def downgrade() -> None:
    op.drop_table("audit_anchors")
    op.drop_column("audit", "seal")
