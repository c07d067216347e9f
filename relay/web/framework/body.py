"""The body of a request, as bytes: whole, not compressed, and no larger than is taken."""

from flask import request

from relay.errors import BrokenBody, TooLarge, UnsupportedEncoding
from relay.web.framework.incoming import LARGEST_BODY

_CODINGS = frozenset({"gzip", "x-gzip", "deflate", "br", "zstd", "compress", "x-compress"})


def read(most: int = LARGEST_BODY) -> bytes:
    """The raw body, once. Raises `TooLarge` or `BrokenBody`."""
    too_large = f"The body is larger than {most} bytes, the limit of this address."
    length = request.content_length
    if length is not None and length > most:
        raise TooLarge(too_large)
    # The server's own stream ends with the body; another wrapper around it would only cost time.
    body: bytes = request.environ["wsgi.input"].read(most + 1)
    if len(body) > most:
        raise TooLarge(too_large)
    if length is not None and len(body) < length:
        raise BrokenBody(f"The body is incomplete: {len(body)} of {length} bytes arrived. Send it again.")
    return body


def expect_plain(why: str = "") -> None:
    """Raises `UnsupportedEncoding` where the header names a compression. Some senders name a charset in it."""
    named = request.headers.get("Content-Encoding", "")
    if named and not _CODINGS.isdisjoint(each.strip() for each in named.lower().split(",")):
        raise UnsupportedEncoding(f"The body is compressed{why}. Send it without Content-Encoding.")
