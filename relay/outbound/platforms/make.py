"""Make. A hook of its takes 300 requests in 10 seconds, and answers in words of its own: https://help.make.com/webhooks"""

import hashlib
import hmac

from relay.model import Hook
from relay.outbound.platforms import Platform
from relay.outbound.verdicts import GAVE_UP, RETRY, Reply, Verdict

_QUEUE_FULL_SECONDS = 300


def _proof(hook: Hook, event_id: str, stamp: str) -> dict[str, str]:
    """Make shows an app no raw body, so that it could check no signature over one: for it there is a proof over id and
    stamp, keyed with the token.
    """
    return {"x-relay-proof": hmac.digest(hook.token.encode(), f"{event_id}.{stamp}".encode(), hashlib.sha256).hex()}


def _meaning(reply: Reply) -> Verdict | None:
    if reply.status == 400:
        # Of an answer that did not come whole nobody knows what it would have said.
        if b"queue is full" in reply.body.lower() or not reply.whole:
            return Verdict(RETRY, _QUEUE_FULL_SECONDS)
        return Verdict(GAVE_UP, error="HTTP 400: the target refused the event")
    if reply.status == 500:
        # Only a scenario that answers by itself gives 500, and it has run: a repeat would run it twice.
        return Verdict(GAVE_UP, error="HTTP 500: the scenario ran and failed")
    return None


PLATFORM = Platform("make", rate=25.0, headers=_proof, meaning=_meaning)
