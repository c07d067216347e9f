"""How much of a request is there, however it is cut."""

import pytest

from kit.cases import cases
from relay.web.framework.incoming import LARGEST_BODY, LARGEST_HEAD, Incoming

HEAD = b"POST /in/src_1 HTTP/1.1\r\nHost: relay.example.com\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"

WHOLE = {
    "no body": b"GET /healthz HTTP/1.1\r\nHost: relay.example.com\r\n\r\n",
    "an empty body": HEAD + b"Content-Length: 0\r\n\r\n",
    "a body": HEAD + b"CONTENT-LENGTH:  5 \r\n\r\nhello",
    "chunks": CHUNKED + b"5\r\nhello\r\n1;name=value\r\n!\r\n0\r\n\r\n",
    "chunks with blank lines": CHUNKED + b"4\r\n\r\n\r\n\r\n0\r\n\r\n",
    "trailers": CHUNKED + b"A\r\n0123456789\r\n0\r\nX: y\r\nZ: 0\r\n\r\n",
}
ODD = {
    "two lengths": HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
    "a length in words": HEAD + b"Content-Length: five\r\n\r\n",
    "a length with a sign": HEAD + b"Content-Length: +5\r\n\r\n",
    "two lengths in one": HEAD + b"Content-Length: 5, 5\r\n\r\n",
    "a length of five thousand digits": HEAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n",
    "chunks and a length": HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    "another expectation": HEAD + b"Expect: a pony\r\nContent-Length: 5\r\n\r\n",
    "a chunk of no size": CHUNKED + b"\r\n",
    "a chunk below zero": CHUNKED + b"-1\r\n",
    "a chunk in words": CHUNKED + b"five\r\n",
    "a chunk of too many digits": CHUNKED + b"f" * 5000 + b"\r\n",
    "a chunk size without end": CHUNKED + b"0" * 9000,
    "a body larger than is taken": HEAD + b"Content-Length: %d\r\n\r\n" % (LARGEST_BODY + 1),
    "a chunk larger than is taken": CHUNKED + b"%x\r\n" % (LARGEST_BODY + 1),
    "more chunks than are taken": CHUNKED + b"10000\r\n" + b"x" * 65536 + (b"\r\n10000\r\n" + b"x" * 65536) * 18,
    "more frames than bodies have": CHUNKED + b"1\r\nx\r\n" * 20_001,
    "trailers without end": CHUNKED + b"0\r\nX: " + b"x" * LARGEST_HEAD,
    "a head without end": HEAD + b"X: " + b"x" * LARGEST_HEAD,
}


def fed(*pieces: bytes) -> Incoming:
    incoming = Incoming()
    for piece in pieces:
        incoming.add(piece)
    return incoming


def state(incoming: Incoming) -> tuple[bool, bool]:
    return incoming.whole, incoming.ripe


@pytest.mark.parametrize("request_", WHOLE.values(), ids=WHOLE)
def test_a_request_is_whole_with_its_last_byte_and_not_before(request_: bytes) -> None:
    for cut in range(1, len(request_)):
        assert state(fed(request_[:cut])) == (False, False)
        assert state(fed(request_[:cut], request_[cut:])) == (True, True)
    assert state(fed(*(bytes([each]) for each in request_))) == (True, True)
    assert bytes(fed(request_).data) == request_


@pytest.mark.parametrize("request_", WHOLE.values(), ids=WHOLE)
def test_what_comes_behind_a_request_is_kept_with_it(request_: bytes) -> None:
    both = fed(request_ + WHOLE["a body"])

    assert state(both) == (True, True)
    assert bytes(both.data) == request_ + WHOLE["a body"]


@cases("request_", ODD.values(), ids=ODD)
def test_what_is_odd_or_too_large_is_judged_at_once(request_: bytes) -> None:
    incoming = fed(request_)

    assert state(incoming) == (False, True)
    assert not incoming.awaits_go_ahead


def test_a_head_without_end_is_told_from_a_body_that_is_too_large() -> None:
    assert {name: fed(given).has_head for name, given in ODD.items() if not fed(given).has_head} == {
        "a head without end": False
    }


def test_empty_lines_before_a_request_are_left_out() -> None:
    assert bytes(fed(b"\r\n", b"\r\n" + WHOLE["a body"]).data) == WHOLE["a body"]


@pytest.mark.parametrize(
    ("version", "expects", "awaits"),
    [(b"1.1", b"100-continue", True), (b"1.1", b"100-Continue ", True), (b"1.0", b"100-continue", False)],
)
def test_a_sender_that_waits_to_go_ahead_is_known(version: bytes, expects: bytes, awaits: bool) -> None:
    head = b"POST / HTTP/%s\r\nExpect: %s\r\nContent-Length: 5\r\n\r\n" % (version, expects)

    assert (fed(head).awaits_go_ahead, fed(head, b"hello").awaits_go_ahead) == (awaits, False)
    assert state(fed(head, b"hello")) == (True, True)
