"""CyberPanel tells the relay what happens to its websites. Installed by the relay; see setup.md of its source.

A Django app of one file. The panel's views send signals after their work, with the request and the answer to it; each
receiver takes the listed fields and hands them to the engine, which keeps and posts them. A receiver must answer 200:
any other answer would take the place of the panel's own, see plogical/pluginManagerGlobal.py. It runs in the panel's
Python, which may be as old as 3.6.
"""

import importlib.util
import json
import os
import subprocess
from typing import Any

from django.apps import AppConfig  # type: ignore[import-not-found]

BASE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "relay-cyberpanel")
ENGINE = os.path.join(BASE, "relay-send.py")
GO_ON = 200
_LONGEST_TEXT = 1000

# The signal, its module, the fields of the request that are told, and the field of the answer that says 1 for success.
# Everything else stays here: requests also carry passwords.
TOLD = (
    (
        "postWebsiteCreation",
        "websiteFunctions.signals",
        ("domainName", "adminEmail", "package", "websiteOwner", "phpSelection"),
        "createWebSiteStatus",
    ),
    ("postWebsiteDeletion", "websiteFunctions.signals", ("websiteName",), "websiteDeleteStatus"),
    ("postWebsiteSuspension", "websiteFunctions.signals", ("websiteName", "state"), "websiteStatus"),
    (
        "postWebsiteModification",
        "websiteFunctions.signals",
        ("domain", "packForWeb", "email", "admin", "phpVersion"),
        "saveStatus",
    ),
    ("postDomainCreation", "websiteFunctions.signals", ("domainName", "masterDomain", "alias"), "createWebSiteStatus"),
    ("postSubmitAliasCreation", "websiteFunctions.signals", ("aliasDomain", "masterDomain"), "createAliasStatus"),
    ("postDomainDeletion", "websiteFunctions.signals", ("websiteName",), "websiteDeleteStatus"),
    ("postDelateAlias", "websiteFunctions.signals", ("aliasDomain", "masterDomain"), "deleteAlias"),
    ("preSubmitBackupCreation", "backup.signals", ("websiteToBeBacked",), None),
)
# These are told although they failed, with the reason.
_FAILURES_TOLD = frozenset(("postWebsiteSuspension",))


class RelaySender(AppConfig):  # type: ignore[misc]
    name = "relay_sender"

    def ready(self) -> None:
        for event, module, fields, success in TOLD:
            try:
                signal = getattr(importlib.import_module(module), event)
                signal.connect(receiver(event, fields, success), weak=False, dispatch_uid=f"relay-{event}")
            except Exception:  # noqa: BLE001, S112  another version may not have this signal; the panel must start
                continue


def receiver(event: str, fields: "tuple[str, ...]", success: "str | None") -> "Any":
    def receive(sender: "Any" = None, request: "Any" = None, response: "Any" = None, **_: "Any") -> int:
        try:
            data = told(event, fields, success, request, response)
            if data is not None:
                tell(event, data, status_file(response))
        except Exception:  # noqa: BLE001  whatever it is, the panel's own work is done and must be answered
            return GO_ON
        return GO_ON

    return receive


def status_file(response: "Any") -> "str | None":
    """Where the panel writes how far it is with what it has only begun."""
    found = None if response is None else json_object(response.content).get("tempStatusPath")
    return found if isinstance(found, str) and os.path.isfile(found) else None


def tell(event: str, data: "dict[str, Any]", status: "str | None") -> None:
    """Tell it; of what has only begun once it is done, by a process of its own that waits for that."""
    if status is None:
        engine().tell(event, data)
        return
    waits = subprocess.Popen(  # noqa: S603
        [engine().interpreter(), os.path.join(BASE, "relay_follow.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        close_fds=True,
        start_new_session=True,
    )
    assert waits.stdin is not None
    with waits.stdin as given:
        given.write(json.dumps({"event": event, "data": data, "status": status}).encode())


def told(
    event: str, fields: "tuple[str, ...]", success: "str | None", request: "Any", response: "Any"
) -> "dict[str, Any] | None":
    """The listed fields of what was asked for, or None where it was not done, or was something else.

    Many views of WordPress send the signal of a new website; the answer to these has not this success in it.
    """
    asked = json_object(request.body)
    data = {name: short(asked[name]) for name in fields if isinstance(asked.get(name), (str, int))}
    if not data:
        return None
    if success is None or response is None:
        return data if fields[0] in data else None
    answer = json_object(response.content)
    if success not in answer:
        return None
    if str(answer[success]) != "1":
        if event not in _FAILURES_TOLD:
            return None
        data["error_message"] = short(answer.get("error_message"))
        data[success] = 0
    return data


def json_object(text: "Any") -> "dict[str, Any]":
    found = json.loads(text.decode("utf-8") if isinstance(text, bytes) else text)
    return found if isinstance(found, dict) else {}


def short(value: "Any") -> "Any":
    return value[:_LONGEST_TEXT] if isinstance(value, str) else value


def engine() -> "Any":
    """Loaded anew for each event, so that an engine that was installed again is used at once."""
    spec = importlib.util.spec_from_file_location("relay_send", ENGINE)
    if spec is None or spec.loader is None:
        raise ImportError(ENGINE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
