"""gunicorn's threaded worker, without threads that wait: a request gets one once all of it has come.

As it is, a thread waits for the rest of each head and body, and for each connection that is closed another moment in
the loop that serves all: some dozens of senders that are slow, or that mean it, leave nobody to answer. Here the loop
itself gathers what comes; a thread reads what is there. What takes too long is answered 408 and closed, and when
connections or memory run out those go that have kept us waiting longest. One address may have so many
connections and no more, unless it is a trusted proxy's, behind which there are many callers.

This leans on inner methods of gunicorn's worker, so its version is bounded and
`tests/running/test_server.py` tries each.
"""

import errno
import selectors
import socket
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from gunicorn.http import get_parser
from gunicorn.http.body import Body
from gunicorn.http.errors import (
    ConfigurationProblem,
    ExpectationFailed,
    ForbiddenProxyRequest,
    InvalidResponseHeader,
    InvalidResponseHeaderName,
    LimitRequestHeaders,
    LimitRequestLine,
    NoMoreData,
    ParseException,
    UnsupportedTransferCoding,
)
from gunicorn.http.unreader import SocketUnreader
from gunicorn.workers.gthread import TConn, ThreadWorker

from relay.areas.resources import Answer
from relay.errors import BrokenBody, Busy, HeadTooLarge, RelayError, TooLarge, TooManyRequests, TooSlow
from relay.running.rounds import Rounds
from relay.running.wire import written
from relay.security.proxies import Proxies, origin
from relay.web.framework.door import Door
from relay.web.framework.incoming import Incoming
from relay.web.framework.responses import refused

REQUEST_SECONDS = 15.0
"""For all of a request, from its first byte."""

ANSWER_SECONDS = 15.0
"""For an answer, once it is ready, to be taken by whoever asked."""

HELD_BYTES = 64 * 1024 * 1024
"""How much of unfinished requests one process keeps. Those of up to `SMALL_BYTES` are kept beyond it."""

SMALL_BYTES = 64 * 1024
MOST_OF_ONE_ADDRESS = 100
"""Connections that one caller may have open with one process."""

_PIECE = 256 * 1024
_GOODBYE_SECONDS = 2.0
_MOST_DRAINED = 1024 * 1024
_NOTHING_LEFT = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_GO_AHEAD = b"HTTP/1.1 100 Continue\r\n\r\n"


_TOO_SLOW = refused(TooSlow(f"The request was not complete within {REQUEST_SECONDS:g} s. Send it again."))
_NO_ROOM = refused(Busy("Too many unfinished requests. Send it again."))
_TOO_MANY = refused(
    TooManyRequests("Your address has too many connections open. Close some, then send it again.", retry_after=5)
)
_TOO_LONG = refused(HeadTooLarge("The headers are too large."))


_UNREAD: tuple[tuple[Any, int, str], ...] = (
    (LimitRequestLine, 414, "too_large"),
    (LimitRequestHeaders, 431, "too_large"),
    (UnsupportedTransferCoding, 501, "bad_request"),
    (ExpectationFailed, 417, "bad_request"),
    (ForbiddenProxyRequest, 403, "bad_request"),
    ((InvalidResponseHeader, InvalidResponseHeaderName, ConfigurationProblem), 500, "internal_error"),
    (ParseException, 400, "bad_request"),
    (Exception, 500, "internal_error"),
)
"""What is answered where gunicorn's parser, or the answering, comes to no end: the first that fits."""


def _answered(keep: bool) -> "Future[bool]":
    """What a thread leaves that has answered, and says whether the connection is kept."""
    done: Future[bool] = Future()
    done.set_result(keep)
    return done


_SAID = {keep: _answered(keep) for keep in (True, False)}


class _Failure(RelayError):
    """An error of HTTP itself, by its status."""

    def __init__(self, status: int, code: str) -> None:
        about = HTTPStatus(status)
        super().__init__(f"{about.phrase}. {about.description}.", code=code)
        self.status = status


class _Unfinished(NoMoreData):  # type: ignore[misc]  # gunicorn carries no types
    """More is wanted than has come."""


