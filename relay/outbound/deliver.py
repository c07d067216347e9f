"""The last stage: what is sent, how it is signed, and what an answer means. Pure."""

import base64
import hashlib
import hmac
from random import SystemRandom

from relay.errors import Loop
from relay.formats.retry_after import retry_after
from relay.model import Hook
from relay.outbound import platforms
from relay.outbound.verdicts import DELIVERED, GAVE_UP, GONE, RETRY, Reply, Verdict
from relay.queue.retries import Circuit, planned
from relay.security.verification import base64_key, live_secrets

RETRY_AFTER_SECONDS = (5, 30, 300, 1800, 7200, 18_000, 36_000, 36_000)
"""The wait before each retry. With the first try that is nine attempts over about 28 hours."""

GIVE_UP_AFTER_SECONDS = 72 * 3600
"""An event this old is given up even if a closed circuit left it attempts."""

CIRCUIT = Circuit(pauses=(5, 15, 60, 300))
"""Of each hook."""

_chance = SystemRandom()


def rate_of(hook: Hook) -> float | None:
    """Requests per second that the hook may get; None is no limit."""
    return hook.rate_limit or platforms.of(hook).rate


def headers_for(hook: Hook, event_id: str, body: bytes, now: float) -> dict[str, str]:
    """The headers of one attempt: Standard Webhooks, signed with every live secret, the hook's own token, and what its
    platform needs besides."""
    stamp = str(int(now))
    text = b".".join((event_id.encode(), stamp.encode(), body))
    signatures = " ".join(
        "v1," + base64.b64encode(hmac.digest(base64_key(secret), text, hashlib.sha256)).decode()
        for secret in live_secrets(hook.secrets, now)
    )
    return {
        "content-type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": stamp,
        "webhook-signature": signatures,
        "x-relay-token": hook.token,
        **platforms.of(hook).headers(hook, event_id, stamp),
    }


def judge(hook: Hook, reply: Reply, *, attempt: int, age: float, now: float, spread: float | None = None) -> Verdict:
    """What a reply means for its delivery.

    `attempt` counts from 1, `age` is the delivery's in seconds, `spread` (0 to 1) replaces chance in tests. A
    2xx is done, whatever else came with it; a 410 ends the hook; what another relay refused as a circle is given up.
    What the hook's platform says in its own way, it judges; everything else is tried again.
    """
    if reply.status is not None and 200 <= reply.status < 300:
        return Verdict(DELIVERED)
    error = reply.error or f"HTTP {reply.status}"
    if reply.status == 410:
        return Verdict(GONE, error="HTTP 410: the target is gone")
    if reply.status == Loop.status and f'"{Loop.code}"'.encode() in reply.body:
        return Verdict(GAVE_UP, error=f"HTTP {reply.status}: the event loops between relays")
    wait = _wait(attempt, reply, now, _chance.random() if spread is None else spread)
    special = platforms.of(hook).meaning(reply)
    if special is not None and special.outcome != RETRY:
        return special
    if special is not None and wait is not None:
        wait = max(wait, special.wait)
    if wait is None or age + wait > GIVE_UP_AFTER_SECONDS:
        return Verdict(GAVE_UP, error=error)
    return Verdict(RETRY, wait, error)


def _wait(attempt: int, reply: Reply, now: float, spread: float) -> float | None:
    pause = planned(RETRY_AFTER_SECONDS, attempt - 1)
    return None if pause is None else max(pause * (0.9 + 0.2 * spread), retry_after(reply.headers, now) or 0.0)
