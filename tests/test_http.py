"""The one door: what it refuses, where it connects, and how much time and size it gives.

Every server here is on loopback, and a connection to anywhere else fails the test.
"""

import asyncio
import gzip
import socket
import socketserver
import ssl
import threading
import traceback
from asyncio.selector_events import BaseSelectorEventLoop
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kit.cases import cases
from kit.waiting import PATIENCE_SECONDS
from relay import http
from relay.errors import AddressRefused, Unreachable
from relay.http import LARGEST_HEAD, Answer, GuardedClient, fetch
from relay.security.addresses import check_url, is_public

LOOPBACK = frozenset({"127.0.0.1"})
NAME = "hooks.example.com"
SECRET_PATH = "/hook?token=" + "0123456789"[::-1]  # spelled so that no line of source shows it
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
ANSWERED = Answer(200, {"content-length": "2"}, b"ok")

BEGINNING = "The address has to begin with https:// and a host."
USER = "The address has a user name or password before its host: leave it out."
FRAGMENT = "The address has a fragment (#), which is never sent: leave it out."
UNSAFE = "The address has a space, control character or backslash: percent-encode it."
HOST_OR_PORT = "The address needs a valid host and, if any, a port from 1 to 65535."


def malformed(host: str) -> str:
    return f"{host!r} is neither a host name nor an IP address in its usual form."


def private(host: str) -> str:
    return (
        f"{host} is not on the public internet: name a host that is, "
        "or have the operator list it in RELAY_ALLOW_PRIVATE_TARGETS, "
        "or for a source, watch or channel alone in RELAY_ALLOW_PRIVATE_SOURCES."
    )


REFUSED_ADDRESSES = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "100.127.255.254",
    "127.0.0.1",
    "127.255.255.254",
    "161.26.0.10",
    "166.9.0.1",
    "168.63.129.16",
    "169.254.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.254",
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::808:808",
    "::ffff:7f00:1",
    "::ffff:a00:1",
    "::ffff:a83f:8110",
    "::ffff:a9fe:a9fe",
    "64:ff9b::7f00:1",
    "64:ff9b::a83f:8110",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::808:808",
    "100::1",
    "2001:4860::5efe:a00:1",
    "2001:4860::200:5efe:a83f:8110",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:80ff:fffe",
    "2001:10::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:808:808::1",
    "2002:a83f:8110::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]

PUBLIC_ADDRESSES = [
    "1.1.1.1",
    "8.8.8.8",
    "100.63.255.255",
    "100.128.0.1",
    "161.27.0.1",
    "166.12.0.1",
    "168.63.129.15",
    "168.63.129.17",
    "172.15.255.255",
    "172.32.0.1",
    "192.0.1.1",
    "223.255.255.255",
    "2001:4860:4860::8888",
    "2606:4700::1111",
    "2a00:1450:4001::1",
    "::ffff:808:808",
    "64:ff9b::808:808",
]


def bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