class _Unreader(SocketUnreader):  # type: ignore[misc]
    """Gives what has come, and does not wait for more. In pieces: a reader of chunks copies all it has for each."""

    _given = b""
    _at = 0

    def give(self, data: bytes) -> None:
        self._given, self._at = data, 0

    def chunk(self, size_hint: int | None = None) -> bytes:
        if self._at >= len(self._given):
            raise _Unfinished
        some = self._given[self._at : self._at + max(size_hint or 0, self.mxchunk)]
        self._at += len(some)
        return some

    def take_buffered(self) -> bytes:
        """What was not read."""
        left: bytes = super().take_buffered() + self._given[self._at :]
        self.give(b"")
        return left


class _Body(Body):  # type: ignore[misc]
    """Says in our words why it cannot be read."""

    def _read_reader(self, size: int) -> bytes:
        try:
            some: bytes = super()._read_reader(size)
        except _Unfinished:
            # Whatever any address would take was waited for.
            raise TooLarge("The body is too large.") from None
        except (ParseException, NoMoreData):
            raise BrokenBody("The body is incomplete, or its chunks are malformed. Send it again.") from None
        return some


class _Connection(TConn):  # type: ignore[misc]
    """`incoming` is the request that is coming, once it has begun; `whole` is whether a thread got all of it.
    `on_close` is called once.
    """

    def __init__(self, cfg: Any, sock: socket.socket, client: Any, server: Any) -> None:
        super().__init__(cfg, sock, client, server)
        self.incoming: Incoming | None = None
        self.whole = False
        self.drained = 0
        self.on_close: Callable[[], None] | None = None
        self.read_from(b"")
        # What gunicorn would do, and wait for, in a thread.
        self.initialized = self.data_ready = True

    def read_from(self, data: bytes) -> None:
        """Have the parser begin anew, with this."""
        self.parser = get_parser(self.cfg, self.sock, self.client)
        self.parser.unreader = _Unreader(self.sock)
        self.parser.unreader.give(data)

    def close(self, graceful: bool = False) -> None:
        if self.on_close is not None:
            self.on_close()
            self.on_close = None
        super().close(graceful)


