"""Disputes in our words: https://developer.paypal.com/braintree/docs/guides/disputes"""

from collections.abc import Callable

from relay.formats.times import day, timestamp
from relay.providers.braintree.reading import Object, Told, text, under
from relay.sdk.entities import Data, Dispute

_ENDED = ("won", "lost")


def read(status: str) -> Callable[[Told], Data]:
    def reader(note: Told) -> Data:
        return {"dispute": _dispute(note, note.about("dispute"), status)}

    return reader


def _dispute(note: Told, claim: Object, status: str) -> Dispute:
    amount = claim.get("amount_disputed") or claim.get("amount")
    return {
        **note.money(amount, claim),
        "id": text(claim.get("id")),
        "status": status,
        "reason": text(claim.get("reason")),
        "payment_id": text(under(claim, "transaction").get("id")),
        "respond_by": day(claim.get("reply_by_date")) if status == "open" else None,
        "opened_at": day(claim.get("date_opened")) or day(claim.get("received_date")),
        "closed_at": timestamp(note.at) if status in _ENDED else None,
    }
