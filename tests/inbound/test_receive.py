"""The first stage: where the database makes it wait, and what is taken in without waiting."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from queue import SimpleQueue

import pytest
from sqlalchemy import Connection

from kit.waiting import PATIENCE_SECONDS
from kit.workbench import Workbench, sqlite_url
from relay.errors import NotFound, StorageUnavailable
from relay.inbound import receive
from relay.inbound.receive import Accepted, Receiver
from relay.model import Inbound, Source, now_ms
from relay.providers import get
from relay.security.verification import Credentials
from relay.storage import inbound, sources
from relay.storage.inbound import NewInbound


def test_a_sender_is_answered_in_time_and_its_repeat_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receive, "STORED_WITHIN_SECONDS", 0.1)
    scheme = get("standard").verification
    with Workbench(sqlite_url(tmp_path)) as bench:
        source = bench.source()
        receiver = Receiver(bench.database, bench.vault, lambda: None)
        said = Inbound(b'{"type": "case.happened", "data": {}}', {"content-type": "application/json"})
        webhook = scheme.sign(said, Credentials((source.secrets[0].value,), {}), time.time())

        with bench.database.write(), pytest.raises(StorageUnavailable) as refused:
            receiver.accept(source, webhook)
        monkeypatch.setattr(receiver._batcher, "_patience", 60)
        again = receiver.accept(source, webhook)
        receiver.close()

    assert (refused.value.status, refused.value.message) == (
        503,
        "The database does not answer. Send the webhook again.",
    )
    assert again.repeat


@pytest.fixture
def receiver(workbench: Workbench) -> Iterator[Receiver]:
    made = Receiver(workbench.database, workbench.vault, lambda: None)
    yield made
    made.close()


@pytest.fixture
def workbench(tmp_path: Path) -> Iterator[Workbench]:
    with Workbench(sqlite_url(tmp_path)) as made:
        yield made


def signed(source: Source, number: int = 0) -> Inbound:
    """A webhook of a source that signs as Standard Webhooks do."""
    said = Inbound(b'{"type": "case.happened", "data": {"number": %d}}' % number, {"content-type": "application/json"})
    return get("standard").verification.sign(said, Credentials((source.secrets[0].value,), {}), time.time())


def stored(receiver: Receiver, sealed: Sequence[NewInbound]) -> list[Accepted] | Exception:
    told: SimpleQueue[list[Accepted] | Exception] = SimpleQueue()
    receiver.store(sealed, told.put)
    return told.get(timeout=PATIENCE_SECONDS)


def test_many_are_stored_in_one_transaction_and_each_is_told_its_own(
    workbench: Workbench, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = workbench.source()
    transactions: list[int] = []
    store = inbound.store

    def counted(connection: Connection, new: Sequence[NewInbound]) -> dict[str, str]:
        transactions.append(len(new))
        return store(connection, new)

    monkeypatch.setattr(inbound, "store", counted)
    known = receiver.accept(source, repeated := signed(source))

    sealed = [receiver.prove_and_seal(source, each) for each in (signed(source, 1), repeated, signed(source, 2))]
    came = stored(receiver, sealed)

    assert transactions == [1, 3]
    assert came == [Accepted(sealed[0].id, False), Accepted(known.id, True), Accepted(sealed[2].id, False)]


def test_why_none_was_stored_is_told(workbench: Workbench, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    source = workbench.source()
    sealed = [receiver.prove_and_seal(source, signed(source))]
    monkeypatch.setattr(inbound, "store", lambda *_: 1 / 0)

    assert isinstance(stored(receiver, sealed), ZeroDivisionError)


def test_a_source_is_at_hand_once_one_of_its_provider_was_taken_and_while_it_was_read_just_now(
    workbench: Workbench, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [time.monotonic()]
    monkeypatch.setattr("relay.inbound.receive.time.monotonic", lambda: clock[0])
    source = workbench.source()

    def at_hand() -> bool:
        return receiver.at_hand(source.id) == source

    found = [at_hand()]
    receiver.source(source.id)
    found.append(at_hand())
    receiver.accept(source, signed(source))
    found.append(at_hand())
    clock[0] += 0.6
    found += [at_hand(), at_hand()]
    receiver.source(source.id)
    clock[0] += 0.45
    found.append(at_hand())
    clock[0] += 0.6
    found.append(at_hand())

    # Not known; known, and its provider never used; then at hand; one caller is sent to read it anew; read; too old.
    assert found == [False, False, True, False, True, True, False]


def test_a_source_that_is_gone_is_not_at_hand(workbench: Workbench, receiver: Receiver) -> None:
    source = workbench.source()
    receiver.accept(receiver.source(source.id), signed(source))
    receiver._known[source.id].read_at -= 0.6
    with workbench.database.write() as connection:
        sources.delete(connection, source.workspace_id, source.id, now_ms())

    with pytest.raises(NotFound):
        receiver.source(source.id)

    assert receiver.at_hand(source.id) is None
