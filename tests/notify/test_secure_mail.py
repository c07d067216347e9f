"""Mail goes over TLS to a server that proves its name, or not at all."""

import datetime as dt
import ipaddress
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from notify.office import Office
from notify.post_office import Letterbox, _free_port
from relay.notify import mail
from relay.storage import runs

ZOE = "zoe@acme-shop.example"


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.test")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = tmp_path / "cert.pem", tmp_path / "key.pem"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return paths


@pytest.fixture(params=["starttls", "ssl"])
def secure(request: pytest.FixtureRequest, certificate: tuple[Path, Path]) -> Iterator[tuple[str, Letterbox]]:
    """A mail server in one of the two ways: the channel's address, and what arrives."""
    box, context = Letterbox(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    port = _free_port()
    if request.param == "ssl":
        controller = Controller(box, hostname="127.0.0.1", port=port, ssl_context=context, server_hostname="mail.test")
    else:
        controller = Controller(
            box,
            hostname="127.0.0.1",
            port=port,
            tls_context=context,
            require_starttls=True,
            server_hostname="mail.test",
        )
    controller.start()
    yield f"mailtos://127.0.0.1:{port}/?smtp=127.0.0.1&mode={request.param}&from=billing@northlight.example", box
    controller.stop()


def test_mail_is_sent_to_a_server_that_proves_its_name(
    office: Office, secure: tuple[str, Letterbox], certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "trusted", lambda: ssl.create_default_context(cafile=str(certificate[0])))
    url, box = secure
    office.channel("mail", url)

    run = office.send(channel="mail", to=ZOE, message="There is news.")

    assert run.state == runs.SUCCEEDED
    assert len(box.mails) == 1


def test_no_mail_is_sent_to_a_server_that_does_not(office: Office, secure: tuple[str, Letterbox]) -> None:
    url, box = secure
    office.channel("mail", url)

    run = office.send(channel="mail", to=ZOE, message="There is news.")

    assert (run.state, run.told) == (runs.FAILED, False)
    assert run.content["text"].startswith("mail: 127.0.0.1 has no valid certificate.")
    assert box.mails == []


def test_no_mail_is_sent_in_plain_text_where_tls_was_asked_for(office: Office) -> None:
    box, port = Letterbox(), _free_port()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    office.channel("mail", f"mailtos://127.0.0.1:{port}/?smtp=127.0.0.1&from=billing@northlight.example")

    run = office.send(channel="mail", to=ZOE, message="There is news.")
    controller.stop()

    assert run.state == runs.FAILED
    assert "does not support STARTTLS or the login" in run.content["text"]
    assert box.mails == []
