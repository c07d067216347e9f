"""Posts that are answered in the server's loop, with real connections: which are, with which others, which never."""

import hashlib
import inspect
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

import gunicorn
import pytest
from flask import Flask, Response, request
from gunicorn.http.parser import Parser
from gunicorn.http.unreader import SocketUnreader, Unreader
from gunicorn.workers.gthread import PollableMethodQueue, TConn, ThreadWorker

from kit.lines import answers, heard, one_answer
from kit.serving import Serving, serving
from kit.waiting import PATIENCE_SECONDS, until
from relay.areas.resources import Answer
from relay.running import rounds
from relay.web.framework.door import Door, Post, Said
from relay.web.framework.incoming import SMALL


@dataclass
class Clerk:
    """A door that says what it got. What is posted to `/slow` it answers once it is let, by another thread; to `/stall`
    in the loop, once it is let."""

    patience: float = PATIENCE_SECONDS
    rounds: list[list[bytes]] = field(default_factory=list)
    let: threading.Event = field(default_factory=threading.Event)
    answered: list[threading.Thread] = field(default_factory=list)

    def find(self, path: str) -> str | None:
        return path if path.startswith("/") and path != "/other" else None

    def answer(self, posts: Sequence[Post], said: Said) -> None:
        self.rounds.append([post.body for post in posts])
        if any(post.place == "/stall" for post in posts):
            assert self.let.wait(PATIENCE_SECONDS)
        if any(post.place == "/slow" for post in posts):
            self.answered.append(threading.Thread(target=self._later, args=(posts, said)))
            self.answered[-1].start()
        else:
            said([_of_loop(post) for post in posts])

    def too_late(self) -> Answer:
        return Answer("too late", 503)

    def _later(self, posts: Sequence[Post], said: Said) -> None:
        assert self.let.wait(PATIENCE_SECONDS)
        said([_of_loop(post) for post in posts])


def _of_loop(post: Post) -> Answer | None:
    if post.place == "/unwanted":
        return None
    if post.place == "/large":
        return Answer(raw=b"x" * 20_000_000)
    return Answer({"by": "loop", "path": post.place, "body": post.body.decode()})


def application() -> Flask:
    app = Flask("echo")

    @app.route("/<path:path>", methods=["GET", "POST"])
    def echo(path: str) -> Response | dict[str, Any]:
        if path == "unread":
            return Response(b'"unread"', mimetype="application/json")
        body = request.environ["wsgi.input"].read().decode()
        return {"by": "thread", "path": f"/{path}", "body": body}

    return app


@contextmanager
def served(clerk: Clerk) -> Iterator[Serving]:
    door: Door = clerk
    with serving(application(), lambda _: door) as found:
        try:
            yield found
        finally:
            clerk.let.set()
            for each in clerk.answered:
                each.join(PATIENCE_SECONDS)


@pytest.fixture
def clerk() -> Clerk:
    return Clerk()


@pytest.fixture
def server(clerk: Clerk) -> Iterator[Serving]:
    with served(clerk) as found:
        yield found


def post(body: bytes, *headers: bytes, path: bytes = b"/x", length: int | None = None) -> bytes:
    lines = [b"POST %s HTTP/1.1" % path, b"Host: x", *headers]
    lines.append(b"Content-Length: %d" % (len(body) if length is None else length))
    return b"\r\n".join([*lines, b"", body])


def of(by: str, body: str, path: str = "/x") -> tuple[int, dict[str, str]]:
    return 200, {"by": by, "path": path, "body": body}


def said_of(server: Serving, *pieces: bytes) -> list[tuple[int, Any]]:
    """Every answer to these pieces, the last of which ends the connection."""
    with closing(server.connect()) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            line.sendall(piece)
        return answers(heard(line))


def next_of(line: socket.socket) -> tuple[int, Any]:
    status, _, content = one_answer(line)
    return status, content


CLOSE = b"Connection: close"


def test_a_plain_post_is_answered_in_the_loop_and_the_connection_is_kept(server: Serving) -> None:
    with closing(server.connect()) as line:
        found = []
        for number in range(3):
            line.sendall(post(b"%d" % number))
            found.append(one_answer(line))

    assert [(status, content) for status, _, content in found] == [of("loop", str(number)) for number in range(3)]
    assert {headers["connection"] for _, headers, _ in found} == {"keep-alive"}


def test_one_that_ends_its_connection_is_hung_up_on(server: Serving) -> None:
    assert said_of(server, post(b"1", CLOSE)) == [of("loop", "1")]


def test_what_came_in_one_round_is_answered_together(server: Serving, clerk: Clerk) -> None:
    lines = [server.connect() for _ in range(6)]
    for line in lines:
        line.sendall(post(b"before"))
        one_answer(line)
    clerk.rounds.clear()

    lines[0].sendall(post(b"0", path=b"/stall"))
    until(lambda: clerk.rounds, "the loop is busy")
    for number, line in enumerate(lines[1:]):
        line.sendall(post(b"%d" % number))
    clerk.let.set()
    found = [next_of(line) for line in lines]

    assert found == [of("loop", "0", "/stall"), *(of("loop", str(number)) for number in range(5))]
    assert [sorted(each) for each in clerk.rounds] == [[b"0"], [b"0", b"1", b"2", b"3", b"4"]]
    for line in lines:
        line.close()


