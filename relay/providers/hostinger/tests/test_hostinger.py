"""What is peculiar to Hostinger: it is asked, and each step before a date is told once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from corpus import of_corpus, published
from kit.cases import cases
from kit.provider import ProviderUnderTest
from relay.errors import VerificationError
from relay.formats import jsontext
from relay.inbound.normalize import POLLED
from relay.model import Event, Inbound
from relay.providers.hostinger import PROVIDER, questions
from relay.sdk.provider import Question
from relay.security.verification import Credentials

HOSTINGER = ProviderUnderTest("hostinger")
NOW = datetime(2026, 11, 22, 7, tzinfo=UTC)


def polled(payload: Any, now: datetime = NOW, steps: str = "30,7,1") -> list[Event]:
    inbound = Inbound(jsontext.dumps(payload), received_at=now, settings={"days_ahead": steps})
    return HOSTINGER.events(inbound, verified_by=POLLED)


def told(payload: Any, now: datetime = NOW, steps: str = "30,7,1") -> list[str]:
    return [event.type for event in polled(payload, now, steps)]


def in_days(days: float) -> str:
    return (NOW + timedelta(days=days)).isoformat().replace("+00:00", "Z")


def plan(**fields: Any) -> dict[str, Any]:
    row = {"id": "a1", "name": "KVM 1", "status": "active", "is_auto_renewed": True, "expires_at": in_days(40)}
    return {"subscriptions": [row | fields], "domains": []}


def domain(**fields: Any) -> dict[str, Any]:
    return {"subscriptions": [], "domains": [{"id": 7, "domain": "Acme.example", "status": "active"} | fields]}


@cases(
    ("fields", "expected"),
    [
        ({"next_billing_at": in_days(31)}, []),
        ({"next_billing_at": in_days(30.5)}, ["subscription.renewal_upcoming"]),
        ({"next_billing_at": in_days(0.5)}, ["subscription.renewal_upcoming"]),
        ({"next_billing_at": None}, []),
        ({"next_billing_at": None, "expires_at": in_days(3)}, ["subscription.renewal_upcoming"]),
        ({"next_billing_at": in_days(-3)}, []),
        ({"next_billing_at": in_days(-3), "expires_at": in_days(3)}, ["subscription.renewal_upcoming"]),
        ({"is_auto_renewed": False, "next_billing_at": in_days(3)}, []),
        ({"expires_at": in_days(-0.01)}, ["subscription.expired"]),
        ({"status": "expired", "expires_at": None}, ["subscription.expired"]),
        ({"status": "cancelled", "expires_at": in_days(-1)}, []),
        ({"status": "cancelled", "expires_at": in_days(1)}, []),
        ({"status": "future", "next_billing_at": in_days(1)}, []),
        ({"expires_at": None}, []),
        ({"expires_at": "soon", "next_billing_at": {}}, []),
    ],
)
def test_a_subscription_is_told_by_its_dates(fields: dict[str, Any], expected: list[str]) -> None:
    assert told(plan(**fields)) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"expires_at": in_days(31)}, []),
        ({"expires_at": in_days(7)}, ["domain.expiring"]),
        ({"expires_at": in_days(-1)}, ["domain.expired"]),
        ({"expires_at": None}, []),
        ({"expires_at": None, "domain": None, "status": "pending_setup"}, []),
        ({"expires_at": in_days(-1), "status": "deleted"}, []),
        ({"status": "expired"}, ["domain.expired"]),
    ],
)
def test_a_domain_is_told_by_its_date(fields: dict[str, Any], expected: list[str]) -> None:
    assert told(domain(**fields)) == expected


def test_of_all_polls_before_a_date_each_step_is_told_once() -> None:
    hours = range(24 * 41)
    state = plan(next_billing_at=in_days(40)) | {"domains": domain(expires_at=in_days(40))["domains"]}

    events = [event for hour in hours for event in polled(state, NOW + timedelta(hours=hour))]

    once = {event.id: event for event in reversed(events)}
    left = [
        (event.type, event.envelope["data"]["domain"]["days_until_expiry"])
        for event in reversed(once.values())
        if event.type == "domain.expiring"
    ]
    assert left == [("domain.expiring", 30), ("domain.expiring", 7), ("domain.expiring", 1)]
    assert sorted(event.type for event in once.values() if event.type.startswith("subscription")) == [
        "subscription.expired",
        *["subscription.renewal_upcoming"] * 3,
    ]


def test_another_date_is_told_anew() -> None:
    (before,) = polled(plan(next_billing_at=in_days(5), expires_at=in_days(40)))
    (after,) = polled(plan(next_billing_at=in_days(35), expires_at=in_days(70)), NOW + timedelta(days=30))

    assert before.id != after.id


def test_what_stops_to_renew_is_told_again_as_a_warning() -> None:
    (renews,) = polled(plan(expires_at=in_days(5)))
    (ends,) = polled(plan(expires_at=in_days(5), is_auto_renewed=False))

    assert (renews.envelope["severity"], ends.envelope["severity"]) == ("info", "warning")
    assert renews.id != ends.id
    assert ends.envelope["data"]["subscription"]["renews_at"] is None


@pytest.mark.parametrize(
    ("steps", "expected"), [("60", 1), ("14, 3", 0), ("", 1), ("x,30", 1), ("-5,²", 0), ("30;7", 0)]
)
def test_the_steps_are_the_owners(steps: str, expected: int) -> None:
    assert len(told(domain(expires_at=in_days(20)), steps=steps)) == expected


@pytest.mark.parametrize(
    "price", [(1799, "USD", 1799), (179900, "JPY", 1799), ("899", "eur", 899), (None, "EUR", None)]
)
def test_prices_are_in_cents(price: tuple[Any, str, int | None]) -> None:
    cents, currency, minor = price
    (event,) = polled(plan(expires_at=in_days(5), renewal_price=cents, currency_code=currency))

    assert event.envelope["data"]["subscription"]["amount_minor"] == minor


@pytest.mark.parametrize("odd", [[], {}, None, 3, {"subscriptions": {}, "domains": [None, 3, []]}, [None, "x"]])
def test_an_answer_of_another_shape_tells_nothing(odd: Any) -> None:
    assert polled(odd) == []


def test_two_lists_are_asked_for_with_the_token() -> None:
    headers = {"authorization": "Bearer t0k"}

    assert questions({"api_key": "t0k"}) == {
        "subscriptions": Question("/api/billing/v1/subscriptions", headers),
        "domains": Question("/api/domains/v1/portfolio", headers),
    }


def test_nobody_else_can_post_to_its_address() -> None:
    inbound = Inbound(b"[]", headers={"x-relay-signature": "0" * 64})

    for settings in ({}, {"api_key": ""}, {"api_key": "t0k"}):
        with pytest.raises(VerificationError):
            PROVIDER.verification.verify(inbound, Credentials(settings=settings), 0)


def test_what_was_asked_for_is_told_as_fetched() -> None:
    (event,) = polled(domain(expires_at=in_days(1)))

    assert event.envelope["source"]["signed"] == "fetched"


@of_corpus
@pytest.mark.parametrize(
    ("name", "day", "expected"),
    [
        ("subscriptions_list.json", "2025-02-25", ["subscription.renewal_upcoming"]),
        ("subscriptions_list.json", "2026-11-22", ["subscription.expired"]),
        ("domains_list.json", "2025-03-25", ["domain.expiring"]),
        ("domains_list.json", "2025-01-01", []),
    ],
)
def test_a_published_answer_is_told_by_the_day_it_is_read(name: str, day: str, expected: list[str]) -> None:
    payload = jsontext.loads(published(f"panels/hostinger/{name}"))

    assert told(payload, datetime.fromisoformat(day).replace(tzinfo=UTC)) == expected
