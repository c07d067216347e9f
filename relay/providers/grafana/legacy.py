"""Alerts of Grafana's first alerting, which version 11 took away: one for each webhook, known by its rule.

What it posted: https://grafana.com/docs/grafana/v8.5/alerting/old-alerting/notifications/#webhook
"""

from relay.sdk.alerts import FIRING, RESOLVED, alert, monitor
from relay.sdk.entities import Data
from relay.sdk.fields import Object, an_object, scalar, text

_PREFIXES = ("[Alerting] ", "[OK] ", "[No Data] ", "[Paused] ", "[Pending] ")


def watched(told: Object) -> Data:
    found = an_object(told.get("legacy"))
    key, title = scalar(found.get("ruleId")) or text(found.get("ruleName")), text(found.get("title"))
    for prefix in _PREFIXES:
        title = title.removeprefix(prefix) if title else None
    return {
        "monitor": monitor(key, text(found.get("ruleName")), kind="alert rule"),
        "alert": alert(
            key,
            title or text(found.get("ruleName")),
            RESOLVED if found.get("state") == "ok" else FIRING,
            message=text(found.get("message")),
            url=text(found.get("ruleUrl")),
        ),
    }
