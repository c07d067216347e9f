"""Deliveries leave from a process of their own: whoever takes it over by an answer finds no secret there.

The worker keeps the database, the key and the secrets of sources; over a socket goes what is to be sent: address,
headers and body. It is started with an environment that holds no setting of the relay, and gives up all files but
those it runs on.
"""

import asyncio
import os
import socket
import subprocess
import sys
from itertools import count
from typing import Any, Unpack

from relay.errors import Unreachable
from relay.http import TIMEOUT, Answer, Options
from relay.logs import Logger
from relay.outbound.egress_process import ALLOW_PRIVATE, PROXY
from relay.outbound.frames import Frames

_PASSED_ON = (
    *("PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "RELAY_LOG_LEVEL"),
    *("PYTHONPATH", "PYTHONHASHSEED", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"),
)
_AGAIN_SECONDS = 1.0
_GRACE_SECONDS = 5.0
_END_SECONDS = 2.0

log = Logger("deliver")


class Lost(Exception):
    """The process ended with the request under way, or could not be started: nobody knows what became of it."""


class Egress:
    """Sends requests as `GuardedClient` does, by way of a process. Belongs to the event loop that first uses it."""

    def __init__(self, allow_private: frozenset[str] = frozenset(), proxy: str | None = None) -> None:
        self._settings = {ALLOW_PRIVATE: ",".join(sorted(allow_private)), PROXY: proxy or ""}
        self._numbers = count()
        self._waiting: dict[int, asyncio.Future[tuple[Any, bytes]]] = {}
        self._frames: Frames | None = None
        self._closed = False
        self._connecting: asyncio.Task[Frames] | None = None
        self._process, self._socket = self._start()

    @property
    def pid(self) -> int:
        return self._process.pid

    async def request(self, method: str, url: str, **options: Unpack[Options]) -> Answer:
        """As `GuardedClient.request`; of the headers only those that deliveries are judged by. Raises `Lost` too."""
        frames = self._frames or await self._connect()
        number = next(self._numbers)
        answered: asyncio.Future[tuple[Any, bytes]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answered
        try:
            body = options.pop("body", b"")
            frames.send([number, method, url, options], body)
            async with asyncio.timeout(options.get("timeout", TIMEOUT) + _GRACE_SECONDS):
                head, said = await answered
        except (ConnectionError, TimeoutError):
            raise Lost from None
        finally:
            self._waiting.pop(number, None)
        if head[1] is None:
            raise Unreachable(head[3], code=head[2])
        return Answer(head[1], head[2], said, head[3])

    async def close(self) -> None:
        """End the process."""
        self._closed = True
        if self._frames is not None:
            self._frames.close()
        self._socket.close()
        await asyncio.get_running_loop().run_in_executor(None, self._end)

    async def _connect(self) -> Frames:
        """Those who come at the same time wait for the same connection."""
        if self._connecting is None:
            self._connecting = asyncio.get_running_loop().create_task(self._connected())
            self._connecting.add_done_callback(lambda _: setattr(self, "_connecting", None))
        return await asyncio.shield(self._connecting)

    async def _connected(self) -> Frames:
        if self._closed:
            raise Lost
        if self._process.poll() is not None:
            log.warning("egress_ended", code=self._process.returncode, note="starting it again")
            await asyncio.sleep(_AGAIN_SECONDS)
            self._process, self._socket = self._start()
        _, frames = await asyncio.get_running_loop().create_connection(
            lambda: Frames(self._take, self._gone), sock=self._socket
        )
        self._frames = frames
        return frames

    def _take(self, head: Any, body: bytes) -> None:
        answered = self._waiting.get(head[0])
        if answered is not None and not answered.done():
            answered.set_result((head, body))

    def _gone(self) -> None:
        self._frames = None
        for answered in self._waiting.values():
            if not answered.done():
                answered.set_exception(Lost())
        if not self._closed:
            # One that hung up without ending is of no use, and would be waited for.
            self._process.kill()
            self._process.wait()

    def _start(self) -> tuple[subprocess.Popen[bytes], socket.socket]:
        ours, theirs = socket.socketpair()
        environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-m", "relay.outbound.egress_process"],
                env=environment | self._settings,
                stdin=theirs.fileno(),
                cwd="/",
            )
        return process, ours

    def _end(self) -> None:
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
