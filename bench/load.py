"""A load generator that costs little: it shares the machine with what it measures.

`python -m bench.load` reads its orders as JSON from standard input and answers as JSON on standard output.
Requests are whole before the clock starts; answers are parsed as far as status and length.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any

from bench.payloads import requests

_LONGEST_SECONDS = 600.0


@dataclass(slots=True)
class Tally:
    """What came of the requests. Times are `time.monotonic` seconds, the same for all processes of a machine."""

    statuses: Counter[str] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    sent_at: list[float] = field(default_factory=list)
    broken: int = 0


class _Connection(asyncio.Protocol):
    """One kept-alive connection with at most one request under way."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._buffer = b""
        self._counted_from = 0.0
        self._answered: asyncio.Future[None] | None = None
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def ask(self, request: bytes, counted_from: float) -> asyncio.Future[None]:
        self._counted_from = counted_from
        self._answered = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self._answered

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        lowered = head.lower()
        at = lowered.find(b"content-length:")
        if at >= 0:
            if len(rest) < int(lowered[at + 15 :].split(b"\r\n", 1)[0]):
                return
        elif not rest.endswith(b"0\r\n\r\n"):  # chunked, as Express answers now and then
            return
        self._buffer = b""
        self._tally.statuses[head[9:12].decode()] += 1
        self._tally.latencies.append(time.monotonic() - self._counted_from)
        self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answered is not None and not self._answered.done():
            self._tally.broken += 1
            self._end()

    def _end(self) -> None:
        assert self._answered is not None
        if not self._answered.done():
            self._answered.set_result(None)


async def closed_loop(port: int, made: list[bytes], connections: int) -> Tally:
    """Each connection sends its next request when the last one is answered."""
    tally = Tally()
    waiting = iter(made)

    async def run() -> None:
        connection = await _connect(port, tally)
        for request in _taken(waiting):
            now = time.monotonic()
            tally.sent_at.append(now)
            await connection.ask(request, now)
            if connection.transport.is_closing():
                connection = await _connect(port, tally)
        connection.transport.close()

    await asyncio.gather(*(run() for _ in range(connections)))
    return tally


async def open_loop(port: int, made: list[bytes], rate: float) -> Tally:
    """Requests leave at a fixed rate, whatever the answers do; latency counts from when each was to leave."""
    tally = Tally()
    idle: list[_Connection] = []
    start = time.monotonic() + 0.1

    async def send(request: bytes, planned: float) -> None:
        connection = idle.pop() if idle else await _connect(port, tally)
        await connection.ask(request, planned)
        if not connection.transport.is_closing():
            idle.append(connection)

    tasks = []
    for index, request in enumerate(made):
        planned = start + index / rate
        await asyncio.sleep(max(0.0, planned - time.monotonic()))
        tally.sent_at.append(planned)
        tasks.append(asyncio.ensure_future(send(request, planned)))
    await asyncio.gather(*tasks)
    return tally


def _taken(waiting: Iterator[bytes]) -> Iterator[bytes]:
    yield from waiting


async def _connect(port: int, tally: Tally) -> _Connection:
    _, connection = await asyncio.get_running_loop().create_connection(lambda: _Connection(tally), "127.0.0.1", port)
    return connection


async def _bounded(run: Coroutine[Any, Any, Tally]) -> Tally:
    """A server that stops answering must fail the benchmark, not hang it."""
    return await asyncio.wait_for(run, _LONGEST_SECONDS)


def percentile(values: list[float], share: float) -> float:
    """The value below which this share of the values lies; in the unit of the values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def main() -> None:
    """Orders: path, port, run, count, and either connections or rate."""
    orders: dict[str, Any] = json.load(sys.stdin)
    made, ids = requests(orders["count"], path=orders["path"], port=orders["port"], run=orders["run"])
    cpu = time.process_time()
    started = time.monotonic()
    if "rate" in orders:
        tally = asyncio.run(_bounded(open_loop(orders["port"], made, orders["rate"])))
    else:
        tally = asyncio.run(_bounded(closed_loop(orders["port"], made, orders["connections"])))
    ended = time.monotonic()
    answer = {
        "seconds": ended - started,
        "rate": sum(tally.statuses.values()) / (ended - started),
        "statuses": dict(tally.statuses),
        "broken": tally.broken,
        "started": started,
        "cpu_us": (time.process_time() - cpu) / orders["count"] * 1e6,
        "p50": percentile(tally.latencies, 0.50),
        "p95": percentile(tally.latencies, 0.95),
        "p99": percentile(tally.latencies, 0.99),
        "sent": dict(zip(ids, tally.sent_at, strict=True)) if "rate" in orders else {},
    }
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
