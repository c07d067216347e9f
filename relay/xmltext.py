"""XML as plain values, for the few senders that still speak it. No DTD, no entity of its own, no outside.

An element becomes a dict of its children, by name with dashes as underscores; one without children becomes its text.
Elements of one name beside each other become a list, and so do all in an element of `type="array"`. `nil="true"` is
None, `type="integer"` an int, `type="boolean"` a bool.
"""

from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from relay.errors import Unreadable

_DEEPEST = 50


def loads(text: bytes) -> dict[str, Any]:
    """The document as `{NAME OF THE ROOT: VALUE}`. Raises `Unreadable`."""
    try:
        root = fromstring(text.strip(), forbid_dtd=True)
    except DefusedXmlException:
        raise Unreadable("The body must be XML without a document type or entities of its own; it has some.") from None
    except (ParseError, ValueError, LookupError):
        raise Unreadable("The body must be well-formed XML; it is not.") from None
    return {_name(root): _value(root, 0)}


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
        return _text((element.text or "").strip(), kind)
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


def _text(text: str, kind: str | None) -> Any:
    if kind == "integer" and text.lstrip("-").isdecimal() and text.isascii():
        return int(text)
    if kind == "boolean" and text in ("true", "false"):
        return text == "true"
    return text or None if kind else text
