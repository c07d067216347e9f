"""Which deliveries stand in line behind each other."""

from collections.abc import Mapping
from typing import Any

from relay.model import Hook


def order_key(hook: Hook, envelope: Mapping[str, Any]) -> str | None:
    """What deliveries of an ordered hook stand in line by: the customer, or the source where there is none."""
    if not hook.ordered:
        return None
    customer = envelope["customer"] or {}
    return str(customer.get("id") or customer.get("email") or envelope["source"]["id"])[:255]
