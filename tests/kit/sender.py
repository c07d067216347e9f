"""Senders of webhooks: they sign by hand, as the providers do, and post until they are answered."""

import base64
import hashlib
import hmac
import http.client
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit

from kit.waiting import PATIENCE_SECONDS
from relay.formats import jsontext

SECRET = "whsec_" + base64.b64encode(b"a secret that only tests know ..").decode()
_BETWEEN_TRIES_SECONDS = 0.2
_BETWEEN_WEBHOOKS_SECONDS = 0.03
_CUSTOMERS = 5


@dataclass(frozen=True, slots=True)
class Answer:
    """What the relay said to one request."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def said(self) -> Any:
        return jsontext.loads(self.body)

    @property
    def taken(self) -> bool:
        return 200 <= self.status < 300


class Line:
    """One kept-alive connection to a relay; opened anew when it breaks. For one thread."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._path = urlunsplit(("", "", parts.path, parts.query, ""))
        self._connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=PATIENCE_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    def post(self, body: bytes, headers: Mapping[str, str], *, method: str = "POST") -> Answer | None:
        """The answer; None when there was none, so that nobody knows whether it was taken."""
        try:
            self._connection.request(method, self._path, body, dict(headers))
            response = self._connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, names, response.read())
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return None


def post(url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """One request, which has to be answered."""
    with Line(url) as line:
        answer = line.post(body, headers)
    assert answer is not None, f"{url} gave no answer"
    return answer


def standard_webhook(native_id: str, message: Mapping[str, Any], secret: str = SECRET) -> tuple[bytes, dict[str, str]]:
    """Body and headers of a Standard Webhook that is signed now."""
    body = jsontext.dumps(message)
    stamp = str(int(time.time()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = hmac.digest(key, b".".join((native_id.encode(), stamp.encode(), body)), hashlib.sha256)
    return body, {
        "content-type": "application/json",
        "webhook-id": native_id,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
    }


def stripe_webhook(body: bytes, secret: str, *, at: float | None = None) -> dict[str, str]:
    """Headers of a webhook of Stripe, signed now or `at` another moment."""
    stamp = str(int(time.time() if at is None else at))
    mac = hmac.digest(secret.encode(), stamp.encode() + b"." + body, "sha256").hex()
    return {"content-type": "application/json; charset=utf-8", "stripe-signature": f"t={stamp},v1={mac}"}


class Stream:
    """Posts webhooks one after the other, each again and again until it is answered 2xx, as providers do.

    A `with` block lets it flow; behind the block the last one has been answered, and `more` more after what
    happened in the block.
    """

    def __init__(self, url: str, name: str, *, senders: int = 2, more: int = 10) -> None:
        self.accepted: dict[str, str] = {}
        """By the sender's id, the id that the relay answered."""
        self.refused: list[Answer] = []
        self._url = url
        self._name = name
        self._more = more
        self._left: int | None = None
        self._count = 0
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(senders)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._left = self._more
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS)
            assert not thread.is_alive(), f"{self._name}: a webhook was never answered 2xx"

    def _run(self) -> None:
        with Line(self._url) as line:
            for native_id in self._ids():
                self._deliver(line, native_id)
                time.sleep(_BETWEEN_WEBHOOKS_SECONDS)

    def _ids(self) -> Iterator[str]:
        while True:
            with self._lock:
                if self._left is not None:
                    if self._left <= 0:
                        return
                    self._left -= 1
                self._count += 1
                count = self._count
            yield f"{self._name}-{count:05d}"

    def _deliver(self, line: Line, native_id: str) -> None:
        while True:
            customer = {"id": f"cus_{int(native_id[-1]) % _CUSTOMERS}"}
            message = {"type": "something.happened", "data": {"told": native_id}, "customer": customer}
            body, headers = standard_webhook(native_id, message)
            answer = line.post(body, headers)
            if answer is not None and answer.taken:
                with self._lock:
                    self.accepted[native_id] = answer.said["id"]
                return
            if answer is not None:
                with self._lock:
                    self.refused.append(answer)
            time.sleep(_BETWEEN_TRIES_SECONDS)