class Worker(ThreadWorker):  # type: ignore[misc]
    """One web process. Its methods run in the loop's thread, but for the two that say otherwise."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        # What is waited for and what is let go of, each in order of `timeout`.
        self._waiting: dict[_Connection, None] = {}
        self._leaving: dict[_Connection, None] = {}
        self._held = 0
        self._full = False
        self._open: Counter[str] = Counter()
        self._proxies: Proxies = getattr(self.app, "proxies", Proxies())
        self._rounds: Rounds | None = None

    def load_wsgi(self) -> None:
        super().load_wsgi()
        door: Door | None = getattr(self.app, "door", None)
        if door is not None:
            self._rounds = Rounds(door, self._say, self._long_way, self.method_queue.defer)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Called in every round."""
        if self._rounds is None:
            super().wait_for_and_dispatch_events(timeout)
        else:
            super().wait_for_and_dispatch_events(self._rounds.patience(timeout))
            self._rounds.answer()
            self._rounds.give_up()

    def accept(self, listener: socket.socket) -> None:
        """Called for a new connection, which often has said everything already."""
        try:
            sock, client = listener.accept()
        except OSError as error:
            if error.errno in _NOTHING_LEFT:
                self._full = True
            elif error.errno not in (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK):
                raise
            return
        self.nr_conns += 1
        conn = _Connection(self.cfg, sock, client, listener.getsockname())
        if not self._count(conn, client[0]):
            self._refuse(conn, _TOO_MANY)
        elif not self._receive(conn):
            self._wait_for(conn)

    def _count(self, conn: _Connection, address: str) -> bool:
        """Whether its address may have one more."""
        if address in self._proxies:
            return True
        caller = origin(address)
        if self._open[caller] >= MOST_OF_ONE_ADDRESS:
            return False

        def closed() -> None:
            self._open[caller] -= 1
            if not self._open[caller]:
                del self._open[caller]

        self._open[caller] += 1
        conn.on_close = closed
        return True

    def enqueue_req(self, conn: _Connection) -> None:
        """Called when a kept-alive connection says more."""
        if not self._receive(conn):
            self._wait_for(conn)

    def handle_request(self, req: Any, conn: _Connection) -> Any:
        """Called in a thread, with the head that was read."""
        req._expected_100_continue = False  # the sender was told to go ahead, or is refused without its body
        req.body = _Body(req.body.reader)
        if not conn.whole:
            req.force_close()
        conn.sock.settimeout(ANSWER_SECONDS)
        try:
            return super().handle_request(req, conn)
        except TimeoutError:
            raise StopIteration from None  # which is what gunicorn closes a connection for, without a word

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """Called in a thread for what cannot be read, or went wrong: gunicorn's own answer would be a page."""
        status, code = next((status, code) for kind, status, code in _UNREAD if isinstance(exc, kind))
        if status == 500:
            self.log.exception("A request could not be answered.")
        with suppress(OSError):
            client.sendall(written(refused(_Failure(status, code)), close=True))

    def _keepalive_after(self, conn: _Connection, keepalive: bool) -> bool:
        """Called in a thread, after the answer: what nobody read of a body is read."""
        try:
            return bool(super()._keepalive_after(conn, keepalive))
        except RelayError:
            return False

    def finish_request(self, conn: _Connection, done: "Future[Any]") -> None:
        """Called when a thread has answered."""
        if done.cancelled() or done.exception() is not None or not done.result():
            self._hang_up(conn)
        elif ahead := conn.parser.unreader.take_buffered():
            # It did not wait for the answer.
            conn.sock.setblocking(False)
            if not self._add(conn, ahead):
                self._wait_for(conn)
        else:
            super().finish_request(conn, done)

    def murder_pending(self) -> None:
        """Called in every round."""
        now = time.monotonic()
        while self._waiting and (conn := next(iter(self._waiting))).timeout <= now:
            self._give_up(conn)
        while self._leaving and (conn := next(iter(self._leaving))).timeout <= now:
            self._close(conn)
        if self.alive and (self._full or self.nr_conns >= self.worker_connections):
            self._full = False
            self._make_room()

    def _cap_keepalive(self, deadline: float) -> None:
        """Called once the worker is to stop: who has begun to say something may end it until then."""
        super()._cap_keepalive(deadline)
        for conn in [each for each in self._waiting if each.incoming is None]:
            self._give_up(conn)
        for conn in self._waiting:
            conn.timeout = min(conn.timeout, deadline)

    def _receive(self, conn: _Connection) -> bool:
        """Take what has come; False if there is more to wait for."""
        try:
            some = conn.sock.recv(_PIECE)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            some = b""
        if some:
            return self._add(conn, some)
        self._close(conn)
        return True

    def _add(self, conn: _Connection, some: bytes) -> bool:
        if conn.incoming is None:
            conn.incoming = Incoming()
        incoming = conn.incoming
        before = len(incoming.data)
        incoming.add(some)
        self._held += len(incoming.data) - before
        if incoming.ripe:
            if incoming.has_head:
                self._hand_over(conn, incoming)
            else:
                self._refuse(conn, _TOO_LONG)
            return True
        if self._held > HELD_BYTES and len(incoming.data) > SMALL_BYTES:
            self._refuse(conn, _NO_ROOM)
            return True
        if incoming.awaits_go_ahead:
            incoming.awaits_go_ahead = False
            self._push(conn, _GO_AHEAD)
        return False

    def _hand_over(self, conn: _Connection, incoming: Incoming) -> None:
        """Have it answered: here, if it is plain and goes to a door, else by a thread."""
        data, path = bytes(incoming.data), incoming.plain_path
        self._forget(conn)
        conn.whole = incoming.whole
        if path is None or self._rounds is None or not self._rounds.takes(conn, data, path):
            conn.parser.unreader.give(data)
            super().enqueue_req(conn)

    def _long_way(self, conn: _Connection, data: bytes) -> None:
        """Have a thread answer what was to be answered here."""
        conn.read_from(data)
        super().enqueue_req(conn)

    def _wait_for(self, conn: _Connection) -> None:
        conn.timeout = time.monotonic() + REQUEST_SECONDS
        self._waiting[conn] = None
        self._listen(conn, self._on_more)

    def _on_more(self, conn: _Connection) -> None:
        had_begun = conn.incoming is not None
        if self._receive(conn):
            del self._waiting[conn]
        elif had_begun or conn.incoming is None:
            self._listen(conn, self._on_more)
        else:
            # Its time begins with its first byte; at the end of the line, so that this stays in order.
            del self._waiting[conn]
            self._wait_for(conn)

    def _give_up(self, conn: _Connection) -> None:
        """Waited for in vain."""
        del self._waiting[conn]
        self.poller.unregister(conn.sock)
        if conn.incoming is None:
            self._close(conn)
        else:
            self._refuse(conn, _TOO_SLOW)

    def _make_room(self) -> None:
        """Let the one go that has kept us waiting longest, so that others can come in."""
        if self._leaving:
            self._close(next(iter(self._leaving)))
        elif self._waiting:
            self._give_up(conn := next(iter(self._waiting)))
            if conn in self._leaving:
                self._close(conn)
        elif self.keepalived_conns:
            conn = self.keepalived_conns.popleft()
            self.poller.unregister(conn.sock)
            self._close(conn)

    def _refuse(self, conn: _Connection, answer: Answer) -> None:
        self._forget(conn)
        self._push(conn, written(answer, close=True))
        self._hang_up(conn)

    def _say(self, conn: _Connection, answer: Answer) -> None:
        """Answer a request that no thread got."""
        keep = self.alive and not conn.parser.mesg.should_close() and len(self.keepalived_conns) < self.max_keepalived
        said = written(answer, close=not keep)
        sent = self._push(conn, said)
        if sent == len(said):
            self.finish_request(conn, _SAID[keep])
        else:
            # Who asks more and more, and takes no answers, is waited for by a thread.
            rest = self.tpool.submit(self._say_rest, conn, said[sent:], keep)
            rest.add_done_callback(lambda done: self.method_queue.defer(self.finish_request, conn, done))

    def _say_rest(self, conn: _Connection, rest: bytes, keep: bool) -> bool:
        """Called in a thread."""
        conn.sock.settimeout(ANSWER_SECONDS)
        conn.sock.sendall(rest)
        return keep

    def _hang_up(self, conn: _Connection) -> None:
        """Close once the other end has, or soon: at once, what it did not yet read would be lost to it."""
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._close(conn)
            return
        conn.timeout = time.monotonic() + _GOODBYE_SECONDS
        self._leaving[conn] = None
        self._listen(conn, self._on_rest)

    def _on_rest(self, conn: _Connection) -> None:
        try:
            some = conn.sock.recv(_PIECE)
        except (BlockingIOError, InterruptedError):
            some = b"\0"
        except OSError:
            some = b""
        conn.drained += len(some)
        if some and conn.drained < _MOST_DRAINED:
            self._listen(conn, self._on_rest)
        else:
            self._close(conn)

    def _listen(self, conn: _Connection, then: Callable[[_Connection], None]) -> None:
        """Have `then` called, once, when there is something to read."""

        def readable(sock: socket.socket) -> None:
            try:
                self.poller.unregister(sock)
            except (KeyError, ValueError):
                return  # it was closed in the same round
            then(conn)

        self.poller.register(conn.sock, selectors.EVENT_READ, readable)

    def _push(self, conn: _Connection, answer: bytes) -> int:
        """How much of an answer goes out without waiting."""
        with suppress(OSError):
            return int(conn.sock.send(answer))
        return 0

    def _forget(self, conn: _Connection) -> None:
        if conn.incoming is not None:
            self._held -= len(conn.incoming.data)
            conn.incoming = None

    def _close(self, conn: _Connection) -> None:
        self._forget(conn)
        if conn in self._leaving:
            del self._leaving[conn]
            with suppress(KeyError):
                self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()
