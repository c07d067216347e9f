"""What is asked of the gateway paddle."""

from functools import partial
from typing import Any

from actions import gateways

KEYS = {"api_key": "k3y"}
GIVEN: dict[str, dict[str, Any]] = {
    "payment.refund": {"payment_id": "tr_1", "amount": None, "currency": None},
    "subscription.pause": {"subscription_id": "sub_1"},
    "subscription.resume": {"subscription_id": "sub_1"},
    "subscription.cancel": {"subscription_id": "sub_1", "at_period_end": False},
    "subscription.extend": {"subscription_id": "sub_1", "until": "2199-01-01T00:00:00Z"},
}
Account = partial(gateways.Account, "paddle")
