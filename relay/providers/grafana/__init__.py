"""Grafana: alerts in the form of Prometheus, signed if the contact point is told to.

What it posts: https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from relay.providers.grafana import legacy
from relay.sdk import prometheus
from relay.sdk.alerts import CRITICAL, notice, problem, recovery
from relay.sdk.entities import Data
from relay.sdk.fields import Object, an_object, dig, text
from relay.sdk.inbound import Inbound
from relay.sdk.provider import Alerts, On, Provider, by_arrival
from relay.security.verification import Coverage, Credentials, HmacSignature, SharedToken

_HEADER, _STAMP = "x-grafana-alerting-signature", "x-grafana-alerting-timestamp"
_SIGNED = HmacSignature("grafana_signature", header=_HEADER)
_STAMPED = HmacSignature("grafana_signature", header=_HEADER, signed="{stamp}:{body}", stamp_header=_STAMP, window=300)
_TOKEN = SharedToken()


@dataclass(frozen=True, slots=True)
class GrafanaProof:
    """Its signature, with or without a stamp; or a token, where the contact point signs nothing."""

    name: str = "grafana_signature"

    blocking: ClassVar[bool] = False

    def covers(self, proof: str) -> Coverage:
        return "fully" if proof == self.name else "not"

    def verify(self, inbound: Inbound, credentials: Credentials, now: float) -> str:
        if _HEADER not in inbound.headers:
            return _TOKEN.verify(inbound, credentials, now)
        scheme = _STAMPED if _STAMP in inbound.headers else _SIGNED
        return scheme.verify(inbound, credentials, now)

    def sign(self, inbound: Inbound, credentials: Credentials, now: float) -> Inbound:
        return _STAMPED.sign(inbound, credentials, now)


def split(inbound: Inbound) -> Sequence[Inbound]:
    if "alerts" not in inbound.payload and "ruleId" in inbound.payload:
        return (replace(inbound, payload={"legacy": inbound.payload}),)
    return prometheus.split(inbound)


def event_name(inbound: Inbound) -> str | None:
    """How an alert stands; `test` for what the button of a contact point sends, which looks like an alert."""
    if "legacy" in inbound.payload:
        found = an_object(inbound.payload["legacy"])
        return "test" if found.get("ruleName") == "Test notification" else f"legacy {text(found.get('state'))}"
    labels = an_object(dig(inbound.payload, "alert", "labels"))
    if labels.get("alertname") == "TestAlert" and labels.get("instance") == "Grafana":
        return "test"
    return prometheus.status(inbound)


def event_id(inbound: Inbound) -> str | None:
    if "legacy" in inbound.payload or "ruleId" in inbound.payload:
        return by_arrival(inbound)
    return prometheus.event_id(inbound)


def tried(told: Object) -> Data:
    words = text(dig(told, "alert", "annotations", "summary"), dig(told, "legacy", "message"))
    return notice("Test notification", words, "Grafana")


PROVIDER = Provider(
    name="grafana",
    label="Grafana",
    kind="monitor",
    homepage="https://grafana.com/docs/grafana/latest/alerting/configure-notifications/",
    verification=GrafanaProof(),
    split=split,
    event_name=event_name,
    event_id=event_id,
    occurred_at=prometheus.started,
    events={
        "firing": problem(prometheus.read, prometheus.level),
        "resolved": recovery(prometheus.read),
        "test": On("notice.received", tried),
        prometheus.CUT: On("notice.received", prometheus.cut),
        "legacy alerting": On("alert.raised", legacy.watched, severity=CRITICAL),
        "legacy no_data": On("alert.raised", legacy.watched, severity=CRITICAL),
        "legacy ok": recovery(legacy.watched),
    },
    ignored=frozenset(["legacy paused", "legacy pending"]),
    alerts=Alerts(outage=prometheus.outage),
    secret="ours",
)
