"""An adapter's way to its vendor: one HTTP API, read from (`read`) or changed (`change`).

The two are apart because everything hangs on it: a read may be repeated, a change whose answer was lost may have been
made. A dry run reads, and notes what it would change.
"""

import base64
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict, Unpack
from urllib.parse import parse_qsl, urlencode, urlsplit

from relay.errors import AddressRefused, RelayError, Unreachable, Unreadable
from relay.formats import charsets, jsontext
from relay.formats.retry_after import retry_after
from relay.http import Answer, fetch
from relay.sdk.lease import Lease
from relay.sdk.outcomes import Declined, Failed, NotReached, Uncertain
from relay.security.addresses import climbs
from relay.security.redaction import REMOVED, is_secret_name, without_secrets

SECONDS = 20.0
SLOW_SECONDS = 50.0
"""For what a panel takes its time for, such as a certificate; below the lease of whoever waits for it."""

MAX_BYTES = 2 * 1024 * 1024
_HIDDEN_HEADERS = ("authorization", "cookie", "x-api-key")

Headers = Mapping[str, str]
Fields = Mapping[str, Any]
Fetch = Callable[..., Answer]


class ReadOptions(TypedDict, total=False):
    """What a request may have besides method and path. `json` or `form` is its body; None in a form is left out."""

    query: Fields | None
    headers: Headers | None
    json: Any
    form: Fields | None


class ChangeOptions(ReadOptions, total=False):
    """What one that changes something may have as well: a `body` that is written already, and how long it may take."""

    body: bytes | None
    seconds: float


def basic(user: str, password: str) -> dict[str, str]:
    """The header of HTTP's Basic scheme."""
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


@dataclass(frozen=True, slots=True)
class Reply:
    """What a vendor answered. `changes` when it answers something that was told.

    `whole` unless there was more of the body: a status says what became of a change even where its words are lost.
    """

    status: int
    headers: Headers
    body: bytes = field(repr=False)
    changes: bool
    pretended: "Pretended | None" = None
    whole: bool = True

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    def json(self) -> Any:
        """The answer read. One that cannot be read says nothing, so after a change the outcome is not known."""
        if self.pretended is not None:
            return self.pretended
        if not self.body and self.status == 204:
            return {}
        try:
            self._expect_all()
            return _read(self)
        except Unreadable:
            raise self.not_understood("is no JSON") from None

    def not_understood(self, what: str) -> RelayError:
        """Returns what to raise where the answer is not in the documented form; `what` says how it is not."""
        text = f"The answer ({self.status}) {what}: expected what the API's documentation shows."
        if not self.ok:
            return Failed(text, code="refused")
        return Uncertain(text, code="unreadable_answer") if self.changes else NotReached(text, code="unreadable_answer")

    def text(self) -> str:
        """The answer as text, without space around it; as with `json`, one that broke off says nothing."""
        self._expect_all()
        return self.body.decode(errors="replace").strip()

    def _expect_all(self) -> None:
        if self.whole or not self.ok:
            return
        if self.changes:
            raise Uncertain("The answer is incomplete. The action may have been carried out.", code="broken_answer")
        raise NotReached("The answer is too long.", code="broken_answer")

    def object(self) -> dict[str, Any]:
        """The answer as an object; empty where it is none."""
        found = self.json()
        return found if isinstance(found, dict) else {}

    def expect(self, reason: Callable[[Any], str | None]) -> "Reply":
        """Itself if it is a success. Else raises what the status means, with the vendor's reason from the body."""
        if self.ok:
            return self
        said = _said(self, reason)
        words = f": {said}" if said else "."
        match self.status:
            case 401:
                text = f"The credentials were refused{words} Check the source's settings."
                raise Failed(text, code="credentials_refused")
            case 402:
                raise Declined(f"The payment was declined{words}")
            case 403:
                raise Failed(f"The credentials lack a permission for this{words}", code="not_permitted")
            case 404 | 410:
                raise Failed(f"The provider has no such object{words}", code="no_such_thing")
            case 409:
                raise Failed(f"The object's state does not allow this{words}", code="wrong_state")
        raise Failed(f"The provider refused the request with status {self.status}{words}")


class Pretended(dict[str, Any]):
    """The answer that a dry run goes on with: whatever is read of it says where it would have come from."""

    def __init__(self, step: int) -> None:
        super().__init__()
        self._step = step

    def __missing__(self, name: str) -> str:
        return f"({name} of step {self._step})"

    def get(self, name: str, default: Any = None) -> Any:
        return self[name]


