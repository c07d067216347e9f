"""The web server with real connections: what is slow, odd or too much, and who is answered meanwhile."""

import socket
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from kit.lines import answers, heard
from kit.processes import Process, free_port
from kit.waiting import until
from relay.web.framework.headers import HEADERS
from relay.web.framework.incoming import LARGEST_BODY

CLOSE = b"Connection: close\r\n"
POST = b"POST /hello HTTP/1.1\r\nHost: x\r\n"
CHUNKED = POST + CLOSE + b"Transfer-Encoding: chunked\r\n\r\n"
ASK = b"GET /well HTTP/1.1\r\nHost: x\r\n" + CLOSE + b"\r\n"
BROKEN = ("bad_request", "The body is incomplete, or its chunks are malformed. Send it again.")
TOO_LARGE = ("too_large", "The body is too large.")


class Server:
    def __init__(self, port: int) -> None:
        self.port = port

    def connect(self, from_: str = "127.0.0.1") -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=60, source_address=(from_, 0))

    def say(self, *pieces: bytes) -> bytes:
        """All that is answered to these pieces, each sent once the one before is on its way, until it is hung up."""
        with closing(self.connect()) as line:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for piece in pieces:
                line.sendall(piece)
            return heard(line)

    def answers(self) -> bool:
        with suppress(OSError):
            return answers(self.say(ASK)) == [(200, {"path": "well", "body": "", "expect": None})]
        return False

    def is_well(self) -> bool:
        return until(self.answers, "the server answers")


def told(body: str, expect: str | None = None) -> tuple[int, dict[str, Any]]:
    return 200, {"path": "hello", "body": body, "expect": expect}


def error(status: int, code: str, message: str) -> tuple[int, dict[str, Any]]:
    return status, {"error": {"code": code, "message": message}}


@contextmanager
def serving(
    directory: Path,
    seconds: float,
    threads: int = 2,
    connections: int = 200,
    trusted: str = "127.0.0.1",
    most: int = 100,
) -> Iterator[Server]:
    port = free_port()
    words = ("-m", "kit.echo", *map(str, (port, seconds, threads, connections, trusted, most)))
    environment = {"PYTHONPATH": ":".join(each for each in sys.path if each)}
    process = Process((sys.executable, *words), environment, directory / "log")
    found = Server(port)

    try:
        assert found.is_well()
        yield found
        assert found.is_well()
        assert "Traceback" not in (directory / "log").read_text()
    finally:
        process.end()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("server"), seconds=600) as found:
        yield found


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("hasty"), seconds=1) as found:
        yield found


def posted(body: bytes, *more: bytes) -> bytes:
    return POST + b"".join(more) + b"Content-Length: %d\r\n\r\n" % len(body) + body


def test_a_request_may_come_byte_by_byte(server: Server) -> None:
    said = server.say(*(bytes([each]) for each in posted(b"hello", CLOSE)))

    assert answers(said) == [told("hello")]


def test_chunks_may_come_byte_by_byte(server: Server) -> None:
    said = server.say(*(bytes([each]) for each in CHUNKED + b"5\r\nhello\r\n1;a=b\r\n!\r\n0\r\nX: y\r\n\r\n"))

    assert answers(said) == [told("hello!")]


def test_requests_may_be_sent_without_waiting_for_answers(server: Server) -> None:
    said = server.say(posted(b"1") + posted(b"2") + posted(b"3")[:-20], posted(b"3")[-20:] + posted(b"4", CLOSE))

    assert answers(said) == [told("1"), told("2"), told("3"), told("4")]


def test_a_connection_is_used_again(server: Server) -> None:
    with closing(server.connect()) as line:
        for number in range(3):
            line.sendall(posted(b"%d" % number))
            said = b""
            while not said.endswith(b"}"):
                said += line.recv(65536)
            assert answers(said) == [told(str(number))]


def test_the_largest_body_is_taken(server: Server) -> None:
    body = b"x" * LARGEST_BODY

    assert answers(server.say(posted(body, CLOSE))) == [told(body.decode())]


