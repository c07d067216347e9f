"""The process that deliveries leave from. It gets what is to be sent and nothing else: no setting, no database, no key.

Its standard input is a socket to its worker. It ends when that does, and not by a signal to all: the worker finishes
what is under way first.
"""

import asyncio
import os
import signal
import socket

import uvloop

from relay import logs
from relay.errors import AddressRefused, Unreachable
from relay.http import GuardedClient
from relay.logs import Logger
from relay.outbound.frames import Frames
from relay.outbound.sandbox import confine, name_files, readable

ALLOW_PRIVATE = "EGRESS_ALLOW_PRIVATE"
"""Comma-separated hosts that may be private, as the worker's configuration has them."""

PROXY = "RELAY_EGRESS_PROXY"
"""The address of the proxy that all deliveries go by way of, where there is one."""

READ_HEADERS = ("retry-after",)
"""Of an answer's headers those that the worker judges by: nothing else of a stranger's words goes there."""

_LOOK_SECONDS = 2.0

log = Logger("deliver")


async def serve(worker: socket.socket, door: GuardedClient) -> None:
    """Send what the worker asks for, until it is gone."""
    loop, gone = asyncio.get_running_loop(), asyncio.Event()
    under_way: set[asyncio.Task[None]] = set()

    def take(head: object, body: bytes) -> None:
        task = loop.create_task(answer(head, body))
        under_way.add(task)
        task.add_done_callback(under_way.discard)

    async def answer(head: object, body: bytes) -> None:
        assert isinstance(head, list)
        number, method, url, options = head
        told: list[object]
        said = b""
        try:
            found = await door.request(method, url, body=body, **options)
            read = {name: found.headers[name] for name in READ_HEADERS if name in found.headers}
            told, said = [number, found.status, read, found.whole], found.body
        except (Unreachable, AddressRefused) as error:
            told = [number, None, error.code, error.message]
        except Exception as error:  # noqa: BLE001  whatever it is, the delivery must come to an outcome
            log.error("unexpected", error=type(error).__name__)
            told = [number, None, "internal_error", f"The request could not be made: {type(error).__name__}."]
        try:
            frames.send(told, said)
        except ConnectionError:
            gone.set()

    _, frames = await loop.create_connection(lambda: Frames(take, gone.set), sock=worker)
    watching = loop.create_task(_until_names_change(gone))
    await gone.wait()
    for task in (watching, *under_way):
        task.cancel()
    await asyncio.gather(*under_way, return_exceptions=True)
    await door.close()


async def _until_names_change(gone: asyncio.Event) -> None:
    """A name server's address that comes into a new file would never be seen: the worker starts another process."""
    before = name_files()
    while name_files() == before:
        await asyncio.sleep(_LOOK_SECONDS)
    log.info("name_servers_changed", note="ending; the worker starts another")
    gone.set()


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    logs.set_up(os.environ.get("RELAY_LOG_LEVEL", "info"))
    allowed = frozenset(filter(None, os.environ.get(ALLOW_PRIVATE, "").split(",")))
    worker = socket.socket(fileno=os.dup(0))
    proxy = os.environ.get(PROXY) or None
    if not confine(readable(), int(proxy.rpartition(":")[2]) if proxy else None):
        log.info("not_confined", note="this system cannot keep files from a process: it has no Landlock")
    door = GuardedClient(allow_private=allowed, proxy=proxy)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(worker, door))


if __name__ == "__main__":
    main()
