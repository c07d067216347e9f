"""Text from the bytes of others, in whatever charset. Reading never fails: what is no character becomes U+FFFD.

A byte order mark decides, then the zero bytes of UTF-16 and UTF-32 without one. Beyond these a reader says which comes
first: JSON is UTF-8 whatever its content type names (RFC 8259), a form or XML is what is named for it.
"""

import codecs
import re

REPLACEMENT = "\ufffd"

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins as UTF-16 does, so it is asked for first
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Which of the first four bytes are zero where a text begins with ASCII: RFC 4627, section 3.
_ZEROS = (
    (b"\0\0\0x", "utf-32-be"),
    (b"x\0\0\0", "utf-32-le"),
    (b"\0x\0x", "utf-16-be"),
    (b"x\0x\0", "utf-16-le"),
)
# Browsers and mail programs mean windows-1252 by these: https://encoding.spec.whatwg.org/#names-and-labels
_WINDOWS_1252 = frozenset(["ascii", "iso8859-1"])
# Python's own, which are no charsets of the web.
_NOT_MEANT = frozenset(["utf-7", "idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined"])
_NAMED = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9._:-]{1,40})""", re.IGNORECASE)
_SURROGATE = re.compile("[\ud800-\udfff]")


def named(content_type: str) -> str | None:
    """The charset that a content type names, as Python calls it; None for none, for UTF-8 and for one not known."""
    found = _NAMED.search(content_type)
    return found and known(found[1])


def known(label: str) -> str | None:
    """A charset by its label, as Python calls it; None for UTF-8, which is usual, and for one that is not known."""
    try:
        name = codecs.lookup(label).name
        b"a".decode(name, "replace")  # refuses codecs that make no text
    except (LookupError, ValueError):
        return None
    if name in ("utf-8", "utf-8-sig") or name in _NOT_MEANT:
        return None
    return "cp1252" if name in _WINDOWS_1252 else name


def text(body: bytes, *charsets: str | None) -> str:
    """The text of a body: by its byte order mark or zero bytes, else in the first of these charsets and UTF-8 in which
    every byte is a character; if there is none, in the first of them, with U+FFFD for what is no character."""
    marked = _marked(body)
    if marked is not None:
        mark, charset = marked
        return sound(body[len(mark) :].decode(charset, "replace"))
    candidates = [charset for charset in charsets if charset is not None]
    if "utf-8" not in candidates:
        candidates.append("utf-8")
    for charset in candidates:
        try:
            return sound(body.decode(charset))
        except ValueError:
            continue
    return sound(body.decode(candidates[0], "replace"))


def plain(body: bytes) -> bytes:
    """The same body in UTF-8 without a byte order mark where it is marked, or in UTF-16 or UTF-32; else itself."""
    return body if _marked(body) is None else text(body).encode()


def sound(value: str) -> str:
    """The same text with U+FFFD for each half of a character without its other half: no encoding has these."""
    return _SURROGATE.sub(REPLACEMENT, value)


def _marked(body: bytes) -> tuple[bytes, str] | None:
    """The byte order mark, perhaps empty, and the charset that the bytes show by themselves."""
    for mark, charset in _MARKS:
        if body.startswith(mark):
            return mark, charset
    if 0 in body[:4]:
        shown = bytes(120 if byte else 0 for byte in body[:4])
        for zeros, charset in _ZEROS:
            if shown == zeros:
                return b"", charset
    return None
