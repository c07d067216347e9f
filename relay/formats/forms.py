"""Form data as plain fields: `application/x-www-form-urlencoded` and `multipart/form-data`, in whatever charset.

Reading goes by https://url.spec.whatwg.org/#urlencoded-parsing: a byte that is no character is replaced, never fatal.
"""

import re
from email import message_from_bytes
from urllib.parse import parse_qsl, urlencode

from relay.errors import Unreadable
from relay.formats import charsets

MOST_FIELDS = 1000
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")


def loads(body: bytes, charset: str | None = None) -> dict[str, str]:
    """The fields of a form, the last of those with one name. Raises `Unreadable` if there are more than `MOST_FIELDS`.

    `charset` is the one named for it (`charsets.named`); without one it is UTF-8.
    """
    body = charsets.plain(body)
    if body.lstrip().startswith(b"--"):
        return _multipart(body, charset)
    escaped = _BEYOND_ASCII.sub(lambda found: b"%%%02X" % found[0][0], body.strip(b"\0\r\n")).decode()
    try:
        return dict(
            parse_qsl(
                escaped,
                keep_blank_values=True,
                max_num_fields=MOST_FIELDS,
                encoding=charset or "utf-8",
                errors="replace",
            )
        )
    except ValueError:
        raise Unreadable(f"The body must be form data of at most {MOST_FIELDS} fields; it has more.") from None


def dumps(fields: dict[str, str]) -> bytes:
    """The fields as a form in UTF-8."""
    return urlencode(fields).encode()


def _multipart(body: bytes, charset: str | None) -> dict[str, str]:
    """The boundary is the first line: what a header says of it is not needed."""
    boundary = body.lstrip().split(b"\n", 1)[0].strip()[2:]
    parts = message_from_bytes(b'Content-Type: multipart/form-data; boundary="' + boundary + b'"\n\n' + body)
    fields = {}
    for part in parts.walk():
        name, held = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(held, bytes):
            fields[name] = charsets.text(held, charsets.named(str(part.get("content-type", ""))) or charset)
    return fields
