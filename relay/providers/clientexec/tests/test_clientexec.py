"""What is peculiar to Clientexec: a subtotal beside the total."""

from typing import Any

import pytest

from kit.provider import ProviderUnderTest

CLIENTEXEC = ProviderUnderTest("clientexec")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [({"m_Total": 23.8, "m_SubTotal": 20}, 2380), ({"m_SubTotal": 20}, None)],
)
def test_a_subtotal_is_not_what_an_invoice_costs(fields: dict[str, Any], expected: int | None) -> None:
    [event] = CLIENTEXEC.sent("Invoice-Create", {"invoiceId": 1, "invoice": fields, "currency": "EUR"})

    assert event.envelope["data"]["invoice"]["amount_minor"] == expected
