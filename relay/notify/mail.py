"""E-mail: one message in one conversation with the operator's server, of which the outcome is known exactly.

apprise reads the address; the words are spoken here, because it tells only that something failed, not whether the mail
may have been taken. Until its text is sent nothing is; what the server answers after it decides; no answer is neither.
"""

import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime
from typing import Any

from relay.errors import AddressRefused
from relay.sdk.lease import Lease
from relay.sdk.outcomes import Failed, NotReached, Uncertain
from relay.security.addresses import check_url

SECONDS = 15.0
ALTOGETHER = 40.0
"""Less than a run is held for, so that no second worker begins meanwhile."""

_PLAIN, _TLS, _STARTTLS = "insecure", "ssl", "starttls"
_TRY_LATER, _REFUSED = 400, 500
_MOST_ADDRESSES = 2


@dataclass(frozen=True, slots=True)
class Mail:
    """What is sent. `message_id` without its brackets is the same at each try."""

    subject: str
    text: str
    message_id: str


def post(plugin: Any, mail: Mail, *, allow_private: frozenset[str], lease: Lease) -> None:
    """Hand a mail to the server that apprise's plugin describes. Raises `Failed`, `NotReached` or `Uncertain`."""
    sender = plugin.from_addr[1]
    receivers = [*(address for _, address in plugin.targets), *sorted(plugin.cc), *sorted(plugin.bcc)]
    content = written(plugin, mail).as_bytes(policy=WIRE)
    with _conversation(plugin, allow_private) as server:
        _expect(server.mail(sender), "the sender")
        for receiver in receivers:
            _expect(server.rcpt(receiver), "the recipient")
        lease.before_change()
        try:
            code, said = server.data(content)
        except smtplib.SMTPDataError as error:
            # It did not want the text at all.
            lease.not_taken()
            raise _refusal(error.smtp_code, error.smtp_error, "the message") from None
        except (OSError, smtplib.SMTPException):
            raise Uncertain("The mail server did not confirm whether it accepted the message.") from None
        if not _is_yes(code):
            lease.not_taken()
            raise _refusal(code, said, "the message")


def written(plugin: Any, mail: Mail) -> EmailMessage:
    """The mail as it is sent. Raises `Failed` if a header would have a line break."""
    made = EmailMessage()
    name, sender = plugin.from_addr
    try:
        made["From"] = Address("" if not name or name == plugin.app_id else name, addr_spec=sender)
        made["To"] = [Address(each or "", addr_spec=address) for each, address in plugin.targets]
        if plugin.cc:
            made["Cc"] = [Address(addr_spec=each) for each in sorted(plugin.cc)]
        if plugin.reply_to:
            made["Reply-To"] = [Address(addr_spec=each) for each in sorted(plugin.reply_to)]
        made["Subject"] = mail.subject
    except ValueError:
        raise Failed("The subject and the addresses must each be one line.", code="invalid_request") from None
    made["Date"] = format_datetime(datetime.now(UTC))
    made["Message-ID"] = f"<{mail.message_id}@{sender.rpartition('@')[2]}>"
    # So that no holiday notice answers it: RFC 3834.
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(mail.text, cte="quoted-printable")
    return made


