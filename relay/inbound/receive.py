"""The first stage: prove the sender, store the webhook once, wake the workers, answer.

Nothing here understands an event. What is answered 2xx is durably committed before the answer leaves.
"""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from threading import Lock

from cachetools import FIFOCache

from relay.errors import NotFound, StorageUnavailable, VerificationError, VerificationUnavailable
from relay.inbound.identity import read, repeat_key
from relay.inbound.normalize import UNVERIFIED
from relay.inbound.stored import pack
from relay.inbound.unproved import Unproved
from relay.logs import Logger
from relay.model import Inbound, Source, new_id, now_ms
from relay.providers import of_source
from relay.sdk.provider import Provider, Reply
from relay.security.vault import Vault
from relay.security.verification import Credentials, credentials_of
from relay.storage import Database, checks, inbound, sources
from relay.storage.batching import Batcher

_ID = re.compile(r"[A-Za-z0-9_]{1,64}")
_SOURCES_KEPT = 1000
_GATHER_SECONDS = 0.003
STORED_WITHIN_SECONDS = 5.0
"""A sender is answered by then, whatever the database waits for."""

_SOURCE_FRESH_SECONDS = 1.0
_SOURCE_RENEWED_SECONDS = _SOURCE_FRESH_SECONDS / 2

log = Logger("receive")


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of a webhook: the id it is kept under, and whether it was known before."""

    id: str
    repeat: bool


@dataclass(slots=True)
class _Known:
    """A source as it was read. `renewing` once somebody was sent to read it anew."""

    source: Source
    read_at: float
    renewing: bool = False


@dataclass(frozen=True, slots=True)
class Begun:
    """When a run of a check began, if it said so, and whether the check has ever succeeded."""

    started_at: datetime | None
    has_succeeded: bool


def is_prompt(provider: Provider) -> bool:
    """Whether what a provider posts is proved without waiting for anybody, and is nothing but webhooks."""
    return not getattr(provider.verification, "blocking", True) and provider.handshake is None


def prove(provider: Provider, source: Source, webhook: Inbound, credentials: Credentials, now: float) -> str:
    """Which proof the sender gave; `unverified` where there is none on a source in monitor mode.

    Raises `VerificationError`; `VerificationUnavailable` also in monitor mode, since asking again may prove it.
    """
    try:
        return provider.verification.verify(webhook, credentials, now)
    except VerificationUnavailable:
        raise
    except VerificationError:
        if source.monitor:
            return UNVERIFIED
        raise


def silent() -> StorageUnavailable:
    """What is said when it is too late. Should it be stored after all, the sender's repeat is known by its key."""
    return StorageUnavailable("The database does not answer. Send the webhook again.")


