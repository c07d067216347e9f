"""What a refund that was made is told as, whoever made it."""

from collections.abc import Mapping
from typing import Any

from relay.formats.money import Money
from relay.sdk.outcomes import Done


def made(refund_id: str | None, status: str | None, money: Money | None) -> Done:
    known: Mapping[str, Any] = money or {"amount": None, "currency": None}
    output = {
        "refund_id": refund_id,
        "refund_status": status,
        "amount": known["amount"],
        "currency": known["currency"],
    }
    return Done(f"Refund {refund_id or ''} was created.".replace("  ", " "), output)
