"""HestiaCP: users, certificates and backups of a server.

Its scripts: https://hestiacp.com/docs/server-administration/ and https://github.com/hestiacp/hestiacp (bin/v-add-user,
bin/v-add-letsencrypt-domain)

It has two places that run a program, and both are given a list of arguments. So an event's `data` is that list, and is
known by the file that was run. A package's script runs for more than new users; the agent sees which command ran it,
and names the event after that. What the panel answers about backups is an object, and is read as it lies.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from relay.formats import jsontext
from relay.formats.times import instant
from relay.formats.values import KEY
from relay.sdk.api_settings import own_api
from relay.sdk.entities import Customer, Data
from relay.sdk.fields import an_object, integer, scalar
from relay.sdk.inbound import Inbound
from relay.sdk.provider import JSON, BodyFormat, On, Setting, by, panel

PACKAGE = "data/packages/PACKAGE.sh"
ADDED, REPACKAGED = "v-add-user", "v-change-user-package"
CERTIFICATE = "/etc/hestiacp/hooks/le_post.sh"
BACKUPS = "v-list-user-backups json"
_MEGABYTE = 1_000_000
_MOST_BACKUPS = 500


def read(inbound: Inbound) -> Any:
    """What the agent posts, or the arguments or the answer alone, whose name is given beside them."""
    payload = JSON.read(inbound)
    if isinstance(payload, dict) and isinstance(payload.get("event"), str) and "data" in payload:
        return payload
    return {"event": inbound.native or native_name(payload), "data": payload, "sent_at": None}


def native_name(said: Any) -> str | None:
    """A list does not name its script; backups are known by the names of their files."""
    rows = an_object(said)
    return (
        BACKUPS if rows and all(name.endswith(".tar") and isinstance(row, dict) for name, row in rows.items()) else None
    )


def event_name(inbound: Inbound) -> str | None:
    """A script of a package is named after the package: `data/packages/starter.sh`."""
    name = scalar(inbound.payload["event"])
    if name and name.startswith("data/packages/") and name.endswith(".sh"):
        return PACKAGE
    return name


def _argument(said: Any, place: int) -> str | None:
    return scalar(said[place]) if isinstance(said, list) and len(said) > place else None


def user(said: Any, status: str | None = None) -> Data:
    login = _argument(said, 0)
    return {
        "service": {
            "id": login,
            "name": login,
            "username": login,
            "plan": _argument(said, 3),
            "status": status,
            "email": _argument(said, 1),
        }
    }


def created(said: Any) -> Data:
    return user(said, "active")


def customer(said: Any) -> Customer:
    """The user, with what a package's script is told of it."""
    return {"id": _argument(said, 0), "email": _argument(said, 1), "name": _argument(said, 2)}


def holder(said: Any) -> Customer:
    return {"id": _argument(said, 0)}


def certificate(said: Any) -> Data:
    domain = _host(_argument(said, 1))
    aliases = (_argument(said, 2) or "").replace(",", " ").split()
    names = [name for name in (domain, *map(_host, aliases)) if name]
    return {
        "certificate": {"domain": domain, "names": list(dict.fromkeys(names)), "issuer": "Let's Encrypt"},
        "service": {"id": _argument(said, 0), "username": _argument(said, 0), "domain": domain},
    }


def kept(inbound: Inbound) -> Sequence[On]:
    """Each file that the panel lists is a backup that was made, told once however often it is listed."""
    names = sorted(an_object(inbound.payload["data"]))[:_MOST_BACKUPS]
    return [
        On("backup.succeeded", partial(backup, name=name), customer=partial(whose, name=name), key=partial(_same, name))
        for name in names
    ]


def backup(said: Any, name: str) -> Data:
    """`SIZE` is in megabytes and `RUNTIME` in minutes, both whole. The day and time tell no zone, so only the day is
    sure."""
    found = an_object(an_object(said).get(name))
    size, minutes = integer(found.get("SIZE")), integer(found.get("RUNTIME"))
    login = name.partition(".")[0]
    return {
        "backup": {
            "id": name,
            "name": name,
            "status": "succeeded",
            "resource": login,
            "destination": scalar(found.get("TYPE")),
            "size_bytes": None if size is None else size * _MEGABYTE,
            "duration_seconds": None if minutes is None else minutes * 60,
        },
        "service": {"id": login, "name": login, "username": login, "domain": _host(scalar(found.get("WEB")))},
    }


def whose(_: Any, name: str) -> Customer:
    return {"id": name.partition(".")[0]}


def _same(name: str, _: Any) -> str:
    return name


def _host(name: str | None) -> str | None:
    return name.lower().rstrip(".") if name else None


PROVIDER = replace(
    panel(
        name="hestiacp",
        label="HestiaCP",
        kind="hosting_panel",
        homepage="https://hestiacp.com",
        occurred_at=lambda inbound: instant(inbound.payload.get("sent_at")),
        events={
            ADDED: On("service.created", created),
            REPACKAGED: On("service.package_changed", user),
            # Nobody knows why the script ran: it runs for every user again and again, so that each is told once.
            PACKAGE: On("service.created", created, once=by("service", "id")),
            CERTIFICATE: On("certificate.renewed", certificate, customer=holder),
            BACKUPS: kept,
        },
    ),
    customer=customer,
    ignored=frozenset(("relay_test",)),
    settings=(
        own_api(
            "Panel address",
            "For actions: https://panel.example:8083, where HestiaCP answers.",
            "https://panel.example:8083",
        ),
        Setting(
            "api_access_key",
            "Access key ID",
            "For actions: an access key of the administrator.",
            secret=True,
            form=KEY,
        ),
        Setting(
            "api_secret_key",
            "Secret access key",
            "For actions: the secret that goes with it.",
            secret=True,
            form=KEY,
        ),
    ),
    agent=("relay-send.py", "relay-hook.py", "relay-install.sh", "relay-uninstall.sh"),
    body=BodyFormat("json", read, jsontext.dumps),
    event_name=event_name,
)
