"""What Virtualmin does for us: its command line by HTTP. https://www.virtualmin.com/docs/development/remote-api/

A program's answer has `status`: success, or failure with `error`.
"""

from collections.abc import Mapping
from typing import Any

from relay.sdk.account_switch import ACTIVE, SUSPENDED, Account, AccountSwitch
from relay.sdk.actions import Adapter, Task
from relay.sdk.client import basic
from relay.sdk.fields import an_object, first, scalar
from relay.sdk.outcomes import Done, Failed, not_shown
from relay.sdk.sizes import megabytes

_NEEDS = ("api_url", "api_user", "api_password")
_PATH = "/virtual-server/remote.cgi"


def suspend(task: Task, account: Account) -> None:
    _tell(task, "disable-domain", domain=account.id, why=task.input.get("reason"))


def unsuspend(task: Task, account: Account) -> None:
    _tell(task, "enable-domain", domain=account.id)


def switched(task: Task) -> Account:
    domain, server = _server(task)
    return Account(domain, domain, _status(server), _shown(domain, server))


def change_package(task: Task) -> Done:
    domain, server = _server(task)
    plan = str(task.input["package"])
    if _value(server, "plan") == plan:
        return Done(f"{domain} already has plan {plan}.", _shown(domain, server))
    _tell(task, "modify-domain", domain=domain, **{"apply-plan": plan})
    return Done(f"{domain} was moved to plan {plan}.", _shown(domain, {**server, "plan": [plan]}))


def change_limits(task: Task) -> Done:
    """Space is counted in blocks of 1 kB there, traffic in bytes."""
    domain, server = _server(task)
    disk, traffic = task.input.get("disk_mb"), task.input.get("bandwidth_mb")
    if disk is None and traffic is None:
        raise Failed("disk_mb or bandwidth_mb is required.")
    limits: dict[str, Any] = {}
    if disk is not None:
        limits["quota"] = disk * 1024 if disk else "UNLIMITED"
    if traffic is not None:
        limits["bw"] = traffic * 1024 * 1024 if traffic else "NONE"
    _tell(task, "modify-domain", domain=domain, **limits)
    return Done(f"The limits of {domain} were changed.", _shown(domain, server))


def fetch(task: Task) -> Done:
    domain, server = _server(task)
    used, limit = _value(server, "server_byte_quota_used"), _value(server, "server_block_quota")
    output = {
        **_shown(domain, server),
        "email": _value(server, "contact_email") or _value(server, "contact_address"),
        "disk_used_mb": megabytes(used, of=1024 * 1024),
        "disk_limit_mb": megabytes(limit, of=1024),
    }
    return Done(f"{domain} is {_status(server)}.", output)


def _server(task: Task) -> tuple[str, dict[str, Any]]:
    """A virtual server is known by its domain."""
    domain = str(task.input["service_id"]).strip().lower()
    form = {"program": "list-domains", "domain": domain, "multiline": "", "json": "1"}
    reply = task.vendor.read(_PATH, method="POST", headers=_headers(task), form=form)
    said = reply.expect(_reason).object()
    if said.get("status") != "success":
        raise not_shown(f"Virtualmin did not return {domain}", _reason(said))
    found = first(said.get("data"))
    if not found:
        raise Failed(f"There is no virtual server {domain} on this server.", code="no_such_thing")
    return domain, an_object(found.get("values"))


def _tell(task: Task, program: str, **fields: Any) -> None:
    form = {"program": program, "json": "1", **fields}
    said = task.vendor.change("POST", _PATH, headers=_headers(task), form=form).expect(_reason).object()
    if not task.vendor.dry and said.get("status") != "success":
        raise Failed(f"Virtualmin refused {program}: {_reason(said) or 'no reason was given'}")


def _headers(task: Task) -> dict[str, str]:
    return basic(str(task.settings["api_user"]), str(task.settings["api_password"]))


def _reason(said: Any) -> str | None:
    return scalar(an_object(said).get("error"))


def _value(server: Mapping[str, Any], name: str) -> str | None:
    """Of many lines, the first is the value."""
    found = server.get(name)
    return scalar(found[0]) if isinstance(found, list) and found else scalar(found)


def _status(server: Mapping[str, Any]) -> str:
    return SUSPENDED if "disabled" in server else ACTIVE


def _shown(domain: str, server: Mapping[str, Any]) -> dict[str, Any]:
    status = _status(server)
    return {"service_id": domain, "service_status": status, "domain": domain, "plan": _value(server, "plan")}


ACTIONS: Mapping[str, Adapter] = {
    **AccountSwitch(switched, suspend, unsuspend, _NEEDS).actions(),
    "service.change_package": Adapter(change_package, repeatable=True, needs=_NEEDS),
    "service.change_limits": Adapter(change_limits, repeatable=True, needs=_NEEDS),
    "service.fetch": Adapter(fetch, repeatable=True, needs=_NEEDS),
}