REFUSED = [
    ("", BEGINNING),
    ("example.com", BEGINNING),
    ("//example.com/", BEGINNING),
    ("https:", BEGINNING),
    ("https:example.com", BEGINNING),
    ("https:/example.com", BEGINNING),
    ("https:///example.com", BEGINNING),
    ("https://?example.com", BEGINNING),
    ("ftp://example.com/", BEGINNING),
    ("file:///etc/passwd", BEGINNING),
    ("gopher://127.0.0.1:6379/_FLUSHALL", BEGINNING),
    ("unix:///run/redis.sock", BEGINNING),
    ("wss://example.com/", BEGINNING),
    ("javascript:alert(1)", BEGINNING),
    ("https://user@example.com/", USER),
    ("https://user:password@example.com/", USER),
    ("https://@example.com/", USER),
    ("https://:@example.com/", USER),
    ("https://example.com:443@127.0.0.1/", USER),
    ("https://example.com/#", FRAGMENT),
    ("https://example.com/path#fragment", FRAGMENT),
    ("https://example.com?#@127.0.0.1/", FRAGMENT),
    (" https://example.com/", UNSAFE),
    ("https://example.com/ ", UNSAFE),
    ("https://example.com/a b", UNSAFE),
    ("https://exam\tple.com/", UNSAFE),
    ("https://exam\nple.com/", UNSAFE),
    ("https://example.com/\r\nHost: internal", UNSAFE),
    ("https://example.com/\x00", UNSAFE),
    ("https://example.com/\x7f", UNSAFE),
    ("https://example.com\\@127.0.0.1/", UNSAFE),
    ("https:\\\\example.com\\", UNSAFE),
    ("https://:443/", HOST_OR_PORT),
    ("https://example.com:0/", HOST_OR_PORT),
    ("https://example.com:-1/", HOST_OR_PORT),
    ("https://example.com:65536/", HOST_OR_PORT),
    ("https://example.com:https/", HOST_OR_PORT),
    ("https://127.0.0.1:80:443/", HOST_OR_PORT),
    ("https://[::1/", HOST_OR_PORT),
    ("https://[127.0.0.1]/", HOST_OR_PORT),
    ("https://[::1].example.com/", HOST_OR_PORT),
    ("https://example.com\uff1a443/", HOST_OR_PORT),
    ("https://loc\u00adalhost/", HOST_OR_PORT),
    ("https://0/", malformed("0")),
    ("https://1/", malformed("1")),
    ("https://2130706433/", malformed("2130706433")),
    ("https://017700000001/", malformed("017700000001")),
    ("https://0x7f000001/", malformed("0x7f000001")),
    ("https://0X7F000001/", malformed("0x7f000001")),
    ("https://0x/", malformed("0x")),
    ("https://127.1/", malformed("127.1")),
    ("https://127.0.1/", malformed("127.0.1")),
    ("https://0177.0.0.1/", malformed("0177.0.0.1")),
    ("https://127.0.0.01/", malformed("127.0.0.01")),
    ("https://0x7f.1/", malformed("0x7f.1")),
    ("https://0x7f.0.0.0x1/", malformed("0x7f.0.0.0x1")),
    ("https://127.0.0.0x1/", malformed("127.0.0.0x1")),
    ("https://127.0.0.256/", malformed("127.0.0.256")),
    ("https://127.0.0.1.1/", malformed("127.0.0.1.1")),
    ("https://8.8.8/", malformed("8.8.8")),
    ("https://134744072/", malformed("134744072")),
    ("https://example.0x7f/", malformed("example.0x7f")),
    ("https://example.1/", malformed("example.1")),
    ("https://%31%32%37.0.0.1/", malformed("%31%32%37.0.0.1")),
    ("https://127.0.0.1%2f.example.com/", malformed("127.0.0.1%2f.example.com")),
    ("https://[fe80::1%25eth0]/", malformed("fe80::1%25eth0")),
    ("https://./", malformed("")),
    ("https://.example.com/", malformed(".example.com")),
    ("https://example..com/", malformed("example..com")),
    ("https://example.com../", malformed("example.com.")),
    ("https://-example.com/", malformed("-example.com")),
    ("https://example-.com/", malformed("example-.com")),
    ("https://exam*ple.com/", malformed("exam*ple.com")),
    (f"https://{'a' * 64}.com/", malformed(f"{'a' * 64}.com")),
    (f"https://{'a.' * 126}com/", malformed(f"{'a.' * 126}com")),
    ("http://example.com/", "http can be read on its way: use https://example.com instead."),
    ("http://[2606:4700::1111]:80/", "http can be read on its way: use https://[2606:4700::1111] instead."),
    ("https://localhost/", private("localhost")),
    ("https://LOCALHOST/", private("localhost")),
    ("https://localhost./", private("localhost")),
    ("https://ⓛocalhost/", private("localhost")),
    ("https://app.localhost/", private("app.localhost")),
    ("https://printer.local/", private("printer.local")),
    ("https://metadata.google.internal/", private("metadata.google.internal")),
    ("https://router.home.arpa/", private("router.home.arpa")),
    ("https://redis:6379/", private("redis")),
    ("https://127.0.0.1./", private("127.0.0.1")),
    ("https://127。0。0。1/", private("127.0.0.1")),
    ("https://①②⑦.0.0.1/", private("127.0.0.1")),
    ("https://[0:0:0:0:0:0:0:1]/", private("[::1]")),
    ("https://[::ffff:127.0.0.1]/", private("[::ffff:7f00:1]")),
    ("https://[::FFFF:169.254.169.254]:8080/", private("[::ffff:a9fe:a9fe]")),
    ("https://[fd00:ec2::254]/latest/meta-data/", private("[fd00:ec2::254]")),
    *((f"https://{bracketed(address)}/", private(bracketed(address))) for address in REFUSED_ADDRESSES),
]

ACCEPTED = [
    "https://example.com",
    "https://example.com/",
    "https://example.com?key=value",
    "https://EXAMPLE.com./Path",
    "HTTPS://example.com:8443/a/b?c=d%20e&f=g@h:i",
    "https://bücher.example.com/ä?ö=ü",
    "https://xn--bcher-kva.example.com/",
    "https://my_shop.example.com/",
    "https://localhost.example.com/",
    "https://notlocal.example/",
    "https://1.example.com/",
    "https://0x7f.example.com/",
    *(f"https://{bracketed(address)}:8443/" for address in PUBLIC_ADDRESSES),
]

