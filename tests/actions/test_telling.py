"""What came of a run, as the event that tells of it, and as what is known from then on."""

from pathlib import Path
from typing import Any

import pytest

from actions.bench import Bench
from relay.catalogue.action_types import get as get_action
from relay.inbound.identity import read
from relay.inbound.normalize import Origin, normalize
from relay.inbound.stored import open_stored
from relay.insight.records import told
from relay.model import Source, now_ms
from relay.providers import get as get_provider
from relay.sdk.actions import Adapter, Task
from relay.sdk.outcomes import Done, Failed
from relay.storage.runs import PENDING
from relay.storage.tables import inbound

GIVEN = {
    "invoice.fetch": {"invoice_id": "1042"},
    "subscription.pause": {"subscription_id": "sub_1"},
    "service.suspend": {"service_id": "acme"},
    "domain.renew": {"domain": "acme.example"},
    "customer.fetch": {"customer_id": "41"},
    "ticket.open": {"subject": "Help", "message": "It broke."},
    "certificate.renew": {"service_id": "acme"},
    "backup.start": {"service_id": "acme"},
    "invoice.create": {"customer_id": "41", "amount": 24, "currency": "EUR", "description": "Backup"},
}


def event(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, action: str, output: dict[str, Any] | None) -> Any:
    """The event that tells of an action's end. Without an output it fails."""

    def run(_: Task) -> Done:
        if output is None:
            raise Failed("It could not be done.")
        return Done("It was done.", {**dict.fromkeys(get_action(action).outputs), **output})

    bench = Bench(tmp_path, {action: Adapter(run)}, monkeypatch)
    asked = bench.ask(action, **GIVEN[action])
    if asked.state == PENDING:
        asked = bench.desk("key_2").decide(asked.id, approve=True)
    bench.carry_out(asked)
    with bench.database.read() as connection:
        row = connection.execute(inbound.select().order_by(inbound.c.place.desc())).first()
    assert row is not None
    provider, own = get_provider("relay"), Source(row.source_id, bench.workspace_id, "relay", "Relay")
    kept = read(provider, open_stored(bench.vault, row))
    (found,) = normalize(provider, kept, Origin(own, now_ms(), row.verified_by))
    assert found.defect is None
    return found.envelope


@pytest.mark.parametrize(
    ("action", "output", "kind", "told_of"),
    [
        ("service.suspend", {"service_id": "acme", "service_status": "suspended", "plan": "Gold"}, "service",
         {"id": "acme", "status": "suspended", "plan": "Gold"}),
        ("invoice.fetch", {"invoice_id": "1042", "invoice_status": "Unpaid", "due_at": "2026-12-06T00:00:00Z"},
         "invoice", {"id": "1042", "status": "open", "due_at": "2026-12-06T00:00:00Z"}),
        ("invoice.fetch", {"invoice_id": "1042", "invoice_status": "Collections"}, "invoice", {"id": "1042"}),
        ("subscription.pause", {"subscription_id": "sub_1", "subscription_status": "paused"}, "subscription",
         {"id": "sub_1", "status": "paused"}),
        ("domain.renew", {"domain": "acme.example", "expires_at": "2027-12-01T00:00:00Z"}, "domain",
         {"name": "acme.example", "expires_at": "2027-12-01T00:00:00Z"}),
    ],
)  # fmt: skip
def test_a_success_tells_how_the_thing_is_now(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    action: str,
    output: dict[str, Any],
    kind: str,
    told_of: dict[str, Any],
) -> None:
    found = event(tmp_path, monkeypatch, action, output)

    assert found["data"]["action"]["provider"] == "standard"
    assert {name: each for name, each in found["data"][kind].items() if each not in (None, [])} == told_of
    (record,) = told(found)
    assert (record.kind, record.status) == (kind, told_of.get("status"))
    assert record.source_id == found["data"]["action"]["source_id"] != found["source"]["id"]
    assert record.item["source"]["kind"] == get_provider("standard").kind


def test_a_customer_that_was_found_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output = {"customer_id": "41", "name": "Zoë Müller", "email": "zoe@acme.example"}

    found = event(tmp_path, monkeypatch, "customer.fetch", output)

    assert found["customer"] == {"id": "41", "name": "Zoë Müller", "email": "zoe@acme.example", "company": None}
    (record,) = told(found)
    assert (record.kind, record.native_id, record.email) == ("customer", "41", "zoe@acme.example")


@pytest.mark.parametrize(
    ("action", "output"),
    [
        ("certificate.renew", {"service_id": "acme", "domain": "shop.example", "request_status": "started"}),
        ("backup.start", {"service_id": "acme", "backup_status": "started"}),
        ("ticket.open", {"ticket_id": "310"}),
    ],
)
def test_what_only_names_a_thing_tells_nothing_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, action: str, output: dict[str, Any]
) -> None:
    found = event(tmp_path, monkeypatch, action, output)

    assert found["data"]["action"]["status"] == "succeeded"
    assert list(told(found)) == []


def test_an_invoice_that_was_made_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output = {"invoice_id": "in_9", "invoice_number": "INV-9", "invoice_status": "open"}

    (record,) = told(event(tmp_path, monkeypatch, "invoice.create", output))

    assert (record.kind, record.native_id, record.number, record.status) == ("invoice", "in_9", "INV-9", "open")


@pytest.mark.parametrize("action", ["service.suspend", "ticket.open"])
def test_a_failure_tells_of_no_thing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, action: str) -> None:
    found = event(tmp_path, monkeypatch, action, None)

    assert found["data"]["action"]["status"] == "failed"
    assert found["customer"] is None
    assert list(told(found)) == []
