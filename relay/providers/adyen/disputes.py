"""Disputes in our words: https://docs.adyen.com/risk-management/disputes-api/dispute-notifications"""

from relay.formats.times import timestamp
from relay.providers.adyen.reading import Item, extra, money, text, told_at
from relay.sdk.entities import Data, Dispute


def opened(item: Item) -> Data:
    return {"dispute": _dispute(item, "open") | {"opened_at": told_at(item)}}


def open_(item: Item) -> Data:
    return {"dispute": _dispute(item, "open")}


def under_review(item: Item) -> Data:
    return {"dispute": _dispute(item, "under_review")}


def won(item: Item) -> Data:
    return {"dispute": _dispute(item, "won") | {"closed_at": told_at(item)}}


def lost(item: Item) -> Data:
    return {"dispute": _dispute(item, "lost") | {"closed_at": told_at(item)}}


def _dispute(item: Item, status: str) -> Dispute:
    return {
        **money(item),
        "id": text(item.get("pspReference")),
        "status": status,
        "reason": text(item.get("reason")) or extra(item, "chargebackReasonCode"),
        "payment_id": text(item.get("originalReference")),
        "respond_by": timestamp(extra(item, "defensePeriodEndsAt")) if status == "open" else None,
    }