LISTED = [
    ("http://127.0.0.1/", "127.0.0.1"),
    ("http://127.0.0.1:9000/", "127.0.0.1"),
    ("http://127.0.0.1:9000/", "127.0.0.1:9000"),
    ("https://127.0.0.1/", "127.0.0.1:443"),
    ("http://LOCALHOST.:8080/", "localhost"),
    ("http://localhost:8080/", "LocalHost:8080"),
    ("http://redis:6379/", "redis"),
    ("http://[::1]:9000/", "::1"),
    ("http://[::1]:9000/", "[::1]"),
    ("http://[0::1]:9000/", "[::1]:9000"),
    ("http://panel.example.com/", "panel.example.com"),
]

NOT_LISTED = [
    ("https://127.0.0.1:9001/", "127.0.0.1:9000", private("127.0.0.1")),
    ("https://127.0.0.2/", "127.0.0.1", private("127.0.0.2")),
    ("https://app.localhost/", "localhost", private("app.localhost")),
    ("https://[::1]:9001/", "[::1]:9000", private("[::1]")),
    ("https://127.1/", "127.1", malformed("127.1")),
    ("https://2130706433/", "127.0.0.1", malformed("2130706433")),
    ("https://user@localhost/", "localhost", USER),
    ("http://example.com/", "example.org", "http can be read on its way: use https://example.com instead."),
]


class Names:
    """A resolver that gives each question the next answer, the last one from then on, and remembers them."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, int]] = []

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append((host, port))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class Server(socketserver.ThreadingTCPServer):
    """Answers every request with the same bytes, nothing or, for None, the end of the connection.

    With `hangs_up` an answer is the end of the connection too; `later` is what follows once it is let go on.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, answer: bytes | None, greeting: bytes, host: str) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, 0), Conversation)
        self.answer = answer
        self.greeting = greeting
        self.port = int(self.server_address[1])
        self.connections = 0
        self.requests: list[bytes] = []
        self.hung_up = threading.Event()
        self.hangs_up = False
        self.later = b""
        self.go_on = threading.Event()

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"


class Conversation(socketserver.StreamRequestHandler):
    server: Server

    def handle(self) -> None:
        self.server.connections += 1
        try:
            self.wfile.write(self.server.greeting)
            while request := self.read():
                self.server.requests.append(request)
                if self.server.answer is None:
                    return
                self.wfile.write(self.server.answer)
                if self.server.later:
                    self.server.go_on.wait(PATIENCE_SECONDS)
                    self.wfile.write(self.server.later)
                if self.server.hangs_up:
                    return
        except OSError:
            pass
        self.server.hung_up.set()

    def read(self) -> bytes:
        request, length = b"", 0
        while line := self.rfile.readline():
            request += line
            if line.lower().startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
            if line == b"\r\n":
                return request + self.rfile.read(length)
        return b""


@contextmanager
def serving(
    answer: bytes | None = OK,
    *,
    greeting: bytes = b"",
    host: str = "127.0.0.1",
    tls: ssl.SSLContext | None = None,
) -> Iterator[Server]:
    with Server(answer, greeting, host) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(autouse=True)
