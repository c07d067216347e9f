"""What DirectAdmin does for us: its classic API, with a login key. https://docs.directadmin.com/developer/api/legacy-api.html

With `json=yes` its answers are JSON. A command that failed has `error`, and says why in `text` and `details`.
"""

from collections.abc import Mapping
from typing import Any

from relay.sdk.account_switch import ACTIVE, SUSPENDED, Account, AccountSwitch
from relay.sdk.actions import Adapter, Task
from relay.sdk.client import basic
from relay.sdk.fields import an_object, scalar
from relay.sdk.outcomes import Done, Failed, not_shown
from relay.sdk.sizes import megabytes

_NEEDS = ("api_url", "api_user", "api_key")
_RESERVED = ("admin", "root")


def suspend(task: Task, account: Account) -> None:
    _select(task, account, "Suspend")


def unsuspend(task: Task, account: Account) -> None:
    _select(task, account, "Unsuspend")


def _select(task: Task, account: Account, button: str) -> None:
    _tell(task, "CMD_API_SELECT_USERS", location="CMD_SELECT_USERS", select0=account.id, suspend=button)


def switched(task: Task) -> Account:
    user, account = _user(task)
    return Account(user, f"User {user}", _status(account), _shown(user, account))


def change_package(task: Task) -> Done:
    user, account = _user(task)
    package = str(task.input["package"])
    if account.get("package") == package:
        return Done(f"User {user} already has package {package}.", _shown(user, account))
    command = "CMD_API_MODIFY_RESELLER" if account.get("usertype") == "reseller" else "CMD_API_MODIFY_USER"
    _tell(task, command, action="package", user=user, package=package)
    now = {**account, "package": package}
    return Done(f"User {user} was moved to package {package}.", _shown(user, now))


def fetch(task: Task) -> Done:
    """DirectAdmin counts space in megabytes, and says `unlimited` where there is no limit."""
    user, account = _user(task)
    usage = _asked(task, "CMD_API_SHOW_USER_USAGE", user)
    output = {
        **_shown(user, account),
        "email": scalar(account.get("email")),
        "disk_used_mb": megabytes(usage.get("quota")),
        "disk_limit_mb": megabytes(account.get("quota")),
    }
    return Done(f"User {user} is {_status(account)}.", output)


def _user(task: Task) -> tuple[str, dict[str, Any]]:
    user = str(task.input["service_id"]).strip()
    if user.lower() in _RESERVED:
        raise Failed(f"{user} is a system user and cannot be changed.", code="not_permitted")
    account = _asked(task, "CMD_API_SHOW_USER_CONFIG", user)
    if not account.get("username"):
        raise not_shown(f"DirectAdmin did not return user {user}", None)
    return user, account


def _asked(task: Task, command: str, user: str) -> dict[str, Any]:
    reply = task.vendor.read(f"/{command}", query={"user": user, "json": "yes"}, headers=_headers(task))
    said = reply.expect(_reason).object()
    if not said or _is_error(said):
        raise not_shown(f"DirectAdmin did not return user {user}", _reason(said))
    return said


def _tell(task: Task, command: str, **fields: Any) -> None:
    form = {**fields, "json": "yes"}
    reply = task.vendor.change("POST", f"/{command}", headers=_headers(task), form=form)
    said = reply.expect(_reason).object()
    if not task.vendor.dry and _is_error(said):
        raise Failed(f"DirectAdmin refused {command}: {_reason(said) or 'no reason was given'}")


def _headers(task: Task) -> dict[str, str]:
    return basic(str(task.settings["api_user"]), str(task.settings["api_key"]))


def _is_error(said: Mapping[str, Any]) -> bool:
    return str(said.get("error", "0")) not in ("0", "")


def _reason(said: Any) -> str | None:
    found = an_object(said)
    words = (scalar(found.get(name)) for name in ("text", "result", "details", "error"))
    return " ".join(word for word in words if word and word not in ("0", "1")) or None


def _status(account: Mapping[str, Any]) -> str:
    return SUSPENDED if str(account.get("suspended", "no")).lower() == "yes" else ACTIVE


def _shown(user: str, account: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "service_id": user,
        "service_status": _status(account),
        "domain": scalar(account.get("domain")),
        "plan": scalar(account.get("package")),
    }


ACTIONS: Mapping[str, Adapter] = {
    **AccountSwitch(switched, suspend, unsuspend, _NEEDS).actions(),
    "service.change_package": Adapter(change_package, repeatable=True, needs=_NEEDS),
    "service.fetch": Adapter(fetch, repeatable=True, needs=_NEEDS),
}
