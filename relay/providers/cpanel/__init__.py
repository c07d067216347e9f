"""cPanel & WHM: hosting accounts, their domains, certificates, disk space and backups.

What its hooks pass: https://api.docs.cpanel.net/guides/guide-to-standardized-hooks/

A hook's event is named by the category and event of its `context`; its data may lie bare, under `data`, or
there under `args`. Hooks also run before the thing is done; only what was done is told here.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from decimal import ROUND_DOWN, Decimal
from typing import Any

from relay.formats.values import KEY
from relay.sdk.api_settings import own_api
from relay.sdk.entities import Customer, Data, Service, Usage
from relay.sdk.fields import an_object, scalar
from relay.sdk.inbound import Inbound
from relay.sdk.provider import FORM, BodyFormat, On, Route, Setting, panel

Hook = dict[str, Any]

_FORM_TYPE = "application/x-www-form-urlencoded"
_NOTICE = "iContact POST"
_NOTICE_FIELDS = frozenset(("hostname", "subject", "body"))
_NAMED_DOMAIN = re.compile(r"\bdomain\s+\W{0,2}((?:\*\.)?[\w-]+(?:\.[\w-]+)+)", re.IGNORECASE)
_MARKUP = re.compile(r"<[^<>]*>")
_LONGEST_REASON = 500


def native_name(document: Hook) -> str | None:
    """The event's name in a hook's own document, which does not say it in one word."""
    context = document.get("context")
    if isinstance(context, dict):
        return f"{context.get('category')}::{context.get('event')}"
    return _NOTICE if document.keys() >= _NOTICE_FIELDS else None


def subject(inbound: Inbound) -> Hook:
    """The hook's variables, wherever they lie."""
    document: Hook = inbound.payload["data"]
    found = document.get("data") if isinstance(document.get("context"), dict) else document
    if not isinstance(found, dict):
        return {}
    # Seen for suspendacct and unsuspendacct, though documented without it.
    arguments = found.get("args")
    return {**found, **arguments} if isinstance(arguments, dict) else found


def stage(inbound: Inbound) -> str | None:
    context = inbound.payload["data"].get("context")
    return scalar(context.get("stage")) if isinstance(context, dict) else None


def _is_done(inbound: Inbound) -> bool:
    return stage(inbound) != "pre"


def _is_packed(inbound: Inbound) -> bool:
    """The archive of an account is whole only at the last of its three stages."""
    return stage(inbound) in ("postFinalize", None)


def done(event_type: str, data: Callable[[Hook], Data]) -> On:
    """An event of the hook that runs afterwards."""
    return On(event_type, data, when=_is_done)


def account(hook: Hook, status: str | None = None) -> Service:
    user = scalar(hook.get("user"))
    return {
        "id": user,
        "domain": _host(hook.get("domain")),
        "username": user,
        "plan": scalar(hook.get("plan")),
        "status": status,
        "owner": scalar(hook.get("owner")),
        "email": _email(hook.get("contactemail")),
    }


def created(hook: Hook) -> Data:
    return {"service": account(hook, "active")}


def modified(hook: Hook) -> Data:
    """`newuser` is there when the account was renamed; its id is the name it had."""
    found = account(hook)
    return {"service": found | {"username": scalar(hook.get("newuser")) or found["username"]}}


def suspended(hook: Hook) -> Data:
    return {"service": account(hook, "suspended") | {"reason": scalar(hook.get("reason"))}}


def removed(hook: Hook) -> Data:
    return {"service": account(hook, "terminated")}


def repackaged(hook: Hook) -> Data:
    plan, previous = scalar(hook.get("new_pkg")), scalar(hook.get("cur_pkg"))
    return {"service": account(hook) | {"plan": plan, "previous_plan": previous}}


def package_change(inbound: Inbound) -> tuple[On]:
    """The hook also runs for every account of a package that was edited; then both names are the same."""
    hook = subject(inbound)
    if hook.get("new_pkg") == hook.get("cur_pkg"):
        return (done("service.updated", repackaged),)
    return (done("service.package_changed", repackaged),)


