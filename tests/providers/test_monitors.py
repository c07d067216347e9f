"""What monitors have in common: down and up under one key, told once, and no test is an outage."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from corpus import of_corpus, published, rows
from kit.cases import cases
from relay.develop.samples import RECEIVED_AT, Sample, all_samples, find
from relay.formats import jsontext
from relay.inbound.identity import native_id, read
from relay.inbound.normalize import Origin, normalize
from relay.model import Event, Inbound, Source
from relay.providers import get

NAMES = (
    "alertmanager",
    "betterstack",
    "checkmk",
    "cloudflare",
    "datadog",
    "grafana",
    "healthchecks",
    "netdata",
    "pingdom",
    "statuscake",
    "updown",
    "uptime_kuma",
    "uptimerobot",
    "zabbix",
)
SAMPLES = [sample for name in NAMES for sample in all_samples(name)]

# File, and of each event its type, the alert's key and the severity.
TOLD: Sequence[tuple[str, list[tuple[str, str | None, str]]]] = (
    ("alertmanager/resolved.json", [("alert.resolved", "a1bc48475b20e73d", "info")]),
    (
        "alertmanager/two_firing.json",
        [("alert.raised", "a1bc48475b20e73d", "critical"), ("alert.raised", "c2ea85182f28cbd9", "critical")],
    ),
    ("betterstack/incident_resolved.json", [("monitor.up", "25", "info")]),
    ("betterstack/incident_started.json", [("monitor.down", "25", "critical")]),
    ("checkmk/host_problem.json", [("monitor.down", "cmk/server1", "critical")]),
    ("checkmk/host_recovery.json", [("monitor.up", "cmk/server1", "info")]),
    ("datadog/recovered.json", [("alert.resolved", "1234567890/host:srv1-eu1-prod", "info")]),
    ("datadog/triggered.json", [("alert.raised", "1234567890/host:srv1-eu1-prod", "critical")]),
    ("grafana/v9_firing.json", [("alert.raised", "d8a21484c9c25a60", "critical")]),
    ("grafana/v9_resolved.json", [("alert.resolved", "d8a21484c9c25a60", "info")]),
    ("healthchecks/down.json", [("backup.missed", None, "warning")]),
    ("healthchecks/up.json", [("backup.succeeded", None, "info")]),
    ("netdata/alert_critical.json", [("alert.raised", "disk_space_usage/disk_space._", "critical")]),
    ("netdata/reachability_down.json", [("monitor.down", "acme1", "critical")]),
    ("pingdom/http_up_to_down.json", [("monitor.down", "2048467", "critical")]),
    ("pingdom/imap_down_to_up.json", [("monitor.up", "2051859", "info")]),
    ("statuscake/down.json", [("monitor.down", "6735291", "critical")]),
    ("statuscake/down_no_id.json", [("monitor.down", "Blogco", "critical")]),
    ("updown/check_down.json", [("monitor.down", "ngg8", "critical")]),
    ("updown/two_events_array.json", [("monitor.down", "ngg8", "critical"), ("monitor.up", "ngg8", "info")]),
    ("uptime_kuma/domain_expiry.json", [("domain.expiring", None, "warning")]),
    ("uptime_kuma/down.json", [("monitor.down", "7", "critical")]),
    ("uptime_kuma/up.json", [("monitor.up", "7", "info")]),
    ("uptimerobot/full_template_down.json", [("monitor.down", "777749809", "critical")]),
    ("uptimerobot/monitor_down.json", [("monitor.down", "Web Server", "critical")]),
    ("uptimerobot/monitor_up.json", [("monitor.up", "Mail Server", "info")]),
    ("zabbix/media_type_macros.json", [("alert.raised", "10528", "critical")]),
    ("zabbix/ok.json", [("alert.resolved", "14032", "info")]),
    ("zabbix/problem_average.json", [("alert.raised", "14032", "critical")]),
)


def events(name: str, webhook: Inbound) -> list[Event]:
    provider = get(name)
    heard = replace(webhook, settings=provider.usual_settings | dict(webhook.settings))
    origin = Origin(Source("src_1", "ws_1", name, provider.label), 1, "shared_token")
    return normalize(provider, read(provider, heard), origin)


def of(sample: str) -> list[Event]:
    found = find(sample)
    return events(found.provider, found.inbound)


def key(event: Event) -> str | None:
    """What the relay knows an alert by (relay/storage/alerts.py)."""
    data = event.envelope["data"]
    return (data.get("alert") or {}).get("key") or (data.get("monitor") or {}).get("id")


@of_corpus
@pytest.mark.parametrize(("file", "told"), TOLD, ids=[file for file, _ in TOLD])
def test_what_others_were_seen_to_send_is_told(file: str, told: list[tuple[str, str | None, str]]) -> None:
    name = file.partition("/")[0]

    made = events(name, Inbound(published(f"panels/{file}"), received_at=RECEIVED_AT))

    assert [(event.type, key(event), event.envelope["severity"]) for event in made] == told
    assert [event.defect for event in made if event.defect] == []


@of_corpus
def test_nothing_that_others_were_seen_to_send_is_left_out() -> None:
    files = {each["file"] for each in rows("panels/index.json") if each["system"] in NAMES}

    assert files == {file for file, _ in TOLD}


@cases(
    ("begins", "ends"),
    [
        ("alertmanager:firing", "alertmanager:resolved"),
        ("betterstack:started", "betterstack:acknowledged"),
        ("betterstack:started", "betterstack:resolved"),
        ("checkmk:host-problem", "checkmk:host-acknowledgement"),
        ("checkmk:host-problem", "checkmk:host-recovery"),
        ("cloudflare:start", "cloudflare:end"),
        ("datadog:Triggered", "datadog:Recovered"),
        ("datadog:Warn", "datadog:Triggered"),
        ("netdata:critical", "netdata:clear"),
        ("netdata:unreachable", "netdata:reachable"),
        ("pingdom:down", "pingdom:up"),
        ("uptime_kuma:down", "uptime_kuma:up--form"),
        ("uptimerobot:down", "uptimerobot:up--form"),
        ("zabbix:problem", "zabbix:acknowledged"),
        ("zabbix:problem", "zabbix:ok"),
    ],
)
def test_what_follows_an_alert_has_its_key(begins: str, ends: str) -> None:
    first, later = of(begins)[0], of(ends)[0]

    assert key(first) == key(later) is not None
    assert first.id != later.id


@cases("sample", SAMPLES, ids=[sample.id for sample in SAMPLES])
def test_whatever_begins_or_ends_can_be_known_again(sample: Sample) -> None:
    made = events(sample.provider, sample.inbound)

    stating = [event for event in made if event.type.startswith(("monitor.", "alert."))]

    assert [event.type for event in stating if key(event) is None] == []
    assert [event.type for event in stating if event.type == "unknown"] == []


@pytest.mark.parametrize("sample", [each for each in SAMPLES if "test" in each.name], ids=lambda sample: sample.id)
def test_a_test_is_a_notice_and_never_an_outage(sample: Sample) -> None:
    assert [event.type for event in events(sample.provider, sample.inbound)] == ["notice.received"]


WITHOUT_A_TIME = {
    "grafana:legacy-alerting",
    "healthchecks:down",
    "healthchecks:down--no-backup",
    "healthchecks:up",
    "netdata:reachable",
    "netdata:unreachable",
    "statuscake:down",
    "statuscake:up--without-id",
    "uptime_kuma:domain-expiry",
    "uptimerobot:down--variables-left",
}


@cases("sample", sorted(WITHOUT_A_TIME))
def test_the_same_words_a_week_later_are_another_event(sample: str) -> None:
    found = find(sample)
    provider = get(found.provider)
    a_week_later = replace(found.inbound, received_at=RECEIVED_AT + timedelta(days=7))

    first, later = events(found.provider, found.inbound), events(found.provider, a_week_later)

    assert {event.id for event in first}.isdisjoint(event.id for event in later)
    assert native_id(provider, read(provider, found.inbound)) != native_id(provider, read(provider, a_week_later))


@cases("sample", [each for each in SAMPLES if each.inbound.body[:1] in (b"{", b"[")], ids=lambda sample: sample.id)
@cases("odd", [None, "", 7, True, [], {}, [None], "soon", "0001-01-01T00:00:00Z", 10**20])
def test_no_value_breaks_a_reader(sample: Sample, odd: Any) -> None:
    for changed in with_each_value_as(jsontext.loads(sample.inbound.body), odd):
        made = events(sample.provider, replace(sample.inbound, body=jsontext.dumps(changed)))

        broken = [event.envelope["data"]["unknown"]["defect"] for event in made if event.type == "unknown"]
        assert [event.defect for event in made if event.defect] + [each for each in broken if each] == [], changed


def with_each_value_as(value: Any, odd: Any) -> list[Any]:
    """The same object once for each of its values, at any depth, with this one odd."""
    places = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    changed = []
    for place, held in places:
        for other in [odd, *with_each_value_as(held, odd)]:
            copy = dict(value) if isinstance(value, dict) else list(value)
            copy[place] = other
            changed.append(copy)
    return changed
