"""What HestiaCP does for us: its API, with an access key. https://hestiacp.com/docs/server-administration/rest-api.html

A command is answered by its return code alone, as text: 0 is done, 5 and 6 say that it was so already.
"""

from collections.abc import Mapping
from typing import Any

from relay.formats import jsontext
from relay.sdk.account_switch import ACTIVE, SUSPENDED, Account, AccountSwitch
from relay.sdk.actions import Adapter, Task
from relay.sdk.client import SECONDS, SLOW_SECONDS, Reply
from relay.sdk.errors import Unreadable
from relay.sdk.fields import an_object, scalar
from relay.sdk.outcomes import Done, Failed, Uncertain, not_shown
from relay.sdk.sizes import megabytes

_NEEDS = ("api_url", "api_access_key", "api_secret_key")
_RESERVED = ("admin", "root", "hestiaweb")
_STATES = {"yes": SUSPENDED, "no": ACTIVE}
_OK, _NO_SUCH_THING, _SUSPENDED, _UNSUSPENDED = 0, 3, 5, 6
_LONGEST_CODE, _LONGEST_REASON = 3, 200
# include/exceptions of https://github.com/hestiacp/hestiacp: the codes that say something to its owner.
_CODES = {
    1: "not enough arguments were given",
    2: "an argument is invalid",
    3: "the object does not exist",
    8: "the package's limit is reached",
    9: "the login is invalid",
    10: "it is forbidden",
    11: "that is disabled",
    12: "its data cannot be read",
    17: "the server is too busy",
}


def suspend(task: Task, account: Account) -> None:
    _run(task, "v-suspend-user", account.id, already=_SUSPENDED)


def unsuspend(task: Task, account: Account) -> None:
    _run(task, "v-unsuspend-user", account.id, already=_UNSUSPENDED)


def switched(task: Task) -> Account:
    user, account = _user(task)
    return Account(user, f"User {user}", _STATES.get(str(account.get("SUSPENDED"))), _shown(user, account))


def change_package(task: Task) -> Done:
    user, account = _user(task)
    package = str(task.input["package"])
    if account.get("PACKAGE") == package:
        return Done(f"User {user} already has package {package}.", _shown(user, account))
    _run(task, "v-change-user-package", user, package)
    now = {**account, "PACKAGE": package}
    return Done(f"User {user} was moved to package {package}.", _shown(user, now))


def fetch(task: Task) -> Done:
    user, account = _user(task)
    output = {
        **_shown(user, account),
        "email": scalar(account.get("CONTACT")),
        "disk_used_mb": megabytes(account.get("U_DISK")),
        "disk_limit_mb": megabytes(account.get("DISK_QUOTA")),
    }
    return Done(f"User {user} is {output['service_status']}.", output)


def renew_certificate(task: Task) -> Done:
    user, _ = _user(task)
    domain = scalar(task.input.get("domain"))
    if domain is None:
        raise Failed("HestiaCP renews one domain at a time: domain is required.")
    _run(task, "v-add-letsencrypt-domain", user, domain, seconds=SLOW_SECONDS)
    return Done(
        f"The certificate of {domain} was renewed.", {"service_id": user, "domain": domain, "request_status": "done"}
    )


def start_backup(task: Task) -> Done:
    user, _ = _user(task)
    _run(task, "v-backup-user", user, seconds=SLOW_SECONDS)
    return Done(
        f"A backup of user {user} was created.", {"service_id": user, "backup_id": None, "backup_status": "succeeded"}
    )


def _user(task: Task) -> tuple[str, dict[str, Any]]:
    user = str(task.input["service_id"]).strip()
    if user.lower() in _RESERVED:
        raise Failed(f"{user} is a system user and cannot be changed.", code="not_permitted")
    form = _form(task, "v-list-user", user, "json") | {"returncode": "no"}
    reply = task.vendor.read("/api/", method="POST", form=form).expect(_reason)
    found = an_object(_rows(reply).get(user))
    if not found:
        raise not_shown(f"HestiaCP did not return user {user}", _why(reply.text()))
    return user, found


def _rows(reply: Reply) -> dict[str, Any]:
    try:
        return an_object(jsontext.read(reply.body))
    except Unreadable:
        return {}


def _why(said: str) -> str | None:
    """Why a command shows nothing: in its own words, which begin with `Error:`, or by its code. Anything else, such as
    a page of what stands before the panel, is no answer of a command."""
    if said.startswith("Error:"):
        return said[:_LONGEST_REASON]
    return _CODES.get(int(said)) if _is_code(said) else None


def _run(task: Task, command: str, *arguments: str, already: int | None = None, seconds: float = SECONDS) -> None:
    form = _form(task, command, *arguments) | {"returncode": "yes"}
    reply = task.vendor.change("POST", "/api/", form=form, seconds=seconds)
    if task.vendor.dry:
        return
    said = reply.expect(_reason).text()
    if not _is_code(said):
        raise Uncertain(f"HestiaCP answered {command} with {said[:80]!r}; a return code was expected.")
    code = int(said)
    if code not in (_OK, already):
        why = _CODES.get(code, "see the return codes in HestiaCP's documentation")
        text = f"HestiaCP refused {command}: code {code}, {why}."
        raise Failed(text, code="no_such_thing" if code == _NO_SUCH_THING else "refused")


def _is_code(said: str) -> bool:
    return said.isascii() and said.isdigit() and len(said) <= _LONGEST_CODE


def _form(task: Task, command: str, *arguments: str) -> dict[str, str]:
    key = f"{task.settings['api_access_key']}:{task.settings['api_secret_key']}"
    return {"hash": key, "cmd": command, **{f"arg{place}": value for place, value in enumerate(arguments, start=1)}}


def _shown(user: str, account: Mapping[str, Any]) -> dict[str, Any]:
    status = SUSPENDED if account.get("SUSPENDED") == "yes" else ACTIVE
    return {"service_id": user, "service_status": status, "domain": None, "plan": scalar(account.get("PACKAGE"))}


def _reason(said: Any) -> str | None:
    return scalar(said)


ACTIONS: Mapping[str, Adapter] = {
    **AccountSwitch(switched, suspend, unsuspend, _NEEDS).actions(),
    "service.change_package": Adapter(change_package, repeatable=True, needs=_NEEDS),
    "service.fetch": Adapter(fetch, repeatable=True, needs=_NEEDS),
    "certificate.renew": Adapter(renew_certificate, needs=_NEEDS),
    "backup.start": Adapter(start_backup, needs=_NEEDS),
}