def connected(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses connected to, all on loopback."""
    addresses: list[str] = []
    connect = BaseSelectorEventLoop.sock_connect

    async def sock_connect(loop: Any, sock: socket.socket, address: Any) -> None:
        assert address[0] in {"127.0.0.1", "::1"}, "a test must not leave this machine"
        addresses.append(address[0])
        await connect(loop, sock, address)

    monkeypatch.setattr(BaseSelectorEventLoop, "sock_connect", sock_connect)
    return addresses


@pytest.fixture
def public_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets 127.0.0.1 stand for the public internet."""
    monkeypatch.setattr(http, "is_public", lambda address: address == "127.0.0.1")


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for hooks.example.com, signed by itself, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def trusting(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificate)


def ask(*urls: str, max_bytes: int = 65536, **options: Any) -> list[Answer]:
    """Get these addresses one after the other through one door."""

    async def get_all() -> list[Answer]:
        async with GuardedClient(**options) as door:
            return [await door.request("GET", url, timeout=5, max_bytes=max_bytes) for url in urls]

    return asyncio.run(get_all())


def said(error: pytest.ExceptionInfo[Unreachable]) -> tuple[str, str]:
    return error.value.code, error.value.message


@cases(("url", "message"), REFUSED)
def test_an_unfit_address_is_refused_by_looking_at_it(url: str, message: str) -> None:
    with pytest.raises(AddressRefused) as refused:
        check_url(url)

    assert said(refused) == ("address_refused", message)


@pytest.mark.parametrize(("url", "message"), REFUSED)
def test_an_unfit_address_is_never_asked_for(url: str, message: str, connected: list[str]) -> None:
    names = Names(["127.0.0.1"])

    with pytest.raises(AddressRefused) as refused:
        fetch("POST", url, resolve=names)

    assert said(refused) == ("address_refused", message)
    assert (names.asked, connected) == ([], [])


@cases("url", ACCEPTED)
def test_a_public_address_is_accepted(url: str) -> None:
    check_url(url)


@cases(("url", "entry"), LISTED)
def test_a_listed_host_may_be_private_and_use_plain_http(url: str, entry: str) -> None:
    check_url(url, frozenset({entry}))


@cases(("url", "entry", "message"), NOT_LISTED)
def test_the_list_opens_nothing_else(url: str, entry: str, message: str) -> None:
    with pytest.raises(AddressRefused) as refused:
        check_url(url, frozenset({entry}))

    assert said(refused) == ("address_refused", message)


@pytest.mark.parametrize("address", [*REFUSED_ADDRESSES, "fe80::1%eth0", "2606:4700::1%1", "nonsense"])
def test_a_name_that_leads_to_a_private_address_is_refused(address: str, connected: list[str]) -> None:
    with pytest.raises(AddressRefused) as refused:
        fetch("POST", f"https://{NAME}/secret", resolve=Names([address]))

    assert said(refused) == ("address_refused", private(NAME))
    assert connected == []


@pytest.mark.parametrize("answers", [["8.8.8.8", "10.0.0.1"], ["::1", "8.8.8.8"], ["2606:4700::1111", "127.0.0.1"]])
def test_a_name_that_mixes_public_and_private_addresses_is_refused(answers: list[str], connected: list[str]) -> None:
    with pytest.raises(AddressRefused) as refused:
        fetch("POST", f"https://{NAME}/", resolve=Names(answers))

    assert said(refused) == ("address_refused", private(NAME))
    assert connected == []


@cases("address", PUBLIC_ADDRESSES)
def test_a_public_address_passes_the_check_of_what_a_name_leads_to(address: str) -> None:
    assert is_public(address)


@pytest.mark.usefixtures("public_loopback")
def test_a_name_that_changes_its_answer_is_asked_once_and_stays_where_it_was_checked(
    server_tls: ssl.SSLContext, trusting: ssl.SSLContext, connected: list[str]
) -> None:
    closing = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    names = Names(["127.0.0.1"], ["10.0.0.1"])

    with serving(closing, tls=server_tls) as server:
        url = f"https://{NAME}:{server.port}/"
        answers = ask(url, url, url, resolve=names, tls=trusting)

    assert answers == [Answer(200, {"content-length": "2", "connection": "close"}, b"ok")] * 3
    assert names.asked == [(NAME, server.port)]
    assert connected == ["127.0.0.1"] * 3


@pytest.mark.usefixtures("public_loopback")
def test_a_name_that_turned_private_is_refused_once_it_is_asked_again(
    server_tls: ssl.SSLContext, trusting: ssl.SSLContext, connected: list[str]
) -> None:
    names = Names(["127.0.0.1"], ["10.0.0.1"])

    with serving(tls=server_tls) as server:
        url = f"https://{NAME}:{server.port}/"
        first = ask(url, resolve=names, tls=trusting)
        with pytest.raises(AddressRefused) as refused:
            ask(url, resolve=names, tls=trusting)

    assert first == [ANSWERED]
    assert said(refused) == ("address_refused", private(NAME))
    assert connected == ["127.0.0.1"]


@pytest.mark.usefixtures("public_loopback")
def test_tls_names_and_proves_the_name_rather_than_the_address(
    server_tls: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    greeted: list[str | None] = []
    server_tls.sni_callback = lambda _socket, name, _context: greeted.append(name)

    with serving(tls=server_tls) as server:
        url = f"https://{NAME.upper()}.:{server.port}/"
        answers = ask(url, resolve=Names(["127.0.0.1"]), tls=trusting)
        host = [line for line in server.requests[0].split(b"\r\n") if line.startswith(b"Host:")]

    assert answers == [ANSWERED]
    assert greeted == [NAME]
    assert host == [f"Host: {NAME}:{server.port}".encode()]


@pytest.mark.usefixtures("public_loopback")
def test_a_certificate_for_another_name_is_refused(server_tls: ssl.SSLContext, trusting: ssl.SSLContext) -> None:
    with serving(tls=server_tls) as server, pytest.raises(Unreachable) as failed:
        ask(f"https://other.example.com:{server.port}/secret", resolve=Names(["127.0.0.1"]), tls=trusting)

    assert said(failed) == (
        "tls_failed",
        f"https://other.example.com:{server.port} has no valid certificate: "
        "Hostname mismatch, certificate is not valid for 'other.example.com'.",
    )
    assert server.requests == []


@pytest.mark.usefixtures("public_loopback")
def test_a_certificate_that_nobody_vouches_for_is_refused(server_tls: ssl.SSLContext) -> None:
    with serving(tls=server_tls) as server, pytest.raises(Unreachable) as failed:
        fetch("POST", f"https://{NAME}:{server.port}/secret", resolve=Names(["127.0.0.1"]))

    assert said(failed) == (
        "tls_failed",
        f"https://{NAME}:{server.port} has no valid certificate: self-signed certificate.",
    )
    assert server.requests == []


def test_https_to_a_port_that_speaks_something_else_fails_as_tls() -> None:
    with serving(greeting=b"220 mail.example.com ESMTP\r\n") as server, pytest.raises(Unreachable) as failed:
        fetch("GET", f"https://127.0.0.1:{server.port}/secret", allow_private=LOOPBACK)

    assert said(failed) == (
        "tls_failed",
        f"https://127.0.0.1:{server.port} agrees on no secure connection: its port may not be one for https.",
    )


def test_a_request_says_what_it_was_told_to_and_little_else() -> None:
    with serving() as server:
        answer = fetch(
            "POST",
            server.url("/a/../b/%7E%2f?next=https%3A%2F%2Fx.y&q='\"+ä"),
            body=b"{}",
            headers={"Content-Type": "application/json", "webhook-id": "evt_1"},
            allow_private=LOOPBACK,
        )

    assert answer == ANSWERED
    assert server.requests == [
        b"POST /a/../b/%7E%2f?next=https%3A%2F%2Fx.y&q='\"+%C3%A4 HTTP/1.1\r\n"
        b"Host: 127.0.0.1:" + str(server.port).encode() + b"\r\n"
        b"user-agent: relay\r\n"
        b"accept: */*\r\n"
        b"accept-encoding: identity\r\n"
        b"Content-Type: application/json\r\n"
        b"webhook-id: evt_1\r\n"
        b"Content-Length: 2\r\n\r\n"
        b"{}"
    ]


@cases("status", [200, 204, 301, 302, 303, 307, 308, 400, 401, 410, 429, 500, 503])
def test_any_status_is_an_answer_and_no_redirect_is_followed(status: int) -> None:
    with serving() as other, serving() as server:
        head = f"HTTP/1.1 {status} Whatever\r\nLocation: {other.url()}\r\nContent-Length: 0\r\n\r\n"
        server.answer = head.encode()
        answer = fetch("POST", server.url(), body=b"x", allow_private=LOOPBACK)

    assert answer == Answer(status, {"location": other.url(), "content-length": "0"}, b"")
    assert (server.connections, other.connections) == (1, 0)


def test_headers_are_lower_case_and_any_byte_in_them_is_text() -> None:
    with serving(b"HTTP/1.1 200 OK\r\nX-Odd: caf\xe9\r\nRETRY-AFTER: 7\r\nContent-Length: 0\r\n\r\n") as server:
        answer = fetch("GET", server.url(), allow_private=LOOPBACK)

    assert answer == Answer(200, {"x-odd": "café", "retry-after": "7", "content-length": "0"}, b"")


def test_connections_are_kept_alive_and_used_again() -> None:
    with serving() as server:
        answers = ask(server.url("/1"), server.url("/2"), server.url("/3"), allow_private=LOOPBACK)

    assert answers == [ANSWERED] * 3
    assert (server.connections, len(server.requests)) == (1, 3)


def test_cookies_are_not_kept() -> None:
    with serving(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 0\r\n\r\n") as server:
        ask(server.url(), server.url(), allow_private=LOOPBACK)

    assert server.requests == [server.requests[0]] * 2


def test_a_body_longer_than_the_limit_is_cut_and_its_connection_closed() -> None:
    with serving(b"HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n" + b"x" * 5_000_000) as server:
        answers = ask(server.url(), server.url(), max_bytes=1000, allow_private=LOOPBACK)

    assert answers == [Answer(200, {"content-length": "5000000"}, b"x" * 1000, whole=False)] * 2
    assert server.connections == 2


def test_a_body_that_came_all_at_once_is_cut_too() -> None:
    with serving() as server:
        answers = ask(server.url(), max_bytes=1, allow_private=LOOPBACK)

    assert answers == [Answer(200, {"content-length": "2"}, b"o", whole=False)]


def test_a_body_without_end_is_cut_and_its_connection_closed_at_once() -> None:
    chunk = b"3e8\r\n" + b"x" * 1000 + b"\r\n"

    async def get(server: Server) -> tuple[Answer, bool]:
        async with GuardedClient(allow_private=LOOPBACK) as door:
            answer = await door.request("GET", server.url(), max_bytes=2500)
            return answer, await asyncio.to_thread(server.hung_up.wait, 5)

    with serving(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 3) as server:
        answer, hung_up = asyncio.run(get(server))

    assert answer == Answer(200, {"transfer-encoding": "chunked"}, b"x" * 2500, whole=False)
    assert hung_up


def test_a_body_as_long_as_the_limit_is_whole_and_its_connection_used_again() -> None:
    with serving(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 1000) as server:
        answers = ask(server.url(), server.url(), max_bytes=1000, allow_private=LOOPBACK)

    assert answers == [Answer(200, {"content-length": "1000"}, b"x" * 1000)] * 2
    assert server.connections == 1


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_nothing_is_decompressed(encoding: str) -> None:
    bomb = gzip.compress(b"\0" * 10_000_000, mtime=0)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {len(bomb)}\r\n\r\n"

    with serving(head.encode() + bomb) as server:
        answer = fetch("GET", server.url(), allow_private=LOOPBACK)

    assert answer == Answer(200, {"content-encoding": encoding, "content-length": str(len(bomb))}, bomb)


def test_a_proxy_in_the_environment_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as proxy, serving() as server:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url())
            monkeypatch.setenv(name.lower(), proxy.url())
        answer = fetch("GET", server.url(), allow_private=LOOPBACK)

    assert answer == ANSWERED
    assert (server.connections, proxy.connections) == (1, 0)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
        b"HTTP/1.1 100 Continue\r\n\r\n",
    ],
    ids=["nothing", "half a head", "half a body", "an empty promise"],
)
def test_an_answer_that_takes_too_long_is_given_up(answer: bytes) -> None:
    with serving(answer) as server, pytest.raises(Unreachable) as failed:
        fetch("POST", server.url("/secret?token=secret"), allow_private=LOOPBACK, timeout=0.1)

    assert said(failed) == (
        "timeout",
        f"http://127.0.0.1:{server.port} gave no complete answer within 0.1 s.",
    )


