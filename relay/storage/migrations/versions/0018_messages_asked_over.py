"""how many messages API keys had sent over each channel"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("notices", sa.Column("asked_over", sa.String(length=64), nullable=True))
    op.create_index("notices_by_asked_over", "notices", ["asked_over", "at"])


def downgrade() -> None:
    op.drop_index("notices_by_asked_over", "notices")
    with op.batch_alter_table("notices") as batch:
        batch.drop_column("asked_over")
