"""CyberPanel: websites, domains and backups of a server.

Its views send Django signals: https://github.com/usmannasir/cyberpanel/blob/stable/websiteFunctions/signals.py

A signal carries the request, whose fields differ from view to view: the website is called `domainName`, `websiteName`
or `domain`. The answer tells whether it was done; the agent posts what was, and of a suspension also that it failed.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from relay.sdk.entities import Customer, Data, Service
from relay.sdk.fields import Object, an_object, scalar
from relay.sdk.inbound import Inbound
from relay.sdk.provider import On, panel


def native_name(fields: Object) -> str | None:
    """A request does not name its signal; these two are known by their fields alone."""
    if fields.keys() >= {"websiteName", "state"}:
        return "postWebsiteSuspension"
    return "postWebsiteCreation" if fields.keys() >= {"domainName", "websiteOwner"} else None


def website(fields: Object, status: str | None = None) -> Data:
    """A website is the customer's account; to us it is a hosting service, known by its domain."""
    return {"service": _website(fields, status)}


def _website(fields: Object, status: str | None) -> Service:
    name = _host(fields, "domainName", "websiteName", "domain")
    return {
        "id": name,
        "name": name,
        "domain": name,
        "plan": _either(fields, "package", "packForWeb"),
        "status": status,
        "owner": _either(fields, "websiteOwner", "admin"),
        "email": _either(fields, "adminEmail", "email"),
    }


def suspension(inbound: Inbound) -> Sequence[On]:
    """One signal for both: `state` says which. Where it failed, a suspension is told and its end is not."""
    fields = an_object(inbound.payload["data"])
    suspends = (scalar(fields.get("state")) or "").lower() == "suspend"
    if scalar(fields.get("websiteStatus")) == "0":
        return (On("service.suspension_failed", unsuspendable),) if suspends else ()
    if suspends:
        return (On("service.suspended", partial(website, status="suspended")),)
    return (On("service.unsuspended", partial(website, status="active")),)


def unsuspendable(fields: Object) -> Data:
    return {"service": _website(fields, None) | {"failure_reason": scalar(fields.get("error_message"))}}


def further(fields: Object) -> Data:
    """A further domain of a website, or an alias of it. The view that deletes one calls it `websiteName`."""
    master = _host(fields, "masterDomain")
    is_alias = "aliasDomain" in fields or scalar(fields.get("alias")) == "1"
    return {
        "domain": {
            "name": _host(fields, "aliasDomain", "domainName", "websiteName"),
            "alias_of": master if is_alias else None,
            "service_id": master,
        }
    }


def backup(fields: Object) -> Data:
    name = _host(fields, "websiteToBeBacked", "websiteName")
    return {
        "backup": {"name": name, "status": "started", "resource": name},
        "service": {"id": name, "name": name, "domain": name} if name else None,
    }


def owner(fields: Object) -> Customer:
    """The address that a website was made with. Its owner is a user of the panel, often the administrator."""
    return {"email": _either(fields, "adminEmail", "email")}


def _host(fields: Object, *names: str) -> str | None:
    found = _either(fields, *names)
    return found.lower().rstrip(".") if found else None


def _either(fields: Object, *names: str) -> str | None:
    return next(filter(None, (scalar(fields.get(name)) for name in names)), None)


PROVIDER = replace(
    panel(
        name="cyberpanel",
        label="CyberPanel",
        kind="hosting_panel",
        homepage="https://cyberpanel.net",
        native_name=native_name,
        events={
            "postWebsiteCreation": On("service.created", partial(website, status="active")),
            "postWebsiteModification": On("service.updated", website),
            "postWebsiteSuspension": suspension,
            "postWebsiteDeletion": On("service.terminated", partial(website, status="terminated")),
            "postDomainCreation": On("domain.added", further),
            "postSubmitAliasCreation": On("domain.added", further),
            "postDomainDeletion": On("domain.removed", further),
            "postDelateAlias": On("domain.removed", further),
            # No signal follows the end of a backup.
            "preSubmitBackupCreation": On("backup.started", backup),
        },
    ),
    customer=owner,
    ignored=frozenset(
        (
            # posted by a test of the agent
            "relay_test",
            # pages that were opened: backup/signals.py
            "postBackupSite",
            "postDomain",
            "postRestoreSite",
            # no event type of ours
            "postAddNewCron",
            "postChangeOpenBasedir",
            "postChangePHP",
            "postDeleteBackup",
            "postRemCronbyLine",
            "postSaveConfigsToFile",
            "postSaveRewriteRules",
            "postSaveSSL",
            "postSubmitBackupSchedule",
            # nothing has happened yet
            "preDomainCreation",
            "preWebsiteCreation",
            "preWebsiteDeletion",
            "preWebsiteModification",
            "preWebsiteSuspension",
        )
    ),
    secret_fields=frozenset(("adminpass", "tempstatuspath")),
    agent=("relay-send.py",),
)