class Vendor:
    """One API at a base address.

    The `lease` is told of each request that changes something, before it is sent.
    `dry` notes what would be told in `told` and sends nothing.
    """

    def __init__(
        self,
        base: str,
        *,
        fetch: Fetch = fetch,
        allow_private: frozenset[str] = frozenset(),
        lease: Lease | None = None,
        dry: bool = False,
    ) -> None:
        self.base = base.rstrip("/")
        self.dry = dry
        self.told: list[dict[str, Any]] = []
        self._fetch = fetch
        self._allow_private = allow_private
        self._lease = lease or Lease()

    def read(self, path: str, *, method: str = "GET", **options: Unpack[ReadOptions]) -> Reply:
        """Read something. Raises `NotReached` when there is no answer, or a server's failure instead of one."""
        reply = self._send(method, path, options, changes=False)
        if reply.status >= 500:
            raise NotReached(
                f"{self._host} is failing (status {reply.status}).",
                after=_after(reply),
            )
        return reply

    def change(self, method: str, path: str, **options: Unpack[ChangeOptions]) -> Reply:
        """Change something. Raises `NotReached` if it surely was not taken, `Uncertain` if it may have been.

        A refusal is an answer: see `Reply.expect`.
        """
        if self.dry:
            return self._note(method, path, options)
        self._lease.before_change()
        try:
            body, seconds = options.get("body"), options.get("seconds", SECONDS)
            reply = self._send(method, path, options, changes=True, body=body, seconds=seconds)
        except NotReached:
            self._lease.not_taken()
            raise
        if reply.status >= 500:
            raise Uncertain(
                f"{self._host} failed (status {reply.status}) without saying whether the action was carried out."
            )
        return reply

    @property
    def _host(self) -> str:
        return urlsplit(self.base).hostname or "The vendor"

    def _send(
        self,
        method: str,
        path: str,
        options: ReadOptions,
        *,
        changes: bool,
        body: bytes | None = None,
        seconds: float = SECONDS,
    ) -> Reply:
        content, kind = _content(options, body)
        try:
            answer = self._fetch(
                method,
                self._address(path, options.get("query")),
                body=content,
                headers={"accept": "application/json", **kind, **(options.get("headers") or {})},
                timeout=seconds,
                max_bytes=MAX_BYTES,
                # What was asked can be asked again; of what was told the status alone is worth knowing.
                body_timeout=seconds if changes else None,
                allow_private=self._allow_private,
            )
        except AddressRefused as error:
            raise Failed(f"The source's address cannot be used. {error.message}", code=error.code) from None
        except Unreachable as error:
            if changes and error.sent:
                raise Uncertain(f"{error.message} The action may have been carried out.", code=error.code) from None
            raise NotReached(error.message, code=error.code) from None
        reply = Reply(answer.status, answer.headers, answer.body, changes, whole=answer.whole)
        if reply.status == 429:
            raise NotReached(
                f"{self._host} has reached its rate limit.",
                after=_after(reply),
                code="too_many_requests",
            )
        return reply

    def _address(self, path: str, query: Fields | None) -> str:
        if climbs(path):
            raise Failed("The id is a path segment such as `..`. Give the id that the provider shows.")
        address = path if path.startswith(("https://", "http://")) else self.base + path
        return f"{address}?{urlencode(_flat(query), doseq=True)}" if query else address

    def _note(self, method: str, path: str, options: ChangeOptions) -> Reply:
        query, headers, body = options.get("query"), options.get("headers"), options.get("body")
        noted: dict[str, Any] = {"method": method, "url": self._address(path, _shown(query) if query else None)}
        if headers:
            noted["headers"] = {
                name: REMOVED if name.lower() in _HIDDEN_HEADERS or is_secret_name(name) else value
                for name, value in headers.items()
            }
        content = options["json"] if options.get("json") is not None else options.get("form")
        if content is None and body:
            content = dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
        if content is not None:
            noted["body"] = _shown(content)
        self.told.append(noted)
        return Reply(200, {}, b"", True, Pretended(len(self.told)))


def _content(options: ReadOptions, body: bytes | None) -> tuple[bytes, dict[str, str]]:
    if options.get("json") is not None:
        return jsontext.dumps(options["json"]), {"content-type": "application/json"}
    form = options.get("form")
    if form is not None:
        return urlencode(_flat(form), doseq=True).encode(), {"content-type": "application/x-www-form-urlencoded"}
    return body or b"", {}


def _flat(fields: Fields) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _shown(content: Any) -> Any:
    return without_secrets(content, frozenset())[0]


def _said(reply: Reply, reason: Callable[[Any], str | None]) -> str | None:
    try:
        return reason(_read(reply))
    except Exception:  # noqa: BLE001  a vendor's error page may be anything
        return None


def _read(reply: Reply) -> Any:
    return jsontext.read(reply.body, charsets.named(reply.headers.get("content-type", "")))


def _after(reply: Reply) -> float | None:
    return retry_after(reply.headers, time.time())
