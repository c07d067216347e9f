"""Plesk: subscriptions, sites, customers, services and licenses of a server.

What its event handlers are given: https://docs.plesk.com/en-US/obsidian/administrator-guide/67897/

A handler gets values as environment variables, `NEW_` for what holds now and `OLD_` for what held before. The
event's name is not among them, so the agent is given it as an argument. What has no handler is read from the
event log of the XML API, one row a webhook; a row is named `event_log:CLASS:TYPE` here.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import idna

from relay.formats.times import instant
from relay.formats.values import EMAIL, KEY
from relay.sdk.api_settings import own_api
from relay.sdk.entities import Alert, CustomerDetails, Data, Service
from relay.sdk.fields import scalar
from relay.sdk.inbound import Inbound
from relay.sdk.provider import TOLD_ON_CHANGE, On, Route, Setting, panel

Variables = dict[str, Any]

_EVENT_LOG = "XML API event_log"
_ROW_FIELDS = frozenset(("class", "type", "obj_id"))


def host_name(value: Any) -> str | None:
    """A domain name as DNS has it: lower case, with A-labels where Plesk gives Unicode."""
    name = scalar(value)
    if name is None or name.isascii():
        return name and name.lower()
    try:
        return idna.encode(name, uts46=True).decode()
    except idna.IDNAError:
        return name.lower()


def native_name(variables: Variables) -> str | None:
    """A row of the event log is known by its fields; what a handler is given does not name itself."""
    return _EVENT_LOG if variables.keys() >= _ROW_FIELDS else None


def event_name(inbound: Inbound) -> str | None:
    name: str | None = inbound.payload["event"]
    if name != _EVENT_LOG:
        return name
    entry = inbound.payload["data"]
    return f"event_log:{entry['class']}:{entry['type']}"


def event_id(inbound: Inbound) -> str | None:
    """A row keeps its number however often the log is read."""
    if inbound.payload["event"] == _EVENT_LOG:
        return f"event_log-{inbound.payload['data']['id']}"
    return inbound.headers.get("webhook-id")


def subscription(variables: Variables, status: str | None = None) -> Service:
    """A subscription, which Plesk knows by its default domain; to us it is a hosting service."""
    name = host_name(_now(variables, "DOMAIN_NAME"))
    return {
        "id": name,
        "name": name,
        "domain": name,
        "username": scalar(_now(variables, "SYSTEM_USER")),
        "status": status,
    }


def service(variables: Variables, status: str | None = None) -> Data:
    return {"service": subscription(variables, status)}


def updated(variables: Variables) -> Data:
    """The handler runs for every change; the names differ only when the domain was renamed."""
    before, now = host_name(variables.get("OLD_DOMAIN_NAME")), host_name(variables.get("NEW_DOMAIN_NAME"))
    renamed = before and now and before != now
    return {
        "service": subscription(variables),
        "domain": {"name": now, "previous_name": before} if renamed else None,
    }


def site(variables: Variables) -> Data:
    return {"domain": {"name": host_name(_now(variables, "DOMAIN_NAME"))}}


def alias(variables: Variables) -> Data:
    main = host_name(_now(variables, "DOMAIN_NAME"))
    return {"domain": {"name": host_name(_now(variables, "DOMAIN_ALIAS_NAME")), "alias_of": main}}


def client(variables: Variables) -> Data:
    login, name = scalar(_now(variables, "LOGIN_NAME")), scalar(_now(variables, "CONTACT_NAME"))
    return {
        "customer": {
            "id": login,
            "name": name,
            "email": scalar(_now(variables, "EMAIL")),
            "company": scalar(_now(variables, "COMPANY_NAME")),
            "phone": scalar(_now(variables, "PHONE")),
            "address_line1": scalar(_now(variables, "ADDRESS")),
            "city": scalar(_now(variables, "CITY")),
            "state": scalar(_now(variables, "STATE_PROVINCE")),
            "postal_code": scalar(_now(variables, "POSTAL_ZIP_CODE")),
            "country": scalar(_now(variables, "COUNTRY")),
            "username": login,
        }
    }


def who(variables: Variables) -> CustomerDetails:
    return client(variables)["customer"]


def stopped(variables: Variables) -> Data:
    return {"alert": _service_alert(variables, "stopped") | {"severity": "warning", "status": "firing"}}


def started(variables: Variables) -> Data:
    return {"alert": _service_alert(variables, "started") | {"severity": "info", "status": "resolved"}}


def _service_alert(variables: Variables, what: str) -> Alert:
    name = scalar(_now(variables, "SERVICE"))
    return {"key": f"service:{name}", "title": f"The service {name} was {what}", "resource": name}


def expired_license(_: Variables, name: str) -> Data:
    """What these handlers are given is not documented; a license's key would be no name for it anyway."""
    return {"license": {"name": name, "product": "Plesk", "status": "expired"}}


