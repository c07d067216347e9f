"""What is peculiar to FOSSBilling: a buyer beside the client."""

from typing import Any

import pytest

from kit.provider import ProviderUnderTest

FOSSBILLING = ProviderUnderTest("fossbilling")


@pytest.mark.parametrize(
    ("client", "expected"),
    [
        ({}, ("17", "buyer@example.com")),
        ({"id": 17, "email": "zoe@example.com"}, ("17", "zoe@example.com")),
        ({"id": 18, "first_name": "Ada"}, ("18", None)),
    ],
)
def test_a_buyer_is_not_mixed_with_a_client(client: dict[str, Any], expected: tuple[str, str | None]) -> None:
    invoice = {"id": 1, "client_id": 17, "buyer": {"first_name": "Zoë", "email": "buyer@example.com"}}

    [event] = FOSSBILLING.sent("onAfterAdminInvoiceApprove", {"id": 1, "invoice": invoice, "client": client})

    assert (event.customer_id, event.customer_email) == expected
