"""XML as plain values, for the few senders that still speak it. No entity of its own, nothing from outside.

A document type is passed over: what it names is never fetched. The charset is what the bytes show by themselves, else
the one named for it or declared in it.

An element becomes a dict of its children, by name with dashes as underscores; one without children becomes its text.
Elements of one name beside each other become a list, and so do all in an element of `type="array"`. `nil="true"` is
None, `type="integer"` an int, `type="boolean"` a bool.
"""

import re
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from relay.errors import Unreadable
from relay.formats import charsets

_DEEPEST = 50
_DECLARED = re.compile(rb"""\s*<\?xml[^>]{0,100}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_DECLARATION = re.compile(r"\s*<\?xml[^>]{0,200}\?>")
_INTEGER = re.compile(r"-?\d{1,40}", re.ASCII)
_NO_CHARACTER = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def loads(body: bytes, charset: str | None = None) -> dict[str, Any]:
    """The document as `{NAME OF THE ROOT: VALUE}`. Raises `Unreadable`.

    `charset` is the one named for it (`charsets.named`), which goes before what it declares.
    """
    try:
        root = fromstring(_text(body, charset), forbid_dtd=False, forbid_entities=True, forbid_external=True)
    except DefusedXmlException:
        raise Unreadable("The body must be XML without entities of its own; it has some.") from None
    except (ParseError, ValueError):
        raise Unreadable("The body must be well-formed XML; it is not.") from None
    return {_name(root): _value(root, 0)}


def _text(body: bytes, charset: str | None) -> str:
    declared = _DECLARED.match(body)
    text = charsets.text(body, charset, charsets.known(declared[1].decode()) if declared else None)
    return _NO_CHARACTER.sub(charsets.REPLACEMENT, _DECLARATION.sub("", text, count=1).strip())


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2].replace("-", "_")


def _value(element: Element, depth: int) -> Any:
    if depth > _DEEPEST:
        raise Unreadable(f"The body must be XML of at most {_DEEPEST} levels; it has more.")
    kind = element.get("type")
    if element.get("nil") == "true":
        return None
    if kind == "array":
        return [_value(child, depth + 1) for child in element]
    if not len(element):
        return _typed((element.text or "").strip(), kind)
    found: dict[str, Any] = {}
    for child in element:
        name, value = _name(child), _value(child, depth + 1)
        if name not in found:
            found[name] = value
        elif isinstance(found[name], list) and child.get("type") != "array":
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    return found


def _typed(text: str, kind: str | None) -> Any:
    if kind == "integer" and _INTEGER.fullmatch(text):
        return int(text)
    if kind == "boolean" and text in ("true", "false"):
        return text == "true"
    return text or None if kind else text
