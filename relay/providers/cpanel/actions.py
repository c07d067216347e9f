"""What WHM does for us: its API 1, with a token. https://api.docs.cpanel.net/whm/introduction/

Its answers are 200 even when nothing was done: `metadata.result` says whether it was.
"""

from collections.abc import Mapping
from typing import Any

from relay.sdk.account_switch import ACTIVE, SUSPENDED, Account, AccountSwitch
from relay.sdk.actions import Adapter, Task
from relay.sdk.client import Reply
from relay.sdk.fields import an_object, dig, first, scalar
from relay.sdk.outcomes import Done, Failed, not_shown
from relay.sdk.sizes import megabytes

_RESERVED = ("root", "nobody", "cpanel", "system")
_NEEDS = ("api_url", "api_token")


def suspend(task: Task, account: Account) -> None:
    _tell(task, "suspendacct", user=account.id, reason=task.input.get("reason"))


def unsuspend(task: Task, account: Account) -> None:
    _tell(task, "unsuspendacct", user=account.id)


def switched(task: Task) -> Account:
    user, account = _account(task)
    return Account(user, f"Account {user}", _status(account), _shown(account))


def change_package(task: Task) -> Done:
    user, account = _account(task)
    package = str(task.input["package"])
    if account.get("plan") == package:
        return Done(f"Account {user} already has package {package}.", _shown(account))
    _tell(task, "changepackage", user=user, pkg=package)
    return Done(f"Account {user} was moved to package {package}.", _shown(account | {"plan": package}))


def change_limits(task: Task) -> Done:
    """In megabytes, of which 0 is no limit."""
    user, account = _account(task)
    disk, traffic = task.input.get("disk_mb"), task.input.get("bandwidth_mb")
    if disk is None and traffic is None:
        raise Failed("disk_mb or bandwidth_mb is required.")
    if disk is not None:
        _tell(task, "editquota", user=user, quota=disk)
    if traffic is not None:
        _tell(task, "limitbw", user=user, bwlimit=traffic)
    return Done(f"The limits of account {user} were changed.", _shown(account))


def fetch(task: Task) -> Done:
    user, account = _account(task)
    output = {
        **_shown(account),
        "email": scalar(account.get("email")),
        "disk_used_mb": megabytes(account.get("diskused")),
        "disk_limit_mb": megabytes(account.get("disklimit")),
    }
    return Done(f"Account {user} is {_status(account)}.", output)


def daemon_status(task: Task) -> Done:
    name = str(task.input["daemon"])
    reply = task.vendor.read("/json-api/servicestatus", query=_query(service=name), headers=_headers(task))
    daemon = first(dig(_shown_by(reply, f"daemon {name}"), "data", "service"))
    if not daemon:
        raise Failed(f"There is no daemon {name} on this server.", code="no_such_thing")
    running = _is_true(daemon.get("running"))
    output = {"daemon": name, "running": running, "enabled": _is_true(daemon.get("enabled"))}
    return Done(f"Daemon {name} is {'running' if running else 'not running'}.", output)


def restart_daemon(task: Task) -> Done:
    name = str(task.input["daemon"])
    _tell(task, "restartservice", service=name)
    return Done(f"Daemon {name} was restarted.", {"daemon": name})


def renew_certificate(task: Task) -> Done:
    """AutoSSL looks at all domains of the account, and renews what is due."""
    user, account = _account(task)
    _tell(task, "start_autossl_check_for_one_user", username=user)
    domain = task.input.get("domain") or account.get("domain")
    output = {"service_id": user, "domain": domain, "request_status": "started"}
    return Done(f"AutoSSL was started for account {user}.", output)


