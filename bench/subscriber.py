"""A subscriber that costs little and counts each id once. `python -m bench.subscriber PORT`.

`POST /hang/…` is never answered. `GET /stats` tells how many ids came and when the last one did, `GET /arrivals`
when each did (`time.monotonic` seconds), `GET /reset` starts anew. What came is told by the native event's id,
which the relay's summary fields carry and Node-RED's header repeats.
"""

import asyncio
import json
import sys
import time
from typing import ClassVar

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
_NATIVE_ID = b'"provider_event":{"id":"'


class Subscriber(asyncio.Protocol):
    """One connection; all share what was counted."""

    arrivals: ClassVar[dict[str, float]] = {}
    total: ClassVar[int] = 0

    def __init__(self) -> None:
        self._buffer = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while True:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self._buffer[:end].lower()
            if head.startswith(b"get"):
                self._buffer = self._buffer[end + 4 :]
                self._tell(head)
                continue
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0])
            if len(self._buffer) < end + 4 + length:
                return
            body = self._buffer[end + 4 : end + 4 + length]
            self._buffer = self._buffer[end + 4 + length :]
            if not head.startswith(b"post /hang"):
                self._count(head, body)
                self._transport.write(_ANSWER)

    def _count(self, head: bytes, body: bytes) -> None:
        Subscriber.total += 1
        at = body.find(_NATIVE_ID)
        if at >= 0:
            start = at + len(_NATIVE_ID)
            native = body[start : body.find(b'"', start)]
        else:
            at = head.find(b"webhook-id:")
            native = head[at + 11 :].split(b"\r\n", 1)[0].strip()
        Subscriber.arrivals.setdefault(native.decode(), time.monotonic())

    def _tell(self, head: bytes) -> None:
        if head.startswith(b"get /reset"):
            Subscriber.arrivals.clear()
            Subscriber.total = 0
        last = max(Subscriber.arrivals.values(), default=0.0) if head.startswith(b"get /stats") else 0.0
        told = (
            Subscriber.arrivals
            if head.startswith(b"get /arrivals")
            else {"unique": len(Subscriber.arrivals), "total": Subscriber.total, "last": last}
        )
        body = json.dumps(told).encode()
        self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


async def main(port: int) -> None:
    """Serve until the process is told to stop."""
    server = await asyncio.get_running_loop().create_server(Subscriber, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
