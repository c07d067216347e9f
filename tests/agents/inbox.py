"""What a panel's agent posts to: a web server on loopback that plays the relay, and is as unwell as a test wants.

    with Inbox() as inbox:
        ...                             # install the agent with inbox.url and inbox.secret
        inbox.hang_up(); inbox.listen() # nobody listens; there again, at the same address
        inbox.hang(); inbox.release()   # takes the post and does not answer; answers what waits, and all that follow
        inbox.answer = 401              # every post that is signed well gets this status

A post whose signature the `standardwebhooks` library does not accept is answered 401 and kept with its `error`.
"""

import json
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

from kit.listener import Listener, Reply, Request
from kit.provider import ProviderUnderTest
from relay.inbound.normalize import UNVERIFIED

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
"""The one of the official vector of Standard Webhooks."""
IT_WORKS = (
    "It works: the relay took the test event and answered 202.\n"
    "A test is told to nobody; `relay source list` shows there when it came.\n"
)


@dataclass(frozen=True, slots=True)
class Post:
    """One request as it came in, what was wrong with it, and what it was answered."""

    method: str
    path: str
    headers: Mapping[str, str]
    """By names in lower case."""
    body: bytes = field(repr=False)
    status: int
    error: str | None
    """Why its signature is no good; None for a good one."""

    @property
    def id(self) -> str:
        return self.headers.get("webhook-id", "")

    @property
    def said(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def event(self) -> str:
        return str(self.said["event"])

    @property
    def data(self) -> Any:
        return self.said["data"]

    @property
    def sent_at(self) -> str:
        return str(self.said["sent_at"])

    @property
    def taken(self) -> bool:
        return 200 <= self.status < 300


class Inbox(Listener):
    def __init__(self, secret: str = SECRET, path: str = "/in/src_test") -> None:
        self.secret = secret
        self.answer = 202
        self.posts: list[Post] = []
        """All that was answered, in the order of the answers."""
        self._path = path
        self._answering = threading.Event()
        self._answering.set()
        super().__init__()

    def __exit__(self, *_: object) -> None:
        self.release()
        self.hang_up()

    @property
    def url(self) -> str:
        return super().url.removesuffix("/") + self._path

    @property
    def taken(self) -> list[Post]:
        """What was answered 2xx."""
        return [post for post in list(self.posts) if post.taken]

    @property
    def events(self) -> list[str]:
        """The native names of what was answered 2xx, in order."""
        return [post.event for post in self.taken]

    def times_taken(self) -> Counter[str]:
        """How often each id was answered 2xx."""
        return Counter(post.id for post in self.taken)

    def hang(self) -> None:
        """From now on posts are read and not answered."""
        self._answering.clear()

    def release(self) -> None:
        self._answering.set()

    def take(self, request: Request) -> Reply:
        self._answering.wait()
        error = self._error(request.method, request.path, request.headers, request.body)
        status = 401 if error else self.answer
        post = Post(request.method, request.path, request.headers, request.body, status, error)
        self.posts.append(post)
        said = {"id": "in_test", "status": "accepted"} if post.taken else {"error": {"message": "no"}}
        return Reply(status, {"Content-Type": "application/json"}, json.dumps(said).encode())

    def _error(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> str | None:
        if (method, path) != ("POST", self._path):
            return f"{method} {path} instead of POST {self._path}"
        if headers.get("content-type", "").partition(";")[0] != "application/json":
            return f"the content type is {headers.get('content-type')!r}"
        try:
            Webhook(self.secret).verify(body, dict(headers))
        except (WebhookVerificationError, ValueError, KeyError) as error:
            return f"{type(error).__name__}: {error}"
        return None


def said_in_our_words(provider: str, post: Post) -> list[dict[str, Any]]:
    """What the relay makes of a post: the envelopes of its events."""
    found = ProviderUnderTest(provider).events(post.body, headers=post.headers, verified_by=UNVERIFIED)
    return [dict(event.envelope) for event in found]