def parked(hook: Hook) -> Data:
    return _further(hook, _host(hook.get("new_domain")), alias_of=_host(hook.get("target_domain")))


def subdomain(hook: Hook) -> Data:
    """The name is documented in full; the root domain is put behind one that is not."""
    name, root = _host(hook.get("subdomain")), _host(hook.get("rootdomain"))
    if name and root and not name.endswith(f".{root}"):
        name = f"{name}.{root}"
    return _further(hook, name)


def unparked(hook: Hook) -> Data:
    return _further(hook, _host(hook.get("domain")), alias_of=_host(hook.get("parent_domain")))


def _further(hook: Hook, name: str | None, alias_of: str | None = None) -> Data:
    return {
        "domain": {"name": name, "alias_of": alias_of, "service_id": scalar(hook.get("user"))},
        "service": account(hook),
    }


def certificate_change(inbound: Inbound) -> tuple[On]:
    """What the hook says of its outcome is one flag; only a flag that says no is a failure."""
    if subject(inbound).get("status") in (0, "0", "", False):
        return (done("certificate.renewal_failed", unrenewed_certificate),)
    return (done("certificate.renewed", certificate),)


def certificate(hook: Hook) -> Data:
    """The only word on which domain it is stands in the sentence for people; it is read for display."""
    named = _NAMED_DOMAIN.search(_plain(hook.get("rawout")))
    return {"certificate": {"domain": _host(named[1]) if named else None, "names": []}}


def unrenewed_certificate(hook: Hook) -> Data:
    data = certificate(hook)
    data["certificate"]["failure_reason"] = _plain(hook.get("rawout"))[:_LONGEST_REASON] or None
    return data


def quota(hook: Hook) -> Data:
    """Disk space or files, whichever is nearer to its limit.

    Of disk space only the share is told: its two numbers are documented as bytes and named blocks, which
    are 1024 bytes each.
    """
    user = an_object(hook.get("cpuser"))
    disk = _share(hook.get("blocks_used"), hook.get("blocks_limit"))
    files = _share(hook.get("inodes_used"), hook.get("inodes_limit"))
    if files is not None and (disk is None or files > disk):
        usage: Usage = {
            "resource": "inodes",
            "used": _number(hook.get("inodes_used")),
            "limit": _number(hook.get("inodes_limit")),
            "percent": files,
            "unit": "count",
        }
    else:
        usage = {"resource": "disk", "used": disk, "limit": 100, "percent": disk, "unit": "percent"}
    name, domain, plan = scalar(user.get("USER")), _host(user.get("DOMAIN")), scalar(user.get("PLAN"))
    return {
        "usage": usage | {"account": name, "domain": domain},
        "service": {"id": name, "domain": domain, "username": name, "plan": plan},
    }


def packed(hook: Hook) -> Data:
    user = scalar(hook.get("user"))
    return {
        "backup": {
            "name": user,
            "status": "succeeded",
            "resource": user,
            "destination": scalar(hook.get("workdir")),
        },
        "service": account(hook),
    }


def backup_run(_: Hook) -> Data:
    return {
        "notice": {
            "title": "A backup run has ended",
            "text": "The server's backup run has ended. cPanel's hook does not tell whether it succeeded.",
            "origin": "System::Backup",
        }
    }


def notice(hook: Hook) -> Data:
    return {
        "notice": {
            "title": scalar(hook.get("subject")),
            "text": scalar(hook.get("body")),
            "origin": scalar(hook.get("hostname")),
        }
    }


def customer(hook: Hook) -> Customer:
    """An account is not a customer; of whom it belongs to, cPanel knows an address."""
    contact = an_object(hook.get("contact_info"))
    return {"email": _email(hook.get("contactemail")) or _email(contact.get("email"))}


def _host(value: Any) -> str | None:
    found = scalar(value)
    return found.lower().rstrip(".") if found else None


def _email(value: Any) -> str | None:
    """The first address of a list that is divided by commas."""
    found = (scalar(value) or "").partition(",")[0].strip()
    return found if "@" in found else None


