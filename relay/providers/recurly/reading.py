"""What a webhook of Recurly's is about: in it where it is XML, asked of Recurly where it is JSON and holds ids only.

Both are read into the same parts: https://docs.recurly.com/recurly-subscriptions/docs/webhook-payloads-json-vs-xml
API v3: https://recurly.com/developers/api/v2021-02-25
"""

import base64
from collections.abc import Mapping

from relay.formats.money import Money, from_decimal, from_minor
from relay.formats.times import instant, timestamp
from relay.sdk.fields import Object, an_object, scalar, text
from relay.sdk.inbound import Inbound
from relay.sdk.provider import Question, by_arrival, segment

_VERSION = "application/vnd.recurly.v2021-02-25+json"
_PARTS = ("subscription", "invoice", "transaction", "account")

# XML says when things are as they are, not when it was sent.
_HAPPENED: Mapping[str, tuple[str, str]] = {
    "new_account": ("account", "created_at"),
    "new_subscription": ("subscription", "activated_at"),
    "renewed_subscription": ("subscription", "current_period_started_at"),
    "canceled_subscription": ("subscription", "canceled_at"),
    "expired_subscription": ("subscription", "expires_at"),
    "new_charge_invoice": ("invoice", "created_at"),
    "paid_charge_invoice": ("invoice", "closed_at"),
    "failed_charge_invoice": ("invoice", "closed_at"),
    "new_invoice": ("invoice", "created_at"),
    "closed_invoice": ("invoice", "closed_at"),
}
_XML = "_notification"


def _root_name(inbound: Inbound) -> str | None:
    """The name of an XML document's root, which names the event; None for JSON."""
    payload = an_object(inbound.payload)
    name = next(iter(payload), "")
    return name if len(payload) == 1 and name.endswith(_XML) else None


def event_name(inbound: Inbound) -> str | None:
    payload = an_object(inbound.payload)
    kind, happened = text(payload.get("object_type")), text(payload.get("event_type"))
    return _root_name(inbound) or (f"{kind}.{happened}" if kind and happened else None)


def event_id(inbound: Inbound) -> str | None:
    """The header stays the same however often it is tried. XML may say the same words another day."""
    header = inbound.headers.get("recurly-notification-id")
    if header or _root_name(inbound):
        return header or by_arrival(inbound)
    told = an_object(inbound.payload)
    own_id = scalar(told.get("id"))
    return own_id and ":".join((own_id, *(str(told.get(name)) for name in ("object_type", "event_type", "event_time"))))


def questions(inbound: Inbound) -> Mapping[str, Question]:
    """The object whose id a JSON webhook holds. XML has it."""
    if _root_name(inbound):
        return {}
    told = an_object(inbound.payload)
    kind, uuid = told.get("object_type"), scalar(told.get("uuid"))
    number, account = scalar(told.get("invoice_number")), scalar(told.get("account_code"))
    asked = {}
    if kind == "subscription" and uuid:
        asked["subscription"] = f"/subscriptions/uuid-{segment(uuid)}"
    elif kind in ("payment", "transaction") and uuid:
        asked["transaction"] = f"/transactions/uuid-{segment(uuid)}"
    elif kind in ("charge_invoice", "invoice", "dunning_event") and number:
        asked["invoice"] = f"/invoices/number-{segment(number)}"
    elif kind in ("account", "billing_info") and account:
        asked["account"] = f"/accounts/code-{segment(account)}"
    key = base64.b64encode(f"{inbound.settings.get('api_key', '')}:".encode()).decode()
    headers = {"authorization": f"Basic {key}", "accept": _VERSION}
    return {name: Question(path, headers) for name, path in asked.items()}


def subject(inbound: Inbound) -> Object:
    """The parts that a webhook tells of, whether they stood in it or were looked up."""
    name = _root_name(inbound)
    payload = an_object(inbound.payload)
    root = an_object(payload.get(name)) if name else inbound.looked_up
    parts = {part: an_object(root.get(part)) for part in _PARTS}
    owners = [an_object(each.get("account")) for each in parts.values()]
    at = _happened(name, parts) if name else timestamp(payload.get("event_time"))
    return {
        **parts,
        "account": parts["account"] or next(filter(None, owners), {}),
        "ids": {} if name else payload,
        "at": at,
        "now": instant(at) or inbound.received_at,
        "currency": inbound.settings.get("currency"),
    }


def _happened(name: str, parts: Object) -> str | None:
    part, field = _HAPPENED.get(name.removesuffix(_XML), ("transaction", "date"))
    return timestamp(parts[part].get(field))


def money(told: Object, part: Object, cents: str, *decimals: str) -> Money:
    """XML counts in cents and names a currency in invoices only; otherwise it is the site's, where that is set."""
    stated = text(part.get("currency"), told["invoice"].get("currency"))
    currency = stated or told["currency"]
    if cents in part:
        found = from_minor(part[cents], currency)
    else:
        named = next((name for name in decimals if part.get(name) is not None), "")
        found = from_decimal(part.get(named), currency)
    return found if found["amount"] is not None or stated else found | {"currency": None}


def livemode(inbound: Inbound) -> bool | None:
    """XML payments say whether they are tests."""
    test = subject(inbound)["transaction"].get("test")
    return not test if isinstance(test, bool) else None
