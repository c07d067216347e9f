"""DirectAdmin: users, domains, addresses and backups of a server.

Its custom scripts: https://docs.directadmin.com/developer/hooks/ (user and reseller management, domain management, DNS,
backup and restore)

A script gets the event's values as environment variables, the settings of the user (`user.conf`) among them. It is
known by its own name, with which the agent names the event; `.sh` at its end says nothing.
"""

from collections.abc import Sequence
from dataclasses import replace

from relay.formats.times import instant
from relay.sdk.api_settings import own_api
from relay.sdk.entities import Customer, Data, Service
from relay.sdk.fields import Object, an_object, scalar
from relay.sdk.inbound import Inbound
from relay.sdk.provider import On, Setting, panel
from relay.security.redaction import text_without_secrets

_KNOWN_BY = {
    "ip_change_post": {"old_ip", "new_ip"},
    "domain_change_post": {"domain", "newdomain"},
    "dns_create_post": {"domain", "caller"},
    "all_backups_post": {"success", "current_result"},
}


def event_name(inbound: Inbound) -> str | None:
    name = scalar(inbound.payload["event"])
    return name and name.removesuffix(".sh")


def native_name(variables: Object) -> str | None:
    """Some scripts are known by what only they are given."""
    return next((script for script, names in _KNOWN_BY.items() if variables.keys() >= names), None)


def user(variables: Object, status: str | None = None) -> Service:
    """A user of DirectAdmin is a hosting account; to us it is a hosting service, known by its login."""
    login = scalar(variables.get("username"))
    return {
        "id": login,
        "name": login,
        "domain": _host(variables.get("domain")),
        "username": login,
        "plan": scalar(variables.get("package")),
        "status": status or _status(variables),
        "owner": scalar(variables.get("creator")),
        "email": scalar(variables.get("email")),
        "ip_address": scalar(variables.get("new_ip")) or scalar(variables.get("ip")),
    }


def created(variables: Object) -> Data:
    return {"service": user(variables, "active")}


def updated(variables: Object) -> Data:
    return {"service": user(variables)}


def terminated(variables: Object) -> Data:
    return {"service": user(variables, "terminated")}


def renamed(variables: Object) -> Data:
    """`domain` is the old name here."""
    before, now = _host(variables.get("domain")), _host(variables.get("newdomain"))
    return {
        "service": user(variables) | {"domain": now or before},
        "domain": {"name": now, "previous_name": before} if now and before else None,
    }


def further(variables: Object) -> Data:
    return {"domain": {"name": _host(variables.get("domain")), "service_id": scalar(variables.get("username"))}}


def new_domain(inbound: Inbound) -> Sequence[On]:
    """A new domain is told by its own script, and by that of its zone where the server has a name server. It is said
    once: both run within a moment. A domain that is added again on a later day is said again.
    """
    told_at = instant(inbound.payload.get("sent_at")) or inbound.received_at

    def happening(data: Data) -> str | None:
        name = (data["domain"] or {}).get("name")
        return name and f"{name}:{told_at.date()}"

    return (On("domain.added", further, once=happening),)


def new_zone(inbound: Inbound) -> Sequence[On]:
    """Zones are also made for pointers, for a new name and by DNSSEC; `caller` says which belong to a new domain. One
    that a restore brings back (`skip_template`) is none."""
    variables = an_object(inbound.payload["data"])
    is_new = scalar(variables.get("caller")) == "create:domain" and scalar(variables.get("skip_template")) != "1"
    return new_domain(inbound) if is_new else ()


def backed_up(inbound: Inbound) -> Sequence[On]:
    """`success` is 1 or 0; what says neither is not taken for one of them."""
    success = scalar(an_object(inbound.payload["data"]).get("success"))
    if success not in ("1", "0"):
        raise ValueError("success must be 1 or 0")
    return (On("backup.succeeded", backup) if success == "1" else On("backup.failed", backup),)


def backup(variables: Object) -> Data:
    """All backups of an administrator or a reseller that one run made."""
    kind, login = scalar(variables.get("type")), scalar(variables.get("owner"))
    name = " ".join(filter(None, (kind, "backup", login and f"({login})")))
    succeeded = scalar(variables.get("success")) == "1"
    result = scalar(variables.get("current_result"))
    return {
        "backup": {
            "name": name[0].upper() + name[1:],
            "status": "succeeded" if succeeded else "failed",
            "destination": _destination(variables),
            "error": text_without_secrets(result) if result and not succeeded else None,
        }
    }


def _destination(variables: Object) -> str | None:
    if scalar(variables.get("where")) != "ftp":
        return scalar(variables.get("local_path"))
    host, path = scalar(variables.get("ftp_ip")), scalar(variables.get("ftp_path"))
    return host and f"{host}{path or ''}"


def owner(variables: Object) -> Customer:
    """A user is told with its address when it is made; else only by its login."""
    login = scalar(variables.get("username"))
    return {"id": login, "email": scalar(variables.get("email"))}


def made(inbound: Inbound) -> Sequence[On]:
    """The same script runs for resellers and administrators, who are no hosting accounts."""
    kind = scalar(an_object(inbound.payload["data"]).get("usertype"))
    return (On("service.created", created),) if kind in (None, "user") else ()


def _status(variables: Object) -> str | None:
    return {"yes": "suspended", "no": "active"}.get(scalar(variables.get("suspended")) or "")


def _host(value: object) -> str | None:
    name = scalar(value)
    return name.lower().rstrip(".") if name else None


PROVIDER = replace(
    panel(
        name="directadmin",
        label="DirectAdmin",
        kind="hosting_panel",
        homepage="https://www.directadmin.com",
        native_name=native_name,
        events={
            "user_create_post": made,
            "user_destroy_post": On("service.terminated", terminated),
            "domain_change_post": On("service.updated", renamed),
            "ip_change_post": On("service.updated", updated),
            "domain_create_post": new_domain,
            "dns_create_post": new_zone,
            "domain_destroy_post": On("domain.removed", further),
            "all_backups_post": backed_up,
        },
    ),
    customer=owner,
    ignored=frozenset(
        (
            # posted by a test of the agent
            "relay_test",
            # tells what another script told, or that it will be
            "all_backups_pre",
            "user_create_post_confirmed",
            # no event type of ours
            "all_restores_post",
            "database_create_post",
            "database_destroy_post",
            "dns_delete_post",
            "dns_raw_save_post",
            "dns_write_post",
            # mailboxes, FTP users and passwords: not to be posted
            "email_create_post",
            "email_destroy_post",
            "ftp_create_post",
            "ftp_destroy_post",
            "user_password_change_post",
        )
    ),
    secret_fields=frozenset(("passwd", "passwd2", "system_password", "crypt_passwd", "ftp_password")),
    settings=(
        own_api(
            "Panel address",
            "For actions: https://panel.example:2222, where DirectAdmin answers.",
            "https://panel.example:2222",
        ),
        Setting("api_user", "User", "For actions: an administrator or a reseller.", default="admin"),
        Setting("api_key", "Login key", "For actions: made in DirectAdmin under Login Keys.", secret=True),
    ),
    agent=("relay-send.py", "relay-hook.py", "relay-install.sh", "relay-uninstall.sh"),
    event_name=event_name,
)