def exceeded(entry: Variables, resource: str) -> Data:
    """A row of the log says which object went over its limit, but not by how much."""
    return {"usage": {"resource": resource}, "service": {"id": scalar(entry.get("obj_id"))}}


def exceeded_by_client(entry: Variables, resource: str) -> Data:
    return {"usage": {"resource": resource, "account": scalar(entry.get("obj_id"))}}


def changed(entry: Variables) -> Data:
    """The log says that the status changed, not to what. Its ids are numbers, the handlers' are names."""
    return {"service": {"id": scalar(entry.get("obj_id"))}}


def in_state(status: str) -> Callable[[Variables], Data]:
    return partial(service, status=status)


def _now(variables: Variables, name: str) -> Any:
    """The value that holds now; of what was deleted, the one that held."""
    return variables.get(f"NEW_{name}") or variables.get(f"OLD_{name}")


EVENTS: dict[str, Route] = {
    # Subscriptions. The default domain makes one; that its hosting is set up then makes no second one.
    "domain_create": On("service.created", in_state("active")),
    "domain_update": On("service.updated", updated),
    "domain_limits_update": On("service.updated", service),
    "phys_hosting_create": On("service.updated", service),
    "phys_hosting_update": On("service.updated", service),
    "domain_delete": On("service.terminated", in_state("terminated")),
    "event_log:domain_status:status_changed": On("service.updated", changed),
    # Further domains of a subscription
    "site_create": On("domain.added", site),
    "domain_alias_create": On("domain.added", alias),
    "site_delete": On("domain.removed", site),
    "domain_alias_delete": On("domain.removed", alias),
    # Customers
    "client_create": On("customer.created", client, customer=who),
    "client_update": On("customer.updated", client, customer=who),
    # The server
    "service_stop": On("alert.raised", stopped),
    "service_start": On("alert.resolved", started),
    "license_expired": On("license.expired", partial(expired_license, name="Plesk")),
    "additional_license_expired": On("license.expired", partial(expired_license, name="Additional license")),
    # Limits
    "event_log:domain_limit_size:exceeded": On("usage.exceeded", partial(exceeded, resource="disk")),
    "event_log:domain_limit_traffic:exceeded": On("usage.exceeded", partial(exceeded, resource="bandwidth")),
    "event_log:client_limit_size:exceeded": On("usage.exceeded", partial(exceeded_by_client, resource="disk")),
    "event_log:client_limit_traffic:exceeded": On("usage.exceeded", partial(exceeded_by_client, resource="bandwidth")),
}
IGNORED = frozenset(
    (
        # no event type of ours, or told by the event of the domain it belongs to
        "client_delete",
        "domain_alias_update",
        "domain_dns_update",
        "mail_management_status_update",
        "phys_hosting_delete",
        "site_update",
        "subdomain_create",
        "subdomain_delete",
        "subdomain_update",
        # posted by a test of the agent
        "relay_test",
        # the panel's own staff, plans and sessions
        "admin_alias_create",
        "admin_alias_delete",
        "admin_alias_update",
        "cp_user_login",
        "cp_user_logout",
        "license_update",
        "template_domain_create",
        "template_domain_delete",
        "template_domain_update",
        # mailboxes and FTP users, with their passwords: not to be registered
        "ftpuser_create",
        "ftpuser_delete",
        "ftpuser_update",
        "mailname_create",
        "mailname_delete",
        "mailname_update",
        "webuser_create",
        "webuser_delete",
        "webuser_update",
    )
)

PROVIDER = replace(
    panel(
        name="plesk",
        label="Plesk",
        kind="hosting_panel",
        homepage="https://www.plesk.com",
        native_name=native_name,
        occurred_at=lambda inbound: instant(inbound.payload["data"].get("time")),
        events=EVENTS,
    ),
    ignored=IGNORED,
    settings=(
        own_api(
            "Plesk address",
            "For actions: where Plesk is, such as https://server1.example:8443.",
            "https://server1.example:8443",
        ),
        Setting("api_key", "Secret key", "For actions: made by `plesk bin secret_key`.", secret=True, form=KEY),
        Setting("contact_email", "Contact e-mail", "For certificates: whom Let's Encrypt writes to.", form=EMAIL),
    ),
    agent=("relay-send.py", "relay-hook.py", "relay-install.sh", "relay-uninstall.sh"),
    event_name=event_name,
    event_id=event_id,
    alerts=TOLD_ON_CHANGE,
)
