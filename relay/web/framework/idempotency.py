"""A POST with an `Idempotency-Key` is done once, however often one API key sends it within 30 days.

Another API key that sends the same has it done for itself: the first answer may show a secret.
"""

import hashlib
from collections.abc import Callable
from dataclasses import replace

from relay.areas.resources import Answer
from relay.errors import Conflict, RelayError, StorageUnavailable
from relay.logs import Logger
from relay.model import now_ms
from relay.security.vault import Vault
from relay.storage import Database, idempotency

log = Logger("api")


class StillWorking(Conflict):
    code = "still_working"
    retry_after = 1


def once(
    database: Database,
    vault: Vault,
    workspace_id: str,
    api_key_id: str,
    key: str,
    request: bytes,
    work: Callable[[], Answer],
) -> Answer:
    """The answer of `work`, or the one that the first call with this key got.

    Only what was done is remembered: a call that failed frees its key. Raises `Conflict` when the key was
    used for another request, or when the first call is still at work.
    """
    request_hash = hashlib.sha256(request).hexdigest()
    with database.write() as connection:
        if not idempotency.begin(connection, workspace_id, api_key_id, key, request_hash, now_ms()):
            return _remembered(idempotency.get(connection, vault, workspace_id, api_key_id, key), request_hash)
    try:
        answer = work()
    except BaseException:
        _forget(database, workspace_id, api_key_id, key)
        raise
    body = answer.body()
    try:
        with database.write() as connection:
            idempotency.complete(connection, vault, workspace_id, api_key_id, key, answer.status, body)
    except StorageUnavailable as error:
        # It is done, so it is answered; a repeat finds the key taken and is refused, not done again.
        log.warning("answer_not_remembered", reason=error.message)
    return replace(answer, raw=body)


def _remembered(known: idempotency.Remembered | None, request_hash: str) -> Answer:
    if known is not None and known.request_hash != request_hash:
        raise Conflict(
            "This Idempotency-Key was used for another request. Use a new key for a new request.",
            code="idempotency_key_reused",
        )
    if known is None or known.status_code is None:
        raise StillWorking("The first request with this Idempotency-Key is still running. Try again soon.")
    return Answer(raw=known.body, status=known.status_code, headers={"Idempotency-Replayed": "true"})


def _forget(database: Database, workspace_id: str, api_key_id: str, key: str) -> None:
    try:
        with database.write() as connection:
            idempotency.forget(connection, workspace_id, api_key_id, key)
    except RelayError as error:
        log.warning("idempotency_key_not_freed", reason=error.message)
