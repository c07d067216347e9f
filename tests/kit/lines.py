"""What a web server says on a connection, byte by byte."""

import socket
from contextlib import suppress
from typing import Any

from relay.formats import jsontext


def heard(line: socket.socket) -> bytes:
    """All that is said until it is hung up."""
    answer = b""
    with suppress(ConnectionResetError):
        while some := line.recv(65536):
            answer += some
    return answer


def answers(said: bytes) -> list[tuple[int, Any]]:
    """Every answer's status and content: JSON, or else text."""
    return [(status, content) for status, _, content in whole_answers(said)]


def whole_answers(said: bytes) -> list[tuple[int, dict[str, str], Any]]:
    """Every answer's status, headers by lower-case name, and content."""
    found = []
    while said:
        head, _, said = said.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        length = int(fields.get("content-length", "0"))
        body, said = said[:length], said[length:]
        is_json = fields.get("content-type") == "application/json"
        found.append((int(lines[0].split()[1]), fields, jsontext.loads(body) if is_json else body.decode()))
    return found


def one_answer(line: socket.socket) -> tuple[int, dict[str, str], Any]:
    """The next answer, on a connection that stays open."""
    said = b""
    while b"\r\n\r\n" not in said:
        said += _more(line)
    fields = said.partition(b"\r\n\r\n")[0].lower()
    length = int(fields.partition(b"content-length:")[2].partition(b"\r\n")[0])
    while len(said.partition(b"\r\n\r\n")[2]) < length:
        said += _more(line)
    (found,) = whole_answers(said)
    return found


def _more(line: socket.socket) -> bytes:
    some = line.recv(65536)
    assert some, "it was hung up"
    return some