def test_no_round_is_larger_than_is_good_for_others(
    server: Serving, clerk: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "MOST_AT_ONCE", 2)
    lines = [server.connect() for _ in range(6)]
    for line in lines:
        line.sendall(post(b"before"))
        one_answer(line)
    clerk.rounds.clear()

    lines[0].sendall(post(b"0", path=b"/stall"))
    until(lambda: clerk.rounds, "the loop is busy")
    for line in lines[1:]:
        line.sendall(post(b"1"))
    clerk.let.set()
    found = [next_of(line) for line in lines[1:]]

    assert found == [of("loop", "1")] * 5
    assert [len(each) for each in clerk.rounds] == [1, 2, 2, 1]
    for line in lines:
        line.close()


CHUNKS = b"POST /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    ("asked", "path", "body"),
    [
        (b"GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "/x", ""),
        (post(b"hi", CLOSE, path=b"/other"), "/other", "hi"),
        (post(b"hi", CLOSE, path=b"/unwanted"), "/unwanted", "hi"),
        (CHUNKS, "/x", "hi"),
        (post(b"hi", CLOSE, b"Upgrade: websocket"), "/x", "hi"),
        (post(b"hi", CLOSE).replace(b"HTTP/1.1", b"HTTP/1.0"), "/x", "hi"),
        (post(b"x" * SMALL, CLOSE), "/x", "x" * SMALL),
        (post(b"hi", CLOSE, path=b"http://x/x"), "/x", "hi"),
    ],
    ids=["no post", "no door", "unwanted", "chunked", "upgrade", "HTTP/1.0", "large", "absolute"],
)
def test_whatever_is_not_plain_is_answered_by_a_thread(server: Serving, asked: bytes, path: str, body: str) -> None:
    assert said_of(server, asked) == [of("thread", body, path)]


def test_one_that_waits_to_go_ahead_is_told_to_and_answered_by_a_thread(server: Serving) -> None:
    with closing(server.connect()) as line:
        line.sendall(post(b"", CLOSE, b"Expect: 100-continue", length=2))
        first = line.recv(100)
        line.sendall(b"hi")
        rest = heard(line)

    assert (first, answers(rest)) == (b"HTTP/1.1 100 Continue\r\n\r\n", [of("thread", "hi")])


@pytest.mark.parametrize(
    "asked",
    [
        post(b"hi", b"No colon"),
        post(b"hi", b"Content-Length: 3"),
        post(b"hi", b"Transfer-Encoding: chunked"),
        post(b"hi", b" folded: line"),
        post(b"hi", b"Bad\x00Name: x"),
        post(b"hi", b"Content-Type: a", b"Content-Type: b"),
        post(b"hi").replace(b"Content-Length: 2", b"Content-Length: +2"),
        post(b"hi").replace(b"Host: x\r\n", b"Host: x\n"),
        post(b"hi", path=b"/x y"),
    ],
)
def test_what_is_no_http_is_refused_and_nothing_behind_it_is_answered(server: Serving, asked: bytes) -> None:
    """Two readers that differ in where a request ends are a way to smuggle one past the first of them."""
    found = said_of(server, asked + post(b"smuggled", CLOSE))

    assert [status for status, _ in found] == [400]


def test_a_body_that_looks_like_a_request_is_a_body(server: Serving) -> None:
    inner = post(b"inner").decode()

    with closing(server.connect()) as line:
        found = []
        for body in (inner, "next"):
            line.sendall(post(body.encode()))
            found.append(next_of(line))

    assert found == [of("loop", inner), of("loop", "next")]


def test_a_body_that_nobody_read_is_not_taken_for_the_next_request(server: Serving, clerk: Clerk) -> None:
    clerk.find = lambda path: None if path == "/unread" else path  # type: ignore[method-assign]
    with closing(server.connect()) as line:
        found = []
        for asked in (post(post(b"inner"), path=b"/unread"), post(b"next"), post(post(b"inner"), path=b"/unread")):
            line.sendall(asked)
            found.append(next_of(line))

    assert found == [(200, "unread"), of("loop", "next"), (200, "unread")]


def test_requests_that_are_sent_without_waiting_are_answered_in_their_order(server: Serving) -> None:
    found = said_of(server, post(b"1") + post(b"2") + post(b"3", CLOSE))

    assert [content["body"] for _, content in found] == ["1", "2", "3"]


def test_one_that_comes_while_the_one_before_is_under_way_is_answered_behind_it(server: Serving, clerk: Clerk) -> None:
    with closing(server.connect()) as line:
        line.sendall(post(b"1", path=b"/slow"))
        until(lambda: clerk.rounds, "the first is under way")
        line.sendall(post(b"2", CLOSE))
        clerk.let.set()
        found = answers(heard(line))

    assert found == [of("loop", "1", "/slow"), of("loop", "2")]


