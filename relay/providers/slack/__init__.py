"""Anything that can post to Slack: an inbox that takes what Slack's incoming webhooks take.

What they take: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks

A message is JSON, or a form whose field `payload` holds the JSON. It becomes a notice: words for a person, from which
nothing more is concluded. Slack's secret is its address, and so is ours: the token at its end.
"""

import html
import re
from collections.abc import Iterator
from typing import Any

from relay.formats import jsontext
from relay.sdk.entities import Data
from relay.sdk.fields import Object, scalar
from relay.sdk.inbound import Inbound
from relay.sdk.provider import ANY, BodyFormat, On, Provider, Reply, by_arrival, inner_json
from relay.security.verification import SharedToken

_LONGEST_TITLE = 150
_LINK = re.compile(r"<((?:https?|mailto)[^|<>]*)(?:\|([^<>]*))?>")
_SPECIAL = re.compile(r"<[!@#]([^|<>]*)(?:\|([^<>]*))?>")
_CODE = re.compile(r"```\n?(.+?)\n?```|`([^`\n]+)`", re.DOTALL)
_KEPT = re.compile(r"\0(\d+)\0")
_LONGEST_MARKED = 10_000
_MARKS = "*_~"
_MARKED = [
    # Slack formats whole words only: the marks of 2*3*4, of disk_space_usage and of __init__ are none.
    re.compile(
        rf"(?<![^\s(\[{{<>\"',;:{others}])[{mark}](?![\s{mark}])([^\n]{{0,200}}?[^\s{mark}])[{mark}](?![^\s)\]}}<>\"',;:.!?{others}])"
    )
    for mark in _MARKS
    for others in [_MARKS.replace(mark, "")]
]
_MOST_PIECES = 200
_DEEPEST = 20


def read(inbound: Inbound) -> Any:
    """The other fields of a form stay beside the message, so that what is stored is all that came."""
    payload = ANY.read(inbound)
    if isinstance(payload, dict) and isinstance(payload.get("payload"), str):
        return payload | {"payload": inner_json(payload["payload"])}
    return payload


def message(inbound: Inbound) -> Object:
    payload = inbound.payload
    inner = payload.get("payload") if isinstance(payload, dict) else None
    found = inner if isinstance(inner, dict) else payload
    return found if isinstance(found, dict) else {}


def event_name(inbound: Inbound) -> str | None:
    """What holds no words is no message."""
    return "message" if any(map(_plain, _pieces(message(inbound)))) else None


def notice(posted: Object) -> Data:
    """The text, then what the blocks and attachments say beside it. Its title is the headline, or the first line; the
    text goes on behind it, where there is more than that."""
    lines = "\n".join(dict.fromkeys(filter(None, (_plain(each) for each in _pieces(posted))))).split("\n")
    headline = _plain(_headline(posted)) or lines[0] or None
    if headline in lines and len(lines) > 1:
        lines.remove(headline)
    text = "\n".join(lines).strip()
    return {
        "notice": {
            "title": headline and _short(headline),
            "text": text or None,
            "origin": scalar(posted.get("username")),
        }
    }


def _pieces(posted: Object) -> Iterator[Any]:
    yield _unmarked(posted.get("text"))
    yield from _of_blocks(posted.get("blocks"))
    for each in _rows(posted.get("attachments")):
        told = [_unmarked(each.get("pretext")), each.get("title"), _unmarked(each.get("text"))]
        told += [_field(field) for field in _rows(each.get("fields"))]
        told += _of_blocks(each.get("blocks"))
        # The fallback repeats the rest for telephones that show no more.
        yield from told if any(map(scalar, told)) else (each.get("fallback"),)


def _of_blocks(blocks: Any) -> Iterator[str]:
    """Every `text` of the blocks, however deep, in the order that they are shown in. One that is parted joins again."""
    for block in _rows(blocks):
        if block.get("type") == "rich_text":
            yield "".join(_leaves(block.get("elements"), 0))
        else:
            yield from _leaves(block, 0)


def _leaves(value: Any, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for each in value[:_MOST_PIECES]:
            yield from _leaves(each, depth + 1)
    elif isinstance(value, dict):
        found = value.get("text")
        if isinstance(found, str):
            yield _unmarked(found) if value.get("type") == "mrkdwn" else found
        elif value.get("type") == "link" and isinstance(value.get("url"), str):
            yield value["url"]
        for name in ("text", "fields", "elements"):
            if not isinstance(value.get(name), str):
                yield from _leaves(value.get(name), depth + 1)


def _headline(posted: Object) -> Any:
    """A header block, or the title of the only attachment where there is no text."""
    for block in _rows(posted.get("blocks")):
        if block.get("type") == "header":
            found = block.get("text")
            return found.get("text") if isinstance(found, dict) else None
    attached = _rows(posted.get("attachments"))
    if len(attached) == 1 and not scalar(posted.get("text")):
        return attached[0].get("title")
    return None


def _field(field: Object) -> str | None:
    title, value = scalar(field.get("title")), scalar(_unmarked(field.get("value")))
    return f"{title}: {value}" if title and value else title or value


def _unmarked(value: Any) -> Any:
    """Without the marks for bold, italic, struck out and code; what stands in code is left as it is."""
    if not isinstance(value, str) or len(value) > _LONGEST_MARKED:
        return value
    codes: list[str] = []

    def kept(found: re.Match[str]) -> str:
        codes.append(found[1] or found[2])
        return f"\0{len(codes) - 1}\0"

    text = _CODE.sub(kept, value.replace("\0", ""))
    for marked in _MARKED:
        text = marked.sub(r"\1", text)
    return _KEPT.sub(lambda found: codes[int(found[1])], text)


def _plain(value: Any) -> str | None:
    """Slack's marks for links and mentions as a person reads them."""
    text = scalar(value)
    if text is None:
        return None
    text = _LINK.sub(lambda found: f"{found[2]} ({found[1]})" if found[2] else found[1], text)
    text = _SPECIAL.sub(lambda found: found[2] or found[1], text)
    return html.unescape(text).strip() or None


def _short(text: str) -> str:
    line = text.split("\n", 1)[0].strip()
    return line if len(line) <= _LONGEST_TITLE else line[: _LONGEST_TITLE - 1].rstrip() + "…"


def _rows(value: Any) -> list[Object]:
    return [each for each in value[:_MOST_PIECES] if isinstance(each, dict)] if isinstance(value, list) else []


PROVIDER = Provider(
    name="slack",
    label="Slack-compatible inbox",
    kind="generic",
    homepage="https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks",
    verification=SharedToken(),
    event_name=event_name,
    event_id=by_arrival,
    subject=message,
    events={"message": On("notice.received", notice)},
    body=BodyFormat("any", read, jsontext.dumps),
    secret="ours",
    # Senders made for Slack look for these two letters.
    accepted=Reply(200, "ok"),
)
