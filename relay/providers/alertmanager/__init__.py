"""Alertmanager: alerts of Prometheus, several in one webhook, each known by its fingerprint.

What it posts: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config (version 4)
"""

from relay.sdk.alerts import problem, recovery
from relay.sdk.prometheus import CUT, cut, event_id, level, outage, read, split, started, status
from relay.sdk.provider import Alerts, On, Provider
from relay.security.verification import SharedToken

PROVIDER = Provider(
    name="alertmanager",
    label="Alertmanager",
    kind="monitor",
    homepage="https://prometheus.io/docs/alerting/latest/configuration/#webhook_config",
    verification=SharedToken(),
    split=split,
    event_name=status,
    event_id=event_id,
    occurred_at=started,
    events={
        "firing": problem(read, level),
        "resolved": recovery(read),
        CUT: On("notice.received", cut),
    },
    alerts=Alerts(outage=outage),
    secret="ours",
)
