# ruff: noqa: N999  it is a program, and named as one
"""The relay's agent for panels written in Python: keeps events on disk, signs them, posts them until they are taken.

It runs in the panel's own interpreter, so it needs the standard library of Python 3.6 and nothing else (types are
quoted, for that one would not know them). A panel's adapter loads it and calls `tell`, which writes a file, starts the
delivery in a process of its own and returns. By hand:

    relay-send.py --test       posts a test event and says what came of it
    relay-send.py --status     says how many events wait
    relay-send.py --deliver    delivers what waits

All it has lies beside it: `config` (url= and secret=) and `state/` with the spool, what was refused, and the log.
Signatures are those of https://www.standardwebhooks.com.
"""

import base64
import binascii
import fcntl
import hashlib
import hmac
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from typing import Any
from urllib.parse import urlsplit

BASE = os.path.dirname(os.path.abspath(__file__))
CONNECT_SECONDS = 3
TOTAL_SECONDS = 10
MOST_WAITING = 10000
MOST_REFUSED = 1000
LONGEST_LOG = 256 * 1024
FAILURES_IN_A_ROW = 3
PAUSES = "2 5 15" + " 60" * 14
"""Seconds between tries of one run: about a quarter of an hour. Then the next event, or cron, tries again."""
HOPELESS = (400, 413, 415, 422)
"""Answers that another try would get again. All others may change: an address, a secret, a server can be mended."""


class Unusable(Exception):
    """The configuration cannot be used; the text says what is wrong with it."""


# What the panel's adapter calls


def tell(event: str, data: "dict[str, Any]") -> None:
    """Keep an event and see that it is delivered. Whatever goes wrong, the panel goes on with its work."""
    try:
        if keep(event, data):
            start_delivery()
    except Exception as error:  # noqa: BLE001  a suspension must not fail because of us
        log(f"an event was lost: {type(error).__name__}")