def start_backup(task: Task) -> Done:
    """A full backup into the account's own home: the API of the account itself, through WHM."""
    user, _ = _account(task)
    said = _tell(
        task,
        "cpanel",
        cpanel_jsonapi_user=user,
        cpanel_jsonapi_apiversion="3",
        cpanel_jsonapi_module="Backup",
        cpanel_jsonapi_func="fullbackup_to_homedir",
    )
    result = an_object(said.get("result"))
    if not task.vendor.dry and str(result.get("status")) != "1":
        raise Failed(f"cPanel did not start a backup of account {user}: {_errors(result)}")
    number = scalar(dig(result, "data", "pid"))
    return Done(
        f"A backup of account {user} was started.",
        {"service_id": user, "backup_id": number, "backup_status": "started"},
    )


def _account(task: Task) -> tuple[str, dict[str, Any]]:
    """The account as it is. Raises `Failed` where there is none, or where it is the server's own."""
    user = str(task.input["service_id"]).strip()
    if user.lower() in _RESERVED:
        raise Failed(f"{user} is a system account and cannot be changed.", code="not_permitted")
    reply = task.vendor.read("/json-api/accountsummary", query=_query(user=user), headers=_headers(task))
    account = first(dig(_shown_by(reply, f"account {user}"), "data", "acct"))
    if not account:
        raise Failed(f"There is no account {user} on this server.", code="no_such_thing")
    return user, account


def _tell(task: Task, function: str, **fields: Any) -> Mapping[str, Any]:
    # WHM changes things by GET.
    reply = task.vendor.change("GET", f"/json-api/{function}", query=_query(**fields), headers=_headers(task))
    said = reply.expect(_reason).object()
    if task.vendor.dry or ("metadata" not in said and function == "cpanel"):
        return said
    if not _is_done(said):
        raise Failed(f"WHM refused {function}: {_reason(said) or 'no reason was given'}")
    return said


def _shown_by(reply: Reply, what: str) -> Mapping[str, Any]:
    said = reply.expect(_reason).object()
    if not _is_done(said):
        raise not_shown(f"WHM did not return {what}", _reason(said))
    return said


def _is_done(said: Mapping[str, Any]) -> bool:
    return str(dig(said, "metadata", "result")) == "1"


def _query(**fields: Any) -> dict[str, Any]:
    return {"api.version": "1", **fields}


def _headers(task: Task) -> dict[str, str]:
    user = task.settings.get("api_user") or "root"
    return {"authorization": f"whm {user}:{task.settings['api_token']}"}


def _status(account: Mapping[str, Any]) -> str:
    return SUSPENDED if _is_true(account.get("suspended")) else ACTIVE


def _is_true(value: Any) -> bool:
    return str(value) not in ("0", "", "None", "False")


def _shown(account: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "service_id": scalar(account.get("user")),
        "service_status": _status(account),
        "domain": scalar(account.get("domain")),
        "plan": scalar(account.get("plan")),
    }


def _errors(result: Mapping[str, Any]) -> str:
    errors = result.get("errors")
    return "; ".join(map(str, errors)) if isinstance(errors, list) and errors else "no reason was given"


def _reason(said: Any) -> str | None:
    return scalar(dig(said, "metadata", "reason")) or scalar(dig(said, "cpanelresult", "error"))


ACTIONS: Mapping[str, Adapter] = {
    **AccountSwitch(switched, suspend, unsuspend, _NEEDS).actions(),
    "service.change_package": Adapter(change_package, repeatable=True, needs=_NEEDS),
    "service.change_limits": Adapter(change_limits, repeatable=True, needs=_NEEDS),
    "service.fetch": Adapter(fetch, repeatable=True, needs=_NEEDS),
    "server.service_status": Adapter(daemon_status, repeatable=True, needs=_NEEDS),
    "server.restart_service": Adapter(restart_daemon, repeatable=True, needs=_NEEDS),
    # Looking once more at the domains changes nothing more.
    "certificate.renew": Adapter(renew_certificate, repeatable=True, needs=_NEEDS),
    "backup.start": Adapter(start_backup, needs=_NEEDS),
}
