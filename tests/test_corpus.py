"""Everything that others were seen to send, and what each payload becomes.

They are never copied into the project: see tests/corpus.py.
"""

from typing import Any

import pytest

from corpus import of_corpus, published, rows
from relay.develop.samples import RECEIVED_AT
from relay.errors import NotFound
from relay.inbound.identity import read
from relay.inbound.normalize import UNVERIFIED, Origin, normalize
from relay.model import Inbound, Source
from relay.providers import get

pytestmark = of_corpus

# What the corpus calls a meaning, in our vocabulary. The others are our event types as they stand.
MEANINGS: dict[str, set[str]] = {
    "account.created": {"service.created"},
    "account.suspended": {"service.suspended"},
    "account.unsuspended": {"service.unsuspended"},
    "account.modified": {"service.updated"},
    "account.ip_changed": {"service.updated"},
    "account.package_changed": {"service.package_changed"},
    "account.status_changed": {"service.suspended", "service.unsuspended", "service.updated"},
    "backup.account_packaged": {"backup.succeeded", "backup.started"},
    "backup.ok": {"backup.succeeded"},
    "backup.run_finished": {"notice.received", "backup.succeeded"},
    "backup.verify_failed": {"backup.verification_failed"},
    "certificate.installed": {"certificate.renewed"},
    "domain.alias_added": {"domain.added"},
    "domain.renamed": {"service.updated", "domain.added"},
    "domain.transferred_in": {"domain.transferred"},
    "hosting.created": {"service.updated", "service.created"},
    "invoice.cancelled": {"invoice.voided"},
    "invoice.reminder_sent": {"invoice.overdue", "invoice.due_soon"},
    "notification.text": {"notice.received"},
    "payment.recorded": {"payment.succeeded"},
    "quota.exceeded": {"usage.exceeded"},
    "quota.near_limit": {"usage.near_limit"},
    "service.started": {"alert.resolved"},
    "service.stopped": {"alert.raised"},
    "ticket.status_changed": {"ticket.updated", "ticket.closed"},
    "monitor.down": {"monitor.down", "alert.raised"},
    "monitor.up": {"monitor.up", "alert.resolved"},
}
NO_EVENT = (
    "poll.",
    "lookup.",
    "action.",
    "cron.",
    "domain.expiry_unknown",
    "domain.in_redemption",
    "mixed",
    "refuse",
    "staff.",
)
"""What is the answer of an API, tells nothing by itself, or tells several things."""

NO_PROVIDER = {"rdap"}


def provider_of(name: str) -> Any:
    try:
        return get(name)
    except NotFound:
        pytest.fail(f"there is no provider {name}")


GATEWAYS = [each for each in rows("gateways/index.json") if each["file"].endswith((".json", ".xml", ".form"))]
PANELS = [each for each in rows("panels/index.json") if each["system"] not in NO_PROVIDER]


def events(name: str, path: str, native: str | None) -> list[Any]:
    provider = provider_of(name)
    webhook = Inbound(published(path), native=native, received_at=RECEIVED_AT, settings=provider.usual_settings)
    origin = Origin(Source("src_test", "ws_test", provider.name, provider.label), 7, UNVERIFIED)
    return normalize(provider, read(provider, webhook), origin)


def broken(made: list[Any]) -> list[Any]:
    """Events that our schemas refuse, and readers that failed."""
    failed = [event.envelope["data"] for event in made if event.type == "unknown"]
    return [event.defect for event in made if event.defect] + [each for each in failed if each["unknown"]["defect"]]


@pytest.mark.parametrize("entry", GATEWAYS, ids=[each["file"] for each in GATEWAYS])
def test_no_gateways_payload_breaks_a_reader(entry: dict[str, Any]) -> None:
    made = events(entry["provider"], f"gateways/{entry['file']}", None)

    assert broken(made) == []


@pytest.mark.parametrize("native", ["as it is known", "without a name"])
@pytest.mark.parametrize("entry", PANELS, ids=[each["file"] for each in PANELS])
def test_a_panels_payload_means_what_it_should(entry: dict[str, Any], native: str) -> None:
    named = entry["native_event"] if native == "as it is known" else None

    made = events(entry["system"], f"panels/{entry['file']}", named)

    assert broken(made) == []
    meaning = entry["meaning"]
    if named is not None and not meaning.startswith(NO_EVENT):
        assert MEANINGS.get(meaning, {meaning}) & {event.type for event in made}, {event.type for event in made}


@pytest.mark.parametrize("entry", PANELS, ids=[each["file"] for each in PANELS])
def test_no_secret_of_a_panels_payload_is_kept_or_told(entry: dict[str, Any]) -> None:
    path = f"panels/{entry['file']}"
    provider = provider_of(entry["system"])
    webhook = read(provider, Inbound(published(path), native=entry["native_event"], received_at=RECEIVED_AT))
    planted = [value for name in entry.get("secrets", ()) for value in at(provider.body.read(webhook), name)]

    kept, told = provider.storable(webhook), events(entry["system"], path, entry["native_event"])

    for secret in planted:
        assert secret.encode() not in kept
        assert not any(secret.encode() in event.body for event in told)


def at(payload: Any, name: str) -> list[str]:
    """The texts that stand at a path such as `data.pass`, wherever in the payload it begins."""
    last = name.rpartition(".")[2]
    found: list[str] = []
    waiting = [payload]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            found += [value for key, value in each.items() if key == last and isinstance(value, str) and len(value) > 3]
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
    return found
