"""Hosting services and domains: what provisioning modules and registrars did, or could not do."""

from collections.abc import Callable
from functools import partial
from typing import Any

from relay.providers.whmcs.reading import Hook, client, date, days, host, ident, params, row, rows, text, whole
from relay.sdk.entities import Data, Domain, Service
from relay.sdk.provider import On

_STATUSES = {
    "Pending": "pending",
    "Active": "active",
    "Suspended": "suspended",
    "Terminated": "terminated",
    "Cancelled": "canceled",
    # The last of a limited number of invoices is paid: the service goes on.
    "Completed": "active",
}
_CANCELLATIONS = {"Immediate": "immediate", "End of Billing Period": "end_of_period"}


def service(hook: Hook, status: str | None = None) -> Data:
    """The service that a module was called for, in the state that the hook tells of."""
    return {"service": _service(hook, status)}


def in_state(status: str) -> Callable[[Hook], Data]:
    return partial(service, status=status)


def unsuspendable(hook: Hook) -> Data:
    return {"service": _service(hook) | {"failure_reason": text(hook.get("failureResponseMessage"))}}


def cancellation(hook: Hook) -> Data:
    kind = text(hook.get("type"))
    return {
        "service": _service(hook)
        | {
            "reason": text(hook.get("reason")),
            "cancellation_type": _CANCELLATIONS.get(kind or "", kind),
        }
    }


def failed_module(command: str) -> On:
    """A module's failure that has no event type of its own and no end; `command` says what it could not do."""
    return On("alert.raised", partial(_failed_module, command=command), lasts=False)


def _failed_module(hook: Hook, command: str) -> Data:
    found = _service(hook)
    name = found["domain"] or found["username"] or found["id"]
    return {
        "alert": {
            "key": f"module:{command}:{found['id']}",
            "title": f"WHMCS could not {command} the service {name}",
            "message": text(hook.get("failureResponseMessage")),
            "severity": "warning",
            "status": "firing",
            "resource": name,
        },
        "service": found,
    }


def domain(hook: Hook) -> Data:
    """The domain that a registrar was asked about, or that the agent looked up."""
    return {"domain": _domain(hook)}


def expiring_domain(hook: Hook) -> Data:
    return {"domain": _domain(hook) | {"days_until_expiry": days(hook)}}


def unrenewed_domain(hook: Hook) -> Data:
    return {"domain": _domain(hook) | {"failure_reason": text(hook.get("error"))}}


def failed_registrar(command: str) -> On:
    """A registrar's failure that has no event type of its own and no end; `command` says what it could not do."""
    return On("alert.raised", partial(_failed_registrar, command=command), lasts=False)


def _failed_registrar(hook: Hook, command: str) -> Data:
    name = _domain(hook)["name"]
    return {
        "alert": {
            "key": f"registrar:{command}:{name}",
            "title": f"The registrar could not {command} the domain {name}",
            "message": text(hook.get("error")),
            "severity": "warning",
            "status": "firing",
            "resource": name,
        }
    }


def _service(hook: Hook, status: str | None = None) -> Service:
    given, known = params(hook), next(iter(rows(hook.get("service"), "product")), {})
    return {
        "id": _id(given.get("serviceid"), hook.get("serviceid"), hook.get("relid"), known.get("id")),
        "name": text(known.get("name")),
        "domain": host(given.get("domain")) or host(known.get("domain")),
        "username": _text(given.get("username"), known.get("username")),
        "plan": text(known.get("name")) or _package(given),
        "status": status or _STATUSES.get(text(known.get("status")) or ""),
        "server": host(given.get("serverhostname")) or host(known.get("serverhostname")),
        "email": text(client(hook).get("email")),
        "reason": _text(given.get("suspendreason"), known.get("suspensionreason")),
        "product_id": ident(given.get("pid")) or ident(known.get("pid")),
        "renews_at": date(known.get("nextduedate")),
        "created_at": date(known.get("regdate")),
        "ip_address": _text(known.get("dedicatedip"), given.get("serverip"), known.get("serverip")),
    }


def _package(given: Hook) -> str | None:
    """What a product's first setting means is up to its module; for cPanel's it is the package."""
    return text(given.get("configoption1")) if given.get("moduletype") == "cpanel" else None


def _domain(hook: Hook) -> Domain:
    given, known = params(hook), row(hook.get("domain_details"))
    return {
        "id": _id(given.get("domainid"), hook.get("domainId"), known.get("id")),
        "name": _name(given) or host(hook.get("domain")) or host(known.get("domainname")),
        "status": text(known.get("status")),
        "registrar": _text(hook.get("registrar"), given.get("registrar"), known.get("registrar")),
        "registered_at": date(known.get("regdate")),
        "expires_at": date(hook.get("expiryDate")) or date(known.get("expirydate")),
        "period_years": _years(given, hook, known),
    }


def _name(given: Hook) -> str | None:
    """A name is given in two parts; `tld` begins with a dot in some hooks and not in others."""
    punycode = host(given.get("domain_punycode"))
    if punycode:
        return punycode
    label, ending = host(given.get("sld")), host(given.get("tld"))
    return f"{label}.{ending.removeprefix('.')}" if label and ending else None


def _years(given: Hook, hook: Hook, known: Hook) -> int | None:
    for period in (given.get("regperiod"), hook.get("registrationPeriod"), known.get("regperiod")):
        years = whole(period)
        if years is not None and years > 0:
            return years
    return None


def _id(*ids: Any) -> str | None:
    """The first of these that is an id."""
    return next(filter(None, map(ident, ids)), None)


def _text(*texts: Any) -> str | None:
    """The first of these that is text."""
    return next(filter(None, map(text, texts)), None)
