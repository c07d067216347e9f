"""ISPConfig: websites, domains and customers of its servers.

Its server plugins are told of each row that changed: https://git.ispconfig.org/ispconfig/ispconfig3

An event is named after the table and what was done to it, and its data are the row as it is (`new`) and as it was
(`old`). The agent posts a few columns of each; a table's passwords never leave the server.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from relay.sdk.entities import Customer, CustomerDetails, Data, Service
from relay.sdk.fields import Object, an_object, scalar
from relay.sdk.inbound import Inbound
from relay.sdk.provider import On, panel


def native_name(said: Object) -> str | None:
    """Rows of websites are known by their columns, and by which of the two rows is there."""
    now, before = an_object(said.get("new")), an_object(said.get("old"))
    if "domain_id" not in (now or before):
        return None
    if not before:
        return "web_domain_insert"
    return "web_domain_update" if now else "web_domain_delete"


def website(said: Object, status: str | None = None) -> Service:
    """A website is the customer's account; to us it is a hosting service."""
    name = _host(_of(said, "domain"))
    return {
        "id": _of(said, "domain_id") or name,
        "name": name,
        "domain": name,
        "username": _of(said, "system_user"),
        "status": status or {"y": "active", "n": "suspended"}.get(_of(said, "active") or ""),
        "server": _of(said, "server_id"),
        "owner": _of(said, "system_group"),
        "ip_address": _address(_of(said, "ip_address")),
    }


def service(said: Object, status: str | None = None) -> Data:
    return {"service": website(said, status)}


def updated(said: Object) -> Data:
    """Told for every change; the names differ only when the domain was renamed."""
    before, now = (_host(scalar(an_object(said.get(row)).get("domain"))) for row in ("old", "new"))
    renamed = before and now and before != now
    return service(said) | {"domain": {"name": now, "previous_name": before} if renamed else None}


def inserted(inbound: Inbound) -> Sequence[On]:
    """Subdomains and aliases are rows of the same table."""
    said = an_object(inbound.payload["data"])
    if _is_website(said):
        return (On("service.created", service),)
    return (On("domain.added", further),)


def changed(inbound: Inbound) -> Sequence[On]:
    """`active` says whether a website is served. ISPConfig suspends by taking it away."""
    said = an_object(inbound.payload["data"])
    if not _is_website(said):
        return ()
    before, now = (scalar(an_object(said.get(row)).get("active")) for row in ("old", "new"))
    if (before, now) == ("y", "n"):
        return (On("service.suspended", partial(service, status="suspended")),)
    if (before, now) == ("n", "y"):
        return (On("service.unsuspended", partial(service, status="active")),)
    return (On("service.updated", updated),)


def deleted(inbound: Inbound) -> Sequence[On]:
    said = an_object(inbound.payload["data"])
    if _is_website(said):
        return (On("service.terminated", partial(service, status="terminated")),)
    return (On("domain.removed", further),)


def further(said: Object) -> Data:
    is_alias = _of(said, "type") in ("alias", "vhostalias")
    parent = _of(said, "parent_domain_id")
    return {
        "domain": {
            "id": _of(said, "domain_id"),
            "name": _host(_of(said, "domain")),
            "alias_of": _host(_of(said, "parent_domain")) if is_alias else None,
            "service_id": parent if parent not in (None, "0") else None,
        }
    }


def client(said: Object) -> Data:
    name = _of(said, "contact_name")
    return {
        "customer": {
            "id": _of(said, "client_id"),
            "name": name,
            "email": _of(said, "email"),
            "company": _of(said, "company_name"),
            "phone": _of(said, "telephone"),
            "city": _of(said, "city"),
            "postal_code": _of(said, "zip"),
            "country": _of(said, "country"),
            "username": _of(said, "username"),
            "language": _of(said, "language"),
        }
    }


def who(said: Object) -> CustomerDetails:
    return client(said)["customer"]


def owner(said: Object) -> Customer | None:
    """`client3` is the group of the customer 3; the agent may have looked it up."""
    group = _of(said, "system_group") or ""
    number = group.removeprefix("client")
    return {"id": number} if group.startswith("client") and number.isdigit() else None


def _is_website(said: Object) -> bool:
    return _of(said, "type") in (None, "vhost")


def _of(said: Object, name: str) -> str | None:
    """The value that holds now; of what was deleted, the one that held."""
    now, before = an_object(said.get("new")), an_object(said.get("old"))
    return scalar(now.get(name)) or scalar(before.get(name))


def _host(name: str | None) -> str | None:
    return name.lower().rstrip(".") if name else None


def _address(value: str | None) -> str | None:
    return None if value == "*" else value


PROVIDER = replace(
    panel(
        name="ispconfig",
        label="ISPConfig",
        kind="hosting_panel",
        homepage="https://www.ispconfig.org",
        native_name=native_name,
        events={
            "web_domain_insert": inserted,
            "web_domain_update": changed,
            "web_domain_delete": deleted,
            "client_insert": On("customer.created", client, customer=who),
            "client_update": On("customer.updated", client, customer=who),
        },
    ),
    customer=owner,
    ignored=frozenset(
        (
            # posted by a test of the agent
            "relay_test",
            # no event type of ours
            "client_delete",
            "database_insert",
            "database_update",
            "database_delete",
            "dns_soa_insert",
            "dns_soa_update",
            "dns_soa_delete",
            "mail_domain_insert",
            "mail_domain_update",
            "mail_domain_delete",
            # mailboxes and their passwords: not to be posted
            "ftp_user_insert",
            "ftp_user_update",
            "ftp_user_delete",
            "mail_user_insert",
            "mail_user_update",
            "mail_user_delete",
            "shell_user_insert",
            "shell_user_update",
            "shell_user_delete",
        )
    ),
    secret_fields=frozenset(("ssl_key", "stats_password", "id_rsa", "otp_data")),
    agent=("relay-send.php", "relay-install-php.sh", "relay-uninstall-php.sh"),
)
