"""Virtualmin: virtual servers and backups of a server.

What its commands are given: https://github.com/virtualmin/virtualmin-gpl (set_domain_envs, set_backup_envs)

The command that runs after a change gets every property of the virtual server as a variable, `VIRTUALSERVER_DOM` and so
on, and what held before as `VIRTUALSERVER_OLDSERVER_DOM`. `VIRTUALSERVER_ACTION` names the event. The command that runs
after a scheduled backup gets `BACKUP_` variables; the agent calls that event `SCHEDULED_BACKUP`.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from relay.formats.times import timestamp
from relay.sdk.api_settings import own_api
from relay.sdk.entities import Data, Service
from relay.sdk.fields import Object, an_object, scalar
from relay.sdk.inbound import Inbound
from relay.sdk.provider import On, Setting, panel

SCHEDULED_BACKUP = "SCHEDULED_BACKUP"
_MOST_NAMES = 200


def native_name(variables: Object) -> str | None:
    action = scalar(variables.get("VIRTUALSERVER_ACTION"))
    return action or (SCHEDULED_BACKUP if "BACKUP_STATUS" in variables else None)


def virtual_server(variables: Object, status: str | None = None) -> Service:
    """A virtual server is a customer's account; to us it is a hosting service, known by its domain."""
    name = _host(variables, "DOM")
    return {
        "id": name,
        "name": name,
        "domain": name,
        "username": _own(variables, "USER"),
        "plan": _own(variables, "PLAN_NAME"),
        "status": status,
        "owner": scalar(variables.get("RESELLER_NAME")),
        "email": _own(variables, "EMAILTO"),
        "reason": _own(variables, "DISABLED_WHY"),
        "ip_address": _own(variables, "IP"),
    }


def service(variables: Object, status: str | None = None) -> Data:
    return {"service": virtual_server(variables, status)}


def updated(variables: Object) -> Data:
    """Told for every change; the names differ only when the domain was renamed."""
    before, now = _host(variables, "OLDSERVER_DOM"), _host(variables, "DOM")
    renamed = before and now and before != now
    return service(variables) | {"domain": {"name": now, "previous_name": before} if renamed else None}


def installed(inbound: Inbound) -> Sequence[On]:
    """The command also runs for a request of a certificate; the agent names the certificate where it is a new one."""
    is_new = scalar(an_object(inbound.payload["data"]).get("CERTIFICATE_SHA256"))
    return (On("certificate.renewed", certificate),) if is_new else ()


def certificate(variables: Object) -> Data:
    name = _host(variables, "DOM")
    return {
        "certificate": {
            "domain": name,
            "names": [name] if name else [],
            "valid_from": timestamp(variables.get("CERTIFICATE_NOT_BEFORE")),
            "expires_at": timestamp(variables.get("CERTIFICATE_NOT_AFTER")),
        },
        **service(variables),
    }


def created(inbound: Inbound) -> Sequence[On]:
    if _is_further(inbound):
        return (On("domain.added", further),)
    return (On("service.created", partial(service, status="active")),)


def deleted(inbound: Inbound) -> Sequence[On]:
    if _is_further(inbound):
        return (On("domain.removed", further),)
    return (On("service.terminated", partial(service, status="terminated")),)


def _is_further(inbound: Inbound) -> bool:
    """A sub-server or an alias of a virtual server is a further domain of its account."""
    variables = an_object(inbound.payload["data"])
    return bool(_own(variables, "PARENT") or _own(variables, "ALIAS"))


def further(variables: Object) -> Data:
    main = scalar(variables.get("ALIAS_VIRTUALSERVER_DOM")) or scalar(variables.get("PARENT_VIRTUALSERVER_DOM"))
    name = main and main.lower().rstrip(".")
    is_alias = _own(variables, "ALIAS") is not None
    return {"domain": {"name": _host(variables, "DOM"), "alias_of": name if is_alias else None, "service_id": name}}


