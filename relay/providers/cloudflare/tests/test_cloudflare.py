"""What is peculiar to Cloudflare: one form for all that it watches, and recoveries that begin."""

from typing import Any

import pytest

from kit.cases import cases
from kit.provider import ProviderUnderTest

CLOUDFLARE = ProviderUnderTest("cloudflare")


def health(kind: str = "health_check_status_notification", event: str | None = None, **data: Any) -> Any:
    return CLOUDFLARE.payload("start") | {"alert_type": kind, "alert_event": event, "data": data}


START, END = "ALERT_STATE_EVENT_START", "ALERT_STATE_EVENT_END"


@cases(
    ("notification", "told"),
    [
        (health(event=START), "monitor.down"),
        (health(event=END), "monitor.up"),
        (health(event=START, new_health_status="Healthy"), "monitor.up"),
        (health(new_health_status="Unhealthy"), "monitor.down"),
        (health("load_balancing_health_alert", new_health="Healthy"), "monitor.up"),
        (health("tunnel_health_event", START, new_status="TUNNEL_STATUS_TYPE_DOWN"), "monitor.down"),
        (health("tunnel_health_event", START, new_status="TUNNEL_STATUS_TYPE_DEGRADED"), "alert.raised"),
        (health("tunnel_health_event", START, new_status="TUNNEL_STATUS_TYPE_HEALTHY"), "monitor.up"),
        (health("http_alert_origin_error", START), "alert.raised"),
        (health("http_alert_origin_error", END), "alert.resolved"),
        (health("load_balancing_pool_enablement_alert"), "notice.received"),
        (health("billing_usage_alert"), "notice.received"),
    ],
)
def test_what_cannot_be_reached_is_down_and_all_else_is_an_alert_or_a_notice(notification: Any, told: str) -> None:
    assert CLOUDFLARE.types(notification) == [told]


@pytest.mark.parametrize(
    ("notification", "lasts"),
    [
        (health(event=START), True),
        (health(event=START) | {"alert_correlation_id": None}, False),
        (health(event=START, tunnel_id="t1") | {"alert_correlation_id": None}, True),
        (health(event=END) | {"alert_correlation_id": None}, False),
    ],
)
def test_a_policy_is_no_alert_and_what_only_names_one_is_told_each_time(notification: Any, *, lasts: bool) -> None:
    event = CLOUDFLARE.event(notification)

    assert (event.alert is not None) == lasts


@pytest.mark.parametrize(
    ("kind", "event", "data", "told"),
    [
        ("access_custom_certificate_expiration_type", START, {}, "certificate.expiring"),
        ("mtls_certificate_store_certificate_expiration_type", None, {}, "certificate.expiring"),
        ("universal_ssl_event_type", START, {"event_type": "expiration"}, "certificate.expiring"),
        ("universal_ssl_event_type", START, {"event_type": "issuance"}, "notice.received"),
        ("dedicated_ssl_certificate_event_type", None, {"certificate_status": "active"}, "notice.received"),
        ("access_custom_certificate_expiration_type", END, {}, "notice.received"),
    ],
)
def test_a_certificate_expires_only_where_it_is_said(kind: str, event: str | None, data: Any, told: str) -> None:
    notification = health(kind, event, **data) | {"text": "About a certificate"}

    assert CLOUDFLARE.types(notification) == [told]


def test_a_certificate_is_told_with_its_names_and_days() -> None:
    data = {"hostnames": "a.example, b.example", "days_til_expiration": 14, "certificate_id": "cert17"}

    event = CLOUDFLARE.event(health("access_custom_certificate_expiration_type", START, **data))

    told = event.envelope["data"]["certificate"]
    assert {name: value for name, value in told.items() if value} == {
        "id": "cert17",
        "domain": "a.example",
        "names": ["a.example", "b.example"],
        "days_until_expiry": 14,
    }


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"alert_correlation_id": "corr1"}, "corr1"),
        ({"alert_correlation_id": None, "data": {"health_check_id": "hc1"}}, "hc1"),
        ({"alert_correlation_id": None, "data": {}}, "pol17"),
    ],
)
def test_an_alert_is_known_by_its_correlation_or_by_what_is_watched(fields: Any, key: str) -> None:
    event = CLOUDFLARE.event(CLOUDFLARE.payload("start") | {"alert_event": START} | fields)

    assert event.envelope["data"]["alert"]["key"] == key