class Receiver:
    """Takes webhooks in. One for each web process; `wake` is called after every commit and must not block.
    `public_url` is what its sources' addresses begin with, as their owners were told.
    """

    def __init__(self, database: Database, vault: Vault, wake: Callable[[], None], public_url: str = "") -> None:
        self._database = database
        self._vault = vault
        self._wake = wake
        self._public_url = public_url
        self._known: FIFOCache[str, _Known] = FIFOCache(_SOURCES_KEPT)
        self._known_lock = Lock()
        self._prompt: set[str] = set()
        self._unproved = Unproved(database)
        self._batcher: Batcher[inbound.NewInbound, str] = Batcher(
            self._commit, name="accept", gather=_GATHER_SECONDS, patience=STORED_WITHIN_SECONDS
        )

    def source(self, source_id: str) -> Source:
        """The source of this id, as it stood at most a second ago. Raises `NotFound`."""
        now = time.monotonic()
        known = self._of(source_id)
        if known is not None and now - known.read_at < _SOURCE_RENEWED_SECONDS:
            return known.source
        found = None
        if _ID.fullmatch(source_id):
            with self._database.read() as connection:
                found = sources.get(connection, self._vault, source_id)
        if found is None:
            with self._known_lock:
                self._known.pop(source_id, None)
            raise NotFound("There is no source with this address. Compare it with the address that the relay shows.")
        with self._known_lock:
            self._known[source_id] = _Known(found, now)
        return found

    def at_hand(self, source_id: str) -> Source | None:
        """The source, if what it sends can be proved and read without waiting for anybody; this itself never waits.

        None where it was not read within a second, where nothing of its provider was taken yet (what is used first is
        loaded first), and where its provider has more to it. Now and then None to one caller, who is to read it anew.
        """
        known = self._of(source_id)
        if known is None or known.source.provider not in self._prompt:
            return None
        age = time.monotonic() - known.read_at
        if age >= _SOURCE_FRESH_SECONDS:
            return None
        if age >= _SOURCE_RENEWED_SECONDS and not known.renewing:
            known.renewing = True
            return None
        return known.source

    def accept(self, source: Source, webhook: Inbound) -> Accepted:
        """Prove, store, wake. Raises `VerificationError`, `StorageUnavailable`, or `TooManyRequests` where nothing is
        proved until the provider was asked; what is proved is kept, read or not.
        """
        sealed = self.prove_and_seal(source, webhook)
        try:
            kept_as = self._batcher.submit(sealed)
        except TimeoutError:
            raise silent() from None
        if is_prompt(of_source(source.provider)):
            self._prompt.add(source.provider)
        return Accepted(kept_as, repeat=kept_as != sealed.id)

    def prove_and_seal(self, source: Source, webhook: Inbound) -> inbound.NewInbound:
        """The first half of `accept`: nothing is stored yet, and nobody is waited for if the source is `at_hand`.

        Order matters: nothing of a body is looked at before its sender is proved.
        """
        provider = of_source(source.provider)
        now = time.time()
        verified_by = prove(provider, source, webhook, self._credentials(source, now), now)
        if verified_by != UNVERIFIED and provider.verification.covers(verified_by) == "fetched":
            self._unproved.admit(source, verified_by)
        return self._sealed(provider, source, read(provider, replace(webhook, settings=source.settings)), verified_by)

    def store(self, sealed: Sequence[inbound.NewInbound], done: Callable[[list[Accepted] | Exception], None]) -> None:
        """The second half, for many: store them in one transaction, wake, and call `done` in another thread with what
        became of each, or with why none was stored. Waits for nobody."""

        def stored(came: Sequence[str] | Exception) -> None:
            if isinstance(came, TimeoutError):
                done(silent())
            elif isinstance(came, Exception):
                done(came)
            else:
                done([Accepted(kept_as, kept_as != new.id) for kept_as, new in zip(came, sealed, strict=True)])

        self._batcher.hand_over(sealed, stored)

    def greet(self, source: Source, webhook: Inbound) -> Reply | None:
        """The answer to what is no event but a provider's check of this address. Raises `VerificationError`."""
        handshake = of_source(source.provider).handshake
        if handshake is None:
            return None
        return handshake(webhook, self._credentials(source, time.time()))

    def expect(self, source: Source, by: datetime, *, succeeded_at: datetime | None) -> None:
        """The next success of a check has to come by then. Raises `StorageUnavailable`."""
        succeeded = None if succeeded_at is None else int(succeeded_at.timestamp() * 1000)
        with self._database.write() as connection:
            checks.expect(connection, source.id, int(by.timestamp() * 1000), succeeded_at=succeeded)

    def begun(self, source: Source, run: str) -> Begun:
        """What is known of a check when one of its runs ends. Raises `StorageUnavailable`."""
        with self._database.read() as connection:
            check, found = checks.get(connection, source.id), checks.begun(connection, source.id, run, now_ms())
        started = None if found is None else datetime.fromtimestamp(found.started_at / 1000, UTC)
        return Begun(started, has_succeeded=check is not None and check.succeeded_at is not None)

    def begin(self, source: Source, run: str, at: datetime, by: datetime) -> None:
        """A run of a check has begun; it has to succeed by then. Raises `StorageUnavailable`."""
        with self._database.write() as connection:
            checks.begin(connection, source.id, run, int(at.timestamp() * 1000), int(by.timestamp() * 1000))

    def end(self, source: Source, run: str, by: datetime | None, *, succeeded_at: datetime | None) -> None:
        """A run has ended, and the next success has to come by then; None for a run that was not what the check is
        for: it is expected by when it had been. Raises `StorageUnavailable`.
        """
        succeeded = None if succeeded_at is None else int(succeeded_at.timestamp() * 1000)
        with self._database.write() as connection:
            begun = checks.begun(connection, source.id, run, now_ms())
            if by is not None:
                checks.expect(connection, source.id, int(by.timestamp() * 1000), succeeded_at=succeeded)
            elif begun is not None:
                checks.restore(connection, source.id, begun.expected_at)
            checks.end(connection, source.id, run)

    def _sealed(self, provider: Provider, source: Source, webhook: Inbound, verified_by: str) -> inbound.NewInbound:
        own_id = new_id("in")
        return inbound.NewInbound(
            id=own_id,
            workspace_id=source.workspace_id,
            source_id=source.id,
            dedupe_key=repeat_key(provider, webhook),
            verified_by=verified_by,
            received_at=int(webhook.received_at.timestamp() * 1000),
            sealed=self._vault.seal(pack(provider, webhook), own_id),
        )

    def close(self) -> None:
        self._batcher.close()

    def _of(self, source_id: str) -> _Known | None:
        """What is known of a source. Taken in one step, which needs no lock."""
        try:
            return self._known[source_id]
        except KeyError:
            return None

    def _credentials(self, source: Source, now: float) -> Credentials:
        return credentials_of(source, self._public_url, now)

    def _commit(self, webhooks: Sequence[inbound.NewInbound]) -> list[str]:
        with self._database.write() as connection:
            kept: Mapping[str, str] = inbound.store(connection, webhooks)
        self._wake()
        log.info(
            "accepted",
            count=len(webhooks),
            repeats=sum(kept[each.id] != each.id for each in webhooks),
            webhooks=tuple({"inbound": kept[each.id], "source": each.source_id} for each in webhooks),
        )
        return [kept[each.id] for each in webhooks]
