"""What is known by now follows from events, in whatever order they come."""

import itertools
from typing import Any

from kit.cases import cases
from relay.catalogue.record_kinds import record_kinds
from relay.catalogue.vocabulary import catalogue
from relay.insight.records import merged, told

ZOE = {"id": "cus_1", "name": "Zoë Müller", "email": "Zoe@Example.com", "company": None}


def envelope(
    type_name: str, data: dict[str, Any], *, minute: int = 0, sequence: int | None = None, customer: Any = ZOE
) -> dict[str, Any]:
    return {
        "id": f"evt_{type_name}_{minute}",
        "type": type_name,
        "sequence": minute if sequence is None else sequence,
        "occurred_at": f"2026-11-22T07:{minute:02}:00Z",
        "source": {"id": "src_1", "name": "Stripe EU", "provider": "stripe", "kind": "payment_gateway"},
        "customer": customer,
        "data": data,
    }


def subscription(status: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"subscription": {"id": "sub_1", "status": status, **fields}}


HISTORY = (
    envelope("subscription.created", subscription("trialing", plan="Business"), minute=1),
    envelope("subscription.activated", subscription(None), minute=2),
    envelope("subscription.past_due", subscription("past_due", failed_payments=1), minute=3),
    envelope("subscription.canceled", subscription(None, plan=None, canceled_at="2026-11-22T07:04:00Z"), minute=4),
)


@cases("order", list(itertools.permutations(range(4))))
def test_an_older_event_never_overwrites_what_a_newer_one_said(order: tuple[int, ...]) -> None:
    known = None
    for index in order:
        (new,) = [record for record in told(HISTORY[index]) if record.kind == "subscription"]
        known = merged(known, new)

    assert known is not None
    assert known.status == "canceled"
    assert known.item["subscription"] == {
        "id": "sub_1",
        "status": "past_due",
        "plan": "Business",
        "failed_payments": 1,
        "canceled_at": "2026-11-22T07:04:00Z",
    }
    assert known.item["event"] == {"id": "evt_subscription.canceled_4", "type": "subscription.canceled"}
    assert known.sequence == 4


def test_events_of_one_moment_count_by_their_sequence() -> None:
    first = envelope("service.suspended", {"service": {"id": "s1"}}, sequence=1)
    second = envelope("service.unsuspended", {"service": {"id": "s1"}}, sequence=2)
    records = [next(r for r in told(each) if r.kind == "service") for each in (second, first)]

    assert merged(*records).status == "active"


def test_an_event_tells_of_everything_that_it_names() -> None:
    data = catalogue().types["invoice.paid"].schema["examples"][0]

    found = {record.kind: record for record in told(envelope("invoice.paid", data))}

    assert set(found) <= set(record_kinds())
    assert {"customer", "invoice", "subscription"} <= set(found)
    assert found["invoice"].status == "paid"
    assert found["subscription"].domain == "acme-shop.example"
    assert {record.email for record in found.values()} == {"zoe@example.com"}
    assert {record.customer_id for record in found.values()} == {"cus_1"}


def test_an_events_own_thing_gets_its_state_from_it_and_no_other() -> None:
    data = {"service": {"id": "s1"}, "subscription": {"id": "sub_1"}}

    found = {record.kind: record.status for record in told(envelope("service.suspended", data))}

    assert found == {"customer": None, "service": "suspended", "subscription": None}


def test_what_has_no_name_is_not_known() -> None:
    data = {"service": {"id": None, "username": None, "domain": None}, "domain": None, "alert": {"key": ""}}

    assert list(told(envelope("service.suspended", data, customer=None))) == []
