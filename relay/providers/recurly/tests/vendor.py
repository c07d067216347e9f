"""What is asked of the gateway recurly."""

from functools import partial
from typing import Any

from actions import gateways

KEYS = {"api_key": "k3y"}
GIVEN: dict[str, dict[str, Any]] = {
    "subscription.pause": {"subscription_id": "sub_1"},
    "subscription.resume": {"subscription_id": "sub_1"},
    "subscription.cancel": {"subscription_id": "sub_1", "at_period_end": True},
    "invoice.retry_payment": {"invoice_id": "in_1"},
    "invoice.fetch": {"invoice_id": "in_1"},
    "invoice.void": {"invoice_id": "in_1"},
}
Account = partial(gateways.Account, "recurly")
