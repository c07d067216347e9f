"""What is asked of the gateway razorpay."""

from functools import partial
from typing import Any

from actions import gateways

KEYS = {"key_id": "id", "key_secret": "k3y"}
GIVEN: dict[str, dict[str, Any]] = {
    "payment.refund": {"payment_id": "tr_1"},
    "subscription.pause": {"subscription_id": "sub_1"},
    "subscription.resume": {"subscription_id": "sub_1"},
    "subscription.cancel": {"subscription_id": "sub_1", "at_period_end": False},
}
Account = partial(gateways.Account, "razorpay")