def _plain(value: Any) -> str:
    """Text without its markup, on one line."""
    return " ".join(_MARKUP.sub(" ", scalar(value) or "").split())


def _number(value: Any) -> int | None:
    found = scalar(value) or ""
    return int(found) if found.isascii() and found.isdigit() and len(found) < 20 else None


def _share(used: Any, limit: Any) -> Decimal | None:
    """Percent of a limit, rounded down: 100 is never said of what has room. A limit of 0 is none."""
    part, whole = _number(used), _number(limit)
    if part is None or not whole:
        return None
    return (Decimal(part) / whole * 100).quantize(Decimal("0.1"), ROUND_DOWN)


EVENTS: dict[str, Route] = {
    # Accounts
    "Whostmgr::Accounts::Create": done("service.created", created),
    "Whostmgr::Accounts::Modify": done("service.updated", modified),
    "Whostmgr::Accounts::change_package": package_change,
    "Whostmgr::Accounts::suspendacct": done("service.suspended", suspended),
    "Whostmgr::Accounts::unsuspendacct": done("service.unsuspended", created),
    "Whostmgr::Accounts::Remove": done("service.terminated", removed),
    # Domains and certificates
    "Whostmgr::Domain::park": done("domain.added", parked),
    "Whostmgr::Domain::addsubdomain": done("domain.added", subdomain),
    "Whostmgr::Domain::delsubdomain": done("domain.removed", subdomain),
    "Whostmgr::ParkAdmin::unpark": done("domain.removed", unparked),
    "Whostmgr::AutoSSL::installssl": certificate_change,
    # Disk space; these hooks have only a stage before
    "DiskQuota::warn": On("usage.near_limit", quota),
    "DiskQuota::critical": On("usage.near_limit", quota),
    "DiskQuota::fail": On("usage.exceeded", quota),
    # Backups
    "PkgAcct::Create": On("backup.succeeded", packed, when=_is_packed),
    "System::Backup": done("notice.received", backup_run),
    # What the Contact Manager writes to people
    _NOTICE: On("notice.received", notice),
}
IGNORED = frozenset(
    (
        # the DNS zone or the name of a domain that another hook tells of
        "Whostmgr::Domain::unpark",
        "Whostmgr::ParkAdmin::park",
        "Whostmgr::Domain::zone_add",
        "Whostmgr::Domain::zone_remove",
        # carries the new password: not to be registered
        "Passwd::ChangePasswd",
        # the panel's own upkeep
        "Stats::RunAll",
        "Stats::RunUser",
        "System::upcp",
        # posted by a test of the agent
        "relay_test",
    )
)

_PANEL = replace(
    panel(
        name="cpanel",
        label="cPanel & WHM",
        kind="hosting_panel",
        homepage="https://cpanel.net",
        native_name=native_name,
        events=EVENTS,
    ),
    customer=customer,
    ignored=IGNORED,
    settings=(
        own_api(
            "WHM address",
            "For actions: https://server1.example:2087, where WHM answers.",
            "https://server1.example:2087",
        ),
        Setting("api_user", "WHM user", "For actions: whose token it is.", default="root"),
        Setting(
            "api_token", "WHM API token", "For actions: made in WHM under Manage API Tokens.", secret=True, form=KEY
        ),
    ),
    agent=("relay-send.py", "relay-install.sh", "relay-uninstall.sh"),
)


def _read(inbound: Inbound) -> Any:
    """What our agent posts, or the form that the Contact Manager posts to an address by itself."""
    is_form = inbound.headers.get("content-type", "").lower().startswith(_FORM_TYPE)
    # Kept without its secrets, a form has become JSON.
    if is_form and not inbound.body.startswith(b"{"):
        return {"event": _NOTICE, "data": FORM.read(inbound), "sent_at": None}
    return _PANEL.body.read(inbound)


PROVIDER = replace(_PANEL, subject=subject, body=BodyFormat("json", _read, _PANEL.body.write))
