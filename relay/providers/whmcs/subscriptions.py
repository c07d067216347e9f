"""Subscriptions, which WHMCS does not have: a service with a billing cycle is one.

So a subscription's id is `service-` and the service's id.
"""

from relay.providers.whmcs.reading import Hook, date, days, host, ident, money, row, rows, text
from relay.sdk.entities import Data, Subscription

_STATUSES = {
    "Pending": "pending",
    "Active": "active",
    "Suspended": "paused",
    "Terminated": "canceled",
    "Cancelled": "canceled",
    "Fraud": "canceled",
    "Completed": "expired",
}
_CYCLES = {
    "Monthly": ("month", 1),
    "Quarterly": ("month", 3),
    "Semi-Annually": ("month", 6),
    "Annually": ("year", 1),
    "Biennially": ("year", 2),
    "Triennially": ("year", 3),
}


def renewal_due(hook: Hook) -> Data:
    """What the daily sweep says of a service whose next payment comes near."""
    service_id, service = next(iter(_services(hook).items()), (None, {}))
    found = subscription(hook, service_id, {"description": service.get("name")})
    return {"subscription": found | {"days_until_renewal": days(hook)}}


def billed_services(hook: Hook) -> dict[str, Hook]:
    """The services that an invoice bills, each with the line that does; one billed twice is told once."""
    found: dict[str, Hook] = {}
    for item in rows(row(hook.get("invoice")).get("items"), "item"):
        service_id = ident(item.get("relid"))
        if item.get("type") == "Hosting" and service_id:
            found.setdefault(service_id, item)
    return found


def begins(hook: Hook, service_id: str) -> bool:
    """Whether this is a service's first invoice: the service was ordered on the day the invoice was made."""
    ordered = date(_services(hook).get(service_id, {}).get("regdate"))
    issued = date(row(hook.get("invoice")).get("date"))
    return ordered is not None and issued is not None and ordered >= issued


def subscription(hook: Hook, service_id: str | None, item: Hook) -> Subscription:
    """The subscription of a service: its row where the agent looked it up, else the invoice's line."""
    service = _services(hook).get(service_id or "", {})
    interval, count = _CYCLES.get(text(service.get("billingcycle")) or "", (None, None))
    price = money(service.get("recurringamount"), hook)
    if price["amount"] is None:
        price = money(item.get("amount"), hook)
    renews_at = date(service.get("nextduedate")) if interval else None
    return {
        "id": f"service-{service_id}" if service_id else None,
        "status": _STATUSES.get(text(service.get("status")) or ""),
        "plan": text(service.get("name")),
        "product_id": ident(service.get("pid")),
        "description": text(item.get("description")),
        **price,
        "interval": interval,
        "interval_count": count,
        "started_at": date(service.get("regdate")),
        "current_period_end": renews_at,
        "renews_at": renews_at,
        "domain": host(service.get("domain")),
    }


def _services(hook: Hook) -> dict[str, Hook]:
    """The rows that the agent looked up, by the service's id: one under `service`, or a list of several."""
    found = {ident(each.get("id")): each for each in rows(hook.get("service"), "product")}
    return {service_id: each for service_id, each in found.items() if service_id}