def scheduled(inbound: Inbound) -> Sequence[On]:
    """One run backs many virtual servers up. `BACKUP_STATUS` is 1 or 0; the command that runs before a backup has none.

    Where some of them failed, each of these is told by itself, and that the others were saved.
    """
    variables = an_object(inbound.payload["data"])
    status = scalar(variables.get("BACKUP_STATUS"))
    failed, everything = _names(variables, "BACKUP_ERROR_NAMES"), _names(variables, "BACKUP_DOMAIN_NAMES")
    saved = [name for name in everything if name not in failed]
    if not failed and status != "0":
        return (_backup("succeeded", everything),) if status else ()
    if not failed or not saved:
        return (_backup("failed", everything or failed, why=failed),)
    return (*(_backup("failed", [name], why=[name], key=name) for name in failed), _backup("succeeded", saved))


def _backup(status: str, names: Sequence[str], why: Sequence[str] = (), key: str = "") -> On:
    """BACKUP_DEST may hold a login and a password of the place that backups go to: only what follows is kept."""

    def run(variables: Object) -> Data:
        destination = scalar(variables.get("BACKUP_DEST"))
        return {
            "backup": {
                "id": scalar(variables.get("BACKUP_ID")),
                "name": scalar(variables.get("BACKUP_DESC")) or "Scheduled backup",
                "status": status,
                "resource": ", ".join(names) or None,
                "destination": destination and destination.rsplit("@", 1)[-1],
                "error": f"No backup was made of {', '.join(why)}" if why else None,
            }
        }

    return On(f"backup.{status}", run, key=lambda _: key)


def _names(variables: Object, name: str) -> list[str]:
    return (scalar(variables.get(name)) or "").split()[:_MOST_NAMES]


def _own(variables: Object, name: str) -> str | None:
    return scalar(variables.get(f"VIRTUALSERVER_{name}"))


def _host(variables: Object, name: str) -> str | None:
    found = _own(variables, name)
    return found.lower().rstrip(".") if found else None


PROVIDER = replace(
    panel(
        name="virtualmin",
        label="Virtualmin",
        kind="hosting_panel",
        homepage="https://www.virtualmin.com",
        native_name=native_name,
        events={
            "CREATE_DOMAIN": created,
            "CLONE_DOMAIN": created,
            "MODIFY_DOMAIN": On("service.updated", updated),
            "DISABLE_DOMAIN": On("service.suspended", partial(service, status="suspended")),
            "ENABLE_DOMAIN": On("service.unsuspended", partial(service, status="active")),
            "DELETE_DOMAIN": deleted,
            "SSL_DOMAIN": installed,
            SCHEDULED_BACKUP: scheduled,
        },
    ),
    customer=lambda variables: {"id": _own(variables, "USER"), "email": _own(variables, "EMAILTO")},
    ignored=frozenset(
        (
            # posted by a test of the agent
            "relay_test",
            # BACKUP_DOMAIN runs for each server of a backup and says not how it went; SCHEDULED_BACKUP does
            "BACKUP_DOMAIN",
            # no event type of ours
            "RESTORE_DOMAIN",
            "SCRIPT_DOMAIN",
            # mailboxes' and databases' names and passwords: not to be posted
            "DBNAME_DOMAIN",
            "DBPASS_DOMAIN",
            "CREATE_USER",
            "MODIFY_USER",
            "DELETE_USER",
            "CREATE_ALIAS",
            "MODIFY_ALIAS",
            "DELETE_ALIAS",
            # the panel's own staff
            "CREATE_RESELLER",
            "MODIFY_RESELLER",
            "DELETE_RESELLER",
        )
    ),
    settings=(
        own_api(
            "Webmin address",
            "For actions: where Webmin is, such as https://server1.example:10000.",
            "https://server1.example:10000",
        ),
        Setting("api_user", "User", "For actions: a Webmin user who may use the remote API."),
        Setting("api_password", "Password", "For actions: of that user.", secret=True),
    ),
    agent=("relay-send.py", "relay-hook.py", "relay-install.sh", "relay-uninstall.sh"),
)