def test_the_time_counts_while_waiting_for_a_free_connection() -> None:
    async def both(url: str) -> tuple[Answer | BaseException, ...]:
        async with GuardedClient(allow_private=LOOPBACK, max_connections=1) as door:
            return await asyncio.gather(
                door.request("GET", url, timeout=0.2),
                door.request("GET", url, timeout=0.1),
                return_exceptions=True,
            )

    with serving(b"") as server:
        failures = asyncio.run(both(server.url()))
        server.hung_up.wait(PATIENCE_SECONDS)

    assert [str(failure) for failure in failures] == [
        f"http://127.0.0.1:{server.port} gave no complete answer within 0.2 s.",
        f"http://127.0.0.1:{server.port} gave no complete answer within 0.1 s.",
    ]
    assert server.connections == 1


def test_a_name_server_that_hangs_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()
    looked_up = threading.Event()

    def getaddrinfo(*_question: object, **_options: object) -> list[object]:
        answered.wait(PATIENCE_SECONDS)
        looked_up.set()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    with pytest.raises(Unreachable) as failed:
        fetch("GET", f"https://{NAME}/secret", timeout=0.1)
    held_up = looked_up.is_set()
    answered.set()

    assert said(failed) == ("timeout", f"https://{NAME}:443 gave no complete answer within 0.1 s.")
    assert not held_up


