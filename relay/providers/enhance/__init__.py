"""Enhance: websites, customers and servers of a hosting company.

It posts no webhooks, but an organisation has a setting for a Slack webhook's address:
https://apidocs.enhance.com

What comes there is text, whose wording is documented nowhere. So a message is a notice. Only a sentence that can mean
nothing else, and that names one website, is told as the failure of a backup or a certificate; that something was
suspended, deleted or paid is never concluded from words.
"""

import html
import re
from collections.abc import Iterator
from typing import Any

from relay.formats import jsontext
from relay.sdk.entities import Data, Service
from relay.sdk.fields import Object
from relay.sdk.inbound import Inbound
from relay.sdk.provider import ANY, BodyFormat, On, Provider, Reply, by_arrival, inner_json
from relay.security.verification import SharedToken

NOTICE, BACKUP_FAILED, BACKUP_SUCCEEDED, UNRENEWED = "notice", "backup failed", "backup succeeded", "not renewed"

_NAME = r"(?P<name>[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+)"
_END = r"(?:[.!]|(?:: | \().*)?\s*\Z"
_SITE = rf"(?:(?:the )?(?:website|site|domain) )?{_NAME}"
_CERTIFICATE = r"(?:the |an? )?(?:ssl |tls |let's encrypt )?certificate"
# The whole first line must be the sentence: "no backup of a.example failed" is another one.
_SENTENCES = (
    (BACKUP_FAILED, rf"\A(?:the )?backup (?:of|for) {_SITE} (?:has )?failed{_END}"),
    (BACKUP_FAILED, rf"\Afailed to (?:back up|create (?:a )?backup (?:of|for)) {_SITE}{_END}"),
    (
        BACKUP_SUCCEEDED,
        rf"\A(?:the )?backup (?:of|for) {_SITE} (?:has |was )?(?:succeeded|completed successfully){_END}",
    ),
    (UNRENEWED, rf"\Afailed to (?:renew|issue) {_CERTIFICATE} (?:of|for) {_SITE}{_END}"),
    (UNRENEWED, rf"\A(?:the )?{_CERTIFICATE} (?:of|for) {_SITE} could not be (?:renewed|issued){_END}"),
)
_SENTENCES_READ = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _SENTENCES)
_LINK = re.compile(r"<((?:https?|mailto)[^|<>]*)(?:\|([^<>]*))?>")
_LONGEST_LINE = 500
_LONGEST_TITLE = 150


def read(inbound: Inbound) -> Any:
    """JSON, or a form with the JSON in its field `payload`."""
    payload = ANY.read(inbound)
    if isinstance(payload, dict) and isinstance(payload.get("payload"), str):
        return payload | {"payload": inner_json(payload["payload"])}
    return payload


def text_of(inbound: Inbound) -> str:
    payload = inbound.payload if isinstance(inbound.payload, dict) else {}
    inner = payload.get("payload")
    return "\n".join(_lines(inner if isinstance(inner, dict) else payload))


def event_name(inbound: Inbound) -> str | None:
    """What holds no words is no message."""
    text = text_of(inbound)
    return _understood(text)[0] if text else None


def notice(text: str) -> Data:
    return {"notice": {"title": _first_line(text)[:_LONGEST_TITLE] or None, "text": text or None, "origin": "Enhance"}}


def failed_backup(text: str) -> Data:
    return _backup(text, "failed") | {"service": _site(text)}


def made_backup(text: str) -> Data:
    return _backup(text, "succeeded") | {"service": _site(text)}


def unrenewed_certificate(text: str) -> Data:
    return {"certificate": {"domain": _understood(text)[1], "failure_reason": text}, "service": _site(text)}


def _backup(text: str, status: str) -> Data:
    name = _understood(text)[1]
    return {
        "backup": {
            "name": name,
            "status": status,
            "resource": name,
            "error": text if status == "failed" else None,
        }
    }


def _site(text: str) -> Service:
    name = _understood(text)[1]
    return {"name": name, "domain": name}


def _understood(text: str) -> tuple[str, str | None]:
    """What the first line says beyond doubt, and of which website."""
    line = _first_line(text)
    if len(line) <= _LONGEST_LINE:
        for kind, sentence in _SENTENCES_READ:
            found = sentence.match(line)
            if found:
                return kind, found["name"].lower()
    return NOTICE, None


def _lines(message: Object) -> Iterator[str]:
    """The text, and that of attachments and blocks beside it."""
    found = [message.get("text")]
    for name in ("attachments", "blocks"):
        rows = message.get(name)
        for row in rows[:100] if isinstance(rows, list) else ():
            inner = row.get("text") if isinstance(row, dict) else None
            found.append(inner.get("text") if isinstance(inner, dict) else inner)
    for text in dict.fromkeys(each for each in found if isinstance(each, str)):
        plain = _LINK.sub(lambda link: f"{link[2]} ({link[1]})" if link[2] else link[1], text)
        if plain.strip():
            yield html.unescape(plain).strip()


def _first_line(text: str) -> str:
    return text.split("\n", 1)[0].strip()


PROVIDER = Provider(
    name="enhance",
    label="Enhance",
    kind="hosting_panel",
    homepage="https://enhance.com",
    verification=SharedToken(),
    event_name=event_name,
    event_id=by_arrival,
    subject=text_of,
    events={
        NOTICE: On("notice.received", notice),
        BACKUP_FAILED: On("backup.failed", failed_backup),
        BACKUP_SUCCEEDED: On("backup.succeeded", made_backup),
        UNRENEWED: On("certificate.renewal_failed", unrenewed_certificate),
    },
    body=BodyFormat("any", read, jsontext.dumps),
    secret="ours",
    accepted=Reply(200, "ok"),
)
