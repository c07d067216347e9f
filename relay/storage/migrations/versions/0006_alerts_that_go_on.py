"""alerts: as what they began, which outage it is, when they were last heard of"""

import time

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# What these told as something that is down is an alert from now on; what is open ends as it began.
_CALLED_DOWN = ("alertmanager", "checkmk", "datadog", "grafana", "netdata", "zabbix")


def upgrade() -> None:
    with op.batch_alter_table("alerts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("heard_at", sa.BigInteger(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("type", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("outage", sa.String(length=255), nullable=True))
    alerts = sa.table(
        "alerts", sa.column("source_id"), sa.column("key"), sa.column("open", sa.Boolean()), sa.column("severity"),
        sa.column("changed_at"), sa.column("heard_at"), sa.column("type"), sa.column("outage"),
    )
    sources = sa.table("sources", sa.column("id"), sa.column("provider"))
    op.execute(alerts.update().values(heard_at=sa.func.coalesce(alerts.c.changed_at, int(time.time() * 1000))))
    # There a problem is known by the number of its event.
    of_zabbix = sa.select(sources.c.id).where(sources.c.provider == "zabbix")
    op.execute(alerts.update().where(alerts.c.source_id.in_(of_zabbix)).values(outage=alerts.c.key))
    of_these = sa.select(sources.c.id).where(sources.c.provider.in_(_CALLED_DOWN))
    op.execute(
        alerts.update()
        .where(alerts.c.open, alerts.c.severity == "critical", alerts.c.source_id.in_(of_these))
        .values(type="monitor.down")
    )


def downgrade() -> None:
    with op.batch_alter_table("alerts", schema=None) as batch_op:
        for name in ("outage", "type", "heard_at"):
            batch_op.drop_column(name)
