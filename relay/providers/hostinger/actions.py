"""What Hostinger does for us: subscriptions renewed, ended and continued. https://developers.hostinger.com

A subscription is read from the list of all: there is no way to ask for one.
"""

from collections.abc import Mapping
from typing import Any

from relay.formats.times import timestamp
from relay.sdk.actions import Adapter, Task
from relay.sdk.client import bearer
from relay.sdk.fields import an_object, objects, scalar
from relay.sdk.outcomes import Done, Failed, not_shown
from relay.sdk.provider import segment

_NEEDS = ("api_url", "api_key")
_PATH = "/api/billing/v1/subscriptions"


def renew(task: Task) -> Done:
    """Ordered, and paid with the account's usual payment method. No order can be asked for again afterwards, so one
    whose answer is lost stays unknown."""
    found = _subscription(task)
    said = _tell(task, "POST", f"{_own_path(found)}/renew", {})
    if scalar(said.get("status")) == "failed":
        raise Failed(f"Hostinger could not renew {found['name']}.", code="declined")
    return Done(f"The renewal of {found['name']} was ordered.", _shown(found))


def cancel(task: Task) -> Done:
    found = _subscription(task)
    if not task.input.get("at_period_end"):
        raise Failed("Hostinger can only cancel at the end of the period. Turn At Period End on.")
    if found.get("is_auto_renewed") is False:
        return Done(f"Auto-renewal of {found['name']} was already off.", _shown(found))
    _tell(task, "DELETE", f"{_own_path(found)}/auto-renewal/disable", None)
    return Done(f"{found['name']} will end with its current period.", _shown({**found, "is_auto_renewed": False}))


def resume(task: Task) -> Done:
    found = _subscription(task)
    if found.get("is_auto_renewed") is True:
        return Done(f"Auto-renewal of {found['name']} was already on.", _shown(found))
    _tell(task, "PATCH", f"{_own_path(found)}/auto-renewal/enable", None)
    return Done(f"Auto-renewal of {found['name']} was turned on.", _shown({**found, "is_auto_renewed": True}))


def _subscription(task: Task) -> dict[str, Any]:
    own_id = str(task.input["subscription_id"]).strip()
    reply = task.vendor.read(_PATH, headers=bearer(str(task.settings["api_key"]))).expect(_reason)
    known = reply.json()
    rows = known if isinstance(known, list) else an_object(known).get("data")
    if not isinstance(rows, list):
        raise not_shown("Hostinger did not return its subscriptions", None)
    found = next((each for each in objects(rows) if scalar(each.get("id")) == own_id), None)
    if found is None:
        raise Failed(f"There is no subscription {own_id} in this account.", code="no_such_thing")
    return {**found, "name": scalar(found.get("name")) or f"Subscription {own_id}"}


def _own_path(found: Mapping[str, Any]) -> str:
    return f"{_PATH}/{segment(found['id'])}"


def _tell(task: Task, method: str, path: str, body: Any) -> dict[str, Any]:
    reply = task.vendor.change(method, path, headers=bearer(str(task.settings["api_key"])), json=body)
    return reply.expect(_reason).object()


def _reason(said: Any) -> str | None:
    found = an_object(said)
    return scalar(found.get("message")) or scalar(found.get("error"))


def _shown(found: Mapping[str, Any]) -> dict[str, Any]:
    renews = found.get("is_auto_renewed") is True
    return {
        "subscription_id": scalar(found.get("id")),
        "subscription_status": scalar(found.get("status")),
        "renews_at": timestamp(found.get("next_billing_at")) if renews else None,
    }


ACTIONS: Mapping[str, Adapter] = {
    "subscription.renew": Adapter(renew, needs=_NEEDS),
    "subscription.cancel": Adapter(cancel, repeatable=True, needs=_NEEDS),
    "subscription.resume": Adapter(resume, repeatable=True, needs=_NEEDS),
}
