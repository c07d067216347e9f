"""How much of a request has come: whether all of it is there. Pure.

This judges no request. It only says when somebody should: what is odd, or larger than is taken, is to be judged at
once, by the parser and by whoever knows the address.
"""

import re

LARGEST_HEAD = 128 * 1024
LARGEST_BODY = 1024 * 1024
"""What an address may take. Each has its own limit, at most this one, and its own words for what is larger."""

SMALL = 16 * 1024
"""The largest request, with its head, that is answered in the loop: a larger one takes too long to read there."""

_POST = b"POST "
_LARGEST = LARGEST_HEAD + LARGEST_BODY
_LONGEST_CHUNK_LINE = 8190
_MOST_CHUNKS = 20_000
_LENGTHS = re.compile(rb"\r\ncontent-length:[ \t]*([^\r]*)")
_EXPECTS = re.compile(rb"\r\nexpect:[ \t]*100-continue[ \t]*(?=\r\n|$)")
_UNUSUAL = re.compile(rb"\r\n(?:transfer-encoding|expect|upgrade):")
_HEX = re.compile(rb"[0-9a-f]{1,8}", re.IGNORECASE)


class Incoming:
    """One request as it comes. `whole` once all of it has; `ripe` once it is to be judged, whole or not.

    `awaits_go_ahead` while its sender waits for `100 Continue`, until whoever says that sets it back.
    """

    __slots__ = (
        "_chunk",
        "_chunks",
        "_end",
        "_is_plain",
        "_length",
        "_searched",
        "awaits_go_ahead",
        "data",
        "ripe",
        "whole",
    )

    def __init__(self) -> None:
        self.data = bytearray()
        self.whole = False
        self.ripe = False
        self.awaits_go_ahead = False
        self._searched = 0
        self._end = 0
        self._length: int | None = 0
        self._is_plain = False
        self._chunk = self._chunks = 0

    @property
    def has_head(self) -> bool:
        return self._end > 0

    @property
    def plain_path(self) -> str | None:
        """Where a whole post goes that has nothing to it but headers, a length and a small body, and no request behind
        it; None for every other request."""
        if not (self._is_plain and self.whole and len(self.data) <= SMALL):
            return None
        if self._length is None or len(self.data) != self._end + self._length:
            return None
        return self.data[len(_POST) : self.data.index(b" ", len(_POST))].decode("latin-1")

    def add(self, some: bytes) -> None:
        self.data += some
        while not self._end and self.data.startswith(b"\r\n"):
            del self.data[:2]  # some send one after the body of the request before
        if not self._end and not self._read_head():
            self.ripe = len(self.data) > LARGEST_HEAD
            return
        if self.ripe:
            return
        if self._length is None:
            self._read_chunks()
        else:
            self.whole = len(self.data) >= self._end + self._length
        self.ripe = self.ripe or self.whole or len(self.data) > _LARGEST
        if self.ripe:
            self.awaits_go_ahead = False

    def _read_head(self) -> bool:
        """Whether the head is there. `_length` is then the body's, None where it comes in chunks."""
        end = self.data.find(b"\r\n\r\n", self._searched)
        if end < 0:
            self._searched = max(0, len(self.data) - 3)
            return False
        self._end = self._chunk = end + 4
        head = bytes(self.data[:end]).lower()
        lengths = _LENGTHS.findall(head)
        first = head.partition(b"\r\n")[0]
        self._is_plain = (
            self.data.startswith(_POST)
            and first.endswith(b" http/1.1")
            and len(lengths) == 1
            and not _UNUSUAL.search(head)
        )
        if b"\r\ntransfer-encoding:" in head:
            self._length = None
            self.ripe = bool(lengths)
        elif lengths:
            (text, *others) = (each.strip() for each in lengths)
            self._length = int(text) if text.isdigit() and len(text) < 12 else LARGEST_BODY + 1
            self.ripe = bool(others) or self._length > LARGEST_BODY
        if b"\r\nexpect:" in head and not self.ripe:
            # HTTP/1.0 knows no such thing, and any other expectation is one that is not met.
            old = b" http/1.0" in first
            self.awaits_go_ahead = not old and _EXPECTS.search(head) is not None
            self.ripe = not old and not self.awaits_go_ahead
        return True

    def _read_chunks(self) -> None:
        """Go from chunk to chunk; `_chunk` is where the first one begins that is not all there."""
        while True:
            line_end = self.data.find(b"\r\n", self._chunk)
            if line_end < 0:
                self.ripe = len(self.data) - self._chunk > _LONGEST_CHUNK_LINE
                return
            text = bytes(self.data[self._chunk : line_end]).partition(b";")[0].strip()
            if not _HEX.fullmatch(text):
                self.ripe = True
                return
            size = int(text, 16)
            if not size:
                self.whole = self.data.find(b"\r\n\r\n", line_end) >= 0
                self.ripe = self.whole or len(self.data) - line_end > LARGEST_HEAD
                return
            after = line_end + 2 + size + 2
            if after > len(self.data):
                self.ripe = size > LARGEST_BODY
                return
            self._chunk = after
            self._chunks += 1
            if self._chunks > _MOST_CHUNKS:
                self.ripe = True
                return