@contextmanager
def _conversation(plugin: Any, allow_private: frozenset[str]) -> Iterator[smtplib.SMTP]:
    """A server that has been greeted and told who we are."""
    host, mode = str(plugin.smtp_host), plugin.secure_mode
    addresses = _addresses(host, plugin.port, allow_private, plain=mode == _PLAIN)
    server: smtplib.SMTP | None = None
    try:
        server = _open(host, plugin.port, addresses, mode, plugin.from_addr[1].rpartition("@")[2])
        timer = threading.Timer(ALTOGETHER, _hang_up, (server,))
        timer.daemon = True
        timer.start()
        try:
            server.ehlo_or_helo_if_needed()
            if mode == _STARTTLS:
                server.starttls(context=trusted())
                server.ehlo_or_helo_if_needed()
            if plugin.user and plugin.password:
                server.login(plugin.user, plugin.password)
            yield server
        finally:
            timer.cancel()
    except smtplib.SMTPNotSupportedError:
        raise Failed(f"{host} does not support STARTTLS or the login that the channel requires.") from None
    except smtplib.SMTPAuthenticationError as error:
        if error.smtp_code < _REFUSED:
            raise NotReached(f"{host} could not check the login ({error.smtp_code}).") from None
        text = f"{host} refused the login ({error.smtp_code}). Set the channel again."
        raise Failed(text, code="credentials_refused") from None
    except ssl.SSLCertVerificationError:
        raise NotReached(f"{host} has no valid certificate.", code="tls_failed") from None
    except (OSError, smtplib.SMTPException):
        raise NotReached(f"{host} cannot be reached as a mail server.") from None
    finally:
        if server is not None:
            with suppress(OSError, smtplib.SMTPException):
                server.quit()
            server.close()


def _addresses(host: str, port: int, allow_private: frozenset[str], *, plain: bool) -> list[str]:
    """What the name leads to, each checked, as `relay.http` does. Raises `Failed` or `NotReached`."""
    shown = f"[{host}]" if ":" in host else host
    try:
        check_url(f"{'http' if plain else 'https'}://{shown}:{port}", allow_private)
        found = [str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
        listed = {host, f"{shown}:{port}"} & {each.lower() for each in allow_private}
        for address in () if listed else found:
            check_url(f"https://[{address}]" if ":" in address else f"https://{address}")
    except AddressRefused as error:
        raise Failed(f"The channel's mail server cannot be used. {error.message}", code=error.code) from None
    except OSError:
        raise NotReached(f"{host} cannot be found: its name leads to no address.", code="dns_failed") from None
    return found


class _Checked(smtplib.SMTP):
    """Connects to addresses that were checked, never to the name. TLS still proves the name."""

    addresses: Sequence[str] = ()

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        failed: OSError | None = None
        for address in self.addresses[:_MOST_ADDRESSES]:
            try:
                return socket.create_connection((address, port), timeout)
            except OSError as error:
                failed = error
        raise failed or OSError("The name has no address.")


class _CheckedTls(smtplib.SMTP_SSL, _Checked):
    """The same from the first byte on in TLS: the library wraps what the class behind it connects."""


def _open(host: str, port: int, addresses: Sequence[str], mode: str, own_name: str) -> smtplib.SMTP:
    server: _Checked
    if mode == _TLS:
        server = _CheckedTls(local_hostname=own_name, timeout=SECONDS, context=trusted())
    else:
        server = _Checked(local_hostname=own_name, timeout=SECONDS)
    server.addresses = addresses
    server._host = host  # type: ignore[attr-defined]  # what TLS is to prove; set by the constructor only if it connects
    code, said = server.connect(host, port)
    if code != 220:
        server.close()
        raise smtplib.SMTPConnectError(code, said)
    return server


def trusted() -> ssl.SSLContext:
    """What a server's certificate is proved with: what the system trusts."""
    return ssl.create_default_context()


def _hang_up(server: smtplib.SMTP) -> None:
    with suppress(OSError):
        if server.sock is not None:
            server.sock.shutdown(socket.SHUT_RDWR)


def _expect(answer: tuple[int, bytes], what: str) -> None:
    if not _is_yes(answer[0]):
        raise _refusal(*answer, what)


def _is_yes(code: int) -> bool:
    return 200 <= code < 300


def _refusal(code: int, said: bytes | str, what: str) -> Failed:
    words = " ".join((said.decode(errors="replace") if isinstance(said, bytes) else said).split())[:200]
    text = f"The mail server refused {what} ({code}): {words}"
    return NotReached(text, code="try_later") if _TRY_LATER <= code < _REFUSED else Failed(text)