def test_the_system_is_asked_where_no_resolver_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int]] = []

    def getaddrinfo(host: str, port: int, **_options: object) -> list[tuple[int, int, int, str, tuple[str, int]]]:
        asked.append((host, port))
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    with pytest.raises(AddressRefused) as refused:
        fetch("GET", f"https://{NAME}:8443/")

    assert said(refused) == ("address_refused", private(NAME))
    assert asked == [(NAME, 8443)]


def test_a_name_that_leads_nowhere_is_said_so() -> None:
    async def unknown(_host: str, _port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    for resolve in (unknown, Names([])):
        with pytest.raises(Unreachable) as failed:
            fetch("GET", f"https://{NAME}/secret", resolve=resolve)

        assert said(failed) == (
            "dns_failed",
            f"https://{NAME}:443 cannot be found: its name leads to no address.",
        )


def test_a_listed_name_may_lead_to_a_private_address(connected: list[str]) -> None:
    with serving() as server:
        answer = fetch(
            "GET",
            f"http://panel.test:{server.port}/",
            allow_private=frozenset({f"panel.test:{server.port}"}),
            resolve=Names(["127.0.0.1"]),
        )

    assert answer == ANSWERED
    assert connected == ["127.0.0.1"]


def test_an_ipv6_address_is_connected_to_as_it_is(connected: list[str]) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")

    with serving(host="::1") as server:
        answer = fetch("GET", f"http://[::1]:{server.port}/", allow_private=frozenset({"::1"}))

    assert answer == ANSWERED
    assert connected == ["::1"]


@pytest.mark.parametrize(
    ("answer", "ending"),
    [
        (None, "closed the connection before its answer was complete."),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "does not answer in HTTP."),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * (LARGEST_HEAD + 1) + b"\r\n\r\n", "does not answer in HTTP."),
        (b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", "does not answer in HTTP."),
    ],
    ids=["silence", "another protocol", "a head without end", "a bad head"],
)
def test_a_broken_answer_is_no_answer_and_no_error_shows_the_path(answer: bytes | None, ending: str) -> None:
    with serving(answer) as server, pytest.raises(Unreachable) as failed:
        fetch("POST", server.url(SECRET_PATH), allow_private=LOOPBACK, timeout=5)

    assert said(failed) == ("connection_failed", f"http://127.0.0.1:{server.port} {ending}")
    assert SECRET_PATH not in "".join(traceback.format_exception(failed.value))


HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
ODD_ANSWERS = {
    "a header of 9 kB": (HEAD + b"X: " + b"x" * 9000 + b"\r\nContent-Length: 2\r\n\r\nok", b"ok", True),
    "a header of 200 kB": (HEAD + b"X: " + b"x" * 200_000 + b"\r\nContent-Length: 2\r\n\r\nok", b"ok", True),
    "a head without end": (HEAD + b"X: " + b"x" * (LARGEST_HEAD + 1), b"", False),
    "3,000 cookies": (HEAD + b"Set-Cookie: a=b\r\n" * 3000 + b"Content-Length: 2\r\n\r\nok", b"ok", True),
    "10,000 headers": (HEAD + b"X: y\r\n" * 10_000 + b"Content-Length: 2\r\n\r\nok", b"ok", True),
    "a status line alone": (HEAD, b"", False),
    "a cut head": (HEAD + b"Content-Le", b"", False),
    "a head and no body": (HEAD + b"Content-Length: 2\r\n\r\n", b"", False),
    "a cut body": (HEAD + b"Content-Length: 9\r\n\r\nok", b"ok", False),
    "a cut chunk": (CHUNKED + b"9\r\nok", b"ok", False),
    "no last chunk": (CHUNKED + b"2\r\nok\r\n", b"ok", False),
    "a bad chunk": (CHUNKED + b"zz\r\nok", b"zz\r\nok", False),
    "chunks and a length": (
        HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"2\r\nok\r\n0\r\n\r\n",
        False,
    ),
    "trailers": (CHUNKED + b"2\r\nok\r\n0\r\nX: y\r\n\r\n", b"ok", True),
    "a length twice": (HEAD + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nok", b"ok", True),
    "two lengths": (HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nok", b"ok", False),
    "a length in words": (HEAD + b"Content-Length: two\r\n\r\nok", b"ok", False),
    "a length below zero": (HEAD + b"Content-Length: -2\r\n\r\nok", b"ok", False),
    "a length beyond all": (HEAD + b"Content-Length: " + b"9" * 40 + b"\r\n\r\nok", b"ok", False),
    "a body after 204": (b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok", b"", True),
    "no gzip": (HEAD + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok", b"ok", True),
    "a folded header": (HEAD + b"X: a\r\n b\r\nContent-Length: 2\r\n\r\nok", b"ok", True),
    "a space in a name": (HEAD + b"X Y: z\r\nContent-Length: 2\r\n\r\nok", b"ok", True),
    "a line without a colon": (HEAD + b"hello\r\nContent-Length: 2\r\n\r\nok", b"ok", True),
    "a NUL in a header": (HEAD + b"X: a\0b\r\nContent-Length: 2\r\n\r\nok", b"ok", True),
    "early hints": (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK, b"ok", True),
    "a promise and a cut body": (b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD + b"X Y: z\r\n\r\nok", b"ok", False),
    "more than was announced": (OK + b"more", b"ok", True),
    "no reason": (b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", b"ok", True),
    "a reason of 20 kB": (b"HTTP/1.1 200 " + b"x" * 20_000 + b"\r\nContent-Length: 2\r\n\r\nok", b"ok", True),
    "bare line feeds": (b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", b"ok", True),
    "an old version": (b"HTTP/1.0 200 OK\r\n\r\nok", b"ok", True),
}


@cases(("answer", "body", "whole"), ODD_ANSWERS.values(), ids=ODD_ANSWERS)
def test_a_status_that_came_is_an_answer_whatever_comes_with_it(answer: bytes, body: bytes, whole: bool) -> None:
    with serving(answer) as server:
        server.hangs_up = True
        found = fetch("POST", server.url(), allow_private=LOOPBACK, timeout=5, body_timeout=5)

    assert (found.ok, found.body, found.whole) == (True, body, whole)


@pytest.mark.parametrize("rest", [b"zz\r\nok", b"2\r\nok\r\nzz\r\n"], ids=["at once", "after one"])
def test_a_bad_chunk_that_comes_later_ends_the_body(rest: bytes) -> None:
    with serving(CHUNKED) as server:
        server.later = rest
        server.go_on.set()
        found = fetch("POST", server.url(), allow_private=LOOPBACK, timeout=5, body_timeout=5)

    assert (found.status, found.whole) == (200, False)


@pytest.mark.parametrize(
    "start", [HEAD + b"Content-Le", HEAD + b"Content-Length: 9\r\n\r\nhalf", CHUNKED, HEAD + b"\r\n"]
)
def test_what_does_not_come_in_time_is_done_without(start: bytes) -> None:
    with serving(start) as server:
        found = fetch("POST", server.url(), allow_private=LOOPBACK, timeout=0.2, body_timeout=0.1)

    assert (found.status, found.whole) == (200, False)


def test_a_body_is_waited_for_no_longer_than_is_said() -> None:
    with serving(HEAD + b"Content-Length: 9\r\n\r\nhalf") as server:
        found = fetch("POST", server.url(), allow_private=LOOPBACK, timeout=600, body_timeout=0.1)

    assert found == Answer(200, {"content-length": "9"}, b"half", whole=False)


def test_an_odd_head_is_read_as_far_as_it_can_be() -> None:
    head = b"HTTP/1.1 429 Slow Down\r\nRetry-After: 7\r\nX Y: z\r\nX: caf\xe9\r\n au lait\r\nX: 2\r\n\r\n"
    with serving(head) as server:
        found = fetch("POST", server.url(), allow_private=LOOPBACK, timeout=5, body_timeout=5)

    assert found == Answer(429, {"retry-after": "7", "x y": "z", "x": "2"}, b"", whole=False)


UNHARMED = [
    "a header of 9 kB",
    "a header of 200 kB",
    "3,000 cookies",
    "a folded header",
    "trailers",
    "no gzip",
    "early hints",
    "no reason",
    "a reason of 20 kB",
    "bare line feeds",
]
ONCE = [
    *(answer for name, (answer, _, _) in ODD_ANSWERS.items() if name not in UNHARMED),
    b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
]


@cases(
    ("answer", "connections"),
    [*((ODD_ANSWERS[name][0], 1) for name in UNHARMED), *((answer, 2) for answer in ONCE)],
)
def test_a_connection_is_used_again_only_where_nothing_of_an_answer_is_left(answer: bytes, connections: int) -> None:
    async def twice(url: str) -> list[Answer]:
        async with GuardedClient(allow_private=LOOPBACK) as door:
            return [await door.request("POST", url, timeout=5, body_timeout=0.1) for _ in range(2)]

    with serving(answer) as server:
        found = asyncio.run(twice(server.url()))

    assert [each.ok for each in found] == [True, True]
    assert server.connections == connections


def test_an_odd_head_is_no_answer_where_only_a_whole_one_is() -> None:
    with serving(CHUNKED + b"zz\r\nok") as server, pytest.raises(Unreachable) as failed:
        fetch("GET", server.url(), allow_private=LOOPBACK, timeout=5)

    assert said(failed) == ("connection_failed", f"http://127.0.0.1:{server.port} does not answer in HTTP.")


def test_a_line_break_in_a_header_is_seen_before_anything_is_sent() -> None:
    with serving() as server, pytest.raises(Unreachable) as failed:
        fetch("POST", server.url(), headers={"authorization": "Bearer a\nb"}, allow_private=LOOPBACK)

    assert said(failed) == (
        "connection_failed",
        f"http://127.0.0.1:{server.port} was not asked: a header holds a line break.",
    )
    assert not failed.value.sent
    assert server.requests == []


def test_what_timed_out_before_there_was_a_connection_was_not_sent() -> None:
    async def never(_host: str, _port: int) -> list[str]:
        await asyncio.sleep(600)
        return []

    with pytest.raises(Unreachable) as failed:
        fetch("POST", f"https://{NAME}/", resolve=never, timeout=0.1)

    assert (failed.value.code, failed.value.sent) == ("timeout", False)


def test_a_closed_port_is_said_so() -> None:
    with serving() as server:
        url = server.url("/secret")

    with pytest.raises(Unreachable) as failed:
        fetch("POST", url, allow_private=LOOPBACK)

    assert said(failed) == (
        "connection_failed",
        f"http://127.0.0.1:{server.port} cannot be reached: Connection refused.",
    )


def test_what_was_sent_is_not_sent_again_by_itself() -> None:
    """There are panels that change things by GET."""
    came = []

    def cut(connection: socket.socket) -> None:
        came.append(connection.recv(65536))
        connection.close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def serve() -> None:
            server.settimeout(2)
            with suppress(OSError):
                while True:
                    cut(server.accept()[0])

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(Unreachable) as error:
            fetch("GET", f"http://127.0.0.1:{port}/suspend", allow_private=frozenset({"127.0.0.1"}))
        thread.join()

    assert len(came) == 1
    assert error.value.sent
