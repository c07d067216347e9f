"""Deliveries by way of a proxy: what it says is never taken for the target's answer."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kit.cases import cases
from kit.processes import free_port
from relay.config import Config
from relay.errors import AddressRefused, ConfigError, Unreachable
from relay.http import Answer, GuardedClient
from test_http import certificate, server_tls, serving, trusting

__all__ = ["certificate", "server_tls", "trusting"]
URL = "https://hooks.example.com/in"


@contextmanager
def proxy(said: bytes, to: int | None = None) -> Iterator[tuple[str, list[bytes]]]:
    """A proxy that says this to every CONNECT, and then, with a port, lets through to it; else it hangs up."""
    asked: list[bytes] = []
    listening = socket.create_server(("127.0.0.1", 0))

    def pump(source: socket.socket, target: socket.socket) -> None:
        try:
            while some := source.recv(65536):
                target.sendall(some)
        except OSError:
            pass
        finally:
            target.close()

    def serve() -> None:
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            head = b""
            while b"\r\n\r\n" not in head and (some := client.recv(65536)):
                head += some
            asked.append(head.split(b"\r\n")[0])
            client.sendall(said)
            if to is None:
                client.close()
                continue
            target = socket.create_connection(("127.0.0.1", to))
            threading.Thread(target=pump, args=(client, target), daemon=True).start()
            threading.Thread(target=pump, args=(target, client), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", asked
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()


def ask(url: str, by: str, tls: ssl.SSLContext | None = None) -> Answer:
    async def once() -> Answer:
        async with GuardedClient(proxy=by, tls=tls) as door:
            return await door.request("POST", url, body=b"{}", timeout=5, body_timeout=1.0)

    return asyncio.run(once())


def test_a_delivery_goes_through_the_proxy_to_the_name(server_tls: ssl.SSLContext, trusting: ssl.SSLContext) -> None:
    with serving(tls=server_tls) as server, proxy(b"HTTP/1.1 200 OK\r\n\r\n", server.port) as (address, asked):
        answer = ask(URL, address, trusting)

    assert answer.status == 200
    assert asked == [b"CONNECT hooks.example.com:443 HTTP/1.1"]


@cases(
    ("said", "words"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", "closed the connection"),
        (b"HTTP/1.1 200 OK\r\nBroken\r\n\r\n", ""),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", ""),
        (b"HTTP/1.1 200", ""),
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "the egress proxy answered 403"),
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", "the egress proxy answered 502"),
        (b"HTTP/1.1 410 Gone\r\nX: " + b"x" * 300_000 + b"\r\n\r\n", ""),
        (b"", ""),
        (b"SSH-2.0-x\r\n", ""),
    ],
)
def test_what_a_proxy_says_is_no_answer_of_the_target(said: bytes, words: str) -> None:
    with proxy(said) as (address, _), pytest.raises(Unreachable) as refused:
        ask(URL, address)

    assert refused.value.code in ("connection_failed", "tls_failed")
    assert words in refused.value.message
    assert not refused.value.sent


def test_a_proxy_that_is_away_is_named_and_nothing_goes_round_it() -> None:
    with pytest.raises(Unreachable) as refused:
        ask(URL, f"http://127.0.0.1:{free_port()}")

    assert refused.value.message == ("https://hooks.example.com:443 was not asked: the egress proxy cannot be reached.")


@pytest.mark.parametrize("url", ["https://10.0.0.1/", "https://[::1]/", "https://localhost/", "http://example.com/"])
def test_what_can_be_seen_in_an_address_is_refused_before_the_proxy_is_asked(url: str) -> None:
    with proxy(b"") as (address, asked), pytest.raises(AddressRefused):
        ask(url, address)

    assert asked == []


@pytest.mark.parametrize(
    "text", ["egress:3128", "https://egress:3128", "http://egress", "http://u:p@egress:1", "http://e:0"]
)
def test_an_address_that_is_none_of_a_proxy_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="RELAY_EGRESS_PROXY must be"):
        Config.load({"RELAY_DATA_DIR": str(tmp_path), "RELAY_EGRESS_PROXY": text})


@pytest.mark.parametrize(("text", "kept"), [("", None), ("http://egress:3128/", "http://egress:3128")])
def test_an_address_of_a_proxy_is_kept(text: str, kept: str | None, tmp_path: Path) -> None:
    assert Config.load({"RELAY_DATA_DIR": str(tmp_path), "RELAY_EGRESS_PROXY": text}).egress_proxy == kept
