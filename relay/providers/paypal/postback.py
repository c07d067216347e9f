"""The other proof: PayPal itself is asked whether a webhook is its own.

https://developer.paypal.com/docs/api/webhooks/v1/#verify-webhook-signature_post
It costs a call for each webhook, needs the app's client id and secret, and fails while PayPal is away.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from relay.formats import charsets, jsontext
from relay.providers.paypal.certificates import LIVE, SANDBOX
from relay.sdk.errors import Unreachable, Unreadable, VerificationError, VerificationUnavailable
from relay.sdk.network import Answer, fetch, private_hosts
from relay.sdk.oauth import FORM, Client, Token, TokenCache

# From an address, headers and a body to the answer. Raises `Unreachable`.
Post = Callable[[str, Mapping[str, str], bytes], Answer]

BASES = {LIVE: "https://api-m.paypal.com", SANDBOX: "https://api-m.sandbox.paypal.com"}
TOKEN_PATH = "/v1/oauth2/token"
_TIMEOUT = 10.0


def api_address(settings: Mapping[str, Any]) -> str:
    """Where PayPal's API is for a source with these settings."""
    return str(settings.get("api_base") or BASES[settings.get("mode") or LIVE]).rstrip("/")


def post(url: str, headers: Mapping[str, str], body: bytes) -> Answer:
    """Through the one door, which leads to private hosts only where the operator lists them."""
    return fetch("POST", url, body=body, headers=headers, timeout=_TIMEOUT, allow_private=private_hosts())


@dataclass(frozen=True, slots=True)
class App(Client):
    """A PayPal app, which may ask in its own name."""

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "App":
        """The app that a source's settings name."""
        client_id, client_secret = settings.get("client_id"), settings.get("client_secret")
        if not client_id or not client_secret:
            raise VerificationError(
                "To ask PayPal, this source needs the client_id and client_secret of the PayPal app. "
                "Set both, or set verify_with=certificate.",
                code="no_client_credentials",
            )
        return cls(api_address(settings), str(client_id), str(client_secret))


def question(fields: Mapping[str, str], body: bytes) -> bytes:
    """The request, with the event in it byte for byte: numbers and escapes written anew would not verify.

    The body is refused unless it is one JSON object: `{},"webhook_id":"…"` would ask about another webhook.
    """
    if not isinstance(jsontext.read(body), dict):
        raise Unreadable("The body must be a JSON object.")
    return jsontext.dumps(fields)[:-1] + b',"webhook_event":' + charsets.text(body).encode() + b"}"


@dataclass(frozen=True, slots=True)
class Postback:
    """Asks PayPal. `post` takes the place of the network."""

    post: Post = post
    tokens: TokenCache = field(default_factory=TokenCache, repr=False, compare=False)

    def verify(self, app: App, fields: Mapping[str, str], body: bytes, now: float) -> None:
        """Return when PayPal says SUCCESS. Raises `VerificationError`, or `Unreadable` before it asks."""
        asked = question(fields, body)
        token = self._token(app, now)
        answer = self._ask(app, asked, token)
        if answer.status == 401:
            # A token may end before its time: https://developer.paypal.com/api/rest/authentication/
            self.tokens.drop(app.key, token)
            answer = self._ask(app, asked, self._token(app, now))
        if answer.status == 400:
            raise VerificationError(
                f"PayPal does not take the headers of this webhook, or the webhook_id: {_trouble(answer)}.",
                code="malformed_header",
            )
        status = _json(answer).get("verification_status") if answer.status == 200 else None
        if status == "FAILURE":
            raise VerificationError(
                "PayPal says that this webhook is not its own: the body was changed on the way, or it was "
                "sent for another webhook than the one whose ID is kept for this source.",
                code="signature_mismatch",
            )
        if status != "SUCCESS":
            raise VerificationUnavailable(f"PayPal did not say whether this webhook is its own: {_trouble(answer)}.")

    def _ask(self, app: App, asked: bytes, token: str) -> Answer:
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        return self._send(f"{app.base}/v1/notifications/verify-webhook-signature", headers, asked)

    def _token(self, app: App, now: float) -> str:
        kept = self.tokens.get(app.key, now)
        if kept is not None:
            return kept
        answer = self._send(app.base + TOKEN_PATH, app.headers, FORM)
        token = Token.of(_json(answer), now)
        if answer.status != 200 or token is None:
            raise VerificationUnavailable(
                f"PayPal gave no access token: {_trouble(answer)}. "
                "Check client_id, client_secret and mode of this source."
            )
        self.tokens.put(app.key, token)
        return token.value

    def _send(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        try:
            return self.post(url, headers, body)
        except Unreachable as error:
            raise VerificationUnavailable(f"PayPal could not be asked: {error.message}") from None


def _json(answer: Answer) -> dict[str, Any]:
    try:
        read = jsontext.read(answer.body)
    except Unreadable:
        return {}
    return read if isinstance(read, dict) else {}


def _trouble(answer: Answer) -> str:
    """PayPal's own name of what went wrong, and the id by which its support finds the call."""
    said = _json(answer)
    name = said.get("name") or said.get("error") or "no reason given"
    debug_id = said.get("debug_id") or answer.headers.get("paypal-debug-id")
    return f"{answer.status}, {str(name)[:80]}" + (f", debug id {str(debug_id)[:40]}" if debug_id else "")
