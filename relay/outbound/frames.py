"""Messages between two processes of ours over a socket: a head of JSON and a body of bytes, each with its length."""

import asyncio
import struct
from collections.abc import Callable
from typing import Any, cast

from relay.formats import jsontext

_LENGTHS = struct.Struct("!II")

Take = Callable[[Any, bytes], None]


class Frames(asyncio.Protocol):
    """Calls `take` with each message that has come whole, and `lost` once when the other end is gone."""

    def __init__(self, take: Take, lost: Callable[[], None]) -> None:
        self._take = take
        self._lost = lost
        self._buffer = bytearray()
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        at = 0
        while len(self._buffer) - at >= _LENGTHS.size:
            head_size, body_size = _LENGTHS.unpack_from(self._buffer, at)
            start = at + _LENGTHS.size
            middle, end = start + head_size, start + head_size + body_size
            if len(self._buffer) < end:
                break
            self._take(jsontext.plain(bytes(self._buffer[start:middle])), bytes(self._buffer[middle:end]))
            at = end
        del self._buffer[:at]

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self._lost()

    def send(self, head: Any, body: bytes) -> None:
        """Raises `ConnectionError` when the other end is gone."""
        if self._transport is None or self._transport.is_closing():
            raise ConnectionResetError
        text = jsontext.dumps(head)
        self._transport.write(_LENGTHS.pack(len(text), len(body)) + text + body)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
