"""Orders: what a client has and pays for. To us each is a service, and a subscription where it has a period."""

import re
from collections.abc import Callable
from functools import partial

from relay.formats.money import from_decimal
from relay.formats.times import day
from relay.sdk.entities import Data
from relay.sdk.fields import Object, an_object, integer, scalar

_PERIOD = re.compile(r"(\d{1,3})([DWMY])")
_UNITS = {"D": "day", "W": "week", "M": "month", "Y": "year"}
_STATUSES = {
    "active": "active",
    "suspended": "suspended",
    "canceled": "canceled",
    "pending_setup": "pending",
    "failed_setup": "pending",
    "failed_renew": "active",
}


def service(said: Object, status: str | None = None) -> Data:
    found = an_object(said.get("order"))
    return {
        "service": {
            "id": _id(said),
            "name": scalar(found.get("title")),
            "domain": _domain(found),
            "username": scalar(found.get("username")),
            "plan": scalar(found.get("title")),
            "status": status or _STATUSES.get(scalar(found.get("status")) or ""),
            "reason": scalar(found.get("reason")),
            "product_id": scalar(found.get("product_id")),
            "renews_at": day(found.get("expires_at")),
            "created_at": day(found.get("activated_at")),
            "suspended_at": day(found.get("suspended_at")),
        }
    }


def in_state(status: str) -> Callable[[Data], Data]:
    return partial(service, status=status)


def renewed(said: Object) -> Data:
    found = an_object(said.get("order"))
    interval, count = _period(found)
    until = day(found.get("expires_at"))
    return {
        "subscription": {
            "id": _id(said),
            "status": "active",
            "plan": scalar(found.get("title")),
            "product_id": scalar(found.get("product_id")),
            **from_decimal(found.get("total", found.get("price")), found.get("currency")),
            "quantity": integer(found.get("quantity")),
            "interval": interval,
            "interval_count": count,
            "started_at": day(found.get("activated_at")),
            "current_period_end": until,
            "renews_at": until,
            "domain": _domain(found),
        }
    }


def placed(said: Object) -> Data:
    found = an_object(said.get("order"))
    return {
        "order": {
            "id": _id(said),
            "number": _id(said),
            "status": scalar(found.get("status")),
            **from_decimal(found.get("total", found.get("price")), found.get("currency")),
            "invoice_id": scalar(found.get("unpaid_invoice_id")),
            "created_at": day(found.get("created_at")),
        }
    }


def _id(said: Object) -> str | None:
    return scalar(said.get("id")) or scalar(an_object(said.get("order")).get("id"))


def _domain(found: Object) -> str | None:
    name = scalar(found.get("domain"))
    return name.lower().rstrip(".") if name else None


def _period(found: Object) -> tuple[str | None, int | None]:
    """`3M` is three months."""
    told = _PERIOD.fullmatch(scalar(found.get("period")) or "")
    return (_UNITS[told[2]], int(told[1])) if told else (None, None)