def test_a_body_that_nobody_reads_is_not_taken_for_the_next_request(server: Server) -> None:
    unread = posted(ASK * 3).replace(b"/hello", b"/unread")

    assert answers(server.say(unread + posted(b"next", CLOSE))) == [(200, "unread"), told("next")]


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (CHUNKED + b"zz\r\nhello\r\n", error(400, *BROKEN)),
        (CHUNKED + b"-1\r\nhello\r\n", error(400, *BROKEN)),
        (CHUNKED + b"1;\x01\r\na\r\n0\r\n\r\n", error(400, *BROKEN)),
        (CHUNKED + b"1\r\nabc\r\n0\r\n\r\n", error(400, *BROKEN)),
        (CHUNKED + b"1\r\na\r\n0\r\nno trailer\r\n\r\n", error(400, *BROKEN)),
        (CHUNKED + b"f" * 5000 + b"\r\na\r\n", error(413, *TOO_LARGE)),
        (CHUNKED + b"%x\r\na" % (LARGEST_BODY + 1), error(413, *TOO_LARGE)),
        (CHUNKED + b"1\r\na\r\n" * 300_000, error(413, *TOO_LARGE)),
    ],
    ids=["words", "below zero", "bad extension", "no end", "bad trailer", "many digits", "too large", "mostly frames"],
)
def test_broken_chunks_are_the_senders_fault(server: Server, request_: bytes, expected: tuple[int, Any]) -> None:
    assert answers(server.say(request_)) == [expected]


@pytest.mark.parametrize("unread", [b"", b"x" * 100_000], ids=["nothing of it", "some of it"])
def test_a_body_that_is_too_large_is_refused_without_being_waited_for(server: Server, unread: bytes) -> None:
    said = server.say(POST + b"Content-Length: 999999999\r\n\r\n" + unread)

    message = f"The body is larger than {LARGEST_BODY} bytes, the limit of this address."
    assert answers(said) == [error(413, "too_large", message)]


def test_a_head_without_end_is_refused(server: Server) -> None:
    said = server.say(POST + b"X: " + b"x" * 300_000)

    assert answers(said) == [error(431, "too_large", "The headers are too large.")]