def keep(event: str, data: "dict[str, Any]") -> bool:
    """Write an event to the spool, whole or not at all. Answers whether it was."""
    spool = folder("spool")
    if len(waiting()) >= MOST_WAITING:
        log(f"an event was lost: {MOST_WAITING} wait already")
        return False
    said = {"event": event, "data": data, "sent_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
    body = json.dumps(clean(said), ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    # The time comes first, so that the order of names is the order of arrival. `.new` is not looked at.
    name = f"{int(time.time() * 1000000):020d}-msg_{uuid.uuid4().hex}"
    path = os.path.join(spool, name)
    try:
        with open(os.open(path + ".new", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        os.rename(path + ".new", path)
    except OSError:
        forget(path + ".new")
        raise
    return True


def start_delivery() -> None:
    """Start a process that delivers, unless one is at work: that one looks again before it leaves.

    The lock is taken here and handed down, so a burst of events starts one process and leaves no gap.
    """
    lock = take_lock()
    if lock is None:
        return
    try:
        subprocess.Popen(  # noqa: S603
            [interpreter(), os.path.abspath(__file__), "--deliver", str(lock)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            close_fds=True,
            pass_fds=(lock,),
            start_new_session=True,
        )
    finally:
        os.close(lock)


# Delivery


def deliver(lock: int) -> int:
    """Deliver all that waits, and what comes meanwhile; `lock` is held. Answers how many are left."""
    while True:
        left = drain()
        os.close(lock)
        # Whoever wrote while the lock was held has gone away, trusting in this look.
        if not set(waiting()) - set(left):
            return len(left)
        again = take_lock()
        if again is None:
            return len(left)
        lock = again


def drain() -> "list[str]":
    """Try until nothing is left or the pauses are used up. Answers the names of what is left."""
    pauses = [float(each) for each in os.environ.get("RELAY_RETRY_PAUSES", PAUSES).split()]
    used = 0
    while True:
        before = waiting()
        done = one_pass(before)
        if not waiting():
            return []
        if done:
            used = 0
        if used >= len(pauses):
            return waiting()
        # What came in during a pass that went well is tried at once.
        if done < len(before) or not done:
            time.sleep(pauses[used])
            used += 1


def one_pass(names: "list[str]") -> int:
    """Try each in order of arrival. Answers how many are off the spool; ends early where nothing gets through."""
    done, failed = 0, 0
    for name in names:
        try:
            status, _ = post(read(os.path.join(folder("spool"), name)), name.partition("-")[2])
        except FileNotFoundError:
            continue
        except Unusable as problem:
            log(str(problem))
            return done
        if 200 <= status < 300:
            forget(os.path.join(folder("spool"), name))
        elif status in HOPELESS:
            refuse(name, status)
        else:
            log(f"not delivered: {status or 'no answer'}")
            failed += 1
            if status == 0 or failed >= FAILURES_IN_A_ROW:
                return done
            continue
        done, failed = done + 1, 0
    return done


def post(body: bytes, message_id: str) -> "tuple[int, str]":
    """Post a body, signed now. Answers the status, 0 where there was none, and what is said of it."""
    url, key = configuration()
    stamp = str(int(time.time()))
    signed = f"{message_id}.{stamp}.".encode() + body
    signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    request = urllib.request.Request(  # noqa: S310  configuration() has seen to its scheme
        url,
        data=body,
        headers={
            "Content-Type": "application/json",
            "User-Agent": "relay-send",
            "webhook-id": message_id,
            "webhook-timestamp": stamp,
            "webhook-signature": "v1," + signature,
        },
    )
    handlers = (Http, Https, NoRedirect, EveryStatus)
    signal.signal(signal.SIGALRM, out_of_time)
    signal.alarm(TOTAL_SECONDS)
    try:
        with urllib.request.build_opener(*handlers).open(request, timeout=TOTAL_SECONDS) as answer:
            return answer.status, answer.read(4096).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        return 0, str(getattr(error, "reason", error)) or type(error).__name__
    finally:
        signal.alarm(0)


def out_of_time(*_: object) -> None:
    raise TimeoutError(f"no answer within {TOTAL_SECONDS} s")


class Connection(http.client.HTTPConnection):
    """Three seconds to connect, ten in all."""

    def connect(self) -> None:
        self.timeout = CONNECT_SECONDS
        super().connect()
        self.sock.settimeout(TOTAL_SECONDS)


class SecureConnection(http.client.HTTPSConnection):
    def connect(self) -> None:
        self.timeout = CONNECT_SECONDS
        super().connect()
        self.sock.settimeout(TOTAL_SECONDS)


class Http(urllib.request.HTTPHandler):
    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(Connection, request)


class Https(urllib.request.HTTPSHandler):
    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(SecureConnection, request)


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """A signed event goes to the address that was configured, and nowhere else."""

    def redirect_request(self, *_: object) -> None:
        return None


class EveryStatus(urllib.request.HTTPErrorProcessor):
    """A refusal is an answer, not an exception."""

    def http_response(self, request: "Any", response: "Any") -> "Any":
        return response

    https_response = http_response


# What lies on disk


def configuration() -> "tuple[str, bytes]":
    """The address and the key. Raises `Unusable`."""
    try:
        lines = read(os.path.join(BASE, "config")).decode().splitlines()
    except (OSError, ValueError) as error:
        why = type(error).__name__
        raise Unusable(f"The file {BASE}/config cannot be read: {why}. Install again.") from None
    found = dict(line.split("=", 1) for line in lines if "=" in line)
    url, secret = found.get("url", ""), found.get("secret", "")
    if not is_safe(url):
        raise Unusable("The address must begin with https://. Install again with the line that the relay printed.")
    try:
        if not secret.startswith("whsec_"):
            raise ValueError
        key = base64.b64decode(secret[6:] + "=" * (-len(secret[6:]) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise Unusable("The secret must be `whsec_` and base64; it is not. Install again.") from None
    return url, key


def is_safe(url: str) -> bool:
    """Whether nobody can read along. Plain HTTP is for tests, on this machine."""
    try:
        address = urlsplit(url)
        own = address.scheme == "http" and address.hostname in ("127.0.0.1", "localhost", "::1")
        return bool(address.hostname) and (address.scheme == "https" or own)
    except ValueError:
        return False


def interpreter() -> str:
    """Inside a web server `sys.executable` may be the server: the installer wrote down which Python there is."""
    try:
        lines = read(os.path.join(BASE, "config")).decode().splitlines()
        found = [line[7:] for line in lines if line.startswith("python=")]
    except (OSError, ValueError):
        found = []
    return found[0] if found and os.access(found[0], os.X_OK) else sys.executable


def folder(name: str) -> str:
    path = os.path.join(BASE, "state", name)
    os.makedirs(path, mode=0o700, exist_ok=True)
    return path


def waiting() -> "list[str]":
    """The names of what waits, in order of arrival."""
    return sorted(name for name in os.listdir(folder("spool")) if "-msg_" in name and not name.endswith(".new"))


def read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def forget(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return


def refuse(name: str, status: int) -> None:
    log(f"refused for good with {status}; kept as state/refused/{name}")
    refused = folder("refused")
    os.rename(os.path.join(folder("spool"), name), os.path.join(refused, name))
    for old in sorted(os.listdir(refused))[:-MOST_REFUSED]:
        forget(os.path.join(refused, old))


def take_lock() -> "int | None":
    """The lock of the one that delivers, or None where another has it. A process that dies lets go of it."""
    lock = os.open(os.path.join(folder(""), "lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return None
    return lock


def log(line: str) -> None:
    """One line, without bodies and secrets. That it cannot be written changes nothing."""
    try:
        path = os.path.join(folder(""), "log")
        if os.path.exists(path) and os.path.getsize(path) > LONGEST_LOG:
            os.rename(path, path + ".1")
        with open(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a") as file:
            file.write(f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {line}\n")
    except OSError:
        return


def clean(value: "Any") -> "Any":
    """The same as JSON that every reader takes: no lone surrogates, no numbers that are none."""
    if isinstance(value, dict):
        return {clean(str(name)): clean(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean(item) for item in value]
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if value is None or isinstance(value, (bool, int)):
        return value
    return value if isinstance(value, float) and abs(value) < float("inf") else None


# By hand


def test() -> int:
    """Post a test event and say what came of it, for the person who installs."""
    body = json.dumps({"event": "relay_test", "data": {"host": socket.gethostname()}}).encode()
    try:
        status, said = post(body, "msg_" + uuid.uuid4().hex)
    except Unusable as problem:
        print(problem)
        return 1
    if 200 <= status < 300:
        print(f"It works: the relay took the test event and answered {status}.")
        print("A test is told to nobody; `relay source list` shows there when it came.")
        return 0
    if status == 0:
        print(f"The relay could not be reached: {said}. Is its address right, and may this server open connections?")
    elif status == 401:
        print("The relay answered 401: the secret is not the source's, or this server's clock is wrong. Install again.")
    elif status == 404:
        print("The relay answered 404: it knows no such source. Install again with the line that it printed.")
    else:
        print(f"The relay answered {status}, where 202 was expected. Look into the relay's own log.")
    return 1


def status() -> int:
    refused = [name for name in os.listdir(folder("refused")) if "-msg_" in name]
    print(f"{len(waiting())} wait to be delivered, {len(refused)} were refused for good.")
    return 0


def become_owner() -> None:
    """Root does what it does here as the user that the panel runs as, so that all files stay that user's."""
    owner = os.stat(folder(""))
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.setgroups([])
        os.setgid(owner.st_gid)
        os.setuid(owner.st_uid)


def main(arguments: "list[str]") -> int:
    os.umask(0o077)
    become_owner()
    # A web server may have blocked it, and what it starts inherits that.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})
    if arguments == ["--test"]:
        return test()
    if arguments == ["--status"]:
        return status()
    if arguments[:1] == ["--deliver"]:
        lock = int(arguments[1]) if len(arguments) > 1 else take_lock()
        left = len(waiting()) if lock is None else deliver(lock)
        return min(left, 1)
    print("Usage: relay-send.py --test | --status | --deliver", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
