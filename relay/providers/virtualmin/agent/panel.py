"""Has a last look at what Virtualmin tells: a certificate is told only where it is another one than before.

https://github.com/virtualmin/virtualmin-gpl (generate-cert.pl, csr.cgi, remove_cert.cgi, feature-ssl.pl)

Virtualmin runs its command with SSL_DOMAIN for a new certificate, for a mere request of one, and when one is taken
away. So the agent remembers the hash of each virtual server's certificate, in `state/certificates`. Those that are
there when it is installed are learnt then, later ones when their virtual server is made.
"""

import contextlib
import fcntl
import glob
import hashlib
import json
import os
import ssl
import subprocess
import time
from collections.abc import Iterator
from typing import Any

BASE = os.path.dirname(os.path.abspath(__file__))
SERVERS = os.path.normpath(os.path.join(BASE, "../../../etc/webmin/virtual-server/domains"))
NEW_CERTIFICATE = "SSL_DOMAIN"
GONE = "DELETE_DOMAIN"
LARGEST = 1024 * 1024
END = "-----END CERTIFICATE-----"


def judge(event: str, data: "dict[str, Any]") -> "tuple[str, dict[str, Any]] | None":
    """What is to be told of an event whose variables are in the environment; None for nothing."""
    server = os.environ.get("VIRTUALSERVER_ID") or os.environ.get("VIRTUALSERVER_DOM")
    if not server or event.startswith("SCHEDULED"):
        return event, data
    pem = certificate(os.environ.get("VIRTUALSERVER_SSL_CERT"))
    if event == NEW_CERTIFICATE:
        found = changed(server, pem)
        return None if found is None else (event, dict(data, **found))
    with known() as hashes:
        if event == GONE:
            hashes.pop(server, None)
        else:
            hashes.setdefault(server, fingerprint(pem))
    return event, data


def learn() -> None:
    """Remember the certificates of virtual servers that nothing is known of."""
    with known() as hashes:
        for path in glob.glob(os.path.join(SERVERS, "*")):
            try:
                with open(path, encoding="utf-8", errors="replace") as file:
                    values = dict(line.rstrip("\n").split("=", 1) for line in file if "=" in line)
            except OSError:
                continue
            if values.get("id"):
                hashes.setdefault(values["id"], fingerprint(certificate(values.get("ssl_cert"))))


def changed(server: str, pem: "str | None") -> "dict[str, Any] | None":
    """What is told of a new certificate; None if it is the one that was there, or if nobody knows."""
    found = fingerprint(pem)
    with known() as hashes:
        # Virtual servers may share one: the other has told of it.
        is_new = server in hashes and found not in hashes.values()
        hashes[server] = found
    if not is_new or pem is None or not found:
        return None
    return dict(dates(pem), CERTIFICATE_SHA256=found)


def certificate(path: "str | None") -> "str | None":
    """The first certificate in a file: the others are of who issued it."""
    try:
        with open(path or "", encoding="ascii", errors="replace") as file:
            text = file.read(LARGEST)
    except OSError:
        return None
    begin, end = text.find("-----BEGIN CERTIFICATE-----"), text.find(END)
    return text[begin : end + len(END)] + "\n" if 0 <= begin < end else None


def fingerprint(pem: "str | None") -> str:
    """Empty where there is no certificate."""
    try:
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem or "")).hexdigest()
    except ValueError:
        return ""


def dates(pem: str) -> "dict[str, str]":
    """From when until when it is valid, where openssl is there to read it."""
    command = ["openssl", "x509", "-noout", "-startdate", "-enddate"]
    try:
        done = subprocess.run(  # noqa: S603, PLW1510  what it answers says whether it worked
            command, input=pem.encode(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=2
        )
        lines = dict(line.split("=", 1) for line in done.stdout.decode("ascii").splitlines() if "=" in line)
        return {
            "CERTIFICATE_NOT_BEFORE": moment(lines["notBefore"]),
            "CERTIFICATE_NOT_AFTER": moment(lines["notAfter"]),
        }
    except (OSError, subprocess.SubprocessError, ValueError, KeyError):
        return {}


def moment(text: str) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ssl.cert_time_to_seconds(text)))


@contextlib.contextmanager
def known() -> "Iterator[dict[str, str]]":
    """The hashes by the virtual servers' ids, to be changed; one process at a time has them."""
    path = os.path.join(BASE, "state", "certificates")
    with open(path + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            with open(path, encoding="utf-8") as file:
                hashes = json.load(file)
        except (FileNotFoundError, ValueError):
            hashes = {}
        before = dict(hashes)
        yield hashes
        if hashes != before:
            with open(path + ".new", "w", encoding="utf-8") as file:
                json.dump(hashes, file)
            os.rename(path + ".new", path)