def test_who_waits_to_go_ahead_is_told_once(server: Server) -> None:
    with closing(server.connect()) as line:
        line.sendall(POST + CLOSE + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        first = line.recv(65536)
        line.sendall(b"hello")
        rest = heard(line)

    assert first == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert answers(rest) == [told("hello", "100-continue")]


def test_who_waits_to_go_ahead_with_too_much_is_refused(server: Server) -> None:
    said = server.say(POST + b"Expect: 100-continue\r\nContent-Length: 999999999\r\n\r\n")

    assert [status for status, _ in answers(said)] == [413]


@pytest.mark.parametrize(
    "start",
    [b"P", POST, POST + b"Content-Length: 500000\r\n\r\n" + b"x" * 9000, CHUNKED + b"5\r\nhel"],
    ids=["a byte", "half a head", "some of a body", "half a chunk"],
)
def test_what_does_not_come_in_time_is_given_up(hasty: Server, start: bytes) -> None:
    message = "The request was not complete within 15 s. Send it again."

    assert answers(hasty.say(start)) == [error(408, "timeout", message)]


def test_a_byte_now_and_then_gains_no_time(hasty: Server) -> None:
    def drip(line: socket.socket) -> bool:
        with suppress(ConnectionError):
            line.sendall(b"x")
            line.setblocking(False)
            with suppress(BlockingIOError):
                return line.recv(100).startswith(b"HTTP/1.1 408")
            return False
        return True

    with closing(hasty.connect()) as line:
        line.sendall(POST)
        until(lambda: drip(line), "it is given up")


def test_who_says_nothing_is_hung_up_on(hasty: Server) -> None:
    assert hasty.say() == b""


def test_slow_senders_hold_nobody_up(server: Server) -> None:
    """Each would have one of the two threads, for as long as it likes."""
    slow = [server.connect() for _ in range(60)]
    for number, line in enumerate(slow):
        line.sendall((b"P", POST + b"Content-Length: 500000\r\n\r\n" + b"x" * 9000)[number % 2])

    assert server.is_well()
    assert answers(server.say(posted(b"hello", CLOSE))) == [told("hello")]

    for line in slow:
        line.close()


def test_who_does_not_hang_up_holds_nobody_up(server: Server) -> None:
    lines = [server.connect() for _ in range(20)]
    for line in lines:
        line.sendall(ASK)  # and never closes

    assert server.is_well()

    for line in lines:
        line.close()


def test_who_takes_no_answer_is_given_up(hasty: Server) -> None:
    lines = [hasty.connect() for _ in range(4)]
    for line in lines:
        line.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")

    assert hasty.is_well()

    for line in lines:
        line.close()


def test_the_one_that_waits_longest_goes_when_there_is_no_room(tmp_path: Path) -> None:
    with serving(tmp_path, seconds=600, connections=20) as server:
        silent = [server.connect() for _ in range(30)]

        assert server.is_well()
        assert heard(silent[0]) == b""

        for line in silent:
            line.close()


def test_a_byte_in_each_of_more_connections_than_threads_holds_nobody_up_and_is_given_up(hasty: Server) -> None:
    """The attack: a thread each, for as long as they are held."""
    lines = [hasty.connect() for _ in range(64)]
    for line in lines:
        line.sendall(b"P")

    assert hasty.is_well()
    assert {heard(line)[:12] for line in lines} == {b"HTTP/1.1 408"}

    for line in lines:
        line.close()


def test_one_address_may_have_so_many_connections_and_another_still_gets_one(tmp_path: Path) -> None:
    with serving(tmp_path, seconds=600, trusted="127.0.0.1", most=5) as server:
        held = [server.connect(from_="127.0.0.2") for _ in range(5)]
        for line in held:
            line.sendall(b"P")
        with closing(server.connect(from_="127.0.0.2")) as sixth:
            refused = answers(heard(sixth))

        assert refused == [
            error(
                429, "too_many_requests", "Your address has too many connections open. Close some, then send it again."
            )
        ]
        with closing(server.connect(from_="127.0.0.3")) as other:
            other.sendall(ASK)
            assert answers(heard(other))[0][0] == 200

        held.pop().close()
        until(lambda: _is_answered(server, "127.0.0.2"), "one that was closed has made room")
        for line in held:
            line.close()


def test_a_trusted_proxy_may_have_any_number(tmp_path: Path) -> None:
    with serving(tmp_path, seconds=600, trusted="127.0.0.1", most=5) as server:
        held = [server.connect() for _ in range(20)]
        for line in held:
            line.sendall(b"P")

        assert server.is_well()

        for line in held:
            line.close()


def _is_answered(server: Server, from_: str) -> bool:
    with closing(server.connect(from_=from_)) as line:
        line.sendall(ASK)
        return answers(heard(line))[0][0] == 200


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        (b"nonsense\r\n\r\n", 400, "bad_request"),
        (b"GET / HTTP/9.9\r\n\r\n", 400, "bad_request"),
        (POST + b"No colon\r\n\r\n", 400, "bad_request"),
        (b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\n\r\n", 414, "too_large"),
        (POST + b"X: y\r\n" * 200 + b"\r\n", 431, "too_large"),
        (POST + b"X: " + b"y" * 140_000, 431, "too_large"),
    ],
)
def test_what_is_no_http_is_answered_in_our_form_and_no_browser_makes_a_page_of_it(
    server: Server, said: bytes, status: int, code: str
) -> None:
    answer = server.say(said)

    [(found, content)] = answers(answer)
    assert (found, content["error"]["code"]) == (status, code)
    head = answer.partition(b"\r\n\r\n")[0].decode().lower().split("\r\n")
    assert {f"{name}: {value}".lower() for name, value in HEADERS.items()} <= set(head)
