"""What is asked of the gateway mollie."""

from functools import partial
from typing import Any

from actions import gateways

KEYS = {"api_key": "k3y"}
GIVEN: dict[str, dict[str, Any]] = {
    "payment.refund": {"payment_id": "tr_1"},
}
Account = partial(gateways.Account, "mollie")
