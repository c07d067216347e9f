"""Which events a hook's filters let through."""

from typing import Any

import pytest

from kit.cases import cases
from relay.catalogue.vocabulary import catalogue
from relay.errors import InvalidRequest
from relay.outbound.match import FILTERS, filters_of, wants
from relay.outbound.wanted import read_filters


def envelope(**data: Any) -> dict[str, Any]:
    return {
        "source": {"id": "src_1"},
        "customer": {"id": "cus_1", "email": "zoe@example.com"},
        "severity": "warning",
        "livemode": True,
        "data": data,
    }


INVOICE = envelope(invoice={"amount": "24.00", "currency": "EUR", "days_until_due": 3}, subscription=None)
DOMAIN = envelope(domain={"name": "Shop.Example", "days_until_expiry": 30})
SERVICE = envelope(service={"domain": "www.shop.example"})
NOTHING = envelope(notice={"title": "Hello"})


@cases(
    ("filters", "event", "passes"),
    [
        ({}, NOTHING, True),
        ({"source": "src_1"}, NOTHING, True),
        ({"source": ["src_2", "src_3"]}, NOTHING, False),
        ({"customer": "ZOE@example.com"}, NOTHING, True),
        ({"customer": ["cus_2", "cus_1"]}, NOTHING, True),
        ({"min_amount": 24}, INVOICE, True),
        ({"min_amount": "24.01"}, INVOICE, False),
        ({"min_amount": 0}, NOTHING, False),
        ({"currency": ["usd", "eur"]}, INVOICE, True),
        ({"currency": "eur"}, NOTHING, False),
        ({"severity": "warning"}, NOTHING, True),
        ({"severity": "critical"}, NOTHING, False),
        ({"livemode": True}, NOTHING, True),
        ({"livemode": False}, NOTHING, False),
        ({"domain": "shop.example"}, DOMAIN, True),
        ({"domain": "SHOP.example"}, SERVICE, True),
        ({"domain": "*.shop.example"}, SERVICE, True),
        ({"domain": "www.shop.example"}, DOMAIN, False),
        ({"domain": "op.example"}, DOMAIN, False),
        ({"domain": "shop.example"}, NOTHING, False),
        ({"days_ahead": 30}, DOMAIN, True),
        ({"days_ahead": "29"}, DOMAIN, False),
        ({"days_ahead": 7}, INVOICE, True),
        ({"days_ahead": 7.0}, INVOICE, True),
        ({"days_ahead": 3650}, NOTHING, False),
        ({"days_ahead": 7, "currency": "EUR"}, INVOICE, True),
        ({"days_ahead": 7, "currency": "USD"}, INVOICE, False),
        ({"days_ahead": None, "currency": ""}, NOTHING, True),
    ],
)
def test_every_filter_has_to_let_an_event_through(filters: Any, event: dict[str, Any], passes: bool) -> None:
    assert wants(read_filters(filters), event) is passes


@cases(
    "filters",
    [{"days_ahead": value} for value in (-1, 3651, "3651", 1.5, True, "soon", "²", [7])]
    + [{"domain": []}, {"colour": "red"}],
)
def test_a_filter_that_says_nothing_is_refused(filters: Any) -> None:
    with pytest.raises(InvalidRequest, match=r"^filters\.(days_ahead must be|domain must be|colour is no)"):
        read_filters(filters)


@pytest.mark.parametrize(
    ("type_name", "offered"),
    [
        ("invoice.paid", set(FILTERS)),
        ("domain.expiring", {"source", "customer", "severity", "livemode", "domain", "days_ahead"}),
        ("notice.received", {"source", "customer", "severity", "livemode", "domain"}),
        ("payment.failed", set(FILTERS)),
        ("hook.switched_off", {"source", "customer", "severity", "livemode"}),
    ],
)
def test_a_type_offers_the_filters_that_can_let_it_through(type_name: str, offered: set[str]) -> None:
    assert set(filters_of(catalogue().types[type_name])) == offered
