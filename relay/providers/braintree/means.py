"""Stored means of payment in our words.

Their token is what a payment is made with, so it is not told; the global id names the same without that power.
"""

from relay.providers.braintree.reading import Object, Told, joined, last4, text, under
from relay.sdk.entities import Customer, Data

_KINDS = {
    "paypal_account": "paypal",
    "venmo_account": "venmo",
    "credit_card": "card",
    "us_bank_account": "bank_account",
    "sepa_debit_account": "sepa_debit",
}
_UPDATE = "payment_method_customer_data_updated_metadata"


def read(note: Told) -> Data:
    kind, held = _means(note)
    return {
        "payment_method": {
            "id": text(held.get("global_id")) or text(held.get("billing_agreement_id")),
            "type": _KINDS.get(kind or "", kind),
            "brand": text(held.get("card_type")),
            "last4": last4(held.get("last_4")),
            "holder_name": text(held.get("cardholder_name")) or joined(*_names(note)),
            "is_default": held.get("default") if isinstance(held.get("default"), bool) else None,
        }
    }


def who(note: Told) -> Customer:
    _, held = _means(note)
    profile = _profile(note)
    return {
        "id": text(held.get("customer_id")),
        "name": joined(*_names(note)),
        "email": text(held.get("email")) or text(profile.get("email")),
    }


def _means(note: Told) -> tuple[str | None, Object]:
    holder = under(note.about(_UPDATE), "payment_method") or note.subject
    return next(((kind, under(holder, kind)) for kind in _KINDS if under(holder, kind)), (None, {}))


def _profile(note: Told) -> Object:
    return under(note.about(_UPDATE), "enriched_customer_data", "profile_data")


def _names(note: Told) -> tuple[object, object]:
    profile = _profile(note)
    return profile.get("first_name"), profile.get("last_name")
