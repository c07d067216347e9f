"""What Plesk does for us: its command line by the REST API.

https://docs.plesk.com/en-US/obsidian/api-rpc/about-rest-api.79359/

A command's answer has `code`, 0 when it was done, and `stderr`. Switching off what is off, and giving a plan again,
change nothing, so that each may be done again.
"""

from collections.abc import Mapping
from typing import Any

from relay.providers.plesk import host_name
from relay.sdk.actions import Adapter, Task
from relay.sdk.client import SECONDS, SLOW_SECONDS
from relay.sdk.fields import an_object, scalar
from relay.sdk.outcomes import Done, Failed

_NEEDS = ("api_url", "api_key")
_NO_LIMIT = "-1"


def suspend(task: Task) -> Done:
    name = _name(task)
    _tell(task, "subscription", "--webspace-off", name)
    return Done(f"Subscription {name} was suspended.", _shown(name, "suspended"))


def unsuspend(task: Task) -> Done:
    name = _name(task)
    _tell(task, "subscription", "--webspace-on", name)
    return Done(f"Subscription {name} was unsuspended.", _shown(name, "active"))


def change_package(task: Task) -> Done:
    name, plan = _name(task), str(task.input["package"])
    _tell(task, "subscription", "--switch-subscription", name, "-service-plan", plan)
    return Done(f"Subscription {name} was moved to plan {plan}.", {**_shown(name, None), "plan": plan})


def change_limits(task: Task) -> Done:
    """From then on the subscription does not follow its plan any more, as Plesk has it."""
    name, disk, traffic = _name(task), task.input.get("disk_mb"), task.input.get("bandwidth_mb")
    if disk is None and traffic is None:
        raise Failed("disk_mb or bandwidth_mb is required.")
    words = []
    for option, limit in (("-disk_space", disk), ("-max_traffic", traffic)):
        if limit is not None:
            words += [option, f"{limit}M" if limit else _NO_LIMIT]
    _tell(task, "subscription_settings", "--update", name, *words)
    return Done(f"The limits of subscription {name} were changed.", _shown(name, None))


def renew_certificate(task: Task) -> Done:
    """By Plesk's own Let's Encrypt extension."""
    name = _name(task)
    domain = host_name(task.input.get("domain") or name)
    if domain is None or domain.startswith("-"):
        raise Failed("domain must be a domain name, such as acme-shop.example.")
    words = ("--exec", "letsencrypt", "cli.php", "-d", domain, "-m", str(task.settings["contact_email"]))
    _tell(task, "extension", *words, seconds=SLOW_SECONDS)
    return Done(
        f"The certificate of {domain} was renewed.", {"service_id": name, "domain": domain, "request_status": "done"}
    )


def _name(task: Task) -> str:
    """A subscription is known by its main domain."""
    name = host_name(task.input["service_id"])
    if name is None or name.startswith("-"):
        raise Failed("service_id must be the subscription's main domain, such as acme-shop.example.")
    return name


def _tell(task: Task, command: str, *words: str, seconds: float = SECONDS) -> None:
    headers, path = {"x-api-key": str(task.settings["api_key"])}, f"/api/v2/cli/{command}/call"
    reply = task.vendor.change("POST", path, headers=headers, json={"params": list(words)}, seconds=seconds)
    said = reply.expect(_reason).object()
    if not task.vendor.dry and str(said.get("code")) != "0":
        why = (scalar(said.get("stderr")) or scalar(said.get("stdout")) or "no reason was given")[:300]
        code = "no_such_thing" if "does not exist" in why or "Unable to find" in why else "refused"
        raise Failed(f"Plesk refused the command: {why}", code=code)


def _reason(said: Any) -> str | None:
    return scalar(an_object(said).get("message"))


def _shown(name: str, status: str | None) -> dict[str, Any]:
    return {"service_id": name, "service_status": status, "domain": name}


ACTIONS: Mapping[str, Adapter] = {
    "service.suspend": Adapter(suspend, repeatable=True, needs=_NEEDS),
    "service.unsuspend": Adapter(unsuspend, repeatable=True, needs=_NEEDS),
    "service.change_package": Adapter(change_package, repeatable=True, needs=_NEEDS),
    "service.change_limits": Adapter(change_limits, repeatable=True, needs=_NEEDS),
    "certificate.renew": Adapter(renew_certificate, needs=(*_NEEDS, "contact_email")),
}