def test_a_post_may_come_byte_by_byte(server: Serving) -> None:
    assert said_of(server, *(bytes([each]) for each in post(b"hello", CLOSE))) == [of("loop", "hello")]


def test_while_answers_are_late_the_loop_goes_on_and_they_are_sent_when_they_come(
    server: Serving, clerk: Clerk
) -> None:
    with closing(server.connect()) as slow, closing(server.connect()) as other:
        slow.sendall(post(b"1", path=b"/slow"))
        until(lambda: clerk.rounds, "the first is under way")
        meanwhile = said_of(server, b"GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        other.sendall(post(b"2"))
        second = next_of(other)
        clerk.let.set()
        first = next_of(slow)

    assert (meanwhile, second, first) == ([of("thread", "")], of("loop", "2"), of("loop", "1", "/slow"))


def test_answers_that_do_not_come_in_time_are_given_up_and_what_comes_then_is_not_said() -> None:
    clerk = Clerk(patience=0.05)
    with served(clerk) as server, closing(server.connect()) as line:
        line.sendall(post(b"1", path=b"/slow"))
        first = next_of(line)
        clerk.let.set()
        clerk.answered[0].join()
        line.sendall(post(b"2"))
        second = next_of(line)

    assert (first, second) == ((503, "too late"), of("loop", "2"))


def test_who_hangs_up_before_the_answer_is_in_nobodys_way(server: Serving, clerk: Clerk) -> None:
    with closing(server.connect()) as line:
        line.sendall(post(b"1", path=b"/slow"))
        until(lambda: clerk.rounds, "it is under way")
    clerk.let.set()

    until(lambda: server.worker.nr_conns == 0, "its connection is gone")
    assert said_of(server, post(b"2", CLOSE)) == [of("loop", "2")]


def test_who_takes_an_answer_slowly_is_waited_for_by_a_thread(server: Serving) -> None:
    with closing(server.connect()) as line:
        line.sendall(post(b"1", CLOSE, path=b"/large"))
        meanwhile = said_of(server, post(b"2", CLOSE))
        said = heard(line)

    assert meanwhile == [of("loop", "2")]
    assert len(said.partition(b"\r\n\r\n")[2]) == 20_000_000


def test_a_server_that_is_to_stop_answers_what_is_under_way_and_hangs_up(server: Serving, clerk: Clerk) -> None:
    with closing(server.connect()) as line:
        line.sendall(post(b"1", path=b"/slow"))
        until(lambda: clerk.rounds, "it is under way")
        server.ask_to_stop()
        until(lambda: not server.worker._accepting, "it takes no more connections")
        clerk.let.set()
        status, headers, content = one_answer(line)
        rest = heard(line)

    assert ((status, content), headers["connection"], rest) == (of("loop", "1", "/slow"), "close", b"")
    until(lambda: server.has_stopped, "it has stopped")


LEANED_ON: dict[Callable[..., Any], str] = {
    Parser.__next__: "b8536520e95854d6",
    Parser.finish_body: "54c5d0d28c2626ea",
    SocketUnreader.__init__: "e8f9de555670946f",
    Unreader.take_buffered: "89cef5e60e6f09e1",
    Unreader.read: "cbfeead6687ff48b",
    PollableMethodQueue.defer: "4d722900967b8ad2",
    TConn.__init__: "c8763d7c65974e1b",
    TConn.close: "6d1c334ed1979fcb",
    ThreadWorker.run: "f92c7394d85715a4",
    ThreadWorker.accept: "f8dcead3dce5c851",
    ThreadWorker.enqueue_req: "c9f428953d24acef",
    ThreadWorker.on_client_socket_readable: "aead1a3ea7b7daff",
    ThreadWorker.wait_for_and_dispatch_events: "ea969b352482bd5c",
    ThreadWorker.murder_keepalived: "4459960c4ccc36d4",
    ThreadWorker.murder_pending: "7bf11f46454296e1",
    ThreadWorker.finish_request: "616e7bb15a009ff7",
    ThreadWorker.handle: "ca85c9be3df75da4",
    ThreadWorker.handle_request: "6d0de5b919102efc",
    ThreadWorker._keepalive_after: "4ebdbbc8bf5aafa5",
    ThreadWorker._cap_keepalive: "745c8ac37108c74d",
}


@pytest.mark.parametrize("method", LEANED_ON, ids=[each.__qualname__ for each in LEANED_ON])
def test_gunicorns_inner_methods_are_those_that_the_worker_was_written_for(method: Callable[..., Any]) -> None:
    found = hashlib.sha256(inspect.getsource(method).encode()).hexdigest()[:16]

    assert found == LEANED_ON[method], (
        f"gunicorn {gunicorn.__version__} has another {method.__qualname__}: read what changed, see that"
        " relay/running/server.py and rounds.py still do what they say, then write the new hash here"
    )
